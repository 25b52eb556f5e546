//! Functions of one number at ties, bounds, infinities and NaN.

use crate::common::{assert_close, at};
use losslab_autograd::{Tape, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
type Unary = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// Value and slope at each point.
fn slopes(x: &[f64], f: Unary) -> (Vec<f64>, Vec<f64>) {
    let (y, [dx]) = at([x], |[x]| f(x));
    (y, dx)
}

#[test]
fn nan_passes_through_every_function() {
    let functions: [(&str, Unary); 10] = [
        ("leaky_relu", |x| x.leaky_relu(0.1)),
        ("gelu", |x| x.gelu()),
        ("silu", |x| x.silu()),
        ("sqrt", |x| x.sqrt()),
        ("abs", |x| x.abs()),
        ("clamp", |x| x.clamp(-1.0, 1.0)),
        ("smooth_l1", |x| x.smooth_l1(0.5)),
        ("pow 0", |x| x.pow(0.0)),
        ("pow 3", |x| x.pow(3.0)),
        ("pow 0.5", |x| x.pow(0.5)),
    ];
    for (name, f) in functions {
        let (y, dx) = slopes(&[NAN, 1.0], f);
        assert!(y[0].is_nan() && dx[0] != 0.0, "{name} of NaN: {} with slope {}", y[0], dx[0]);
        assert!(y[1].is_finite() && dx[1].is_finite(), "{name} beside NaN");
        // In f32 as well, whose kernels are compiled apart, in a vector and in its remainder.
        let tape = Tape::<f32>::new();
        let x = tape.constant([21], &[f32::NAN; 21]);
        let wide: for<'t> fn(Var<'t, f32>) -> Var<'t, f32> = match name {
            "leaky_relu" => |x| x.leaky_relu(0.1),
            "gelu" => |x| x.gelu(),
            "silu" => |x| x.silu(),
            "sqrt" => |x| x.sqrt(),
            "abs" => |x| x.abs(),
            "clamp" => |x| x.clamp(-1.0, 1.0),
            "smooth_l1" => |x| x.smooth_l1(0.5),
            "pow 0" => |x| x.pow(0.0),
            "pow 3" => |x| x.pow(3.0),
            _ => |x| x.pow(0.5),
        };
        assert!(wide(x).value().iter().all(|y| y.is_nan()), "{name} of NaN in f32");
    }
}

