//! Rows of many classes, one after the other, each in lanes.
//!
//! Label smoothing adds what is no function of p_t: with s = eps / C, the term -s sum_{j != t} log(softmax
//! over j != t)_j.

use super::{BLOCK, Block, PerRow};
use crate::criterion::{Criterion, LogitShift, Scalar};
use losslab_tensor::{Float, Kernel, Lane, prefetch};

/// Lanes of the largest and of the sum: one AVX-512 register of f32. (With four the rests of a row cost more
/// than was gained.)
const LANES: usize = 16;

/// Numbers that are worked on while those of the next row are asked for.
const STRETCH: usize = 128;

/// The margins of rows, with the shift of the logits.
pub(crate) struct Rows<'a, T> {
    criterion: &'a Criterion,
    shift: Option<&'a LogitShift>,
    /// The shifted logits of one row; empty without a shift.
    shifted: Vec<T>,
    /// 1 / sum of the exponentials, per row of the block.
    inverse: PerRow<T>,
    /// What label smoothing adds to the losses of the block.
    rest: PerRow<T>,
}

/// What is found of one row.
pub(crate) struct Row<T> {
    /// The margin.
    pub margin: T,
    /// 1 / sum of the exponentials of the other classes.
    pub inverse: T,
    /// What label smoothing adds to its loss.
    pub rest: T,
}

impl<'a, T: Scalar> Rows<'a, T> {
    pub(crate) fn new(criterion: &'a Criterion, classes: usize) -> Self {
        let shift = criterion.shift.as_ref();
        let shifted = if shift.is_some() { vec![T::default(); classes] } else { Vec::new() };
        Self { criterion, shift, shifted, inverse: [T::default(); BLOCK], rest: [T::default(); BLOCK] }
    }

    /// The margins of a block; `others` receives exponentials for [`gradients`](Self::gradients).
    pub(super) fn margins(
        &mut self,
        block: Block<'_, T>,
        others: &mut [T],
        far: bool,
        margin: &mut PerRow<T>,
    ) {
        let rows = block.logits.chunks_exact(block.classes).zip(others.chunks_exact_mut(block.classes));
        for (r, (logits, others)) in rows.enumerate() {
            if block.is_valid(r) {
                let row = self.row(logits, block.targets[r] as usize, others, far.then_some(block.classes));
                (margin[r], self.inverse[r], self.rest[r]) = (row.margin, row.inverse, row.rest);
            } else {
                others.fill(T::default());
                (margin[r], self.inverse[r], self.rest[r]) = (T::default(), T::default(), T::default());
            }
        }
    }

    /// The gradients of a block, from the slopes of its rows; adds to the losses what label smoothing does.
    pub(super) fn gradients(
        &mut self,
        block: Block<'_, T>,
        slope: &PerRow<T>,
        scale: T,
        value: &mut PerRow<T>,
        grad: &mut [T],
    ) {
        for (r, x) in grad.chunks_exact_mut(block.classes).enumerate().filter(|(r, _)| block.is_valid(*r)) {
            let (slope, inverse, target) = (slope[r], self.inverse[r], block.targets[r] as usize);
            match self.criterion.smooth {
                None => T::dispatch(Scale { x, factor: -slope * inverse }),
                Some(share) => {
                    let weight = super::class_weight(self.criterion, block, r);
                    value[r] += self.rest[r] * weight;
                    let share = T::from_f64(share) * weight * scale;
                    let others = T::lift((block.classes - 1) as f64);
                    let factor = (others * share - slope) * inverse;
                    T::dispatch(ScaleAndAdd { x, factor, term: -share });
                }
            }
            x[target] = slope;
        }
    }

    /// One row; `others` receives the exponentials of the classes other than the true one, relative to the
    /// largest, and 0 for the true one.
    pub(crate) fn row(
        &mut self,
        logits: &[T],
        target: usize,
        others: &mut [T],
        next: Option<usize>,
    ) -> Row<T> {
        let Some(shift) = self.shift else {
            let (margin, inverse, lse) = T::dispatch(Margin { logits, target, others, next });
            return Row { margin, inverse, rest: self.smoothed_rest(logits, target, lse) };
        };
        let scale = T::from_f64(shift.scale);
        for ((shifted, &z), &add) in self.shifted.iter_mut().zip(logits).zip(&shift.add) {
            *shifted = scale * z + T::from_f64(add);
        }
        let (margin, inverse, lse) =
            T::dispatch(Margin { logits: &self.shifted, target, others, next: None });
        let rest = self.smoothed_rest(&self.shifted, target, lse);
        Row { margin: margin - T::from_f64(shift.target[target]), inverse, rest }
    }

