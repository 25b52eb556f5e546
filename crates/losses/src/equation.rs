//! The object-safe twin of [`Loss`]: one virtual call per slice, never per element.

use crate::loss::{Alpha, Heads, Loss, ParamInfo};
use crate::{Pt, Side};
use losslab_tensor::{Dual, Float, Kernel, Lane};
use std::marker::PhantomData;

/// A [`Loss`] whose type has been forgotten: what the registry holds.
pub trait Equation: Send + Sync {
    /// The name in specs.
    fn name(&self) -> &'static str;
    /// The name in sentences and plots.
    fn title(&self) -> &'static str;
    /// The equation as text.
    fn equation(&self) -> &'static str;
    /// Where it was published.
    fn source(&self) -> &'static str;
    /// The equation's parameters.
    fn params(&self) -> &'static [ParamInfo];
    /// Whether it takes alpha.
    fn alpha(&self) -> Alpha;
    /// The heads that it makes sense on.
    fn heads(&self) -> Heads;

    /// Value and derivative in the margin, in f32: `value[i] = f(x[i])`, `slope[i] = f'(x[i])`.
    fn slopes_f32(&self, params: &[f64], points: Points<'_, f32>, value: &mut [f32], slope: &mut [f32]);
    /// The same in f64.
    fn slopes_f64(&self, params: &[f64], points: Points<'_, f64>, value: &mut [f64], slope: &mut [f64]);
    /// The derivative of each value with respect to parameter `k`.
    fn param_slopes(&self, params: &[f64], k: usize, points: Points<'_, f64>, slope: &mut [f64]);
}

/// Where an equation is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a, T> {
    /// Margins.
    pub margin: &'a [T],
    /// +1 where the true class is the positive one, else -1.
    pub sign: &'a [T],
}

/// A loss type as a value.
pub(crate) struct Erased<L, const P: usize>(pub PhantomData<fn() -> L>);

impl<L: Loss<P>, const P: usize> Erased<L, P> {
    /// The parameters as the array that `eval` takes.
    fn array(params: &[f64]) -> [f64; P] {
        assert!(params.len() == P, "{}: {} parameters, expected {P}", L::INFO.name, params.len());
        std::array::from_fn(|i| params[i])
    }
}

impl<L: Loss<P>, const P: usize> Equation for Erased<L, P> {
    fn name(&self) -> &'static str {
        L::INFO.name
    }
    fn title(&self) -> &'static str {
        L::INFO.title
    }
    fn equation(&self) -> &'static str {
        L::INFO.equation
    }
    fn source(&self) -> &'static str {
        L::INFO.source
    }
    fn params(&self) -> &'static [ParamInfo] {
        const { &L::INFO.params }
    }
    fn alpha(&self) -> Alpha {
        L::INFO.alpha
    }
    fn heads(&self) -> Heads {
        L::INFO.heads
    }
    fn slopes_f32(&self, params: &[f64], points: Points<'_, f32>, value: &mut [f32], slope: &mut [f32]) {
        let loss = PhantomData::<L>;
        f32::dispatch(Slopes { loss, params: Self::array(params), points, value, slope });
    }
    fn slopes_f64(&self, params: &[f64], points: Points<'_, f64>, value: &mut [f64], slope: &mut [f64]) {
        let loss = PhantomData::<L>;
        f64::dispatch(Slopes { loss, params: Self::array(params), points, value, slope });
    }
    fn param_slopes(&self, params: &[f64], k: usize, points: Points<'_, f64>, slope: &mut [f64]) {
        let params = Self::array(params);
        for ((slope, &x), &sign) in slope.iter_mut().zip(points.margin).zip(points.sign) {
            let seeded =
                |i: usize| if i == k { Dual::variable(params[i]) } else { Dual::constant(params[i]) };
            let t = Pt::at(x).constant();
            *slope = L::eval(std::array::from_fn(seeded), t, Side { positive: sign > 0.0 }).slope;
        }
    }
}

/// The fused kernel: value and derivative of every point in one pass over plain slices.
struct Slopes<'a, L, T, const P: usize> {
    loss: PhantomData<L>,
    params: [f64; P],
    points: Points<'a, T>,
    value: &'a mut [T],
    slope: &'a mut [T],
}

impl<L: Loss<P>, T: Float, const P: usize> Kernel<T> for Slopes<'_, L, T, P> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let params = self.params.map(|p| Dual::constant(R::lift(p)));
        let points = self.points.margin.iter().zip(self.points.sign);
        for ((&x, &sign), (value, slope)) in points.zip(self.value.iter_mut().zip(self.slope)) {
            let side = Side { positive: R::load(sign) > R::lift(0.0) };
            let y = L::eval(params, Pt::variable(R::load(x)), side);
            *value = y.value.store();
            *slope = y.slope.store();
        }
    }
}
