//! Dropout whose mask is a function of a counter, not of a generator's state.

use crate::counter::bits;
use crate::op::{Args, At, Op};
use losslab_tensor::{Float, Kernel, Lane, Real, Shape};

/// Dropout: `y_i = x_i m_i`, with m_i = 0 with probability p and 1 / (1 - p) otherwise
/// (Srivastava et al. 2014, scaled in training so that evaluation is the identity).
///
/// m_i is a function of `(seed, step, site, i)` alone: not of the split of the work, nor of the values, so a
/// finite difference sees the same mask, and f32 and f64 share it. dx = dy m. The mask multiplies, so a NaN
/// or an infinity that is dropped is NaN, not hidden.
///
/// ```
/// use losslab_autograd::{Dropout, Tape};
/// let tape = Tape::<f32>::new();
/// let x = tape.constant([4], &[1.0; 4]);
/// let y = x.dropout(Dropout { p: 0.5, seed: 1, step: 0, site: 0 });
/// assert!(y.value().iter().all(|&y| y == 0.0 || y == 2.0));
/// assert_eq!(*x.dropout(Dropout::EVALUATION).value(), *x.value());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Probability that an element is dropped: 0 <= p < 1.
    pub p: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Number of the training step: another step, another mask.
    pub step: u64,
    /// Which dropout of the model this is. Two calls of one step with the same site share their mask.
    pub site: u64,
}

impl Dropout {
    /// The identity, for evaluation: nothing is dropped, every bit is kept.
    pub const EVALUATION: Dropout = Dropout { p: 0.0, seed: 0, step: 0, site: 0 };

    fn mask(&self) -> Mask {
        Mask {
            key: bits(bits(self.seed, self.step), self.site),
            // An element is kept if 53 random bits, a number in [0, 1), are at least p.
            threshold: (self.p * (1u64 << 53) as f64) as u64,
            scale: 1.0 / (1.0 - self.p),
        }
    }
}

impl<T: Float> Op<T> for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match (0.0..1.0).contains(&self.p) {
            true => Ok(inputs[0]),
            false => Err(format!("p = {}, expected 0 <= p < 1", self.p)),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        T::dispatch(Apply { mask: self.mask(), from: x.value(0), to: y });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        T::dispatch(Apply { mask: self.mask(), from: at.dy, to: dx });
    }
}

#[derive(Clone, Copy)]
struct Mask {
    key: u64,
    threshold: u64,
    scale: f64,
}

impl Mask {
    #[inline(always)]
    fn at<R: Real>(self, i: usize) -> R {
        let keep = bits(self.key, i as u64) >> 11 >= self.threshold;
        R::select(keep, R::lift(self.scale), R::lift(0.0))
    }
}

/// `to = mask * from`: the operation is linear, so forward and backward are the same.
struct Apply<'a, T> {
    mask: Mask,
    from: &'a [T],
    to: &'a mut [T],
}

impl<T: Float> Kernel<T> for Apply<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        for (i, (to, &from)) in self.to.iter_mut().zip(self.from).enumerate() {
            *to = (self.mask.at::<R>(i) * R::load(from)).store();
        }
    }
}
