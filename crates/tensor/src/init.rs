//! Initial values of parameters.

use crate::{Float, rng::Rng};

/// A distribution that parameters are drawn from before training.
///
/// `fan_in` is the number of inputs that one output unit sums over (dense layer: the inputs;
/// convolution: kernel height x width x input channels), `fan_out` the number of output units that
/// one input unit feeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All equal to this value.
    Constant(f64),
    /// N(0, std^2).
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// N(0, 2 / fan_in): keeps the variance of the activations through layers of ReLU
    /// (He et al. 2015, "Delving Deep into Rectifiers", eq. 10; their eq. 14 is the same for the
    /// gradients, with fan_out).
    HeNormal,
    /// U(-b, b) with b = sqrt(6 / fan_in): the uniform distribution of the same variance as
    /// [`HeNormal`](Init::HeNormal).
    HeUniform,
    /// N(0, 2 / (fan_in + fan_out)): the compromise between the variance of activations and of gradients
    /// in linear layers (Glorot and Bengio 2010, "Understanding the difficulty of training deep
    /// feedforward neural networks", eq. 12).
    XavierNormal,
    /// U(-b, b) with b = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16).
    XavierUniform,
}

impl Init {
    /// Draws every element of `out`.
    ///
    /// Values are drawn in f64 and rounded, so f32 and f64 parameters from the same generator agree to
    /// rounding. Constant fills leave the generator alone.
    ///
    /// # Panics
    /// If the variance divides by a fan of 0, or if the constant or standard deviation is not finite.
    #[track_caller]
    pub fn fill<T: Float>(&self, fan_in: usize, fan_out: usize, out: &mut [T], rng: &mut Rng) {
        let inverse = |fan: usize| {
            assert!(fan > 0, "{self:?} with fan_in {fan_in} and fan_out {fan_out}: divides by 0");
            1.0 / fan as f64
        };
        match *self {
            Init::Zeros => constant(0.0, out),
            Init::Constant(value) => constant(value, out),
            Init::Normal { std } => normal(std, out, rng),
            Init::HeNormal => normal((2.0 * inverse(fan_in)).sqrt(), out, rng),
            Init::HeUniform => uniform((6.0 * inverse(fan_in)).sqrt(), out, rng),
            Init::XavierNormal => normal((2.0 * inverse(fan_in + fan_out)).sqrt(), out, rng),
            Init::XavierUniform => uniform((6.0 * inverse(fan_in + fan_out)).sqrt(), out, rng),
        }
    }
}

#[track_caller]
fn constant<T: Float>(value: f64, out: &mut [T]) {
    assert!(value.is_finite(), "Init::Constant({value}): not a finite number");
    out.fill(T::from_f64(value));
}

#[track_caller]
fn normal<T: Float>(std: f64, out: &mut [T], rng: &mut Rng) {
    assert!(std.is_finite() && std >= 0.0, "Init: a standard deviation of {std}");
    out.iter_mut().for_each(|x| *x = T::from_f64(std * rng.normal()));
}

fn uniform<T: Float>(bound: f64, out: &mut [T], rng: &mut Rng) {
    out.iter_mut().for_each(|x| *x = T::from_f64(bound * (2.0 * rng.uniform() - 1.0)));
}
