//! Operations on images against values recorded from PyTorch (`fixtures/make_torch_conv.py`, which converts
//! the layouts).

use crate::common::assert_close;
use losslab_autograd::{Conv2d, Pool, RunningStatistics, Tape, Var};
use losslab_tensor::Shape;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/torch_conv.json")).expect("torch_conv.json")
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn sizes(list: &Value) -> Vec<usize> {
    numbers(list).iter().map(|&d| d as usize).collect()
}

/// `[vertical, horizontal]`.
fn pair(list: &Value) -> [usize; 2] {
    sizes(list).try_into().expect("two numbers")
}

fn pool(a: &Value) -> Pool {
    Pool { kernel: pair(&a["kernel"]), stride: pair(&a["stride"]), padding: pair(&a["padding"]) }
}

/// The operation that the fixture names.
fn call<'t>(op: &str, a: &Value, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    match op {
        "conv2d" => {
            let groups = a["groups"].as_u64().expect("groups") as usize;
            let [stride, padding, dilation] = ["stride", "padding", "dilation"].map(|key| pair(&a[key]));
            x[0].conv2d(x[1], x[2], Conv2d { stride, padding, dilation, groups })
        }
        "max_pool" => x[0].max_pool(pool(a)),
        "avg_pool" => x[0].avg_pool(pool(a)),
        "upsample" => x[0].upsample(a["factor"].as_u64().expect("a factor") as usize),
        "group_norm" => x[0].group_norm(x[1], x[2], a["groups"].as_u64().expect("groups") as usize, 1e-5),
        "batch_norm" => x[0].batch_norm(x[1], x[2], 1e-5),
        _ => panic!("the fixture names an unknown operation {op}"),
    }
}

#[test]
fn values_and_gradients() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().expect("cases");
    assert!(cases.len() >= 20);
    for case in cases {
        let op = case["op"].as_str().expect("a name");
        let what = format!("{op} {}", case["arguments"]);
        let tape = Tape::<f64>::new();
        let inputs = case["inputs"].as_array().expect("inputs").iter();
        let x: Vec<Var<'_, f64>> =
            inputs.map(|x| tape.variable(Shape::new(&sizes(&x["shape"])), &numbers(&x["data"]))).collect();
        let y = call(op, &case["arguments"], &x);
        assert_eq!(y.shape(), Shape::new(&sizes(&case["shape"])), "{what}");
        // The fixture has 15 digits.
        assert_close(&y.value(), &numbers(&case["value"]), 1e-13, 1e-14, &what);
        y.backward_from(&numbers(&case["upstream"]));
        for (i, (x, grad)) in x.iter().zip(case["grads"].as_array().expect("grads")).enumerate() {
            let found = x.grad().expect("a gradient").into_data();
            assert_close(&found, &numbers(grad), 1e-13, 1e-14, &format!("{what}, gradient {i}"));
        }
    }
}

#[test]
fn running_statistics() {
    let running = &fixture()["running"];
    let shape = Shape::new(&sizes(&running["shape"]));
    let tape = Tape::<f64>::new();
    let [gamma, beta] = [1.0, 0.0].map(|value| tape.constant([3], &[value; 3]));
    let mut statistics = RunningStatistics::new(3);
    for batch in running["batches"].as_array().expect("batches") {
        statistics.update(tape.constant(shape, &numbers(batch)).batch_norm(gamma, beta, 1e-3), 0.2);
    }
    assert_close(&statistics.mean, &numbers(&running["mean"]), 1e-13, 0.0, "mean");
    assert_close(&statistics.variance, &numbers(&running["variance"]), 1e-13, 0.0, "variance");
    let last = tape.constant(shape, &numbers(&running["batches"][1]));
    let y = statistics.normalise(last, gamma, beta, 1e-3);
    assert_close(&y.value(), &numbers(&running["value"]), 1e-13, 1e-14, "evaluation");
}
