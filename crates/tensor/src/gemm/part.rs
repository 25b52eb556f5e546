//! Some rows of a product: blocks of rows, columns and steps along k, in the order that [`Blocking::tall`]
//! says.
//!
//! A block of A stays in a second-level cache while all panels of B pass. Rows that are far apart do not,
//! because their lines share few places of a cache: such a block is packed first (`pack.rs`), and so is a
//! transposed one.

use super::blocks::{ACROSS, Blocking, COLUMNS, DEPTH, WIDTH, even_depth, packs_a};
use super::sweep::{Rows, Run, Sweep};
use super::{Finish, Matrix, Row, Start, Stretch, pack, vector};
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
    /// `c = start + a b`, finished, for these rows.
    pub fn multiply(self, b: Matrix<'_, T>, c: &mut [T], start: Start<'_, T>, finish: Finish) {
        let Self { a, rows, .. } = self;
        let n = b.columns;
        if n == 1 {
            return vector::multiply(self, b.data, c, start, finish);
        }
        assert!(a.columns <= u32::MAX as usize, "matmul: {} x {} is too large", a.rows, a.columns);
        let blocking = Blocking::current();
        let packs = packs_a(a.transposed, a.stride, n);
        let depth = even_depth(a.columns, if packs || !a.transposed { DEPTH } else { ACROSS });
        let a_room = if packs { depth * rows.min(blocking.rows).next_multiple_of(blocking.tile) } else { 0 };
        let several = rows.min(blocking.tall) > blocking.rows;
        // Never less than for fewer rows: the scratch of a batch is to do for a smaller one.
        let all = if several { depth * n.min(COLUMNS).next_multiple_of(WIDTH) } else { 0 };
        let b_room = blocking.packed.max(all);
        T::with_scratch(b_room + a_room, |room| {
            let (panels, room) = room.split_at_mut(b_room);
            for (tall, columns, steps) in blocks([rows, n, a.columns], [blocking.tall, COLUMNS, depth]) {
                let (b, start) = (b.some_columns(columns.clone()), start.some_columns(columns.clone()));
                let start = if steps.start == 0 { start } else { Start::Old };
                let finish = if steps.end == a.columns { finish } else { Finish::Keep };
                for rows in ranges(tall.clone(), blocking.rows) {
                    let c = &mut c[rows.start * n + columns.start..];
                    let block = match packs {
                        true => self.packed(rows.clone(), steps.clone(), blocking.tile, room),
                        false => self.as_it_lies(rows.clone(), steps.start),
                    };
                    let (a, a_stride, packed) =
                        (block.a, block.step_stride, several && rows.start != tall.start);
                    let list = &mut [Stretch { a: 0, b: steps.start as u32, count: steps.len() as u32 }];
                    let rows = BlockRows { block: &block, rows: rows.len(), columns: n };
                    Sweep { a, steps: list, a_stride, b, start, finish, c, panels, packed }.run(&rows);
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

/// Rows that share a packed B, columns and steps, in this order from the outermost loop to the innermost.
fn blocks(
    lengths: [usize; 3],
    most: [usize; 3],
) -> impl Iterator<Item = (Range<usize>, Range<usize>, Range<usize>)> {
    let of = move |i: usize| ranges(0..lengths[i], most[i]);
    // One even of no steps: such a product is what it starts at.
    let steps = move || of(2).chain((lengths[2] == 0).then_some(0..0));
    of(0).flat_map(move |rows| {
        of(1).flat_map(move |columns| {
            let rows = rows.clone();
            steps().map(move |steps| (rows.clone(), columns.clone(), steps))
        })
    })
}

fn ranges(all: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    all.clone().step_by(most).map(move |i| i..all.end.min(i.saturating_add(most)))
}

impl<T> Matrix<'_, T> {
    fn some_columns(self, columns: Range<usize>) -> Self {
        let first = columns.start * if self.transposed { self.stride } else { 1 };
        Self { data: self.data.get(first..).unwrap_or(&[]), columns: columns.len(), ..self }
    }
}

impl<T> Start<'_, T> {
    fn some_columns(self, columns: Range<usize>) -> Self {
        match self {
            Start::Bias(bias) => Start::Bias(&bias[columns]),
            other => other,
        }
    }
}

/// The rows of a block, which lie `columns` apart in C.
struct BlockRows<'a, T> {
    block: &'a Block<'a, T>,
    rows: usize,
    columns: usize,
}

impl<T> Rows for BlockRows<'_, T> {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Run)) {
        let Block { first, tile, tile_stride, row_stride, .. } = *self.block;
        for (t, row) in (0..self.rows).step_by(tile).enumerate() {
            visit(Run {
                first: Row { a: first + t * tile_stride, c: row * self.columns },
                stride: Row { a: row_stride, c: self.columns },
                count: tile.min(self.rows - row),
            });
        }
    }
}
