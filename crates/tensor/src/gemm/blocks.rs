//! Sizes of blocks: what stays in which cache.
//!
//! A tile multiplies some rows of A by a *panel* of B, as wide as the tile and at most [`DEPTH`] steps deep:
//! 32 KB with AVX-512, 16 with AVX2, of 48 and 32 KB of first-level cache. Panels of half the depth read and
//! write C twice as often: 80 instead of 87 % of the limit of an AMD EPYC of 2021 at 256^3, 140 instead of
//! 160 GFLOP/s of an Intel Xeon of 2023 at 1024^3.
//!
//! What reads A across its rows touches a line of the cache per step, and keeps to the shorter [`ACROSS`]; or
//! A is packed, tile by tile, which takes A^T B of 256^3 from 76 to 84 % of the EPYC, from 157 to 170 GFLOP/s
//! of the Xeon.

use crate::Isa;

/// Most steps of a sweep. (Miri keeps books of every byte of a panel.)
pub(crate) const DEPTH: usize = if cfg!(miri) { 32 } else { 256 };
/// Largest tile width.
pub(crate) const WIDTH: usize = 32;
/// Steps of a sweep whose steps lie far apart in A.
pub(crate) const ACROSS: usize = DEPTH / 2;
/// Columns of a block. Of a block of rows with AVX-512 its part of C, 1 MB, stays in a second-level cache of
/// 2 MB while all steps pass: 2048^3 from 139 to 146 GFLOP/s of the Xeon.
pub(crate) const COLUMNS: usize = 1024;

/// Sizes that depend on the instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Blocking {
    /// Rows of a tile.
    pub tile: usize,
    /// Rows of a block, whole tiles: with 256 steps they fill an eighth of a second-level cache of 2 MB, a
    /// quarter of one of 512 KB.
    pub rows: usize,
    /// Rows for which B is packed once, the outermost loop: one block, or all of them. If they are several
    /// blocks, 256 steps of 1024 columns are packed, 1 MB, which come from the third level for each block of
    /// rows. So does then what a block adds to, which the EPYC's second level never held; packing B again for
    /// each block took 12 % of 1024^3.
    pub tall: usize,
    /// Numbers of B that are packed at a time for one block of rows: four panels, so that 256 or 512 bytes of
    /// each row are read one behind the other, which is what a processor fetches ahead. With one panel at a
    /// time 1024^3 ran at 147 instead of 160 GFLOP/s of the Xeon, at 69 instead of 74 of the EPYC, 64 x 576 x
    /// 4096 at 50 instead of 58.
    pub packed: usize,
    /// Most numbers from row to row of a B that is read unpacked. With AVX2 a panel is a line of the cache
    /// wide: its lines would leave others between them, and find room in a part of the cache only. Packing
    /// them took 5 % off convolutions with 32 and 64 features, forward and backward.
    pub unpacked: usize,
    /// Numbers from row to row of an A that from then on is packed. 1024 are a page, whose multiples share
    /// few places of a cache. The 32 KB of the EPYC are half full with a panel: of rows 2 KB apart three
    /// lines want each place that is left for two (512^3 from 76 to 80 GFLOP/s).
    pub apart: usize,
}

impl Blocking {
    /// Those of the instruction set in use.
    pub fn current() -> Self {
        match Isa::current() {
            Isa::Avx512 => {
                Self { tile: 8, rows: 264, tall: 264, packed: 4 * 32 * DEPTH, unpacked: 128, apart: 1024 }
            }
            _ => Self {
                tile: 6,
                rows: 132,
                tall: usize::MAX,
                packed: 4 * 16 * DEPTH,
                unpacked: 16,
                apart: 512,
            },
        }
    }
}

/// Whether to pack an A whose rows are `stride` apart in memory, for so many columns of B: a transposed one,
/// or one whose rows are far apart.
pub(crate) fn packs_a(transposed: bool, stride: usize, columns: usize) -> bool {
    let far = stride >= Blocking::current().apart;
    if transposed { columns >= REUSED } else { far && columns >= 3 * REUSED }
}

/// Columns of B from which on packing a transposed A pays. Rows are read well enough as they lie for three
/// times as many: 256 x 784 x 128 from 78 to 83 GFLOP/s of the EPYC, 128 x 784 x 256 1.03 times as fast;
/// packed, those of 640^3 and 784^3 are 1.02 times as fast.
const REUSED: usize = 128;

/// How long the sweeps over so many steps should be: equal, and no more than `most`.
pub(crate) fn even_depth(steps: usize, most: usize) -> usize {
    steps.div_ceil(steps.div_ceil(most).max(1)).max(1)
}
