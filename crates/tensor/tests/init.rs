//! Initial values: the variances of the papers, the bounds, and the same draws in f32 and f64.

use losslab_tensor::{init::Init, rng::Rng};

const FAN_IN: usize = 50;
const FAN_OUT: usize = 30;
const N: usize = 200_000;

fn fill(init: Init, seed: u64) -> Vec<f64> {
    let mut out = vec![f64::NAN; N];
    init.fill(FAN_IN, FAN_OUT, &mut out, &mut Rng::seed(seed));
    out
}

/// Mean and variance.
fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64)
}

#[test]
fn variances_are_those_of_the_papers() {
    // Fans 50 and 30: 2 / 50 = .04 (He), 2 / 80 = .025 (Glorot and Bengio).
    let cases = [
        (Init::Normal { std: 0.01 }, 1e-4_f64),
        (Init::HeNormal, 0.04),
        (Init::HeUniform, 0.04),
        (Init::XavierNormal, 0.025),
        (Init::XavierUniform, 0.025),
    ];
    for (init, expected) in cases {
        let (mean, variance) = moments(&fill(init, 1));
        // Four standard errors: sigma / sqrt(N), and at most sigma^2 sqrt(2 / N).
        let tolerance = 4.0 / (N as f64).sqrt();
        assert!(mean.abs() <= tolerance * expected.sqrt(), "{init:?}: mean {mean}");
        let error = (variance / expected - 1.0).abs();
        assert!(error <= tolerance * 2.0_f64.sqrt(), "{init:?}: variance {variance}");
    }
}

#[test]
fn uniform_draws_fill_their_interval_and_no_more() {
    // sqrt(6 / 50) and sqrt(6 / 80).
    for (init, bound) in [(Init::HeUniform, 0.34641016151377546), (Init::XavierUniform, 0.27386127875258304)]
    {
        let x = fill(init, 2);
        let (low, high) = x.iter().fold((0.0_f64, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        assert!(-bound <= low && low < -0.999 * bound, "{init:?}: from {low}");
        assert!(high <= bound && high > 0.999 * bound, "{init:?}: to {high}");
    }
    let beyond = fill(Init::HeNormal, 2).into_iter().filter(|x| x.abs() > 0.34641016151377546).count();
    assert!(beyond > 0, "normal draws are not cut off");
}

#[test]
fn constants_draw_nothing() {
    let mut rng = Rng::seed(3);
    let mut out = [f32::NAN; 3];
    Init::Zeros.fill(0, 0, &mut out, &mut rng);
    assert_eq!(out, [0.0; 3]);
    Init::Constant(-4.6).fill(0, 0, &mut out, &mut rng);
    assert_eq!(out, [-4.6; 3]);
    assert_eq!(rng.next_u64(), Rng::seed(3).next_u64());
}

#[test]
fn draws_repeat_and_f32_is_f64_rounded() {
    for init in
        [Init::Normal { std: 0.5 }, Init::HeNormal, Init::HeUniform, Init::XavierNormal, Init::XavierUniform]
    {
        let wide = fill(init, 4);
        assert_eq!(wide, fill(init, 4));
        assert_ne!(wide, fill(init, 5));
        let mut narrow = vec![f32::NAN; N];
        init.fill(FAN_IN, FAN_OUT, &mut narrow, &mut Rng::seed(4));
        assert!(wide.iter().zip(narrow).all(|(&wide, narrow)| wide as f32 == narrow), "{init:?}");
    }
}

#[test]
#[should_panic(expected = "HeNormal with fan_in 0 and fan_out 3")]
fn a_fan_of_zero_is_refused() {
    Init::HeNormal.fill(0, 3, &mut [0.0_f32], &mut Rng::seed(0));
}

#[test]
#[should_panic(expected = "standard deviation of NaN")]
fn a_deviation_that_is_no_number_is_refused() {
    Init::Normal { std: f64::NAN }.fill(1, 1, &mut [0.0_f32], &mut Rng::seed(0));
}
