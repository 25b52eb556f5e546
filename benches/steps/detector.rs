//! A training step of a small one-stage detector, the same as the peers' in `peers/torch_bench.py`: 64x64x3,
//! batch 16, 3x3 convolutions 3 -> 16 -> 32 -> 64 (stride 2 each) -> 64, a head of two 64 -> 64, then 27
//! class and 36 box channels; focal loss (2, .25) summed over the positives, masked smooth L1, SGD with
//! momentum. 1157 MFLOP a step.

use losslab_autograd::optim::{Optimizer, Sgd};
use losslab_autograd::{Args, At, Conv2d, Op, Param, Tape, Var};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_tensor::rng::Rng;
use losslab_tensor::{Float, Kernel, Lane, Shape, Tensor, Workers};
use std::sync::Arc;

const BATCH: usize = 16;
const IMAGE: [usize; 4] = [BATCH, 64, 64, 3];
const ANCHORS: usize = 9;
const CLASSES: usize = 3;
/// Positions of the output, 8 x 8 per image, times anchors.
const BOXES: usize = BATCH * 8 * 8 * ANCHORS;
/// Input channels, output channels and stride of each convolution; the last two both read the one before
/// them.
const LAYERS: [(usize, usize, usize); 8] = [
    (3, 16, 2),
    (16, 32, 2),
    (32, 64, 2),
    (64, 64, 1),
    (64, 64, 1),
    (64, 64, 1),
    (64, ANCHORS * CLASSES, 1),
    (64, ANCHORS * 4, 1),
];

/// `y = sum of mask smooth_l1(x - target) / n`, with `smooth_l1(d) = d^2 / 2` for `|d| < 1`, else
/// `|d| - 1/2`.
#[derive(Clone, Copy, Debug)]
struct BoxLoss {
    positives: f64,
}

impl<T: Float> Op<T> for BoxLoss {
    fn name(&self) -> &'static str {
        "box loss"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let [x, target, mask] = inputs else { return Err("expected three inputs".into()) };
        if x == target && x == mask { Ok(Shape::SCALAR) } else { Err("shapes differ".into()) }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        saved.resize(x.value(0).len(), T::default());
        let scale = T::lift(1.0 / self.positives);
        in_pieces(x, saved, |[x, target, mask], out| {
            T::dispatch(Differences { x, target, mask, scale, out })
        });
        y[0] = losslab_tensor::sum(saved);
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        assert!(i == 0, "targets and masks are constants");
        let scale = T::lift(1.0 / self.positives) * at.dy[0];
        in_pieces(at.x, dx, |[x, target, mask], out| T::dispatch(Slopes { x, target, mask, scale, out }));
    }
}

/// The three inputs and the output, in pieces that the threads share.
fn in_pieces<T: Float>(x: Args<'_, T>, out: &mut [T], piece: impl Fn([&[T]; 3], &mut [T]) + Sync) {
    let (workers, inputs) = (x.workers(), [0, 1, 2].map(|i| x.value(i)));
    let size = workers.share(out.len(), 16, Workers::NUMBERS);
    workers.chunks([out], size, |start, [out]| {
        piece(inputs.map(|input| &input[start..start + out.len()]), out);
    });
}

macro_rules! kernel {
    ($name:ident, |$d:ident| $body:expr) => {
        struct $name<'a, T> {
            x: &'a [T],
            target: &'a [T],
            mask: &'a [T],
            scale: T,
            out: &'a mut [T],
        }
        impl<T: Float> Kernel<T> for $name<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run<R: Lane<T>>(self) {
                let inputs = self.x.iter().zip(self.target).zip(self.mask);
                for (out, ((&x, &target), &mask)) in self.out.iter_mut().zip(inputs) {
                    let $d = R::load(x) - R::load(target);
                    *out = ($body * R::load(mask) * R::load(self.scale)).store();
                }
            }
        }
    };
}
kernel!(Differences, |d| {
    let (a, half) = (d.abs(), R::lift(0.5));
    R::select(a < R::lift(1.0), half * a * a, a - half)
});
kernel!(Slopes, |d| d.at_least(R::lift(-1.0)).at_most(R::lift(1.0)));

