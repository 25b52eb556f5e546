//! Stochastic gradient descent with momentum and weight decay.

use super::{Optimizer, ensure_state};
use crate::Tape;
use losslab_tensor::{Float, Kernel, Lane};

/// SGD: `g' = g + decay w`, `v = momentum v + g'`, `w = w - rate v`.
///
/// The velocity starts at 0 and is not damped, so the first step is plain gradient descent; weight
/// decay acts on every parameter (Sutskever et al. 2013, in the form that PyTorch uses).
#[derive(Clone, Debug)]
pub struct Sgd<T> {
    momentum: f64,
    weight_decay: f64,
    velocity: Vec<Vec<T>>,
}

impl<T: Float> Sgd<T> {
    /// SGD with this momentum (0: none) and this weight decay (0: none).
    pub fn new(momentum: f64, weight_decay: f64) -> Self {
        Self { momentum, weight_decay, velocity: Vec::new() }
    }
}

impl<T: Float> Optimizer<T> for Sgd<T> {
    fn step(&mut self, tape: &mut Tape<T>, learning_rate: f64) {
        ensure_state(&mut self.velocity, tape);
        for (param, velocity) in tape.param_ids().zip(&mut self.velocity) {
            if let (value, Some(grad)) = tape.value_and_grad(param) {
                let [rate, momentum, decay] = [learning_rate, self.momentum, self.weight_decay].map(T::lift);
                T::dispatch(Step { rate, momentum, decay, value, grad, velocity });
            }
        }
    }
}

struct Step<'a, T> {
    rate: T,
    momentum: T,
    decay: T,
    value: &'a mut [T],
    grad: &'a [T],
    velocity: &'a mut [T],
}

impl<T: Float> Kernel<T> for Step<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let [rate, momentum, decay] = [self.rate, self.momentum, self.decay].map(R::load);
        for ((w, &g), v) in self.value.iter_mut().zip(self.grad).zip(self.velocity) {
            let g = decay.mul_add(R::load(*w), R::load(g));
            let new_v = momentum.mul_add(R::load(*v), g);
            *v = new_v.store();
            *w = (-rate).mul_add(new_v, R::load(*w)).store();
        }
    }
}
