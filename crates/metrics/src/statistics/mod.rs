//! Statistics of a comparison: is one arm (a loss, a model) better than another, by how much, how sure, and
//! what was seen at all?
//!
//! | file | what |
//! |---|---|
//! | [`verdict`] | comparisons of arms that were declared beforehand, and all that the report prints |
//! | `judge` | how they are reached |
//! | [`sentence`] | the same in words |
//! | [`training_check`] | whether the trainings were good enough to be judged |
//! | [`paired`] | runs on random splits of one data set: the corrected resampled t test |
//! | [`fixed_test`] | runs with different seeds on one fixed test set |
//! | [`bootstrap`] | resamples of that test set |
//! | [`weighted_ap`] | average precision on a resample |
//! | [`estimate`] | a difference with its standard error, hence p and interval |
//! | [`equivalence`] | whether a difference is smaller than what matters |
//! | [`power`] | which difference would have been seen |
//! | [`sample_size`] | how many seeds and how much data a wanted difference needs |
//! | [`pairs`] | every arm against every other, as a description |
//! | [`holm`] | several comparisons |
//! | [`effect`] | a difference in units of its spread |
//! | [`across`] | several data sets: meta-analysis, ranks, performance profile |
//! | [`wilcoxon`] | the signed-rank test, as a description |
//! | `rounding` | differences that are equal but for rounding |
//! | [`distributions`], [`special`] | normal, t, noncentral t, and the functions behind them |
//!
//! # Which test
//! If runs have different test parts, each test part is a split: [`paired::corrected_t`] over the splits, the
//! runs of one split averaged. If all share one test set, they differ in the training alone:
//! [`fixed_test::fixed_test`]. Both end in an
//! [`Estimate`](estimate::Estimate). The false positives of both are simulated in
//! `tests/statistics_simulation.rs`.
//!
//! All numbers are the same bits on every machine: no function of the system's mathematics library is called.

pub mod across;
pub mod bootstrap;
pub mod distributions;
pub mod effect;
pub mod equivalence;
pub mod estimate;
pub mod fixed_test;
pub mod holm;
mod judge;
pub mod paired;
pub mod pairs;
pub mod power;
mod rounding;
pub mod sample_size;
pub mod sentence;
pub mod special;
pub mod training_check;
pub mod verdict;
pub mod weighted_ap;
pub mod wilcoxon;
