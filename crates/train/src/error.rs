//! Why a training has no result.

use crate::checkpoint::CheckpointError;
use losslab_autograd::NonFinite;
use losslab_base::DataError;
use losslab_losses::SpecError;
use losslab_metrics::MetricError;
use losslab_models::Divergence;

/// Why a training has no result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The loss does not suit the task.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The model does not suit the task.
    #[error("{0}")]
    Model(String),
    /// Loss, gradient or weights became infinite or NaN.
    #[error("diverged: {0}")]
    Diverged(Divergence),
    /// The scores of a model are not finite.
    #[error("diverged: {0}")]
    Scores(MetricError),
    /// The outputs of a detector are not finite.
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
    /// A checkpoint could not be written, or does not fit.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The observer asked the training to end here.
    #[error("stopped after epoch {epoch}")]
    Stopped {
        /// The last epoch that was run, from 1.
        epoch: usize,
    },
}

/// Where in a training something was.
fn after_epoch(epoch: Option<usize>) -> String {
    epoch.map_or_else(String::new, |epoch| format!(" after epoch {epoch}"))
}

// Not as sources: their texts are part of these messages.
impl From<Divergence> for TrainError {
    fn from(error: Divergence) -> Self {
        Self::Diverged(error)
    }
}

impl From<MetricError> for TrainError {
    fn from(error: MetricError) -> Self {
        Self::Scores(error)
    }
}

impl TrainError {
    /// The same error of the weights of this epoch.
    #[must_use]
    pub fn after(self, known: usize) -> Self {
        match self {
            Self::Output { image, first, .. } => Self::Output { image, epoch: Some(known), first },
            other => other,
        }
    }

    /// Whether the observer ended the training.
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }
}
