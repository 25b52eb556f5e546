//! From the columns of a data set to the inputs of a network, by what the training rows say and nothing else.
//!
//! | column | gaps | input |
//! |---|---|---|
//! | numbers | the median of the training rows: robust where a mean follows a few large values | standardised in f64 |
//! | categories | a level of its own: that a value is missing often says something | one 0/1 input per level |
//! | pixels of IDX files | there are none | value / 255 |
//! | pixels of image files | there are none | each channel standardised over all pixels of the training images |
//!
//! Only levels of the training rows have an input, in order (numbers by value, then texts). One that is met
//! later is 0 in all of them, and so is a gap in a column that had none in training. Levels are not
//! standardised: a level of one row in a thousand would weigh 32 times as much as a common one. This is
//! scikit-learn's `SimpleImputer(strategy="median")`, `StandardScaler` and
//! `OneHotEncoder(handle_unknown="ignore")`.
//!
//! A pixel is never standardised by itself: a corner pixel that is lit in one image of 60 000 would become
//! 245 there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::column::{Cells, Column, Kind};
use super::dataset::{Dataset, Features};
use super::dictionary::{Dictionary, natural_order};
use super::matrix::Matrix;
use super::scale::{Scaling, median};

/// A pixel of which nothing but its range is known.
const BYTE: Scaling = Scaling { mean: 0.0, scale: 255.0, constant: false };

/// How the columns of a data set become the inputs of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// One per feature column, in order.
    pub columns: Vec<ColumnEncoder>,
}

/// How a column becomes one or more inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnEncoder {
    /// The column's name.
    pub name: String,
    /// What is done with it.
    pub encoding: Encoding,
}

/// What is done with a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Numbers: gaps filled, then standardised.
    Number {
        /// What fills a gap.
        fill: f64,
        /// Whether values are rounded to f32 before they are standardised: where the rounding is far below
        /// their spread, as it is unless a large offset hides it.
        #[serde(default)]
        rounded: bool,
        /// Mean and divisor.
        scaling: Scaling,
    },
    /// Categories: 1 at the level's place, 0 elsewhere.
    OneHot {
        /// The levels of the training rows.
        levels: Vec<String>,
        /// Whether missing is a level of its own, the last.
        missing: bool,
    },
}

