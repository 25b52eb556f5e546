//! How sure a detector is at every place: the margins of all class logits of some images, counted in bins.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bins per unit of the margin.
const PER_UNIT: f32 = 20.0;
/// Larger margins count in the last bin: a probability of 1 - e^-40 differs from 1 by less than f64 sees.
const LARGEST: f32 = 40.0;

/// Margins x = logit(p_t) of the class logits of images, in bins of a twentieth: thousands of anchors of
/// hundreds of images, too many to keep one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Margins {
    /// Bin and count for logits of the class of the object that the anchor is assigned to, ascending.
    pub positives: BTreeMap<i32, u64>,
    /// The same for all others; those of ignored anchors are left out.
    pub negatives: BTreeMap<i32, u64>,
}

impl Margins {
    /// The margin in the middle of a bin.
    pub fn middle(bin: i32) -> f64 {
        f64::from(bin) / f64::from(PER_UNIT)
    }

    /// Counts a class logit.
    pub fn add(&mut self, logit: f32, positive: bool) {
        let (margin, counts) = match positive {
            true => (logit, &mut self.positives),
            false => (-logit, &mut self.negatives),
        };
        let bin = (margin.clamp(-LARGEST, LARGEST) * PER_UNIT).round() as i32;
        *counts.entry(bin).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_counts_in_its_bin() {
        let mut margins = Margins::default();
        [0.0, 0.02, 0.03, 99.0].into_iter().for_each(|logit| margins.add(logit, true));
        margins.add(2.0, false);
        assert_eq!(margins.positives, BTreeMap::from([(0, 2), (1, 1), (800, 1)]));
        assert_eq!(margins.negatives, BTreeMap::from([(-40, 1)]));
        assert_eq!(Margins::middle(-40), -2.0);
    }
}
