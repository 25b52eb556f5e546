//! Sizes of blocks: what stays in which cache.
//!
//! A packed panel of B takes 16 KB: half of the first-level cache of an AMD EPYC of 2021, a third of that of an Intel Xeon of 2023.
//! The rows of A that pass need the rest; with 32 KB convolutions took 1.7 times as long on the Xeon. AVX-512 makes panels of 128
//! steps and 32 columns of it, AVX2 of 256 steps and 16 columns. (With 128 steps C was read and written twice as often:
//! 80 instead of 87 % of the EPYC's limit at 256^3.)
//!
//! What reads A across its rows touches a line of the cache per step, and keeps to the shorter [`ACROSS`]; or A is packed, tile by
//! tile, which takes A^T B of 256^3 from 76 to 84 % there.

use crate::Isa;

/// Numbers of a packed panel of B. (Miri keeps books of every byte of it.)
pub(crate) const PANEL: usize = if cfg!(miri) { 512 } else { 4096 };
/// Largest tile width.
pub(crate) const WIDTH: usize = 32;
/// Most steps of a sweep, whatever the instruction set.
pub(crate) const MOST_STEPS: usize = PANEL / 16;
/// Steps of a sweep whose steps lie far apart in A.
pub(crate) const ACROSS: usize = PANEL / WIDTH;
/// Rows of a block: whole tiles of 6 and of 8.
pub(crate) const ROWS: usize = 264;

/// Sizes that depend on the instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Blocking {
    /// Rows of a tile.
    pub tile: usize,
    /// Steps of a sweep.
    pub depth: usize,
    /// Most numbers from row to row of a B that is read unpacked. With AVX2 a panel is a line of the cache wide: its lines would leave
    /// others between them, and find room in a part of the cache only. Packing them took 5 % off convolutions with 32 and 64
    /// features, forward and backward.
    pub unpacked: usize,
    /// Numbers from row to row, from which on a plain and a transposed A are packed.
    packs: [usize; 2],
}

impl Blocking {
    /// Those of the instruction set in use.
    pub fn current() -> Self {
        match Isa::current() {
            Isa::Avx512 => Self { tile: 8, depth: PANEL / 32, unpacked: 128, packs: [PAGE, PAGE] },
            _ => Self { tile: 6, depth: PANEL / 16, unpacked: 16, packs: [PAGE, 0] },
        }
    }

    /// Whether to pack an A whose rows are `stride` apart in memory, for so many columns of B.
    pub fn packs(self, transposed: bool, stride: usize, columns: usize) -> bool {
        columns >= REUSED && stride >= self.packs[usize::from(transposed)]
    }
}

/// Numbers of a page. Rows a page apart share few places of a cache.
const PAGE: usize = 1024;
/// Columns of B from which on packing A pays.
const REUSED: usize = 128;
