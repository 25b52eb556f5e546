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
