//! The gradient checker: a computation's vector-Jacobian product against finite differences, in f64.

use crate::counter::bits;
use crate::{Param, Tape, Var};
use losslab_tensor::Tensor;
use std::fmt;

/// How a gradient is checked.
#[derive(Clone, Copy, Debug)]
pub struct GradCheck {
    /// Step of the finite difference; the error of the extrapolated difference falls with its 4th power.
    pub step: f64,
    /// Relative tolerance, of the larger of the two gradients.
    pub rtol: f64,
    /// Absolute tolerance.
    pub atol: f64,
}

impl Default for GradCheck {
    fn default() -> Self {
        Self { step: 1e-3, rtol: 1e-6, atol: 1e-8 }
    }
}

/// The first element of a gradient that disagrees with the finite difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Which input.
    pub input: usize,
    /// Which element of it, row-major.
    pub element: usize,
    /// Of which element of the output; `None`: of the sum of all, each times its upstream gradient.
    pub output: Option<usize>,
    /// What the backward pass says.
    pub analytic: f64,
    /// What the finite difference says.
    pub numeric: f64,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, element, output, analytic, numeric } = self;
        let of = output.map_or(" of".to_owned(), |output| format!(" of output {output} by"));
        write!(
            f,
            "gradient{of} input {input}, element {element}: {analytic:e}, finite differences say {numeric:e}"
        )
    }
}

impl std::error::Error for Mismatch {}

impl GradCheck {
    /// Checks the gradient of `f` with respect to all its inputs: see [`run_on`](GradCheck::run_on).
    pub fn run(
        &self,
        f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>,
        inputs: &[Tensor<f64>],
        seed: u64,
    ) -> Result<f64, Mismatch> {
        let mut tape = Tape::new();
        let ids: Vec<Param> =
            inputs.iter().enumerate().map(|(i, x)| tape.param(format!("input{i}"), x.clone())).collect();
        self.run_on(
            &mut tape,
            |tape| {
                let vars: Vec<_> = ids.iter().map(|&id| tape.var(id)).collect();
                f(tape, &vars)
            },
            seed,
        )
    }

    /// Compares the gradient of `sum(upstream * f)` with finite differences, for every element of every
    /// parameter on the tape. A model is checked by the f64 twin of its tape ([`Tape::cast`]).
    ///
    /// The upstream gradient is not constant (a bias gradient that ignores it must not pass): element k
    /// of the output is weighed by a fixed pseudo-random number in [-1, 1] that depends on `seed` and k.
    /// The difference is the central one, extrapolated by Richardson: (4 D(h/2) - D(h)) / 3.
    /// Returns the largest relative error among the elements checked.
    pub fn run_on(
        &self,
        tape: &mut Tape<f64>,
        f: impl for<'t> Fn(&'t Tape<f64>) -> Var<'t, f64>,
        seed: u64,
    ) -> Result<f64, Mismatch> {
        tape.rewind();
        let y = f(tape);
        let upstream: Vec<f64> = (0..y.shape().elements()).map(|k| weight(seed, k as u64)).collect();
        y.backward_from(&upstream);
        let params: Vec<Param> = tape.param_ids().collect();
        // No gradient at all means that the value does not depend on the parameter.
        let gradients: Vec<Option<Tensor<f64>>> = params.iter().map(|&p| tape.var(p).grad()).collect();

        let mut worst: f64 = 0.0;
        for (input, &param) in params.iter().enumerate() {
            for element in 0..tape.shape(param).elements() {
                let x = tape.value(param)[element];
                let mut scalar = |x: f64| {
                    tape.rewind();
                    tape.value_mut(param)[element] = x;
                    let y = f(tape);
                    y.value().iter().zip(&upstream).map(|(y, u)| y * u).sum::<f64>()
                };
                let h = self.step * x.abs().max(1.0);
                let mut central = |h: f64| (scalar(x + h) - scalar(x - h)) / (2.0 * h);
                let numeric = (4.0 * central(h / 2.0) - central(h)) / 3.0;
                tape.value_mut(param)[element] = x;

                let analytic = gradients[input].as_ref().map_or(0.0, |g| g.data()[element]);
                let scale = analytic.abs().max(numeric.abs());
                let error = (analytic - numeric).abs();
                // False for NaN, and for infinite gradients, which would be within any tolerance of
                // themselves.
                let passes = error.is_finite() && error <= self.atol + self.rtol * scale;
                if !passes {
                    return Err(Mismatch { input, element, output: None, analytic, numeric });
                }
                worst = worst.max(error / scale.max(self.atol / self.rtol));
            }
        }
        tape.rewind();
        Ok(worst)
    }
}

/// A number in [-1, 1] that depends on `seed` and `k` alone, never very close to 0.
pub(crate) fn weight(seed: u64, k: u64) -> f64 {
    let u = (bits(seed, k) >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    if u.abs() < 0.1 { u + u.signum() * 0.1 } else { u }
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn weights_of_outputs_differ_and_are_far_from_zero() {
        let weights: Vec<f64> = (0..1000).map(|k| weight(1, k)).collect();
        assert!(weights.iter().all(|w| (0.1..=1.0).contains(&w.abs())), "{weights:?}");
        let positive = weights.iter().filter(|&&w| w > 0.0).count();
        assert!((400..600).contains(&positive), "{positive} of 1000 are positive");
        assert!(weights.windows(2).all(|pair| pair[0] != pair[1]));
        assert_ne!(weight(1, 0), weight(2, 0));
    }
}
