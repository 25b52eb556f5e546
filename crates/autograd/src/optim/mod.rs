//! Optimisers: how a parameter moves along its gradient, how far ([`Schedule`]), and how far at most
//! ([`clip_global_norm`]).

mod adam;
mod clip;
mod schedule;
mod sgd;
mod state;
mod update;

pub use adam::Adam;
pub use clip::{clip_global_norm, global_norm};
pub use schedule::Schedule;
pub use sgd::Sgd;
pub use state::OptimizerState;

use crate::Tape;
use losslab_tensor::Float;

/// Moves all parameters of a tape by one step along the gradients of the last backward pass.
///
/// A parameter that took no part in it stays where it is, and so does its state.
pub trait Optimizer<T: Float> {
    /// Takes one step with this learning rate.
    fn step(&mut self, tape: &mut Tape<T>, learning_rate: f64);

    /// A copy of what it remembers between steps.
    fn state(&self) -> OptimizerState<T>;

    /// Takes back what [`state`](Optimizer::state) copied: the steps that follow have the same bits.
    ///
    /// # Panics
    /// If the state is that of another kind of optimiser.
    fn restore(&mut self, state: OptimizerState<T>);
}

/// Makes `state` hold one zeroed buffer per parameter, the first time.
///
/// # Panics
/// If it holds buffers for the parameters of another model.
#[track_caller]
fn ensure_state<T: Float>(state: &mut Vec<Vec<T>>, tape: &Tape<T>) {
    for param in tape.param_ids().skip(state.len()) {
        state.push(vec![T::default(); tape.shape(param).elements()]);
    }
    assert!(
        state.len() == tape.params(),
        "optimiser of {} parameters, tape of {}",
        state.len(),
        tape.params()
    );
    for (param, state) in tape.param_ids().zip(state) {
        let elements = tape.shape(param).elements();
        assert!(
            state.len() == elements,
            "optimiser state of {} numbers for parameter {} of shape {}",
            state.len(),
            tape.name(param),
            tape.shape(param)
        );
    }
}

/// `base^n` by repeated squaring: unlike `powi`, the same bits on every machine.
fn power(mut base: f64, mut n: u64) -> f64 {
    let mut power = 1.0;
    while n > 0 {
        if n & 1 == 1 {
            power *= base;
        }
        base *= base;
        n >>= 1;
    }
    power
}
