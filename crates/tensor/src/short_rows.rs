//! Rows of few numbers, as they lie in memory: what all numbers of a row share, and the sums of rows.
//!
//! A register of sixteen lanes holds parts of several such rows, and a loop over rows fills it badly: 12 of
//! the 30 cycles that a row of ten classes took in a softmax loss went into it. So sixteen rows (eight with
//! AVX2) are taken together. One permutation per register spreads a number of each row over its columns; sums
//! add the halves of rows, of two rows in one register, then the quarters of four, until a register holds the
//! sums of all.
//!
//! **Bits.** A row is summed by halves of the next power of two of numbers, which 0 fills, whatever the
//! instruction set.
#![allow(unsafe_code)]

use crate::{Float, OnLines};

/// Rows that are worked on at a time.
pub const ROWS: usize = 64;

/// Most numbers of a row.
pub const MOST: usize = 32;

/// Rows of one width.
#[derive(Clone, Debug)]
pub struct ShortRows {
    width: usize,
    /// The row of each number of the first sixteen rows.
    row: OnLines<[u32; 16 * MOST]>,
}

impl ShortRows {
    /// Rows of so many numbers.
    ///
    /// # Panics
    /// If there are none, or more than [`MOST`].
    #[track_caller]
    pub fn new(width: usize) -> Self {
        assert!((1..=MOST).contains(&width), "rows of {width} numbers, expected 1 to {MOST}");
        let mut row = OnLines([0; 16 * MOST]);
        row.0.chunks_exact_mut(width).zip(0..16).for_each(|(numbers, r)| numbers.fill(r));
        Self { width, row }
    }

    /// `out[r][j] = per_row[r]`.
    ///
    /// # Panics
    /// If `out` has less than [`ROWS`] rows.
    #[track_caller]
    pub fn spread<T: Float>(&self, per_row: &[T; ROWS], out: &mut [T]) {
        assert!(out.len() >= ROWS * self.width, "{ROWS} rows of {} into {} numbers", self.width, out.len());
        T::spread(self, per_row, out);
    }

    /// `out[r] = sum over j of x[r][j]`.
    ///
    /// # Panics
    /// If `x` has less than [`ROWS`] rows.
    #[track_caller]
    pub fn sums<T: Float>(&self, x: &[T], out: &mut [T; ROWS]) {
        assert!(x.len() >= ROWS * self.width, "{ROWS} rows of {} from {} numbers", self.width, x.len());
        T::row_sums(self, x, out);
    }

    pub(crate) fn spread_plain<T: Copy>(&self, per_row: &[T; ROWS], out: &mut [T]) {
        for (row, &x) in out.chunks_exact_mut(self.width).zip(per_row) {
            row.fill(x);
        }
    }

    pub(crate) fn sums_plain<T: Float>(&self, x: &[T], out: &mut [T; ROWS]) {
        for (row, out) in x.chunks_exact(self.width).zip(out) {
            let mut lanes = [T::default(); MOST];
            lanes[..self.width].copy_from_slice(row);
            let mut half = MOST / 2;
            while half > 0 {
                for i in 0..half {
                    lanes[i] += lanes[i + half];
                }
                half /= 2;
            }
            *out = lanes[0];
        }
    }

    /// For f32, by the instruction set in use; the lengths have been checked.
    pub(crate) fn spread_f32(&self, per_row: &[f32; ROWS], out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        match crate::Isa::current() {
            // SAFETY: `current` returns only instruction sets that were found on this machine.
            crate::Isa::Avx512 => return unsafe { x86::spread_avx512(self, per_row, out) },
            // SAFETY: as above.
            crate::Isa::Avx2Fma => return unsafe { x86::spread_avx2(self, per_row, out) },
            crate::Isa::Baseline => {}
        }
        self.spread_plain(per_row, out);
    }

