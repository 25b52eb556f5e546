//! Stochastic gradient descent with momentum and weight decay.

use super::{Optimizer, OptimizerState, STRETCH, ensure_state};
use crate::Tape;
use crate::ops::pointwise::PIECE;
use losslab_tensor::{Float, Kernel, Lane, prefetch_to_write};

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
        for (param, velocity) in tape.param_ids().zip(&mut self.velocity) {
            if let (value, Some(grad), workers) = tape.for_update(param) {
                let [rate, momentum, decay] = [learning_rate, self.momentum, self.weight_decay].map(T::lift);
                let nesterov = self.nesterov;
                let size = workers.share(value.len(), 16, PIECE);
                workers.chunks([value, velocity], size, |start, [value, velocity]| {
                    let grad = &grad[start..start + value.len()];
                    T::dispatch(Step { rate, momentum, decay, nesterov, value, grad, velocity });
                });
            }
        }
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
    value: &'a mut [T],
    grad: &'a [T],
    velocity: &'a mut [T],
}

impl<T: Float> Kernel<T> for Step<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let [rate, momentum, decay] = [self.rate, self.momentum, self.decay].map(R::load);
        let n = self.value.len();
        for start in (0..n).step_by(STRETCH) {
            let here = start..n.min(start + STRETCH);
            prefetch_to_write(self.value, here.start + 2 * STRETCH..here.end + 2 * STRETCH);
            let (value, velocity) = (&mut self.value[here.clone()], &mut self.velocity[here.clone()]);
            let grad = &self.grad[here];
            for ((w, &g), v) in value.iter_mut().zip(grad).zip(velocity) {
                let g = decay.mul_add(R::load(*w), R::load(g));
                let new_v = momentum.mul_add(R::load(*v), g);
                *v = new_v.store();
                let direction = if self.nesterov { momentum.mul_add(new_v, g) } else { new_v };
                *w = (-rate).mul_add(direction, R::load(*w)).store();
            }
        }
    }
}
