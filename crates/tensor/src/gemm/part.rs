//! Some rows of a product: blocks of rows, and of each block k in blocks that add to all its rows.
//!
//! A block of A, and what it adds to in C, stay in a second-level cache while all panels of B pass. Rows that are 4 KB or more apart
//! do not, because their lines share few places of a cache: such a block is packed first (`pack.rs`).

use super::blocks::{ACROSS, Blocking, MOST_STEPS, PANEL, ROWS};
use super::sweep::{Rows, Sweep};
use super::{Matrix, Row, Start, Step, pack, vector};
use crate::Float;
use std::ops::Range;

/// Some rows of A.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, T> {
    pub a: Matrix<'a, T>,
    pub first: usize,
    pub rows: usize,
}

/// A block of A, and how its rows and steps lie in memory.
struct Block<'a, T> {
    a: &'a [T],
    first: usize,
    /// Rows that lie evenly, and how far it is from one such group to the next.
    tile: usize,
    tile_stride: usize,
    row_stride: usize,
    step_stride: usize,
}

impl<T: Float> Part<'_, T> {
    /// `c = start + a b` for these rows.
    pub fn multiply(self, b: Matrix<'_, T>, c: &mut [T], start: Start<'_, T>) {
        let Self { a, rows, .. } = self;
        let n = b.columns;
        if n == 1 {
            return vector::multiply(self, b.data, c, start);
        }
        assert!(
            a.data.len() <= u32::MAX as usize && a.columns <= u32::MAX as usize,
            "matmul: {} x {} is too large",
            a.rows,
            a.columns
        );
        let blocking = Blocking::current();
        let packs = blocking.packs(a.transposed, a.stride, n);
        let depth = if packs || !a.transposed { blocking.depth } else { ACROSS }.min(a.columns).max(1);
        let a_room = if packs { depth * rows.min(ROWS).next_multiple_of(blocking.tile) } else { 0 };
        T::with_scratch(PANEL + a_room, |room| {
            let (panel, room) = room.split_at_mut(PANEL);
            for first in (0..rows).step_by(ROWS) {
                let rows = first..rows.min(first + ROWS);
                let c = &mut c[rows.start * n..rows.end * n];
                for step in (0..a.columns.max(1)).step_by(depth) {
                    let steps = step..a.columns.min(step + depth);
                    let start = if step == 0 { start } else { Start::Old };
                    let block = match packs {
                        true => self.packed(rows.clone(), steps.clone(), blocking.tile, room),
                        false => self.as_it_lies(rows.clone(), steps.start),
                    };
                    block.multiply(rows.len(), steps, b, start, panel, c);
                }
            }
        });
    }

    fn as_it_lies(&self, rows: Range<usize>, step: usize) -> Block<'_, T> {
        let a = self.a;
        let (row_stride, step_stride) = if a.transposed { (1, a.stride) } else { (a.stride, 1) };
        let first = (self.first + rows.start) * row_stride + step * step_stride;
        Block { a: a.data, first, tile: rows.len(), tile_stride: 0, row_stride, step_stride }
    }

    fn packed<'a>(
        &self,
        rows: Range<usize>,
        steps: Range<usize>,
        tile: usize,
        room: &'a mut [T],
    ) -> Block<'a, T> {
        let tile_stride = tile * steps.len();
        pack::tiles(self.a, self.first + rows.start..self.first + rows.end, steps, room);
        Block { a: room, first: 0, tile, tile_stride, row_stride: 1, step_stride: tile }
    }
}

impl<T: Float> Block<'_, T> {
    /// `c = start + block b` for these rows of B.
    fn multiply(
        &self,
        rows: usize,
        steps: Range<usize>,
        b: Matrix<'_, T>,
        start: Start<'_, T>,
        panel: &mut [T],
        c: &mut [T],
    ) {
        let mut list = [Step::default(); MOST_STEPS];
        for (i, (entry, step)) in list.iter_mut().zip(steps.clone()).enumerate() {
            *entry = Step { a: (i * self.step_stride) as u32, b: step as u32 };
        }
        let steps = &mut list[..steps.len()];
        Sweep { a: self.a, steps, b, start, c, panel }.run(&BlockRows {
            block: self,
            rows,
            columns: b.columns,
        });
    }
}

/// The rows of a block, which lie one behind the other in C.
struct BlockRows<'a, T> {
    block: &'a Block<'a, T>,
    rows: usize,
    columns: usize,
}

impl<T> Rows for BlockRows<'_, T> {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Row)) {
        let Block { first, tile, tile_stride, row_stride, .. } = *self.block;
        for (t, row) in (0..self.rows).step_by(tile).enumerate() {
            for i in 0..tile.min(self.rows - row) {
                visit(Row { a: first + t * tile_stride + i * row_stride, c: (row + i) * self.columns });
            }
        }
    }
}
