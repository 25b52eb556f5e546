//! Makes a [`Column`] of the cells of a file, and finds out on the way whether they are numbers or
//! categories.
//!
//! The first number or text decides how cells are kept; one of the other kind further down is remembered and
//! makes the column an error in the end, when it is known which of the two kinds is the exception. An
//! infinity is a text among texts and a fault among numbers, so that it waits for the end, too: what a column
//! is does not depend on the order of its rows.

use super::cells::{self, Cell, MISSING_SPELLINGS};
use super::column::{Cells, Column, Kind};
use super::dictionary::Dictionary;
use super::table::Row;
use losslab_base::{DataError, Place, counted, quoted};

/// Most levels of a column of categories: each becomes an input of the network, and names or dates would
/// become thousands.
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
    texts: Sightings,
    not_finite: Sightings,
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
    Numbers {
        values: Vec<f64>,
        missing: Vec<u32>,
    },
    /// As every column begins of which nothing is known.
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
            _ => Building::Categories { codes: Vec::new(), levels: Dictionary::default() },
        };
        let [numbers, texts, not_finite] = std::array::from_fn(|_| Sightings::default());
        Self { name: name.into(), column, rule, cells, rows: 0, numbers, texts, not_finite }
    }

    /// The column's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the cell of the next row.
    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), DataError> {
        let cell = cells::read(row.cell(self.column));
        let either = self.rule == Rule::Either;
        if either && matches!(cell, Cell::Number(_)) && self.numbers.count + self.texts.count == 0 {
            self.become_numbers();
        }
        match cell {
            Cell::Number(_) => self.numbers.add(row, self.column, "a text"),
            Cell::Text(_) => self.texts.add(row, self.column, cell.expected()),
            Cell::NotFinite(_) => self.not_finite.add(row, self.column, cell.expected()),
            Cell::Missing => {}
        }
        match &mut self.cells {
            Building::Numbers { values, missing } => {
                if !either && let Cell::NotFinite(expected) | Cell::Text(expected) = cell {
                    return Err(row.error(self.column, expected));
                }
                if cell == Cell::Missing {
                    missing.push(self.rows);
                }
                values.push(if let Cell::Number(x) = cell { x } else { 0.0 });
            }
            Building::Categories { codes, levels } => {
                let is_exception = either && matches!(cell, Cell::Number(_));
                codes.push(match cell {
                    Cell::Missing => None,
                    _ if is_exception => None,
                    _ => Some(level(levels, row, self.column)?),
                });
                if levels.names.len() > MOST_LEVELS && !matches!(self.rule, Rule::Known(_)) {
                    return Err(row.error(self.column, too_many_levels(&self.name)));
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The first number, before any text, makes a column one of numbers; until then its cells were missing or
    /// infinite, which makes it an error in the end.
    fn become_numbers(&mut self) {
        let (values, missing) = (vec![0.0; self.rows as usize], (0..self.rows).collect());
        self.cells = Building::Numbers { values, missing };
    }

    /// The column, `None` if no row has a value, and a line for the user if values were spelt in several
    /// ways.
    pub(super) fn finish(mut self) -> Result<(Option<Column>, Option<String>), DataError> {
        if self.rule == Rule::Either {
            self.check_one_kind()?;
            if self.numbers.count + self.texts.count == 0 {
                return Ok((None, None));
            }
        }
        let note = match &mut self.cells {
            Building::Numbers { .. } => None,
            Building::Categories { levels, .. } => levels.settle_truths(),
        };
        let note = note.map(|said| format!("column {}: {said}", quoted(&self.name)));
        let cells = match self.cells {
            Building::Numbers { values, missing } => Cells::Numbers { values, missing },
            Building::Categories { codes, levels } => Cells::Categories { codes, levels: levels.names },
        };
        Ok((Some(Column { name: self.name, cells }), note))
    }

    /// Refuses a column of numbers and texts, one of numbers with an infinity, and one whose texts are
    /// numbers with a decimal comma.
    fn check_one_kind(&self) -> Result<(), DataError> {
        let Self { name, numbers, texts, not_finite, .. } = self;
        if texts.count == 0
            && let Some((place, found, expected)) = &not_finite.first
        {
            return Err(place.clone().error(found, expected));
        }
        if let Building::Categories { levels, .. } = &self.cells
            && levels.names.iter().all(|level| cells::is_decimal_comma(level))
            && let Some((place, found, _)) = &texts.first
        {
            return Err(place.clone().error(found, "a number with a decimal point"));
        }
        let (Some(number), Some(text)) = (&numbers.first, &texts.first) else {
            return Ok(());
        };
        let advice = format!(
            "(--categorical {name} makes it categories, --drop {name} leaves it out; missing values are \
             {MISSING_SPELLINGS})"
        );
        // Of the two kinds the rarer is the exception.
        let (exception, rest) =
            if numbers.count < texts.count { (number, texts.count) } else { (text, numbers.count) };
        let (place, found, expected) = exception.clone();
        let rest = counted(rest, "other cell");
        Err(place.error(found, format!("{expected} as in {rest} of this column {advice}")))
    }
}

/// The number of the level in a cell.
fn level(levels: &mut Dictionary, row: &Row<'_>, column: usize) -> Result<u32, DataError> {
    let text = row.cell(column);
    if text.contains(&b'\n') || text.contains(&b'\r') {
        return Err(row.error(column, "a category on one line (is a quote left open?)"));
    }
    Ok(levels.find_or_add(text))
}

fn too_many_levels(name: &str) -> String {
    format!("at most {MOST_LEVELS} different categories in a column (--drop {name} leaves it out)")
}
