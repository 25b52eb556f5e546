//! Stochastic gradient descent with momentum and weight decay.

use super::update::{Part, stretches, update};
use super::{Optimizer, OptimizerState, ensure_state};
use crate::Tape;
use losslab_tensor::{Float, Kernel, Lane};

/// SGD: `g' = g + decay w`, `v = momentum v + g'`, `w = w - rate v`; with Nesterov's momentum
/// `w = w - rate (g' + momentum v)`, v being the new velocity.
///
/// The velocity starts at 0 and is not damped, so the first step is plain gradient descent; weight
/// decay acts on every parameter (Sutskever et al. 2013, in the form that PyTorch uses).
#[derive(Clone, Debug)]
pub struct Sgd<T> {
    momentum: f64,
    weight_decay: f64,
    nesterov: bool,
    velocity: Vec<Vec<T>>,
}

impl<T: Float> Sgd<T> {
    /// SGD with this momentum (0: none) and this weight decay (0: none).
    pub fn new(momentum: f64, weight_decay: f64) -> Self {
        Self { momentum, weight_decay, nesterov: false, velocity: Vec::new() }
    }

    /// SGD with Nesterov's momentum: the gradient looks one step of the velocity ahead.
    ///
    /// # Panics
    /// If the momentum is not positive: there would be nothing to look ahead along.
    #[track_caller]
    pub fn nesterov(momentum: f64, weight_decay: f64) -> Self {
        assert!(momentum > 0.0, "Sgd::nesterov: momentum {momentum}, expected more than 0");
        Self { nesterov: true, ..Self::new(momentum, weight_decay) }
    }
}

impl<T: Float> Optimizer<T> for Sgd<T> {
    fn step(&mut self, tape: &mut Tape<T>, learning_rate: f64) {
        ensure_state(&mut self.velocity, tape);
        let [rate, momentum, decay] = [learning_rate, self.momentum, self.weight_decay].map(T::lift);
        let nesterov = self.nesterov;
        let total = self.velocity.iter().map(Vec::len).sum();
        let (params, workers) = tape.for_update();
        let parts = params.zip(&mut self.velocity).filter_map(|((value, grad), velocity)| {
            Some(Part { value, grad: grad?, state: [velocity], factors: () })
        });
        update(workers, total, parts, |part| T::dispatch(Step { rate, momentum, decay, nesterov, part }));
    }

    fn state(&self) -> OptimizerState<T> {
        OptimizerState { steps: Vec::new(), moments: vec![("velocity", self.velocity.clone())] }
    }

    #[track_caller]
    fn restore(&mut self, state: OptimizerState<T>) {
        [self.velocity] = state.named(["velocity"]);
    }
}

struct Step<'a, T> {
    rate: T,
    momentum: T,
    decay: T,
    nesterov: bool,
    part: Part<'a, T, (), 1>,
}

impl<T: Float> Kernel<T> for Step<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let [rate, momentum, decay] = [self.rate, self.momentum, self.decay].map(R::load);
        let Part { value, grad, state: [velocity], .. } = self.part;
        stretches(value, |here, value| {
            let (grad, velocity) = (&grad[here.clone()], &mut velocity[here]);
            for ((w, &g), v) in value.iter_mut().zip(grad).zip(velocity) {
                let g = decay.mul_add(R::load(*w), R::load(g));
                let new_v = momentum.mul_add(R::load(*v), g);
                *v = new_v.store();
                let direction = if self.nesterov { momentum.mul_add(new_v, g) } else { new_v };
                *w = (-rate).mul_add(direction, R::load(*w)).store();
            }
        });
    }
}
