//! Rows of A against all columns of B: what matrix products and convolutions have in common.
//!
//! B is read where it lies if its rows are whole tiles wide and not far apart, which spares packing for every
//! convolution of up to 128 channels (16 with AVX2). Else the rows that the steps name are packed, panel by panel. (A power of two
//! of bytes from row to row maps many rows to the same lines of the cache: at 4 KB a panel of 64 rows already evicts itself.)

use super::blocks::{Blocking, MOST_STEPS, WIDTH};
use super::tile::{MOST_ROWS, Row, Start, Step, Steps};
use super::{Matrix, TileProduct};
use crate::transpose::{Transposition, transpose};
use crate::{Float, Isa, Kernel, Lane};

/// How far apart rows of so many numbers should lie to be read where they lie.
pub(crate) fn unpacked_stride(columns: usize) -> usize {
    match columns {
        0..=16 => columns.next_multiple_of(16),
        _ if columns <= Blocking::current().unpacked => columns.next_multiple_of(WIDTH),
        _ => columns,
    }
}

/// `C = start + A B` for the rows of A and C that [`rows`](Rows) lists.
pub(crate) struct Sweep<'a, T> {
    pub a: &'a [T],
    /// One per row of B that takes part, in the order of the sum; `b` is the number of that row. At most
    /// [`Blocking::depth`].
    pub steps: &'a mut [Step],
    pub b: Matrix<'a, T>,
    pub start: Start<'a, T>,
    pub c: &'a mut [T],
    /// Room for a packed panel of B, with any contents: [`PANEL`](super::blocks::PANEL) numbers.
    pub panel: &'a mut [T],
}

/// Lists the rows of a sweep.
pub(crate) trait Rows {
    fn each(&self, visit: impl FnMut(Row));
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
        let Self { a, steps, b, start, c, panel } = self;
        let n = b.columns;
        if b.stride % NR == 0 && b.stride <= Blocking::current().unpacked && !b.transposed {
            let (panels, _) = b.data.as_chunks::<NR>();
            let stride = (b.stride / NR) as u32;
            steps.iter_mut().for_each(|step| step.b *= stride);
            let steps = Steps::new(steps);
            for j in 0..n.div_ceil(NR) {
                let panel = panels.get(j..).unwrap_or(&[]);
                let columns = NR.min(n - j * NR);
                tiles(TileProduct { a, rows: &[], steps, panel, start, columns }, j * NR, rows, c);
            }
            return;
        }
        // The numbers of the rows, which the steps forget.
        let mut numbers = [0; MOST_STEPS];
        numbers.iter_mut().zip(&*steps).for_each(|(number, step)| *number = step.b as usize);
        let numbers = &numbers[..steps.len()];
        steps.iter_mut().zip(0..).for_each(|(step, i)| step.b = i);
        let (panel, _) = panel.as_chunks_mut::<NR>();
        let panel = &mut panel[..numbers.len()];
        let steps = Steps::new(steps);
        for j0 in (0..n).step_by(NR) {
            pack(b, numbers, j0, panel);
            let columns = NR.min(n - j0);
            tiles(TileProduct { a, rows: &[], steps, panel, start, columns }, j0, rows, c);
        }
    }
}

/// One panel: columns `j0..` of C, `MOST_ROWS` rows at a time. The call has no rows yet, and the bias of all columns.
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
    rows.each(|row| {
        block[count] = Row { c: row.c + j0, ..row };
        count += 1;
        if count == MOST_ROWS {
            flush(&mut block);
            count = 0;
        }
    });
    if count > 0 {
        flush(&mut block[..count]);
    }
}

/// Fills the panel with columns `j0..` of these rows of B; columns past B's last become 0.
fn pack<T: Float, const NR: usize>(b: Matrix<'_, T>, numbers: &[usize], j0: usize, panel: &mut [[T; NR]]) {
    let width = NR.min(b.columns - j0);
    if width < NR {
        panel.as_flattened_mut().fill(T::default());
    }
    match (b.transposed, numbers) {
        // The rows of a transposed B are wanted one behind the other, as products do.
        (true, &[first, .., last]) if last - first + 1 == numbers.len() => transpose(Transposition {
            from: &b.data[j0 * b.stride + first..],
            from_stride: b.stride,
            rows: width,
            columns: numbers.len(),
            to: panel.as_flattened_mut(),
            to_stride: NR,
        }),
        (true, _) => {
            for (row, &number) in panel.iter_mut().zip(numbers) {
                row[..width].iter_mut().zip(j0..).for_each(|(x, j)| *x = b.data[j * b.stride + number]);
            }
        }
        (false, _) => T::dispatch(Copy { b, numbers, j0, width, panel }),
    }
}

/// Rows of B as they are.
struct Copy<'a, T, const NR: usize> {
    b: Matrix<'a, T>,
    numbers: &'a [usize],
    j0: usize,
    width: usize,
    panel: &'a mut [[T; NR]],
}

impl<T: Float, const NR: usize> Kernel<T> for Copy<'_, T, NR> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let Self { b, numbers, j0, width, panel } = self;
        for (row, &number) in panel.iter_mut().zip(numbers) {
            let from = &b.data[number * b.stride + j0..];
            match from.first_chunk::<NR>() {
                Some(whole) if width == NR => *row = *whole,
                _ => row[..width].copy_from_slice(&from[..width]),
            }
        }
    }
}
