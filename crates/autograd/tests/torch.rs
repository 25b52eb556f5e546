//! Against values recorded from PyTorch (`fixtures/make_torch.py`): operations, optimisers, clipping,
//! schedules.

use crate::common::assert_close;
use losslab_autograd::optim::{Adam, Optimizer, Schedule, Sgd, clip_global_norm};
use losslab_autograd::{Tape, Var};
use losslab_tensor::{Shape, Tensor};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/torch.json")).expect("torch.json")
}

/// A list of numbers; those that JSON lacks are strings.
fn numbers(list: &Value) -> Vec<f64> {
    let number = |v: &Value| match v.as_str() {
        Some(text) => text.parse().expect("inf, -inf or nan"),
        None => v.as_f64().expect("a number"),
    };
    list.as_array().expect("a list").iter().map(number).collect()
}

fn shape(list: &Value) -> Shape {
    let dims: Vec<usize> = numbers(list).iter().map(|&d| d as usize).collect();
    Shape::new(&dims)
}

/// The operation that the fixture names.
fn call<'t>(name: &str, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let (name, arguments) = name.split_once(' ').unwrap_or((name, ""));
    match name {
        "leaky_relu" => x[0].leaky_relu(0.2),
        "gelu" => x[0].gelu(),
        "silu" => x[0].silu(),
        "sqrt" => x[0].sqrt(),
        "abs" => x[0].abs(),
        "clamp" => x[0].clamp(-1.1, 1.4),
        "pow" => x[0].pow(arguments.parse().expect("an exponent")),
        "maximum" => x[0].maximum(x[1]),
        "minimum" => x[0].minimum(x[1]),
        "select" => x[0].select(x[1], x[2]),
        "max" => {
            x[0].max(&arguments.split(' ').map(|axis| axis.parse().expect("an axis")).collect::<Vec<_>>())
        }
        "softmax" => x[0].softmax(),
        "logsumexp" => x[0].logsumexp(),
        "log_softmax" => x[0].log_softmax(),
        "transpose" => x[0].transpose(&[2, 0, 1]),
        "slice" => x[0].slice(1, 1..3),
        "concat" => x[0].concat(&x[1..], 1),
        "gather" => x[0].gather(x[0].tape().indices(&[1, 0, 1, 1])),
        _ => panic!("the fixture names an unknown operation {name}"),
    }
}

#[test]
fn operations() {
    let fixture = fixture();
    let cases = fixture["ops"].as_array().expect("ops");
    assert!(cases.len() > 30);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let tape = Tape::<f64>::new();
        let inputs = case["inputs"].as_array().expect("inputs").iter();
        let x: Vec<Var<'_, f64>> =
            inputs.map(|x| tape.variable(shape(&x["shape"]), &numbers(&x["data"]))).collect();
        let y = call(name, &x);
        assert_eq!(y.shape(), shape(&case["shape"]), "{name}");
        // PyTorch's gelu loses digits in its left tail, but not more than 1e-15.
        assert_close(&y.value(), &numbers(&case["value"]), 1e-13, 1e-15, name);
        y.backward_from(&numbers(&case["upstream"]));
        for (i, (x, grad)) in x.iter().zip(case["grads"].as_array().expect("grads")).enumerate() {
            let found = x.grad().expect("a gradient").into_data();
            assert_close(&found, &numbers(grad), 1e-13, 1e-15, &format!("{name}, gradient {i}"));
        }
    }
}

