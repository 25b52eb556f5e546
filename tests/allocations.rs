//! A training step allocates nothing once its shapes have been seen: counted, not believed.
#![allow(unsafe_code)]

use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::{Activation, Detector, DetectorConfig, Mlp, Norm};
use losslab_tensor::Workers;
use losslab_tensor::rng::Rng;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

struct Counting;

thread_local! {
    /// Allocations of this thread; other threads of the test runner do not disturb the count.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all work is done by the system's allocator; counting touches neither pointers nor layouts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of each of eight steps; the batch of every third step is smaller, as the last of an epoch is.
fn allocations(spec: &str, sizes: &[usize], optimizer: &mut dyn Optimizer<f32>) -> Vec<usize> {
    let outputs = sizes[sizes.len() - 1];
    let head = if outputs == 1 { Head::Sigmoid } else { Head::Softmax };
    let spec = Spec::parse(spec, &Registry::standard()).unwrap();
    let counts = vec![5; outputs.max(2)];
    let mean = Reduction::Mean(Normalizer::Elements);
    let loss = Arc::new(Criterion::new(&spec, head, &counts, mean).unwrap());
    let mut tape = Tape::<f32>::new();
    let model = Mlp::new(&mut tape, sizes, Activation::Relu, &mut Rng::seed(1));
    let x = vec![0.5; 256 * sizes[0]];
    let (y, classes) = (vec![1.0; 256], vec![1; 256]);
    let step = |step: usize| {
        let before = COUNT.get();
        let rows = if step % 3 == 2 { 100 } else { 256 };
        tape.rewind();
        let logits = model.forward(tape.constant([rows, sizes[0]], &x[..rows * sizes[0]]));
        let targets = match head {
            Head::Sigmoid => TapeTargets::Sigmoid(tape.constant([rows, 1], &y[..rows])),
            Head::Softmax => TapeTargets::Softmax(tape.indices(&classes[..rows])),
        };
        criterion(&loss, TapeBatch { logits, targets, weights: None, valid: None }).backward();
        optimizer.step(&mut tape, 1e-3);
        COUNT.get() - before
    };
    (0..8).map(step).collect()
}

#[test]
fn steps_after_the_first_allocate_nothing() {
    type Case = (&'static str, &'static [usize], Box<dyn Optimizer<f32>>);
    let cases: [Case; 4] = [
        ("ce", &[32, 64, 64, 1], Box::new(Sgd::new(0.9, 1e-4))),
        ("focal:gamma=2,alpha=0.25", &[32, 64, 64, 1], Box::new(Adam::new(0.0))),
        ("ce+class-balanced", &[30, 17, 10], Box::new(Adam::decoupled(0.01))),
        ("focal:gamma=0.5", &[30, 600, 3], Box::new(Sgd::new(0.0, 0.0))),
    ];
    for (spec, sizes, mut optimizer) in cases {
        let counts = allocations(spec, sizes, &mut *optimizer);
        assert!(counts[0] > 0, "the counter does not count");
        assert!(
            counts[1..].iter().all(|&count| count == 0),
            "{spec} on {sizes:?}: allocations per step {counts:?}"
        );
    }
}

#[test]
fn a_detectors_steps_after_the_first_allocate_nothing() {
    let config = DetectorConfig { anchors_per_cell: 3, ..DetectorConfig::small(3, 2, 4, 2) };
    let spec = Spec::parse("focal:gamma=2,alpha=0.25", &Registry::standard()).unwrap();
    let per_positive = Reduction::Mean(Normalizer::Positives);
    let loss = Arc::new(Criterion::new(&spec, Head::Sigmoid, &[5, 5], per_positive).unwrap());
    for norm in [Norm::Batch, Norm::Group(8)] {
        let mut tape = Tape::<f32>::new();
        tape.set_workers(&Arc::new(Workers::new(2)));
        let model = Detector::new(&mut tape, &DetectorConfig { norm, ..config.clone() }, &mut Rng::seed(1));
        let mut buffers = model.buffers();
        let mut optimizer = Sgd::new(0.9, 1e-4);
        let mut step = || {
            let before = COUNT.get();
            tape.rewind();
            let images = tape.constant_with([2, 33, 40, 3], |x| x.fill(0.5));
            let output = model.forward_train(images, &mut buffers);
            let shape = output.class_logits.shape();
            let targets = TapeTargets::Sigmoid(tape.constant_with(shape, |y| y.fill(1.0)));
            let valid = Some(tape.constant_with(shape, |valid| valid.fill(1.0)));
            let batch = TapeBatch { logits: output.class_logits, targets, weights: None, valid };
            let rows = output.boxes.shape().dims()[..2].iter().product();
            let boxes = output.boxes.reshape([rows, 4]).gather(tape.indices(&[0, 7, 7]));
            (criterion(&loss, batch) + boxes.smooth_l1(0.11).sum_all()).backward();
            optimizer.step(&mut tape, 1e-3);
            COUNT.get() - before
        };
        let counts: Vec<usize> = (0..5).map(|_| step()).collect();
        assert!(counts[0] > 0 && counts[1..].iter().all(|&count| count == 0), "{norm:?}: {counts:?}");
    }
}