    /// As [`spread_f32`](Self::spread_f32).
    pub(crate) fn sums_f32(&self, x: &[f32], out: &mut [f32; ROWS]) {
        #[cfg(target_arch = "x86_64")]
        match crate::Isa::current() {
            // SAFETY: `current` returns only instruction sets that were found on this machine.
            crate::Isa::Avx512 => return unsafe { x86::sums_avx512(self, x, out) },
            // SAFETY: as above.
            crate::Isa::Avx2Fma => return unsafe { x86::sums_avx2(self, x, out) },
            crate::Isa::Baseline => {}
        }
        self.sums_plain(x, out);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{ROWS, ShortRows};
    use std::arch::x86_64::*;
    use std::array::from_fn;

    #[target_feature(enable = "avx512f")]
    pub fn spread_avx512(rows: &ShortRows, per_row: &[f32; ROWS], out: &mut [f32]) {
        let (registers, _) = out.as_chunks_mut::<16>();
        let (index, _) = rows.row.0.as_chunks::<16>();
        let (per_row, _) = per_row.as_chunks::<16>();
        for (out, per_row) in registers.chunks_exact_mut(rows.width).zip(per_row) {
            // SAFETY: sixteen numbers each, of arrays of sixteen.
            unsafe {
                let per_row = _mm512_loadu_ps(per_row.as_ptr());
                for (out, index) in out.iter_mut().zip(index) {
                    let index = _mm512_loadu_si512(index.as_ptr().cast());
                    _mm512_storeu_ps(out.as_mut_ptr(), _mm512_permutexvar_ps(index, per_row));
                }
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub fn spread_avx2(rows: &ShortRows, per_row: &[f32; ROWS], out: &mut [f32]) {
        let (registers, _) = out.as_chunks_mut::<8>();
        let (index, _) = rows.row.0.as_chunks::<8>();
        let (per_row, _) = per_row.as_chunks::<8>();
        for (out, per_row) in registers.chunks_exact_mut(rows.width).zip(per_row) {
            // SAFETY: eight numbers each, of arrays of eight.
            unsafe {
                let per_row = _mm256_loadu_ps(per_row.as_ptr());
                for (out, index) in out.iter_mut().zip(index) {
                    let index = _mm256_loadu_si256(index.as_ptr().cast());
                    _mm256_storeu_ps(out.as_mut_ptr(), _mm256_permutevar8x32_ps(per_row, index));
                }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    pub fn sums_avx512(rows: &ShortRows, x: &[f32], out: &mut [f32; ROWS]) {
        let width = rows.width;
        let mask = |first: usize| (((1_u64 << width) - 1) >> first) as __mmask16;
        let (sixteens, _) = out.as_chunks_mut::<16>();
        for (x, out) in x.chunks_exact(16 * width).zip(sixteens) {
            let r: [__m512; 16] = from_fn(|r| {
                // SAFETY: the mask keeps to the numbers of row r.
                unsafe {
                    let row = x.as_ptr().add(r * width);
                    let low = _mm512_maskz_loadu_ps(mask(0), row);
                    if width <= 16 {
                        return low;
                    }
                    _mm512_add_ps(low, _mm512_maskz_loadu_ps(mask(16), row.add(16)))
                }
            });
            // Lanes i and i + 8 of two rows; i and i + 4 of four; i and i + 2; i and i + 1.
            let two: [__m512; 8] = from_fn(|i| {
                let (a, b) = (r[2 * i], r[2 * i + 1]);
                _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xEE>(a, b))
            });
            let four: [__m512; 4] = from_fn(|i| {
                let (a, b) = (two[2 * i], two[2 * i + 1]);
                _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b))
            });
            let eight: [__m512; 2] = from_fn(|i| {
                let (a, b) = (four[2 * i], four[2 * i + 1]);
                _mm512_add_ps(_mm512_shuffle_ps::<0x44>(a, b), _mm512_shuffle_ps::<0xEE>(a, b))
            });
            let [a, b] = eight;
            let all = _mm512_add_ps(_mm512_shuffle_ps::<0x88>(a, b), _mm512_shuffle_ps::<0xDD>(a, b));
            // Lane 4 i + j holds row 4 j + i.
            let order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
            // SAFETY: sixteen numbers of an array of sixteen.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), _mm512_permutexvar_ps(order, all)) };
        }
    }

    #[target_feature(enable = "avx2")]
    pub fn sums_avx2(rows: &ShortRows, x: &[f32], out: &mut [f32; ROWS]) {
        match rows.width {
            1..=8 => sums_of::<1>(rows.width, x, out),
            9..=16 => sums_of::<2>(rows.width, x, out),
            _ => sums_of::<4>(rows.width, x, out),
        }
    }

    /// Sums of rows of so many registers. (Closures that load and add them became calls, which return
    /// registers in memory: 15 % of a softmax loss of 10 classes.)
    #[target_feature(enable = "avx2")]
    fn sums_of<const REGISTERS: usize>(width: usize, x: &[f32], out: &mut [f32; ROWS]) {
        let lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
        let mut mask = [_mm256_setzero_si256(); REGISTERS];
        for (k, mask) in mask.iter_mut().enumerate() {
            *mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(width as i32 - 8 * k as i32), lanes);
        }
        let (eights, _) = out.as_chunks_mut::<8>();
        for (x, out) in x.chunks_exact(8 * width).zip(eights) {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, r) in r.iter_mut().enumerate() {
                let mut part = [_mm256_setzero_ps(); REGISTERS];
                for k in 0..REGISTERS {
                    // A pointer that leaves the numbers belongs to an empty mask.
                    let from = x.as_ptr().wrapping_add(i * width + 8 * k);
                    // SAFETY: the mask keeps to the numbers of row i.
                    part[k] = unsafe { _mm256_maskload_ps(from, mask[k]) };
                }
                *r = match REGISTERS {
                    1 => part[0],
                    2 => _mm256_add_ps(part[0], part[1]),
                    _ => _mm256_add_ps(_mm256_add_ps(part[0], part[2]), _mm256_add_ps(part[1], part[3])),
                };
            }
            // Lanes i and i + 4 of two rows; i and i + 2 of four; i and i + 1.
            let two: [__m256; 4] = from_fn(|i| {
                let (a, b) = (r[2 * i], r[2 * i + 1]);
                _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b))
            });
            let four: [__m256; 2] = from_fn(|i| {
                let (a, b) = (two[2 * i], two[2 * i + 1]);
                _mm256_add_ps(_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xEE>(a, b))
            });
            let [a, b] = four;
            let all = _mm256_add_ps(_mm256_shuffle_ps::<0x88>(a, b), _mm256_shuffle_ps::<0xDD>(a, b));
            // Lane 4 i + j holds row 2 j + i.
            let order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
            // SAFETY: eight numbers of an array of eight.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), _mm256_permutevar8x32_ps(all, order)) };
        }
    }
}
