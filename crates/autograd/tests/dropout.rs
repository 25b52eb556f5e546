//! Dropout: what the mask depends on, and what it does not.

use losslab_autograd::{Dropout, GradCheck, Tape};
use losslab_tensor::Tensor;

const CALL: Dropout = Dropout { p: 0.3, seed: 11, step: 4, site: 2 };

/// Which of n elements are kept.
fn kept(dropout: Dropout, n: usize) -> Vec<bool> {
    let tape = Tape::<f64>::new();
    tape.constant([n], &vec![1.0; n]).dropout(dropout).value().iter().map(|&y| y != 0.0).collect()
}

#[test]
fn the_share_dropped_is_p_and_the_mean_is_kept() {
    let n = 200_000;
    for p in [0.1, 0.5, 0.9] {
        let tape = Tape::<f64>::new();
        let y = tape.constant([n], &vec![1.0; n]).dropout(Dropout { p, ..CALL });
        let dropped = y.value().iter().filter(|&&y| y == 0.0).count() as f64 / n as f64;
        let deviation = (p * (1.0 - p) / n as f64).sqrt();
        assert!((dropped - p).abs() < 4.0 * deviation, "{dropped} dropped at p = {p}");
        let mean = y.mean_all().item();
        assert!((mean - 1.0).abs() < 4.0 * deviation / (1.0 - p), "mean {mean} at p = {p}");
        assert!(y.value().iter().all(|&y| y == 0.0 || y == 1.0 / (1.0 - p)));
    }
}

#[test]
fn the_mask_depends_on_seed_step_site_and_element_alone() {
    let mask = kept(CALL, 1000);
    assert_eq!(kept(CALL, 1000), mask);
    // Not on the length, the shape or the type of number.
    assert_eq!(kept(CALL, 10), mask[..10]);
    let tape = Tape::<f32>::new();
    let y = tape.constant([20, 50], &[3.5; 1000]).dropout(CALL);
    assert_eq!(y.value().iter().map(|&y| y != 0.0).collect::<Vec<_>>(), mask);
    // Any other step, seed or site gives another mask, unrelated to this one: p^2 + (1 - p)^2 = 0.58 agree.
    let others = [Dropout { step: 5, ..CALL }, Dropout { seed: 12, ..CALL }, Dropout { site: 3, ..CALL }];
    for other in others {
        let agree = kept(other, 1000).iter().zip(&mask).filter(|(a, b)| a == b).count();
        assert!((520..640).contains(&agree), "{agree} of 1000 agree between {other:?} and {CALL:?}");
    }
    // Exchanging two of the numbers is another mask as well.
    assert_ne!(kept(Dropout { seed: 4, step: 11, ..CALL }, 1000), mask);
    assert_ne!(kept(Dropout { step: 2, site: 4, ..CALL }, 1000), mask);
}

#[test]
fn golden_mask() {
    // A change of the generator would change every recorded training run.
    let bits: String = kept(Dropout { p: 0.5, seed: 0, step: 0, site: 0 }, 32)
        .iter()
        .map(|&k| if k { '1' } else { '0' })
        .collect();
    assert_eq!(bits, "01011010011000110010011011110110");
}

#[test]
fn neighbours_are_independent() {
    let mask = kept(Dropout { p: 0.5, ..CALL }, 100_000);
    for lag in [1, 2, 3, 64, 256] {
        let equal = mask.iter().zip(&mask[lag..]).filter(|(a, b)| a == b).count() as f64;
        let n = (mask.len() - lag) as f64;
        assert!((equal / n - 0.5).abs() < 4.0 * 0.5 / n.sqrt(), "lag {lag}: {equal} of {n} equal");
    }
}

#[test]
fn backward_uses_the_same_mask() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([100], &[1.0; 100]);
    let y = x.dropout(CALL);
    y.backward_from(&[1.0; 100]);
    assert_eq!(x.grad().unwrap().data(), &*y.value());
    let inputs = [Tensor::from_fn([4, 5], |i| (i as f64).sin())];
    GradCheck::default().run(|_, x| (x[0].dropout(CALL) * x[0]).tanh(), &inputs, 1).unwrap();
}

#[test]
fn evaluation_is_the_identity() {
    let tape = Tape::<f32>::new();
    let x = tape.variable([4], &[1.5, -0.0, f32::MIN_POSITIVE / 4.0, f32::INFINITY]);
    let y = x.dropout(Dropout::EVALUATION);
    let same = y.value().iter().zip(&*x.value()).all(|(y, x)| y.to_bits() == x.to_bits());
    assert!(same, "{:?}", y.value());
}

#[test]
fn a_nan_that_is_dropped_is_not_hidden() {
    let tape = Tape::<f64>::new();
    let y = tape.constant([50], &[f64::NAN; 50]).dropout(CALL);
    assert!(y.value().iter().all(|y| y.is_nan()));
}

#[test]
#[should_panic(expected = "dropout: p = 1, expected 0 <= p < 1")]
fn dropping_everything() {
    Tape::<f64>::new().constant([1], &[1.0]).dropout(Dropout { p: 1.0, ..CALL });
}

#[test]
#[should_panic(expected = "dropout: p = NaN, expected 0 <= p < 1")]
fn a_probability_that_is_not_a_number() {
    Tape::<f64>::new().constant([1], &[1.0]).dropout(Dropout { p: f64::NAN, ..CALL });
}
