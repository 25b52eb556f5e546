//! Calibration: can a reported probability be taken at its word, and what would repair it?
//!
//! | file | what |
//! |---|---|
//! | [`reliability`] | the reliability curve over bins, ECE, the parts of the Brier score |
//! | [`temperature`] | one number, fitted on validation logits, that softens or sharpens them all |
//! | [`mod@assess`] | both for one model: as it reports, scaled, and with the bias of its loss inverted |

pub mod assess;
pub mod reliability;
pub mod temperature;

pub use assess::{Calibration, Measured, Scored, assess};
pub use reliability::{Binning, BrierParts, Reliability, ReliabilityBin};
pub use temperature::fit_temperature;
