//! Training steps have the same bits with any number of threads, and allocate nothing on the calling thread.

use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use losslab_autograd::{Conv2d, Param, Pool, Tape, Var};
use losslab_tensor::{Shape, Tensor, Workers};
use std::sync::Arc;

/// Not a round number anywhere.
fn numbers(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729) % 10_007) as f32 / 5003.5 - 1.0).collect()
}

/// The bits of all parameters after three steps of a model with parameters of these shapes.
fn train(
    threads: Option<usize>,
    shapes: &[&[usize]],
    mut optimizer: Box<dyn Optimizer<f32>>,
    loss: impl for<'t> Fn(&'t Tape<f32>, &[Var<'t, f32>]) -> Var<'t, f32>,
) -> Vec<u32> {
    let mut tape = Tape::new();
    if let Some(threads) = threads {
        tape.set_workers(&Arc::new(Workers::new(threads)));
    }
    let param = |(i, shape): (usize, &&[usize])| {
        let shape = Shape::new(shape);
        let inputs: usize = shape.dims()[..shape.rank() - 1].iter().product();
        let scale = 1.0 / (inputs as f32).sqrt();
        let values = numbers(shape.elements(), i).into_iter().map(|x| x * scale).collect();
        tape.param("p", Tensor::new(shape, values))
    };
    let params: Vec<Param> = shapes.iter().enumerate().map(param).collect();
    for _ in 0..3 {
        tape.rewind();
        {
            let vars: Vec<_> = params.iter().map(|&param| tape.var(param)).collect();
            let loss = loss(&tape, &vars);
            assert!(loss.item().is_finite());
            loss.backward();
        }
        optimizer.step(&mut tape, 0.01);
    }
    params.iter().flat_map(|&param| tape.value(param).to_vec()).map(f32::to_bits).collect()
}

/// Compares 1, 2, 3, 4 and 8 threads with a tape that has no workers.
fn compare(
    shapes: &[&[usize]],
    optimizer: fn() -> Box<dyn Optimizer<f32>>,
    loss: impl for<'t> Fn(&'t Tape<f32>, &[Var<'t, f32>]) -> Var<'t, f32>,
) {
    let alone = train(None, shapes, optimizer(), &loss);
    for threads in [1, 2, 3, 4, 8] {
        let shared = train(Some(threads), shapes, optimizer(), &loss);
        let different = alone.iter().zip(&shared).filter(|(a, b)| a != b).count();
        assert_eq!(different, 0, "of {} parameters, {threads} threads", alone.len());
    }
}

/// Large enough that every product, sum and update is shared.
#[test]
fn an_mlp() {
    let (rows, inputs, hidden, classes) = (300, 301, 130, 7);
    let x = numbers(rows * inputs, 1);
    let shapes: [&[usize]; 4] = [&[inputs, hidden], &[hidden], &[hidden, classes], &[classes]];
    compare(
        &shapes,
        || Box::new(Adam::decoupled(0.01)),
        |tape, p| {
            let hidden = tape.constant([rows, inputs], &x).linear(p[0], p[1]).relu();
            // Used twice: two gradients are added.
            (hidden.linear(p[2], p[3]).logsumexp().mean_all()) + (hidden * hidden).mean_all()
        },
    );
}

/// Strides, a border, narrow outputs and odd sizes.
#[test]
fn convolutions() {
    let shape = [5, 31, 29, 3];
    let x = numbers(shape.iter().product(), 2);
    let shapes: [&[usize]; 8] =
        [&[3, 3, 3, 16], &[16], &[3, 2, 16, 36], &[36], &[1, 1, 36, 40], &[40], &[40], &[40]];
    compare(
        &shapes,
        || Box::new(Sgd::nesterov(0.9, 1e-3)),
        |tape, p| {
            let padded = Conv2d { padding: [1; 2], ..Conv2d::default() };
            let x = tape.constant(shape, &x).conv2d(p[0], p[1], padded).relu();
            let x = x.conv2d(p[2], p[3], Conv2d { stride: [2, 1], ..padded }).leaky_relu(0.1);
            let x = x.conv2d(p[4], p[5], Conv2d::default()).group_norm(p[6], p[7], 4, 1e-5);
            x.max_pool(Pool::new([2, 2])).softplus().mean_all()
        },
    );
}

/// More parameters than one job of an update has room for, of all lengths; one that the loss does not know
/// stays as it is.
#[test]
fn an_update_of_many_parameters() {
    let shapes: Vec<Vec<usize>> = (0..70).map(|i| vec![1 + i * i % 701]).collect();
    let shapes: Vec<&[usize]> = shapes.iter().map(|shape| &shape[..]).collect();
    const IDLE: usize = 33;
    fn loss<'t>(p: &[Var<'t, f32>], left_out: Option<usize>) -> Var<'t, f32> {
        let used = p.iter().enumerate().filter(|(i, _)| Some(*i) != left_out);
        used.map(|(_, p)| (*p * *p).mean_all()).reduce(|sum, square| sum + square).expect("parameters")
    }
    compare(&shapes, || Box::new(Adam::new(0.01)), |_, p| loss(p, Some(IDLE)));
    compare(&shapes, || Box::new(Sgd::new(0.9, 0.0)), |_, p| loss(p, Some(IDLE)));

    let moved = |left_out| train(Some(3), &shapes, Box::new(Sgd::new(0.9, 0.0)), |_, p| loss(p, left_out));
    let (without, with) = (moved(Some(IDLE)), moved(None));
    let differ: Vec<usize> = (0..with.len()).filter(|&i| without[i] != with[i]).collect();
    let first: usize = shapes[..IDLE].iter().map(|shape| shape[0]).sum();
    let idle: Vec<usize> = (first..first + shapes[IDLE][0]).collect();
    assert_eq!(differ, idle);
}
