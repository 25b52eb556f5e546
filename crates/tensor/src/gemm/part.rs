//! Some rows of a product: blocks of rows, and of each block k in blocks that add to all its rows.
//!
//! A block of 256 rows of A and 128 steps is 128 KB, and what it adds to in C a few hundred: they stay in a second-level cache while
//! all panels of B pass. Rows that are 4 KB or more apart do not, because their lines share few places of a cache:
//! such a block is copied first (A^T B of 1024^3
//! on an Intel Xeon of 2023: 0.83 instead of 0.71 of matrixmultiply's speed).

use super::sweep::{DEPTH, Panel, Rows, Sweep};
use super::{Matrix, Row, Start, Step, vector};
use crate::Float;

/// Rows of a block.
const ROWS: usize = 256;
/// Numbers from row to row, from which on blocks are copied: a page of f32.
const FAR: usize = 1024;
/// Columns of B from which on a copy pays.
const REUSED: usize = 128;
/// From row to row of a copy: not a power of two.
const COPY_STRIDE: usize = DEPTH + 16;

/// Some rows of A.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, T> {
    pub a: Matrix<'a, T>,
    pub first: usize,
    pub rows: usize,
}

/// Rows of a part and steps along k.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    rows: usize,
    step: usize,
    steps: usize,
}

/// What a block is multiplied by, and what it is added to.
struct Target<'a, T> {
    b: Matrix<'a, T>,
    start: Start<'a, T>,
    c: &'a mut [T],
    panel: Panel<T>,
}

impl<T: Float> Part<'_, T> {
    /// `c = start + a b` for these rows.
    pub fn multiply(self, b: Matrix<'_, T>, c: &mut [T], start: Start<'_, T>) {
        let a = self.a;
        if b.columns == 1 {
            return vector::multiply(self, b.data, c, start);
        }
        assert!(
            a.data.len() <= u32::MAX as usize && a.columns <= u32::MAX as usize,
            "matmul: {} x {} is too large",
            a.rows,
            a.columns
        );
        let mut target = Target { b, start, c, panel: Panel::default() };
        if a.stride >= FAR && b.columns >= REUSED {
            return self.multiply_copies(&mut target);
        }
        let strides = if a.transposed { (1, a.stride) } else { (a.stride, 1) };
        for block in self.blocks() {
            let first = (self.first + block.first) * strides.0 + block.step * strides.1;
            target.add(block, a.data, first, strides);
        }
    }

    /// As [`multiply`](Self::multiply), with a copy of each block of A. (Not inlined: 144 KB of stack are for few.)
    #[inline(never)]
    fn multiply_copies(self, target: &mut Target<'_, T>) {
        let a = self.a;
        let mut copy = [T::default(); ROWS * COPY_STRIDE];
        for block in self.blocks() {
            let first = self.first + block.first;
            let (lines, length, from, stride) = match a.transposed {
                false => (block.rows, block.steps, first * a.stride + block.step, COPY_STRIDE),
                true => (block.steps, block.rows, block.step * a.stride + first, ROWS),
            };
            for (i, line) in copy.chunks_mut(stride).take(lines).enumerate() {
                line[..length].copy_from_slice(&a.data[from + i * a.stride..][..length]);
            }
            target.add(block, &copy, 0, if a.transposed { (1, stride) } else { (stride, 1) });
        }
    }

    fn blocks(self) -> impl Iterator<Item = Block> {
        let (rows, k) = (self.rows, self.a.columns);
        (0..rows).step_by(ROWS).flat_map(move |first| {
            (0..k.max(1)).step_by(DEPTH).map(move |step| Block {
                first,
                rows: ROWS.min(rows - first),
                step,
                steps: DEPTH.min(k - step),
            })
        })
    }
}

impl<T: Float> Target<'_, T> {
    /// Adds the product of a block whose rows and steps lie evenly in `a`, from `first` on.
    fn add(&mut self, block: Block, a: &[T], first: usize, (row_stride, step_stride): (usize, usize)) {
        let Self { b, start, c, panel } = self;
        let n = b.columns;
        let mut steps = [Step::default(); DEPTH];
        let steps = &mut steps[..block.steps];
        for (i, step) in steps.iter_mut().enumerate() {
            *step = Step { a: (i * step_stride) as u32, b: (block.step + i) as u32 };
        }
        let start = if block.step == 0 { *start } else { Start::Old };
        let c = &mut c[block.first * n..][..block.rows * n];
        let rows = Strided { rows: block.rows, first, stride: row_stride, columns: n };
        Sweep { a, steps, b: *b, start, c, panel }.run(&rows);
    }
}

/// Rows of a matrix that lie evenly in A, and one behind the other in C.
struct Strided {
    rows: usize,
    first: usize,
    stride: usize,
    columns: usize,
}

impl Rows for Strided {
    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Row)) {
        (0..self.rows).for_each(|i| visit(Row { a: self.first + i * self.stride, c: i * self.columns }));
    }
}
