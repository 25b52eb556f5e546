//! Convolution in groups of channels, depthwise included: forward and both gradients, as direct loops.
//!
//! Weights are `[kh, kw, C / groups, F]`; output channel f sees the input channels of group
//! `f / (F / groups)`. The matrix products of single groups are too narrow to gain from a GEMM; depthwise
//! (C = F = groups) is one vectorised multiply-add over the channels per tap.

use crate::window::Windows;
use crate::{Float, Kernel, Lane};

/// Images or their gradient, weights or theirs, output or its: one of the three is written.
enum Pass<'a, T> {
    Forward { x: &'a [T], weight: &'a [T], y: &'a mut [T] },
    WeightGradient { x: &'a [T], dw: &'a mut [T], dy: &'a [T] },
    InputGradient { dx: &'a mut [T], weight: &'a [T], dy: &'a [T] },
}

struct Grouped<'a, T> {
    w: &'a Windows,
    groups: usize,
    features: usize,
    pass: Pass<'a, T>,
}

/// `y += conv(x, weight)` for `y` with `features` channels, which holds the bias already.
pub fn forward<T: Float>(w: &Windows, groups: usize, x: &[T], weight: &[T], y: &mut [T]) {
    T::grouped_forward(w, groups, x, weight, y);
}

/// The generic body of [`forward`].
pub(crate) fn forward_of<T: Float>(w: &Windows, groups: usize, x: &[T], weight: &[T], y: &mut [T]) {
    let features = y.len() / w.positions().max(1);
    T::dispatch(Grouped { w, groups, features, pass: Pass::Forward { x, weight, y } });
}

/// The gradient of the weights.
pub fn weight_gradient<T: Float>(w: &Windows, groups: usize, x: &[T], dy: &[T], dw: &mut [T]) {
    T::grouped_weight_gradient(w, groups, x, dy, dw);
}

/// The generic body of [`weight_gradient`].
pub(crate) fn weight_gradient_of<T: Float>(w: &Windows, groups: usize, x: &[T], dy: &[T], dw: &mut [T]) {
    dw.fill(T::default());
    let features = dy.len() / w.positions().max(1);
    T::dispatch(Grouped { w, groups, features, pass: Pass::WeightGradient { x, dw, dy } });
}

/// The gradient of the images.
pub fn input_gradient<T: Float>(w: &Windows, groups: usize, weight: &[T], dy: &[T], dx: &mut [T]) {
    T::grouped_input_gradient(w, groups, weight, dy, dx);
}

/// The generic body of [`input_gradient`].
pub(crate) fn input_gradient_of<T: Float>(w: &Windows, groups: usize, weight: &[T], dy: &[T], dx: &mut [T]) {
    dx.fill(T::default());
    let features = dy.len() / w.positions().max(1);
    T::dispatch(Grouped { w, groups, features, pass: Pass::InputGradient { dx, weight, dy } });
}

impl<T: Float> Kernel<T> for Grouped<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(mut self) {
        let Self { w, features, .. } = self;
        w.for_each_position(0..w.positions(), |number, at| {
            w.for_each_run(at, 0..w.taps(), |tap, first, count| {
                for i in 0..count {
                    self.tap::<R>(first + i * w.channels, tap + i, number * features);
                }
            });
        });
    }
}

/// `sum += a * b`, element by element.
#[inline(always)]
fn add_products<T: Float, R: Lane<T>>(sum: &mut [T], a: &[T], b: &[T]) {
    for (sum, (&a, &b)) in sum.iter_mut().zip(a.iter().zip(b)) {
        *sum = R::load(a).mul_add(R::load(b), R::load(*sum)).store();
    }
}

/// `sum += a * b` for one number `b`.
#[inline(always)]
fn add_scaled<T: Float, R: Lane<T>>(sum: &mut [T], a: &[T], b: T) {
    for (sum, &a) in sum.iter_mut().zip(a) {
        *sum = R::load(a).mul_add(R::load(b), R::load(*sum)).store();
    }
}

impl<T: Float> Grouped<'_, T> {
    /// One tap at one position: the pixel that starts at `x0` against the output row that starts at `y0`.
    #[inline(always)]
    fn tap<R: Lane<T>>(&mut self, x0: usize, tap: usize, y0: usize) {
        let (channels, features) = (self.w.channels, self.features);
        if channels == self.groups && features == self.groups {
            let (x, v, y) = (x0..x0 + channels, tap * features..(tap + 1) * features, y0..y0 + features);
            return match &mut self.pass {
                Pass::Forward { x: image, weight, y: out } => {
                    add_products::<T, R>(&mut out[y], &image[x], &weight[v])
                }
                Pass::WeightGradient { x: image, dw, dy } => {
                    add_products::<T, R>(&mut dw[v], &image[x], &dy[y])
                }
                Pass::InputGradient { dx, weight, dy } => {
                    add_products::<T, R>(&mut dx[x], &weight[v], &dy[y])
                }
            };
        }
        let (inside, each) = (channels / self.groups, features / self.groups);
        for group in 0..self.groups {
            let y = y0 + group * each..y0 + (group + 1) * each;
            for i in 0..inside {
                let x = x0 + group * inside + i;
                let v = (tap * inside + i) * features + group * each;
                let v = v..v + each;
                match &mut self.pass {
                    Pass::Forward { x: image, weight, y: out } => {
                        add_scaled::<T, R>(&mut out[y.clone()], &weight[v], image[x]);
                    }
                    Pass::WeightGradient { x: image, dw, dy } => {
                        add_scaled::<T, R>(&mut dw[v], &dy[y.clone()], image[x]);
                    }
                    Pass::InputGradient { dx, weight, dy } => {
                        let products = weight[v].iter().zip(&dy[y.clone()]);
                        let sum = products
                            .fold(R::load(dx[x]), |sum, (&a, &b)| R::load(a).mul_add(R::load(b), sum));
                        dx[x] = sum.store();
                    }
                }
            }
        }
    }
}
