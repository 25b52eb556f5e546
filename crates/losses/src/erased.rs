//! Loss types as values: what turns [`Loss`], [`SoftLoss`] and [`SetLoss`] into their object-safe twins.

use crate::equation::{Block, Declaration, Equation, Points, SetEquation, SoftEquation, SoftPoints};
use crate::loss::{Confusion, Loss, SetLoss, Shift, SoftLoss};
use crate::probabilities::Probabilities;
use crate::{ClassCounts, Pt, Side};
use losslab_tensor::{Dual, Float, Kernel, Lane, OnLines, Real, prefetch, prefetch_to_write};
use std::marker::PhantomData;

/// A [`Loss`] as a value.
pub(crate) struct Hard<L, const P: usize>(pub PhantomData<fn() -> L>);

/// A [`SoftLoss`] as a value.
pub(crate) struct Soft<L, const P: usize>(pub PhantomData<fn() -> L>);

/// A [`SetLoss`] as a value.
pub(crate) struct Set<L, const P: usize>(pub PhantomData<fn() -> L>);

/// The parameters as the array that an equation takes.
fn array<const P: usize>(params: &[f64]) -> [f64; P] {
    params.try_into().unwrap_or_else(|_| panic!("{} parameters, expected {P}", params.len()))
}

/// The parameters, of which number `k` is the variable of differentiation.
fn seeded<R: Real, const P: usize>(params: &[f64], k: Option<usize>) -> [Dual<R>; P] {
    let params = array::<P>(params).map(R::lift);
    std::array::from_fn(|i| if k == Some(i) { Dual::variable(params[i]) } else { Dual::constant(params[i]) })
}

/// What differentiates an equation twice at x: in x and in x again, or with `Some(k)` in x and in a
/// parameter.
///
/// The inner of two nested dual numbers carries the derivative in x, the outer one that of the other
/// variable.
fn twice(x: f64, k: Option<usize>) -> Pt<Dual<Dual<f64>>> {
    if k.is_some() { Pt::variable(x).constant() } else { Pt::variable_twice(x) }
}

/// The methods of [`Equation`] that hard and soft losses share.
macro_rules! pointwise {
    () => {
        fn declaration(&self) -> Declaration {
            Declaration::of(const { &L::INFO })
        }
        fn slopes_f32(&self, params: &[f64], points: Points<'_, f32>, value: &mut [f32], slope: &mut [f32]) {
            let loss = PhantomData::<L>;
            f32::dispatch(Slopes { loss, params: array(params), points, value, slope });
        }
        fn slopes_f64(&self, params: &[f64], points: Points<'_, f64>, value: &mut [f64], slope: &mut [f64]) {
            let loss = PhantomData::<L>;
            f64::dispatch(Slopes { loss, params: array(params), points, value, slope });
        }
        fn fused_f32(&self, params: &[f64], block: Block<'_, f32>) -> bool {
            f32::dispatch(Fused { loss: PhantomData::<L>, params: array(params), block })
        }
        fn fused_f64(&self, params: &[f64], block: Block<'_, f64>) -> bool {
            f64::dispatch(Fused { loss: PhantomData::<L>, params: array(params), block })
        }
        fn param_slopes(&self, params: &[f64], k: usize, points: Points<'_, f64>, slope: &mut [f64]) {
            let params = seeded(params, Some(k));
            for ((slope, &x), &sign) in slope.iter_mut().zip(points.margin).zip(points.sign) {
                *slope = L::eval(params, Pt::at(x).constant(), Side { positive: sign > 0.0 }).slope;
            }
        }
        fn second_derivatives(
            &self,
            params: &[f64],
            k: Option<usize>,
            points: Points<'_, f64>,
            second: &mut [f64],
        ) {
            let params = seeded(params, k);
            for ((second, &x), &sign) in second.iter_mut().zip(points.margin).zip(points.sign) {
                *second = L::eval(params, twice(x, k), Side { positive: sign > 0.0 }).slope.slope;
            }
        }
        fn probabilities(&self, params: &[f64]) -> Probabilities {
            (L::INFO.probabilities)(array(params))
        }
        fn shift(
            &self,
            params: &[f64],
            k: Option<usize>,
            counts: &ClassCounts,
        ) -> Result<Shift<f64>, String> {
            let shift = L::shift(seeded(params, k), counts)?;
            let part = |x: Dual<f64>| if k.is_some() { x.slope } else { x.value };
            Ok(Shift { scale: part(shift.scale), target: shift.target.into_iter().map(part).collect() })
        }
    };
}

impl<L: Loss<P>, const P: usize> Equation for Hard<L, P> {
    pointwise!();
}

impl<L: SoftLoss<P>, const P: usize> Equation for Soft<L, P> {
    pointwise!();
    fn soft(&self) -> Option<&dyn SoftEquation> {
        Some(self)
    }
}

