//! Training steps of small MLPs: the shapes of `peers/torch_bench.py` and `peers/jax_bench.py`.

use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Mlp};
use losslab_tensor::{Tensor, Workers, rng::Rng};
use std::sync::Arc;

/// Forward, loss, backward and update, on a tape that has warmed up.
pub fn mlp(sizes: &[usize], batch: usize, optimizer: &str, threads: usize) -> impl FnMut() + use<> {
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
    let x = Arc::new(Tensor::from_fn([batch, inputs], |_| rng.normal() as f32));
    let y = Arc::new(Tensor::from_fn([batch, 1], |_| f32::from(rng.uniform() < 0.1)));
    let classes: Vec<u32> = (0..batch).map(|_| rng.below(outputs as u64) as u32).collect();

    move || {
        tape.rewind();
        let logits = model.forward(tape.constant_shared(&x));
        let targets = match head {
            Head::Sigmoid => TapeTargets::Sigmoid(tape.constant_shared(&y)),
            Head::Softmax => TapeTargets::Softmax(tape.indices(&classes)),
        };
        criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None }).backward();
        optimizer.step(&mut tape, 1e-4);
    }
}
