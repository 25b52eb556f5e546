//! A training step allocates nothing once each shape of batch has been seen twice.
#![allow(unsafe_code)]

use losslab_autograd::optim::{Adam, Optimizer, Sgd, clip_global_norm};
use losslab_autograd::{Conv2d, Dropout, Param, Pool, RunningStatistics, Tape};
use losslab_tensor::{Shape, Tensor, Workers};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

/// The system's allocator, counting the calls of each thread.
struct Counting;

thread_local! {
    // A constant initialiser and no destructor: the counter itself never allocates.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    CALLS.set(CALLS.get() + 1);
}

// SAFETY: every call goes unchanged to `System`, whose contract is the caller's; counting touches no memory
// but a thread-local number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const INPUTS: usize = 7;
const HIDDEN: usize = 33;
const CLASSES: usize = 3;

struct Mlp {
    weights: [Param; 2],
    biases: [Param; 2],
}

fn build(tape: &mut Tape<f32>) -> Mlp {
    let mut weight = |name: &str, shape: [usize; 2]| {
        tape.param(name, Tensor::from_fn(shape, |i| 0.1 * (i as f32 * 1.7).sin()))
    };
    let weights = [weight("w1", [INPUTS, HIDDEN]), weight("w2", [HIDDEN, CLASSES])];
    let biases = [tape.param("b1", Tensor::zeros([HIDDEN])), tape.param("b2", Tensor::zeros([CLASSES]))];
    Mlp { weights, biases }
}

/// One step on a batch of `rows`: two layers, dropout, cross-entropy by gather and a softplus penalty.
fn step(
    tape: &mut Tape<f32>,
    mlp: &Mlp,
    optimizer: &mut dyn Optimizer<f32>,
    rows: usize,
    number: u64,
) -> f32 {
    tape.rewind();
    let loss = {
        let fill = |x: &mut [f32]| x.iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32).cos());
        let x = tape.constant_with([rows, INPUTS], fill);
        let [w1, w2] = mlp.weights.map(|param| tape.var(param));
        let [b1, b2] = mlp.biases.map(|param| tape.var(param));
        let hidden = x.linear(w1, b1).relu().dropout(Dropout { p: 0.2, seed: 1, step: number, site: 0 });
        let logits = hidden.linear(w2, b2);
        let log_p = logits.log_softmax().transpose(&[1, 0]).gather(tape.indices(&[2]));
        let penalty = logits.max(&[1]).maximum(logits.logsumexp()).softplus().mean(&[0]);
        let loss = penalty - log_p.mean_all();
        loss.backward();
        loss.item()
    };
    clip_global_norm(tape, 1.0);
    optimizer.step(tape, 0.05);
    loss
}

/// Allocations of each step over these batches.
fn allocations(mut optimizer: impl Optimizer<f32>, batches: &[usize]) -> Vec<usize> {
    let mut tape = Tape::new();
    let mlp = build(&mut tape);
    let mut losses = Vec::with_capacity(batches.len());
    let mut counts = Vec::with_capacity(batches.len());
    for (number, &rows) in batches.iter().enumerate() {
        let before = CALLS.get();
        losses.push(step(&mut tape, &mlp, &mut optimizer, rows, number as u64));
        counts.push(CALLS.get() - before);
    }
    // The steps did train.
    assert!(losses[losses.len() - 1] < losses[0] && losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    counts
}

#[test]
fn the_counter_counts() {
    let before = CALLS.get();
    std::hint::black_box(vec![1u8; 100]);
    assert_eq!(CALLS.get() - before, 1);
}

#[test]
fn steps_of_constant_shape_allocate_nothing() {
    for counts in
        [allocations(Sgd::nesterov(0.9, 1e-4), &[64; 12]), allocations(Adam::decoupled(0.01), &[64; 12])]
    {
        assert!(counts[0] > 0, "{counts:?}");
        assert_eq!(counts[1..], [0; 11], "{counts:?}");
    }
}

#[test]
fn a_smaller_last_batch_allocates_nothing() {
    let batches = [64, 64, 64, 17, 64, 64, 64, 17, 64, 17, 64, 17];
    let counts = allocations(Adam::new(0.0), &batches);
    assert_eq!(counts[1..], [0; 11], "{counts:?}");
}

#[test]
fn steps_on_images_allocate_nothing() {
    let mut tape = Tape::<f32>::new();
    let workers = Arc::new(Workers::new(2));
    let shapes: [&[usize]; 8] = [&[3, 3, 4, 8], &[8], &[3, 3, 1, 8], &[8], &[8], &[8], &[8], &[8]];
    let params = shapes
        .map(|shape| tape.param("p", Tensor::from_fn(Shape::new(shape), |i| 0.1 * (i as f32 * 1.7).sin())));
    let mut running = RunningStatistics::new(8);
    let mut optimizer = Sgd::new(0.9, 0.0);
    let counts = [0, 1, 2, 3, 4, 5].map(|number| {
        // The counter sees this thread alone, and the pieces run the same code on all threads. The first step
        // is without the others, who might else do all pieces of an operation in it, and leave this thread's
        // scratch to be allocated later.
        if number == 1 {
            tape.set_workers(&workers);
        }
        let before = CALLS.get();
        tape.rewind();
        {
            let fill = |x: &mut [f32]| x.iter_mut().enumerate().for_each(|(i, x)| *x = (i as f32).cos());
            let x = tape.constant_with([2, 9, 7, 4], fill);
            let p = params.map(|param| tape.var(param));
            let padded = Conv2d { padding: [1, 1], ..Conv2d::default() };
            let normal = x.conv2d(p[0], p[1], padded).batch_norm(p[4], p[5], 1e-5);
            let pooled = normal.max_pool(Pool::new([2, 2]));
            let depthwise =
                pooled.conv2d(p[2], p[3], Conv2d { groups: 8, ..padded }).group_norm(p[6], p[7], 2, 1e-5);
            let loss = depthwise.upsample(2).avg_pool(Pool::new([3, 2])).softplus().mean_all();
            loss.backward();
            running.update(normal, 0.1);
        }
        optimizer.step(&mut tape, 0.01);
        CALLS.get() - before
    });
    assert!(counts[0] > 0 && running.mean[0] != 0.0, "{counts:?}");
    assert_eq!(counts[1..], [0; 5], "{counts:?}");
}
