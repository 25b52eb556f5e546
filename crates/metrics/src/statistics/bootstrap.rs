//! Resampling the units of a fixed test set: rows, or images.
//!
//! All runs of all arms are evaluated on the same resamples, which makes the comparison paired. What the
//! resamples say about the test set meets what the seeds say about training in
//! [`fixed_test`](super::fixed_test).

use losslab_base::rng::Rng;
use rayon::prelude::*;

/// Draws of the same resample before it counts as undefined: with one positive in a million rows a third of
/// all draws has one.
const ATTEMPTS: usize = 100;

/// Why a bootstrap could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// The metric has no value on the test set itself.
    #[error("run {run} (counted from 0): the metric is undefined on the test set; has it no positives?")]
    Undefined {
        /// The run, counted from 0.
        run: usize,
    },
    /// The metric has no value on nearly all resamples.
    #[error(
        "the metric is undefined on {ATTEMPTS} resamples of the test set in a row; has it too few positives?"
    )]
    UndefinedResamples,
}

/// The metric of every run on every resample of the test units.
#[derive(Clone, Debug, PartialEq)]
pub struct Resamples {
    runs: usize,
    units: usize,
    /// Units that the variance over units is known by.
    informative: usize,
    /// On the test set as it is.
    observed: Vec<f64>,
    /// Resample by resample, a value per run.
    values: Vec<f64>,
}

impl Resamples {
    /// Draws `resamples` times `units` units with replacement, and evaluates every run on each.
    ///
    /// A run is a function from how often each unit was drawn (`units` counts) to the metric, `None` where
    /// that is undefined; such a resample is drawn again, for all runs. `None` in place of a run stands for
    /// one that diverged: its value is `diverged` always, and NaN if the metric has no such value;
    /// [`fixed_test`](super::fixed_test::fixed_test) refuses a NaN. Resample r is drawn from stream r of
    /// `seed`, so that the result does not depend on the number of threads; it runs on the current rayon
    /// pool.
    ///
    /// 2000 resamples give the standard error of a difference within 3 % (2 standard deviations of its
    /// relative error 1 / sqrt(2 * 2000)). Time: resamples x runs x one evaluation.
    ///
    /// # Errors
    /// If the metric is undefined on the test set, or on nearly all resamples.
    ///
    /// # Panics
    /// If there are no units or fewer than two resamples.
    #[track_caller]
    pub fn draw<F>(
        units: usize,
        runs: &[Option<F>],
        diverged: Option<f64>,
        resamples: usize,
        seed: u64,
    ) -> Result<Self, BootstrapError>
    where
        F: Fn(&[u32]) -> Option<f64> + Sync,
    {
        assert!(units > 0 && resamples > 1, "Resamples: {units} units, {resamples} resamples");
        let diverged = diverged.unwrap_or(f64::NAN);
        let value =
            |run: &Option<F>, counts: &[u32]| run.as_ref().map_or(Some(diverged), |metric| metric(counts));
        let ones = vec![1; units];
        let observed = |(index, run)| value(run, &ones).ok_or(BootstrapError::Undefined { run: index });
        let observed: Vec<f64> = runs.iter().enumerate().map(observed).collect::<Result<_, _>>()?;
        let draw = |counts: &mut Vec<u32>, resample: usize| {
            let mut rng = Rng::stream(seed, resample as u64);
            let attempt = |_| {
                draw_counts(&mut rng, counts);
                runs.iter().map(|run| value(run, counts)).collect::<Option<Vec<f64>>>()
            };
            (0..ATTEMPTS).find_map(attempt).ok_or(BootstrapError::UndefinedResamples)
        };
        let values: Vec<Vec<f64>> =
            (0..resamples).into_par_iter().map_init(|| vec![0; units], draw).collect::<Result<_, _>>()?;
        Ok(Self { runs: runs.len(), units, informative: units, observed, values: values.concat() })
    }

    /// States how many units carry the information that the metric's variance over units is known by: for
    /// average precision those of the rarest class. It is the number of all units unless stated.
    ///
    /// # Panics
    /// If it is 0 or more than there are units.
    #[track_caller]
    pub fn with_informative(self, informative: usize) -> Self {
        assert!((1..=self.units).contains(&informative), "{informative} informative of {} units", self.units);
        Self { informative, ..self }
    }

    /// Units that the variance over units is known by.
    pub fn informative(&self) -> usize {
        self.informative
    }

    /// The metric of each run on the test set as it is; NaN for one that diverged and has no value.
    pub fn observed(&self) -> &[f64] {
        &self.observed
    }

    /// Number of test units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// For each resample, the metric of every run.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.runs.max(1))
    }

    /// The interval that holds the middle 1 - alpha of what `statistic` is on the resamples, for bands about
    /// a curve or a single run: percentiles (Efron 1979) by linear interpolation. No verdict rests on it.
    pub fn percentile_interval(&self, alpha: f64, statistic: impl Fn(&[f64]) -> f64) -> (f64, f64) {
        let mut sorted: Vec<f64> = self.iter().map(statistic).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (below, part) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(sorted.len() - 1);
            sorted[below] + part * (sorted[above] - sorted[below])
        };
        (at(0.5 * alpha), at(1.0 - 0.5 * alpha))
    }
}

/// Counts of `counts.len()` draws with replacement.
fn draw_counts(rng: &mut Rng, counts: &mut [u32]) {
    counts.fill(0);
    for _ in 0..counts.len() {
        counts[rng.below(counts.len() as u64) as usize] += 1;
    }
}
