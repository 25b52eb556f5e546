//! Reliability curves, Brier parts and temperatures against scikit-learn and scipy
//! (`fixtures/calibration/reference.json`).

use losslab_metrics::calibration::{
    Binning, BrierParts, Inverted, Reliability, Repair, Scored, assess, fit_temperature,
};
use losslab_metrics::{MetricError, brier, ece, ece_mass};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    binary: Vec<Binary>,
    classes: Classes,
}

#[derive(Deserialize)]
struct Binary {
    name: String,
    logits: Vec<String>,
    labels: Vec<u32>,
    log_loss: f64,
    width: Curve,
    mass: Curve,
    temperature: f64,
    scaled_log_loss: f64,
}

#[derive(Deserialize)]
struct Curve {
    /// Count, mean predicted, observed rate.
    bins: Vec<(usize, f64, f64)>,
    reliability: f64,
    resolution: f64,
    uncertainty: f64,
    brier: f64,
    ece: f64,
}

#[derive(Deserialize)]
struct Classes {
    classes: usize,
    logits: Vec<String>,
    labels: Vec<u32>,
    log_loss: f64,
    temperature: f64,
    scaled_log_loss: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/calibration/reference.json")).expect("reference.json")
}

fn floats(logits: &[String]) -> Vec<f32> {
    logits.iter().map(|z| z.parse().expect("a number")).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: found {found}, expected {expected}");
}

fn agrees(found: &Reliability, expected: &Curve, what: &str) {
    assert_eq!(found.bins.len(), expected.bins.len(), "{what}");
    for (bin, &(count, predicted, observed)) in found.bins.iter().zip(&expected.bins) {
        assert_eq!(bin.count, count, "{what}");
        close(bin.mean_predicted, predicted, 1e-13, what);
        close(bin.observed_rate, observed, 1e-13, what);
    }
    let BrierParts { reliability, resolution, uncertainty, within } = found.brier;
    close(reliability, expected.reliability, 1e-13, what);
    close(resolution, expected.resolution, 1e-13, what);
    close(uncertainty, expected.uncertainty, 1e-13, what);
    close(reliability - resolution + uncertainty + within, expected.brier, 1e-13, what);
    close(found.ece(), expected.ece, 1e-13, what);
}

#[test]
fn two_classes_agree_with_scikit_learn() {
    for case in reference().binary {
        let logits = floats(&case.logits);
        let scored = Scored { logits: &logits, labels: &case.labels };
        let found = assess(2, scored, scored, None).unwrap().expect("rows");
        close(found.raw.log_loss, case.log_loss, 1e-13, &case.name);
        close(found.raw.brier, case.width.brier, 1e-13, &case.name);
        agrees(&found.raw.equal_width, &case.width, &case.name);
        agrees(&found.raw.equal_mass, &case.mass, &case.name);
        close(found.raw.ece, case.width.ece, 1e-13, &case.name);
        close(found.raw.ece_mass, case.mass.ece, 1e-13, &case.name);
        close(found.temperature.expect("a minimum"), case.temperature, 1e-11 * case.temperature, &case.name);
        close(found.temperature_scaled.expect("it").log_loss, case.scaled_log_loss, 1e-13, &case.name);
        assert!(found.inverted.is_none());
    }
}

#[test]
fn more_classes_agree_with_scikit_learn() {
    let case = reference().classes;
    let logits = floats(&case.logits);
    let scored = Scored { logits: &logits, labels: &case.labels };
    let found = assess(case.classes, scored, scored, None).unwrap().expect("rows");
    close(found.raw.log_loss, case.log_loss, 1e-13, "log loss");
    close(found.temperature.expect("a minimum"), case.temperature, 1e-11 * case.temperature, "temperature");
    let scaled = found.temperature_scaled.expect("it");
    close(scaled.log_loss, case.scaled_log_loss, 1e-13, "scaled log loss");
    assert!(scaled.ece < found.raw.ece, "logits three times too large");
}

#[test]
fn the_curve_and_the_metric_are_one_ece() {
    let p: Vec<f64> = (0..97).map(|i| f64::from(i * i % 97) / 96.0).collect();
    let happened: Vec<bool> = (0..97).map(|i| i % 3 == 0).collect();
    let curve = |binning| Reliability::new(&p, &happened, binning, 15).unwrap().expect("rows");
    close(curve(Binning::EqualWidth).ece(), ece(&p, &happened).unwrap().unwrap(), 1e-15, "width");
    close(curve(Binning::EqualMass).ece(), ece_mass(&p, &happened).unwrap().unwrap(), 1e-15, "mass");
}

#[test]
fn certain_probabilities_and_one_class() {
    // All right, with certainty: nothing but uncertainty resolved.
    let (p, happened) = ([0.0, 1.0, 1.0, 0.0], [false, true, true, false]);
    let found = Reliability::new(&p, &happened, Binning::EqualWidth, 15).unwrap().expect("rows");
    assert_eq!(
        found.brier,
        BrierParts { reliability: 0.0, resolution: 0.25, uncertainty: 0.25, within: 0.0 }
    );
    assert_eq!(found.bins.len(), 2);
    // One class: no uncertainty, no resolution; what is left is the Brier score.
    let (p, happened) = ([0.2, 0.2, 0.9], [false; 3]);
    let found = Reliability::new(&p, &happened, Binning::EqualMass, 15).unwrap().expect("rows");
    assert_eq!((found.brier.resolution, found.brier.uncertainty), (0.0, 0.0));
    close(
        found.brier.reliability + found.brier.within,
        brier(&p, &happened).unwrap().unwrap(),
        1e-16,
        "one class",
    );
}

