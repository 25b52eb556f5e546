//! Rows of A against all columns of B: what matrix products and convolutions have in common.
//!
//! B is read where it lies if its rows are whole tiles wide, begin with lines of the cache and are not far
//! apart, which spares packing for every convolution of up to 128 channels (16 with AVX2). Else the rows that
//! the steps name are packed, some panels at a time or all. (A power of two of bytes from row to row maps
//! many rows to the same lines of the cache: at 4 KB a panel of 64 rows already evicts itself.)

use super::blocks::{Blocking, DEPTH, WIDTH};
use super::tile::{Finish, MOST_ROWS, Row, Start, Steps, Stretch};
use super::{Matrix, TileProduct};
use crate::transpose::{Transposition, transpose};
use crate::{Float, Isa, Kernel, Lane, lines};

/// How far apart rows of so many numbers should lie to be read where they lie.
pub(crate) fn unpacked_stride(columns: usize) -> usize {
    match columns {
        0..=16 => columns.next_multiple_of(16),
        _ if columns <= Blocking::current().unpacked => columns.next_multiple_of(WIDTH),
        _ => columns,
    }
}

/// `C = start + A B`, or its ReLU, for the rows of A and C that [`rows`](Rows) lists.
pub(crate) struct Sweep<'a, T> {
    pub a: &'a [T],
    /// The rows of B that take part, in the order of the sum, at most [`DEPTH`]; `b` is the number of the
    /// first row of a stretch.
    pub steps: &'a mut [Stretch],
    /// From step to step in A.
    pub a_stride: usize,
    pub b: Matrix<'a, T>,
    pub start: Start<'a, T>,
    pub finish: Finish,
    pub c: &'a mut [T],
    /// Room for packed panels of B, with any contents: [`Blocking::packed`] numbers, or enough for all its
    /// columns.
    pub panels: &'a mut [T],
    /// The panels hold all its columns of these steps already.
    pub packed: bool,
}

/// Rows that lie evenly: the first, and how far it is from one to the next in A and in C.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub first: Row,
    pub stride: Row,
    pub count: usize,
}

/// Lists the rows of a sweep.
pub(crate) trait Rows {
    fn each(&self, visit: impl FnMut(Run));
}

impl<T: Float> Sweep<'_, T> {
    /// Runs all rows, with the tile that suits the machine and the width of B.
    #[inline(always)]
    pub fn run(self, rows: &impl Rows) {
        match (self.b.columns, Isa::current()) {
            (17.., Isa::Avx512) => self.run_tiles::<32>(rows),
            _ => self.run_tiles::<16>(rows),
        }
    }

    fn run_tiles<const NR: usize>(self, rows: &impl Rows) {
        let Self { a, steps, a_stride, b, start, finish, c, panels, packed } = self;
        if b.is_tiles(NR) {
            steps.iter_mut().for_each(|stretch| stretch.b *= b.stride as u32);
            let steps = Steps::new(steps, a_stride, b.stride);
            for j0 in (0..b.columns).step_by(NR) {
                let panel = b.data.get(j0..).unwrap_or(&[]);
                let columns = NR.min(b.columns - j0);
                tiles::<T, NR>(
                    TileProduct { a, rows: &[], steps, panel, start, finish, columns },
                    j0,
                    rows,
                    c,
                );
            }
            return;
        }
        // The stretches as rows of B; as steps they name rows of the panel.
        let mut stretches = [Stretch::default(); DEPTH];
        let stretches = &mut stretches[..steps.len()];
        stretches.copy_from_slice(steps);
        let mut depth = 0;
        for stretch in &mut *steps {
            stretch.b = (depth * NR) as u32;
            depth += stretch.count as usize;
        }
        let steps = Steps::new(steps, a_stride, NR);
        let size = depth.max(1) * NR;
        let band = panels.len() / size * NR;
        for first in (0..b.columns).step_by(band) {
            let columns = first..b.columns.min(first + band);
            debug_assert!(!packed || band >= b.columns, "{band} columns are packed, of {}", b.columns);
            if !packed {
                pack::<T, NR>(b, stretches, depth, columns.clone(), panels);
            }
            for (j0, panel) in columns.clone().step_by(NR).zip(panels.chunks_exact(size)) {
                let columns = NR.min(columns.end - j0);
                tiles::<T, NR>(
                    TileProduct { a, rows: &[], steps, panel, start, finish, columns },
                    j0,
                    rows,
                    c,
                );
            }
        }
    }
}