impl Encoder {
    /// Measures the given rows.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn fit(dataset: &Dataset, rows: &[u32]) -> Encoder {
        assert!(!rows.is_empty(), "Encoder::fit: no rows to fit on");
        let columns = match &dataset.features {
            Features::Columns(columns) => columns.iter().map(|c| ColumnEncoder::fit(c, rows)).collect(),
            Features::Pixels(pixels) => ColumnEncoder::pixels(pixels.columns(), &[BYTE]),
            Features::Images(pixels) => {
                let channels = pixels.image().map_or(1, |[_, _, channels]| channels);
                ColumnEncoder::pixels(pixels.columns(), &pixels.channel_scalings(channels, rows))
            }
        };
        Encoder { columns }
    }

    /// Number of inputs of the network.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|column| column.encoding.width()).sum()
    }

    /// What the columns of a file have to be.
    pub fn kinds(&self) -> Vec<(String, Kind)> {
        self.columns.iter().map(|column| (column.name.clone(), column.encoding.kind())).collect()
    }

    /// Names of the columns that were constant in the training rows.
    pub fn constant(&self) -> Vec<&str> {
        let constant =
            |c: &&ColumnEncoder| matches!(&c.encoding, Encoding::Number { scaling, .. } if scaling.constant);
        self.columns.iter().filter(constant).map(|column| column.name.as_str()).collect()
    }

    /// The inputs of all rows, `rows x width`. All numbers are finite.
    ///
    /// # Panics
    /// If the columns of the data set are not those fitted on.
    #[track_caller]
    pub fn transform(&self, dataset: &Dataset) -> Arc<Matrix> {
        let names = dataset.feature_names();
        assert!(
            self.columns.iter().map(|column| &column.name).eq(&names),
            "Encoder::transform: fitted on columns {:?}, given {names:?}",
            self.columns.iter().map(|column| &column.name).collect::<Vec<_>>()
        );
        match &dataset.features {
            Features::Pixels(pixels) => pixels.clone(),
            Features::Images(pixels) => {
                self.transform_pixels(pixels).unwrap_or_else(|| panic!("Encoder::transform: not of pixels"))
            }
            Features::Columns(columns) => self.transform_columns(columns, dataset.rows()),
        }
    }

    /// The inputs of these images, if the encoder is one of so many pixels whose channels are scaled alike.
    pub fn transform_pixels(&self, pixels: &Arc<Matrix>) -> Option<Arc<Matrix>> {
        let channels = pixels.image().map_or(1, |[_, _, channels]| channels);
        let scaling = |column: &ColumnEncoder| match column.encoding {
            Encoding::Number { scaling, .. } => Some(scaling),
            Encoding::OneHot { .. } => None,
        };
        let scalings: Vec<Scaling> =
            self.columns.get(..channels)?.iter().map(scaling).collect::<Option<_>>()?;
        if self.columns != ColumnEncoder::pixels(pixels.columns(), &scalings) {
            return None;
        }
        let is_plain = scalings.iter().all(|scaling| *scaling == BYTE);
        Some(if is_plain { pixels.clone() } else { Arc::new(pixels.scaled(&scalings)) })
    }

    /// The inputs of `rows` rows of a table.
    ///
    /// # Panics
    /// If the columns are not those fitted on, or of other kinds.
    #[track_caller]
    pub fn transform_columns(&self, columns: &[Column], rows: usize) -> Arc<Matrix> {
        assert!(
            self.columns.len() == columns.len(),
            "fitted on {} columns, given {}",
            self.columns.len(),
            columns.len()
        );
        let width = self.width();
        let mut out = vec![0.0; rows * width];
        let mut first = 0;
        for (encoder, column) in self.columns.iter().zip(columns) {
            encoder.write(column, &mut out[first..], width);
            first += encoder.encoding.width();
        }
        Arc::new(Matrix::floats(width, out))
    }
}

impl ColumnEncoder {
    fn fit(column: &Column, rows: &[u32]) -> ColumnEncoder {
        let encoding = match &column.cells {
            Cells::Numbers { values, missing } => fit_numbers(values, missing, rows),
            Cells::Categories { codes, levels } => fit_categories(codes, levels, rows),
        };
        ColumnEncoder { name: column.name.clone(), encoding }
    }

    /// So many pixels, whose channels lie side by side and are scaled like this.
    fn pixels(count: usize, channels: &[Scaling]) -> Vec<ColumnEncoder> {
        let pixel = |(i, &scaling): (usize, &Scaling)| ColumnEncoder {
            name: format!("pixel{i}"),
            encoding: Encoding::Number { fill: 0.0, rounded: false, scaling },
        };
        channels.iter().cycle().take(count).enumerate().map(pixel).collect()
    }

    /// Writes the column's inputs to the front of each of `out`'s rows, which hold `width` numbers and are 0.
    fn write(&self, column: &Column, out: &mut [f32], width: usize) {
        match (&self.encoding, &column.cells) {
            (Encoding::Number { fill, rounded, scaling }, Cells::Numbers { values, missing }) => {
                for (out, &x) in out.chunks_mut(width).zip(values) {
                    out[0] = scaling.apply(if *rounded { to_f32(x) } else { x });
                }
                for &row in missing {
                    out[row as usize * width] = scaling.apply(*fill);
                }
            }
            (Encoding::OneHot { .. }, Cells::Categories { codes, .. }) => {
                let (place_of, missing) = self.places(column);
                for (out, code) in out.chunks_mut(width).zip(codes) {
                    if let Some(place) = code.map_or(missing, |code| place_of[code as usize]) {
                        out[place as usize] = 1.0;
                    }
                }
            }
            _ => panic!("Encoder::transform: column {:?} is no longer of its kind", self.name),
        }
    }

    /// The input of each level of a column of categories, and of a gap; `None` where there is none.
    fn places(&self, column: &Column) -> (Vec<Option<u32>>, Option<u32>) {
        match (&self.encoding, &column.cells) {
            (Encoding::OneHot { levels, missing }, Cells::Categories { levels: met, .. }) => {
                let known = Dictionary::of(levels);
                let places = met.iter().map(|level| known.get(level)).collect();
                (places, missing.then_some(levels.len() as u32))
            }
            _ => (Vec::new(), None),
        }
    }

