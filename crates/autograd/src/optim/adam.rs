//! Adam, and AdamW, which decouples the weight decay.

use super::update::{Part, stretches, update};
use super::{Optimizer, OptimizerState, ensure_state, power};
use crate::Tape;
use losslab_tensor::{Float, Kernel, Lane};

/// Adam: `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`,
/// `w = w - rate * m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)`, with t = 1 at the first step.
///
/// b1 = 0.9, b2 = 0.999, eps = 1e-8 (Kingma & Ba 2015, algorithm 1). [`Adam::new`] adds weight decay to
/// the gradient; [`Adam::decoupled`] is AdamW, which shrinks the weight itself by
/// `rate * decay` first (Loshchilov & Hutter 2019, algorithm 2). Each parameter counts its own steps t: one
/// that sits out has its moments corrected for the steps that it took.
#[derive(Clone, Debug)]
pub struct Adam<T> {
    weight_decay: f64,
    decoupled: bool,
    steps: Vec<u64>,
    m: Vec<Vec<T>>,
    v: Vec<Vec<T>>,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl<T: Float> Adam<T> {
    /// Adam; a weight decay other than 0 acts as an L2 penalty in the gradient.
    pub fn new(weight_decay: f64) -> Self {
        Self { weight_decay, decoupled: false, steps: Vec::new(), m: Vec::new(), v: Vec::new() }
    }

    /// AdamW.
    pub fn decoupled(weight_decay: f64) -> Self {
        Self { decoupled: true, ..Self::new(weight_decay) }
    }
}

impl<T: Float> Optimizer<T> for Adam<T> {
    fn step(&mut self, tape: &mut Tape<T>, learning_rate: f64) {
        ensure_state(&mut self.m, tape);
        ensure_state(&mut self.v, tape);
        self.steps.resize(self.m.len(), 0);
        let (penalty, shrink) = match self.decoupled {
            true => (0.0, 1.0 - learning_rate * self.weight_decay),
            false => (self.weight_decay, 1.0),
        };
        let total = self.m.iter().map(Vec::len).sum();
        let (params, workers) = tape.for_update();
        let memory = self.steps.iter_mut().zip(self.m.iter_mut().zip(&mut self.v));
        let parts = params.zip(memory).filter_map(|((value, grad), (steps, (m, v)))| {
            let grad = grad?;
            *steps += 1;
            let [c1, c2] = [BETA1, BETA2].map(|beta| 1.0 - power(beta, *steps));
            let factors = Factors { rate: T::lift(learning_rate / c1), inv_c2: T::lift(1.0 / c2) };
            Some(Part { value, grad, state: [m, v], factors })
        });
        let [penalty, shrink] = [penalty, shrink].map(T::lift);
        update(workers, total, parts, |part| T::dispatch(Step { penalty, shrink, part }));
    }

    fn state(&self) -> OptimizerState<T> {
        let moments = vec![("m", self.m.clone()), ("v", self.v.clone())];
        OptimizerState { steps: self.steps.clone(), moments }
    }

    #[track_caller]
    fn restore(&mut self, mut state: OptimizerState<T>) {
        self.steps = std::mem::take(&mut state.steps);
        [self.m, self.v] = state.named(["m", "v"]);
    }
}

/// What depends on the steps that a parameter has taken.
#[derive(Clone, Copy)]
struct Factors<T> {
    /// Learning rate / (1 - b1^t).
    rate: T,
    /// 1 / (1 - b2^t).
    inv_c2: T,
}

struct Step<'a, T> {
    penalty: T,
    shrink: T,
    part: Part<'a, T, Factors<T>, 2>,
}

impl<T: Float> Kernel<T> for Step<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Part { value, grad, state: [m, v], factors } = self.part;
        let [rate, inv_c2, penalty, shrink] =
            [factors.rate, factors.inv_c2, self.penalty, self.shrink].map(R::load);
        let [b1, b2, eps] = [BETA1, BETA2, EPSILON].map(R::lift);
        let [new1, new2] = [1.0 - BETA1, 1.0 - BETA2].map(R::lift);
        stretches(value, |here, value| {
            let (grad, m, v) = (&grad[here.clone()], &mut m[here.clone()], &mut v[here]);
            for ((w, &g), (m, v)) in value.iter_mut().zip(grad).zip(m.iter_mut().zip(v)) {
                let g = penalty.mul_add(R::load(*w), R::load(g));
                let new_m = b1.mul_add(R::load(*m), new1 * g);
                let new_v = b2.mul_add(R::load(*v), new2 * (g * g));
                *m = new_m.store();
                *v = new_v.store();
                *w = (shrink * R::load(*w) - rate * new_m / ((new_v * inv_c2).sqrt() + eps)).store();
            }
        });
    }
}
