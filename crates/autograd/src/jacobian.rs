//! The gradient checker, whole: every element of the Jacobian, and every subset of inputs.

use crate::check::weight;
use crate::{GradCheck, Mismatch, Param, Tape, Var};
use losslab_tensor::Tensor;

/// How many times the last place of a value its rounding may reach: outputs are sums of many terms.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

impl GradCheck {
    /// Checks the Jacobian of `f` as [`jacobian_on`](GradCheck::jacobian_on) does, and that the gradient of
    /// each input has the same bits whichever of the other inputs need one too.
    pub fn jacobian(
        &self,
        f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>,
        inputs: &[Tensor<f64>],
        seed: u64,
    ) -> Result<f64, Mismatch> {
        let mut tape = Tape::new();
        let ids: Vec<Param> = inputs.iter().map(|x| tape.param("input", x.clone())).collect();
        subsets(&f, inputs, seed)?;
        self.jacobian_on(
            &mut tape,
            |tape| {
                let vars: Vec<_> = ids.iter().map(|&id| tape.var(id)).collect();
                f(tape, &vars)
            },
            seed,
        )
    }

    /// Compares every derivative of every element of `f` by every element of every parameter on the tape with
    /// finite differences (see [`run_on`](GradCheck::run_on)), and the gradient for a random upstream
    /// gradient with the same combination of rows of the Jacobian.
    ///
    /// An error of one output that others outweigh does not escape this, as it may
    /// [`run_on`](GradCheck::run_on); it costs one backward pass per element of the output. The absolute
    /// tolerance grows by what the rounding of an output of size y makes of a difference over h: 16 epsilon
    /// |y| / h, which is 4e-12 |y| at the default step.
    pub fn jacobian_on(
        &self,
        tape: &mut Tape<f64>,
        f: impl for<'t> Fn(&'t Tape<f64>) -> Var<'t, f64>,
        seed: u64,
    ) -> Result<f64, Mismatch> {
        let params: Vec<Param> = tape.param_ids().collect();
        let (rows, combined, upstream) = analytic(tape, &params, &f, seed);
        let mut worst: f64 = 0.0;
        for (input, &param) in params.iter().enumerate() {
            for element in 0..tape.shape(param).elements() {
                let numeric = self.column(tape, param, element, &f);
                let (mut sum, mut size) = (0.0, 0.0);
                for (output, (row, &(numeric, rounding))) in rows.iter().zip(&numeric).enumerate() {
                    let analytic = row[input][element];
                    let (error, scale) = ((analytic - numeric).abs(), analytic.abs().max(numeric.abs()));
                    let passes = error.is_finite() && error <= self.atol + rounding + self.rtol * scale;
                    if !passes {
                        return Err(Mismatch { input, element, output: Some(output), analytic, numeric });
                    }
                    worst = worst.max(error / scale.max(self.atol / self.rtol));
                    sum += upstream[output] * analytic;
                    size += (upstream[output] * analytic).abs();
                }
                let analytic = combined[input][element];
                let passes = (analytic - sum).abs() <= self.atol + self.rtol * size;
                if !passes {
                    return Err(Mismatch { input, element, output: None, analytic, numeric: sum });
                }
            }
        }
        tape.rewind();
        Ok(worst)
    }

    /// The derivative of every output by one number, the central difference extrapolated by Richardson, and
    /// how far rounding may move it.
    fn column(
        &self,
        tape: &mut Tape<f64>,
        param: Param,
        element: usize,
        f: impl for<'t> Fn(&'t Tape<f64>) -> Var<'t, f64>,
    ) -> Vec<(f64, f64)> {
        let x = tape.value(param)[element];
        let h = self.step * x.abs().max(1.0);
        let mut at = |x: f64| {
            tape.rewind();
            tape.value_mut(param)[element] = x;
            f(tape).value().to_vec()
        };
        let points = [at(x + h), at(x - h), at(x + h / 2.0), at(x - h / 2.0)];
        tape.value_mut(param)[element] = x;
        (0..points[0].len())
            .map(|k| {
                let wide = (points[0][k] - points[1][k]) / (2.0 * h);
                let narrow = (points[2][k] - points[3][k]) / h;
                ((4.0 * narrow - wide) / 3.0, ROUNDING * points[0][k].abs() / h)
            })
            .collect()
    }
}

/// For each input, its gradient.
type Gradients = Vec<Vec<f64>>;

/// The Jacobian row by row, the gradients for the random upstream gradient of this seed, and that itself.
fn analytic(
    tape: &mut Tape<f64>,
    params: &[Param],
    f: impl for<'t> Fn(&'t Tape<f64>) -> Var<'t, f64>,
    seed: u64,
) -> (Vec<Gradients>, Gradients, Vec<f64>) {
    tape.rewind();
    let y = f(tape);
    let outputs = y.shape().elements();
    let gradients = |upstream: &[f64]| -> Gradients {
        y.backward_from(upstream);
        params.iter().map(|&param| present(tape.var(param))).collect()
    };
    let row = |k: usize| gradients(&(0..outputs).map(|i| f64::from(i == k)).collect::<Vec<_>>());
    let upstream: Vec<f64> = (0..outputs).map(|k| weight(seed, k as u64)).collect();
    ((0..outputs).map(row).collect(), gradients(&upstream), upstream)
}

/// The gradient; zeros if the value does not depend on this.
fn present(x: Var<'_, f64>) -> Vec<f64> {
    x.grad().map_or_else(|| vec![0.0; x.shape().elements()], Tensor::into_data)
}

/// Compares the gradients of each subset of inputs, the others being constants, with those of all inputs.
fn subsets(
    f: impl for<'t> Fn(&'t Tape<f64>, &[Var<'t, f64>]) -> Var<'t, f64>,
    inputs: &[Tensor<f64>],
    seed: u64,
) -> Result<(), Mismatch> {
    let gradients = |subset: usize| -> Vec<Option<Vec<f64>>> {
        let tape = Tape::new();
        let leaf = |(i, x): (usize, &Tensor<f64>)| match subset >> i & 1 {
            1 => tape.variable(x.shape(), x.data()),
            _ => tape.constant(x.shape(), x.data()),
        };
        let vars: Vec<_> = inputs.iter().enumerate().map(leaf).collect();
        let y = f(&tape, &vars);
        let upstream: Vec<f64> = (0..y.shape().elements()).map(|k| weight(seed, k as u64)).collect();
        y.backward_from(&upstream);
        vars.iter().enumerate().map(|(i, &x)| (subset >> i & 1 == 1).then(|| present(x))).collect()
    };
    let all = gradients((1 << inputs.len()) - 1);
    for subset in 1..(1usize << inputs.len()) - 1 {
        for (input, (part, whole)) in gradients(subset).iter().zip(&all).enumerate() {
            let (Some(part), Some(whole)) = (part, whole) else { continue };
            if let Some(element) = (0..whole.len()).find(|&i| part[i].to_bits() != whole[i].to_bits()) {
                let (analytic, numeric) = (part[element], whole[element]);
                return Err(Mismatch { input, element, output: None, analytic, numeric });
            }
        }
    }
    Ok(())
}
