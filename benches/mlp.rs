//! Training steps of small MLPs, on one thread and two: the shapes of the peers' benches.
//!
//! `cargo bench --bench mlp`

use divan::Bencher;
use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Mlp};
use losslab_tensor::{Workers, rng::Rng};
use std::sync::Arc;

fn main() {
    divan::main();
}

#[divan::bench(args = ["momentum", "adam"], consts = [1, 2])]
fn mlp_32_64_64_1_b256<const THREADS: usize>(bencher: Bencher, optimizer: &str) {
    step(bencher, &[32, 64, 64, 1], 256, optimizer, THREADS);
}

#[divan::bench(args = ["momentum", "adam"], consts = [1, 2])]
fn mlp_784_256_128_10_b128<const THREADS: usize>(bencher: Bencher, optimizer: &str) {
    step(bencher, &[784, 256, 128, 10], 128, optimizer, THREADS);
}

/// Forward, loss, backward and update, on a tape that has warmed up.
fn step(bencher: Bencher, sizes: &[usize], batch: usize, optimizer: &str, threads: usize) {
    let mut rng = Rng::seed(1);
    let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
    let head = if outputs == 1 { Head::Sigmoid } else { Head::Softmax };
    let counts = vec![1; outputs.max(2)];
    let spec = Spec::parse("ce", &Registry::standard()).expect("a loss of the registry");
    let mean = Reduction::Mean(Normalizer::Elements);
    let loss = Arc::new(Criterion::new(&spec, head, &counts, mean).expect("fits the head"));

    let mut tape = Tape::<f32>::new();
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let model = Mlp::new(&mut tape, sizes, Activation::Relu, &mut rng);
    let mut optimizer: Box<dyn Optimizer<f32>> = match optimizer {
        "adam" => Box::new(Adam::new(0.0)),
        _ => Box::new(Sgd::new(0.9, 0.0)),
    };
    let x: Vec<f32> = (0..batch * inputs).map(|_| rng.normal() as f32).collect();
    let y: Vec<f32> = (0..batch).map(|_| f32::from(rng.uniform() < 0.1)).collect();
    let classes: Vec<u32> = (0..batch).map(|_| rng.below(outputs as u64) as u32).collect();

    bencher.bench_local(move || {
        tape.rewind();
        let logits = model.forward(tape.constant([batch, inputs], &x));
        let targets = match head {
            Head::Sigmoid => TapeTargets::Sigmoid(tape.constant([batch, 1], &y)),
            Head::Softmax => TapeTargets::Softmax(tape.indices(&classes)),
        };
        criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None }).backward();
        optimizer.step(&mut tape, 1e-4);
    });
}
