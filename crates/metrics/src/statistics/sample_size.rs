//! How many seeds, and how much more data, another comparison of the same kind would need.

use super::estimate::{Estimate, Variance};

/// More seeds than this are not proposed.
pub const MOST_SEEDS: u32 = 10_000;

/// How a finished comparison was made, which says what more seeds and more data would do to the variance of
/// its difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PilotDesign {
    /// Splits of one data set, with this ratio of rows tested to rows trained on: the variance is s^2 (1/k +
    /// ratio) for k splits ([`corrected_t`](super::paired::corrected_t)).
    Splits {
        /// Rows tested over rows trained on.
        test_to_train: f64,
    },
    /// A fixed test set: s^2 / k of the seeds and C of the test units
    /// ([`fixed_test`](super::fixed_test::fixed_test)).
    FixedTest,
}

/// A finished comparison from which a larger one is planned.
///
/// Two things are assumed. The variances found are the true ones: with few seeds they are rough, so are the
/// answers. And with f times the data, rare class included, all variances fall to 1/f of what they are, as
/// those of means do. The part of a fixed test's variance that is due to training seeds alone would not fall:
/// there the need for data is understated.
#[derive(Clone, Debug, PartialEq)]
pub struct Pilot {
    design: PilotDesign,
    /// s^2, the variance of a difference between seeds or splits.
    spread: f64,
    /// C, which seeds share.
    shared: Option<Variance>,
}

impl Pilot {
    /// The pilot whose estimate has these variances over `units` splits or seeds; `None` where they are not
    /// those of the design, or nothing was spread.
    pub fn new(design: PilotDesign, variances: &[Variance], units: usize) -> Option<Self> {
        let k = units as f64;
        let (spread, shared) = match (design, variances) {
            (PilotDesign::Splits { test_to_train }, [one]) => (one.value / (1.0 / k + test_to_train), None),
            (PilotDesign::FixedTest, [seeds, units]) => (seeds.value * k, Some(*units)),
            _ => return None,
        };
        let total = spread + shared.map_or(0.0, |shared| shared.value);
        (units > 1 && total > 0.0 && total.is_finite()).then_some(Self { design, spread, shared })
    }

    /// The standard deviation of a difference between seeds or splits, in units of the metric.
    pub fn deviation(&self) -> f64 {
        self.spread.sqrt()
    }

    /// The smallest true difference that so many seeds would see with probability `power` in a test at level
    /// `alpha`, with `data` times the data; infinitely many seeds are allowed.
    pub fn detectable(&self, seeds: f64, data: f64, alpha: f64, power: f64) -> f64 {
        let df = if seeds.is_finite() { seeds - 1.0 } else { f64::INFINITY };
        let variances = match (self.design, self.shared) {
            (PilotDesign::Splits { test_to_train }, _) => {
                vec![Variance { value: self.spread * (1.0 / seeds + test_to_train) / data, df }]
            }
            (PilotDesign::FixedTest, shared) => {
                let of_seeds = Variance { value: self.spread / seeds / data, df };
                let units = shared.map(|units| Variance { value: units.value / data, df: units.df * data });
                std::iter::once(of_seeds).chain(units).filter(|part| part.value > 0.0).collect()
            }
        };
        Estimate { difference: 0.0, variances }.detectable(alpha, power)
    }

    /// The fewest seeds that would see this difference; `None` if [`MOST_SEEDS`] would not, as where splits
    /// overlap or the test set is too small.
    pub fn seeds_for(&self, difference: f64, alpha: f64, power: f64) -> Option<u32> {
        let sees = |seeds: u32| self.detectable(f64::from(seeds), 1.0, alpha, power) <= difference;
        if !sees(MOST_SEEDS) {
            return None;
        }
        let (mut too_few, mut enough) = (1, MOST_SEEDS);
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if sees(middle) { enough = middle } else { too_few = middle }
        }
        Some(enough)
    }

    /// How many times the data so many seeds would need to see this difference, at least 1.
    pub fn data_for(&self, difference: f64, seeds: u32, alpha: f64, power: f64) -> f64 {
        let sees = |data: f64| self.detectable(f64::from(seeds), data, alpha, power) <= difference;
        let (mut too_little, mut enough) = (1.0_f64, 1.0_f64);
        while !sees(enough) && enough < 1e12 {
            (too_little, enough) = (enough, 2.0 * enough);
        }
        while enough / too_little > 1.001 {
            let middle = (too_little * enough).sqrt();
            if sees(middle) { enough = middle } else { too_little = middle }
        }
        enough
    }
}
