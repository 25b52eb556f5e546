//! What several files share.

use losslab_autograd::{Tape, Var};

/// The value and the gradients, for upstream gradients of 1, of `f` at inputs of one dimension each.
pub fn at<const N: usize>(
    inputs: [&[f64]; N],
    f: impl for<'t> Fn([Var<'t, f64>; N]) -> Var<'t, f64>,
) -> (Vec<f64>, [Vec<f64>; N]) {
    let tape = Tape::new();
    let x = inputs.map(|x| tape.variable([x.len()], x));
    let y = f(x);
    y.backward_from(&vec![1.0; y.shape().elements()]);
    (y.to_tensor().into_data(), x.map(|x| x.grad().expect("no gradient").into_data()))
}

/// Whether two lists agree to this relative error: infinities exactly, NaN with NaN.
#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], rtol: f64, atol: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}, expected {expected:?}");
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        let same = f == e || f.is_nan() && e.is_nan();
        let near = e.is_finite() && (f - e).abs() <= rtol * e.abs() + atol; // false for NaN
        assert!(same || near, "{what}: element {i} is {f:e}, expected {e:e}");
    }
}
