//! Rows of few classes, many abreast.
//!
//! With 10 classes a register of 16 lanes would be filled badly by one row and its sums would run across lanes. So a
//! block is transposed into columns, one per class, and row r stays in lane r from the logits to the gradient. Measured
//! at 65536 x 10, one thread, AVX-512: 1.7 ns per logit, against 6.5 row by row. Slower were transposing tiles of 4 x 4
//! (5.8: narrow writes that wide reads have to wait for) and exponentials over the block as it lies, with the largest and
//! the sum row by row (2.9).

use super::{BLOCK, Block, PerRow};
use crate::criterion::{LogitShift, Scalar};
use losslab_tensor::{Kernel, Lane};

/// Rows with more classes than this are long enough for [`super::wide`]; 64 x 32 f32 are 8 KB.
pub(super) const CLASSES: usize = 32;

/// A block, transposed: `of_class[j][r]` belongs to class j of row r.
pub(super) struct Columns<T> {
    of_class: [PerRow<T>; CLASSES],
    /// 1 / sum of the exponentials, per row.
    inverse: PerRow<T>,
}

impl<T: Scalar> Columns<T> {
    pub(super) fn new() -> Self {
        Self { of_class: [[T::default(); BLOCK]; CLASSES], inverse: [T::default(); BLOCK] }
    }

    /// The margins of a block; keeps the exponentials of the other classes for [`gradients`](Self::gradients).
    pub(super) fn margins(&mut self, block: Block<'_, T>, shift: Option<&LogitShift>) -> PerRow<T> {
        let columns = &mut self.of_class[..block.classes];
        for (j, column) in columns.iter_mut().enumerate() {
            let logits = block.logits[j..].iter().step_by(block.classes);
            column.iter_mut().zip(logits).for_each(|(column, &z)| *column = z);
        }
        for r in (0..block.targets.len()).filter(|&r| !block.is_valid(r)) {
            columns.iter_mut().for_each(|column| column[r] = T::default());
        }
        if let Some(shift) = shift {
            for (column, &add) in columns.iter_mut().zip(&shift.add) {
                column.iter_mut().for_each(|z| *z = T::from_f64(shift.scale) * *z + T::from_f64(add));
            }
        }
        let (mut own, mut class) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        for (r, &target) in block.targets.iter().enumerate() {
            class[r] = T::lift(f64::from(target));
            own[r] = columns.get(target as usize).map_or(T::default(), |column| column[r]);
        }
        let mut margin = [T::default(); BLOCK];
        let inverse = &mut self.inverse;
        T::dispatch(Margins { columns, own: &own, class: &class, inverse, margin: &mut margin });
        if let Some(shift) = shift {
            for (margin, &target) in margin.iter_mut().zip(block.targets) {
                *margin =
                    *margin - T::from_f64(shift.target.get(target as usize).copied().unwrap_or_default());
            }
        }
        margin
    }

    /// The gradients of a block, from the slopes of its rows.
    pub(super) fn gradients(&mut self, block: Block<'_, T>, slope: &PerRow<T>, grad: &mut [T]) {
        let columns = &mut self.of_class[..block.classes];
        T::dispatch(Scale { columns, slope, inverse: &self.inverse });
        for (r, row) in grad.chunks_exact_mut(block.classes).enumerate() {
            // The remainder tells the compiler that no index is out of bounds.
            row.iter_mut().zip(&*columns).for_each(|(g, column)| *g = column[r % BLOCK]);
            if let Some(g) = row.get_mut(block.targets[r] as usize) {
                *g = slope[r];
            }
        }
    }
}

/// Margins of all rows of a block; columns become exponentials.
struct Margins<'a, T> {
    columns: &'a mut [PerRow<T>],
    /// The true logit of each row.
    own: &'a PerRow<T>,
    /// The true class of each row, whose logit takes no part in the largest and the sum of the others.
    class: &'a PerRow<T>,
    inverse: &'a mut PerRow<T>,
    margin: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Margins<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let finite = |z: T| R::load(z).at_least(-R::largest()).at_most(R::largest());
        let mut max = [-R::largest(); BLOCK];
        for (j, column) in self.columns.iter().enumerate() {
            let j = R::lift(j as f64);
            for r in 0..BLOCK {
                // False for NaN, which comes back in the sum.
                let z = finite(column[r]);
                max[r] = R::select((R::load(self.class[r]) != j) & (z > max[r]), z, max[r]);
            }
        }
        let mut sum = [R::lift(0.0); BLOCK];
        for (j, column) in self.columns.iter_mut().enumerate() {
            let j = R::lift(j as f64);
            for r in 0..BLOCK {
                let e = (finite(column[r]) - max[r]).exp();
                let e = R::select(R::load(self.class[r]) == j, R::lift(0.0), e);
                sum[r] = sum[r] + e;
                column[r] = e.store();
            }
        }
        for r in 0..BLOCK {
            let own = finite(self.own[r]);
            self.inverse[r] = (R::lift(1.0) / sum[r]).store();
            self.margin[r] = (own - max[r] - sum[r].ln()).store();
        }
    }
}

/// Columns of exponentials become gradients: -slope / sum of the row each.
struct Scale<'a, T> {
    columns: &'a mut [PerRow<T>],
    slope: &'a PerRow<T>,
    inverse: &'a PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for column in self.columns {
            for ((x, &slope), &inverse) in column.iter_mut().zip(self.slope).zip(self.inverse) {
                *x = (R::load(*x) * -R::load(slope) * R::load(inverse)).store();
            }
        }
    }
}
