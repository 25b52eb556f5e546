//! Buffers that begin with a line of the cache.

use std::ops::{Deref, DerefMut, Range};

/// Bytes of a line: one AVX-512 register.
const LINE: usize = 64;

/// Numbers that begin with a line of the cache and keep their room when they become fewer.
///
/// The allocator's large blocks begin 16 bytes behind a line, so that every AVX-512 register would straddle
/// two, which takes two reads: 4 to 10 % of a training step.
#[derive(Debug, Default)]
pub struct Lines<T> {
    /// With room to begin later.
    room: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Lines<T> {
    /// None yet.
    pub const fn new() -> Self {
        Self { room: Vec::new(), start: 0, len: 0 }
    }

    /// Makes them so many; those that were there stay, new ones are what stood there before, or 0.
    pub fn resize(&mut self, len: usize) {
        if self.start + len > self.room.len() {
            let mut room = vec![T::default(); len + LINE / size_of::<T>().max(1)];
            // As far as can be told: the offset is allowed to be unknown, and then nothing but speed is lost.
            let start = Some(room.as_ptr().align_offset(LINE)).filter(|start| start + len <= room.len());
            let start = start.unwrap_or(0);
            room[start..start + self.len].copy_from_slice(self);
            (self.room, self.start) = (room, start);
        }
        self.len = len;
    }
}

/// What begins with a line of the cache, on the stack too.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct OnLines<T>(pub T);

/// How much longer a room must be than what is to begin with a line in it.
pub(crate) const SLACK: usize = LINE / size_of::<f32>();

/// The part of a room that begins with a line, [`SLACK`] numbers shorter than it.
pub(crate) fn within<T>(room: &[T]) -> Range<usize> {
    let start = room.as_ptr().align_offset(LINE).min(SLACK);
    start..start + room.len() - SLACK
}

/// Whether these numbers begin with a line.
pub(crate) fn begins<T>(numbers: &[T]) -> bool {
    numbers.as_ptr().addr().is_multiple_of(LINE)
}

impl<T> Deref for Lines<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.room[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_begin_with_a_line_and_stay_when_they_become_more() {
        let mut lines = Lines::<f32>::new();
        for (i, len) in [3, 100, 7, 5000].into_iter().enumerate() {
            let before = lines.len();
            lines.resize(len);
            assert_eq!(lines.len(), len);
            assert!(cfg!(miri) || lines.as_ptr().align_offset(LINE) == 0);
            for (j, &x) in lines.iter().enumerate().take(before) {
                assert_eq!(x, (1000 * i + j) as f32);
            }
            lines.iter_mut().enumerate().for_each(|(j, x)| *x = (1000 * (i + 1) + j) as f32);
        }
    }
}