#[test]
fn what_determines_no_temperature() {
    let fit = |logits: &[f32], labels: &[u32]| fit_temperature(logits, 2, labels).unwrap();
    assert_eq!(fit(&[], &[]), None, "no rows");
    assert_eq!(fit(&[-1.0, 2.0], &[0, 1]), None, "perfectly separated");
    assert_eq!(fit(&[1.0, -2.0], &[0, 1]), None, "upside down");
    assert_eq!(fit(&[0.0, 0.0], &[0, 1]), None, "no information");
    assert_eq!(fit_temperature(&[1.0; 6], 3, &[0, 1]).unwrap(), None, "equal logits");
    // sigmoid(z / T) = 3/4 at z = 2 ln 3: T = 2.
    let z = 2.0 * 3.0_f32.ln();
    close(fit(&[z, z, z, z], &[1, 1, 1, 0]).expect("a minimum"), 2.0, 1e-6, "three of four");
}

#[test]
fn bad_numbers_are_refused_and_nothing_gives_nothing() {
    let binning = Binning::EqualWidth;
    let error = Reliability::new(&[0.1, f64::NAN], &[true, false], binning, 15).unwrap_err();
    assert!(matches!(error, MetricError::NotFinite { index: 1, .. }), "{error}");
    let error = Reliability::new(&[1.5], &[true], binning, 15).unwrap_err();
    assert!(matches!(error, MetricError::NotProbability { index: 0, .. }), "{error}");
    assert_eq!(Reliability::new(&[], &[], binning, 15).unwrap(), None);
    let nan = Scored { logits: &[f32::NAN, 1.0], labels: &[0, 1] };
    let good = Scored { logits: &[-1.0, 1.0], labels: &[0, 1] };
    let none = Scored { logits: &[], labels: &[] };
    assert!(assess(2, nan, good, None).is_err() && assess(2, good, nan, None).is_err());
    assert!(
        assess(2, good, good, Some(Inverted { validation: &[0.5, 1.0], test: &[0.5, f64::NAN] })).is_err()
    );
    for classes in [2, 3] {
        assert_eq!(assess(classes, none, none, None).unwrap(), None);
    }
}

#[test]
fn without_validation_rows_the_rest_is_still_measured() {
    let none = Scored { logits: &[], labels: &[] };
    let test = Scored { logits: &[-1e4, 1e4, 3.0], labels: &[0, 0, 1] };
    let found = assess(2, none, test, Some(Inverted { validation: &[], test: &[-1e3, 0.0, 1e3] }))
        .unwrap()
        .expect("rows");
    assert_eq!((found.temperature, found.temperature_scaled, found.platt), (None, None, None));
    assert_eq!(found.best, Repair::Raw);
    // A logit of 1e4 that is wrong costs 1e4 nats, not the 36 of a clipped probability.
    let right = (-3.0_f64).exp().ln_1p();
    close(found.raw.log_loss, (1e4 + right) / 3.0, 1e-9, "log loss");
    close(found.inverted.expect("given").brier, 0.25 / 3.0, 1e-15, "inverted");
}

/// Logits that are three too high and twice too large: Platt scaling mends both, a temperature only one.
#[test]
fn the_repair_of_the_least_validation_log_loss_is_named() {
    let logits =
        |rows: u32| (0..rows).map(|i| 6.0 * ((i * 37 % 100) as f32 / 100.0 - 0.5)).collect::<Vec<_>>();
    let (n, mut validation) = (1000, logits(1000));
    // Row i is positive with the probability of its logit, drawn from a sequence that fills [0, 1] evenly.
    let label = |(i, z): (usize, &f32)| {
        let draw = (i as f64 * 0.6180339887498949).fract();
        u32::from(draw < 1.0 / (1.0 + f64::from(-z).exp()))
    };
    let labels: Vec<u32> = validation.iter().enumerate().map(label).collect();
    let own = validation.clone();
    validation.iter_mut().for_each(|z| *z = 2.0 * *z + 3.0);
    let scored = Scored { logits: &validation, labels: &labels };
    let found = assess(2, scored, scored, None).unwrap().expect("rows");
    assert_eq!((found.best, labels.len()), (Repair::Platt, n));
    let line = found.platt.unwrap();
    assert!((line.slope - 0.5).abs() < 0.05 && (line.intercept + 1.5).abs() < 0.15, "{line:?}");
    let platt = found.platt_scaled.unwrap();
    assert!((platt.slope.unwrap() - 1.0).abs() < 0.02 && platt.intercept.unwrap().abs() < 0.02);
    assert!(found.raw.slope.unwrap() < 0.6 && found.raw.intercept.unwrap() < -1.0, "{:?}", found.raw.slope);
    // The truth itself, given as the inverse, is better than what was fitted to the raw logits, or no worse
    // by more than two fitted numbers are worth.
    let truth: Vec<f64> = own.iter().map(|&z| f64::from(z)).collect();
    let inverted = Inverted { validation: &truth, test: &truth };
    let inverted = assess(2, scored, scored, Some(inverted)).unwrap().expect("rows").inverted.unwrap();
    assert!((inverted.log_loss - platt.log_loss).abs() < 0.005);
}
