//! Standardisation: every feature to mean 0 and standard deviation 1, measured on the training rows only.

use serde::{Deserialize, Serialize};

use super::Dataset;

/// z = (x - mean) / scale, column by column.
///
/// `scale` is the population standard deviation sqrt(sum (x - mean)^2 / n). A column that is constant on the fitted rows
/// gets its value as mean and the scale 1: it becomes exactly 0 there and nothing is divided by zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardizer {
    /// The columns it was fitted on, in order.
    pub feature_names: Vec<String>,
    /// Mean of each column.
    pub mean: Vec<f64>,
    /// Divisor of each column, above 0.
    pub scale: Vec<f64>,
    /// Names of the columns that were constant, which carry no information: worth telling the user.
    pub constant: Vec<String>,
}

impl Standardizer {
    /// Measures mean and standard deviation of every column over `rows`.
    ///
    /// The corrected two-pass algorithm in f64, the second pass about the mean (Chan, Golub, LeVeque 1983, "Algorithms
    /// for computing the sample variance"), so that a column of large values with a
    /// small spread keeps its digits.
    ///
    /// # Panics
    /// If `rows` is empty.
    #[track_caller]
    pub fn fit(dataset: &Dataset, rows: &[u32]) -> Standardizer {
        assert!(!rows.is_empty(), "Standardizer::fit: no rows to fit on");
        let (columns, n) = (dataset.columns(), rows.len() as f64);
        let first = dataset.row(rows[0] as usize);
        let mut mean = vec![0.0; columns];
        let mut varies = vec![false; columns];
        for &row in rows {
            for (j, &x) in dataset.row(row as usize).iter().enumerate() {
                mean[j] += f64::from(x);
                varies[j] |= x != first[j];
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= n);

        let mut squares = vec![0.0; columns];
        let mut residue = vec![0.0; columns];
        for &row in rows {
            for (j, &x) in dataset.row(row as usize).iter().enumerate() {
                let d = f64::from(x) - mean[j];
                squares[j] += d * d;
                residue[j] += d;
            }
        }
        let mut scale = vec![1.0; columns];
        for j in 0..columns {
            if varies[j] {
                scale[j] = ((squares[j] - residue[j] * residue[j] / n) / n).sqrt();
            } else {
                mean[j] = f64::from(first[j]);
            }
        }
        let names = &dataset.feature_names;
        let constant = (0..columns).filter(|&j| !varies[j]).map(|j| names[j].clone()).collect();
        Standardizer { feature_names: names.clone(), mean, scale, constant }
    }

    /// The standardised values of `rows`, row-major: `rows.len() x columns`.
    ///
    /// Computed in f64 and rounded once. A value beyond f32 (only possible in rows that were not fitted on) becomes the
    /// largest f32 of its sign, so that the result is always finite.
    ///
    /// # Panics
    /// If the columns of `dataset` are not those fitted on.
    #[track_caller]
    pub fn transform(&self, dataset: &Dataset, rows: &[u32]) -> Vec<f32> {
        assert!(
            self.feature_names == dataset.feature_names,
            "Standardizer::transform: fitted on columns {:?}, given {:?}",
            self.feature_names,
            dataset.feature_names
        );
        let largest = f64::from(f32::MAX);
        let mut values = Vec::with_capacity(rows.len() * self.mean.len());
        for &row in rows {
            for (j, &x) in dataset.row(row as usize).iter().enumerate() {
                let z = (f64::from(x) - self.mean[j]) / self.scale[j];
                values.push(z.clamp(-largest, largest) as f32);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(names: &[&str], features: Vec<f32>) -> Dataset {
        Dataset {
            name: "t".into(),
            labels: vec![0; features.len() / names.len()],
            feature_names: names.iter().map(|name| name.to_string()).collect(),
            features,
            class_names: vec!["0".into()],
            positive: None,
        }
    }

    #[test]
    fn values_of_a_textbook_example() {
        // 2 4 4 4 5 5 7 9: mean 5, population standard deviation 2.
        let data = dataset(&["x"], vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, 11.0]);
        let scaler = Standardizer::fit(&data, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((scaler.mean[0], scaler.scale[0]), (5.0, 2.0));
        assert_eq!(scaler.transform(&data, &[8, 0]), [3.0, -1.5]);
    }

    #[test]
    fn a_constant_column_becomes_zero_and_is_named() {
        let data = dataset(&["x", "flat"], vec![1.0, 0.1, 2.0, 0.1, 3.0, 0.1, 4.0, 7.1]);
        let scaler = Standardizer::fit(&data, &[0, 1, 2]);
        assert_eq!(scaler.constant, ["flat"]);
        let z = scaler.transform(&data, &[0, 1, 2, 3]);
        assert_eq!((z[1], z[3], z[5], z[7]), (0.0, 0.0, 0.0, 7.0));
    }

    #[test]
    fn a_small_spread_on_a_large_mean_keeps_its_digits() {
        // 2^23 + {0, 1} in equal parts: standard deviation 1/2 exactly; the sum of squares minus n mean^2 would keep few.
        let base = 8_388_608.0;
        let data = dataset(&["x"], (0..1000).map(|i| base + (i % 2) as f32).collect());
        let scaler = Standardizer::fit(&data, &(0..1000).collect::<Vec<u32>>());
        assert_eq!((scaler.mean[0], scaler.scale[0]), (f64::from(base) + 0.5, 0.5));
    }

    #[test]
    fn the_result_is_finite_even_where_f32_overflows() {
        let data = dataset(&["x"], vec![0.0, 1e-45, f32::MAX, -f32::MAX]);
        let scaler = Standardizer::fit(&data, &[0, 1]);
        assert_eq!(scaler.transform(&data, &[2, 3]), [f32::MAX, -f32::MAX]);
    }

    #[test]
    #[should_panic(expected = "fitted on columns [\"x\"], given [\"y\"]")]
    fn other_columns_panic() {
        let (a, b) = (dataset(&["x"], vec![1.0, 2.0]), dataset(&["y"], vec![1.0]));
        Standardizer::fit(&a, &[0, 1]).transform(&b, &[0]);
    }
}
