//! A loss of your own, in your own crate: define it, register it, check its gradient, train it, compare it.
//!
//! `cargo run --release --example add_a_loss`
//!
//! The loss here is focal loss with a floor. Focal loss fades easy examples out, and with them what they say
//! about probabilities: its outputs are biased. The floor keeps a share of cross-entropy alive on every
//! example.

use losslab::data::SyntheticSpec;
use losslab::metrics::{average_precision, log_loss_from_logits};
use losslab_autograd::optim::{Adam, Optimizer};
use losslab_autograd::{GradCheck, Tape};
use losslab_losses::{
    Criterion, Domain, Head, Info, Loss, Normalizer, ParamInfo, Pt, Range, Reduction, Registry, Side, Spec,
    TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Mlp, prior_bias};
use losslab_tensor::{Real, Tensor, rng::Rng};
use std::{error::Error, sync::Arc};

// The loss. It is written in p_t, the probability of the true class: `t` holds p = p_t, q = 1 - p_t and their
// logarithms. `Real` is a number or a dual number, so this equation is also its own exact derivative.
struct FlooredFocal;
impl Loss<1> for FlooredFocal {
    const INFO: Info<1> = Info {
        name: "floored-focal",
        title: "Focal loss with a floor",
        equation: "L = -(floor + (1 - floor) (1 - p_t)^2) log(p_t)",
        source: "this example",
        params: [ParamInfo {
            name: "floor",
            default: 0.1,
            range: Range::closed(0., 1.),
            tuned: Some(Domain::Log(0.03, 0.3)),
            meaning: "CE part",
        }],
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([floor]: [R; 1], t: Pt<R>, _: Side) -> R {
        -(floor + (R::lift(1.0) - floor) * t.q * t.q) * t.log_p
    }
}

/// A spec, bound to a sigmoid head and a mean over all elements.
fn bind(spec: &str, counts: [u64; 2]) -> Result<Arc<Criterion>, Box<dyn Error>> {
    // The registry is a value: yours has one loss more, and specs, heads and weights know it.
    let registry = Registry::standard().with(FlooredFocal);
    let mean = Reduction::Mean(Normalizer::Elements);
    Ok(Arc::new(Criterion::new(&Spec::parse(spec, &registry)?, Head::Sigmoid, &counts, mean)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    // Its gradient against finite differences, alpha included: the sign says which side a logit is on.
    let loss = bind("floored-focal:floor=0.25,alpha=0.3", [3, 2])?;
    let logits = Tensor::new([5], vec![-3.0, -0.5, 0.2, 1.5, 4.0]);
    let check = GradCheck::default().run(
        |tape, inputs| {
            let targets = TapeTargets::Sigmoid(tape.constant([5], &[0.0, 1.0, 0.0, 1.0, 0.0]));
            criterion(&loss, TapeBatch { logits: inputs[0], targets, weights: None, valid: None })
        },
        &[logits],
        1,
    );
    println!("gradient checked: the largest relative error is {:.1e}\n", check?);

    println!("trained on 40 positives among 4040 points, judged on 4040 others, mean of 3 seeds:\n");
    println!("{:<26} {:>17} {:>10}", "loss", "average precision", "log loss");
    for spec in ["ce", "focal:gamma=2", "floored-focal:floor=0.1", "floored-focal:floor=0.5"] {
        let mut mean = [0.0; 2];
        for seed in 0..3 {
            let scores = train_and_test(&bind(spec, [4000, 40])?, seed)?;
            mean.iter_mut().zip(scores).for_each(|(mean, score)| *mean += score / 3.0);
        }
        println!("{spec:<26} {:>17.3} {:>10.4}", mean[0], mean[1]);
    }
    Ok(())
}

/// Trains an MLP on one draw of the synthetic problem; average precision and log loss on another.
fn train_and_test(loss: &Arc<Criterion>, seed: u64) -> Result<[f64; 2], Box<dyn Error>> {
    let problem = SyntheticSpec { rows: 4040, ratio: 100.0, seed, ..SyntheticSpec::default() };
    let (train, test) = (problem.generate(), SyntheticSpec { seed: seed + 100, ..problem }.generate());
    let points = train.numbers().ok_or("the synthetic problem is a table of numbers")?;
    let targets: Vec<f32> = train.labels.iter().map(|&label| label as f32).collect();

    let mut tape = Tape::<f32>::new();
    let model = Mlp::new(&mut tape, &[2, 32, 32, 1], Activation::Relu, &mut Rng::seed(seed));
    model.set_last_bias(&mut tape, prior_bias(0.01));
    let mut optimizer = Adam::new(0.0);
    for _ in 0..300 {
        tape.rewind();
        let logits = model.forward(tape.constant([train.rows(), 2], &points));
        let targets = TapeTargets::Sigmoid(tape.constant([train.rows(), 1], &targets));
        criterion(loss, TapeBatch { logits, targets, weights: None, valid: None }).backward();
        optimizer.step(&mut tape, 0.01);
    }
    let points = test.numbers().ok_or("the synthetic problem is a table of numbers")?;
    tape.rewind();
    let logits = model.forward(tape.constant([test.rows(), 2], &points));
    let logits: Vec<f64> = logits.value().iter().map(|&z| f64::from(z)).collect();
    let labels: Vec<bool> = test.labels.iter().map(|&label| label == 1).collect();
    let (ap, log_loss) = (average_precision(&logits, &labels)?, log_loss_from_logits(&logits, &labels)?);
    Ok([ap.unwrap_or(f64::NAN), log_loss.unwrap_or(f64::NAN)])
}
