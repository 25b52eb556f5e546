//! The bits of training: recorded loss curves, and models trained at random for `cargo xtask soak --part
//! bits`.
//!
//! The curves in `tests/fixtures/bits/curves.json` are this code's own, recorded on AVX-512: they tell that
//! an edit, a compiler or a processor changed bits, not that the bits are right. `LOSSLAB_RECORD=1` records
//! them anew.

use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use losslab_autograd::{Tape, Var};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Detector, DetectorConfig, Mlp, Norm};
use losslab_tensor::kernel::dispatch;
use losslab_tensor::rng::Rng;
use losslab_tensor::{Isa, Kernel, Lane, Workers};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const STEPS: usize = 10;

fn bind(spec: &str) -> Arc<Criterion> {
    let spec = Spec::parse(spec, &Registry::standard()).unwrap();
    let reduction = Reduction::Mean(Normalizer::Elements);
    Arc::new(Criterion::new(&spec, Head::Sigmoid, &[900, 100], reduction).unwrap())
}

/// The losses of the first steps: `loss` pushes the model and its loss.
fn curve(
    mut tape: Tape<f32>,
    threads: usize,
    mut optimizer: impl Optimizer<f32>,
    loss: impl for<'t> Fn(&'t Tape<f32>) -> Var<'t, f32>,
) -> Vec<f32> {
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let step = |_| {
        tape.rewind();
        let value = {
            let loss = loss(&tape);
            loss.backward();
            loss.item()
        };
        optimizer.step(&mut tape, 0.01);
        value
    };
    (0..STEPS).map(step).collect()
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::seed(seed);
    (0..n).map(|_| rng.normal() as f32).collect()
}

fn targets(n: usize) -> Vec<f32> {
    (0..n).map(|i| f32::from(u8::from(i * 37 % 11 == 0))).collect()
}

fn mlp(threads: usize) -> Vec<f32> {
    let (rows, columns) = (200, 23);
    let mut tape = Tape::new();
    let model = Mlp::new(&mut tape, &[columns, 33, 17, 1], Activation::Relu, &mut Rng::seed(7));
    let (x, y, loss) = (numbers(rows * columns, 1), targets(rows), bind("focal:gamma=1.7,alpha=0.25"));
    curve(tape, threads, Adam::decoupled(0.01), |tape| {
        let logits = model.forward(tape.constant([rows, columns], &x));
        let targets = TapeTargets::Sigmoid(tape.constant([rows, 1], &y));
        criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None })
    })
}

fn detector(threads: usize) -> Vec<f32> {
    let shape = [3, 27, 21, 2];
    let mut tape = Tape::new();
    let config = DetectorConfig { norm: Norm::Group(2), ..DetectorConfig::small(2, 2, 4, 2) };
    let model = Detector::new(&mut tape, &config, &mut Rng::seed(7));
    let (x, loss) = (numbers(shape.iter().product(), 2), bind("focal:gamma=2"));
    curve(tape, threads, Sgd::new(0.9, 1e-4), |tape| {
        let output = model.forward_train(tape.constant(shape, &x), &mut model.buffers());
        let (logits, n) = (output.class_logits, output.class_logits.shape().elements());
        let targets = TapeTargets::Sigmoid(tape.constant(logits.shape(), &targets(n)));
        let classes = criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None });
        classes + (output.boxes - tape.constant([1], &[0.3])).smooth_l1(0.11).mean_all()
    })
}

/// A multiplication and an addition in one rounding, or in two.
struct OneRounding;

impl Kernel<f32> for OneRounding {
    type Output = bool;
    #[inline(always)]
    fn run<R: Lane<f32>>(self) -> bool {
        // (1 + e)(1 - e) - 1 is -e^2, and 0 if the product is rounded first.
        let e = 2f32.powi(-13);
        R::load(1.0 + e).mul_add(R::load(1.0 - e), R::load(-1.0)).store() != 0.0
    }
}

