//! Anchors: the boxes that a detector's outputs are relative to.

use super::fit_anchors::fit_anchors;
use crate::feature_size;
use std::ops::Range;

/// The shapes of the anchors at every cell of each level.
///
/// ```
/// use losslab_models::detection::AnchorConfig;
/// let config = AnchorConfig { strides: vec![8], shapes: vec![vec![[4.0, 2.0], [16.0, 16.0]]] };
/// let anchors = config.grid(9, 20); // 2 x 3 cells
/// assert_eq!(anchors.boxes.len(), 2 * 3 * 2);
/// assert_eq!(anchors.boxes[0], [2.0, 3.0, 6.0, 5.0]); // the centre of the first cell is (4, 4)
/// assert_eq!(anchors.boxes[3], [4.0, -4.0, 20.0, 12.0]); // second anchor, second cell, first row
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorConfig {
    /// Pixels from cell to cell, finest level first.
    pub strides: Vec<usize>,
    /// For each level, the width and height of its anchors in pixels; the same number on all levels, because
    /// they share the subnets.
    pub shapes: Vec<Vec<[f64; 2]>>,
}

/// All anchors of an image, in the order of a detector's outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchors {
    /// The anchors as boxes; those at the edges reach beyond the image. Level by level, row by row, cell by
    /// cell.
    pub boxes: Vec<[f32; 4]>,
    /// Which of them belong to which level.
    pub levels: Vec<Range<usize>>,
}

impl AnchorConfig {
    /// Anchors of every size at every ratio on every level: size s (in cells: s times the stride is the side
    /// of a square of the same area) and ratio r = height / width give `width = s stride / sqrt(r)`,
    /// `height = s stride sqrt(r)`.
    pub fn scaled(strides: &[usize], sizes: &[f64], ratios: &[f64]) -> Self {
        let shapes = |&stride: &usize| {
            let shape = |side: f64, ratio: f64| [side / ratio.sqrt(), side * ratio.sqrt()];
            let shapes = sizes.iter().flat_map(|size| ratios.iter().map(move |&r| (size * stride as f64, r)));
            shapes.map(|(side, ratio)| shape(side, ratio)).collect()
        };
        Self { strides: strides.to_vec(), shapes: strides.iter().map(shapes).collect() }
    }

    /// The nine anchors of RetinaNet: 4 cells wide, times 2^0, 2^(1/3), 2^(2/3), at height to width 1:2, 1:1
    /// and 2:1 (Lin et al. 2017, sec. 4: 32^2 pixels at stride 8).
    pub fn retinanet(strides: &[usize]) -> Self {
        Self::scaled(strides, &[4.0, 5.039_684_199_579_493, 6.349_604_207_872_798], &[0.5, 1.0, 2.0])
    }

    /// Anchors fitted to the width and height of training boxes (see [`fit_anchors`]): `per_cell` for each
    /// level, the smallest on the finest.
    ///
    /// `None` if no box has a finite size above 0.
    pub fn fitted(sizes: &[[f64; 2]], strides: &[usize], per_cell: usize) -> Option<Self> {
        let shapes = fit_anchors(sizes, strides.len() * per_cell)?;
        Some(Self { strides: strides.to_vec(), shapes: shapes.chunks(per_cell).map(<[_]>::to_vec).collect() })
    }

    /// Anchors at each cell.
    pub fn per_cell(&self) -> usize {
        self.shapes.first().map_or(0, Vec::len)
    }

    /// The anchors of an image of `height x width` pixels: [`feature_size`] cells a level, the cell in column
    /// x and row y centred at `((x + .5) stride, (y + .5) stride)`.
    ///
    /// # Panics
    /// If levels differ in their number of shapes, or there is not one list of shapes per stride.
    #[track_caller]
    pub fn grid(&self, height: usize, width: usize) -> Anchors {
        let counts: Vec<usize> = self.shapes.iter().map(Vec::len).collect();
        assert!(
            counts.len() == self.strides.len() && counts.iter().all(|&count| count == self.per_cell()),
            "anchors: {counts:?} shapes on the levels of strides {:?}, expected the same number on each",
            self.strides
        );
        let mut anchors = Anchors { boxes: Vec::new(), levels: Vec::new() };
        for (&stride, shapes) in self.strides.iter().zip(&self.shapes) {
            let first = anchors.boxes.len();
            let [rows, columns] = feature_size(height, width, stride);
            let centre = |i: usize| (i as f64 + 0.5) * stride as f64;
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (centre(y), centre(x)))) {
                let around = |&[w, h]: &[f64; 2]| {
                    [x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h].map(|side| side as f32)
                };
                anchors.boxes.extend(shapes.iter().map(around));
            }
            anchors.levels.push(first..anchors.boxes.len());
        }
        anchors
    }
}
