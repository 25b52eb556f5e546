//! Holm's correction for several comparisons.

/// Adjusted p by Holm's step-down method (Holm 1979): with p_(1) <= ... <= p_(m),
///
/// ```text
/// adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j))
/// ```
///
/// Rejecting where it is at most alpha keeps the probability of any false rejection at most alpha, whatever
/// the dependence between the tests. m counts ALL comparisons declared beforehand: one without a p (no test
/// was possible) still counts, as if its p were 1, and its adjusted p is `None`.
///
/// # Panics
/// If a p is NaN or outside [0, 1].
#[track_caller]
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    assert!(
        p.iter().flatten().all(|p| (0.0..=1.0).contains(p)),
        "holm: p values {p:?}, expected numbers in [0, 1]"
    );
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| p[i].is_some()).collect();
    order.sort_by(|&i, &j| p[i].unwrap_or(1.0).total_cmp(&p[j].unwrap_or(1.0)));
    let mut adjusted = vec![None; p.len()];
    let mut highest = 0.0_f64;
    for (rank, i) in order.into_iter().enumerate() {
        let factor = (p.len() - rank) as f64;
        highest = p[i].map_or(highest, |p| highest.max((factor * p).min(1.0)));
        adjusted[i] = Some(highest);
    }
    adjusted
}

/// The level at which Holm's method tests each p, so that it rejects where p is at most its level.
///
/// The smallest p is tested at alpha / m, the next at alpha / (m - 1), and so on; from the first p that is
/// not rejected on, all are held to that p's level. An interval at 1 - level therefore excludes 0 exactly
/// where the corrected p is at most alpha.
#[track_caller]
pub fn levels(p: &[Option<f64>], alpha: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    // One without a p counts as if its p were 1.
    order.sort_by(|&i, &j| p[i].unwrap_or(1.0).total_cmp(&p[j].unwrap_or(1.0)));
    let (mut levels, mut rejects) = (vec![alpha; p.len()], true);
    let mut level = alpha / p.len().max(1) as f64;
    for (rank, i) in order.into_iter().enumerate() {
        if rejects {
            level = alpha / (p.len() - rank) as f64;
            rejects = p[i].is_some_and(|p| p <= level);
        }
        levels[i] = level;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_is_at_most_its_level_exactly_where_the_corrected_p_is_at_most_alpha() {
        let families: [&[Option<f64>]; 4] = [
            &[Some(0.01), Some(0.02), Some(0.9)],
            &[Some(0.03), Some(0.02), Some(0.0501)],
            &[Some(0.001), None, Some(0.024), Some(0.026)],
            &[Some(0.04)],
        ];
        for p in families {
            for ((p, corrected), level) in p.iter().zip(holm(p)).zip(levels(p, 0.05)) {
                let Some((p, corrected)) = p.zip(corrected) else { continue };
                assert_eq!(p <= level, corrected <= 0.05, "{p} at {level}: {corrected}");
            }
        }
        assert_eq!(levels(families[0], 0.06), [0.02, 0.03, 0.06]);
        assert_eq!(levels(families[1], 0.06), [0.03, 0.02, 0.06]);
        assert_eq!(levels(families[2], 0.04), [0.01, 0.04 / 3.0, 0.04 / 3.0, 0.04 / 3.0]);
    }
}