/// What the step reads.
struct Data {
    images: Arc<Tensor<f32>>,
    classes: Arc<Tensor<f32>>,
    boxes: Arc<Tensor<f32>>,
    mask: Arc<Tensor<f32>>,
    positives: usize,
    loss: Arc<Criterion>,
}

impl Data {
    fn new(rng: &mut Rng) -> Self {
        let (mut classes, mut mask, mut positives) = (vec![0.0; BOXES * CLASSES], vec![0.0; BOXES * 4], 0);
        for i in 0..BOXES {
            if rng.uniform() < 0.01 {
                classes[i * CLASSES + rng.below(CLASSES as u64) as usize] = 1.0;
                mask[i * 4..i * 4 + 4].fill(1.0);
                positives += 1;
            }
        }
        let mut normal = |shape| Arc::new(Tensor::from_fn(shape, |_| rng.normal() as f32));
        let map = |channels| [BATCH, 8, 8, channels];
        let spec = Spec::parse("focal:gamma=2,alpha=0.25", &Registry::standard()).expect("of the registry");
        let mean = Reduction::Mean(Normalizer::Positives);
        let loss = Arc::new(Criterion::new(&spec, Head::Sigmoid, &[1, 1], mean).expect("fits the head"));
        Self {
            images: normal(IMAGE),
            boxes: normal(map(ANCHORS * 4)),
            classes: Arc::new(Tensor::new(map(ANCHORS * CLASSES), classes)),
            mask: Arc::new(Tensor::new(map(ANCHORS * 4), mask)),
            positives,
            loss,
        }
    }
}

/// Weight and bias of each layer, drawn uniformly from +-1 / sqrt(9 C), as PyTorch does.
fn parameters(tape: &mut Tape<f32>, rng: &mut Rng) -> [[Param; 2]; LAYERS.len()] {
    LAYERS.map(|(inputs, outputs, _)| {
        let bound = 1.0 / (9.0 * inputs as f64).sqrt();
        let weight =
            Tensor::from_fn([3, 3, inputs, outputs], |_| ((2.0 * rng.uniform() - 1.0) * bound) as f32);
        [tape.param("weight", weight), tape.param("bias", Tensor::zeros([outputs]))]
    })
}

/// Convolution `k` of the net, with a ReLU behind all but the last two.
fn layer<'t>(params: &[[Param; 2]], k: usize, x: Var<'t, f32>) -> Var<'t, f32> {
    let [weight, bias] = params[k].map(|param| x.tape().var(param));
    let conv = Conv2d { stride: [LAYERS[k].2; 2], padding: [1; 2], ..Conv2d::default() };
    if k < LAYERS.len() - 2 { x.conv2d_relu(weight, bias, conv) } else { x.conv2d(weight, bias, conv) }
}

/// Forward, both losses, backward and update.
fn step(tape: &mut Tape<f32>, params: &[[Param; 2]], data: &Data, optimizer: &mut dyn Optimizer<f32>) -> f32 {
    tape.rewind();
    let loss = {
        let images = tape.constant_shared(&data.images);
        let features = (0..6).fold(images, |x, k| layer(params, k, x));
        let (logits, boxes) = (layer(params, 6, features), layer(params, 7, features));
        let targets = TapeTargets::Sigmoid(tape.constant_shared(&data.classes));
        let class_loss = criterion(&data.loss, TapeBatch { logits, targets, weights: None, valid: None });
        let [target, mask] = [&data.boxes, &data.mask].map(|x| tape.constant_shared(x));
        let box_loss = tape.push(BoxLoss { positives: data.positives.max(1) as f64 }, &[boxes, target, mask]);
        let loss = class_loss + box_loss;
        loss.backward();
        loss.item()
    };
    optimizer.step(tape, 1e-4);
    loss
}

/// The step on so many threads, on a tape of its own.
pub fn detector(threads: usize) -> impl FnMut() -> f32 {
    let mut rng = Rng::seed(1);
    let data = Data::new(&mut rng);
    let mut tape = Tape::new();
    tape.set_workers(&Arc::new(Workers::new(threads)));
    let params = parameters(&mut tape, &mut rng);
    let mut optimizer = Sgd::new(0.9, 0.0);
    move || step(&mut tape, &params, &data, &mut optimizer)
}
