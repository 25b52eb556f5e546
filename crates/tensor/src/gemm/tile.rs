//! The innermost loop of the matrix product: a tile of C, in registers, while k runs.
//!
//! Written with intrinsics because the compiler's vectoriser keeps the tile in registers only
//! for some of the shapes that the loop is instantiated with (2.7 to 117 GFLOP/s for the same
//! source). [`multiply_plain`] is the same arithmetic as a plain loop: the path of the baseline and
//! of f64, and the reference of the tests.
#![allow(unsafe_code)]

use crate::Real;

/// `tile (+)= A panel`, `height` rows of A against a packed panel of B.
#[derive(Clone, Copy, Debug)]
pub struct TileProduct<'a, T, const NR: usize> {
    /// A from the tile's first row and the panel's first depth on.
    pub a: &'a [T],
    /// Distance in `a` from row to row.
    pub row_stride: usize,
    /// Distance in `a` from one k to the next.
    pub depth_stride: usize,
    /// Rows of B, packed.
    pub panel: &'a [[T; NR]],
    /// Rows in the tile.
    pub height: usize,
    /// Start from 0 rather than from what C holds.
    pub fresh: bool,
}

impl<T, const NR: usize> TileProduct<'_, T, NR> {
    /// Panics unless every element of A and C that the tile touches exists.
    fn check(&self, c: &[T], c_stride: usize) {
        let (rows, depth) = (self.height, self.panel.len());
        assert!(rows > 0 && depth > 0, "empty tile");
        // Checked: a stride that wraps around would pass an unchecked comparison.
        let last = |steps: [(usize, usize); 2]| {
            steps.into_iter().try_fold(0usize, |sum, (n, stride)| sum.checked_add(n.checked_mul(stride)?))
        };
        let last_a = last([(rows - 1, self.row_stride), (depth - 1, self.depth_stride)]);
        assert!(last_a.is_some_and(|last| last < self.a.len()), "tile leaves A");
        let end_of_c = last([(rows - 1, c_stride), (1, NR)]);
        assert!(end_of_c.is_some_and(|end| end <= c.len()), "tile leaves C");
    }
}

/// The tile as a plain loop, in any arithmetic.
pub fn multiply_plain<T: Real, const NR: usize>(tile: TileProduct<'_, T, NR>, c: &mut [T], c_stride: usize) {
    tile.check(c, c_stride);
    for i in 0..tile.height {
        let c: &mut [T] = &mut c[i * c_stride..][..NR];
        if tile.fresh {
            c.fill(T::lift(0.0));
        }
        for (p, b) in tile.panel.iter().enumerate() {
            let a = tile.a[i * tile.row_stride + p * tile.depth_stride];
            c.iter_mut().zip(b).for_each(|(c, &b)| *c = a.mul_add(b, *c));
        }
    }
}

