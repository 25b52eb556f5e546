//! Packs a block of A tile by tile: the rows of a tile beside each other at each step.
//!
//! The tile kernel then reads A from one place to the next, which needs less room in a first-level cache than
//! a line for each row, and is what processors fetch ahead.

use super::{Matrix, blocks::Blocking};
use crate::Float;
use crate::transpose::{Transposition, transpose};
use std::ops::Range;

/// Packs these rows and steps.
pub(super) fn tiles<T: Float>(a: Matrix<'_, T>, rows: Range<usize>, steps: Range<usize>, packed: &mut [T]) {
    match Blocking::current().tile {
        8 => tiles_of::<T, 8>(a, rows, steps, packed),
        _ => tiles_of::<T, 6>(a, rows, steps, packed),
    }
}

fn tiles_of<T: Float, const MR: usize>(
    a: Matrix<'_, T>,
    rows: Range<usize>,
    steps: Range<usize>,
    packed: &mut [T],
) {
    let places = rows.clone().step_by(MR).zip(packed.chunks_exact_mut(MR * steps.len().max(1)));
    for (first, tile) in places {
        let count = MR.min(rows.end - first);
        if !a.transposed {
            transpose(Transposition {
                from: &a.data[first * a.stride + steps.start..],
                from_stride: a.stride,
                rows: count,
                columns: steps.len(),
                to: tile,
                to_stride: MR,
            });
            continue;
        }
        let (tile, _) = tile.as_chunks_mut::<MR>();
        for (to, step) in tile.iter_mut().zip(steps.clone()) {
            let from = &a.data[step * a.stride + first..];
            match from.first_chunk::<MR>() {
                Some(whole) if count == MR => *to = *whole,
                _ => to[..count].copy_from_slice(&from[..count]),
            }
        }
    }
}
