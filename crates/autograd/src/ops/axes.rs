//! Lists of axes: held inline, checked in one place, and walked along.

use losslab_tensor::{MAX_RANK, Shape};

/// Up to [`MAX_RANK`] axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axes {
    all: [usize; MAX_RANK],
    count: usize,
}

impl Axes {
    #[track_caller]
    pub(crate) fn new(axes: &[usize]) -> Self {
        assert!(axes.len() <= MAX_RANK, "a shape has at most {MAX_RANK} axes, found {axes:?}");
        let mut all = [0; MAX_RANK];
        all[..axes.len()].copy_from_slice(axes);
        Self { all, count: axes.len() }
    }

    /// The axes, in the order given.
    pub(crate) fn list(&self) -> &[usize] {
        &self.all[..self.count]
    }

    /// Whether `x` has all these axes and none is named twice.
    pub(crate) fn check(&self, x: Shape) -> Result<(), String> {
        let axes = self.list();
        if let Some(axis) = axes.iter().find(|&&axis| axis >= x.rank()) {
            return Err(format!("axis {axis} of a value of shape {x}"));
        }
        if let Some(i) = (1..axes.len()).find(|&i| axes[..i].contains(&axes[i])) {
            return Err(format!("axis {} is named twice in {axes:?}", axes[i]));
        }
        Ok(())
    }
}

/// For each run of `x` along its last axis: where it starts in the reduced array, whether it
/// advances there (step 1) or all goes to one element (step 0), and which elements of `x` it is.
pub(crate) fn for_each_run(
    x: Shape,
    axes: &[usize],
    mut f: impl FnMut(usize, usize, std::ops::Range<usize>),
) {
    let strides = x.reduced(axes).strides_in(x);
    let (rows, columns) = x.rows_and_columns();
    let last = x.rank().saturating_sub(1);
    for row in 0..rows {
        let (mut rest, mut start) = (row, 0);
        for axis in (0..last).rev() {
            start += (rest % x.dims()[axis]) * strides[axis];
            rest /= x.dims()[axis];
        }
        f(start, strides[last], row * columns..(row + 1) * columns);
    }
}
