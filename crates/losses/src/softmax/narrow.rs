//! Rows of few classes, many at a time, as they lie in memory.
//!
//! With 10 classes a register of 16 lanes would be filled badly by one row, so exponentials and gradients run over whole blocks
//! of rows without looking at where a row ends. Only the sum belongs to a row: it is taken through a *window*, the next power
//! of two of lanes from the row's first class on, of which the lanes of the next row are left out. What all classes of a
//! row share goes the other way: it is written through the window, row after row, so that the next row overwrites what
//! the last one wrote too far.
//!
//! The exponentials are those of the distances to the true logit, so the margin is minus the logarithm of their sum, and nobody looks
//! for the largest. A row whose sum leaves the range of f32, because the model is sure and right or sure and wrong,
//! is done again from its largest logit ([`from_largest`]).
//!
//! Measured at 640 x 10, one thread, AVX2 (AMD EPYC of 2021): 1.5 ns per logit, against 2.1 with the largest of each row.

use super::{BLOCK, Block, PerRow};
use crate::criterion::{LogitShift, Scalar};
use losslab_tensor::{Kernel, Lane};
use std::ops::Range;

/// Rows with more classes than this are long enough for [`super::wide`]; 64 x 32 f32 are 8 KB.
pub(super) const CLASSES: usize = 32;

/// A number per class of each row of a block, on whole lines of the cache; the window of the last row may reach further.
#[repr(align(64))]
struct PerLogit<T>([T; BLOCK * CLASSES + CLASSES]);

/// Sums of exponentials that lost no digits to the ends of the range of f32: 2^-100 to 2^100.
const SAFE: f64 = 1.2676506002282294e30;

/// What is known of a block between its margins and its gradients.
pub(super) struct Rows<T> {
    /// Shifted logits, or those of a block with rows that are not valid; then what the gradients of a row share.
    room: PerLogit<T>,
    /// What is subtracted from the logits of a row, then their exponentials: 0 for the true class.
    exponential: PerLogit<T>,
    /// 1 / sum of the exponentials, per row.
    inverse: PerRow<T>,
}

impl<T: Scalar> Rows<T> {
    pub(super) fn new() -> Self {
        let empty = || PerLogit([T::default(); BLOCK * CLASSES + CLASSES]);
        Self { room: empty(), exponential: empty(), inverse: [T::default(); BLOCK] }
    }

    /// The margins of a block; keeps the exponentials of the other classes for [`gradients`](Self::gradients).
    pub(super) fn margins(&mut self, block: Block<'_, T>, shift: Option<&LogitShift>) -> PerRow<T> {
        let classes = block.classes;
        let Self { room, exponential, inverse } = self;
        let logits = match shift.is_some() || block.valid.is_some() {
            true => prepared(block, shift, &mut room.0),
            false => block.logits,
        };
        // A row that is not valid may have a target that is none.
        let mut own = [0; BLOCK];
        for ((r, own), &target) in own.iter_mut().enumerate().zip(block.targets) {
            *own = r * classes + (target as usize).min(classes - 1);
        }
        let own = &own[..block.targets.len()];
        let (mut sum, mut margin) = ([T::lift(1.0); BLOCK], [T::default(); BLOCK]);
        T::dispatch(Margins {
            classes,
            own,
            logits,
            exponential,
            sum: &mut sum,
            inverse,
            margin: &mut margin,
        });
        // NaN is not within it, either.
        let is_safe = |sum: T| (sum >= T::lift(1.0 / SAFE)) & (sum <= T::lift(SAFE));
        let all_safe = sum.iter().fold(true, |all, &sum| all & is_safe(sum));
        for r in if all_safe { 0..0 } else { 0..own.len() } {
            if !is_safe(sum[r]) {
                (margin[r], inverse[r]) =
                    from_largest(logits, exponential, r * classes..(r + 1) * classes, own[r]);
            }
        }
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
        let Self { room: shared, exponential, inverse } = self;
        T::dispatch(Gradients { block, exponential, shared, inverse, slope, grad: &mut *grad });
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

/// The margin of a row, and 1 / the sum of its exponentials, which are taken relative to the largest logit: nothing overflows.
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

/// Runs a method of a kernel with the window that holds so many classes.
macro_rules! with_window {
    ($classes:expr, $kernel:ident.$method:ident) => {
        match $classes {
            0..=4 => $kernel.$method::<R, 4>(),
            5..=8 => $kernel.$method::<R, 8>(),
            9..=16 => $kernel.$method::<R, 16>(),
            _ => $kernel.$method::<R, CLASSES>(),
        }
    };
}

/// Margins of all rows of a block, from the distances to their true logits.
struct Margins<'a, T> {
    classes: usize,
    /// Where the true logit of each row stands.
    own: &'a [usize],
    logits: &'a [T],
    exponential: &'a mut PerLogit<T>,
    sum: &'a mut PerRow<T>,
    inverse: &'a mut PerRow<T>,
    margin: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Margins<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        with_window!(self.classes, self.run_with)
    }
}

