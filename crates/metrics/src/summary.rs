//! Mean and spread of one metric over several runs, undefined values left out and counted.

use serde::{Deserialize, Serialize};

/// Mean, sample standard deviation and count of the values that are defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// (1/n) sum_i x_i; `None` for n = 0.
    pub mean: Option<f64>,
    /// sqrt( sum_i (x_i - mean)^2 / (n - 1) ): the sample standard deviation of single runs, not the standard
    /// error of their mean (that is std / sqrt(n)); `None` for n < 2.
    pub std: Option<f64>,
    /// How many values were defined.
    pub n: usize,
}

impl Summary {
    /// Summarises the values that are `Some`, in one pass (Welford 1962, "Note on a method for calculating
    /// corrected sums of squares and products"), so that equal values give exactly their value and a spread
    /// of exactly 0.
    ///
    /// Metrics are never NaN; should a value be NaN all the same, mean and spread are NaN, it is not skipped.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let (mut n, mut mean, mut squares) = (0_usize, 0.0, 0.0);
        for x in values.into_iter().flatten() {
            n += 1;
            let delta = x - mean;
            mean += delta / n as f64;
            squares += delta * (x - mean);
        }
        Self { mean: (n > 0).then_some(mean), std: (n > 1).then(|| (squares / (n as f64 - 1.0)).sqrt()), n }
    }
}
