//! How well one column alone ranks a class against the rest: areas under the ROC curve, by ranks.

use crate::{Cells, Column};

/// Classes with fewer rows are not looked at, nor those that fewer rows are not of: of 10 and 10 rows a
/// column of chance ranks all right in one of 92 378 tables, of more rows less often.
const LEAST_ROWS: usize = 10;
/// Numbers of at most so many different values are codes: each is looked at by itself.
const MOST_CODES: usize = 10;

/// The class of each row that is looked at, and how many there are of each class.
pub(super) struct Labelled<'a> {
    rows: &'a [u32],
    labels: Vec<u32>,
    counts: Vec<usize>,
    /// The classes that are ranked against the rest.
    classes: Vec<u32>,
}

/// The best area that a column reaches, and for which class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub class: u32,
    pub area: f64,
}

impl<'a> Labelled<'a> {
    /// These rows, whose classes are among so many. Of two classes the second is ranked against the first.
    pub fn new(rows: &'a [u32], labels: &[u32], classes: usize) -> Labelled<'a> {
        let labels: Vec<u32> = rows.iter().map(|&row| labels[row as usize]).collect();
        let mut counts = vec![0; classes];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        let first = if classes == 2 { 1 } else { 0 };
        let enough = |class: &u32| {
            let count = counts[*class as usize];
            count.min(rows.len() - count) >= LEAST_ROWS
        };
        let classes = (first..classes as u32).filter(enough).collect();
        Labelled { rows, labels, counts, classes }
    }

    /// The area of the order of the numbers among the rows that have one, in either direction.
    pub fn order(&self, column: &Column) -> Option<Area> {
        let Cells::Numbers { values, missing } = &column.cells else { return None };
        let has_value = |row: u32| missing.is_empty() || missing.binary_search(&row).is_err();
        let present = self.rows.iter().zip(&self.labels).filter(|(row, _)| has_value(**row));
        let numbers: Vec<(f64, u32)> = present.map(|(&row, &label)| (values[row as usize], label)).collect();
        let mut counts = vec![0; self.counts.len()];
        numbers.iter().for_each(|&(_, label)| counts[label as usize] += 1);
        let enough = |count: usize| count >= LEAST_ROWS && numbers.len() - count >= LEAST_ROWS;
        let areas = areas_of_order(numbers.clone(), &counts);
        let ranked = self.classes.iter().filter(|class| enough(counts[**class as usize]));
        best(ranked.map(|&class| {
            let area = areas[class as usize];
            Area { class, area: area.max(1.0 - area) }
        }))
    }

    /// The area of the levels of a column, each as good as the share of the class among its rows. So that
    /// many levels of few rows do not seem good by chance, shares come from one half of the rows and are
    /// judged on the other. A gap is a level, too, and so is the most frequent of many numbers.
    pub fn levels(&self, column: &Column) -> Option<Area> {
        let (codes, levels) = match &column.cells {
            Cells::Categories { codes, levels } => {
                let code = |&row: &u32| codes[row as usize].map_or(0, |code| code as usize + 1);
                (self.rows.iter().map(code).collect(), levels.len() + 1)
            }
            Cells::Numbers { values, missing } => number_codes(self.rows, values, missing),
        };
        self.area_of_levels(&codes, levels)
    }

    /// The area of whether a value is missing.
    pub fn gaps(&self, column: &Column) -> Option<Area> {
        let is_gap: Vec<usize> = match &column.cells {
            Cells::Numbers { missing, .. } if missing.is_empty() => return None,
            Cells::Numbers { missing, .. } => {
                self.rows.iter().map(|row| usize::from(missing.binary_search(row).is_ok())).collect()
            }
            Cells::Categories { codes, .. } => {
                self.rows.iter().map(|&row| usize::from(codes[row as usize].is_none())).collect()
            }
        };
        self.area_of_levels(&is_gap, 2)
    }

    fn area_of_levels(&self, codes: &[usize], levels: usize) -> Option<Area> {
        let classes = self.counts.len();
        let mut met = vec![0usize; classes];
        // Rows by half, level and class.
        let mut counts = [vec![0u64; levels * classes], vec![0u64; levels * classes]];
        for (&code, &label) in codes.iter().zip(&self.labels) {
            let class = label as usize;
            counts[met[class] % 2][code * classes + class] += 1;
            met[class] += 1;
        }
        best(self.classes.iter().map(|&class| {
            let share = self.counts[class as usize] as f64 / self.labels.len() as f64;
            let mut ranked: Vec<(f64, [u64; 2])> = Vec::new();
            for (own, other) in [(0, 1), (1, 0)] {
                for level in 0..levels {
                    let of = |half: usize| {
                        let here = &counts[half][level * classes..][..classes];
                        [here[class as usize], here.iter().sum::<u64>() - here[class as usize]]
                    };
                    let [hits, misses] = of(other);
                    ranked.push(((hits as f64 + share) / ((hits + misses) as f64 + 1.0), of(own)));
                }
            }
            Area { class, area: area_of_groups(ranked) }
        }))
    }
}

fn best(areas: impl Iterator<Item = Area>) -> Option<Area> {
    areas.max_by(|a, b| a.area.total_cmp(&b.area))
}

/// The area of each class against the rest: U / (n_c (n - n_c)), U the sum of the midranks of the class less
/// n_c (n_c + 1) / 2 (Mann and Whitney 1947); NaN where a class or the rest has no row.
fn areas_of_order(mut numbers: Vec<(f64, u32)>, counts: &[usize]) -> Vec<f64> {
    numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Sums of twice the midranks, whole numbers.
    let mut sums = vec![0u128; counts.len()];
    let mut before = 0u128;
    for same in numbers.chunk_by(|a, b| a.0 == b.0) {
        let twice = 2 * before + same.len() as u128 + 1;
        same.iter().for_each(|&(_, label)| sums[label as usize] += twice);
        before += same.len() as u128;
    }
    let area = |(sum, &count): (u128, &usize)| {
        let (own, rest) = (count as u128, (numbers.len() - count) as u128);
        (sum - own * (own + 1)) as f64 / (2 * own * rest) as f64
    };
    sums.into_iter().zip(counts).map(area).collect()
}

/// The area of groups of rows with one score each, `[of the class, of the rest]`.
fn area_of_groups(mut groups: Vec<(f64, [u64; 2])>) -> f64 {
    groups.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut twice, mut below, mut own) = (0u128, 0u128, 0u128);
    for same in groups.chunk_by(|a, b| a.0 == b.0) {
        let sum = |which: usize| same.iter().map(|(_, rows)| u128::from(rows[which])).sum::<u128>();
        twice += sum(0) * (2 * below + sum(1));
        below += sum(1);
        own += sum(0);
    }
    twice as f64 / (2 * own * below) as f64
}

