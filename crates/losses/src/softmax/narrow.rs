//! Rows of few classes, many at a time, as they lie in memory.
//!
//! With 10 classes a register of 16 lanes would be filled badly by one row, so exponentials and gradients run
//! over whole blocks of rows without looking at where a row ends. What all classes of a row share is spread
//! over them first, and only its sum is taken row by row ([`ShortRows`] has both).
//!
//! The exponentials are those of the distances to the true logit, so the margin is minus the logarithm of
//! their sum, and nobody looks for the largest. A row whose sum leaves the range of f32, because the model is
//! sure and right or sure and wrong, is done again from its largest logit ([`from_largest`]).

use super::{BLOCK, Block, PerRow};
use crate::criterion::{LogitShift, Scalar};
use losslab_tensor::short_rows::{self, ShortRows};
use losslab_tensor::{Kernel, Lane, OnLines, Real};
use std::ops::Range;

const _: () = assert!(BLOCK == short_rows::ROWS);

/// Rows with more classes than this are long enough for [`super::wide`]; 64 x 32 f32 are 8 KB.
pub(super) const CLASSES: usize = short_rows::MOST;

/// A number per class of each row of a block.
type PerLogit<T> = OnLines<[T; BLOCK * CLASSES]>;

/// Sums of exponentials that lost no digits to the ends of the range of f32: 2^-60 to 2^100. (Those that are
/// 0 would be below 2^-126.)
const SAFE: [f64; 2] = [8.673617379884035e-19, 1.2676506002282294e30];

/// What is known of a block between its margins and its gradients.
pub(super) struct Rows<T> {
    rows: ShortRows,
    /// Shifted logits, or those of a block with rows that are not valid; then what the gradients of a row
    /// share.
    room: PerLogit<T>,
    /// What is subtracted from the logits of a row, then their exponentials: 0 for the true class.
    exponential: PerLogit<T>,
    /// 1 / sum of the exponentials, per row.
    inverse: PerRow<T>,
}

impl<T: Scalar> Rows<T> {
    /// For at most [`CLASSES`] classes. (Inlined, or 18 KB are moved.)
    #[inline(always)]
    pub(super) fn new(classes: usize) -> Self {
        Self {
            rows: ShortRows::new(classes),
            room: OnLines([T::default(); BLOCK * CLASSES]),
            exponential: OnLines([T::default(); BLOCK * CLASSES]),
            inverse: [T::default(); BLOCK],
        }
    }

    /// The margins of a block; keeps the exponentials of the other classes for
    /// [`gradients`](Self::gradients).
    pub(super) fn margins(
        &mut self,
        block: Block<'_, T>,
        shift: Option<&LogitShift>,
        margin: &mut PerRow<T>,
    ) {
        let classes = block.classes;
        let Self { rows, room, exponential, inverse } = self;
        let logits = match shift.is_some() || block.valid.is_some() {
            true => prepared(block, shift, &mut room.0),
            false => block.logits,
        };
        // A row that is not valid may have a target that is none.
        let own = |target: u32| (target as usize).min(classes - 1);
        let [mut true_logit, mut sum] = [[T::default(); BLOCK]; 2];
        for ((row, &target), logit) in logits.chunks_exact(classes).zip(block.targets).zip(&mut true_logit) {
            *logit = row[own(target)];
        }
        rows.spread(&true_logit, &mut exponential.0);
        T::dispatch(Exponentials { logits, exponential });
        for (row, &target) in exponential.0.chunks_exact_mut(classes).zip(block.targets) {
            row[own(target)] = T::default();
        }
        rows.sums(&exponential.0, &mut sum);
        let count = block.targets.len();
        let all_safe = T::dispatch(Margins { count, sum: &sum, inverse, margin: &mut *margin });
        for r in if all_safe { 0..0 } else { 0..count } {
            if !is_safe(sum[r]) {
                let row = r * classes..(r + 1) * classes;
                let own = row.start + own(block.targets[r]);
                (margin[r], inverse[r]) = from_largest(logits, exponential, row, own);
            }
        }
        if let Some(shift) = shift {
            for (margin, &target) in margin.iter_mut().zip(block.targets) {
                *margin =
                    *margin - T::from_f64(shift.target.get(target as usize).copied().unwrap_or_default());
            }
        }
    }

