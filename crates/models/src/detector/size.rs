//! How much memory a detector takes, without taking any.

use super::config::DetectorConfig;
use crate::{NetworkSize, Norm};

impl DetectorConfig {
    /// The size of such a detector on images of this many pixels. It is an estimate, without the nodes of the
    /// losses.
    pub fn size(&self, height: usize, width: usize) -> NetworkSize {
        // Convolution, norm and ReLU each leave their outputs on the tape; without a norm the two are one.
        let nodes = if self.norm == Norm::None { 1.0 } else { 3.0 };
        let mut size = NetworkSize { weights: 0.0, numbers: (height * width * self.channels) as f64 };
        let mut add = |kernel: f64, [inputs, outputs]: [usize; 2], cells: f64, nodes: f64, is_new: bool| {
            if is_new {
                size.weights += (kernel * inputs as f64 + 2.0) * outputs as f64;
            }
            size.numbers += cells * outputs as f64 * nodes;
        };
        let (mut rows, mut columns, mut inputs) = (height, width, self.channels);
        for (number, stage) in self.stages.iter().enumerate() {
            for i in 0..stage.depth {
                if i == 0 && number < self.halvings() {
                    (rows, columns) = (rows.div_ceil(2), columns.div_ceil(2));
                }
                add(9.0, [inputs, stage.width], rows as f64 * columns as f64, nodes, true);
                inputs = stage.width;
            }
        }
        for (level, [rows, columns]) in self.feature_sizes(height, width).into_iter().enumerate() {
            let cells = rows as f64 * columns as f64;
            let mut of_head = inputs;
            if self.levels > 1 {
                // Lateral, upsampled, their sum, and smoothed.
                add(10.0, [inputs, self.head_width], cells, 4.0, true);
                of_head = self.head_width;
            }
            for per_anchor in [self.classes, 4] {
                let mut inputs = of_head;
                for _ in 0..self.head_depth {
                    add(9.0, [inputs, self.head_width], cells, nodes, level == 0);
                    inputs = self.head_width;
                }
                // Once more where levels are joined.
                let outputs = self.anchors_per_cell * per_anchor;
                add(9.0, [inputs, outputs], cells, if self.levels > 1 { 2.0 } else { 1.0 }, level == 0);
            }
        }
        size
    }
}
