//! Matrix products C = A B and C += A B, each of A and B plain or transposed.
//!
//! One tile of C (8 x 32 with AVX-512, 6 x 16 with AVX2) stays in registers while k runs (`tile.rs`).
//! B is packed, panel by panel, into a buffer on the stack: its rows become contiguous whatever its
//! layout, and a product allocates nothing. A is read where it lies.
//!
//! matrixmultiply 0.3.11, which packs both operands into buffers that it allocates on every call,
//! is what this replaces; `cargo bench --bench gemm` compares the two.
//!
//! **Bits.** Every output is ONE chain of multiply-adds over k in ascending order, whatever the
//! tile, the blocking, the transposition or the instruction set (but for a product of one column,
//! which sums in sixteen lanes): AVX2+FMA and AVX-512 agree bit for bit, and so does any split of
//! the rows among threads.

pub(crate) mod tile;

use crate::kernel::{Isa, Kernel};
use crate::{Float, Lane};
pub use tile::TileProduct;

/// Depth of a packed panel: 256 x 32 f32 are 32 KB of stack, which stays in the first-level cache.
const DEPTH: usize = 256;
/// Largest tile width.
const WIDTH: usize = 32;

/// A matrix operand: `rows x columns`, row-major in `data` unless `transposed`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
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
        Self { data, rows, columns, transposed: false }
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

/// `c = a b` or `c += a b`; `c` is row-major, `a.rows x b.columns`.
///
/// # Panics
/// If the inner dimensions differ or `c` has another size; the message names all three shapes.
#[track_caller]
pub fn gemm<T: Float>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], store: Store) {
    assert!(
        a.columns == b.rows && c.len() == a.rows * b.columns,
        "matmul: {} x {} times {} x {} into {} numbers",
        a.rows,
        a.columns,
        b.rows,
        b.columns,
        c.len()
    );
    if a.columns == 0 && store == Store::Overwrite {
        c.fill(T::default());
    }
    match (b.columns, Isa::current()) {
        (1, _) => matrix_vector(a, b.data, c, store),
        (2..=16, Isa::Avx512) => tiles::<T, 8, 16>(a, b, c, store),
        (_, Isa::Avx512) => tiles::<T, 8, 32>(a, b, c, store),
        _ => tiles::<T, 6, 16>(a, b, c, store),
    }
}

/// The general case: for each panel of B, all tiles of C that it touches.
fn tiles<T: Float, const MR: usize, const NR: usize>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    store: Store,
) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let (row_stride, depth_stride) = if a.transposed { (1, m) } else { (k, 1) };
    let mut panel = [[T::default(); WIDTH]; DEPTH];
    let panel: &mut [[T; NR]] = panel.as_flattened_mut().as_chunks_mut().0;
    for p0 in (0..k).step_by(DEPTH) {
        let panel = &mut panel[..DEPTH.min(k - p0)];
        let fresh = p0 == 0 && store == Store::Overwrite;
        for j0 in (0..n).step_by(NR) {
            pack(b, p0, j0, panel);
            let width = NR.min(n - j0);
            for i0 in (0..m).step_by(MR) {
                let height = MR.min(m - i0);
                let a = &a.data[i0 * row_stride + p0 * depth_stride..];
                let call = TileProduct { a, row_stride, depth_stride, panel, height, fresh };
                let c = &mut c[i0 * n + j0..];
                if width == NR {
                    T::multiply_tile::<NR>(call, c, n);
                } else {
                    // A narrow edge goes through a full-width tile on the stack.
                    let mut edge = [[T::default(); NR]; MR];
                    for (i, row) in edge.iter_mut().enumerate().take(height) {
                        row[..width].copy_from_slice(&c[i * n..][..width]);
                    }
                    T::multiply_tile::<NR>(call, edge.as_flattened_mut(), NR);
                    for (i, row) in edge.iter().enumerate().take(height) {
                        c[i * n..][..width].copy_from_slice(&row[..width]);
                    }
                }
            }
        }
    }
}

/// Fills the panel with rows `p0..`, columns `j0..` of B; columns past B's last become 0.
fn pack<T: Float, const NR: usize>(b: Matrix<'_, T>, p0: usize, j0: usize, panel: &mut [[T; NR]]) {
    let width = NR.min(b.columns - j0);
    for (p, row) in panel.iter_mut().enumerate() {
        row[width..].fill(T::default());
        if b.transposed {
            for (j, slot) in row[..width].iter_mut().enumerate() {
                *slot = b.data[(j0 + j) * b.rows + p0 + p];
            }
        } else {
            row[..width].copy_from_slice(&b.data[(p0 + p) * b.columns + j0..][..width]);
        }
    }
}

/// One column of B: a tile would waste 31 of its 32 lanes.
fn matrix_vector<T: Float>(a: Matrix<'_, T>, b: &[T], c: &mut [T], store: Store) {
    if store == Store::Overwrite {
        c.fill(T::default());
    }
    T::dispatch(MatrixVector { a, b, c });
}

struct MatrixVector<'a, T> {
    a: Matrix<'a, T>,
    b: &'a [T],
    c: &'a mut [T],
}

impl<T: Float> Kernel<T> for MatrixVector<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (m, k) = (self.a.rows, self.a.columns);
        if self.a.transposed {
            // Rows of A's storage are scaled and added: contiguous in A and in C.
            for (row, &x) in self.a.data.chunks_exact(m.max(1)).zip(self.b) {
                for (c, &a) in self.c.iter_mut().zip(row) {
                    *c = R::load(a).mul_add(R::load(x), R::load(*c)).store();
                }
            }
        } else {
            for (c, row) in self.c.iter_mut().zip(self.a.data.chunks_exact(k.max(1))) {
                *c = (R::load(*c) + dot::<T, R>(row, self.b)).store();
            }
        }
    }
}

/// Sixteen lanes, then pairwise: a single chain would wait for each addition.
#[inline(always)]
fn dot<T: Float, R: Lane<T>>(a: &[T], b: &[T]) -> R {
    let mut lanes = [R::lift(0.0); 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            lanes[i] = R::load(a[i]).mul_add(R::load(b[i]), lanes[i]);
        }
    }
    for (lane, (&a, &b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane = R::load(a).mul_add(R::load(b), *lane);
    }
    for width in [8, 4, 2, 1] {
        for i in 0..width {
            lanes[i] = lanes[i] + lanes[i + width];
        }
    }
    lanes[0]
}
