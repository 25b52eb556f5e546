//! One feature column as the file has it: numbers or categories, with its gaps. What a model sees of it is
//! decided later, from the training part alone ([`super::Encoder`]).

/// A feature column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header.
    pub name: String,
    /// One cell per row.
    pub cells: Cells,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Finite numbers, of a size that f32 has.
    Numbers {
        /// One per row; 0 in the rows that are missing.
        values: Vec<f64>,
        /// Rows without a value, ascending.
        missing: Vec<u32>,
    },
    /// Texts out of a small set.
    Categories {
        /// An index into `levels` per row, `None` where the value is missing.
        codes: Vec<Option<u32>>,
        /// The different texts, in order of appearance.
        levels: Vec<String>,
    },
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Categories.
    Category,
}

impl Column {
    /// A column of numbers without gaps, finite and of a size that f32 has.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Column {
        Column { name: name.into(), cells: Cells::Numbers { values, missing: Vec::new() } }
    }

    /// Whether it holds numbers or categories.
    pub fn kind(&self) -> Kind {
        match self.cells {
            Cells::Numbers { .. } => Kind::Number,
            Cells::Categories { .. } => Kind::Category,
        }
    }

    /// The most inputs of a network that it becomes.
    pub fn most_inputs(&self) -> usize {
        match &self.cells {
            Cells::Numbers { .. } => 1,
            Cells::Categories { levels, .. } => levels.len() + 1,
        }
    }

    /// How many of these rows have no value.
    pub fn missing_among(&self, rows: &[u32]) -> usize {
        match &self.cells {
            Cells::Numbers { missing, .. } if missing.is_empty() => 0,
            Cells::Numbers { missing, .. } => {
                rows.iter().filter(|row| missing.binary_search(row).is_ok()).count()
            }
            Cells::Categories { codes, .. } => {
                rows.iter().filter(|&&row| codes[row as usize].is_none()).count()
            }
        }
    }

    /// How many rows have no value.
    pub fn missing(&self) -> usize {
        match &self.cells {
            Cells::Numbers { missing, .. } => missing.len(),
            Cells::Categories { codes, .. } => codes.iter().filter(|code| code.is_none()).count(),
        }
    }
}
