//! Cuts the rows of a data set into a training, a validation and a test part, class by class.

use super::dataset::Groups;
use super::group_split::split_groups;
use losslab_base::rng::Rng;
use losslab_base::{DataError, Place, counted, quoted};

/// 60 % to train on, 20 % to choose the epoch by, 20 % to report on.
pub const DEFAULT_FRACTIONS: [f64; 3] = [0.6, 0.2, 0.2];

/// Keeps the draws of a split apart from other uses of the same seed, such as initial weights ("split" in
/// ASCII).
const STREAM: u64 = 0x73_706c_6974;

/// The rows of each part: indices into a data set, ascending, none in two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Rows to fit the model and the scaling on.
    pub train: Vec<u32>,
    /// Rows to choose epochs, thresholds and hyper-parameters by.
    pub validation: Vec<u32>,
    /// Rows to report on; empty where the test set is a data set of its own.
    pub test: Vec<u32>,
}

impl Split {
    /// A stratified split: every class is shuffled and cut by `fractions` (train, validation, test), so that
    /// it keeps its share in each part.
    ///
    /// A class of c rows gives a part of fraction f either floor(c f) or ceil(c f) rows (largest remainders,
    /// the earlier part on a tie), but never none: a part that would get none takes one from the class's
    /// largest part. The same labels, fractions and seed give the same split on every machine.
    ///
    /// Rows are drawn one by one: copies of a row may land in different parts, where a test row that was also
    /// trained on flatters the model. Bring [given splits](super::GivenSplits) for data with many copies.
    ///
    /// # Errors
    /// If a class has fewer rows than there are parts.
    ///
    /// # Panics
    /// If the fractions are not positive or do not add up to 1, or if a label is no index into `class_names`.
    #[track_caller]
    pub fn stratified(
        labels: &[u32],
        class_names: &[String],
        fractions: [f64; 3],
        seed: u64,
    ) -> Result<Split, DataError> {
        let [train, validation, test] = stratify(labels, class_names, fractions, seed)?;
        Ok(Split { train, validation, test })
    }

    /// A stratified split without a test part, for when the test set is a data set of its own.
    ///
    /// # Errors
    /// As [`stratified`](Split::stratified), and so are the panics.
    #[track_caller]
    pub fn stratified_two(
        labels: &[u32],
        class_names: &[String],
        fractions: [f64; 2],
        seed: u64,
    ) -> Result<Split, DataError> {
        let [train, validation] = stratify(labels, class_names, fractions, seed)?;
        Ok(Split { train, validation, test: Vec::new() })
    }

    /// A split that keeps groups whole, and the shares of the classes as well as the groups allow.
    ///
    /// # Errors
    /// If a class is in fewer groups than there are parts, or cannot be given to every part.
    ///
    /// # Panics
    /// As [`stratified`](Split::stratified), and if a row has no group.
    #[track_caller]
    pub fn grouped(
        labels: &[u32],
        class_names: &[String],
        groups: &Groups,
        fractions: [f64; 3],
        seed: u64,
    ) -> Result<Split, DataError> {
        check(&fractions);
        let mut rng = Rng::stream(seed, STREAM);
        let [train, validation, test] = split_groups(labels, class_names, groups, fractions, &mut rng)?;
        Ok(Split { train, validation, test })
    }

    /// A split that keeps groups whole, without a test part.
    ///
    /// # Errors
    /// As [`grouped`](Split::grouped), and so are the panics.
    #[track_caller]
    pub fn grouped_two(
        labels: &[u32],
        class_names: &[String],
        groups: &Groups,
        fractions: [f64; 2],
        seed: u64,
    ) -> Result<Split, DataError> {
        check(&fractions);
        let mut rng = Rng::stream(seed, STREAM);
        let [train, validation] = split_groups(labels, class_names, groups, fractions, &mut rng)?;
        Ok(Split { train, validation, test: Vec::new() })
    }
}

/// Panics unless the fractions make sense.
#[track_caller]
fn check(fractions: &[f64]) {
    let sum: f64 = fractions.iter().sum();
    let valid = fractions.iter().all(|&f| f > 0.0) && (sum - 1.0).abs() < 1e-9;
    assert!(valid, "split fractions {fractions:?}: each must be above 0 and the sum 1");
}