/// Value and derivative of every point.
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
        // Indices below one length: of zipped iterators the compiler takes the last lanes one by one, here a
        // quarter.
        let n = self.value.len();
        let (margin, sign) = (&self.points.margin[..n], &self.points.sign[..n]);
        let (value, slope) = (self.value, &mut self.slope[..n]);
        for i in 0..n {
            let side = Side { positive: R::load(sign[i]) > R::lift(0.0) };
            let y = L::eval(params, Pt::variable(R::load(margin[i])), side);
            value[i] = y.value.store();
            slope[i] = y.slope.store();
        }
    }
}

/// Logits that the three loops of [`Fused`] share: 4 KB of the first-level cache with all that belongs to
/// them. With 1024, of whose targets nothing is read before the third loop, a million logits took 15 %
/// longer.
const STRETCH: usize = 256;
/// How far ahead memory is asked for (twice as far is level, four times 10 % slower).
const AHEAD: usize = 2 * STRETCH;

/// The fused kernel: logits and targets in, weighted losses and gradients out.
///
/// Three short loops over a stretch of logits in the first-level cache, not one long one: e^-|x|, ln(1 + e)
/// and the equation are each a chain of dependent operations, and processors look ahead far enough to overlap
/// the rounds of a short chain only (focal loss, AVX2: 1.9 ns per logit, against 3.0 in one loop). The
/// outputs hold the intermediate results.
struct Fused<'a, L, T, const P: usize> {
    loss: PhantomData<L>,
    params: [f64; P],
    block: Block<'a, T>,
}

impl<L: Loss<P>, T: Float, const P: usize> Kernel<T> for Fused<'_, L, T, P> {
    type Output = bool;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> bool {
        let defaults = L::INFO.params.map(|p| R::lift(p.default));
        let params = self.params.map(R::lift);
        // A copy of the loop in which the compiler knows the parameters, see `Pt::q_pow`.
        if P > 0 && params == defaults { self.with(defaults) } else { self.with(params) }
    }
}

impl<L: Loss<P>, T: Float, const P: usize> Fused<'_, L, T, P> {
    #[inline(always)]
    fn with<R: Lane<T>>(self, params: [R; P]) -> bool {
        let Block { logits, targets, weights, slope_weights, value, grad, far } = self.block;
        let (zero, one) = (R::lift(0.0), R::lift(1.0));
        let params = params.map(Dual::constant);
        let mut hard = true;
        let inputs = logits.chunks(STRETCH).zip(targets.chunks(STRETCH));
        let outputs = value.chunks_mut(STRETCH).zip(grad.chunks_mut(STRETCH));
        let mut exponential = OnLines([T::default(); STRETCH]);
        for ((logits, targets), (value, grad)) in inputs.zip(outputs) {
            let n = logits.len();
            let (targets, value, grad) = (&targets[..n], &mut value[..n], &mut grad[..n]);
            let e = &mut exponential.0[..n];
            // One array before each loop: all at once are more lines than a core can wait for (16 million
            // logits 1.02 to 1.1 times as long).
            if far {
                prefetch(logits, AHEAD);
            }
            for i in 0..n {
                e[i] = R::load(logits[i]).exp_neg_abs().store();
            }
            if far {
                prefetch(targets, AHEAD);
            }
            for i in 0..n {
                value[i] = R::load(e[i]).ln_1p_unit().store();
            }
            if far {
                prefetch_to_write(grad, AHEAD);
            }
            for i in 0..n {
                let (z, y) = (R::load(logits[i]), R::load(targets[i]));
                let side = Side { positive: y > zero };
                hard &= y == side.pick(one, zero);
                let x = side.pick(z, -z);
                let t = Pt::variable_from_parts(x, R::load(e[i]), R::load(value[i]));
                let f = L::eval(params, t, side);
                value[i] = (f.value * weights.pick::<R>(side)).store();
                grad[i] = (f.slope * slope_weights.pick::<R>(side)).store();
            }
        }
        hard
    }
}

