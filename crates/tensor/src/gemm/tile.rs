//! The innermost loop of matrix products and convolutions: a tile of C, in registers, while k runs.
//!
//! Rows of A are given as a table of offsets, steps along k as stretches of even distance: element (i, k) of
//! A is `a[rows[i].a + offset of step k]`. So one kernel serves matrices, transposed ones, and convolutions
//! whose windows are read where they lie: the channels of a tap are a stretch, or the outputs of a line.
//!
//! (Steps were a table, too, which took two loads a step beside the eight of A and B. On an AMD EPYC of 2021,
//! a core of which serves two threads, ours and a neighbour's, tiles of 256 steps ran at 76 GFLOP/s with a
//! table, at 85 with stretches and four steps a round. That the compiler knew a distance of 1, or of 6,
//! gained nothing.)
//!
//! Written with intrinsics because the compiler's vectoriser keeps the tile in registers only
//! for some of the shapes that the loop is instantiated with (2.7 to 117 GFLOP/s for the same
//! source). [`multiply_plain`] is the same arithmetic as a plain loop: the path of the baseline and
//! of f64, and the reference of the tests.
#![allow(unsafe_code)]

use crate::Real;

/// Most rows of one call: whole tiles of 6 and of 8. What a call costs beside its products (checks, and the
/// choice of the instruction set) was 4 % of a training step of a small MLP when each tile was a call.
pub const MOST_ROWS: usize = 48;

/// Where a row of the tile begins in A, and in C.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// In A.
    pub a: usize,
    /// In C.
    pub c: usize,
}

/// Steps along k that lie evenly, one behind the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    /// The first step: distance from the start of each row of A.
    pub a: u32,
    /// The first step: where its row of the panel begins, in numbers.
    pub b: u32,
    /// How many.
    pub count: u32,
}

/// All steps of a product: stretches, and how far it is from step to step within them.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    stretches: &'a [Stretch],
    a_stride: usize,
    b_stride: usize,
    /// The largest offsets in A and in the panel, if there is a step; a sum too large for a number is the
    /// largest one.
    reach: Option<[usize; 2]>,
}

impl<'a> Steps<'a> {
    /// These steps, in this order.
    pub fn new(stretches: &'a [Stretch], a_stride: usize, b_stride: usize) -> Self {
        let some = stretches.iter().filter(|stretch| stretch.count > 0);
        let reach = some
            .map(|&Stretch { a, b, count }| {
                let end = |first: u32, stride: usize| {
                    stride.saturating_mul(count as usize - 1).saturating_add(first as usize)
                };
                [end(a, a_stride), end(b, b_stride)]
            })
            .reduce(|most, ends| [most[0].max(ends[0]), most[1].max(ends[1])]);
        Self { stretches, a_stride, b_stride, reach }
    }
}

/// What the sums start at.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    /// 0; C may hold anything, NaN included.
    Zero,
    /// What C holds.
    Old,
    /// The same numbers in each row: a bias.
    Bias(&'a [T]),
}

/// What becomes of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// They are stored as they are.
    Keep,
    /// max(sum, 0), NaN for NaN: what a layer's activation would read and write again.
    Relu,
}

impl Finish {
    /// Finishes sums that were stored as they are.
    pub fn apply<T: Real>(self, sums: &mut [T]) {
        if self == Finish::Relu {
            sums.iter_mut().for_each(|sum| *sum = T::select(*sum <= T::lift(0.0), T::lift(0.0), *sum));
        }
    }
}

/// `C = start + A panel`, or its ReLU, some rows of A against a panel of B.
#[derive(Clone, Copy, Debug)]
pub struct TileProduct<'a, T, const NR: usize> {
    /// What the offsets of rows and steps point into.
    pub a: &'a [T],
    /// The rows, 1 to `MOST_ROWS`.
    pub rows: &'a [Row],
    /// The steps along k.
    pub steps: Steps<'a>,
    /// Rows of B, of NR numbers each.
    pub panel: &'a [T],
    /// What the sums start at; a bias holds NR numbers.
    pub start: Start<'a, T>,
    /// What becomes of the sums.
    pub finish: Finish,
    /// Columns that are wanted; of those beyond, some may be written.
    pub columns: usize,
}

impl<T, const NR: usize> TileProduct<'_, T, NR> {
    /// Panics unless every element of A, B and C that the tile touches exists. (Inlined, for the maxima to be
    /// found in vectors: as a call it took 2 % of a convolution.)
    #[inline(always)]
    fn check(&self, c: &[T]) {
        let rows = self.rows;
        assert!((1..=MOST_ROWS).contains(&rows.len()) && self.columns <= NR, "tile of {} rows", rows.len());
        let last = rows.iter().fold(Row::default(), |m, r| Row { a: m.a.max(r.a), c: m.c.max(r.c) });
        if let Some([a, b]) = self.steps.reach {
            // Saturating: a sum that wraps around would pass the comparison.
            assert!(last.a.saturating_add(a) < self.a.len(), "tile leaves A");
            assert!(b.saturating_add(NR) <= self.panel.len(), "tile leaves B");
        }
        assert!(last.c.checked_add(NR).is_some_and(|end| end <= c.len()), "tile leaves C");
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() == NR, "bias of {} numbers for {NR} columns", bias.len());
        }
    }
}

