//! Transposes matrices in memory: to pack operands of products, and for the weights of a convolution going
//! backwards.
//!
//! With AVX2 in blocks of 8 x 8 or 6 x 8, through registers, of which the last ones overlap: a plain loop
//! takes 0.8 ns per number of 64 x 64 on an Intel Xeon of 2023, because it writes one number at a time and
//! the compiler finds no shuffles in it. What is smaller than a block, and every machine without AVX2, takes
//! the plain loop, which is also the reference of the tests.
#![allow(unsafe_code)]

use crate::Float;

/// A matrix in memory, and where its transpose goes.
#[derive(Debug)]
pub struct Transposition<'a, T> {
    /// `rows` rows of `columns` numbers, `from_stride` apart.
    pub from: &'a [T],
    /// From row to row of the matrix.
    pub from_stride: usize,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// `columns` rows of `rows` numbers, `to_stride` apart; what lies between them stays.
    pub to: &'a mut [T],
    /// From row to row of the transpose.
    pub to_stride: usize,
}

/// `to[j][i] = from[i][j]`.
///
/// # Panics
/// If a slice is too short.
#[track_caller]
pub fn transpose<T: Float>(matrix: Transposition<'_, T>) {
    let Transposition { from, from_stride, rows, columns, ref to, to_stride } = matrix;
    if rows == 0 || columns == 0 {
        return;
    }
    // Checked: a product that wraps around would pass an unchecked comparison.
    let end = |count: usize, stride: usize, length: usize| {
        (count - 1).checked_mul(stride).and_then(|start| start.checked_add(length))
    };
    let fits = end(rows, from_stride, columns).is_some_and(|end| end <= from.len())
        && end(columns, to_stride, rows).is_some_and(|end| end <= to.len());
    assert!(
        fits,
        "transpose: {rows} x {columns}, rows {from_stride} and {to_stride} apart, from {} numbers to {}",
        from.len(),
        to.len()
    );
    T::transpose(matrix);
}

/// The transposition as a plain loop.
pub(crate) fn plain<T: Copy>(matrix: &mut Transposition<'_, T>) {
    for i in 0..matrix.rows {
        let row = &matrix.from[i * matrix.from_stride..][..matrix.columns];
        for (j, &x) in row.iter().enumerate() {
            matrix.to[j * matrix.to_stride + i] = x;
        }
    }
}

/// For f32, by the instruction set in use; `transpose` has checked the slices.
pub(crate) fn transpose_f32(mut matrix: Transposition<'_, f32>) {
    #[cfg(target_arch = "x86_64")]
    if crate::Isa::current() >= crate::Isa::Avx2Fma {
        let Transposition { rows, columns, .. } = matrix;
        // A tile of matrix products with AVX2 has six rows.
        if (rows >= 8 || rows == 6) && columns >= 8 {
            // The last block begins within the one before, unless it is a whole one.
            let starts =
                |length: usize| (0..length).step_by(8).map(move |start| start.min(length.saturating_sub(8)));
            for i in starts(rows) {
                for j in starts(columns) {
                    // SAFETY: `current` returns only instruction sets that were found on this machine, and
                    // this one has AVX2.
                    unsafe { block_avx2(&mut matrix, i, j, rows.min(8)) };
                }
            }
            return;
        }
    }
    plain(&mut matrix);
}

