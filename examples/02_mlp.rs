//! Training by hand: an MLP on the synthetic problem, once with cross-entropy and once with focal loss.
//!
//! `cargo run --release --example 02_mlp`

use losslab::data::SyntheticSpec;
use losslab::metrics::average_precision;
use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Mlp, prior_bias};
use losslab_tensor::{Tensor, rng::Rng};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = "rows=4040,ratio=100,overlap=0.7".parse::<SyntheticSpec>()?.generate();
    let targets: Vec<f32> = data.labels.iter().map(|&label| label as f32).collect();
    let labels: Vec<bool> = data.labels.iter().map(|&label| label == 1).collect();
    let points = data.numbers().ok_or("the synthetic problem is a table of numbers")?;
    let n = data.rows();
    // Every step takes all rows: the tapes share them, instead of copying them each time.
    let points = Arc::new(Tensor::new([n, 2], points));
    let targets = Arc::new(Tensor::new([n, 1], targets));
    println!("{n} points, one positive in a hundred; average precision while training:");

    for spec in ["ce", "focal:gamma=2,alpha=0.25"] {
        // The loss: a spec, bound to a head, the class counts and what becomes of the single losses.
        let spec = Spec::parse(spec, &Registry::standard())?;
        let mean = Reduction::Mean(Normalizer::Elements);
        let loss = Arc::new(Criterion::new(&spec, Head::Sigmoid, &[40 * 100, 40], mean)?);

        // The model: its parameters live on the tape, the model only knows where.
        let mut tape = Tape::<f32>::new();
        let model = Mlp::new(&mut tape, &[2, 32, 32, 1], Activation::Relu, &mut Rng::seed(1));
        model.set_last_bias(&mut tape, prior_bias(0.01));
        let mut optimizer = Adam::new(0.0);

        print!("{:<26}", spec.to_string());
        for step in 0..=400 {
            tape.rewind();
            let logits = model.forward(tape.constant_shared(&points));
            let y = TapeTargets::Sigmoid(tape.constant_shared(&targets));
            let value = criterion(&loss, TapeBatch { logits, targets: y, weights: None, valid: None });
            if step % 100 == 0 {
                let scores: Vec<f64> = logits.value().iter().map(|&z| f64::from(z)).collect();
                print!("  {:.3}", average_precision(&scores, &labels)?.unwrap_or(f64::NAN));
            }
            value.backward();
            optimizer.step(&mut tape, 0.01);
        }
        println!();
    }
    Ok(())
}
