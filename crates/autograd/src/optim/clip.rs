//! Clipping of the gradient by its global norm.

use crate::Tape;
use losslab_tensor::Float;

/// Scales all gradients by `max / norm` if their joint Euclidean norm is above `max`; returns the norm
/// before.
///
/// The direction is kept (Pascanu, Mikolov & Bengio 2013, algorithm 1). The norm is that of all gradients of
/// the last backward pass as one vector, summed in f64; parameters that took no part count as 0. A norm that
/// is not finite is returned and every gradient left as it is: whoever called decides whether to skip the
/// step or to stop. (f64 gradients above 1e154 overflow the sum of squares and count as not finite.) PyTorch
/// scales by `max / (norm + 1e-6)`, which leaves the norm a little below `max`.
///
/// # Panics
/// If `max` is not positive.
#[track_caller]
pub fn clip_global_norm<T: Float>(tape: &mut Tape<T>, max: f64) -> f64 {
    assert!(max > 0.0, "clip_global_norm: maximum {max}, expected more than 0");
    let norm = global_norm(tape);
    if norm.is_finite() && norm > max {
        let factor = max / norm;
        for param in tape.param_ids() {
            if let Some(grad) = tape.grad_mut(param) {
                grad.iter_mut().for_each(|g| *g = T::from_f64(g.to_f64() * factor));
            }
        }
    }
    norm
}

/// The joint Euclidean norm of all gradients of the last backward pass, as one vector summed in f64;
/// parameters that took no part count as 0. For f32 it is finite exactly if every gradient is.
pub fn global_norm<T: Float>(tape: &Tape<T>) -> f64 {
    let squares =
        tape.param_ids().map(|param| tape.grad_of(param.0).map_or(0.0, |grad| sum_of_squares(&grad)));
    squares.sum::<f64>().sqrt()
}

/// In 8 lanes: one running sum would wait for each addition (3 times as long).
fn sum_of_squares<T: Float>(x: &[T]) -> f64 {
    let mut lanes = [0.0; 8];
    for block in x.chunks(lanes.len()) {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += x.to_f64() * x.to_f64();
        }
    }
    lanes.iter().sum()
}
