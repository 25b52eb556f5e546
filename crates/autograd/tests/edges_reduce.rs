//! Maxima, softmax and logsumexp: ties, infinities, NaN, large logits.

use crate::common::{assert_close, at};
use losslab_autograd::{Tape, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn among_equals_the_first_has_the_gradient() {
    let max = |x: &[f64], shape: [usize; 2], axes: &[usize]| {
        let tape = Tape::<f64>::new();
        let x = tape.variable(shape, x);
        let y = x.max(axes);
        let upstream: Vec<f64> = (1..=y.value().len()).map(|i| i as f64).collect();
        y.backward_from(&upstream);
        (y.to_tensor().into_data(), x.grad().unwrap().into_data())
    };
    let x = [3.0, 7.0, 7.0, 7.0, 3.0, 7.0];
    assert_eq!(max(&x, [2, 3], &[1]), (vec![7.0, 7.0], vec![0.0, 1.0, 0.0, 2.0, 0.0, 0.0]));
    assert_eq!(max(&x, [2, 3], &[0]), (vec![7.0, 7.0, 7.0], vec![0.0, 2.0, 3.0, 1.0, 0.0, 0.0]));
    assert_eq!(max(&x, [2, 3], &[1, 0]), (vec![7.0], vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
    assert_eq!(max(&x, [2, 3], &[]), (x.to_vec(), vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    // Nothing is above -inf, but something must be chosen.
    assert_eq!(max(&[-INF; 2], [1, 2], &[1]), (vec![-INF], vec![1.0, 0.0]));
    // NaN is above everything, first or later; its gradient shows where it came from.
    for (x, place) in [([NAN, 9.0, 1.0], 0), ([1.0, NAN, 9.0], 1), ([9.0, NAN, NAN], 1)] {
        let (y, dx) = max(&x, [1, 3], &[1]);
        let mut expected = [0.0; 3];
        expected[place] = 1.0;
        assert!(y[0].is_nan() && dx == expected, "{x:?}: {y:?} {dx:?}");
    }
}

#[test]
fn positions_beyond_what_f32_counts_exactly() {
    let n = (1 << 24) + 3; // 2^24 + 1 is not an f32
    let tape = Tape::<f32>::new();
    let x = tape.variable([n], &vec![0.0; n]);
    let peak = tape.constant_with([n], |c| {
        c.fill(0.0);
        c[n - 2] = 1.0;
    });
    (x + peak).max(&[0]).backward();
    let dx = x.grad().unwrap();
    assert_eq!((dx.data()[n - 3], dx.data()[n - 2], dx.data()[n - 1]), (0.0, 1.0, 0.0));
}

#[test]
#[should_panic(expected = "max: the maximum over axes [1] of shape [2, 0] has no elements")]
fn the_maximum_of_nothing() {
    Tape::<f32>::new().constant([2, 0], &[]).max(&[1]);
}

#[test]
#[should_panic(expected = "max: axis 1 is named twice in [1, 1]")]
fn an_axis_named_twice() {
    Tape::<f32>::new().constant([2, 2], &[0.0; 4]).max(&[1, 1]);
}

#[test]
fn large_logits_keep_their_digits() {
    let ln_sum = (1.0 + (-1.0f64).exp() + (-2.0f64).exp()).ln();
    let p = [(-ln_sum).exp(), (-1.0 - ln_sum).exp(), (-2.0 - ln_sum).exp()];
    for shift in [0.0, 1e4, -1e4] {
        let x = [shift, shift - 1.0, shift - 2.0];
        let (y, _) = at([&x], |[x]| x.softmax());
        assert_close(&y, &p, 1e-14, 0.0, "softmax");
        let (y, [dx]) = at([&x], |[x]| x.logsumexp());
        assert_close(&y, &[shift + ln_sum], 1e-15, 1e-15, "logsumexp");
        assert_close(&dx, &p, 1e-14, 0.0, "slope of logsumexp");
        // In f32, a slope from exp(x - logsumexp) would be off by 4e-4 here.
        let tape = Tape::<f32>::new();
        let x = tape.variable([3], &x.map(|x| x as f32));
        x.logsumexp().backward();
        let dx: Vec<f64> = x.grad().unwrap().data().iter().map(|&p| f64::from(p)).collect();
        assert_close(&dx, &p, 3e-7, 0.0, "slope of logsumexp in f32");
    }
    let (y, [dx]) = at([&[1e4, -1e4, 0.0]], |[x]| x.softmax());
    assert_eq!((y, dx), (vec![1.0, 0.0, 0.0], vec![0.0; 3]));
}

#[test]
fn infinite_logits() {
    let rows = |f: for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, x: &[f64]| {
        let (y, [dx]) = at([x], |[x]| f(x));
        (y, dx)
    };
    // -inf is a class that cannot be.
    assert_eq!(rows(|x| x.softmax(), &[0.0, -INF, 0.0]).0, [0.5, 0.0, 0.5]);
    let (y, dx) = rows(|x| x.logsumexp(), &[0.0, -INF, 0.0]);
    assert_close(&y, &[2f64.ln()], 1e-15, 0.0, "logsumexp");
    assert_eq!(dx, [0.5, 0.0, 0.5]);
    // No class can be.
    assert!(rows(|x| x.softmax(), &[-INF; 3]).0.iter().all(|y| y.is_nan()));
    assert_eq!(rows(|x| x.logsumexp(), &[-INF; 3]), (vec![-INF], vec![0.0; 3]));
    // One class is certain: inf / inf is not known to the arithmetic.
    let y = rows(|x| x.softmax(), &[0.0, INF, 1.0]).0;
    assert!(y[0] == 0.0 && y[1].is_nan() && y[2] == 0.0, "{y:?}");
    let (y, dx) = rows(|x| x.logsumexp(), &[0.0, INF, 1.0]);
    assert!(y[0] == INF && dx[0] == 0.0 && dx[1].is_nan() && dx[2] == 0.0, "{y:?} {dx:?}");
}

#[test]
fn nan_anywhere_in_a_row_reaches_the_row_and_no_other() {
    for place in 0..3 {
        let mut x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        x[place] = NAN;
        let tape = Tape::<f64>::new();
        let x = tape.constant([2, 3], &x);
        let (p, y) = (x.softmax(), x.logsumexp());
        assert!(p.value()[..3].iter().all(|p| p.is_nan()) && p.value()[3..].iter().all(|p| p.is_finite()));
        assert!(y.value()[0].is_nan() && y.value()[1].is_finite());
    }
}

#[test]
#[should_panic(expected = "logsumexp: shape [3, 0] has no classes along its last axis")]
fn rows_without_classes() {
    Tape::<f32>::new().constant([3, 0], &[]).logsumexp();
}
