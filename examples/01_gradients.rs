//! The tape in thirty lines: record a computation, walk back over it, compare with finite differences.
//!
//! `cargo run --release --example 01_gradients`

use losslab_autograd::{GradCheck, Tape, Var};
use losslab_tensor::Tensor;

/// f(w, x) = sum of softplus(x w): what a network of one layer computes.
fn f<'t>(w: Var<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
    x.matmul(w).softplus().sum(&[0, 1])
}

fn main() {
    let tape = Tape::<f64>::new();
    let w = tape.variable([2, 1], &[0.5, -1.0]);
    let x = tape.constant([3, 2], &[1.0, 2.0, -1.0, 0.5, 3.0, 1.0]);
    let y = f(w, x);
    y.backward();
    let gradient = w.grad().expect("w led to y");
    println!("f = {:.6}, df/dw = {:.6?}", y.item(), gradient.data());

    // The same slopes from f alone: move each weight a little and watch f.
    let h = 1e-6;
    for i in 0..2 {
        let moved = |by: f64| {
            let mut numbers = [0.5, -1.0];
            numbers[i] += by;
            f(tape.constant([2, 1], &numbers), x).item()
        };
        println!("df/dw[{i}]: finite differences say {:.6}", (moved(h) - moved(-h)) / (2.0 * h));
    }

    // The checker does this for every element of every input, with an extrapolation that is good to 1e-9.
    let inputs = [Tensor::new([2, 1], vec![0.5, -1.0]), Tensor::new([3, 2], x.value().to_vec())];
    match GradCheck::default().run(|_, v| f(v[0], v[1]), &inputs, 1) {
        Ok(error) => println!("checked: the largest relative error is {error:.1e}"),
        Err(mismatch) => println!("the backward pass is wrong: {mismatch}"),
    }
}
