//! Optimisers: how a parameter moves along its gradient.

mod adam;
mod sgd;

pub use adam::Adam;
pub use sgd::Sgd;

use crate::Tape;
use losslab_tensor::Float;

/// Moves all parameters of a tape by one step along the gradients of the last backward pass.
///
/// A parameter that took no part in it stays where it is, and so does its state.
pub trait Optimizer<T: Float> {
    /// Takes one step with this learning rate.
    fn step(&mut self, tape: &mut Tape<T>, learning_rate: f64);
}

/// Makes `state` hold one zeroed buffer per parameter, the first time.
fn ensure_state<T: Float>(state: &mut Vec<Vec<T>>, tape: &Tape<T>) {
    for param in tape.param_ids().skip(state.len()) {
        state.push(vec![T::default(); tape.shape(param).elements()]);
    }
}
