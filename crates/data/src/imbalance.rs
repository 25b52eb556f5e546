//! Makes a balanced set imbalanced, to study losses under an imbalance that is known.

use super::dataset::Dataset;
use losslab_base::rng::Rng;
use losslab_base::{DataError, Place, counted};

/// Keeps the draws apart from other uses of the same seed ("imbal" in ASCII).
const STREAM: u64 = 0x69_6d_62_61_6c;

/// Which rows of the training set are kept; others are drawn for every seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Imbalance {
    /// So many positives, and all negatives.
    KeepPositives(usize),
    /// n_c = n_max f^(-c / (C - 1)) rows of class c, or all that there are: an exponential long tail that
    /// ends with 1/f of the largest class (Cui et al. 2019, sec. 5.1). Classes count in their order, so the
    /// last is the rarest.
    LongTail(f64),
}

impl Imbalance {
    /// How many rows of each class are kept.
    ///
    /// # Errors
    /// If the set has no positive class, or fewer positives; if the factor is below 1; if no row of a class
    /// is left.
    pub fn class_counts(self, dataset: &Dataset) -> Result<Vec<usize>, DataError> {
        let mut counts = dataset.class_counts();
        match (self, dataset.positive) {
            (Imbalance::KeepPositives(keep), Some(positive)) => {
                let positives = &mut counts[positive as usize];
                if keep == 0 || keep > *positives {
                    let expected = format!("1 to {positives}, the positives of {:?}", dataset.name);
                    return Err(Place::of("--keep-positives").error(keep.to_string(), expected));
                }
                *positives = keep;
            }
            (Imbalance::KeepPositives(keep), None) => {
                let expected = "a problem with a positive class (--positive CLASS)";
                return Err(Place::of("--keep-positives").error(keep.to_string(), expected));
            }
            (Imbalance::LongTail(factor), _) => {
                if !(factor >= 1.0 && factor.is_finite()) {
                    let expected = "how many times rarer the last class is than the first, at least 1";
                    return Err(Place::of("--long-tail").error(factor.to_string(), expected));
                }
                let largest = counts.iter().copied().max().unwrap_or(0) as f64;
                let last = (counts.len().max(2) - 1) as f64;
                for (c, count) in counts.iter_mut().enumerate() {
                    // f^(-c / last) by losslab's own functions: the same on every machine.
                    let exponent = -(c as f64) / last * losslab_base::math::ln_f64(factor);
                    // An ulp below a whole number still means that number.
                    let wanted = largest * losslab_base::math::exp_f64(exponent) * (1.0 + 1e-12);
                    *count = (*count).min(wanted as usize);
                    if *count == 0 {
                        let found =
                            format!("{factor}, which leaves no row of class {:?}", dataset.class_names[c]);
                        return Err(Place::of("--long-tail").error(found, "a smaller factor"));
                    }
                }
            }
        }
        Ok(counts)
    }

    /// The rows that are kept, ascending, drawn by the seed.
    ///
    /// # Errors
    /// As [`class_counts`](Imbalance::class_counts).
    pub fn rows(self, dataset: &Dataset, seed: u64) -> Result<Vec<u32>, DataError> {
        let counts = self.class_counts(dataset)?;
        let mut rng = Rng::stream(seed, STREAM);
        let mut kept = Vec::with_capacity(counts.iter().sum());
        for (class, &count) in counts.iter().enumerate() {
            let of_class = |row: &u32| dataset.labels[*row as usize] as usize == class;
            let mut rows: Vec<u32> = (0..dataset.rows() as u32).filter(of_class).collect();
            if count < rows.len() {
                rng.shuffle(&mut rows);
            }
            kept.extend_from_slice(&rows[..count]);
        }
        kept.sort_unstable();
        Ok(kept)
    }

    /// One line for the user.
    ///
    /// # Errors
    /// As [`class_counts`](Imbalance::class_counts).
    pub fn note(self, dataset: &Dataset) -> Result<String, DataError> {
        let (kept, all) = (self.class_counts(dataset)?, dataset.class_counts());
        Ok(match (self, dataset.positive) {
            (Imbalance::KeepPositives(keep), Some(positive)) => format!(
                "of {} {keep} are kept for training and validation, others for every seed; the test set is whole",
                counted(all[positive as usize], "positive")
            ),
            _ => {
                let counts: Vec<String> = kept.iter().map(ToString::to_string).collect();
                format!(
                    "kept for training and validation, other rows for every seed: {} rows by class; the test set is whole",
                    counts.join(", ")
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::column::Column;
    use super::super::dataset::Features;
    use super::*;

    fn dataset(counts: &[usize], positive: Option<u32>) -> Dataset {
        let labels: Vec<u32> =
            counts.iter().zip(0..).flat_map(|(&count, class)| std::iter::repeat_n(class, count)).collect();
        let class_names: Vec<String> = (0..counts.len()).map(|class| class.to_string()).collect();
        Dataset {
            name: "t".into(),
            features: Features::Columns(vec![Column::numbers("x", vec![0.0; labels.len()])]),
            labels,
            label_values: class_names.iter().cloned().zip(0..).collect(),
            class_names,
            positive,
            groups: None,
        }
    }

    #[test]
    fn a_long_tail_is_that_of_cui_et_al() {
        // get_img_num_per_cls of their code, for 10 classes of 5000 and factors 100 and 10.
        let counts = |factor| Imbalance::LongTail(factor).class_counts(&dataset(&[5000; 10], None)).unwrap();
        assert_eq!(counts(100.0), [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]);
        assert_eq!(counts(10.0), [5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500]);
        assert_eq!(counts(1.0), [5000; 10]);
        // A class that is smaller anyway stays whole.
        assert_eq!(Imbalance::LongTail(4.0).class_counts(&dataset(&[10, 3, 40], None)).unwrap(), [10, 3, 10]);
    }

    #[test]
    fn rows_are_drawn_by_the_seed_and_negatives_stay() {
        let data = dataset(&[20, 30], Some(1));
        let rows = |seed| Imbalance::KeepPositives(5).rows(&data, seed).unwrap();
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
        assert!(
            rows(1).is_sorted() && rows(1)[..20] == (0..20).collect::<Vec<u32>>()[..] && rows(1).len() == 25
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let binary = dataset(&[20, 30], Some(1));
        for (imbalance, data) in [
            (Imbalance::KeepPositives(0), &binary),
            (Imbalance::KeepPositives(31), &binary),
            (Imbalance::KeepPositives(5), &dataset(&[5, 5, 5], None)),
            (Imbalance::LongTail(0.5), &binary),
            (Imbalance::LongTail(f64::NAN), &binary),
            (Imbalance::LongTail(f64::INFINITY), &binary),
            (Imbalance::LongTail(50.0), &binary),
        ] {
            assert!(imbalance.rows(data, 0).is_err(), "{imbalance:?}");
        }
    }
}