/// A tile kernel for one vector type; `$vectors` of `$lanes` f32 make a row of the tile.
#[cfg(target_arch = "x86_64")]
macro_rules! tile_kernel {
    ($name:ident, $feature:literal, $vector:ty, $lanes:literal, $zero:ident, $load:ident, $store:ident, $splat:ident, $fma:ident) => {
        /// Multiplies `ROWS` rows, starting at row `row` of the tile, by the panel.
        ///
        /// # Safety
        /// The machine must have the instruction set, and `TileProduct::check` must have passed.
        #[target_feature(enable = $feature)]
        unsafe fn $name<const ROWS: usize, const VECTORS: usize, const NR: usize>(
            tile: &TileProduct<'_, f32, NR>,
            row: usize,
            c: &mut [f32],
            c_stride: usize,
        ) {
            debug_assert!(row + ROWS <= tile.height && VECTORS * $lanes == NR);
            // SAFETY: rows `row .. row + ROWS` lie within `height`, which `check` compared with the
            // lengths of A and C; a row of the panel holds NR = VECTORS * lanes numbers.
            unsafe {
                let a = tile.a.as_ptr().add(row * tile.row_stride);
                let c = c.as_mut_ptr().add(row * c_stride);
                let mut sum = [[$zero(); VECTORS]; ROWS];
                if !tile.fresh {
                    for i in 0..ROWS {
                        for v in 0..VECTORS {
                            sum[i][v] = $load(c.add(i * c_stride + v * $lanes));
                        }
                    }
                }
                for (p, b) in tile.panel.iter().enumerate() {
                    let a = a.add(p * tile.depth_stride);
                    let mut b_row = [$zero(); VECTORS];
                    for v in 0..VECTORS {
                        b_row[v] = $load(b.as_ptr().add(v * $lanes));
                    }
                    for i in 0..ROWS {
                        let x = $splat(*a.add(i * tile.row_stride));
                        for v in 0..VECTORS {
                            sum[i][v] = $fma(x, b_row[v], sum[i][v]);
                        }
                    }
                }
                for i in 0..ROWS {
                    for v in 0..VECTORS {
                        $store(c.add(i * c_stride + v * $lanes), sum[i][v]);
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::TileProduct;
    use crate::kernel::Isa;
    use std::arch::x86_64::*;

    tile_kernel!(
        rows_avx512,
        "avx512f",
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps
    );
    tile_kernel!(
        rows_avx2,
        "avx2,fma",
        __m256,
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps
    );

    /// The tile with AVX-512: 8 rows of 16 or 32 columns at a time.
    pub fn multiply_avx512<const NR: usize>(tile: TileProduct<'_, f32, NR>, c: &mut [f32], c_stride: usize) {
        tile.check(c, c_stride);
        assert!(Isa::Avx512.is_available() && (NR == 16 || NR == 32));
        let mut row = 0;
        while row < tile.height {
            let rows = [8, 4, 1].into_iter().find(|&rows| row + rows <= tile.height).unwrap_or(1);
            // SAFETY: availability, bounds and width were asserted above.
            unsafe {
                match (rows, NR) {
                    (8, 32) => rows_avx512::<8, 2, NR>(&tile, row, c, c_stride),
                    (4, 32) => rows_avx512::<4, 2, NR>(&tile, row, c, c_stride),
                    (_, 32) => rows_avx512::<1, 2, NR>(&tile, row, c, c_stride),
                    (8, _) => rows_avx512::<8, 1, NR>(&tile, row, c, c_stride),
                    (4, _) => rows_avx512::<4, 1, NR>(&tile, row, c, c_stride),
                    _ => rows_avx512::<1, 1, NR>(&tile, row, c, c_stride),
                }
            }
            row += rows;
        }
    }

    /// The tile with AVX2 and FMA: 6 rows of 16 columns at a time (12 of 16 registers).
    pub fn multiply_avx2<const NR: usize>(tile: TileProduct<'_, f32, NR>, c: &mut [f32], c_stride: usize) {
        tile.check(c, c_stride);
        assert!(Isa::Avx2Fma.is_available() && NR == 16);
        let mut row = 0;
        while row < tile.height {
            let rows = [6, 3, 1].into_iter().find(|&rows| row + rows <= tile.height).unwrap_or(1);
            // SAFETY: availability, bounds and width were asserted above.
            unsafe {
                match rows {
                    6 => rows_avx2::<6, 2, NR>(&tile, row, c, c_stride),
                    3 => rows_avx2::<3, 2, NR>(&tile, row, c, c_stride),
                    _ => rows_avx2::<1, 2, NR>(&tile, row, c, c_stride),
                }
            }
            row += rows;
        }
    }
}

/// The tile for f32, by the instruction set in use.
pub fn multiply_f32<const NR: usize>(tile: TileProduct<'_, f32, NR>, c: &mut [f32], c_stride: usize) {
    #[cfg(target_arch = "x86_64")]
    match (crate::Isa::current(), NR) {
        (crate::Isa::Avx512, 16 | 32) => return x86::multiply_avx512(tile, c, c_stride),
        (crate::Isa::Avx2Fma, 16) => return x86::multiply_avx2(tile, c, c_stride),
        _ => {}
    }
    multiply_plain(tile, c, c_stride);
}
