//! Matrix products C = A B and C += A B, each of A and B plain or transposed.
//!
//! One tile of C (8 x 32 with AVX-512, 6 x 16 with AVX2) stays in registers while k runs (`tile.rs`).
//! B is packed, panel by panel, into a buffer on the stack, unless it is narrow: its rows become contiguous whatever its
//! layout, and a product allocates nothing. A is read where it lies.
//!
//! matrixmultiply 0.3.11, which packs both operands into buffers that it allocates on every call,
//! is what this replaces; `cargo bench --bench gemm` compares the two.
//!
//! **Bits.** Every output is ONE chain of multiply-adds over k in ascending order, whatever the
//! tile, the blocking, the transposition or the instruction set (but for a product of one column,
//! which sums in sixteen lanes): AVX2+FMA and AVX-512 agree bit for bit, and so does any split of
//! the rows among threads.

pub(crate) mod sweep;
pub(crate) mod tile;
mod vector;

use crate::{Float, Workers};
use sweep::{DEPTH, Panel, Rows, Sweep};
pub use tile::{Row, Start, Step, Steps, TileProduct};

/// Multiply-adds that a piece of a product should have: 65536 take about a microsecond, ten times a hand-over.
const PIECE: usize = 64 * 1024;

/// Rows of A that share a packed panel of B.
const BLOCK_ROWS: usize = 256;
const FAR: usize = 1024;
const REUSED: usize = 128;
const COPY_STRIDE: usize = DEPTH + 16;

/// A matrix operand: `rows x columns`, row-major in `data` unless `transposed`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    /// Numbers from row to row in `data` (from column to column, if transposed).
    stride: usize,
    transposed: bool,
}

impl<'a, T> Matrix<'a, T> {
    /// `rows x columns`, row-major.
    ///
    /// # Panics
    /// If `data` does not hold exactly `rows * columns` numbers.
    #[track_caller]
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert!(
            data.len() == rows * columns,
            "matrix of {rows} x {columns} needs {} numbers, found {}",
            rows * columns,
            data.len()
        );
        Self { data, rows, columns, stride: columns, transposed: false }
    }

    /// The first `columns` of rows that are `data.len() / rows` apart; what lies between them must be 0.
    pub(crate) fn padded(data: &'a [T], rows: usize, columns: usize) -> Self {
        let stride = data.len() / rows.max(1);
        assert!(stride >= columns, "rows of {columns} numbers, {stride} apart");
        Self { data, rows, columns, stride, transposed: false }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The transpose: a view, nothing is copied.
    pub fn t(self) -> Self {
        Self { rows: self.columns, columns: self.rows, transposed: !self.transposed, ..self }
    }
}

/// What happens to the previous contents of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// C = A B; C may hold anything, NaN included.
    Overwrite,
    /// C += A B.
    Accumulate,
}

impl Store {
    fn start<'a, T>(self) -> Start<'a, T> {
        match self {
            Store::Overwrite => Start::Zero,
            Store::Accumulate => Start::Old,
        }
    }
}

/// `c = a b` or `c += a b`; `c` is row-major, `a.rows x b.columns`.
///
/// # Panics
/// If the inner dimensions differ or `c` has another size; the message names all three shapes.
#[track_caller]
pub fn gemm<T: Float>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], store: Store) {
    product(Workers::alone(), a, b, c, store.start());
}

/// As [`gemm`], with the rows of `c` shared among the workers; and the sums may start at a bias, one number per column.
///
/// # Panics
/// As [`gemm`], or if the bias has another length.
#[track_caller]
pub fn product<T: Float>(
    workers: &Workers,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    start: Start<'_, T>,
) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert!(
        k == b.rows && c.len() == m * n,
        "matmul: {m} x {k} times {} x {n} into {} numbers",
        b.rows,
        c.len()
    );
    if let Start::Bias(bias) = start {
        assert!(bias.len() == n, "matmul: bias of {} numbers for {n} columns", bias.len());
    }
    if n == 0 || m == 0 {
        return;
    }
    // Every piece packs B: one for each thread, unless there are rows enough to make up for two.
    let per_thread = m.div_ceil(workers.threads());
    let rows = if per_thread < 512 { per_thread } else { per_thread.div_ceil(2) };
    let rows = rows.max(PIECE.div_ceil((k * n).max(1))).next_multiple_of(8);
    workers.chunks([c], rows * n, |first, [c]| {
        let part = Part { a, first: first / n, rows: c.len() / n };
        match n {
            1 => vector::multiply(part, b.data, c, start),
            _ => part.multiply(b, c, start),
        }
    });
}

