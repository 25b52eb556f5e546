//! Why a training or a look at images has no result.

use crate::checkpoint::CheckpointError;
use crate::experiment::Divergence;
use losslab_autograd::NonFinite;
use losslab_base::DataError;
use losslab_losses::SpecError;

/// Why a training has no result.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The loss does not suit detectors.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Loss, gradient or weights became infinite or NaN.
    #[error("diverged: {0}")]
    Diverged(Divergence),
    /// The training could not be kept, or not be taken up again.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Whoever watches wanted it to end here.
    #[error("stopped after epoch {epoch}")]
    Stopped {
        /// The last epoch that was run, from 1.
        epoch: usize,
    },
    /// The network's outputs are not numbers.
    #[error("diverged: outputs for image {image}{} are not finite: {first}", after_epoch(*.epoch))]
    Output {
        /// The image.
        image: String,
        /// The epoch after which the weights gave them, from 1, if they are weights in training.
        epoch: Option<usize>,
        /// The first number that was not finite.
        first: Box<NonFinite>,
    },
    /// The evaluation refused a detection.
    #[error(transparent)]
    Evaluation(#[from] DataError),
}

/// Where in a training something was.
fn after_epoch(epoch: Option<usize>) -> String {
    epoch.map_or_else(String::new, |epoch| format!(" after epoch {epoch}"))
}

impl DetectorError {
    /// The same of weights that were those of this epoch.
    pub(super) fn after(self, known: usize) -> Self {
        match self {
            Self::Output { image, first, .. } => Self::Output { image, epoch: Some(known), first },
            other => other,
        }
    }
}

impl From<Divergence> for DetectorError {
    fn from(divergence: Divergence) -> Self {
        Self::Diverged(divergence)
    }
}