    /// The gradients of a block, from the slopes of its rows.
    pub(super) fn gradients(&mut self, block: Block<'_, T>, slope: &PerRow<T>, grad: &mut [T]) {
        let Self { rows, room: shared, exponential, inverse } = self;
        let mut factor = *slope;
        T::dispatch(Factors { inverse, factor: &mut factor });
        rows.spread(&factor, &mut shared.0);
        T::dispatch(Product { a: &exponential.0, b: &shared.0, out: grad });
        for ((row, &target), &slope) in grad.chunks_exact_mut(block.classes).zip(block.targets).zip(slope) {
            if let Some(own) = row.get_mut(target as usize) {
                *own = slope;
            }
        }
    }
}

/// The logits of a block with 0 in the rows that are not valid, shifted.
fn prepared<'a, T: Scalar>(block: Block<'_, T>, shift: Option<&LogitShift>, room: &'a mut [T]) -> &'a [T] {
    let logits = &mut room[..block.logits.len()];
    logits.copy_from_slice(block.logits);
    for (r, row) in logits.chunks_exact_mut(block.classes).enumerate() {
        if !block.is_valid(r) {
            row.fill(T::default());
        }
        if let Some(shift) = shift {
            let shifted = |z: T, add: f64| T::from_f64(shift.scale) * z + T::from_f64(add);
            row.iter_mut().zip(&shift.add).for_each(|(z, &add)| *z = shifted(*z, add));
        }
    }
    logits
}

/// The margin of a row, and 1 / the sum of its exponentials, which are taken relative to the largest logit:
/// nothing overflows.
fn from_largest<T: Scalar>(
    logits: &[T],
    exponential: &mut PerLogit<T>,
    row: Range<usize>,
    own: usize,
) -> (T, T) {
    let finite = |i: usize| logits[i].at_least(-T::largest()).at_most(T::largest());
    let others = row.filter(|&i| i != own);
    // NaN is not larger than anything, and comes back in the sum.
    let max = others.clone().map(finite).fold(-T::largest(), |max, z| if z > max { z } else { max });
    let mut sum = T::default();
    for i in others {
        let e = (finite(i) - max).exp();
        (exponential.0[i], sum) = (e, sum + e);
    }
    (finite(own) - max - sum.ln(), T::lift(1.0) / sum)
}

/// The exponentials of the distances to what `exponential` holds, the true logit of each row.
struct Exponentials<'a, T> {
    logits: &'a [T],
    exponential: &'a mut PerLogit<T>,
}

impl<T: Scalar> Kernel<T> for Exponentials<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (e, &z) in self.exponential.0.iter_mut().zip(self.logits) {
            *e = (R::load(z) - R::load(*e)).exp_normal().store();
        }
    }
}

/// Whether a sum is within [`SAFE`]; NaN is not.
#[inline(always)]
fn is_safe<R: Real>(sum: R) -> bool {
    (sum >= R::lift(SAFE[0])) & (sum <= R::lift(SAFE[1]))
}

/// Margins of all rows of a block, from the sums of their exponentials, and the inverses of these; whether
/// the sums of the first `count` are safe.
struct Margins<'a, T> {
    count: usize,
    sum: &'a PerRow<T>,
    inverse: &'a mut PerRow<T>,
    margin: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Margins<'_, T> {
    type Output = bool;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> bool {
        for r in 0..BLOCK {
            let sum = R::load(self.sum[r]);
            self.inverse[r] = (R::lift(1.0) / sum).store();
            self.margin[r] = (-sum.ln()).store();
        }
        self.sum[..self.count].iter().fold(true, |all, &sum| all & is_safe(R::load(sum)))
    }
}

/// What the exponentials of a row are multiplied by: -slope / sum; `factor` holds the slopes.
struct Factors<'a, T> {
    inverse: &'a PerRow<T>,
    factor: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Factors<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (factor, &inverse) in self.factor.iter_mut().zip(self.inverse) {
            *factor = (-R::load(*factor) * R::load(inverse)).store();
        }
    }
}

/// `out = a b`, number by number.
struct Product<'a, T> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Product<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for ((out, &a), &b) in self.out.iter_mut().zip(self.a).zip(self.b) {
            *out = (R::load(a) * R::load(b)).store();
        }
    }
}