/// The level of each row: 0 for a gap, then few values by themselves, or the most frequent of many and the
/// rest.
fn number_codes(rows: &[u32], values: &[f64], missing: &[u32]) -> (Vec<usize>, usize) {
    let has_value = |row: &u32| missing.is_empty() || missing.binary_search(row).is_err();
    let mut sorted: Vec<f64> =
        rows.iter().filter(|row| has_value(row)).map(|&row| values[row as usize]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut met: Vec<(f64, usize)> = Vec::new();
    let mut most = (0.0, 0);
    for same in sorted.chunk_by(|a, b| a == b) {
        met.push((same[0], same.len()));
        if same.len() > most.1 {
            most = (same[0], same.len());
        }
    }
    if met.len() > MOST_CODES {
        met = vec![most];
    }
    let code = |row: &u32| match has_value(row) {
        false => 0,
        true => {
            let value = values[*row as usize];
            1 + met.iter().position(|&(code, _)| code == value).unwrap_or(met.len())
        }
    };
    (rows.iter().map(code).collect(), met.len() + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_metrics::Ranking;

    #[test]
    fn the_area_of_an_order_is_the_roc_auc() {
        let numbers: Vec<(f64, u32)> = (0..97u32).map(|i| (f64::from(i * 37 % 23), i * i % 7 % 3)).collect();
        let counts = [0, 1, 2].map(|class| numbers.iter().filter(|(_, label)| *label == class).count());
        let areas = areas_of_order(numbers.clone(), &counts);
        for class in 0..3 {
            let scores: Vec<f64> = numbers.iter().map(|(value, _)| *value).collect();
            let labels: Vec<bool> = numbers.iter().map(|(_, label)| *label == class).collect();
            let expected = Ranking::new(&scores, &labels).unwrap().roc_auc().unwrap();
            assert!((areas[class as usize] - expected).abs() < 1e-15, "{class}: {areas:?}");
        }
    }

    #[test]
    fn the_area_of_groups_counts_ties_half() {
        // Of 3 x 5 pairs: the two above beat all 5, the one in the middle beats 4 and ties with 1.
        let groups = vec![(0.9, [2, 0]), (0.5, [1, 1]), (0.1, [0, 4])];
        assert_eq!(area_of_groups(groups), 14.5 / 15.0);
    }

    /// 200 levels of 2 rows each: shares of the very rows would put them in order, those of others do not.
    #[test]
    fn levels_of_few_rows_do_not_look_good_by_chance() {
        let rows: Vec<u32> = (0..400).collect();
        let labels: Vec<u32> = rows.iter().map(|row| u32::from(row * 7919 % 401 < 40)).collect();
        let codes = rows.iter().map(|row| Some(row * 101 % 400 / 2)).collect();
        let levels = (0..200).map(|level| level.to_string()).collect();
        let column = Column { name: "c".into(), cells: Cells::Categories { codes, levels } };
        let area = Labelled::new(&rows, &labels, 2).levels(&column).unwrap().area;
        assert!(area < 0.75, "{area}");
    }
}
