//! The tests of this crate, as one program, which links once.

mod across;
mod boxes_resampled;
mod calibration;
mod class_metrics;
mod coco;
mod equivalence;
mod metrics;
mod registry;
mod sample_size;
mod statistics;
mod statistics_bootstrap;
mod statistics_simulation;
mod verdict;
mod verdict_level;
mod voc;
