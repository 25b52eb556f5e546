//! Seeds and data that a wanted difference needs.

use losslab_metrics::statistics::estimate::Variance;
use losslab_metrics::statistics::paired::corrected_t;
use losslab_metrics::statistics::sample_size::{Pilot, PilotDesign};

/// A standard deviation of 1 over runs that share nothing.
fn independent() -> Pilot {
    let variances = [Variance { value: 0.1, df: 9.0 }];
    Pilot::new(PilotDesign::Splits { test_to_train: 0.0 }, &variances, 10).unwrap()
}

/// R's `power.t.test(delta = d, sd = 1, power = 0.8, type = "paired")` wants 34 pairs for d = 0.5 (n = 33.37)
/// and 10 for d = 1 (n = 9.94), as do the tables of Cohen (1988).
#[test]
fn independent_pairs_need_the_number_of_the_paired_t_test() {
    let pilot = independent();
    assert!((pilot.deviation() - 1.0).abs() < 1e-12);
    assert_eq!(pilot.seeds_for(0.5, 0.05, 0.8), Some(34));
    assert_eq!(pilot.seeds_for(1.0, 0.05, 0.8), Some(10));
    // Four times the data halve the standard deviation: what 10 seeds saw of 1 they see of 1/2.
    assert!((pilot.data_for(0.5, 10, 0.05, 0.8) - 4.0 * 0.994).abs() < 0.03);
    assert_eq!(pilot.data_for(2.0, 10, 0.05, 0.8), 1.0);
}

/// The sum of the normal quantiles of .975 and .8 is 2.8016.
#[test]
fn splits_of_one_data_set_see_no_less_than_their_overlap_allows() {
    let differences = [0.02, -0.01, 0.03, 0.00, 0.01];
    let estimate = corrected_t(&differences, 0.25).unwrap();
    let pilot = Pilot::new(PilotDesign::Splits { test_to_train: 0.25 }, &estimate.variances, 5).unwrap();
    let deviation = pilot.deviation();
    assert!((deviation - 0.0158113883).abs() < 1e-9, "{deviation}");
    let now = estimate.detectable(0.05, 0.8);
    assert!((pilot.detectable(5.0, 1.0, 0.05, 0.8) - now).abs() < 1e-12);
    let floor = pilot.detectable(f64::INFINITY, 1.0, 0.05, 0.8);
    assert!((floor - 2.8016 * 0.5 * deviation).abs() < 1e-5 * deviation, "{floor}");
    assert_eq!(pilot.seeds_for(0.99 * floor, 0.05, 0.8), None);
    let needed = pilot.seeds_for(1.1 * floor, 0.05, 0.8).unwrap();
    let at = |seeds: u32| pilot.detectable(f64::from(seeds), 1.0, 0.05, 0.8);
    assert!(at(needed) <= 1.1 * floor && at(needed - 1) > 1.1 * floor, "{needed}");
    // Infinitely many seeds, and twice as much data.
    assert!((pilot.detectable(f64::INFINITY, 2.0, 0.05, 0.8) - floor / 2.0_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn a_fixed_test_set_has_a_floor_that_its_units_set() {
    let variances = [Variance { value: 4e-5, df: 3.0 }, Variance { value: 1e-4, df: 29.0 }];
    let pilot = Pilot::new(PilotDesign::FixedTest, &variances, 4).unwrap();
    assert!((pilot.deviation() - (1.6e-4_f64).sqrt()).abs() < 1e-12);
    let floor = pilot.detectable(f64::INFINITY, 1.0, 0.05, 0.8);
    // 29 degrees of freedom: between the normal and the 2.9 that t needs.
    assert!((2.80..2.95).contains(&(floor / 0.01)), "{floor}");
    assert_eq!(pilot.seeds_for(0.9 * floor, 0.05, 0.8), None);
    // Nearly 4 times: more units also make their variance better known.
    let needed = pilot.data_for(0.5 * floor, 100, 0.05, 0.8);
    assert!((3.7..4.0).contains(&needed), "{needed}");
    assert_eq!(Pilot::new(PilotDesign::FixedTest, &variances[..1], 4), None);
}
