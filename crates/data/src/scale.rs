//! Standardisation of a column: mean 0 and standard deviation 1, measured on the training rows only.

use serde::{Deserialize, Serialize};

/// z = (x - mean) / scale.
///
/// `scale` is the population standard deviation sqrt(sum (x - mean)^2 / n). A column that is constant on the
/// fitted rows gets its value as mean and the scale 1: it becomes exactly 0 there and nothing is divided by
/// zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Mean of the fitted values.
    pub mean: f64,
    /// Divisor, above 0.
    pub scale: f64,
    /// Whether all fitted values were equal: the column carries no information.
    pub constant: bool,
}

impl Scaling {
    /// Measures mean and standard deviation.
    ///
    /// The corrected two-pass algorithm in f64, the second pass about the mean (Chan, Golub, LeVeque 1983,
    /// "Algorithms for computing the sample variance"), so that a column of large values with a small spread
    /// keeps its digits.
    ///
    /// # Panics
    /// If there are no values.
    #[track_caller]
    pub fn fit(values: &[f64]) -> Scaling {
        assert!(!values.is_empty(), "Scaling::fit: no values to fit on");
        let (first, n) = (values[0], values.len() as f64);
        if values.iter().all(|&x| x == first) {
            return Scaling { mean: first, scale: 1.0, constant: true };
        }
        let mean = values.iter().sum::<f64>() / n;
        let (mut squares, mut residue) = (0.0, 0.0);
        for &x in values {
            let d = x - mean;
            squares += d * d;
            residue += d;
        }
        Scaling { mean, scale: ((squares - residue * residue / n) / n).sqrt(), constant: false }
    }

    /// The standardised value, computed in f64 and rounded once.
    ///
    /// A value beyond f32 (only possible in rows that were not fitted on) becomes the largest f32 of its
    /// sign, so that the result is always finite.
    pub fn apply(&self, x: f64) -> f32 {
        let largest = f64::from(f32::MAX);
        ((x - self.mean) / self.scale).clamp(-largest, largest) as f32
    }
}

/// The middle value, or the mean of the two middle ones.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn values_of_a_textbook_example() {
        // Mean 5, population standard deviation 2.
        let scaling = Scaling::fit(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((scaling.mean, scaling.scale), (5.0, 2.0));
        assert_eq!((scaling.apply(11.0), scaling.apply(2.0)), (3.0, -1.5));
    }

    #[test]
    fn a_constant_column_becomes_zero() {
        let scaling = Scaling::fit(&[0.1, 0.1, 0.1]);
        assert!(scaling.constant);
        assert_eq!((scaling.apply(0.1), scaling.apply(7.1)), (0.0, 7.0));
    }

    #[test]
    fn a_small_spread_on_a_large_mean_keeps_its_digits() {
        // 2^23 + {0, 1} in equal parts: standard deviation 1/2 exactly; the sum of squares minus n mean^2
        // would keep few.
        let base = 8_388_608.0;
        let scaling = Scaling::fit(&(0..1000).map(|i| base + f64::from(i % 2)).collect::<Vec<_>>());
        assert_eq!((scaling.mean, scaling.scale), (base + 0.5, 0.5));
    }

    #[test]
    fn the_result_is_finite_even_where_f32_overflows() {
        let scaling = Scaling::fit(&[0.0, 1e-45]);
        assert_eq!((scaling.apply(1e38), scaling.apply(-1e38)), (f32::MAX, -f32::MAX));
    }
}
