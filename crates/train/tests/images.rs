//! Models of images: what holds for every model of rows holds for the convnet, with augmentation.

use losslab_base::rng::Rng;
use losslab_data::formats::{Formats, Given, Loaded, ModelInput};
use losslab_data::images::{Image, encode_png};
use losslab_data::{Source, SyntheticSpec};
use losslab_losses::{OpenSpec, Registry, Spec};
use losslab_models::{ModelSpec, NamedTensor, Numbers};
use losslab_testing::Files;
use losslab_train::checkpoint::{Folder, Identity, Keeper, Which};
use losslab_train::tasks::table::{TableFound, TableSettings, TableTask};
use losslab_train::{
    Arm, Comparison, Event, Form, Lab, Observer, Start, Task, TrainError, Trained, Tuning, compare,
    load_model, save_model, train,
};
use serde_json::json;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Mutex;

fn spec(text: &str) -> Spec {
    Spec::parse(text, &Registry::standard()).expect("a loss")
}

fn model(text: &str) -> ModelSpec {
    Lab::standard().models.parse(text).expect("a model")
}

/// Images of 8 x 8: noise, with a bright bar across (`-`), upright (`i`), or none (`o`), at any place.
fn bars(files: &Files) -> Source {
    let mut rng = Rng::seed(3);
    for class in ["-", "i", "o"] {
        let folder = files.path(&format!("bars/{class}"));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        for i in 0..24 {
            let at = rng.below(8) as usize;
            let bright = |k: usize| (class == "-" && k / 8 == at) || (class == "i" && k % 8 == at);
            let pixels = (0..64).map(|k| rng.below(90) as u8 + if bright(k) { 120 } else { 0 }).collect();
            let image = Image { width: 8, height: 8, channels: 1, pixels };
            std::fs::write(folder.join(format!("{i}.png")), encode_png(&image)).expect("a temporary file");
        }
    }
    let path = files.path("bars");
    let given = Given::new().with("image-folder", path.to_str().expect("a path of text"));
    match Formats::standard().find("image-folder").expect("a format").load(&given) {
        Ok(Loaded::Table { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

fn task(files: &Files) -> TableTask {
    TableTask::new(&Lab::standard(), bars(files), Vec::new(), &[0], None).expect("a task")
}

fn settings() -> TableSettings {
    TableSettings {
        epochs: Some(3),
        batch: 16,
        learning_rate: 0.01,
        flips: true,
        shift: 1,
        ..TableSettings::default()
    }
}

const MODEL: &str = "convnet:width=4";

/// The bits of weights and of logits.
fn bits(trained: &Trained<TableFound>) -> Vec<Vec<u32>> {
    let weights = trained.weights.0.iter().map(|NamedTensor { numbers, .. }| match numbers {
        Numbers::F32(numbers) => numbers,
        other => panic!("weights of type {}", other.type_name()),
    });
    let found = &trained.judged.found;
    let numbers = weights.chain([&found.validation.logits, &found.test.logits]);
    numbers.map(|numbers| numbers.iter().map(|x| x.to_bits()).collect()).collect()
}

fn trained(task: &TableTask, settings: &TableSettings, threads: usize) -> Trained<TableFound> {
    let (learner, loss) = (&model(MODEL), &spec("ce"));
    let start = Start { run: 0, learner, loss, settings, seed: 0, threads };
    train(task, &start, None, &mut |_| Continue(())).expect("a training")
}

#[test]
fn threads_change_no_bit_and_augmentation_does() {
    let files = Files::new();
    let task = task(&files);
    let alone = bits(&trained(&task, &settings(), 1));
    for threads in [2, 4] {
        assert!(bits(&trained(&task, &settings(), threads)) == alone, "{threads} threads");
    }
    for other in [TableSettings { flips: false, ..settings() }, TableSettings { shift: 0, ..settings() }] {
        assert!(bits(&trained(&task, &other, 1)) != alone, "{other:?}");
    }
}

#[test]
fn a_training_resumed_after_any_epoch_has_the_bits_of_an_uninterrupted_one() {
    let files = Files::new();
    let (task, settings) = (task(&files), settings());
    let whole = trained(&task, &settings, 1);
    let (learner, loss) = (&model(MODEL), &spec("ce"));
    let start = |threads| Start { run: 0, learner, loss, settings: &settings, seed: 0, threads };
    let keeper = |resume: bool| {
        let identity = Identity::new("data", &"fingerprint", "split", &json!({}), loss, 0);
        let mut keeper = Keeper::new(Folder::new(&files.path("kept")), 1, identity);
        if resume {
            keeper.resume(Which::Latest).expect("a checkpoint");
        }
        keeper
    };
    for end in 1..=settings.epochs.unwrap() {
        let ended = train(&task, &start(end), Some(&mut keeper(end > 1)), &mut |epoch| {
            if epoch.epoch == end { Break(()) } else { Continue(()) }
        });
        assert!(matches!(ended, Err(TrainError::Stopped { epoch }) if epoch == end));
    }
    let resumed =
        train(&task, &start(2), Some(&mut keeper(true)), &mut |_| Continue(())).expect("a training");
    assert_eq!(format!("{resumed:?}"), format!("{whole:?}"));
}

#[test]
fn a_saved_model_says_of_the_images_what_it_said_in_training() {
    let files = Files::new();
    let (task, settings) = (task(&files), settings());
    let trained = trained(&task, &settings, 1);
    let (learner, loss) = (&model(MODEL), &spec("ce"));
    let start = Start { run: 0, learner, loss, settings: &settings, seed: 0, threads: 1 };
    let path = files.path("m.safetensors");
    let description = task.model(&start, &trained.judged);
    save_model(&path, TableTask::KIND, &description, &trained.weights).expect("a file");

    let mut loaded = load_model(&Lab::standard(), &path).expect("a model");
    let bars = files.path("bars");
    let given = Given::new().with("image-folder", bars.to_str().expect("a path of text"));
    let formats = Formats::standard();
    let format = formats.select_new(&given).expect("flags").expect("a format");
    let input = loaded.input("m");
    assert!(matches!(input, ModelInput::Rows(_)));
    let new = format.load_new(&given, &input).expect("images");
    let prediction = loaded.predict(&new, Form::Logits).expect("a prediction");
    let lines: Vec<Vec<f32>> = prediction
        .text
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    assert_eq!(lines.len(), 72);
    let test = &trained.judged.found.test;
    for (&row, logits) in test.rows.iter().zip(test.logits.chunks_exact(3)) {
        assert_eq!(lines[row as usize], logits, "row {row}");
    }
    assert!(loaded.predict(&new, Form::Predictions).expect("a prediction").scores.is_some());
}

struct Nobody;

impl Observer for Nobody {
    fn on(&self, _: Event<'_>) {}
}

#[test]
fn convnet_and_mlp_are_compared_and_tuned() {
    let files = Files::new();
    let task = task(&files);
    let loss = OpenSpec::parse("focal:gamma=?", &Registry::standard()).expect("a loss");
    let arms = ["mlp:hidden=8", MODEL].map(|text| Arm { learner: model(text), loss: loss.clone() }).to_vec();
    let comparison =
        Comparison::<TableTask> { arms, seeds: vec![0], settings: settings(), tuning: Tuning::trials(2) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let found = Mutex::new(Vec::new());
    compare(&task, &comparison, &[(0, 0), (1, 0)], &pool, &Nobody, &|outcome| {
        found.lock().expect("no panic").push((outcome.arm, outcome.trials.len(), outcome.result.is_ok()));
    });
    let mut found = found.into_inner().expect("no panic");
    found.sort_unstable();
    assert_eq!(found, [(0, 2, true), (1, 2, true)]);
}

#[test]
fn a_bar_is_learnt_wherever_it_stands() {
    let files = Files::new();
    let task = task(&files);
    let settings = TableSettings { epochs: Some(25), shift: 2, ..settings() };
    let metrics = trained(&task, &settings, 1).judged.metrics;
    let accuracy = metrics.iter().find(|(name, _)| name == "accuracy").and_then(|(_, value)| *value);
    assert!(accuracy.is_some_and(|accuracy| accuracy >= 0.8), "{metrics:?}");
}

#[test]
fn what_needs_images_is_refused_for_a_table() {
    let problem: SyntheticSpec = "rows=300,ratio=5".parse().expect("a problem");
    let table = TableTask::new(&Lab::standard(), Source::from(problem.generate()), Vec::new(), &[0], None);
    let table = table.expect("a task");
    let plain = TableSettings::default();
    let refused = |task: &TableTask, text: &str, settings: &TableSettings| {
        task.check_learner(&model(text), settings).expect_err("refused").to_string()
    };
    assert_eq!(
        refused(&table, "convnet", &plain),
        "model convnet: reads images; here are rows of 2 numbers of a table: use --model mlp"
    );
    let flips = TableSettings { flips: true, ..plain.clone() };
    assert_eq!(refused(&table, "mlp", &flips), "--flips: mirrors images; here are rows of a table");
    let shift = TableSettings { shift: 2, ..plain.clone() };
    assert_eq!(refused(&table, "mlp", &shift), "--shift: moves images; here are rows of a table");

    let files = Files::new();
    let far = TableSettings { shift: 8, ..plain.clone() };
    let said = refused(&task(&files), "mlp", &far);
    assert_eq!(said, "--shift 8: expected less than the sides of the images, 8 x 8");
    // What is not asked for is not written, so that files of comparisons without images stay as they are.
    let text = serde_json::to_string(&plain).expect("JSON");
    assert!(!text.contains("flips") && !text.contains("shift"), "{text}");
    assert_eq!(serde_json::from_str::<TableSettings>(&text).expect("settings"), plain);
}

/// `tests/fixtures/convnet/make.py` made the network in PyTorch and recorded what it says of the images.
#[test]
fn a_network_of_pytorch_says_here_what_it_said_there() {
    let fixtures = std::path::Path::new("tests/fixtures/convnet");
    let mut model = load_model(&Lab::standard(), &fixtures.join("convnet.safetensors")).expect("a model");
    let given = Given::new().with("image-folder", "tests/fixtures/convnet/images");
    let formats = Formats::standard();
    let format = formats.select_new(&given).expect("flags").expect("a format");
    let new = format.load_new(&given, &model.input("m")).expect("images");
    let prediction = model.predict(&new, Form::Logits).expect("a prediction");
    let recorded = std::fs::read_to_string(fixtures.join("logits.csv")).expect("a file");
    let found = prediction.text.lines().skip(1).flat_map(|line| line.split(',').skip(1));
    let pairs: Vec<[f64; 2]> = found
        .zip(recorded.lines().flat_map(|line| line.split(',')))
        .map(|pair| [pair.0, pair.1].map(|cell| cell.parse().expect("a number")))
        .collect();
    let largest = pairs.iter().map(|[_, z]| z.abs()).fold(0.0, f64::max);
    assert_eq!(pairs.len(), 9);
    for [found, expected] in pairs {
        assert!((found - expected).abs() <= 1e-5 * largest, "{found}, PyTorch says {expected}");
    }
}
