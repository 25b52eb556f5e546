//! What a classifier of two numbers says of the whole plane: its logits on a grid, for maps of its decisions.

use super::examples::MatrixExamples;
use losslab_data::{Encoding, Matrix, Prepared};
use losslab_models::Model;
use serde::{Deserialize, Serialize};

/// Cells in each direction.
const CELLS: usize = 60;
/// The grid covers this share of the positive test rows in each direction, and on either side of them so many
/// times their extent: decisions fall near them.
const COVERED: f64 = 0.98;
const AROUND: f64 = 0.5;
/// Most test rows of each class that are kept to be drawn.
const MOST_POINTS: usize = 300;

/// The logits of a binary classifier over two columns of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plane {
    /// The names of the two columns, horizontal first.
    pub names: [String; 2],
    /// Left and right end, in the units of the data.
    pub x: [f64; 2],
    /// Bottom and top end.
    pub y: [f64; 2],
    /// Cells in a row; there are as many rows.
    pub cells: usize,
    /// At the middle of each cell, rows from bottom to top.
    pub logits: Vec<f32>,
    /// Some negative and some positive test rows.
    pub points: [Vec<[f32; 2]>; 2],
}

impl Plane {
    /// What in a plane from a file cannot be, if anything.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), String> {
        let ascending = |[low, high]: [f64; 2]| low < high && (high - low).is_finite();
        if !ascending(self.x) || !ascending(self.y) {
            return Err(format!("a plane from {:?} to {:?}", self.x, self.y));
        }
        if self.cells == 0 || self.cells.checked_mul(self.cells) != Some(self.logits.len()) {
            return Err(format!("{} logits on a grid of {}", self.logits.len(), self.cells));
        }
        Ok(())
    }

    /// Scores the plane with this model; none unless there are two classes and two columns of numbers.
    pub(super) fn of(data: &Prepared, model: &mut dyn Model) -> Option<Plane> {
        let [first, second] = &data.encoder.columns[..] else { return None };
        let (Encoding::Number { scaling: a, .. }, Encoding::Number { scaling: b, .. }) =
            (&first.encoding, &second.encoding)
        else {
            return None;
        };
        if data.train.classes != 2 {
            return None;
        }
        let test = &data.test;
        let mut inputs = vec![0.0; 2 * test.rows()];
        test.matrix.gather(&test.rows, &mut inputs);
        let positives: Vec<f32> = inputs
            .chunks_exact(2)
            .zip(&test.labels)
            .filter(|(_, l)| **l == 1)
            .flat_map(|(row, _)| row.to_vec())
            .collect();
        if positives.is_empty() {
            return None;
        }
        let (x, y) = (range(&positives, 0), range(&positives, 1));
        let middle = |[low, high]: [f64; 2], i: usize| low + (i as f64 + 0.5) / CELLS as f64 * (high - low);
        let cells = (0..CELLS * CELLS).flat_map(|k| [middle(x, k % CELLS), middle(y, k / CELLS)]);
        let grid = Matrix::floats(2, cells.map(|value| value as f32).collect());
        let rows: Vec<u32> = (0..(CELLS * CELLS) as u32).collect();
        let data_units = |[low, high]: [f64; 2], scale: &losslab_data::Scaling| {
            [low * scale.scale + scale.mean, high * scale.scale + scale.mean]
        };
        let points = [0, 1].map(|class| {
            let of_class = || inputs.chunks_exact(2).zip(&test.labels).filter(|(_, l)| **l == class);
            let every = of_class().count().div_ceil(MOST_POINTS).max(1);
            let place =
                |p: &[f32]| [(p[0], a), (p[1], b)].map(|(z, s)| (f64::from(z) * s.scale + s.mean) as f32);
            of_class().step_by(every).map(|(point, _)| place(point)).collect()
        });
        Some(Plane {
            names: [first.name.clone(), second.name.clone()],
            x: data_units(x, a),
            y: data_units(y, b),
            cells: CELLS,
            logits: model.score(&MatrixExamples(&grid), &rows),
            points,
        })
    }
}

/// Where most of the values of input `column` of two lie, and what is around them.
fn range(inputs: &[f32], column: usize) -> [f64; 2] {
    let mut values: Vec<f32> = inputs.chunks_exact(2).map(|row| row[column]).collect();
    values.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| f64::from(values[((values.len() - 1) as f64 * share).round() as usize]);
    let (low, high) = (at((1.0 - COVERED) / 2.0), at((1.0 + COVERED) / 2.0));
    let spare = if high > low { AROUND * (high - low) } else { 1.0 };
    [low - spare, high + spare]
}
