//! The largest number along axes.

use super::axes::{Axes, for_each_run};
use super::pointwise::is_nan;
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Shape};

/// `y = max of x over axes`.
///
/// dx = dy at the first place, in row-major order, that holds the maximum, and 0 elsewhere. A NaN counts as
/// larger than every number, so that it reaches the result; its gradient goes to the first NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Max(pub(crate) Axes);

/// A position is saved as two numbers, high * 2^20 + low: f32 holds whole numbers only up to 2^24.
const LOW: usize = 1 << 20;

impl<T: Float> Op<T> for Max {
    fn name(&self) -> &'static str {
        "max"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (x, axes) = (inputs[0], self.0.list());
        self.0.check(x)?;
        if axes.iter().any(|&axis| x.dims()[axis] == 0) {
            return Err(format!("the maximum over axes {axes:?} of shape {x} has no elements"));
        }
        Ok(x.without(axes))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        let (shape, x) = (x.shape(0), x.value(0));
        let unseen = T::lift(-1.0);
        saved.clear();
        saved.resize(2 * y.len(), unseen);
        let (winners, _) = saved.as_chunks_mut::<2>();
        for_each_run(shape, self.0.list(), |start, step, run| {
            for (i, position) in run.enumerate() {
                let (at, candidate) = (start + i * step, x[position]);
                let (best, winner) = (&mut y[at], &mut winners[at]);
                // A NaN that has won gives way to nothing.
                let larger = (candidate > *best || is_nan(candidate)) && !is_nan(*best);
                if winner[0] == unseen || larger {
                    *best = candidate;
                    *winner = [position / LOW, position % LOW].map(|part| T::lift(part as f64));
                }
            }
        });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        let (winners, _) = at.saved.as_chunks::<2>();
        for (winner, &dy) in winners.iter().zip(at.dy) {
            let [high, low] = winner.map(|part| part.to_f64() as usize);
            dx[high * LOW + low] = dy;
        }
    }
}
