//! Random lengths of axes, and shapes: with axes of 1 and of 0.

use crate::random::Draw;

impl Draw {
    /// The length of an axis: often 1, else up to 5.
    pub fn length(&mut self) -> usize {
        if self.chance(0.25) { 1 } else { self.between(2, 5) }
    }

    /// The length of an axis that may be empty.
    pub fn length_or_none(&mut self) -> usize {
        if self.chance(0.04) { 0 } else { self.length() }
    }

    /// A shape of so many axes, some of them empty, and of at most 60 elements.
    pub fn shape(&mut self, low: usize, high: usize) -> Vec<usize> {
        let rank = self.between(low, high);
        let mut shape: Vec<usize> = (0..rank).map(|_| self.length_or_none()).collect();
        while shape.iter().product::<usize>() > 60 {
            let axis = self.below(rank);
            shape[axis] = 1;
        }
        shape
    }
}
