//! The points at which tuning tries settings and parameters: a Latin hypercube (McKay et al. 1979), another
//! one for each seed.
//!
//! Of n points, each of the n equal parts of every coordinate's range holds exactly one. Which part of one
//! coordinate meets which part of another is chosen: of many random orders of a new coordinate the one is
//! taken whose points fill the squares with the earlier coordinates most evenly and with the least
//! correlation.

use losslab_base::rng::Rng;

/// The stream of random numbers of designs.
const STREAM: u64 = 0x7475_6e65;
/// Random orders of a coordinate, of which the best is taken.
const CANDIDATES: usize = 100;

/// Points of the unit cube, by coordinate.
///
/// A coordinate does not depend on those behind it: of one seed and number of points, a loss with more
/// parameters has the coordinates of one with fewer, and others behind them.
pub(crate) struct Design {
    coordinates: Vec<Vec<f64>>,
}

impl Design {
    /// So many points with so many coordinates.
    pub fn new(seed: u64, points: usize, coordinates: usize) -> Self {
        let mut rng = Rng::stream(seed, STREAM);
        let mut design = Self { coordinates: Vec::with_capacity(coordinates) };
        for _ in 0..coordinates {
            let next = design.next(points, &mut rng);
            design.coordinates.push(next);
        }
        design
    }

    /// The coordinates of a point.
    pub fn point(&self, index: usize) -> Vec<f64> {
        self.coordinates.iter().map(|coordinate| coordinate[index]).collect()
    }

    /// One coordinate more.
    fn next(&self, points: usize, rng: &mut Rng) -> Vec<f64> {
        let candidates = if self.coordinates.is_empty() { 1 } else { CANDIDATES };
        let mut best: Option<(f64, Vec<f64>)> = None;
        for _ in 0..candidates {
            let candidate = stratified(points, rng);
            let with = |earlier: &Vec<f64>| unevenness(earlier, &candidate);
            let score = self.coordinates.iter().map(with).fold(f64::NEG_INFINITY, f64::max);
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, candidate));
            }
        }
        best.map(|(_, coordinate)| coordinate).unwrap_or_default()
    }
}

/// A number in each of n equal parts of [0, 1), in random order.
fn stratified(n: usize, rng: &mut Rng) -> Vec<f64> {
    let mut parts: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut parts);
    parts.into_iter().map(|part| (part as f64 + rng.uniform()) / n as f64).collect()
}

/// How unevenly two coordinates fill the square together: the centred L2 discrepancy of their points
/// (Hickernell 1998), squared and up to a constant, and a tenth of their squared correlation, which few
/// points can have in spite of a small discrepancy.
fn unevenness(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let centred: Vec<(f64, f64)> = x.iter().zip(y).map(|(x, y)| (x - 0.5, y - 0.5)).collect();
    let single = |a: f64| 1.0 + 0.5 * a.abs() - 0.5 * a * a;
    let double = |a: f64, b: f64| 1.0 + 0.5 * a.abs() + 0.5 * b.abs() - 0.5 * (a - b).abs();
    let singles: f64 = centred.iter().map(|&(x, y)| single(x) * single(y)).sum();
    let of_pairs = |&(x, y): &(f64, f64)| {
        centred.iter().map(|&(other_x, other_y)| double(x, other_x) * double(y, other_y)).sum::<f64>()
    };
    let doubles: f64 = centred.iter().map(of_pairs).sum();
    // The variance of an even coordinate is 1/12.
    let correlation = 12.0 / n * centred.iter().map(|(x, y)| x * y).sum::<f64>();
    doubles / (n * n) - 2.0 * singles / n + 0.1 * correlation * correlation
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spearman's correlation; there are no ties.
    fn rank_correlation(x: &[f64], y: &[f64]) -> f64 {
        let ranks = |values: &[f64]| -> Vec<f64> {
            values.iter().map(|value| values.iter().filter(|other| *other < value).count() as f64).collect()
        };
        let n = x.len() as f64;
        let squares: f64 = ranks(x).iter().zip(ranks(y)).map(|(a, b)| (a - b) * (a - b)).sum();
        1.0 - 6.0 * squares / (n * (n * n - 1.0))
    }

    #[test]
    fn no_two_of_three_coordinates_go_together() {
        let seeds = 200;
        let (mut sum, mut worst) = (0.0, 0.0f64);
        for seed in 0..seeds {
            let Design { coordinates } = Design::new(seed, 8, 3);
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                let r = rank_correlation(&coordinates[a], &coordinates[b]).abs();
                sum += r / (3 * seeds) as f64;
                worst = worst.max(r);
            }
        }
        assert!(sum < 0.15 && worst < 0.4, "mean {sum}, worst {worst}");
    }

    #[test]
    fn every_part_of_every_range_is_met_once() {
        for points in [1, 2, 8, 30] {
            for coordinate in Design::new(3, points, 5).coordinates {
                let mut parts: Vec<usize> =
                    coordinate.iter().map(|share| (share * points as f64) as usize).collect();
                parts.sort_unstable();
                assert!(parts.into_iter().eq(0..points), "{points} points: {coordinate:?}");
            }
        }
    }

    #[test]
    fn two_coordinates_fill_the_square() {
        for seed in 0..50 {
            let design = Design::new(seed, 16, 2);
            let quarter = |i: usize| {
                let point = design.point(i);
                2 * usize::from(point[0] >= 0.5) + usize::from(point[1] >= 0.5)
            };
            let mut counts = [0; 4];
            (0..16).for_each(|i| counts[quarter(i)] += 1);
            assert!(counts.iter().all(|count| (3..=5).contains(count)), "seed {seed}: {counts:?}");
        }
    }

    #[test]
    fn seeds_differ_and_the_first_coordinates_do_not_depend_on_the_number() {
        let (one, three) = (Design::new(7, 8, 1), Design::new(7, 8, 3));
        assert_eq!(one.coordinates[0], three.coordinates[0]);
        assert_ne!(one.coordinates[0], Design::new(8, 8, 1).coordinates[0]);
        assert!(Design::new(7, 0, 2).coordinates.iter().all(Vec::is_empty));
        assert!(Design::new(7, 8, 0).point(3).is_empty());
    }
}
