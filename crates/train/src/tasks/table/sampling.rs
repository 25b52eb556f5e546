//! Which rows an epoch visits, and in what order: all of them, or a sample that balances the classes.

use losslab_base::rng::Rng;
use losslab_losses::Training;

/// Draws the rows of each epoch from the training rows.
pub(super) struct Sampler {
    rows: Rows,
    /// The rows of the current epoch.
    order: Vec<u32>,
}

enum Rows {
    /// Every row once.
    All,
    /// Classes equally often, with replacement; as many draws as there are rows.
    Oversampled(Vec<Vec<u32>>),
    /// Of each class at most this many rows, other ones in each epoch.
    Undersampled(Vec<Vec<u32>>, usize),
}

impl Sampler {
    /// For rows of these classes, and what the modifiers of the loss ask for. Every class must have a row.
    pub(super) fn new(labels: &[u32], changes: &[Training]) -> Self {
        let classes = labels.iter().max().map_or(0, |&class| class as usize + 1);
        let by_class = || {
            let mut rows = vec![Vec::new(); classes];
            labels.iter().zip(0..).for_each(|(&class, row)| rows[class as usize].push(row));
            rows
        };
        let mut rows = Rows::All;
        for change in changes {
            match *change {
                Training::PriorBias(_) => {}
                Training::Oversample => rows = Rows::Oversampled(by_class()),
                Training::Undersample { ratio } => {
                    let by_class = by_class();
                    let rarest = by_class.iter().map(Vec::len).min().unwrap_or_default();
                    rows = Rows::Undersampled(by_class, most_of_a_class(ratio, rarest));
                }
            }
        }
        Self { rows, order: (0..labels.len() as u32).collect() }
    }

    /// The rows of the next epoch, in the order of their visits.
    pub(super) fn epoch(&mut self, rng: &mut Rng) -> &[u32] {
        match &mut self.rows {
            Rows::All => rng.shuffle(&mut self.order),
            Rows::Oversampled(classes) => {
                for row in &mut self.order {
                    let class = &classes[rng.below(classes.len() as u64) as usize];
                    *row = class[rng.below(class.len() as u64) as usize];
                }
            }
            Rows::Undersampled(classes, most) => {
                self.order.clear();
                for class in classes {
                    rng.shuffle(class);
                    self.order.extend(class.iter().take(*most));
                }
                rng.shuffle(&mut self.order);
            }
        }
        &self.order
    }

    /// The lists whose order one epoch hands on to the next: shuffling goes on from where the last one ended.
    pub(super) fn shuffled(&mut self) -> Vec<&mut [u32]> {
        match &mut self.rows {
            Rows::All => vec![&mut self.order],
            Rows::Oversampled(_) => Vec::new(),
            Rows::Undersampled(classes, _) => classes.iter_mut().map(|class| &mut class[..]).collect(),
        }
    }
}

/// How many rows an epoch visits, of classes of so many rows each.
pub(super) fn visited(counts: &[u64], changes: &[Training]) -> usize {
    let rarest = counts.iter().min().copied().unwrap_or_default() as usize;
    let all = |most: usize| counts.iter().map(|&rows| most.min(rows as usize)).sum();
    // The last of several that sample is the one that counts.
    let most = changes.iter().rev().find_map(|change| match *change {
        Training::PriorBias(_) => None,
        Training::Oversample => Some(usize::MAX),
        Training::Undersample { ratio } => Some(most_of_a_class(ratio, rarest)),
    });
    all(most.unwrap_or(usize::MAX))
}

/// Rows of a class in an undersampled epoch, at most.
fn most_of_a_class(ratio: f64, rarest: usize) -> usize {
    (ratio * rarest as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 90 rows of class 0, then 10 of class 1.
    fn epochs(changes: &[Training]) -> (Vec<u32>, Vec<u32>) {
        let labels: Vec<u32> = (0..100).map(|row| u32::from(row >= 90)).collect();
        let mut sampler = Sampler::new(&labels, changes);
        let mut rng = Rng::seed(1);
        (sampler.epoch(&mut rng).to_vec(), sampler.epoch(&mut rng).to_vec())
    }

    fn positives(rows: &[u32]) -> usize {
        rows.iter().filter(|&&row| row >= 90).count()
    }

    #[test]
    fn without_a_change_every_row_comes_once_in_another_order() {
        let (mut first, second) = epochs(&[Training::PriorBias(0.01)]);
        assert_ne!(first, second);
        first.sort_unstable();
        assert_eq!(first, (0..100).collect::<Vec<u32>>());
    }

    #[test]
    fn oversampling_draws_the_classes_equally_often() {
        let (first, second) = epochs(&[Training::Oversample]);
        assert_eq!((first.len(), second.len()), (100, 100));
        // 200 draws at a half: more than 4 standard deviations are 29.
        assert!(positives(&[first, second].concat()).abs_diff(100) < 29);
    }

    #[test]
    fn undersampling_keeps_the_rare_class_whole_and_varies_the_others() {
        let (first, second) = epochs(&[Training::Undersample { ratio: 2.5 }]);
        assert_eq!((first.len(), positives(&first)), (35, 10));
        let mut common: Vec<u32> =
            first.iter().filter(|row| **row < 90 && second.contains(row)).copied().collect();
        common.dedup();
        assert!(common.len() < 20, "25 of 90 rows twice share 7 on average");
        let mut distinct = first.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 35, "no row twice in an epoch");
    }
}