/// The regression of the fixture, for ten steps; returns the parameters after each.
fn train(mut optimizer: Box<dyn Optimizer<f64>>) -> Vec<[Vec<f64>; 2]> {
    let inputs = [1.0, -0.5, 0.3, 2.0, -1.2, 0.7, 0.4, 0.1];
    let targets = [0.5, -1.0, 2.0, 1.5, 0.2, -0.3, -0.7, 0.9, 0.1, 0.0, 1.0, -1.0];
    let mut tape = Tape::<f64>::new();
    let w = tape.param("w", Tensor::new([2, 3], vec![0.2, -0.4, 0.6, -0.1, 0.3, 0.5]));
    let b = tape.param("b", Tensor::new([3], vec![0.05, -0.15, 0.25]));
    let mut steps = Vec::new();
    for k in 0..10 {
        tape.rewind();
        {
            let (x, t) = (tape.constant([4, 2], &inputs), tape.constant([4, 3], &targets));
            let (w, b) = (tape.var(w), tape.var(b));
            let y = if k % 3 == 1 { x.matmul(w) } else { x.linear(w, b) };
            let error = y - t;
            let loss = (error * error * tape.constant([], &[0.5])).sum_all() + (-w * w).exp().sum_all();
            loss.backward();
        }
        optimizer.step(&mut tape, 0.05 / (1.0 + 0.1 * f64::from(k)));
        steps.push([w, b].map(|param| tape.value(param).to_vec()));
    }
    steps
}

#[test]
fn optimisers() {
    for case in fixture()["optimizers"].as_array().expect("optimizers") {
        let name = case["name"].as_str().expect("a name");
        let optimizer: Box<dyn Optimizer<f64>> = match name {
            "sgd" => Box::new(Sgd::new(0.0, 0.0)),
            "sgd momentum" => Box::new(Sgd::new(0.9, 0.0)),
            "sgd momentum decay" => Box::new(Sgd::new(0.9, 0.1)),
            "sgd nesterov decay" => Box::new(Sgd::nesterov(0.9, 0.1)),
            "adam" => Box::new(Adam::new(0.0)),
            "adam l2" => Box::new(Adam::new(0.1)),
            "adamw" => Box::new(Adam::decoupled(0.1)),
            _ => panic!("the fixture names an unknown optimiser {name}"),
        };
        let expected = case["steps"].as_array().expect("steps");
        assert_eq!(expected.len(), 10);
        for (k, (found, expected)) in train(optimizer).iter().zip(expected).enumerate() {
            for (found, param) in found.iter().zip(["w", "b"]) {
                let what = format!("{name}, {param} after step {k}");
                assert_close(found, &numbers(&expected[param]), 1e-12, 1e-14, &what);
            }
        }
    }
}

#[test]
fn clipping() {
    let clip = &fixture()["clip"];
    let mut tape = Tape::<f64>::new();
    let a = tape.param("a", Tensor::zeros([3]));
    let b = tape.param("b", Tensor::zeros([2, 1]));
    let (max, norm) = (clip["max"].as_f64().expect("max"), clip["norm"].as_f64().expect("norm"));
    let loss = (tape.var(a) * tape.constant([3], &[3.0, -4.0, 0.5])).sum_all()
        + (tape.var(b) * tape.constant([2, 1], &[1.5, -2.5])).sum_all();
    loss.backward();
    assert_close(&[clip_global_norm(&mut tape, max)], &[norm], 1e-15, 0.0, "norm");
    for (param, expected) in [a, b].into_iter().zip(clip["clipped"].as_array().expect("clipped")) {
        let found = tape.grad_mut(param).expect("a gradient").to_vec();
        assert_close(&found, &numbers(expected), 1e-15, 0.0, "clipped gradient");
    }
}

#[test]
fn schedules() {
    for case in fixture()["schedules"].as_array().expect("schedules") {
        let name = case["name"].as_str().expect("a name");
        let schedule = |name: &str| match name {
            "constant" => Schedule::constant(0.3),
            "step" => Schedule::step(0.3, 3, 0.1),
            "cosine" => Schedule::cosine(0.3, 0.02, 17),
            "one_cycle 25" => Schedule::one_cycle(0.3, 25),
            "one_cycle 7" => Schedule::one_cycle(0.3, 7),
            _ => panic!("the fixture names an unknown schedule {name}"),
        };
        let schedule = match name.strip_prefix("warm_up ") {
            Some(name) => schedule(name).warm_up(8, 0.01),
            None => schedule(name),
        };
        let expected = numbers(&case["rates"]);
        let found: Vec<f64> = (0..expected.len() as u64).map(|step| schedule.rate(step)).collect();
        assert_close(&found, &expected, 1e-12, 1e-15, name);
    }
}
