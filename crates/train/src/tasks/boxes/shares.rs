//! Whose loss it is: the shares of easy negatives, hard negatives and positives in the class loss and in its
//! gradient.
//!
//! This is what the focal loss paper is about: thousands of easy negatives, each cheap, may together outweigh
//! the few anchors that hold an object (Lin et al. 2017, section 3 and figure 4).

use serde::{Deserialize, Serialize};

/// A negative is easy when p_t > .9, that is when its logit is below -log 9.
const EASY_BELOW: f32 = -2.197_224_6;

/// What a group has of the class loss of an epoch, of its gradient, and of the logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Share of all logits that count, 0 to 1.
    pub logits: f64,
    /// Share of the sum of their losses.
    pub loss: f64,
    /// Share of the sum of |dL/dz| over their logits.
    pub gradient: f64,
}

/// The shares of an epoch; those of each kind sum to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Negatives with p_t > .9.
    pub easy_negatives: Share,
    /// All other negatives.
    pub hard_negatives: Share,
    /// Logits of the class of the object that the anchor is assigned to.
    pub positives: Share,
}

/// Sums up the steps of an epoch.
#[derive(Clone, Debug, Default)]
pub struct ShareSums {
    groups: [Share; 3],
}

impl ShareSums {
    /// Adds a step: for each logit its target, whether it counts (1 or 0), its loss and its gradient.
    pub fn add(&mut self, logits: &[f32], targets: &[f32], valid: &[f32], losses: &[f32], gradient: &[f32]) {
        let elements = logits.iter().zip(targets).zip(valid).zip(losses.iter().zip(gradient));
        for (((&z, &y), &counts), (&loss, &slope)) in elements {
            if counts == 0.0 {
                continue;
            }
            let group = match y > 0.0 {
                true => 2,
                false => usize::from(z >= EASY_BELOW),
            };
            let sums = &mut self.groups[group];
            sums.logits += 1.0;
            sums.loss += f64::from(loss);
            sums.gradient += f64::from(slope.abs());
        }
    }

    /// The shares, and zeros for the next epoch; none if there was neither loss nor gradient.
    pub fn take(&mut self) -> Option<Shares> {
        let groups = std::mem::take(&mut self.groups);
        let total = groups.iter().fold(Share::default(), |sum, group| Share {
            logits: sum.logits + group.logits,
            loss: sum.loss + group.loss,
            gradient: sum.gradient + group.gradient,
        });
        let share = |group: Share| Share {
            logits: group.logits / total.logits,
            loss: group.loss / total.loss,
            gradient: group.gradient / total.gradient,
        };
        let [easy_negatives, hard_negatives, positives] = groups.map(share);
        (total.loss > 0.0 && total.gradient > 0.0).then_some(Shares {
            easy_negatives,
            hard_negatives,
            positives,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_gets_its_share_and_what_does_not_count_none() {
        let mut sums = ShareSums::default();
        let (logits, targets) = ([-3.0, -2.19, 0.0, 1.0, 9.0], [0.0, 0.0, 0.0, 1.0, 0.0]);
        sums.add(
            &logits,
            &targets,
            &[1.0, 1.0, 1.0, 1.0, 0.0],
            &[1.0, 2.0, 3.0, 4.0, 99.0],
            &[0.5, 0.5, -1.0, -2.0, 99.0],
        );
        let shares = sums.take().unwrap_or_default();
        assert_eq!(shares.easy_negatives, Share { logits: 0.25, loss: 0.1, gradient: 0.125 });
        assert_eq!(shares.hard_negatives, Share { logits: 0.5, loss: 0.5, gradient: 0.375 });
        assert_eq!(shares.positives, Share { logits: 0.25, loss: 0.4, gradient: 0.5 });
        assert_eq!(sums.take(), None);
    }

    #[test]
    fn the_border_of_easy_is_p_t_of_nine_tenths() {
        assert!((f64::from(EASY_BELOW) + 9.0f64.ln()).abs() < 1e-7);
    }
}
