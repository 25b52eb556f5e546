//! Shapes: up to six dimensions, held inline so that a tape node costs no allocation for its shape.

use std::fmt;

/// Most dimensions that a shape may have.
pub const MAX_RANK: usize = 6;

/// The dimensions of an array, row-major: the last one is contiguous.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shape {
    dims: [usize; MAX_RANK],
    rank: usize,
}

impl Shape {
    /// The shape of a single number: no dimensions, one element.
    pub const SCALAR: Shape = Shape { dims: [0; MAX_RANK], rank: 0 };

    /// A shape of these dimensions, outermost first.
    ///
    /// # Panics
    /// If there are more than [`MAX_RANK`].
    #[track_caller]
    pub fn new(dims: &[usize]) -> Self {
        assert!(dims.len() <= MAX_RANK, "a shape has at most {MAX_RANK} dimensions, found {dims:?}");
        let mut shape = Shape { rank: dims.len(), ..Shape::SCALAR };
        shape.dims[..dims.len()].copy_from_slice(dims);
        shape
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of elements: the product of the dimensions, 1 for a scalar.
    pub fn elements(&self) -> usize {
        self.dims().iter().product()
    }

    /// The last dimension, and the product of those before it: an array seen as rows.
    ///
    /// A scalar is one row of one element.
    pub fn rows_and_columns(&self) -> (usize, usize) {
        match self.dims().split_last() {
            Some((&columns, rows)) => (rows.iter().product(), columns),
            None => (1, 1),
        }
    }

    /// The shape of an elementwise operation on two arrays, by NumPy's rule: dimensions are aligned
    /// at the last, and must be equal or one of them 1. `None` if they do not fit.
    pub fn broadcast(self, other: Shape) -> Option<Shape> {
        let rank = self.rank.max(other.rank);
        let mut out = Shape { rank, ..Shape::SCALAR };
        for i in 0..rank {
            let (a, b) = (self.aligned(i, rank), other.aligned(i, rank));
            out.dims[i] = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(out)
    }

    /// Dimension `i` after padding with 1 in front to `rank` dimensions.
    fn aligned(&self, i: usize, rank: usize) -> usize {
        if i + self.rank < rank { 1 } else { self.dims[i + self.rank - rank] }
    }

    /// For each dimension of `out`, how far to step in this array: 0 where it is broadcast.
    ///
    /// # Panics
    /// If this shape does not broadcast to `out`.
    pub fn strides_in(&self, out: Shape) -> [usize; MAX_RANK] {
        assert!(self.broadcast(out) == Some(out), "{self} does not broadcast to {out}");
        let mut strides = [0; MAX_RANK];
        let mut step = 1;
        for i in (0..out.rank).rev() {
            let dim = self.aligned(i, out.rank);
            strides[i] = if dim == 1 { 0 } else { step };
            step *= dim;
        }
        strides
    }

    /// The shape with these axes made 1 (they are reduced, but kept in place).
    ///
    /// # Panics
    /// If an axis does not exist.
    #[track_caller]
    pub fn reduced(&self, axes: &[usize]) -> Shape {
        let mut out = *self;
        for &axis in axes {
            assert!(axis < self.rank, "axis {axis} of a shape {self} of {} dimensions", self.rank);
            out.dims[axis] = 1;
        }
        out
    }

    /// The shape without these axes.
    pub fn without(&self, axes: &[usize]) -> Shape {
        let mut out = Shape::SCALAR;
        for (i, &dim) in self.dims().iter().enumerate() {
            if !axes.contains(&i) {
                out.dims[out.rank] = dim;
                out.rank += 1;
            }
        }
        out
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(dims: [usize; N]) -> Self {
        Shape::new(&dims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        let fit = |a: &[usize], b: &[usize]| Shape::new(a).broadcast(Shape::new(b));
        assert_eq!(fit(&[2, 3], &[3]), Some(Shape::from([2, 3])));
        assert_eq!(fit(&[2, 1, 4], &[5, 1]), Some(Shape::from([2, 5, 4])));
        assert_eq!(fit(&[], &[2]), Some(Shape::from([2])));
        assert_eq!(fit(&[0], &[1]), Some(Shape::from([0])));
        assert_eq!(fit(&[2, 3], &[2]), None);
    }

    #[test]
    fn strides_are_zero_where_an_axis_is_stretched() {
        let out = Shape::from([2, 5, 4]);
        assert_eq!(Shape::from([2, 1, 4]).strides_in(out)[..3], [4, 0, 1]);
        assert_eq!(Shape::from([5, 1]).strides_in(out)[..3], [0, 1, 0]);
        assert_eq!(Shape::SCALAR.strides_in(out)[..3], [0, 0, 0]);
    }

    #[test]
    fn reduction_shapes() {
        let shape = Shape::from([2, 3, 4]);
        assert_eq!(shape.reduced(&[1]), Shape::from([2, 1, 4]));
        assert_eq!(shape.without(&[0, 2]), Shape::from([3]));
        assert_eq!(shape.rows_and_columns(), (6, 4));
        assert_eq!(Shape::SCALAR.elements(), 1);
    }

    #[test]
    #[should_panic(expected = "axis 3 of a shape [2, 3]")]
    fn a_missing_axis_is_named() {
        Shape::from([2, 3]).reduced(&[3]);
    }
}