/// One test: the instruction set is one for the whole process.
#[test]
fn recorded_curves_and_the_kernel_that_ran() {
    let best = Isa::current();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bits/curves.json");
    if std::env::var_os("LOSSLAB_RECORD").is_some() {
        let hex = |curve: Vec<f32>| curve.iter().map(|x| format!("{:08x}", x.to_bits())).collect::<Vec<_>>();
        let recorded = BTreeMap::from([("mlp", hex(mlp(1))), ("detector", hex(detector(1)))]);
        std::fs::write(&file, serde_json::to_string_pretty(&recorded).unwrap() + "\n").unwrap();
    }
    let recorded: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        assert_eq!(Isa::current(), isa);
        let fused = isa != Isa::Baseline;
        assert_eq!(dispatch(OneRounding), fused, "the copy for {} ran, or did not", isa.name());
        for (name, train) in [("mlp", mlp as fn(usize) -> Vec<f32>), ("detector", detector)] {
            for threads in if fused { &[1, 2, 4, 8][..] } else { &[1] } {
                let found = train(*threads);
                assert_eq!((found.len(), recorded[name].len()), (STEPS, STEPS));
                assert!(found[STEPS - 1] < found[0], "{name} does not learn: {found:?}");
                for (step, (found, hex)) in found.iter().zip(&recorded[name]).enumerate() {
                    let expected = f32::from_bits(u32::from_str_radix(hex, 16).unwrap());
                    let what = format!("{name}, {}, {threads} threads, step {step}", isa.name());
                    if fused {
                        assert_eq!(
                            found.to_bits(),
                            expected.to_bits(),
                            "{what}: {found}, recorded {expected}"
                        );
                    } else {
                        // Products and sums are rounded apart; steps multiply what that changes.
                        let error = (found - expected).abs();
                        assert!(error <= 1e-4 * expected.abs(), "{what}: {found}, recorded {expected}");
                    }
                }
            }
        }
    }
    best.force();
}

/// A random training of the command line, from a seed: its arguments without `--threads` and `--save`.
fn random_arguments(seed: u64) -> Vec<String> {
    let mut rng = Rng::stream(seed, 5);
    let mut one_of = |choices: &[&str]| choices[rng.below(choices.len() as u64) as usize].to_owned();
    let loss = one_of(&[
        "ce",
        "focal:gamma=2",
        "focal:gamma=0.7,alpha=0.3",
        "alpha-ce:alpha=0.9",
        "poly1-focal",
        "asl",
        "ce+ohem:ratio=3",
        "focal+ghm-c",
        "gce",
    ]);
    let optimizer = one_of(&["sgd", "adam", "adamw"]);
    let mut arguments: Vec<String> = ["train", "--quiet", "--loss", &loss, "--optimizer", &optimizer]
        .into_iter()
        .map(String::from)
        .collect();
    let more: Vec<String> = if one_of(&["rows", "scenes"]) == "rows" {
        let (rows, hidden) = (one_of(&["500", "1010", "2000"]), one_of(&["8", "33,7", "64,64", "5,5,5"]));
        let batch = one_of(&["32", "100", "128"]);
        let rows = format!("rows={rows},seed={seed}");
        ["--synthetic", &rows, "--hidden", &hidden, "--batch", &batch, "--epochs", "4", "--lr", "0.003"]
            .into_iter()
            .map(String::from)
            .collect()
    } else {
        let (size, norm) = (one_of(&["32", "40", "56"]), one_of(&["batch", "group"]));
        // Groups are 8 and divide the width.
        let width = one_of(if norm == "group" { &["8", "16", "24"] } else { &["4", "8", "12"] });
        let (levels, batch) = (one_of(&["1", "2"]), one_of(&["3", "4", "7"]));
        let scenes = format!("images=9,size={size},ratio=60,classes=2,seed={seed}");
        ["--scenes", &scenes, "--width", &width, "--norm", &norm, "--levels", &levels, "--batch", &batch]
            .into_iter()
            .chain(["--epochs", "2", "--lr", "0.001"])
            .map(String::from)
            .collect()
    };
    arguments.extend(more);
    arguments.extend(["--seed".to_owned(), (seed % 7).to_string()]);
    arguments
}

/// Trains the models of the seeds `LOSSLAB_BITS_FIRST` and following, with the best instruction set and with
/// `LOSSLAB_BITS_ISA` if that is given, and saves them in `LOSSLAB_BITS_OUT` as `SEED-THREADS.safetensors`.
#[test]
#[ignore = "a part of `cargo xtask soak --part bits`"]
fn models_of_random_trainings() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    let number = |name: &str| variable(name).parse::<u64>().unwrap_or_else(|e| panic!("{name}: {e}"));
    let (out, isa) = (PathBuf::from(variable("LOSSLAB_BITS_OUT")), variable("LOSSLAB_BITS_ISA"));
    if isa != "best" {
        let found = Isa::ALL.into_iter().find(|known| known.name() == isa);
        found.unwrap_or_else(|| panic!("LOSSLAB_BITS_ISA: no instruction set {isa}")).force();
    }
    std::fs::create_dir_all(&out).unwrap();
    let first = number("LOSSLAB_BITS_FIRST");
    for seed in first..first + number("LOSSLAB_BITS_COUNT") {
        for threads in [1, 2, 4, 8] {
            let save = out.join(format!("{seed}-{threads}.safetensors"));
            let mut arguments = vec!["losslab".to_owned()];
            arguments.extend(random_arguments(seed));
            arguments.extend(["--threads".to_owned(), threads.to_string(), "--save".to_owned()]);
            arguments.push(save.display().to_string());
            let code = losslab::run_with(losslab::Lab::standard(), arguments.iter().map(Into::into));
            assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS), "{}", arguments.join(" "));
        }
    }
    println!("trained on {}", Isa::current().name());
}
