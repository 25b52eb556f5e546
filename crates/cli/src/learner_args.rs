//! The arguments that say what is trained, shared by the commands that train, and the checked settings of
//! both kinds of task.

use super::detector_args::DetectorArguments;
use super::train_args::TrainArguments;
use anyhow::{bail, ensure};
use clap::Args;
use losslab_models::ModelSpec;
use losslab_train::Lab;
use losslab_train::tasks::boxes::{DetectorSettings, DetectorSpec};
use losslab_train::tasks::table::TableSettings;

/// What is trained, and how.
#[derive(Args, Clone, Debug)]
pub struct LearnerArguments {
    /// Model of rows, e.g. mlp:hidden=64x64 or linear; losslab models lists them; compare takes several
    /// [default: mlp]
    #[arg(long, value_name = "SPEC")]
    model: Vec<String>,
    /// Detector of objects in images; compare takes several [default: retinanet]
    #[arg(long = "detector", value_name = "SPEC")]
    detectors: Vec<String>,
    /// Metric that decides: epochs, trials and verdicts follow it [default: average precision]
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    #[command(flatten)]
    train: TrainArguments,
    #[command(flatten)]
    detector: DetectorArguments,
}

/// The parameter that `--hidden` is short for.
const HIDDEN: &str = "hidden";

/// Whether there is a metric of rows of this name.
fn of_rows(lab: &Lab, metric: &str) -> bool {
    [2, 3].into_iter().any(|classes| lab.metrics.find(metric, classes).is_ok())
}

/// Refuses a metric that is one of no kind of task.
fn check_metric(lab: &Lab, name: &str) -> anyhow::Result<()> {
    let mut known: Vec<&str> = Vec::new();
    let of_rows =
        [2, 3].into_iter().flat_map(|classes| lab.metrics.rows(classes)).map(|metric| metric.info().name);
    for metric in of_rows.chain(lab.metrics.boxes().map(|metric| metric.info().name)) {
        if !known.contains(&metric) {
            known.push(metric);
        }
    }
    anyhow::ensure!(known.contains(&name), "--metric: {}", losslab_base::unknown("metric", name, known));
    Ok(())
}

/// Whether a model has hidden layers.
fn has_hidden(spec: &ModelSpec) -> bool {
    spec.kind().info().params.iter().any(|param| param.name == HIDDEN)
}

/// The checked settings of tables.
#[derive(Clone)]
pub struct TableRequest {
    /// The models, each another one.
    pub models: Vec<ModelSpec>,
    /// How they are trained.
    pub settings: TableSettings,
}

/// The checked settings of images with boxes.
#[derive(Clone)]
pub struct BoxRequest {
    /// The detectors, each another one.
    pub detectors: Vec<DetectorSpec>,
    /// How they are trained.
    pub settings: DetectorSettings,
}

impl LearnerArguments {
    /// The deciding metric, if one is named; which there are depends on the data.
    pub fn metric(&self, lab: &Lab) -> anyhow::Result<Option<&str>> {
        let metric = self.metric.as_deref();
        metric.map(|metric| check_metric(lab, metric)).transpose()?;
        Ok(metric)
    }

    /// What is asked of tables.
    pub fn tables(&self, lab: &Lab) -> anyhow::Result<TableRequest> {
        if !self.detectors.is_empty() {
            bail!("--detector: finds objects in images; rows are learnt from here, see --model");
        }
        self.detector.refuse_for_rows()?;
        if let Some(metric) = self.metric.as_ref().filter(|metric| !of_rows(lab, metric)) {
            bail!("--metric {metric}: a metric of boxes; rows are learnt from here");
        }
        Ok(TableRequest { models: self.models(lab)?, settings: self.train.table_settings()? })
    }

    /// What is asked of images with boxes.
    pub fn boxes(&self, lab: &Lab) -> anyhow::Result<BoxRequest> {
        self.train.refuse_for_detectors()?;
        ensure!(self.model.is_empty(), "--model: a model of rows; see --detector for images with boxes");
        if let Some(metric) = &self.metric {
            let is_of_boxes = lab.metrics.find_boxes(metric).is_ok();
            ensure!(
                is_of_boxes,
                "--metric {metric}: a metric of rows; objects in images are learnt from here"
            );
        }
        self.box_request(lab, &self.train, DetectorSettings::default())
    }

    /// What is asked of the short comparison of detectors beside one of tables, with these settings where
    /// none are given: the flags of tables are not for it.
    pub fn short_boxes(&self, lab: &Lab, default: DetectorSettings) -> anyhow::Result<BoxRequest> {
        self.box_request(lab, &self.train.for_scenes(), default)
    }

    fn box_request(
        &self,
        lab: &Lab,
        train: &TrainArguments,
        default: DetectorSettings,
    ) -> anyhow::Result<BoxRequest> {
        Ok(BoxRequest { detectors: self.detectors(lab)?, settings: self.detector.settings(train, default)? })
    }

    /// Whether a model of rows or a metric of rows alone is named: then there is nothing for detectors to do.
    pub fn is_of_tables(&self, lab: &Lab) -> bool {
        let for_boxes = |metric: &String| lab.metrics.find_boxes(metric).is_ok();
        !self.model.is_empty() || self.metric.as_ref().is_some_and(|metric| !for_boxes(metric))
    }

    /// The same of detectors.
    pub fn is_of_boxes(&self, lab: &Lab) -> bool {
        !self.detectors.is_empty() || self.metric.as_ref().is_some_and(|metric| !of_rows(lab, metric))
    }

    fn models(&self, lab: &Lab) -> anyhow::Result<Vec<ModelSpec>> {
        let mut models: Vec<ModelSpec> = Vec::new();
        let default = lab.models.iter().next().map(|kind| kind.info().name.to_owned());
        let texts = if self.model.is_empty() { default.as_slice() } else { &self.model };
        let hidden = self.train.hidden()?;
        for text in texts {
            let mut spec = lab.models.parse(text).map_err(|problem| anyhow::anyhow!("--model: {problem}"))?;
            if let Some(hidden) = hidden.as_ref().filter(|_| has_hidden(&spec)) {
                let says_so = text.contains(&format!("{HIDDEN}="));
                ensure!(!says_so, "--hidden: --model {text} says already how wide the hidden layers are");
                spec = spec.with(HIDDEN, hidden).map_err(|problem| anyhow::anyhow!("--hidden: {problem}"))?;
            }
            if models.iter().any(|other| other.to_string() == spec.to_string()) {
                bail!("--model {text}: {spec} is given twice");
            }
            models.push(spec);
        }
        ensure!(!models.is_empty(), "the lab has no model of rows");
        ensure!(
            hidden.is_none() || models.iter().any(has_hidden),
            "--hidden: none of the models has hidden layers"
        );
        Ok(models)
    }

    fn detectors(&self, lab: &Lab) -> anyhow::Result<Vec<DetectorSpec>> {
        let mut detectors: Vec<DetectorSpec> = Vec::new();
        let default = lab.detectors.iter().next().map(|kind| kind.info().name.to_owned());
        let texts = if self.detectors.is_empty() { default.as_slice() } else { &self.detectors };
        for text in texts {
            let spec =
                lab.detectors.parse(text).map_err(|problem| anyhow::anyhow!("--detector: {problem}"))?;
            if detectors.iter().any(|other| other.to_string() == spec.to_string()) {
                bail!("--detector {text}: {spec} is given twice");
            }
            detectors.push(spec);
        }
        ensure!(!detectors.is_empty(), "the lab has no detector");
        Ok(detectors)
    }
}