#[test]
fn kinks() {
    assert_eq!(slopes(&[-2.0, 0.0, 2.0], |x| x.leaky_relu(0.1)), (vec![-0.2, 0.0, 2.0], vec![0.1, 0.1, 1.0]));
    assert_eq!(
        slopes(&[-2.0, -0.0, 0.0, 2.0], |x| x.abs()),
        (vec![2.0, 0.0, 0.0, 2.0], vec![-1.0, 0.0, 0.0, 1.0])
    );
    let x = [-1.5, -1.0, 0.0, 2.0, 2.5, -INF, INF];
    let clamped = (vec![-1.0, -1.0, 0.0, 2.0, 2.0, -1.0, 2.0], vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(slopes(&x, |x| x.clamp(-1.0, 2.0)), clamped);
    assert_eq!(slopes(&[3.0, 1.0], |x| x.clamp(1.0, 1.0)), (vec![1.0, 1.0], vec![0.0, 1.0]));
}

#[test]
fn smooth_l1_by_hand() {
    // x^2 inside (beta = .5), |x| - .25 outside; value and slope meet at the seam.
    let x = [-INF, -2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 2.0, INF];
    let y = vec![INF, 1.75, 0.25, 0.0625, 0.0, 0.0625, 0.25, 1.75, INF];
    let dx = vec![-1.0, -1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0, 1.0];
    assert_eq!(slopes(&x, |x| x.smooth_l1(0.5)), (y, dx));
    // Girshick's form, beta 1.
    assert_eq!(slopes(&[0.5, -3.0], |x| x.smooth_l1(1.0)), (vec![0.125, 2.5], vec![0.5, -1.0]));
}

#[test]
#[should_panic(expected = "smooth_l1: beta 0, expected a number above 0")]
fn a_seam_at_zero() {
    Tape::<f32>::new().constant([1], &[0.0]).smooth_l1(0.0);
}

#[test]
#[should_panic(expected = "clamp: bounds 1 and -1, expected low <= high")]
fn bounds_the_wrong_way_round() {
    Tape::<f32>::new().constant([1], &[0.0]).clamp(1.0, -1.0);
}

#[test]
#[should_panic(expected = "clamp: bounds NaN and 1")]
fn a_bound_that_is_not_a_number() {
    Tape::<f32>::new().constant([1], &[0.0]).clamp(f64::NAN, 1.0);
}

#[test]
fn sqrt_at_and_below_zero() {
    let (y, dx) = slopes(&[0.0, 4.0, INF, -1.0], |x| x.sqrt());
    assert_eq!((&y[..3], &dx[..3]), (&[0.0, 2.0, INF][..], &[INF, 0.25, 0.0][..]));
    assert!(y[3].is_nan() && dx[3].is_nan());
}

#[test]
fn pow_at_zero_and_below() {
    let at_zero = |c: f64| {
        let (y, [dx]) = at([&[0.0]], |[x]| x.pow(c));
        (y[0], dx[0])
    };
    assert_eq!(at_zero(3.0), (0.0, 0.0));
    assert_eq!(at_zero(2.0), (0.0, 0.0));
    assert_eq!(at_zero(1.5), (0.0, 0.0));
    assert_eq!(at_zero(1.0), (0.0, 1.0));
    assert_eq!(at_zero(0.5), (0.0, INF));
    assert_eq!(at_zero(0.0), (1.0, 0.0));
    assert_eq!(at_zero(-1.0), (INF, -INF));
    assert_eq!(at_zero(-0.5), (INF, -INF));
    assert_eq!(slopes(&[-2.0], |x| x.pow(3.0)), (vec![-8.0], vec![12.0]));
    assert_eq!(slopes(&[-2.0], |x| x.pow(-2.0)), (vec![0.25], vec![0.25]));
    assert!(slopes(&[-2.0], |x| x.pow(2.5)).0[0].is_nan());
    assert_eq!(slopes(&[INF, -INF], |x| x.pow(3.0)).0, [INF, -INF]);
    // The last bit of a large exponent tells odd from even.
    assert_eq!(slopes(&[-1.0], |x| x.pow(9_007_199_254_740_991.0)).0, [-1.0]);
}

#[test]
fn the_operand_of_pow_is_its_input() {
    // A rule that divides its output by its input, or saves the wrong one of the two, fails at 0 and after a
    // change.
    let (y, [dx]) = at([&[0.0, 2.0]], |[x]| x.pow(2.0).pow(3.0));
    assert_eq!((y, dx), (vec![0.0, 64.0], vec![0.0, 192.0]));
}

#[test]
#[should_panic(expected = "pow: exponent NaN, expected a number of at most 2^53 in size")]
fn an_exponent_that_is_not_a_number() {
    Tape::<f32>::new().constant([1], &[1.0]).pow(f64::NAN);
}

#[test]
fn gelu_and_silu_far_out() {
    let x = [-INF, -1e300, -800.0, -70.0, 70.0, 800.0, 1e300, INF];
    let (y, dx) = slopes(&x, |x| x.gelu());
    assert_eq!(
        (y, dx),
        (vec![0.0, 0.0, 0.0, 0.0, 70.0, 800.0, 1e300, INF], vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    );
    let (y, dx) = slopes(&x, |x| x.silu());
    assert_eq!((y[0], y[1], y[2], y[6], y[7]), (0.0, 0.0, 0.0, 1e300, INF));
    assert_eq!((dx[0], dx[1], dx[2], dx[6], dx[7]), (0.0, 0.0, 0.0, 1.0, 1.0));
}

#[test]
fn gelu_keeps_its_digits_in_the_left_tail() {
    // x Phi(x) to 17 digits, from 60-digit arithmetic.
    let x = [-20.0, -12.5, -8.0, -5.0, -3.25, -1.0, -0.0625, 0.5, 1.75, 3.0, 6.0];
    let expected = [
        -5.507248237212468e-88,
        -4.665705373597142e-35,
        -4.976768459417427e-15,
        -1.4332578593959695e-6,
        -0.0018753313877699928,
        -0.15865525393145705,
        -0.029692645685672047,
        0.34573123063700656,
        1.67989647548832,
        2.99595030590511,
        5.999999994080474,
    ];
    let (y, _) = slopes(&x, |x| x.gelu());
    assert_close(&y, &expected, 6e-15, 0.0, "gelu in f64");
    let tape = Tape::<f32>::new();
    let y = tape.constant([11], &x.map(|x| x as f32)).gelu();
    let y: Vec<f64> = y.value().iter().map(|&y| f64::from(y)).collect();
    // From -12.5 down the result is subnormal in f32, or 0.
    assert_close(&y[2..], &expected[2..], 4e-6, 0.0, "gelu in f32");
}

#[test]
fn what_the_result_does_not_depend_on_has_no_gradient() {
    // Infinite and NaN slopes times an upstream gradient of exactly 0.
    let tape = Tape::<f64>::new();
    let x = tape.variable([3], &[0.0, -1.0, NAN]);
    for y in [x.sqrt(), x.ln(), x.pow(0.5), x.pow(-1.0), tape.constant([], &[1.0]).div(x)] {
        y.backward_from(&[0.0; 3]);
        assert_eq!(x.grad().unwrap().data(), [0.0; 3]);
    }
}

#[test]
fn slopes_at_infinity_are_limits() {
    let at_infinity = |f: Unary| {
        let (y, dx) = slopes(&[-INF, INF], f);
        [(y[0], dx[0]), (y[1], dx[1])]
    };
    assert_eq!(at_infinity(|x| x.relu()), [(0.0, 0.0), (INF, 1.0)]);
    assert_eq!(at_infinity(|x| x.leaky_relu(0.1)), [(-INF, 0.1), (INF, 1.0)]);
    assert_eq!(at_infinity(|x| x.sigmoid()), [(0.0, 0.0), (1.0, 0.0)]);
    assert_eq!(at_infinity(|x| x.tanh()), [(-1.0, 0.0), (1.0, 0.0)]);
    assert_eq!(at_infinity(|x| x.softplus()), [(0.0, 0.0), (INF, 1.0)]);
    assert_eq!(at_infinity(|x| x.exp()), [(0.0, 0.0), (INF, INF)]);
    assert_eq!(at_infinity(|x| x.abs()), [(INF, -1.0), (INF, 1.0)]);
}
