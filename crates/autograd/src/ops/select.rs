//! The choice between two arrays, element by element.

use super::broadcast::Rows;
use super::pointwise::is_nan;
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Shape};

/// `y = a where c is not 0, else b`, with c, a and b broadcast to a common shape (NumPy's `where`).
///
/// da = dy where c is not 0 and exactly 0 elsewhere; db the other way round; dc = 0. Nothing is multiplied:
/// what stands in the branch not taken, an infinity or NaN, touches neither value nor gradient. A NaN as
/// condition is neither yes nor no, and makes the value NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Select;

fn common_shape(inputs: [Shape; 3]) -> Option<Shape> {
    inputs[0].broadcast(inputs[1])?.broadcast(inputs[2])
}

impl<T: Float> Op<T> for Select {
    fn name(&self) -> &'static str {
        "select"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (c, a, b) = (inputs[0], inputs[1], inputs[2]);
        common_shape([c, a, b])
            .ok_or_else(|| format!("shapes {c}, {a} and {b} do not broadcast to a common shape"))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let Some(shape) = common_shape([x.shape(0), x.shape(1), x.shape(2)]) else {
            unreachable!("checked by `shape`")
        };
        let [c, a, b] = [0, 1, 2].map(|i| x.value(i));
        for row in Rows::<3>::new(x, shape) {
            for (j, y) in y[row.out..row.out + row.len].iter_mut().enumerate() {
                let at = |i: usize| row.start[i] + j * row.step[i];
                let condition = c[at(0)];
                let chosen = T::select(condition == T::lift(0.0), b[at(2)], a[at(1)]);
                *y = T::select(is_nan(condition), condition, chosen);
            }
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        if i == 0 {
            return;
        }
        let c = at.x.value(0);
        for row in Rows::<3>::new(at.x, at.shape) {
            for (j, &dy) in at.dy[row.out..row.out + row.len].iter().enumerate() {
                let no = c[row.start[0] + j * row.step[0]] == T::lift(0.0);
                dx[row.start[i] + j * row.step[i]] += T::select(no == (i == 2), dy, T::lift(0.0));
            }
        }
    }
}
