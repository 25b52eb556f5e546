//! Differences that are equal but for rounding are equal.
//!
//! 1/3 - 1/4 and 5/6 - 3/4 are both 1/12, and as floating-point numbers they are not the same. A spread of
//! one unit in the last place would make any test certain of anything, so that differences within the
//! rounding error of the metric are made equal before anything is computed of them.

/// The rounding error of a metric, as a share of its magnitude: 256 times the distance of 1 to the next
/// number.
///
/// A metric is a sum of up to n terms, one for each row; each addition rounds by at most half a unit in the
/// last place of the sum. Such errors are as often positive as negative and grow like sqrt(n): 256 units
/// cover 65 536 rows. Real differences are far above: one pair of rows ranked the other way moves ROC AUC by
/// at least 1e-10 on as many.
const ROUNDING: f64 = 256.0 * f64::EPSILON;

/// The rounding error of differences of these numbers.
pub(super) fn tolerance<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    ROUNDING * values.into_iter().fold(0.0, |most: f64, value| most.max(value.abs()))
}

/// The differences, those whose magnitudes are equal within the tolerance made equal, and those within it of
/// 0 made 0.
///
/// Each group begins with its least magnitude, from which the others are at most the tolerance away; numbers
/// farther apart keep their bits.
pub(super) fn settled(differences: &[f64], tolerance: f64) -> Vec<f64> {
    let mut ascending: Vec<usize> = (0..differences.len()).collect();
    ascending.sort_by(|&i, &j| differences[i].abs().total_cmp(&differences[j].abs()));
    let (mut settled, mut magnitude) = (vec![0.0; differences.len()], 0.0);
    for i in ascending {
        let difference = differences[i];
        if difference.abs() - magnitude > tolerance {
            magnitude = difference.abs();
        }
        settled[i] = if difference < 0.0 && magnitude > 0.0 { -magnitude } else { magnitude };
    }
    settled
}

/// The same where nothing is known of the numbers that were subtracted but that they are no smaller than
/// their differences.
pub(super) fn settled_alone(differences: &[f64]) -> Vec<f64> {
    settled(differences, tolerance(differences))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_fractions_are_equal_and_others_keep_their_bits() {
        let twelfths = [1.0 / 3.0 - 0.25, 5.0 / 6.0 - 0.75, 0.25 - 1.0 / 3.0];
        assert_ne!(twelfths[0], twelfths[1]);
        let found = settled(&twelfths, tolerance(&[5.0 / 6.0]));
        assert_eq!((found[0], found[2]), (found[1], -found[1]));
        let apart = [0.3, -0.1, 0.1 + 1e-12, 0.0, 1e-12];
        assert_eq!(settled(&apart, tolerance(&[1.0])), apart);
        assert_eq!(settled(&[1e-17, -1e-17], tolerance(&[0.5])), [0.0, 0.0]);
        assert_eq!(settled(&[], 0.0), [0.0; 0]);
    }
}