/// The block of `count` (6 or 8) rows and 8 columns that begins at (i, j).
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn block_avx2(matrix: &mut Transposition<'_, f32>, i: usize, j: usize, count: usize) {
    use std::arch::x86_64::*;
    let Transposition { from, from_stride, to, to_stride, .. } = matrix;
    let (from, to) = (&from[i * *from_stride + j..], &mut to[j * *to_stride + i..]);
    assert!(count == 6 || count == 8);
    assert!(from.len() >= (count - 1) * *from_stride + 8 && to.len() >= 7 * *to_stride + count);
    // SAFETY: eight numbers from each of `count` rows, the last of which was compared with the length.
    let r: [__m256; 8] = std::array::from_fn(|r| unsafe {
        _mm256_loadu_ps(from.as_ptr().add(r.min(count - 1) * *from_stride))
    });
    // Pairs of rows, then fours, then all eight: at each step the first and second halves are those of the
    // columns.
    let pairs = [
        _mm256_unpacklo_ps(r[0], r[1]),
        _mm256_unpackhi_ps(r[0], r[1]),
        _mm256_unpacklo_ps(r[2], r[3]),
        _mm256_unpackhi_ps(r[2], r[3]),
        _mm256_unpacklo_ps(r[4], r[5]),
        _mm256_unpackhi_ps(r[4], r[5]),
        _mm256_unpacklo_ps(r[6], r[7]),
        _mm256_unpackhi_ps(r[6], r[7]),
    ];
    let four = |a: __m256, b: __m256| {
        [_mm256_shuffle_ps::<0b01_00_01_00>(a, b), _mm256_shuffle_ps::<0b11_10_11_10>(a, b)]
    };
    let [c04, c15] = four(pairs[0], pairs[2]);
    let [c26, c37] = four(pairs[1], pairs[3]);
    let [d04, d15] = four(pairs[4], pairs[6]);
    let [d26, d37] = four(pairs[5], pairs[7]);
    let columns = [
        _mm256_permute2f128_ps::<0x20>(c04, d04),
        _mm256_permute2f128_ps::<0x20>(c15, d15),
        _mm256_permute2f128_ps::<0x20>(c26, d26),
        _mm256_permute2f128_ps::<0x20>(c37, d37),
        _mm256_permute2f128_ps::<0x31>(c04, d04),
        _mm256_permute2f128_ps::<0x31>(c15, d15),
        _mm256_permute2f128_ps::<0x31>(c26, d26),
        _mm256_permute2f128_ps::<0x31>(c37, d37),
    ];
    for (c, column) in columns.into_iter().enumerate() {
        // SAFETY: `count` numbers to each of eight rows, the last of which was compared with the length.
        unsafe {
            let to = to.as_mut_ptr().add(c * *to_stride);
            if count == 8 {
                _mm256_storeu_ps(to, column);
            } else {
                _mm_storeu_ps(to, _mm256_castps256_ps128(column));
                _mm_storel_pd(to.add(4).cast(), _mm_castps_pd(_mm256_extractf128_ps::<1>(column)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_edges_as_the_plain_loop() {
        for (rows, columns, from_stride, to_stride) in [
            (0, 3, 3, 1),
            (1, 1, 1, 1),
            (8, 8, 8, 8),
            (16, 8, 11, 17),
            (9, 23, 24, 10),
            (7, 40, 40, 7),
            (6, 26, 26, 6),
            (14, 17, 20, 15),
            (19, 18, 18, 32),
        ] {
            let from: Vec<f32> = (0..rows * from_stride).map(|i| i as f32).collect();
            let [mut ours, mut want] = [(); 2].map(|()| vec![-1.0; columns * to_stride]);
            transpose(Transposition { from: &from, from_stride, rows, columns, to: &mut ours, to_stride });
            plain(&mut Transposition { from: &from, from_stride, rows, columns, to: &mut want, to_stride });
            assert_eq!(ours, want, "{rows} x {columns}");
            for (i, j) in [(0, 0), (rows / 2, columns / 3)].into_iter().filter(|_| rows > 0) {
                assert_eq!(ours[j * to_stride + i], from[i * from_stride + j]);
            }
        }
    }

    #[test]
    #[should_panic(expected = "transpose: 8 x 8, rows 9 and 8 apart, from 70 numbers to 64")]
    fn short_slices_are_named() {
        let (from, mut to) = ([0.0f32; 70], [0.0; 64]);
        transpose(Transposition {
            from: &from,
            from_stride: 9,
            rows: 8,
            columns: 8,
            to: &mut to,
            to_stride: 8,
        });
    }
}
