//! Fewer points for the same line: curves are sampled finely, files stay small.

/// Leaves out points that lie within `tolerance` of the line between those that stay (Douglas & Peucker
/// 1973).
pub(super) fn simplify(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    let Some((&first, rest)) = points.split_first() else { return Vec::new() };
    let mut kept = vec![first];
    if !rest.is_empty() {
        keep(points, tolerance, &mut kept);
    }
    kept
}

/// Appends what stays of `points`, without the first.
fn keep(points: &[(f64, f64)], tolerance: f64, kept: &mut Vec<(f64, f64)>) {
    let last = points.len() - 1;
    let away = |i: usize| distance(points[i], points[0], points[last]);
    let farthest = (1..last).max_by(|&i, &j| away(i).total_cmp(&away(j)));
    match farthest.filter(|&i| away(i) > tolerance) {
        Some(i) => {
            keep(&points[..=i], tolerance, kept);
            keep(&points[i..], tolerance, kept);
        }
        None => kept.push(points[last]),
    }
}

/// The distance of p from the line through a and b, or from a if they coincide.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (along, to) = ((b.0 - a.0, b.1 - a.1), (p.0 - a.0, p.1 - a.1));
    let length = along.0.hypot(along.1);
    if length == 0.0 { to.0.hypot(to.1) } else { (along.0 * to.1 - along.1 * to.0).abs() / length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_and_straight_parts_go() {
        let corner: Vec<(f64, f64)> =
            (0..=10).map(|i| (f64::from(i), if i < 4 { 0.0 } else { f64::from(i - 4) })).collect();
        assert_eq!(simplify(&corner, 0.01), [(0.0, 0.0), (4.0, 0.0), (10.0, 6.0)]);
        assert_eq!(simplify(&[], 0.01), []);
        assert_eq!(simplify(&[(1.0, 2.0)], 0.01), [(1.0, 2.0)]);
    }

    #[test]
    fn no_point_is_farther_away_than_the_tolerance() {
        let wave: Vec<(f64, f64)> =
            (0..=1000).map(|i| (f64::from(i), 50.0 * (f64::from(i) * 0.02).sin())).collect();
        let few = simplify(&wave, 0.1);
        assert!(few.len() < 200, "{}", few.len());
        for &point in &wave {
            let near = few
                .windows(2)
                .any(|w| w[0].0 <= point.0 && point.0 <= w[1].0 && distance(point, w[0], w[1]) <= 0.1);
            assert!(near, "{point:?}");
        }
    }
}
