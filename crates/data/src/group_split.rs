//! Splits that keep groups whole: all rows of a patient, a customer or a site go to one part.
//!
//! Rows of one group resemble each other; a test row whose siblings were trained on flatters the model.
//!
//! **Algorithm** (greedy, after the idea of scikit-learn's `StratifiedGroupKFold`). Part p of fraction f_p
//! wants w_pc = f_p n_c of the n_c rows of class c. Groups are shuffled, then taken heaviest first, where a
//! group weighs sum_c g_c / n_c for its g_c rows of class c: large groups and those with rare classes are
//! placed while there is choice. Each goes to the part where it makes
//!
//! ```text
//!   sum_c (a_pc - w_pc)^2 / (w_pc n_c)      a_pc: rows of class c that part p has
//! ```
//!
//! grow least, the earlier part on a tie. Before that, if the groups left with a class are no more than the
//! parts still without it, the choice is among those parts: every part gets every class wherever groups
//! enough hold it.

use super::dataset::Groups;
use losslab_base::rng::Rng;
use losslab_base::{DataError, Place, counted, quoted};

/// A group with its rows and how many of each class it has (only classes that it has).
struct Group {
    rows: Vec<u32>,
    classes: Vec<(usize, usize)>,
}

/// The rows of each part, ascending; no group is in two parts.
///
/// Parts keep the shares of rows and classes as well as the groups allow. The same data and seed give the
/// same split on every machine.
///
/// # Errors
/// If a part would have no row of some class.
pub(super) fn split_groups<const PARTS: usize>(
    labels: &[u32],
    class_names: &[String],
    groups: &Groups,
    fractions: [f64; PARTS],
    rng: &mut Rng,
) -> Result<[Vec<u32>; PARTS], DataError> {
    let mut counts = vec![0; class_names.len()];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let mut groups_left = vec![0; class_names.len()];
    let members = gather(labels, groups);
    for &(class, _) in members.iter().flat_map(|group| &group.classes) {
        groups_left[class] += 1;
    }
    for (class, &holders) in groups_left.iter().enumerate() {
        if holders < PARTS {
            let place = Place::of(format!("class {}", quoted(&class_names[class])));
            let found = format!("{} of column {} with it", counted(holders, "group"), quoted(&groups.column));
            return Err(place.error(found, format!("at least {PARTS}, one for each part of the split")));
        }
    }

    let mut has = vec![[0; PARTS]; class_names.len()];
    let mut parts = [const { Vec::new() }; PARTS];
    for group in heaviest_first(members, &counts, rng) {
        let mut allowed = [true; PARTS];
        // The rarest class first: where two classes disagree, it decides.
        let mut by_rarity = group.classes.clone();
        by_rarity.sort_by_key(|&(class, _)| (groups_left[class], class));
        for &(class, _) in &by_rarity {
            let without = has[class].map(|n| n == 0);
            let lacking = without.iter().filter(|&&lacks| lacks).count();
            let both: [bool; PARTS] = std::array::from_fn(|p| allowed[p] && without[p]);
            if groups_left[class] <= lacking && both.contains(&true) {
                allowed = both;
            }
            groups_left[class] -= 1;
        }
        let growth = |p: usize| -> f64 {
            let of_class = |&(class, rows): &(usize, usize)| {
                let (n, g) = (counts[class] as f64, rows as f64);
                let wanted = fractions[p] * n;
                g * (2.0 * (has[class][p] as f64 - wanted) + g) / (wanted * n)
            };
            group.classes.iter().map(of_class).sum()
        };
        let candidates = (0..PARTS).filter(|&p| allowed[p]);
        let best = candidates.map(|p| (growth(p), p)).reduce(|a, b| if b.0 < a.0 { b } else { a });
        let part = best.map_or(0, |(_, p)| p);
        group.classes.iter().for_each(|&(class, rows)| has[class][part] += rows);
        parts[part].extend(group.rows);
    }
    for (class, has) in has.iter().enumerate() {
        if has.contains(&0) {
            let place = Place::of(format!("groups of column {}", quoted(&groups.column)));
            let found = format!("no way to give every part class {}", quoted(&class_names[class]));
            return Err(place.error(found, "smaller groups, or more of them"));
        }
    }
    parts.iter_mut().for_each(|part: &mut Vec<u32>| part.sort_unstable());
    Ok(parts)
}

