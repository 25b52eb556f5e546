//! One training on rows.

use super::TableTask;
use super::augmented::Augmenter;
use super::classification::{Classification, bind};
use super::examples::PartExamples;
use super::found::{Outputs, TableFound};
use super::plane::Plane;
use super::sampling::{Sampler, visited};
use super::settings::TableSettings;
use super::stopping::Stopping;
use crate::task::{Judged, Losses, Start, Training};
use crate::{Course, History, TrainError};
use losslab_autograd::Var;
use losslab_base::rng::Rng;
use losslab_data::{Part, Prepared};
use losslab_losses::{
    self as losses, Criterion, Decision, Inverse, Spec, TapeBatch, TapeTargets, Training as TrainingEffect,
    criterion,
};
use losslab_metrics::calibration::Inverted;
use losslab_metrics::{Calibration, MetricError, RowMetric, Rows, Scored, assess};
use losslab_models::{Epoch, Examples, Model, Objective, Shape, State, prior_bias};
use serde_json::Value;
use std::sync::Arc;

/// Streams of random numbers of one seed, so that one purpose does not shift the other's draws.
const INIT_STREAM: u64 = 1;
const ORDER_STREAM: u64 = 2;

/// A model of rows in training.
pub struct TableTraining<'a> {
    task: &'a TableTask,
    data: &'a Prepared,
    classification: Classification,
    spec: Spec,
    settings: TableSettings,
    stopping: Stopping,
    loss: Bound,
    model: Box<dyn Model>,
    /// Draws rows of the training part.
    sampler: Sampler,
    rng: Rng,
    augmenter: Option<Augmenter>,
}

impl<'a> TableTraining<'a> {
    /// An untrained model. All losses of a seed start from the same weights and the same prior, the rates of
    /// the classes, unless a spec says otherwise.
    pub fn new(task: &'a TableTask, start: &Start<'_, TableTask>) -> Result<Self, TrainError> {
        let data = &task.parts[start.run];
        let counts = data.train.class_counts();
        let criterion = bind(start.loss, &counts)?;
        let classification = Classification::of(data.train.classes);
        let settings = start.settings.clone();
        let image = data.train.matrix.image();
        Augmenter::check(&settings, image).map_err(TrainError::Model)?;
        let shape = Shape { columns: data.columns(), image, outputs: classification.outputs() };
        let mut rng = Rng::stream(start.seed, INIT_STREAM);
        let model =
            start.learner.build(shape, settings.optimizer.build_with_decay(settings.decay()), &mut rng);
        let mut model = model.map_err(TrainError::Model)?;
        let mut prior = classification.prior_logits(&counts);
        for change in criterion.training() {
            if let TrainingEffect::PriorBias(pi) = change {
                prior = vec![prior_bias(*pi)];
            }
        }
        model.start_from(&prior);
        model.set_threads(start.threads);
        let sampler = Sampler::new(&data.train.labels, criterion.training());
        let visited = visited(&counts, criterion.training());
        let stopping = Stopping::new(&settings, visited, task.chance(start.run)?, &task.metric.info());
        Ok(Self {
            task,
            data,
            classification,
            spec: start.loss.clone(),
            augmenter: Augmenter::new(&settings, image, start.seed),
            settings,
            sampler,
            stopping,
            loss: Bound { criterion: Arc::new(criterion), classification },
            model,
            rng: Rng::stream(start.seed, ORDER_STREAM),
        })
    }

    fn logits(&mut self, part: &Part) -> Vec<f32> {
        let rows: Vec<u32> = (0..part.rows() as u32).collect();
        self.model.score(&PartExamples(part), &rows)
    }

    /// The threshold that the spec fixes, else that of the best F1 on these rows, where it is wanted or the
    /// spec asks for it.
    fn threshold(&self, logits: &[f32], part: &Part, wanted: bool) -> Result<Option<f64>, MetricError> {
        match self.loss.criterion.decision() {
            Some(Decision::At(threshold)) => Ok(Some(threshold)),
            None if !wanted => Ok(None),
            Some(Decision::BestF1) | None => self.classification.best_threshold(logits, &part.labels),
        }
    }

    /// The deciding metric of these logits on a part.
    fn value(&self, metric: &dyn RowMetric, logits: &[f32], part: &Part) -> Result<Option<f64>, MetricError> {
        let threshold = self.threshold(logits, part, metric.info().needs_threshold)?;
        let decision = self.loss.decision(threshold);
        metric.value(&Rows::new(part.classes, logits, &part.labels).with_thresholds(decision, threshold))
    }

