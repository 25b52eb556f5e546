//! Functions of two numbers and the choice between them: ties, infinities, NaN.

use crate::common::at;
use losslab_autograd::Tape;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn ties_share_the_gradient() {
    let a = [1.0, 2.0, 3.0, INF, -INF, 1e308, 0.0];
    let b = [1.0, 3.0, 2.0, INF, -INF, 1e308, -0.0];
    let half = 0.5;
    let (y, [da, db]) = at([&a, &b], |[a, b]| a.maximum(b));
    assert_eq!(y, [1.0, 3.0, 3.0, INF, -INF, 1e308, 0.0]);
    assert_eq!(da, [half, 0.0, 1.0, half, half, half, half]);
    assert_eq!(db, [half, 1.0, 0.0, half, half, half, half]);
    let (y, [da, db]) = at([&a, &b], |[a, b]| a.minimum(b));
    assert_eq!(y, [1.0, 2.0, 2.0, INF, -INF, 1e308, 0.0]);
    assert_eq!(da, [half, 1.0, 0.0, half, half, half, half]);
    assert_eq!(db, [half, 0.0, 1.0, half, half, half, half]);
    // Both halves arrive where both operands are one value.
    assert_eq!(at([&[5.0]], |[x]| x.maximum(x)), (vec![5.0], [vec![1.0]]));
}

#[test]
fn nan_wins_on_either_side() {
    let tape = Tape::<f32>::new();
    let a = tape.constant([3], &[f32::NAN, 1.0, f32::NAN]);
    let b = tape.constant([3], &[1.0, f32::NAN, f32::NEG_INFINITY]);
    for y in [a.maximum(b), a.minimum(b), b.maximum(a), b.minimum(a)] {
        assert!(y.value().iter().all(|y| y.is_nan()), "{:?}", y.value());
    }
}

#[test]
fn the_branch_not_taken_leaves_no_trace() {
    let condition = [1.0, 0.0, 1.0, 0.0, -0.0, 7.0];
    let yes = [1.0, NAN, 3.0, INF, NAN, 6.0];
    let no = [NAN, 20.0, INF, 40.0, 50.0, NAN];
    let (y, [dyes, dno]) = at([&yes, &no], |[a, b]| a.tape().constant([6], &condition).select(a, b));
    assert_eq!(y, [1.0, 20.0, 3.0, 40.0, 50.0, 6.0]);
    assert_eq!(dyes, [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(dno, [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn an_infinite_slope_in_the_branch_not_taken_leaves_no_trace() {
    // sqrt and ln have slopes inf at 0 and NaN below: 0 * inf would be NaN.
    let x = [0.0, -1.0, 4.0];
    let chosen = [0.0, 0.0, 1.0];
    let (y, [dx]) = at([&x], |[x]| {
        let safe = x.tape().constant([], &[0.0]);
        x.tape().constant([3], &chosen).select(x.sqrt() + x.ln() + safe / x, safe)
    });
    assert_eq!(y, [0.0, 0.0, 2.0 + 4f64.ln()]);
    assert_eq!(dx, [0.0, 0.0, 0.25 + 0.25]);
}

#[test]
fn a_condition_that_is_nan_is_not_a_yes() {
    let (y, _) = at([&[1.0, 1.0], &[2.0, 2.0]], |[a, b]| a.tape().constant([2], &[NAN, 0.0]).select(a, b));
    assert!(y[0].is_nan() && y[1] == 2.0);
}

#[test]
fn a_condition_has_no_gradient_and_an_upstream_nan_is_not_spread() {
    let tape = Tape::<f64>::new();
    let c = tape.variable([2], &[1.0, 0.0]);
    let (a, b) = (tape.variable([2], &[1.0, 2.0]), tape.variable([2], &[3.0, 4.0]));
    c.select(a, b).backward_from(&[NAN, 5.0]);
    let grad = |x: losslab_autograd::Var<'_, f64>| x.grad().unwrap().into_data();
    assert_eq!(grad(c), [0.0, 0.0]);
    assert!(grad(a)[0].is_nan() && grad(a)[1] == 0.0);
    assert_eq!(grad(b), [0.0, 5.0]);
}

#[test]
#[should_panic(expected = "select: shapes [2], [3] and [1] do not broadcast to a common shape")]
fn a_condition_that_does_not_fit() {
    let tape = Tape::<f32>::new();
    let [c, a, b] = [2usize, 3, 1].map(|n| tape.constant([n], &[0.0; 3][..n]));
    c.select(a, b);
}

#[test]
fn a_gradient_shared_by_a_long_row_is_the_sum_of_all_terms() {
    // Longer than the block in which terms are gathered, and not a multiple of it.
    let n = 1000;
    let tape = Tape::<f64>::new();
    let row: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let (x, scale) =
        (tape.constant([2, n], &[&row[..], &row[..]].concat()), tape.variable([2, 1], &[2.0, 3.0]));
    let upstream: Vec<f64> = (0..2 * n).map(|i| if i < n { 1.0 } else { -2.0 }).collect();
    (x * scale).backward_from(&upstream);
    assert_eq!(scale.grad().unwrap().data(), [499_500.0, -999_000.0]);
}
