//! Makes a [`Column`] of the cells of a file, and finds out on the way whether they are numbers or categories.
//!
//! The first cell that is not missing decides how cells are kept; one of the other kind further down is remembered and
//! makes the column an error in the end, when it is known which of the two kinds is the exception.

use super::cells::{self, Cell, MISSING_SPELLINGS};
use super::column::{Cells, Column, Kind};
use super::dictionary::Dictionary;
use super::table::Row;
use losslab_base::{DataError, Place, counted};

/// Most levels of a column of categories: each becomes an input of the network, and names or dates would become
/// thousands.
pub(super) const MOST_LEVELS: usize = 100;

/// A column in the making.
pub(super) struct ColumnBuilder {
    name: String,
    /// Where it stands in the file.
    column: usize,
    rule: Rule,
    cells: Building,
    rows: u32,
    numbers: Sightings,
    others: Sightings,
}

/// What the cells may be.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// All numbers or all categories, of at most [`MOST_LEVELS`].
    Either,
    /// Categories even if they look like numbers, of at most [`MOST_LEVELS`].
    AskedCategory,
    /// As in the set that this one follows.
    Known(Kind),
}

enum Building {
    /// So far every cell was missing.
    Undecided,
    Numbers {
        values: Vec<f32>,
        missing: Vec<u32>,
    },
    Categories {
        codes: Vec<Option<u32>>,
        levels: Dictionary,
    },
}

/// How many cells of a kind were met, and the error that the first of them would be.
#[derive(Default)]
struct Sightings {
    count: usize,
    first: Option<(Place, String, String)>,
}

impl Sightings {
    fn add(&mut self, row: &Row<'_>, column: usize, expected: &str) {
        self.count += 1;
        if self.first.is_none() {
            let (place, found) = row.cell_in_words(column);
            self.first = Some((place, found, expected.to_string()));
        }
    }
}

impl ColumnBuilder {
    /// For column number `column` of a file whose columns speak for themselves.
    pub(super) fn new(name: &str, column: usize, asked_category: bool) -> Self {
        Self::with(name, column, if asked_category { Rule::AskedCategory } else { Rule::Either })
    }

    /// For a column that is of a known kind, with as many levels as it likes.
    pub(super) fn known(name: &str, column: usize, kind: Kind) -> Self {
        Self::with(name, column, Rule::Known(kind))
    }

    fn with(name: &str, column: usize, rule: Rule) -> Self {
        let cells = match rule {
            Rule::Known(Kind::Number) => Building::Numbers { values: Vec::new(), missing: Vec::new() },
            Rule::Known(Kind::Category) | Rule::AskedCategory => {
                Building::Categories { codes: Vec::new(), levels: Dictionary::default() }
            }
            Rule::Either => Building::Undecided,
        };
        let (numbers, others) = (Sightings::default(), Sightings::default());
        Self { name: name.into(), column, rule, cells, rows: 0, numbers, others }
    }

    /// The column's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the cell of the next row.
    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        let text = row.cell(self.column);
        let cell = cells::read(text);
        if matches!(self.cells, Building::Undecided) {
            self.decide(cell);
        }
        match &mut self.cells {
            Building::Undecided => {}
            Building::Numbers { values, missing } => match cell {
                Cell::Number(x) => {
                    values.push(x);
                    self.numbers.add(row, self.column, "a text");
                }
                Cell::Missing => {
                    values.push(0.0);
                    missing.push(self.rows);
                }
                Cell::NotFinite(expected) => return Err(row.error(self.column, expected)),
                Cell::Text(expected) if self.rule == Rule::Either => {
                    values.push(0.0);
                    self.others.add(row, self.column, expected);
                }
                Cell::Text(expected) => return Err(row.error(self.column, expected)),
            },
            Building::Categories { codes, levels } => {
                if cell == Cell::Missing {
                    codes.push(None);
                } else if text.contains(&b'\n') || text.contains(&b'\r') {
                    let expected = "a category on one line (is a quote left open?)";
                    return Err(row.error(self.column, expected));
                } else if matches!(cell, Cell::Number(_)) && self.rule == Rule::Either {
                    codes.push(None);
                    self.numbers.add(row, self.column, "a text");
                } else {
                    codes.push(Some(levels.find_or_add(text)));
                    self.others.add(row, self.column, "a number");
                    if levels.names.len() > MOST_LEVELS && !matches!(self.rule, Rule::Known(_)) {
                        return Err(row.error(self.column, too_many_levels(&self.name)));
                    }
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The first cell with a value says how cells are kept.
    fn decide(&mut self, cell: Cell) {
        let rows = self.rows as usize;
        self.cells = match cell {
            Cell::Missing => return,
            Cell::Number(_) | Cell::NotFinite(_) => {
                Building::Numbers { values: vec![0.0; rows], missing: (0..self.rows).collect() }
            }
            Cell::Text(_) => Building::Categories { codes: vec![None; rows], levels: Dictionary::default() },
        };
    }

    /// The column; `None` if no row has a value.
    pub(super) fn finish(self) -> Result<Option<Column>, DataError> {
        if self.rule == Rule::Either {
            self.check_one_kind()?;
        }
        let cells = match self.cells {
            Building::Undecided => return Ok(None),
            Building::Numbers { values, missing } => Cells::Numbers { values, missing },
            Building::Categories { codes, levels } => Cells::Categories { codes, levels: levels.names },
        };
        Ok(Some(Column { name: self.name, cells }))
    }

    /// Refuses a column of numbers and texts, and one whose texts are numbers with a decimal comma.
    fn check_one_kind(&self) -> Result<(), DataError> {
        let Self { name, numbers, others, .. } = self;
        if let Building::Categories { levels, .. } = &self.cells
            && levels.names.iter().all(|level| cells::is_decimal_comma(level))
            && let Some((place, found, _)) = &others.first
        {
            return Err(place.clone().error(found, "a number with a decimal point"));
        }
        let (Some(number), Some(other)) = (&numbers.first, &others.first) else {
            return Ok(());
        };
        let advice = format!(
            "(--categorical {name} makes it categories, --drop {name} leaves it out; missing values are \
             {MISSING_SPELLINGS})"
        );
        // Of the two kinds the rarer is the exception.
        let (exception, rest) =
            if numbers.count < others.count { (number, others.count) } else { (other, numbers.count) };
        let (place, found, expected) = exception.clone();
        let rest = counted(rest, "other cell");
        Err(place.error(found, format!("{expected} as in {rest} of this column {advice}")))
    }
}

fn too_many_levels(name: &str) -> String {
    format!("at most {MOST_LEVELS} different categories in a column (--drop {name} leaves it out)")
}
