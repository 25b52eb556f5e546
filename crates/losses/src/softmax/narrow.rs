//! Rows of few classes, many at a time, as they lie in memory.
//!
//! With 10 classes a register of 16 lanes would be filled badly by one row, so exponentials and gradients run over whole blocks
//! of rows without looking at where a row ends. Only the largest and the sum belong to a row: they are taken through a
//! *window*, the next power of two of lanes from the row's first class on, of which the lanes of the next row are left
//! out. What all classes of a row share goes the other way: it is written through the window, row after row, so that the
//! next row overwrites what the last one wrote too far.
//!
//! Measured at 65536 x 10, one thread, AVX-512: 1.5 ns per logit, against 2.1 for a block that is transposed into columns, one per
//! class, with a row in each lane.

use super::{BLOCK, Block, PerRow};
use crate::criterion::{LogitShift, Scalar};
use losslab_tensor::{Kernel, Lane};

/// Rows with more classes than this are long enough for [`super::wide`]; 64 x 32 f32 are 8 KB.
pub(super) const CLASSES: usize = 32;

/// A number per class of each row of a block, on whole lines of the cache; the window of the last row may reach further.
#[repr(align(64))]
struct PerLogit<T>([T; BLOCK * CLASSES + CLASSES]);

/// What is known of a block between its margins and its gradients.
pub(super) struct Rows<T> {
    /// Logits, then exponentials: 0 for the true class.
    exponential: PerLogit<T>,
    /// What the classes of a row share.
    shared: PerLogit<T>,
    /// 1 / sum of the exponentials, per row.
    inverse: PerRow<T>,
}

impl<T: Scalar> Rows<T> {
    pub(super) fn new() -> Self {
        let empty = || PerLogit([T::default(); BLOCK * CLASSES + CLASSES]);
        Self { exponential: empty(), shared: empty(), inverse: [T::default(); BLOCK] }
    }

    /// The margins of a block; keeps the exponentials of the other classes for [`gradients`](Self::gradients).
    pub(super) fn margins(&mut self, block: Block<'_, T>, shift: Option<&LogitShift>) -> PerRow<T> {
        let classes = block.classes;
        let logits = &mut self.exponential.0;
        logits[..block.logits.len()].copy_from_slice(block.logits);
        for r in (0..block.targets.len()).filter(|&r| !block.is_valid(r)) {
            logits[r * classes..][..classes].fill(T::default());
        }
        if let Some(shift) = shift {
            for row in logits[..block.logits.len()].chunks_exact_mut(classes) {
                let shifted = |z: T, add: f64| T::from_f64(shift.scale) * z + T::from_f64(add);
                row.iter_mut().zip(&shift.add).for_each(|(z, &add)| *z = shifted(*z, add));
            }
        }
        let (mut own, mut margin) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        for (r, &target) in block.targets.iter().enumerate() {
            // A row that is not valid may have a target that is none.
            let own_logit = &mut logits[r * classes + (target as usize).min(classes - 1)];
            own[r] = std::mem::replace(own_logit, -T::largest());
        }
        let Self { exponential, shared, inverse } = self;
        T::dispatch(Margins { block, exponential, shared, own: &own, inverse, margin: &mut margin });
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
        let Self { exponential, shared, inverse } = self;
        T::dispatch(Gradients { block, exponential, shared, inverse, slope, grad: &mut *grad });
        for ((row, &target), &slope) in grad.chunks_exact_mut(block.classes).zip(block.targets).zip(slope) {
            if let Some(own) = row.get_mut(target as usize) {
                *own = slope;
            }
        }
    }
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

/// Margins of all rows of a block; logits become exponentials.
struct Margins<'a, T> {
    block: Block<'a, T>,
    exponential: &'a mut PerLogit<T>,
    shared: &'a mut PerLogit<T>,
    /// The true logit of each row, which stands as the lowest number among the others.
    own: &'a PerRow<T>,
    inverse: &'a mut PerRow<T>,
    margin: &'a mut PerRow<T>,
}

impl<T: Scalar> Kernel<T> for Margins<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        with_window!(self.block.classes, self.run_with)
    }
}

impl<T: Scalar> Margins<'_, T> {
    #[inline(always)]
    fn run_with<R: Lane<T>, const W: usize>(self) {
        let finite = |z: T| R::load(z).at_least(-R::largest()).at_most(R::largest());
        let (classes, rows) = (self.block.classes, self.block.targets.len());
        let (z, shared) = (&mut self.exponential.0, &mut self.shared.0);
        let (mut max, mut sum) = ([R::lift(0.0); BLOCK], [R::lift(1.0); BLOCK]);
        for (r, max) in max[..rows].iter_mut().enumerate() {
            let row: &[T; W] = window(z, r * classes);
            let mut lanes = [-R::largest(); W];
            for i in 0..W {
                lanes[i] = R::select(i < classes, finite(row[i]), -R::largest());
            }
            // False for NaN, which comes back in the sum.
            *max = reduce(lanes, |a, b| R::select(b > a, b, a));
            *window_mut::<T, W>(shared, r * classes) = [max.store(); W];
        }
        for (z, &max) in z[..rows * classes].iter_mut().zip(&shared[..rows * classes]) {
            *z = (finite(*z) - R::load(max)).exp().store();
        }
        for (r, &target) in self.block.targets.iter().enumerate() {
            z[r * classes + (target as usize).min(classes - 1)] = T::default();
        }
        for (r, sum) in sum[..rows].iter_mut().enumerate() {
            let row: &[T; W] = window(z, r * classes);
            let mut lanes = [R::lift(0.0); W];
            for i in 0..W {
                lanes[i] = R::select(i < classes, R::load(row[i]), R::lift(0.0));
            }
            *sum = reduce(lanes, |a, b| a + b);
        }
        for r in 0..BLOCK {
            self.inverse[r] = (R::lift(1.0) / sum[r]).store();
            self.margin[r] = (finite(self.own[r]) - max[r] - sum[r].ln()).store();
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