/// The tile as a plain loop, in any arithmetic.
pub fn multiply_plain<T: Real, const NR: usize>(tile: TileProduct<'_, T, NR>, c: &mut [T]) {
    tile.check(c);
    for row in tile.rows {
        let c = &mut c[row.c..][..NR];
        match tile.start {
            Start::Zero => c.fill(T::lift(0.0)),
            Start::Old => {}
            Start::Bias(bias) => c.copy_from_slice(bias),
        }
        let Steps { stretches, a_stride, b_stride, .. } = tile.steps;
        for &Stretch { a, b, count } in stretches {
            for i in 0..count as usize {
                let a = tile.a[row.a + a as usize + i * a_stride];
                let b = &tile.panel[b as usize + i * b_stride..][..NR];
                c.iter_mut().zip(b).for_each(|(c, &b)| *c = a.mul_add(b, *c));
            }
        }
        tile.finish.apply(c);
    }
}

/// The offset of the next step. The compiler is made to forget where it comes from: else it computes a
/// pointer for each row and step of a round ahead, more than there are registers for.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn step_on(offset: usize, stride: usize) -> usize {
    let mut next = offset.wrapping_add(stride);
    if !cfg!(miri) {
        // SAFETY: there is no instruction.
        unsafe { std::arch::asm!("/* {0} */", inout(reg) next, options(nomem, nostack, preserves_flags)) };
    }
    next
}

/// One step of a tile kernel: a row of the panel times a number of each row of A.
#[cfg(target_arch = "x86_64")]
macro_rules! tile_step {
    (
        $a:ident, $a_at:ident, $panel:ident, $b_at:ident, $sum:ident,
        $lanes:literal, $zero:ident, $load:ident, $splat:ident, $fma:ident
    ) => {
        let mut b_row = [$zero(); VECTORS];
        for v in 0..VECTORS {
            b_row[v] = $load($panel.add($b_at + v * $lanes));
        }
        for i in 0..ROWS {
            let x = $splat(*$a[i].add($a_at));
            for v in 0..VECTORS {
                $sum[i][v] = $fma(x, b_row[v], $sum[i][v]);
            }
        }
    };
}

/// Steps of a round: the loop's own additions and its jump take turns from the multiply-adds. (Two, on the
/// EPYC: 80 instead of 85 GFLOP/s.)
#[cfg(target_arch = "x86_64")]
const ROUND: u32 = 4;