    fn calibration(&self, validation: &[f32], test: &[f32]) -> Result<Option<Calibration>, MetricError> {
        let data = self.data;
        let inverse = Inverse::of(&self.spec, &data.train.class_counts()).ok();
        let inverse = inverse.filter(|inverse| !inverse.is_identity());
        let inverted = inverse.map(|inverse| [inverse.logits(validation), inverse.logits(test)]);
        let inverted = inverted.as_ref().map(|[validation, test]| Inverted { validation, test });
        let validation = Scored { logits: validation, labels: &data.validation.labels };
        let test = Scored { logits: test, labels: &data.test.labels };
        assess(data.train.classes, validation, test, inverted)
    }
}

impl Training<TableFound> for TableTraining<'_> {
    fn epoch(&mut self, epoch: usize) -> Result<Losses, TrainError> {
        let order = self.sampler.epoch(&mut self.rng);
        let plain = PartExamples(&self.data.train);
        let augmented = self.augmenter.as_ref().map(|augmenter| augmenter.epoch(&plain, epoch));
        let train_loss = self.model.fit(&Epoch {
            number: epoch,
            examples: augmented.as_ref().map_or(&plain as &dyn Examples, |augmented| augmented),
            order,
            batch: self.settings.batch,
            learning_rate: self.settings.learning_rate,
            objective: &self.loss,
        })?;
        Ok(Losses { train_loss, detail: None })
    }

    fn is_validated(&self, _: usize) -> bool {
        true
    }

    fn validate(&mut self) -> Result<Option<f64>, TrainError> {
        let part = &self.data.validation;
        let logits = self.logits(part);
        Ok(self.value(&*self.task.metric, &logits, part)?)
    }

    fn is_over(&self, history: &History) -> bool {
        self.stopping.is_over(history)
    }

    fn course(&self) -> Course {
        self.stopping.course
    }

    fn weights(&self) -> State {
        self.model.weights()
    }

    fn set_weights(&mut self, weights: &State) -> Result<(), String> {
        self.model.set_weights(weights)
    }

    fn save(&mut self, tensors: &mut State) -> Value {
        self.model.save(tensors);
        tensors.put_indices("order", self.sampler.shuffled().into_iter().map(|list| &*list));
        // A generator is plain data and has a form as JSON.
        serde_json::to_value(&self.rng).unwrap_or_default()
    }

    fn load(&mut self, value: Value, tensors: &mut State) -> Result<(), String> {
        self.model.load(tensors)?;
        tensors.take_indices("order", self.sampler.shuffled())?;
        self.rng = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn judge(&mut self) -> Result<Judged<TableFound>, TrainError> {
        let data = self.data;
        let validation = self.logits(&data.validation);
        let threshold = self.threshold(&validation, &data.validation, true)?;
        let test = self.logits(&data.test);
        let rows = Rows::new(data.test.classes, &test, &data.test.labels)
            .with_thresholds(self.loss.decision(threshold), threshold);
        let metrics = self.task.evaluate(&rows)?;
        let tested = self.task.source.test.as_ref().unwrap_or(&self.task.source.dataset);
        let found = TableFound {
            class_counts: data.train.class_counts(),
            decision: self.loss.decision(threshold),
            calibration: self.calibration(&validation, &test)?,
            plane: Plane::of(data, &mut *self.model),
            validation: Outputs::of(&data.validation, None, validation),
            test: Outputs::of(&data.test, tested.groups.as_ref(), test),
        };
        Ok(Judged { metrics, threshold, found })
    }
}

/// A loss bound to a problem, as models minimise it.
struct Bound {
    criterion: Arc<Criterion>,
    classification: Classification,
}

impl Bound {
    /// The probability from which on decisions are positive: 0.5 unless the spec moves it.
    fn decision(&self, threshold: Option<f64>) -> f64 {
        threshold.filter(|_| self.criterion.decision().is_some()).unwrap_or(0.5)
    }
}

impl Objective for Bound {
    fn on_tape<'t>(&self, logits: Var<'t, f32>, labels: &[u32]) -> Var<'t, f32> {
        let tape = logits.tape();
        let targets = match self.classification {
            Classification::Binary => TapeTargets::Sigmoid(tape.constant_with([labels.len(), 1], |out| {
                out.iter_mut().zip(labels).for_each(|(y, &label)| *y = label as f32);
            })),
            Classification::Classes(_) => TapeTargets::Softmax(tape.indices(labels)),
        };
        criterion(&self.criterion, TapeBatch { logits, targets, weights: None, valid: None })
    }

    fn gradient(&self, logits: &[f32], labels: &[u32], gradient: &mut [f32]) -> f32 {
        let binary: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
        let targets = match self.classification {
            Classification::Binary => losses::Targets::Sigmoid { targets: &binary, columns: 1 },
            Classification::Classes(classes) => losses::Targets::Softmax { targets: labels, classes },
        };
        let batch = losses::Batch { logits, targets, weights: None, valid: None };
        // Shapes and labels are those of the problem that the loss was bound to.
        self.criterion.evaluate(&batch, None, gradient).unwrap_or(f32::NAN)
    }
}
