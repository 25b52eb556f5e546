//! A residual network beside the same net written in PyTorch 2 (float64, `docs/interop_convnet.py`): its wiring and
//! shortcuts, its gradients, and batch norm in training and in evaluation.

use losslab_autograd::{Param, Tape};
use losslab_models::{BatchNorms, ConvNet, Network, Params, Phase, Shape};
use losslab_tensor::rng::Rng;

const TRAIN: [f64; 6] =
    [-0.0914590609855, -0.159533926822, -0.152577494087, 0.0680785246969, -0.525955645715, -0.872624657663];
const EVAL: [f64; 6] =
    [0.0553577632756, -0.296067270515, -0.508247240804, -0.0436813917309, -0.368179542354, -0.519517101244];
/// Place and value of elements of the gradient of the sum of logit k times sin(k + 1).
const FIRST_WEIGHT: [(usize, f64); 5] =
    [(0, -0.877763631747), (1, -7.45050694033), (17, 5.0378000983), (30, 2.26612886463), (53, -4.732582873)];
const GAMMA: [(usize, f64); 3] = [(0, 0.2919419813), (5, 1.41426270202), (11, -0.411116534198)];

#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64) {
    let error = (found - expected).abs();
    assert!(error <= 1e-10 * expected.abs().max(0.1), "{what}: {found}, PyTorch says {expected}");
}

#[test]
fn logits_gradients_and_statistics() {
    let params = Params::parse(&ConvNet::INFO, "convnet:width=3,depth=8").expect("parameters");
    let shape = Shape { columns: 70, image: Some([7, 5, 2]), outputs: 3 };
    let mut tape = Tape::<f64>::new();
    let net = ConvNet::new(&mut tape, &params, &shape, &mut Rng::seed(1)).expect("a network");
    let params: Vec<Param> = tape.param_ids().collect();
    for (i, &param) in params.iter().enumerate() {
        let base = if tape.name(param).ends_with("gamma") { 1.0 } else { 0.0 };
        for (j, x) in tape.value_mut(param).iter_mut().enumerate() {
            *x = base + 0.4 * (0.7 * j as f64 + i as f64).sin();
        }
    }
    let data: Vec<f64> = (0..140).map(|i| (0.3 * (i * i) as f64).cos()).collect();
    let mut norms = BatchNorms::new(&net.norms());
    let gradient = |name: &str| {
        let param = params.iter().copied().find(|&param| tape.name(param) == name).expect("a parameter");
        tape.var(param)
    };

    let logits = net.forward(tape.constant([2, 70], &data), &mut Phase::Train(&mut norms));
    logits.value().iter().zip(TRAIN).for_each(|(&z, expected)| assert_near("training", z, expected));
    let upstream: Vec<f64> = (1..7).map(|k| f64::from(k).sin()).collect();
    logits.backward_from(&upstream);
    for (name, elements) in [("first.weight", &FIRST_WEIGHT[..]), ("stage2.block0.conv0.gamma", &GAMMA)] {
        let found = gradient(name).grad().expect("a gradient");
        elements.iter().for_each(|&(k, expected)| assert_near(name, found.data()[k], expected));
    }
    for (what, expected) in [("running_mean", -0.051909713232), ("running_variance", 0.941657276451)] {
        let name = format!("stage1.block0.conv1.{what}");
        let (_, found) = norms.named().find(|(found, _)| *found == name).expect("statistics");
        assert_near(&name, found[4], expected);
    }
    let logits = net.forward(tape.constant([2, 70], &data), &mut Phase::Eval(&norms));
    logits.value().iter().zip(EVAL).for_each(|(&z, expected)| assert_near("evaluation", z, expected));
}