/// The rows of each of `PARTS` parts.
#[track_caller]
fn stratify<const PARTS: usize>(
    labels: &[u32],
    class_names: &[String],
    fractions: [f64; PARTS],
    seed: u64,
) -> Result<[Vec<u32>; PARTS], DataError> {
    check(&fractions);
    let mut members = vec![Vec::new(); class_names.len()];
    for (row, &label) in labels.iter().enumerate() {
        members[label as usize].push(row as u32);
    }
    let mut rng = Rng::stream(seed, STREAM);
    let mut parts = [const { Vec::new() }; PARTS];
    for (class, mut rows) in members.into_iter().enumerate() {
        if rows.len() < PARTS {
            let expected = format!("at least {PARTS}, one for each part of the split");
            let place = Place::of(format!("class {}", quoted(&class_names[class])));
            return Err(place.error(counted(rows.len(), "row"), expected));
        }
        rng.shuffle(&mut rows);
        let mut rest = &rows[..];
        for (part, size) in parts.iter_mut().zip(apportion(rows.len(), fractions)) {
            let (taken, left) = rest.split_at(size);
            part.extend_from_slice(taken);
            rest = left;
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

/// Cuts `count` (at least one for each part) into whole numbers by largest remainders, each at least 1.
fn apportion<const PARTS: usize>(count: usize, fractions: [f64; PARTS]) -> [usize; PARTS] {
    let shares = fractions.map(|fraction| count as f64 * fraction);
    let mut sizes = shares.map(|share| share as usize);
    while sizes.iter().sum::<usize>() < count {
        let shortfall = |part: usize| shares[part] - sizes[part] as f64;
        let most =
            (1..PARTS).fold(0, |best, part| if shortfall(part) > shortfall(best) { part } else { best });
        sizes[most] += 1;
    }
    while let Some(empty) = sizes.iter().position(|&size| size == 0) {
        let largest = (1..PARTS).fold(0, |best, part| if sizes[part] > sizes[best] { part } else { best });
        sizes[largest] -= 1;
        sizes[empty] += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|class| class.to_string()).collect()
    }

    #[test]
    fn sizes_are_the_shares_up_to_rounding_and_never_zero() {
        for (count, fractions, expected) in [
            (3, [0.6, 0.2, 0.2], [1, 1, 1]),
            (4, [0.6, 0.2, 0.2], [2, 1, 1]),
            (5, [0.6, 0.2, 0.2], [3, 1, 1]),
            (32, [0.6, 0.2, 0.2], [19, 7, 6]),   // 19.2, 6.4, 6.4
            (10, [0.02, 0.49, 0.49], [1, 4, 5]), // 0.2, 4.9, 4.9: one from the largest
            (3, [0.98, 0.01, 0.01], [1, 1, 1]),
        ] {
            assert_eq!(apportion(count, fractions), expected, "{count} by {fractions:?}");
        }
    }

    #[test]
    fn every_row_is_in_one_part_and_every_class_keeps_its_share() {
        let labels: Vec<u32> =
            (0..1009).map(|i| if i % 37 == 0 { 2 } else { u32::from(i % 5 == 0) }).collect();
        let split = Split::stratified(&labels, &names(3), DEFAULT_FRACTIONS, 7).unwrap();
        let mut all = [&split.train[..], &split.validation, &split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1009).collect::<Vec<u32>>());
        for (part, fraction) in [(&split.train, 0.6), (&split.validation, 0.2), (&split.test, 0.2)] {
            assert!(part.is_sorted());
            for class in 0..3 {
                let total = labels.iter().filter(|&&l| l == class).count() as f64;
                let here = part.iter().filter(|&&row| labels[row as usize] == class).count() as f64;
                assert!((here - fraction * total).abs() < 1.0, "class {class}: {here} of {total}");
            }
        }
    }

    #[test]
    fn the_seed_decides_and_two_seeds_differ() {
        let labels: Vec<u32> = (0..200).map(|i| u32::from(i % 10 == 0)).collect();
        let split = |seed| Split::stratified(&labels, &names(2), DEFAULT_FRACTIONS, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1).test, split(2).test);
    }

    #[test]
    fn two_parts_leave_the_test_part_empty() {
        let split = Split::stratified_two(&[0, 0, 1, 1, 0, 0], &names(2), [0.75, 0.25], 0).unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (4, 2, 0));
    }

    #[test]
    fn a_class_smaller_than_the_parts_is_refused() {
        let labels = [0, 0, 0, 1, 1];
        let error = Split::stratified(&labels, &names(2), DEFAULT_FRACTIONS, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "class \"1\": found 2 rows, expected at least 3, one for each part of the split"
        );
        assert!(Split::stratified_two(&labels, &names(2), [0.5, 0.5], 0).is_ok());
    }

    #[test]
    #[should_panic(expected = "split fractions [0.6, 0.6, -0.2]")]
    fn senseless_fractions_panic() {
        let _ = Split::stratified(&[0, 0, 0], &names(1), [0.6, 0.6, -0.2], 0);
    }
}
