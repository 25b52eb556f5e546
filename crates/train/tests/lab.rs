//! A lab with entries of its own, and models of a lab that another one lacks.

use crate::common::{rows, spec, synthetic, trained};
use losslab_autograd::{Param, Tape, Var};
use losslab_base::rng::Rng;
use losslab_data::DataError;
use losslab_data::formats::{
    DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData, NewRows,
};
use losslab_losses::{Focal, Registry};
use losslab_metrics::boxes::CocoResults;
use losslab_metrics::{BoxMetric, MetricError, MetricInfo, RowMetric, Rows};
use losslab_models::{LinearModel, Mlp, ModelInfo, Network, Params, Phase, Shape};
use losslab_tensor::Float;
use losslab_testing::Files;
use losslab_train::tasks::boxes::RetinaNet;
use losslab_train::tasks::table::{TableSettings, TableTask};
use losslab_train::{Form, Lab, Start, Task, load_model, save_model};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Logistic regression under another name.
struct Own(LinearModel);

impl Network for Own {
    const INFO: ModelInfo = ModelInfo { name: "own", ..LinearModel::INFO };

    fn size(params: &Params, shape: &Shape) -> Result<usize, String> {
        LinearModel::size(params, shape)
    }

    fn new<T: Float>(
        tape: &mut Tape<T>,
        params: &Params,
        shape: &Shape,
        rng: &mut Rng,
    ) -> Result<Self, String> {
        Ok(Self(LinearModel::new(tape, params, shape, rng)?))
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, phase: &mut Phase<'_, T>) -> Var<'t, T> {
        self.0.forward(x, phase)
    }

    fn output_bias(&self) -> Option<Param> {
        self.0.output_bias()
    }
}

#[test]
fn a_model_that_a_lab_lacks_is_named() {
    let files = Files::new();
    let lab = Lab::standard().with_network::<Own>();
    let (task, loss) = (rows(synthetic("rows=505,ratio=20"), 0), spec("ce"));
    let settings = TableSettings { epochs: Some(2), ..TableSettings::default() };
    let own = lab.models.parse("own").unwrap();
    let own_trained = trained(&task, &own, &loss, &settings, [0, 1]).unwrap();
    let linear = trained(&task, &lab.models.parse("linear").unwrap(), &loss, &settings, [0, 1]).unwrap();
    assert_eq!(own_trained.weights, linear.weights);

    let path = files.path("own.safetensors");
    let start = Start { run: 0, learner: &own, loss: &loss, settings: &settings, seed: 0, threads: 1 };
    let description = task.model(&start, &own_trained.judged);
    save_model(&path, TableTask::KIND, &description, &own_trained.weights).unwrap();
    let mut model = load_model(&lab, &path).unwrap();
    let ModelInput::Rows(input) = model.input("own") else { panic!("a detector") };
    let matrix = input.encoder.transform(task.dataset());
    let rows = NewData::Rows(NewRows { matrix, hashes: Vec::new(), labels: None, notes: Vec::new() });
    assert_eq!(model.predict(&rows, Form::Raw).unwrap().text.lines().count(), 506);

    let message = files.message(load_model(&Lab::standard(), &path));
    assert_eq!(
        message,
        "own.safetensors: found a model that this program lacks (there is no model 'own'; there are mlp, \
         linear, convnet), expected the program that saved it"
    );
}

struct Taken;

impl RowMetric for Taken {
    fn info(&self) -> MetricInfo {
        MetricInfo::new("roc_auc", "Taken", "taken", "a name that is taken")
    }
    fn suits(&self, classes: usize) -> bool {
        classes == 2
    }
    fn value(&self, _: &Rows<'_>) -> Result<Option<f64>, MetricError> {
        Ok(None)
    }
}

impl BoxMetric for Taken {
    fn info(&self) -> MetricInfo {
        MetricInfo::new("ap50", "Taken", "taken", "a name that is taken")
    }
    fn value(&self, _: &CocoResults) -> Option<f64> {
        None
    }
}

impl Format for Taken {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "csv", help: "a name that is taken", kind: DataKind::Table }
    }
    fn flags(&self) -> &[Flag] {
        const FLAGS: &[Flag] = &[Flag::one("taken", "X", "selects it")];
        FLAGS
    }
    fn load(&self, _: &Given) -> Result<Loaded, DataError> {
        Err(DataError::Flags("never called".into()))
    }
}

/// What building a lab panics with.
fn panics(build: impl FnOnce(Lab) -> Lab) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(build(Lab::standard())))).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn two_entries_of_one_name_are_refused_at_the_start() {
    let smooth = *Registry::standard().modifiers().iter().find(|modifier| modifier.name == "smooth").unwrap();
    let taken = "is in the registry already";
    assert_eq!(panics(|lab| lab.with_loss(Focal)), format!("a loss named 'focal' {taken}"));
    assert_eq!(panics(|lab| lab.with_modifier(smooth)), format!("a modifier named 'smooth' {taken}"));
    assert_eq!(panics(|lab| lab.with_network::<Mlp>()), format!("a model named 'mlp' {taken}"));
    assert_eq!(
        panics(|lab| lab.with_metric(Taken)),
        format!("a metric named 'roc_auc' for 2 classes {taken}")
    );
    assert_eq!(panics(|lab| lab.with_box_metric(Taken)), format!("a metric named 'ap50' for boxes {taken}"));
    assert_eq!(panics(|lab| lab.with_format(Taken)), format!("a format named 'csv' {taken}"));
    assert_eq!(panics(|lab| lab.with_detector(RetinaNet)), format!("a detector named 'retinanet' {taken}"));
}