impl<T: Scalar> Margins<'_, T> {
    #[inline(always)]
    fn run_with<R: Lane<T>, const W: usize>(self) {
        let (classes, logits, e) = (self.classes, self.logits, &mut self.exponential.0);
        for (r, &own) in self.own.iter().enumerate() {
            *window_mut::<T, W>(e, r * classes) = [logits[own]; W];
        }
        let length = self.own.len() * classes;
        for (e, &z) in e[..length].iter_mut().zip(&logits[..length]) {
            *e = (R::load(z) - R::load(*e)).exp().store();
        }
        self.own.iter().for_each(|&own| e[own] = T::default());
        for (r, sum) in self.sum[..self.own.len()].iter_mut().enumerate() {
            let row: &[T; W] = window(e, r * classes);
            let mut lanes = [R::lift(0.0); W];
            for i in 0..W {
                lanes[i] = R::select(i < classes, R::load(row[i]), R::lift(0.0));
            }
            *sum = reduce(lanes, |a, b| a + b).store();
        }
        for r in 0..BLOCK {
            let sum = R::load(self.sum[r]);
            self.inverse[r] = (R::lift(1.0) / sum).store();
            self.margin[r] = (-sum.ln()).store();
        }
    }
}

/// The gradient of all classes but the true one: exponential times -slope / sum of the row.
struct Gradients<'a, T> {
    block: Block<'a, T>,
    exponential: &'a PerLogit<T>,
    shared: &'a mut PerLogit<T>,
    inverse: &'a PerRow<T>,
    slope: &'a PerRow<T>,
    grad: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Gradients<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        with_window!(self.block.classes, self.run_with)
    }
}

impl<T: Scalar> Gradients<'_, T> {
    #[inline(always)]
    fn run_with<R: Lane<T>, const W: usize>(self) {
        let classes = self.block.classes;
        for (r, (&slope, &inverse)) in self.slope.iter().zip(self.inverse).enumerate() {
            let factor = (-R::load(slope) * R::load(inverse)).store();
            *window_mut::<T, W>(&mut self.shared.0, r * classes) = [factor; W];
        }
        for ((g, &e), &factor) in self.grad.iter_mut().zip(&self.exponential.0).zip(&self.shared.0) {
            *g = (R::load(e) * R::load(factor)).store();
        }
    }
}

/// The lanes from the first class of a row on.
#[inline(always)]
fn window<T, const W: usize>(all: &[T; BLOCK * CLASSES + CLASSES], first: usize) -> &[T; W] {
    match all[first..].first_chunk() {
        Some(window) => window,
        None => unreachable!("a window begins within the block"),
    }
}

/// As [`window`], to write.
#[inline(always)]
fn window_mut<T, const W: usize>(all: &mut [T; BLOCK * CLASSES + CLASSES], first: usize) -> &mut [T; W] {
    match all[first..].first_chunk_mut() {
        Some(window) => window,
        None => unreachable!("a window begins within the block"),
    }
}

/// All lanes as one, by halves.
#[inline(always)]
fn reduce<R: Copy, const W: usize>(mut lanes: [R; W], merge: impl Fn(R, R) -> R) -> R {
    let mut width = W / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = merge(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
