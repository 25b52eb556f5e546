//! Performance profiles (Dolan and More 2002, "Benchmarking optimization software with performance
//! profiles"): on which share of the data sets is an arm the best, or at most so many times worse than it?

/// The ratios of several arms on several data sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// r of every arm, for each set.
    ratios: Vec<Vec<f64>>,
}

impl Profile {
    /// The profile of costs c >= 0, a row for each data set with a number for each arm:
    ///
    /// ```text
    /// r_{set, arm} = c_{set, arm} / min over arms of c_{set, arm}        (eq. 1)
    /// rho_arm(t)   = share of the sets with r_{set, arm} <= t
    /// ```
    ///
    /// The paper's costs are times. The cost of a metric is what it lacks of its best value ([`cost`]). Where
    /// the least cost is 0 the arms that reach it have ratio 1 and all others an infinite one.
    ///
    /// # Panics
    /// If a cost is negative or not finite, or rows differ in their length.
    #[track_caller]
    pub fn of(costs: &[Vec<f64>]) -> Self {
        let arms = costs.first().map_or(0, Vec::len);
        for row in costs {
            let usable = row.len() == arms && row.iter().all(|c| *c >= 0.0 && c.is_finite());
            assert!(usable, "profile: costs {row:?}, expected {arms} finite numbers >= 0");
        }
        let ratios = |row: &Vec<f64>| {
            let least = row.iter().copied().fold(f64::INFINITY, f64::min);
            row.iter().map(|&cost| if cost == least { 1.0 } else { cost / least }).collect()
        };
        Self { ratios: costs.iter().map(ratios).collect() }
    }

    /// The share of the sets on which the cost of this arm is at most `ratio` times the least.
    pub fn share(&self, arm: usize, ratio: f64) -> f64 {
        self.of_arm(arm).filter(|r| *r <= ratio).count() as f64 / self.ratios.len() as f64
    }

    /// Where the share of this arm rises, ascending, each with the share from there on.
    pub fn steps(&self, arm: usize) -> Vec<(f64, f64)> {
        let mut ratios: Vec<f64> = self.of_arm(arm).filter(|r| r.is_finite()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.dedup();
        ratios.into_iter().map(|ratio| (ratio, self.share(arm, ratio))).collect()
    }

    /// The largest ratio that is not infinite; 1 if there is none.
    pub fn largest(&self) -> f64 {
        self.ratios.iter().flatten().copied().filter(|r| r.is_finite()).fold(1.0, f64::max)
    }

    fn of_arm(&self, arm: usize) -> impl Iterator<Item = f64> {
        self.ratios.iter().map(move |row| row[arm])
    }
}

/// What a metric lacks of the best that it can be: 1 - AP for average precision, itself for log loss. `None`
/// if it has no best value.
pub fn cost(value: f64, (least, greatest): (f64, f64), higher_is_better: bool) -> Option<f64> {
    let lacks = if higher_is_better { greatest - value } else { value - least };
    lacks.is_finite().then_some(lacks.max(0.0))
}
