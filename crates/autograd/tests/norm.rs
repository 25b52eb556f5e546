//! Normalisation where digits or meaning could be lost, and what it refuses.

use losslab_autograd::{RunningStatistics, Tape, Var};
use losslab_tensor::Shape;

/// gamma 1 and beta 0.
fn plain(tape: &Tape<f32>, channels: usize) -> [Var<'_, f32>; 2] {
    [1.0, 0.0].map(|value| tape.constant([channels], &vec![value; channels]))
}

#[test]
fn a_large_mean_keeps_the_digits_of_the_variance() {
    // 4096 rows of 1e4 +- 1 in f32: E[x^2] - E[x]^2 would be off by several, of 1.
    let tape = Tape::new();
    let [gamma, beta] = plain(&tape, 1);
    let data: Vec<f32> = (0..4096).map(|i| 1e4 + if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let y = tape.constant([4096, 1], &data).batch_norm(gamma, beta, 1e-5);
    for (i, &y) in y.value().iter().enumerate() {
        let expected = if i % 2 == 0 { 1.0 } else { -1.0 };
        // 1 / sqrt(1 + 1e-5) and the mean, rounded to a multiple of 2^-10.
        assert!((y - expected).abs() < 1e-3, "row {i}: {y}");
    }
}

#[test]
fn a_nan_stays_in_its_image_and_group() {
    let tape = Tape::new();
    let [gamma, beta] = plain(&tape, 4);
    let mut data: Vec<f32> = (0..24).map(|i| (i * 5 % 7) as f32).collect();
    data[0] = f32::NAN;
    let y = tape.constant([2, 1, 3, 4], &data).group_norm(gamma, beta, 2, 1e-5);
    for (i, y) in y.value().iter().enumerate() {
        assert_eq!(y.is_nan(), i < 12 && i % 4 < 2, "element {i}: {y}");
    }
}

#[test]
fn constant_channels_are_beta() {
    let tape = Tape::new();
    let gamma = tape.constant([2], &[3.0, 4.0]);
    let beta = tape.constant([2], &[0.5, -0.25]);
    let x = tape.variable([2, 2], &[7.0, -2.0, 7.0, -2.0]);
    let y = x.batch_norm(gamma, beta, 1e-5);
    assert_eq!(*y.value(), [0.5, -0.25, 0.5, -0.25]);
    y.backward_from(&[1.0, 1.0, 1.0, 1.0]);
    assert_eq!(x.grad().expect("a gradient").data(), [0.0; 4]);
}

#[test]
#[should_panic(expected = "group_norm: values of shape [2, 3, 4]: 4 channels do not divide into 3 groups")]
fn groups_must_divide_the_channels() {
    let tape = Tape::new();
    let [gamma, beta] = plain(&tape, 4);
    tape.constant([2, 3, 4], &[0.0; 24]).group_norm(gamma, beta, 3, 1e-5);
}

#[test]
#[should_panic(expected = "batch_norm: values of shape [2, 4], gamma [4], beta [3], expected [4] for both")]
fn beta_of_another_size() {
    let tape = Tape::new();
    let [gamma, _] = plain(&tape, 4);
    tape.constant([2, 4], &[0.0; 8]).batch_norm(gamma, tape.constant([3], &[0.0; 3]), 1e-5);
}

#[test]
#[should_panic(expected = "batch_norm: epsilon 0, expected more than 0")]
fn an_epsilon_of_zero() {
    let tape = Tape::new();
    let [gamma, beta] = plain(&tape, 4);
    tape.constant([2, 4], &[0.0; 8]).batch_norm(gamma, beta, 0.0);
}

#[test]
#[should_panic(expected = "running statistics: the value is no batch_norm")]
fn running_statistics_of_something_else() {
    let tape = Tape::new();
    let [gamma, beta] = plain(&tape, 4);
    let y = tape.constant([1, 4], &[0.0; 4]).group_norm(gamma, beta, 4, 1e-5);
    RunningStatistics::new(4).update(y, 0.1);
}

#[test]
fn values_without_rows_are_refused() {
    for shape in [&[3][..], &[0, 3]] {
        let refused = std::panic::catch_unwind(|| {
            let tape = Tape::<f64>::new();
            let [gamma, beta] = [1.0, 0.0].map(|x| tape.constant([3], &[x; 3]));
            let elements = shape.iter().product();
            tape.constant(Shape::new(shape), &vec![0.0; elements]).batch_norm(gamma, beta, 1e-5);
        });
        let message = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("expected [.., C] with at least one row"), "{shape:?}: {message}");
    }
}

#[test]
fn evaluation_adds_epsilon_to_the_variance_kept() {
    let tape = Tape::<f64>::new();
    let [gamma, beta] = [2.0, 5.0].map(|value| tape.constant([1], &[value]));
    let mut running = RunningStatistics::new(1);
    // As kept: mean 0 and variance 1. Then the batch's own, 3 and 2 (unbiased, of 2 and 4), count for all.
    let x = tape.constant([2, 1], &[2.0, 4.0]);
    let fresh = running.normalise(x, gamma, beta, 3.0);
    assert_eq!(*fresh.value(), [2.0 / 2.0 * 2.0 + 5.0, 4.0 / 2.0 * 2.0 + 5.0]);
    running.update(x.batch_norm(gamma, beta, 1e-5), 1.0);
    let y = running.normalise(x, gamma, beta, 2.0);
    assert_eq!(*y.value(), [-1.0 / 2.0 * 2.0 + 5.0, 1.0 / 2.0 * 2.0 + 5.0]);
}
