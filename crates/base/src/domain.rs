//! The values that tuning tries of one number.

use crate::math::{exp_f64, ln_f64};
use std::fmt;

/// The values that tuning tries of one number, as a map from [0, 1]: equal parts of the unit interval are
/// equal parts of the domain, in its own scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// From the first to the second number, evenly.
    Linear(f64, f64),
    /// From the first to the second number, both positive, evenly in the logarithm.
    Log(f64, f64),
    /// From the first to the second number, both below 1, with 1 - x evenly in the logarithm: for numbers
    /// like 0.9, 0.99 and 0.999.
    LogBelowOne(f64, f64),
    /// One of these, each as often as the others: for what has no values in between.
    OneOf(&'static [f64]),
}

/// A linear domain has at least so many values after rounding.
const LEAST_STEPS: f64 = 40.0;
/// Most decimals of a rounded number.
const MOST_DECIMALS: usize = 12;

impl Domain {
    /// From `value / factor` to `value * factor`, evenly in the logarithm; none if that is no range of
    /// positive numbers, as with a value of 0.
    pub fn around(value: f64, factor: f64) -> Option<Self> {
        let (low, high) = (significant(value / factor, 3), significant(value * factor, 3));
        (low > 0.0 && low < high && high.is_finite()).then_some(Domain::Log(low, high))
    }

    /// The value at this place of the unit interval, rounded so that it can be read: to three significant
    /// digits in a logarithmic domain, to the power of ten that leaves at least 40 values in a linear one.
    /// The bits do not depend on the machine.
    pub fn at(&self, share: f64) -> f64 {
        match *self {
            Domain::Linear(low, high) => {
                rounded(low + share * (high - low), decimals(high - low)).clamp(low, high)
            }
            Domain::Log(low, high) => significant(between(low, high, share), 3).clamp(low, high),
            Domain::LogBelowOne(low, high) => {
                // The digits of 1 - x are those that matter.
                let rest = significant(between(1.0 - low, 1.0 - high, share), 2);
                rounded(1.0 - rest, MOST_DECIMALS).clamp(low, high)
            }
            Domain::OneOf(values) => {
                let last = values.len().saturating_sub(1);
                values.get(((share * values.len() as f64) as usize).min(last)).copied().unwrap_or(f64::NAN)
            }
        }
    }

    /// The least and the greatest value, or all of them where they can be counted.
    pub fn ends(&self) -> Vec<f64> {
        match *self {
            Domain::Linear(low, high) | Domain::Log(low, high) | Domain::LogBelowOne(low, high) => {
                vec![low, high]
            }
            Domain::OneOf(values) => values.to_vec(),
        }
    }

    /// Whether there are values between these ends: low below high, and on the side of the logarithm where it
    /// is defined.
    pub fn is_valid(&self) -> bool {
        match *self {
            Domain::Linear(low, high) => low < high && (high - low).is_finite(),
            Domain::Log(low, high) => 0.0 < low && low < high && high.is_finite(),
            Domain::LogBelowOne(low, high) => low < high && high < 1.0 && low.is_finite(),
            Domain::OneOf(values) => !values.is_empty(),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Linear(low, high) => write!(f, "{low} to {high}"),
            Domain::Log(low, high) => write!(f, "{low} to {high}, logarithmic"),
            Domain::LogBelowOne(low, high) => write!(f, "{low} to {high}, logarithmic in 1 - x"),
            Domain::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "one of {}", values.join(", "))
            }
        }
    }
}

/// The number at this share of the way from a to b, in the logarithm.
fn between(a: f64, b: f64, share: f64) -> f64 {
    exp_f64(ln_f64(a) + share * (ln_f64(b) - ln_f64(a)))
}

/// The number rounded to so many significant digits.
fn significant(x: f64, digits: usize) -> f64 {
    format!("{x:.0$e}", digits - 1).parse().unwrap_or(x)
}

/// The number rounded to so many decimals.
fn rounded(x: f64, decimals: usize) -> f64 {
    format!("{x:.decimals$}").parse().unwrap_or(x)
}

/// The fewest decimals with which a range of this width has [`LEAST_STEPS`] values.
fn decimals(width: f64) -> usize {
    let (mut step, mut decimals) = (1.0, 0);
    while step * LEAST_STEPS > width && decimals < MOST_DECIMALS {
        step /= 10.0;
        decimals += 1;
    }
    decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_placed_in_the_scale_of_the_domain_and_rounded() {
        let gamma = Domain::Linear(0.0, 5.0);
        assert_eq!([0.0, 0.333, 0.5, 1.0].map(|share| gamma.at(share)), [0.0, 1.7, 2.5, 5.0]);
        let alpha = Domain::Linear(0.05, 0.95);
        assert_eq!([0.0, 0.289, 1.0].map(|share| alpha.at(share)), [0.05, 0.31, 0.95]);
        let rate = Domain::Log(1e-4, 1e-2);
        // 10^-3.5 = 3.1623e-4.
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| rate.at(share)), [1e-4, 3.16e-4, 1e-3, 1e-2]);
        let beta = Domain::LogBelowOne(0.9, 0.9999);
        // 1 - x is 0.1, 10^-2.5 = 0.00316, 0.0001.
        assert_eq!([0.0, 0.5, 1.0].map(|share| beta.at(share)), [0.9, 0.9968, 0.9999]);
        let bins = Domain::OneOf(&[5.0, 10.0, 30.0]);
        assert_eq!([0.0, 0.4, 0.7, 1.0].map(|share| bins.at(share)), [5.0, 10.0, 30.0, 30.0]);
    }

    #[test]
    fn a_range_around_a_value_is_that_many_times_less_and_more() {
        assert_eq!(Domain::around(1e-3, 10.0), Some(Domain::Log(1e-4, 1e-2)));
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 5e-324] {
            assert_eq!(Domain::around(none, 10.0), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_domain_is_told_apart() {
        let valid = [Domain::Linear(-1.0, 2.0), Domain::Log(0.1, 1.0), Domain::OneOf(&[1.0])];
        assert!(valid.iter().all(Domain::is_valid));
        let invalid = [
            Domain::Linear(1.0, 1.0),
            Domain::Linear(0.0, f64::INFINITY),
            Domain::Log(0.0, 1.0),
            Domain::LogBelowOne(0.9, 1.0),
            Domain::OneOf(&[]),
        ];
        assert!(!invalid.iter().any(Domain::is_valid));
    }
}