impl<T> Matrix<'_, T> {
    /// Whether its rows are whole panels on whole lines of the cache, near enough to be read where they are.
    /// (Those that straddle lines take two reads each: 172 instead of 197 GFLOP/s of a Xeon in a product of
    /// 256 x 784 and 784 x 128.)
    fn is_tiles(&self, width: usize) -> bool {
        let near = self.stride.is_multiple_of(width) && self.stride <= Blocking::current().unpacked;
        near && !self.transposed && self.data.len() <= u32::MAX as usize && lines::begins(self.data)
    }
}

/// One panel: columns `j0..` of C, `MOST_ROWS` rows at a time. The call has no rows yet, and the bias of all
/// columns.
#[inline(always)]
fn tiles<T: Float, const NR: usize>(call: TileProduct<'_, T, NR>, j0: usize, rows: &impl Rows, c: &mut [T]) {
    let columns = call.columns;
    let mut bias = [T::default(); NR];
    let start = match call.start {
        Start::Bias(all) => {
            bias[..columns].copy_from_slice(&all[j0..j0 + columns]);
            Start::Bias(&bias[..])
        }
        other => other,
    };
    let call = TileProduct { start, ..call };
    let mut block = [Row::default(); MOST_ROWS];
    let mut count = 0;
    let mut flush = |rows: &mut [Row]| {
        if columns == NR {
            return T::multiply_tile::<NR>(TileProduct { rows, ..call }, c);
        }
        // A narrow edge goes through a full-width tile on the stack.
        let mut edge = [[T::default(); NR]; MOST_ROWS];
        let places: [usize; MOST_ROWS] = std::array::from_fn(|i| rows.get(i).map_or(0, |row| row.c));
        for (i, row) in rows.iter_mut().enumerate() {
            if let Start::Old = start {
                edge[i][..columns].copy_from_slice(&c[row.c..][..columns]);
            }
            row.c = i * NR;
        }
        T::multiply_tile::<NR>(TileProduct { rows, ..call }, edge.as_flattened_mut());
        for (place, row) in places.iter().zip(&edge[..rows.len()]) {
            c[*place..][..columns].copy_from_slice(&row[..columns]);
        }
    };
    rows.each(|run| {
        let mut done = 0;
        while done < run.count {
            let some = (run.count - done).min(MOST_ROWS - count);
            for (row, i) in block[count..count + some].iter_mut().zip(done..) {
                *row = Row { a: run.first.a + i * run.stride.a, c: j0 + run.first.c + i * run.stride.c };
            }
            (count, done) = (count + some, done + some);
            if count == MOST_ROWS {
                flush(&mut block);
                count = 0;
            }
        }
    });
    if count > 0 {
        flush(&mut block[..count]);
    }
}

/// Fills panels with these columns of these rows of B, `depth` of them; columns past B's last become 0.
fn pack<T: Float, const NR: usize>(
    b: Matrix<'_, T>,
    stretches: &[Stretch],
    depth: usize,
    columns: std::ops::Range<usize>,
    panels: &mut [T],
) {
    let (panels, _) = panels.as_chunks_mut::<NR>();
    if !b.transposed {
        return T::dispatch(Copy { b, stretches, depth, columns, panels });
    }
    let each = panels.chunks_exact_mut(depth.max(1));
    for (panel, j0) in each.zip(columns.clone().step_by(NR)) {
        let width = NR.min(columns.end - j0);
        if width < NR {
            panel.as_flattened_mut().fill(T::default());
        }
        let mut to = panel.as_flattened_mut();
        for stretch in stretches {
            let (part, rest) = to.split_at_mut(stretch.count as usize * NR);
            transpose(Transposition {
                from: &b.data[j0 * b.stride + stretch.b as usize..],
                from_stride: b.stride,
                rows: width,
                columns: stretch.count as usize,
                to: part,
                to_stride: NR,
            });
            to = rest;
        }
    }
}

/// Rows of B as they are, each cut into the panels.
struct Copy<'a, T, const NR: usize> {
    b: Matrix<'a, T>,
    stretches: &'a [Stretch],
    depth: usize,
    columns: std::ops::Range<usize>,
    panels: &'a mut [[T; NR]],
}

impl<T: Float, const NR: usize> Kernel<T> for Copy<'_, T, NR> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { b, stretches, depth, columns, panels } = self;
        let numbers =
            stretches.iter().flat_map(|stretch| (0..stretch.count).map(|i| (stretch.b + i) as usize));
        for (i, number) in numbers.enumerate() {
            let row = &b.data[number * b.stride..][columns.clone()];
            let (whole, rest) = row.as_chunks::<NR>();
            let places = panels[i..].iter_mut().step_by(depth);
            for (to, from) in places.zip(whole) {
                *to = *from;
            }
            if !rest.is_empty() {
                let to = &mut panels[i + whole.len() * depth];
                to[..rest.len()].copy_from_slice(rest);
                to[rest.len()..].fill(T::default());
            }
        }
    }
}