/// The groups in order of appearance; those without a row are left out.
fn gather(labels: &[u32], groups: &Groups) -> Vec<Group> {
    let mut members: Vec<Group> =
        groups.names.iter().map(|_| Group { rows: Vec::new(), classes: Vec::new() }).collect();
    for (row, (&code, &label)) in groups.codes.iter().zip(labels).enumerate() {
        let group = &mut members[code as usize];
        group.rows.push(row as u32);
        match group.classes.iter_mut().find(|(class, _)| *class == label as usize) {
            Some((_, rows)) => *rows += 1,
            None => group.classes.push((label as usize, 1)),
        }
    }
    members.retain(|group| !group.rows.is_empty());
    members.iter_mut().for_each(|group| group.classes.sort_unstable());
    members
}

/// By falling weight, in random order among equals.
fn heaviest_first(mut groups: Vec<Group>, counts: &[usize], rng: &mut Rng) -> Vec<Group> {
    rng.shuffle(&mut groups);
    let weight = |group: &Group| -> f64 {
        group.classes.iter().map(|&(class, rows)| rows as f64 / counts[class] as f64).sum()
    };
    groups.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    groups
}

#[cfg(test)]
mod tests {
    use super::super::split::{DEFAULT_FRACTIONS, Split};
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| i.to_string()).collect()
    }

    fn groups(codes: Vec<u32>) -> Groups {
        let count = codes.iter().max().map_or(0, |&code| code as usize + 1);
        Groups { column: "g".into(), codes, names: names(count) }
    }

    fn split(labels: &[u32], groups: &Groups, seed: u64) -> Result<Split, DataError> {
        let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
        Split::grouped(labels, &names(classes), groups, DEFAULT_FRACTIONS, seed)
    }

    /// 400 groups of 1 to 12 rows; one row in twenty is positive, and half of the positives sit in few
    /// groups.
    fn problem() -> (Vec<u32>, Groups) {
        let mut rng = Rng::seed(5);
        let (mut labels, mut codes) = (Vec::new(), Vec::new());
        for code in 0..400 {
            for _ in 0..1 + rng.below(12) {
                codes.push(code);
                labels.push(u32::from(rng.below(if code % 20 == 0 { 2 } else { 40 }) == 0));
            }
        }
        (labels, groups(codes))
    }

    #[test]
    fn no_group_is_parted_no_row_lost_and_shares_are_kept() {
        let (labels, groups) = problem();
        for seed in 0..20 {
            let split = split(&labels, &groups, seed).unwrap();
            let parts = [&split.train, &split.validation, &split.test];
            let mut part_of = vec![None; groups.names.len()];
            for (p, rows) in parts.iter().enumerate() {
                for &row in *rows {
                    let seen = part_of[groups.codes[row as usize] as usize].replace(p);
                    assert!(seen.is_none() || seen == Some(p), "a group in parts {seen:?} and {p}");
                }
            }
            assert_eq!(parts.iter().map(|rows| rows.len()).sum::<usize>(), labels.len());
            let positives = labels.iter().filter(|&&label| label == 1).count() as f64;
            for (rows, fraction) in parts.iter().zip(DEFAULT_FRACTIONS) {
                let share = rows.len() as f64 / labels.len() as f64;
                let here = rows.iter().filter(|&&row| labels[row as usize] == 1).count() as f64;
                assert!((share - fraction).abs() < 0.01, "seed {seed}: {share} of the rows for {fraction}");
                assert!((here / positives - fraction).abs() < 0.02, "seed {seed}: {here} of {positives}");
            }
        }
        assert_eq!(split(&labels, &groups, 3).unwrap(), split(&labels, &groups, 3).unwrap());
        assert_ne!(split(&labels, &groups, 3).unwrap(), split(&labels, &groups, 4).unwrap());
    }

    #[test]
    fn a_class_in_three_groups_gets_into_every_part() {
        // Positives in the groups 0, 1 and 2, one row each beside many negatives.
        let labels: Vec<u32> = (0..300).map(|row| u32::from(row < 30 && row % 10 == 0)).collect();
        let groups = groups((0..300).map(|row| row / 10).collect());
        for seed in 0..50 {
            let split = split(&labels, &groups, seed).unwrap();
            for part in [&split.train, &split.validation, &split.test] {
                assert_eq!(part.iter().filter(|&&row| labels[row as usize] == 1).count(), 1, "seed {seed}");
            }
        }
    }

    #[test]
    fn groups_that_cannot_be_shared_out_are_refused() {
        let two = split(&[0, 0, 0, 1, 1, 1], &groups(vec![0, 1, 2, 3, 3, 4]), 0).unwrap_err().to_string();
        assert_eq!(
            two,
            "class \"1\": found 2 groups of column \"g\" with it, expected at least 3, one for each part of the split"
        );
    }
}
