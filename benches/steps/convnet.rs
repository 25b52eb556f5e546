//! A training step of the residual network, the same as the peers' in `peers/torch_bench.py`: 128 images of
//! 28x28x1, 10 classes, width 16, depth 8, softmax cross-entropy, Adam. 7.0 GFLOP a step, counting
//! multiplications and additions of the convolutions forward and backward.

use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{BatchNorms, ConvNet, Network, Params, Phase, Shape};
use losslab_tensor::{Tensor, Workers, rng::Rng};
use std::sync::Arc;

const BATCH: usize = 128;
const IMAGE: [usize; 3] = [28, 28, 1];
const CLASSES: usize = 10;

/// The step on so many threads, on a tape of its own.
pub fn convnet(threads: usize) -> impl FnMut() -> f32 {
    let mut rng = Rng::seed(1);
    let shape = Shape { columns: IMAGE.iter().product(), image: Some(IMAGE), outputs: CLASSES };
    let params = Params::parse(&ConvNet::INFO, "convnet:width=16,depth=8").expect("parameters");
    let mut tape = Tape::<f32>::new();
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let net = ConvNet::new(&mut tape, &params, &shape, &mut rng).expect("a network");
    let mut norms = BatchNorms::new(&net.norms());
    let images = Arc::new(Tensor::from_fn([BATCH, shape.columns], |_| rng.normal() as f32));
    let labels: Vec<u32> = (0..BATCH).map(|_| rng.below(CLASSES as u64) as u32).collect();
    let spec = Spec::parse("ce", &Registry::standard()).expect("of the registry");
    let mean = Reduction::Mean(Normalizer::Elements);
    let loss = Arc::new(Criterion::new(&spec, Head::Softmax, &[1; CLASSES], mean).expect("fits the head"));
    let mut optimizer = Adam::new(0.0);
    move || {
        tape.rewind();
        let value = {
            let logits = net.forward(tape.constant_shared(&images), &mut Phase::Train(&mut norms));
            let targets = TapeTargets::Softmax(tape.indices(&labels));
            let loss = criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None });
            loss.backward();
            loss.item()
        };
        optimizer.step(&mut tape, 1e-5);
        value
    }
}