    /// s sum_{j != t} (lse - z_j), where lse is the logsumexp of the others.
    fn smoothed_rest(&self, logits: &[T], target: usize, lse: T) -> T {
        let Some(share) = self.criterion.smooth else {
            return T::default();
        };
        let (share, largest) = (T::from_f64(share), T::largest());
        let mut sum = T::default();
        for (j, &z) in logits.iter().enumerate() {
            if j != target {
                // Each product stays finite where the difference of two logits would not.
                sum += share * lse - share * z.at_least(-largest).at_most(largest);
            }
        }
        sum.at_most(largest)
    }
}

/// The margin of one row, and of the other classes 1 / sum of the exponentials, which `others` receives, and
/// logsumexp.
struct Margin<'a, T> {
    logits: &'a [T],
    target: usize,
    others: &'a mut [T],
    /// How far behind this row the next begins, if no cache holds it.
    next: Option<usize>,
}

impl<T: Float> Kernel<T> for Margin<'_, T> {
    type Output = (T, T, T);
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> (T, T, T) {
        let (before, after) = (&self.logits[..self.target], &self.logits[self.target + 1..]);
        let max = largest::<T, R>(after, largest::<T, R>(before, -R::largest())).at_most(R::largest());
        let (others_before, rest) = self.others.split_at_mut(self.target);
        let mut sum = exponentials::<T, R>(before, max, others_before, self.next);
        rest[0] = T::default();
        sum = sum + exponentials::<T, R>(after, max, &mut rest[1..], self.next);
        let own = R::load(self.logits[self.target]).at_least(-R::largest()).at_most(R::largest());
        let ln_sum = sum.ln();
        ((own - max - ln_sum).store(), (R::lift(1.0) / sum).store(), (max + ln_sum).store())
    }
}

/// The largest of these numbers and `floor`; a NaN need not win, it comes back in the sum.
#[inline(always)]
fn largest<T: Float, R: Lane<T>>(x: &[T], floor: R) -> R {
    let larger = |max: R, z: T| R::select(R::load(z) > max, R::load(z), max);
    let mut lanes = [floor; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for block in blocks {
        for i in 0..LANES {
            lanes[i] = larger(lanes[i], block[i]);
        }
    }
    let max = rest.iter().fold(floor, |max, &z| larger(max, z));
    lanes.into_iter().fold(max, |max, lane| R::select(lane > max, lane, max))
}

/// `e_j = exp(z_j - max)`, none of which is above 1; returns their sum.
#[inline(always)]
fn exponentials<T: Float, R: Lane<T>>(z: &[T], max: R, e: &mut [T], next: Option<usize>) -> R {
    for (e, z) in e.chunks_mut(STRETCH).zip(z.chunks(STRETCH)) {
        if let Some(distance) = next {
            [z, &*e].into_iter().for_each(|numbers| prefetch(numbers, distance));
        }
        for (e, &z) in e.iter_mut().zip(z) {
            *e = (R::load(z).at_least(-R::largest()).at_most(R::largest()) - max).exp_neg_abs().store();
        }
    }
    let mut lanes = [R::lift(0.0); LANES];
    let (blocks, rest) = e.as_chunks::<LANES>();
    for block in blocks {
        for i in 0..LANES {
            lanes[i] = lanes[i] + R::load(block[i]);
        }
    }
    for (lane, &e) in lanes.iter_mut().zip(rest) {
        *lane = *lane + R::load(e);
    }
    lanes.into_iter().fold(R::lift(0.0), |sum, lane| sum + lane)
}

/// `x = factor x`.
struct Scale<'a, T> {
    x: &'a mut [T],
    factor: T,
}

impl<T: Float> Kernel<T> for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let factor = R::load(self.factor);
        self.x.iter_mut().for_each(|x| *x = (R::load(*x) * factor).store());
    }
}

/// `x = factor x + term`.
struct ScaleAndAdd<'a, T> {
    x: &'a mut [T],
    factor: T,
    term: T,
}

impl<T: Float> Kernel<T> for ScaleAndAdd<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (factor, term) = (R::load(self.factor), R::load(self.term));
        self.x.iter_mut().for_each(|x| *x = (R::load(*x) * factor + term).store());
    }
}