    /// How many of these rows hold a level, or a gap, that the training rows did not.
    pub fn unseen(&self, column: &Column, rows: &[u32]) -> usize {
        let Cells::Categories { codes, .. } = &column.cells else { return 0 };
        let (place_of, missing) = self.places(column);
        let place = |&row: &u32| codes[row as usize].map_or(missing, |code| place_of[code as usize]);
        rows.iter().filter(|row| place(row).is_none()).count()
    }
}

impl Encoding {
    /// Number of inputs.
    pub fn width(&self) -> usize {
        match self {
            Encoding::Number { .. } => 1,
            Encoding::OneHot { levels, missing } => levels.len() + usize::from(*missing),
        }
    }

    /// Whether the column holds numbers or categories.
    pub fn kind(&self) -> Kind {
        match self {
            Encoding::Number { .. } => Kind::Number,
            Encoding::OneHot { .. } => Kind::Category,
        }
    }
}

/// Rounding to f32 may move a value by this share of the standard deviation: half of the 24 bits of an f32
/// are then left for the spread.
const MOST_ROUNDED: f64 = 1.0 / 4096.0;

fn fit_numbers(values: &[f64], missing: &[u32], rows: &[u32]) -> Encoding {
    let present = |row: &&u32| missing.is_empty() || missing.binary_search(row).is_err();
    let numbers: Vec<f64> = rows.iter().filter(present).map(|&row| values[row as usize]).collect();
    let gaps = rows.len() - numbers.len();
    let (fill, scaling) = fit_with_gaps(numbers.clone(), gaps);
    // Values that f32 holds well are rounded before anything is computed of them: a table means the same
    // whether it was stored in 64 bits or in 32. Others, such as seconds since 1970, keep their digits until
    // the offset is taken off.
    let moved = numbers.iter().map(|&x| (to_f32(x) - x).abs()).fold(0.0, f64::max);
    if moved > MOST_ROUNDED * scaling.scale {
        return Encoding::Number { fill, rounded: false, scaling };
    }
    let (fill, scaling) = fit_with_gaps(numbers.into_iter().map(to_f32).collect(), gaps);
    Encoding::Number { fill, rounded: true, scaling }
}

/// The median, which fills so many gaps, and the scaling of the numbers with it.
///
/// Without a number the column is the constant 0. The median is needed even without gaps in the training
/// rows: a later file may have some.
fn fit_with_gaps(mut numbers: Vec<f64>, gaps: usize) -> (f64, Scaling) {
    let fill = median(&mut numbers.clone()).unwrap_or(0.0);
    numbers.extend(std::iter::repeat_n(fill, gaps));
    (fill, Scaling::fit(&numbers))
}

fn to_f32(x: f64) -> f64 {
    f64::from(x as f32)
}

