//! Calibration: can a reported probability be taken at its word, and what would repair it?
//!
//! | file | what |
//! |---|---|
//! | [`reliability`] | the reliability curve over bins, ECE, the parts of the Brier score |
//! | [`temperature`] | one number, fitted on validation logits, that softens or sharpens them all |
//! | [`line`](mod@line) | a slope and an intercept: Platt scaling to mend, Cox's line to measure |
//! | [`mod@assess`] | all of it for one model: as it reports, mended in three ways, and which is best |

pub mod assess;
pub mod line;
pub mod reliability;
pub mod temperature;

pub use assess::{Calibration, Inverted, Measured, Repair, Scored, assess};
pub use line::{Line, calibration_in_the_large, calibration_line, fit_platt};
pub use reliability::{Binning, BrierParts, Reliability, ReliabilityBin};
pub use temperature::fit_temperature;
