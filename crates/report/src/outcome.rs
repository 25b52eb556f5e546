//! From the outcome of a training to its record.

use super::named::Named;
use super::plan::{Plan, Training};
use super::plane::Plane;
use super::record::{DetectorRecord, EpochRecord, Outputs, RECORD_SCHEMA, RunRecord, TableRecord, run_file};
use losslab_data::{Part, Prepared};
use losslab_losses::{OpenSpec, Spec};
use losslab_metrics::boxes::{VocResults, VocRule, evaluate_voc};
use losslab_metrics::{Calibration, MetricError, MetricInfo, Metrics, Scored, assess};
use losslab_train::detector::{DetectionProblem, DetectorEpoch, DetectorOutcome, TrainedDetector};
use losslab_train::experiment::{Epoch, Outcome, Trained, TrialRecord};
use losslab_train::model::inverse::Inverse;

impl RunRecord {
    /// The record of a training on rows with this loss; `data` are the parts of its seed.
    pub fn of_table(plan: &Plan, loss: &OpenSpec, data: &Prepared, outcome: &Outcome) -> Self {
        let blank = Self::blank(plan, loss, outcome.seed, data.fingerprint());
        let (trials, chosen) = choice(&outcome.trials, outcome.chosen);
        let record = Self {
            trials,
            chosen,
            epochs: outcome.epochs.iter().map(table_epoch).collect(),
            gaps: data.gaps.clone(),
            ..blank
        };
        let trained = match &outcome.result {
            Ok(trained) => trained,
            Err(error) => return Self { diverged: Some(error.to_string()), ..record },
        };
        let calibration = match calibration(&loss.trial(outcome.chosen), data, trained) {
            Ok(calibration) => calibration,
            Err(error) => return Self { diverged: Some(error.to_string()), ..record },
        };
        Self {
            epochs_run: Some(trained.epochs_run),
            best_epoch: Some(trained.best_epoch),
            threshold: trained.threshold,
            metrics: Named::new(trained.metrics.clone()),
            table: Some(TableRecord {
                class_counts: data.train.class_counts(),
                validation: outputs(&data.validation, &trained.validation),
                test: outputs(&data.test, &trained.test),
                calibration,
                plane: match &plan.config.train {
                    Training::Table(train) => Plane::of(data, &train.hidden, &trained.weights),
                    Training::Detector(_) => None,
                },
            }),
            ..record
        }
    }

    /// The record of the training of a detector with this loss.
    ///
    /// # Errors
    /// If a score is not finite.
    pub fn of_detector(
        plan: &Plan,
        loss: &OpenSpec,
        problem: &DetectionProblem,
        rule: Option<VocRule>,
        outcome: &DetectorOutcome,
    ) -> Result<Self, MetricError> {
        let split = problem.parts.test.fingerprint();
        let blank = Self::blank(plan, loss, outcome.seed, split);
        let (trials, chosen) = choice(&outcome.trials, outcome.chosen);
        let epochs = outcome.epochs.iter().map(detector_epoch).collect();
        let record = Self { epochs, trials, chosen, ..blank };
        let trained = match &outcome.result {
            Ok(trained) => trained,
            Err(error) => return Ok(Self { diverged: Some(error.to_string()), ..record }),
        };
        let TrainedDetector { results, detections, best_epoch, margins, .. } = trained;
        let voc: Option<VocResults> =
            rule.map(|rule| evaluate_voc(&problem.parts.test.truth, detections, rule)).transpose()?;
        Ok(Self {
            epochs_run: Some(trained.epochs.len()),
            best_epoch: Some(*best_epoch),
            metrics: Named::new(Metrics::standard().evaluate_boxes(results)?),
            detector: Some(DetectorRecord {
                per_category: results.per_category.clone(),
                voc,
                detections: run_file(&record.loss, record.seed),
                margins: margins.clone(),
            }),
            ..record
        })
    }

    /// The record of a run that came to nothing.
    fn blank(plan: &Plan, loss: &OpenSpec, seed: u64, split: String) -> Self {
        let loss = loss.to_string();
        Self {
            schema: RECORD_SCHEMA,
            key: plan.key(&split, &loss, seed),
            split,
            loss,
            seed,
            epochs: Vec::new(),
            epochs_run: None,
            best_epoch: None,
            threshold: None,
            diverged: None,
            trials: Vec::new(),
            chosen: None,
            metrics: undefined(&plan.data.metrics()),
            gaps: Vec::new(),
            table: None,
            detector: None,
        }
    }
}

/// The trials and the chosen one, if there was a choice.
fn choice(trials: &[TrialRecord], chosen: usize) -> (Vec<TrialRecord>, Option<usize>) {
    if trials.len() > 1 { (trials.to_vec(), Some(chosen)) } else { (Vec::new(), None) }
}

fn undefined(metrics: &[MetricInfo]) -> Named<Option<f64>> {
    Named(metrics.iter().map(|metric| (metric.name.to_owned(), None)).collect())
}

fn outputs(part: &Part, logits: &[f32]) -> Outputs {
    Outputs { rows: part.rows.clone(), labels: part.labels.clone(), logits: logits.to_vec() }
}

fn calibration(spec: &Spec, data: &Prepared, trained: &Trained) -> Result<Option<Calibration>, MetricError> {
    let inverse = Inverse::of(spec, &data.train.class_counts()).ok().filter(|inverse| !inverse.is_identity());
    let inverted = inverse.map(|inverse| inverse.apply(&trained.test));
    let validation = Scored { logits: &trained.validation, labels: &data.validation.labels };
    let test = Scored { logits: &trained.test, labels: &data.test.labels };
    assess(data.train.classes, validation, test, inverted.as_deref())
}

fn table_epoch(epoch: &Epoch) -> EpochRecord {
    let Epoch { epoch, train_loss, validation_ap } = *epoch;
    EpochRecord { epoch, train_loss, class_loss: None, box_loss: None, validation_ap, shares: None }
}

fn detector_epoch(epoch: &DetectorEpoch) -> EpochRecord {
    EpochRecord {
        epoch: epoch.epoch,
        train_loss: epoch.class_loss + epoch.box_loss,
        class_loss: Some(epoch.class_loss),
        box_loss: Some(epoch.box_loss),
        validation_ap: epoch.validation_ap,
        shares: epoch.shares,
    }
}
