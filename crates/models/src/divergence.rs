//! How a training diverged: where, and what was the first number that was not finite.

use losslab_autograd::{NonFinite, Tape};
use std::fmt;

/// The end of a training that went to infinity or NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Step within the epoch, from 1.
    pub step: usize,
    /// What was seen to be not finite.
    pub what: Diverged,
    /// The first number that was not finite: it tells which operation of which layer is to blame.
    pub first: Option<Box<NonFinite>>,
}

/// What was seen to be not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Diverged {
    /// The loss of a step.
    Loss(f32),
    /// The gradient of a step whose loss was finite.
    Gradient(f32),
    /// The weights, when the optimiser had moved them at the end of an epoch.
    Weights,
}

impl Divergence {
    /// Says so if a step has diverged; to be asked after the way back, before the optimiser moves the
    /// weights. `norm` is that of the gradient, which makes looking cost nothing more.
    pub fn of_step(tape: &Tape<f32>, [epoch, step]: [usize; 2], loss: f32, norm: f64) -> Result<(), Self> {
        let what = match (loss.is_finite(), norm.is_finite()) {
            (true, true) => return Ok(()),
            (false, _) => Diverged::Loss(loss),
            (true, false) => Diverged::Gradient(loss),
        };
        Err(Self { epoch, step, what, first: tape.first_non_finite().map(Box::new) })
    }

    /// Says so if the weights have diverged in the last step of an epoch, so that nobody judges or keeps
    /// them.
    pub fn of_weights(tape: &Tape<f32>, [epoch, step]: [usize; 2]) -> Result<(), Self> {
        match tape.first_non_finite_parameter().map(Box::new) {
            None => Ok(()),
            first => Err(Self { epoch, step, what: Diverged::Weights, first }),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, step, what, first } = self;
        match what {
            Diverged::Loss(loss) => write!(f, "the loss was {loss} in epoch {epoch}, step {step}")?,
            Diverged::Gradient(loss) => {
                write!(f, "the gradient of a loss of {loss} was not finite in epoch {epoch}, step {step}")?;
            }
            Diverged::Weights => write!(f, "the weights were not finite after epoch {epoch}, step {step}")?,
        }
        first.as_ref().map_or(Ok(()), |first| write!(f, ": {first}"))
    }
}

impl std::error::Error for Divergence {}