/// A tile kernel for one vector type; `$vectors` of `$lanes` f32 make a row of the tile.
#[cfg(target_arch = "x86_64")]
macro_rules! tile_kernel {
    (
        $name:ident, $feature:literal, $vector:ty, $lanes:literal,
        $zero:ident, $load:ident, $store:ident, $splat:ident, $fma:ident, $relu:ident
    ) => {
        /// Multiplies `ROWS` rows of the tile, from row `first` on, by the first `VECTORS * lanes` columns of
        /// the panel.
        ///
        /// # Safety
        /// The machine must have the instruction set, `TileProduct::check` must have passed, and the rows
        /// must exist.
        #[target_feature(enable = $feature)]
        unsafe fn $name<const ROWS: usize, const VECTORS: usize, const NR: usize>(
            tile: &TileProduct<'_, f32, NR>,
            first: usize,
            c: &mut [f32],
        ) {
            debug_assert!(first + ROWS <= tile.rows.len() && VECTORS * $lanes <= NR);
            // SAFETY: `check` compared the largest offsets with the lengths of A, C and the panel; a row of
            // the panel, of the bias and of C holds NR numbers, of which VECTORS * lanes are touched. Nothing
            // is read at the offsets behind the last step of a stretch.
            unsafe {
                let rows = tile.rows.as_ptr().add(first);
                let mut a = [tile.a.as_ptr(); ROWS];
                let mut sum = [[$zero(); VECTORS]; ROWS];
                for i in 0..ROWS {
                    a[i] = a[i].wrapping_add((*rows.add(i)).a);
                    for v in 0..VECTORS {
                        match tile.start {
                            Start::Zero => {}
                            Start::Old => sum[i][v] = $load(c.as_ptr().add((*rows.add(i)).c + v * $lanes)),
                            Start::Bias(bias) => sum[i][v] = $load(bias.as_ptr().add(v * $lanes)),
                        }
                    }
                }
                let panel = tile.panel.as_ptr();
                let Steps { stretches, a_stride, b_stride, .. } = tile.steps;
                for stretch in stretches {
                    let (mut a_at, mut b_at) = (stretch.a as usize, stretch.b as usize);
                    for _ in 0..stretch.count / ROUND {
                        for _ in 0..ROUND {
                            tile_step!(a, a_at, panel, b_at, sum, $lanes, $zero, $load, $splat, $fma);
                            (a_at, b_at) = (step_on(a_at, a_stride), step_on(b_at, b_stride));
                        }
                    }
                    for _ in 0..stretch.count % ROUND {
                        tile_step!(a, a_at, panel, b_at, sum, $lanes, $zero, $load, $splat, $fma);
                        (a_at, b_at) = (step_on(a_at, a_stride), step_on(b_at, b_stride));
                    }
                }
                for i in 0..ROWS {
                    let c = c.as_mut_ptr().add((*rows.add(i)).c);
                    for v in 0..VECTORS {
                        let finished = match tile.finish {
                            Finish::Keep => sum[i][v],
                            Finish::Relu => $relu(sum[i][v]),
                        };
                        $store(c.add(v * $lanes), finished);
                    }
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Finish, ROUND, Start, Steps, TileProduct, step_on};
    use std::arch::x86_64::*;

    /// Keeps what is above 0, and NaN.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn relu_avx512(x: __m512) -> __m512 {
        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLE_UQ>(x, _mm512_setzero_ps()), x)
    }

    /// Keeps what is above 0, and NaN.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn relu_avx2(x: __m256) -> __m256 {
        _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLE_UQ>(x, _mm256_setzero_ps()), x)
    }

    tile_kernel!(
        rows_avx512,
        "avx512f",
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        relu_avx512
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
        _mm256_fmadd_ps,
        relu_avx2
    );

    /// Calls a kernel for the rows from `$first` on, `$count` of them, by their number.
    macro_rules! by_rows {
        (
            $kernel:ident, $vectors:literal, $tile:ident, $first:ident, $c:ident, $count:expr,
            $($rows:literal)*
        ) => {
            match $count {
                $($rows => $kernel::<$rows, $vectors, NR>($tile, $first, $c),)*
                _ => unreachable!("tiles have rows, and no more than these"),
            }
        };
    }

    /// Tiles of 8 rows with AVX-512, of 32, 16 or 8 columns (at most 16 of 32 registers).
    ///
    /// # Safety
    /// The machine must have AVX-512, and AVX2 and FMA with it.
    #[target_feature(enable = "avx512f,avx2,fma")]
    pub unsafe fn multiply_avx512<const NR: usize>(tile: &TileProduct<'_, f32, NR>, c: &mut [f32]) {
        tile.check(c);
        assert!(NR == 16 || NR == 32);
        for first in (0..tile.rows.len()).step_by(8) {
            let rows = (tile.rows.len() - first).min(8);
            // SAFETY: the machine is as promised; bounds and width were asserted above, and these rows exist.
            unsafe {
                match tile.columns {
                    17.. => by_rows!(rows_avx512, 2, tile, first, c, rows, 8 7 6 5 4 3 2 1),
                    9.. => by_rows!(rows_avx512, 1, tile, first, c, rows, 8 7 6 5 4 3 2 1),
                    _ => by_rows!(rows_avx2, 1, tile, first, c, rows, 8 7 6 5 4 3 2 1),
                }
            }
        }
    }

    /// Tiles of 6 rows with AVX2 and FMA, of 16 or 8 columns (12 of 16 registers).
    ///
    /// # Safety
    /// The machine must have AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn multiply_avx2<const NR: usize>(tile: &TileProduct<'_, f32, NR>, c: &mut [f32]) {
        tile.check(c);
        assert!(NR == 16);
        for first in (0..tile.rows.len()).step_by(6) {
            let rows = (tile.rows.len() - first).min(6);
            if let Start::Old = tile.start {
                // What the next tile starts at may be as far away as memory (2048^3 3 to 8 % faster, 512^3
                // 1).
                for row in tile.rows.iter().skip(first + rows).take(6) {
                    crate::prefetch(&c[row.c..][..NR], 0);
                }
            }
            // SAFETY: the machine is as promised; bounds and width were asserted above, and these rows exist.
            unsafe {
                match tile.columns {
                    9.. => by_rows!(rows_avx2, 2, tile, first, c, rows, 6 5 4 3 2 1),
                    _ => by_rows!(rows_avx2, 1, tile, first, c, rows, 6 5 4 3 2 1),
                }
            }
        }
    }
}

/// The tile for f32, by the instruction set in use.
#[inline]
pub fn multiply_f32<const NR: usize>(tile: TileProduct<'_, f32, NR>, c: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    match (crate::Isa::current(), NR) {
        // SAFETY: `current` returns only instruction sets that were found on this machine.
        (crate::Isa::Avx512, 16 | 32) => return unsafe { x86::multiply_avx512(&tile, c) },
        // SAFETY: as above.
        (crate::Isa::Avx2Fma, 16) => return unsafe { x86::multiply_avx2(&tile, c) },
        _ => {}
    }
    multiply_plain(tile, c);
}