impl<L: SoftLoss<P>, const P: usize> SoftEquation for Soft<L, P> {
    fn soft_slopes_f32(
        &self,
        params: &[f64],
        points: SoftPoints<'_, f32>,
        value: &mut [f32],
        slope: &mut [f32],
    ) {
        let loss = PhantomData::<L>;
        f32::dispatch(SoftSlopes { loss, params: array(params), points, value, slope });
    }
    fn soft_slopes_f64(
        &self,
        params: &[f64],
        points: SoftPoints<'_, f64>,
        value: &mut [f64],
        slope: &mut [f64],
    ) {
        let loss = PhantomData::<L>;
        f64::dispatch(SoftSlopes { loss, params: array(params), points, value, slope });
    }
    fn soft_param_slopes(&self, params: &[f64], k: usize, points: SoftPoints<'_, f64>, slope: &mut [f64]) {
        let params = seeded(params, Some(k));
        for ((slope, &z), &y) in slope.iter_mut().zip(points.logit).zip(points.target) {
            *slope = L::eval_soft(params, Pt::at(z).constant(), Dual::constant(y)).slope;
        }
    }
    fn soft_second_derivatives(
        &self,
        params: &[f64],
        k: Option<usize>,
        points: SoftPoints<'_, f64>,
        second: &mut [f64],
    ) {
        let params = seeded(params, k);
        for ((second, &z), &y) in second.iter_mut().zip(points.logit).zip(points.target) {
            *second = L::eval_soft(params, twice(z, k), Dual::lift(y)).slope.slope;
        }
    }
}

/// The fused kernel on soft targets.
struct SoftSlopes<'a, L, T, const P: usize> {
    loss: PhantomData<L>,
    params: [f64; P],
    points: SoftPoints<'a, T>,
    value: &'a mut [T],
    slope: &'a mut [T],
}

impl<L: SoftLoss<P>, T: Float, const P: usize> Kernel<T> for SoftSlopes<'_, L, T, P> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let params = self.params.map(|p| Dual::constant(R::lift(p)));
        let n = self.value.len();
        let (logit, target) = (&self.points.logit[..n], &self.points.target[..n]);
        let (value, slope) = (self.value, &mut self.slope[..n]);
        for i in 0..n {
            let target = Dual::constant(R::load(target[i]));
            let y = L::eval_soft(params, Pt::variable(R::load(logit[i])), target);
            value[i] = y.value.store();
            slope[i] = y.slope.store();
        }
    }
}

/// What a set loss answers where a margin is asked for.
#[track_caller]
fn no_margin(name: &str) -> ! {
    panic!("{name} is a loss of a whole batch: it has no margin")
}

impl<L: SetLoss<P>, const P: usize> Equation for Set<L, P> {
    fn declaration(&self) -> Declaration {
        Declaration::of(const { &L::INFO })
    }
    fn slopes_f32(&self, _: &[f64], _: Points<'_, f32>, _: &mut [f32], _: &mut [f32]) {
        no_margin(L::INFO.name)
    }
    fn slopes_f64(&self, _: &[f64], _: Points<'_, f64>, _: &mut [f64], _: &mut [f64]) {
        no_margin(L::INFO.name)
    }
    fn fused_f32(&self, _: &[f64], _: Block<'_, f32>) -> bool {
        no_margin(L::INFO.name)
    }
    fn fused_f64(&self, _: &[f64], _: Block<'_, f64>) -> bool {
        no_margin(L::INFO.name)
    }
    fn param_slopes(&self, _: &[f64], _: usize, _: Points<'_, f64>, _: &mut [f64]) {
        no_margin(L::INFO.name)
    }
    fn second_derivatives(&self, _: &[f64], _: Option<usize>, _: Points<'_, f64>, _: &mut [f64]) {
        no_margin(L::INFO.name)
    }
    fn shift(&self, _: &[f64], _: Option<usize>, _: &ClassCounts) -> Result<Shift<f64>, String> {
        Err("a loss of a whole batch shifts no margin".into())
    }
    fn probabilities(&self, params: &[f64]) -> Probabilities {
        (L::INFO.probabilities)(array(params))
    }
    fn set(&self) -> Option<&dyn SetEquation> {
        Some(self)
    }
}

impl<L: SetLoss<P>, const P: usize> SetEquation for Set<L, P> {
    fn value_and_partials(&self, params: &[f64], counts: Confusion<f64>) -> (f64, Confusion<f64>) {
        let constant = Confusion {
            true_positive: Dual::constant(counts.true_positive),
            false_positive: Dual::constant(counts.false_positive),
            false_negative: Dual::constant(counts.false_negative),
        };
        let eval = |counts| L::eval(seeded(params, None), counts);
        let true_positive = Dual::variable(counts.true_positive);
        let false_positive = Dual::variable(counts.false_positive);
        let false_negative = Dual::variable(counts.false_negative);
        let partials = Confusion {
            true_positive: eval(Confusion { true_positive, ..constant }).slope,
            false_positive: eval(Confusion { false_positive, ..constant }).slope,
            false_negative: eval(Confusion { false_negative, ..constant }).slope,
        };
        (eval(constant).value, partials)
    }
    fn set_param_slope(&self, params: &[f64], k: usize, counts: Confusion<f64>) -> f64 {
        let counts = Confusion {
            true_positive: Dual::constant(counts.true_positive),
            false_positive: Dual::constant(counts.false_positive),
            false_negative: Dual::constant(counts.false_negative),
        };
        L::eval(seeded(params, Some(k)), counts).slope
    }
}
