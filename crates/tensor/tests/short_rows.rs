//! Rows of few numbers, by every instruction set; alone in its process because it forces one after another.

use losslab_tensor::short_rows::{MOST, ROWS, ShortRows};
use losslab_tensor::{Float, Isa, rng::Rng};

/// The sum by halves of the next power of two of numbers.
fn by_halves<T: Float>(row: &[T]) -> T {
    let half = row.len().next_power_of_two() / 2;
    if row.len() == 1 {
        return row[0];
    }
    let mut sums = row[..half].to_vec();
    sums.iter_mut().zip(&row[half..]).for_each(|(sum, &x)| *sum += x);
    by_halves(&sums)
}

fn check<T: Float>(width: usize, rng: &mut Rng) {
    // Of magnitudes that make the order of additions visible, with nothing behind the last row.
    let mut x: Vec<T> = (0..ROWS * width).map(|_| T::from_f64(rng.normal() * rng.normal().exp())).collect();
    x[5 * width] = T::from_f64(f64::NAN);
    x[23 * width + width - 1] = T::from_f64(f64::INFINITY);
    x[ROWS * width - 1] = T::from_f64(f64::NEG_INFINITY);
    let rows = ShortRows::new(width);
    let mut sums = [T::default(); ROWS];
    rows.sums(&x, &mut sums);
    for (r, (row, sum)) in x.chunks_exact(width).zip(sums).enumerate() {
        let (found, expected) = (sum.to_f64(), by_halves(row).to_f64());
        assert_eq!(found.is_nan(), r == 5, "row {r} of {width}");
        assert!(r == 5 || found == expected, "row {r} of {width}: {found}, expected {expected}");
    }

    let mut out = vec![T::from_f64(-7.0); ROWS * width + 3];
    rows.spread(&sums, &mut out);
    for (i, out) in out.into_iter().enumerate() {
        let expected = sums.get(i / width).copied().unwrap_or(T::from_f64(-7.0)).to_f64();
        assert!(out.to_f64() == expected || out.to_f64().is_nan() && expected.is_nan(), "{i} of {width}");
    }
}

#[test]
fn sums_and_spreads_of_all_widths() {
    let mut rng = Rng::seed(11);
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        for width in 1..=MOST {
            check::<f32>(width, &mut rng);
            check::<f64>(width, &mut rng);
        }
    }
}

#[test]
#[should_panic(expected = "rows of 33 numbers, expected 1 to 32")]
fn rows_that_are_too_long() {
    ShortRows::new(33);
}

#[test]
#[should_panic(expected = "64 rows of 3 into 191 numbers")]
fn too_little_room() {
    ShortRows::new(3).spread(&[0.0_f32; ROWS], &mut [0.0; 191]);
}

#[test]
#[should_panic(expected = "64 rows of 3 from 191 numbers")]
fn too_few_numbers() {
    ShortRows::new(3).sums(&[0.0_f32; 191], &mut [0.0; ROWS]);
}
