//! Convolutions of the peers' bench: 3x3, padding 1, channels last.

use losslab_autograd::{Conv2d, Tape};
use losslab_tensor::{Shape, Tensor, Workers, rng::Rng};
use std::sync::Arc;

/// Images `[N, H, W, C]`, features, stride.
pub const CASES: [([usize; 4], usize, usize); 3] =
    [([8, 32, 32, 32], 32, 1), ([8, 16, 16, 64], 64, 1), ([8, 64, 64, 16], 32, 2)];

/// Forward, or forward and backward, on a tape that has warmed up; the gradients are those of images, weights
/// and bias.
pub fn conv(case: usize, threads: usize, backward: bool) -> impl FnMut() {
    let (shape, features, stride) = CASES[case];
    let mut rng = Rng::seed(1);
    let mut tape = Tape::<f32>::new();
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let shapes = [&shape[..], &[3, 3, shape[3], features], &[features]];
    let params = shapes.map(|shape| {
        let normal = Tensor::from_fn(Shape::new(shape), |_| rng.normal() as f32);
        tape.param("input", normal)
    });
    let conv = Conv2d { stride: [stride; 2], padding: [1; 2], ..Conv2d::default() };
    let mut upstream = Vec::new();
    move || {
        tape.rewind();
        let [x, weight, bias] = params.map(|param| tape.var(param));
        let y = x.conv2d(weight, bias, conv);
        if backward {
            upstream.resize(y.shape().elements(), 0.7);
            y.backward_from(&upstream);
        }
    }
}
