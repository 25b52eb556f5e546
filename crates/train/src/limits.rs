//! What may be asked of a comparison or a training, in whole numbers. The command line takes its limits and
//! their help from here; plans from files are checked against them, too.

use losslab_base::Bounds;

/// Seeds of a comparison.
pub const SEEDS: Bounds = Bounds::new(1, 10_000);
/// Trials per arm and seed.
pub const TRIALS: Bounds = Bounds::new(1, 1000);
/// Epochs of a training.
pub const EPOCHS: Bounds = Bounds::new(1, 1_000_000);
/// Epochs without a better validation metric.
pub const PATIENCE: Bounds = Bounds::new(1, 1_000_000);
/// Rows or images per step.
pub const BATCH: Bounds = Bounds::new(1, 1 << 20);
/// Pixels that images are moved by.
pub const SHIFT: Bounds = Bounds::new(0, 1 << 14);
/// Channels of a detector's first convolution; its widest have three times as many.
pub const WIDTH: Bounds = Bounds::new(1, 1024);
/// Anchors per cell of a detector.
pub const ANCHORS: Bounds = Bounds::new(1, 100);
/// Anchors of an image: 9 per cell of 4 x 4 pixels fill 2700 x 2700 pixels.
pub const MOST_ANCHORS: usize = 1 << 22;
