//! A layer and its ReLU in one operation have the bits of the two one after the other.

use losslab_autograd::{Conv2d, Tape, Var};
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Shape, Workers};
use std::sync::Arc;

/// Value, and gradients of data, weight and bias, as bits.
type Bits = Vec<Vec<u64>>;
type Layer<T> = for<'t> fn([Var<'t, T>; 3]) -> Var<'t, T>;

/// The layer at random inputs of these shapes, some of them as given, with an upstream gradient that is 0,
/// infinite and NaN in places.
fn bits<T: Float>(threads: usize, shapes: [&[usize]; 3], odd: &[f64], layer: Layer<T>) -> Bits {
    let (mut rng, mut tape) = (Rng::seed(5), Tape::<T>::new());
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let inputs = shapes.map(|shape| {
        let mut x: Vec<T> = (0..shape.iter().product()).map(|_| T::from_f64(rng.normal())).collect();
        x.iter_mut().step_by(7).zip(odd).for_each(|(x, &odd)| *x = T::from_f64(odd));
        tape.variable(Shape::new(shape), &x)
    });
    let y = layer(inputs);
    let upstream = |i: usize| match i % 13 {
        4 => 0.0,
        9 if !odd.is_empty() => f64::INFINITY,
        11 if !odd.is_empty() => f64::NAN,
        i => i as f64 - 6.5,
    };
    let upstream: Vec<T> = (0..y.shape().elements()).map(|i| T::from_f64(upstream(i))).collect();
    y.backward_from(&upstream);
    let numbers = |x: &[T]| x.iter().map(|x| x.to_f64()).map(quiet).collect::<Vec<_>>();
    let mut all = vec![numbers(&y.value())];
    all.extend(inputs.map(|x| numbers(x.grad().expect("a gradient").data())));
    all
}

/// Bits in which every NaN is the same: which of two NaN a sum keeps, hardware decides.
fn quiet(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

fn check<T: Float>(shapes: [&[usize]; 3], fused: Layer<T>, apart: Layer<T>) {
    for odd in [&[][..], &[0.0, -0.0, f64::NAN], &[f64::NEG_INFINITY]] {
        let want = bits(1, shapes, odd, apart);
        assert!(!odd.is_empty() || want[0].contains(&0) && want[0].iter().any(|&bits| bits != 0));
        for threads in [1, 2] {
            assert_eq!(bits(threads, shapes, odd, fused), want, "{shapes:?} {odd:?} {threads}");
        }
    }
}

fn check_all<T: Float>() {
    let linear: [Layer<T>; 2] = [|[x, w, b]| x.linear_relu(w, b), |[x, w, b]| x.linear(w, b).relu()];
    check([&[300, 40], &[40, 64], &[64]], linear[0], linear[1]);
    check([&[70, 600], &[600, 20], &[20]], linear[0], linear[1]);
    check([&[70, 300], &[300, 1], &[1]], linear[0], linear[1]);
    let none: [&[usize]; 3] = [&[0, 3], &[3, 2], &[2]];
    assert_eq!(bits(2, none, &[], linear[0]), bits(1, none, &[], linear[1]));
    fn padded(groups: usize) -> Conv2d {
        Conv2d { stride: [1, 2], padding: [2, 1], groups, ..Conv2d::default() }
    }
    check::<T>(
        [&[3, 9, 11, 40], &[3, 3, 40, 20], &[20]],
        |[x, w, b]| x.conv2d_relu(w, b, padded(1)),
        |[x, w, b]| x.conv2d(w, b, padded(1)).relu(),
    );
    check::<T>(
        [&[2, 5, 6, 4], &[3, 3, 2, 6], &[6]],
        |[x, w, b]| x.conv2d_relu(w, b, padded(2)),
        |[x, w, b]| x.conv2d(w, b, padded(2)).relu(),
    );
}

#[test]
fn in_f32() {
    check_all::<f32>();
}

#[test]
fn in_f64() {
    check_all::<f64>();
}
