//! Matrix products C = A B and C += A B, each of A and B plain or transposed.
//!
//! One tile of C (8 x 32 with AVX-512, 6 x 16 with AVX2) stays in registers while k runs (`tile.rs`).
//! B is packed, some panels at a time or a block of columns, into a buffer that the thread keeps, unless it
//! is narrow: its rows become contiguous whatever its layout, and a product allocates nothing (`sweep.rs`). A
//! is packed where its rows lie badly (`part.rs`, `pack.rs`), else read where it lies. `blocks.rs` has the
//! sizes.
//!
//! matrixmultiply 0.3.11, which packs both operands into buffers that it allocates on every call,
//! is what this replaces; `cargo bench --bench gemm` compares the two.
//!
//! **Bits.** Every output is ONE chain of multiply-adds over k in ascending order, whatever the
//! tile, the blocking, the transposition or the instruction set (but for a product of one column,
//! which sums in sixteen lanes, and for [`product`] of a transposed A, which adds two chains where the shape
//! says so, see `shards.rs`): AVX2+FMA and AVX-512 agree bit for bit, and so does any split of the rows among
//! threads.

pub(crate) mod blocks;
mod pack;
mod part;
pub(crate) mod sweep;
pub(crate) mod tile;
mod vector;

use crate::{Float, Workers, prefetch, shards};
use part::Part;
pub use tile::{Finish, Row, Start, Steps, Stretch, TileProduct};

/// Multiply-adds that a piece of a product should have: 65536 take about a microsecond, ten times a
/// hand-over.
const PIECE: usize = 64 * 1024;

/// Numbers that a second-level cache holds beside what else is at work.
const FETCHED: usize = 64 * 1024;

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
        assert!(rows == 0 || stride >= columns, "rows of {columns} numbers, {stride} apart");
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

    /// Asks for all of it, if other threads may have written it: half of the weights have been updated by
    /// another core, and each line waits for the one before (an eighth of a convolution of 64 x 64 channels
    /// on two cores).
    pub(crate) fn fetch(&self, workers: &Workers) {
        if workers.threads() > 1 && self.data.len() <= FETCHED {
            prefetch(self.data, 0);
        }
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
    product(Workers::alone(), a, b, c, store.start(), Finish::Keep);
}

/// As [`gemm`], with the rows of `c` shared among the workers; the sums may start at a bias, one number per
/// column, and be stored as their ReLU.
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
    finish: Finish,
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
    if n > 0 && m > 0 {
        T::product(workers, a, b, c, start, finish);
    }
}

/// The generic body of [`product`], after its checks.
pub(crate) fn checked_product<T: Float>(
    workers: &Workers,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    start: Start<'_, T>,
    finish: Finish,
) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let plain = !b.transposed && finish == Finish::Keep;
    if let (true, true, Start::Zero) = (a.transposed && shards::pay(k, m, n), plain, start) {
        return shards::in_shards(workers, n, c, |shard, first, c| {
            let steps = if shard == 0 { 0..k / 2 } else { k / 2..k };
            let a = Matrix::new(&a.data[steps.start * m..steps.end * m], steps.len(), m).t();
            let b = Matrix::new(&b.data[steps.start * n..steps.end * n], steps.len(), n);
            Part { a, first, rows: c.len() / n }.multiply(b, c, start, finish);
        });
    }
    // Every piece packs B: one for each thread, unless there are rows enough to make up for two.
    let per_thread = m.div_ceil(workers.threads());
    let rows = if per_thread < 512 { per_thread } else { per_thread.div_ceil(2) };
    // Of a narrow product it is reading and writing that takes the time.
    let per_row = k * n + 8 * (k + n);
    let rows = rows.max(PIECE.div_ceil(per_row)).next_multiple_of(blocks::Blocking::current().tile);
    workers.chunks([c], rows * n, |first, [c]| {
        b.fetch(workers);
        Part { a, first: first / n, rows: c.len() / n }.multiply(b, c, start, finish);
    });
}