/// Some rows of a matrix.
#[derive(Clone, Copy)]
struct Part<'a, T> {
    a: Matrix<'a, T>,
    first: usize,
    rows: usize,
}

impl<T: Float> Part<'_, T> {
    /// The general case: rows in blocks, and of each block k in blocks, each of which adds to all its rows.
    fn multiply(self, b: Matrix<'_, T>, c: &mut [T], start: Start<'_, T>) {
        let Self { a, first, rows } = self;
        let (k, n) = (a.columns, b.columns);
        assert!(
            a.data.len() <= u32::MAX as usize && k <= u32::MAX as usize,
            "matmul: {} x {k} is too large",
            a.rows
        );
        if a.stride >= FAR && n >= REUSED {
            return self.multiply_copied(b, c, start);
        }
        let panel = &mut Panel::default();
        let (row_stride, depth_stride) = if a.transposed { (1, a.stride) } else { (a.stride, 1) };
        self.each_block(n, c, start, |i0, rows, p0, depth, c, start| {
            let first = (first + i0) * row_stride;
            let list = Strided { rows, first, stride: row_stride, columns: n };
            let mut steps = [Step::default(); DEPTH];
            let steps = &mut steps[..depth];
            for (step, p) in steps.iter_mut().zip(p0..) {
                *step = Step { a: (p * depth_stride) as u32, b: p as u32 };
            }
            Sweep { a: a.data, steps, b, start, c, panel }.run(&list);
        });
        let _ = rows;
    }

    /// As [`multiply`](Self::multiply), for rows that lie pages apart: each block of A is copied first.
    #[inline(never)]
    fn multiply_copied(self, b: Matrix<'_, T>, c: &mut [T], start: Start<'_, T>) {
        let (a, n) = (self.a, b.columns);
        let panel = &mut Panel::default();
        let mut copy = [T::default(); BLOCK_ROWS * COPY_STRIDE];
        self.each_block(n, c, start, |i0, rows, p0, depth, c, start| {
            let first = self.first + i0;
            let (lines, length, from, stride) = match a.transposed {
                false => (rows, depth, first * a.stride + p0, COPY_STRIDE),
                true => (depth, rows, p0 * a.stride + first, BLOCK_ROWS),
            };
            for (i, line) in copy.chunks_mut(stride).take(lines).enumerate() {
                line[..length].copy_from_slice(&a.data[from + i * a.stride..][..length]);
            }
            let (row_stride, depth_stride) = if a.transposed { (1, stride) } else { (stride, 1) };
            let list = Strided { rows, first: 0, stride: row_stride, columns: n };
            let mut steps = [Step::default(); DEPTH];
            let steps = &mut steps[..depth];
            for (step, p) in steps.iter_mut().zip(0..) {
                *step = Step { a: (p * depth_stride) as u32, b: (p0 + p) as u32 };
            }
            Sweep { a: &copy, steps, b, start, c, panel }.run(&list);
        });
    }

    /// Calls `visit(first row, rows, first step, steps, c, start)` for each block of rows and steps.
    fn each_block<'s>(
        self,
        n: usize,
        c: &mut [T],
        start: Start<'s, T>,
        mut visit: impl FnMut(usize, usize, usize, usize, &mut [T], Start<'s, T>),
    ) {
        let k = self.a.columns;
        for i0 in (0..self.rows).step_by(BLOCK_ROWS) {
            let rows = BLOCK_ROWS.min(self.rows - i0);
            let c = &mut c[i0 * n..][..rows * n];
            for p0 in (0..k.max(1)).step_by(DEPTH) {
                visit(i0, rows, p0, DEPTH.min(k - p0), &mut *c, if p0 == 0 { start } else { Start::Old });
            }
        }
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