fn fit_categories(codes: &[Option<u32>], levels: &[String], rows: &[u32]) -> Encoding {
    let mut met = vec![false; levels.len()];
    let mut missing = false;
    for &row in rows {
        match codes[row as usize] {
            Some(code) => met[code as usize] = true,
            None => missing = true,
        }
    }
    let mut levels: Vec<String> =
        levels.iter().zip(met).filter(|(_, met)| *met).map(|(level, _)| level.clone()).collect();
    levels.sort_by(|a, b| natural_order(a, b));
    Encoding::OneHot { levels, missing }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(columns: Vec<Column>, rows: usize) -> Dataset {
        Dataset {
            name: "t".into(),
            features: Features::Columns(columns),
            labels: vec![0; rows],
            class_names: vec!["0".into()],
            positive: None,
            label_values: Vec::new(),
            groups: None,
        }
    }

    fn inputs(matrix: &Matrix) -> Vec<f32> {
        let rows: Vec<u32> = (0..matrix.rows() as u32).collect();
        let mut out = vec![0.0; matrix.rows() * matrix.columns()];
        matrix.gather(&rows, &mut out);
        out
    }

    #[test]
    fn gaps_take_the_median_of_the_training_rows_before_scaling() {
        // Training rows 0 to 3: 1, gap, 3, 5 -> fill 3, so 1 3 3 5: mean 3, deviation sqrt(2).
        let cells = Cells::Numbers { values: vec![1.0, 0.0, 3.0, 5.0, 0.0, 99.0], missing: vec![1, 4] };
        let data = dataset(vec![Column { name: "x".into(), cells }], 6);
        let encoder = Encoder::fit(&data, &[0, 1, 2, 3]);
        let z = inputs(&encoder.transform(&data));
        assert_eq!((z[1], z[2], z[4]), (0.0, 0.0, 0.0));
        assert_eq!(z[3], 2.0_f64.sqrt() as f32);
    }

    #[test]
    fn a_large_offset_does_not_hide_a_small_spread() {
        // 2^31 + {0, 1}: the same number in f32. Mean 2^31 + 1/2 and deviation 1/2 are exact.
        let offset = 2_147_483_648.0;
        let of = |offset: f64| {
            let data = dataset(vec![Column::numbers("t", vec![offset, offset + 1.0, offset + 3.0])], 3);
            let encoder = Encoder::fit(&data, &[0, 1]);
            assert!(encoder.constant().is_empty());
            inputs(&encoder.transform(&data))
        };
        assert_eq!(of(offset), [-1.0, 1.0, 5.0]);
        assert_eq!(of(offset), of(0.0));
    }

    #[test]
    fn a_table_stored_in_32_bits_means_the_same() {
        let values = vec![0.1, 0.7, -0.3, 1013.25];
        let narrow = values.iter().map(|&x| to_f32(x)).collect();
        let [wide, narrow] = [values, narrow].map(|values| dataset(vec![Column::numbers("x", values)], 4));
        let encoder = Encoder::fit(&wide, &[0, 1, 2]);
        assert_eq!(encoder, Encoder::fit(&narrow, &[0, 1, 2]));
        assert_eq!(inputs(&encoder.transform(&wide)), inputs(&encoder.transform(&narrow)));
    }

    #[test]
    fn levels_of_the_training_rows_become_inputs_and_others_zeros() {
        let codes = vec![Some(2), Some(0), None, Some(1), Some(3)];
        let levels = ["b", "z", "10", "9"].map(String::from).to_vec();
        let data = dataset(vec![Column { name: "c".into(), cells: Cells::Categories { codes, levels } }], 5);
        let encoder = Encoder::fit(&data, &[0, 1, 2]);
        let expected = Encoding::OneHot { levels: vec!["10".into(), "b".into()], missing: true };
        assert_eq!(encoder.columns[0].encoding, expected);
        let one_hot = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3], [0.0; 3]].concat();
        assert_eq!(inputs(&encoder.transform(&data)), one_hot);
        let Features::Columns(columns) = &data.features else { panic!() };
        assert_eq!(encoder.columns[0].unseen(&columns[0], &[0, 1, 2, 3, 4]), 2);
        // Without a gap in training, a later one is unseen, too.
        let encoder = Encoder::fit(&data, &[0, 1]);
        assert_eq!((encoder.width(), encoder.columns[0].unseen(&columns[0], &[2])), (2, 1));
    }

    #[test]
    fn a_column_without_a_training_value_is_constant() {
        let cells = Cells::Numbers { values: vec![0.0, 0.0, 7.0], missing: vec![0, 1] };
        let data =
            dataset(vec![Column { name: "x".into(), cells }, Column::numbers("y", vec![1.0, 2.0, 3.0])], 3);
        let encoder = Encoder::fit(&data, &[0, 1]);
        assert_eq!(encoder.constant(), ["x"]);
        assert_eq!(inputs(&encoder.transform(&data))[..2], [0.0, -1.0]);
    }

    #[test]
    #[should_panic(expected = "fitted on columns [\"x\"], given [\"y\"]")]
    fn other_columns_panic() {
        let data = |name| dataset(vec![Column::numbers(name, vec![1.0, 2.0])], 2);
        Encoder::fit(&data("x"), &[0, 1]).transform(&data("y"));
    }
}
