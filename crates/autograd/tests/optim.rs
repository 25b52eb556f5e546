//! Optimisers, clipping and schedules beyond what PyTorch's values show: edges and misuse.

use losslab_autograd::optim::{Adam, Optimizer, Schedule, Sgd, clip_global_norm};
use losslab_autograd::{Param, Tape};
use losslab_tensor::Tensor;

/// A tape with two parameters whose gradients are these.
fn tape_with_gradients(a: [f32; 2], b: f32) -> (Tape<f32>, [Param; 2]) {
    let mut tape = Tape::new();
    let params = [tape.param("a", Tensor::zeros([2])), tape.param("b", Tensor::zeros([1]))];
    tape.param("unused", Tensor::zeros([3]));
    {
        let [x, y] = params.map(|param| tape.var(param));
        let loss = (x * tape.constant([2], &a)).sum_all() + (y * tape.constant([1], &[b])).sum_all();
        loss.backward();
    }
    (tape, params)
}

fn gradients(tape: &mut Tape<f32>, params: [Param; 2]) -> Vec<f32> {
    params.iter().flat_map(|&param| tape.grad_mut(param).expect("a gradient").to_vec()).collect()
}

#[test]
fn a_gradient_within_the_norm_is_left_alone() {
    let (mut tape, params) = tape_with_gradients([3.0, 0.0], -4.0);
    assert_eq!(clip_global_norm(&mut tape, 5.0), 5.0);
    assert_eq!(gradients(&mut tape, params), [3.0, 0.0, -4.0]);
    assert_eq!(clip_global_norm(&mut tape, 2.5), 5.0);
    assert_eq!(gradients(&mut tape, params), [1.5, 0.0, -2.0]);
    assert_eq!(clip_global_norm(&mut tape, 2.5), 2.5);
}

#[test]
fn a_norm_that_is_not_finite_is_returned_and_changes_nothing() {
    let (mut tape, params) = tape_with_gradients([3.0, f32::INFINITY], 1.0);
    assert_eq!(clip_global_norm(&mut tape, 1.0), f64::INFINITY);
    assert_eq!(gradients(&mut tape, params), [3.0, f32::INFINITY, 1.0]);
    let (mut tape, params) = tape_with_gradients([3.0, f32::NAN], 1.0);
    assert!(clip_global_norm(&mut tape, 1.0).is_nan());
    assert_eq!(gradients(&mut tape, params)[2], 1.0);
    // Squares of large f32 numbers fit in f64.
    let (mut tape, params) = tape_with_gradients([3e38, 0.0], 0.0);
    assert!((clip_global_norm(&mut tape, 1.0) / 3e38 - 1.0).abs() < 1e-7);
    assert_eq!(gradients(&mut tape, params), [1.0, 0.0, 0.0]);
}

#[test]
fn no_gradient_at_all_has_norm_zero() {
    let mut tape = Tape::<f32>::new();
    tape.param("a", Tensor::zeros([2]));
    assert_eq!(clip_global_norm(&mut tape, 1.0), 0.0);
}

#[test]
#[should_panic(expected = "clip_global_norm: maximum NaN, expected more than 0")]
fn a_maximum_that_is_not_a_number() {
    clip_global_norm(&mut Tape::<f32>::new(), f64::NAN);
}

#[test]
#[should_panic(expected = "Sgd::nesterov: momentum 0, expected more than 0")]
fn nesterov_needs_momentum() {
    Sgd::<f32>::nesterov(0.0, 0.0);
}

#[test]
#[should_panic(expected = "optimiser state of 2 numbers for parameter w of shape [3]")]
fn an_optimiser_serves_one_model() {
    let mut optimizer = Adam::<f32>::new(0.0);
    for n in [2, 3] {
        let mut tape = Tape::new();
        tape.param("w", Tensor::zeros([n]));
        optimizer.step(&mut tape, 0.1);
    }
}

#[test]
fn schedules_begin_turn_and_end_where_they_say() {
    let rates = |schedule: &Schedule, steps: &[u64]| -> Vec<f64> {
        steps.iter().map(|&step| schedule.rate(step)).collect()
    };
    assert_eq!(
        rates(&Schedule::linear(1.0, 3.0, 4), &[0, 1, 2, 4, 5, u64::MAX]),
        [1.0, 1.5, 2.0, 3.0, 3.0, 3.0]
    );
    assert_eq!(rates(&Schedule::linear(1.0, 3.0, 0), &[0]), [3.0]);
    assert_eq!(
        rates(&Schedule::step(1.0, 2, 0.5), &[0, 1, 2, 3, 4, u64::MAX]),
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.0]
    );
    assert_eq!(
        rates(&Schedule::cosine(0.5, 0.25, 10), &[0, 5, 10, 11, u64::MAX]),
        [0.5, 0.375, 0.25, 0.25, 0.25]
    );
    assert_eq!(rates(&Schedule::cosine(0.5, 0.25, 0), &[0]), [0.25]);
    let cycle = Schedule::one_cycle(1.0, 10);
    assert_eq!(rates(&cycle, &[0, 2, 9, 10, u64::MAX]), [0.04, 1.0, 4e-6, 4e-6, 4e-6]);
    let warm = Schedule::step(0.8, 3, 0.5).warm_up(2, 0.0);
    assert_eq!(rates(&warm, &[0, 1, 2, 4, 5]), [0.0, 0.4, 0.8, 0.8, 0.4]);
    assert_eq!(Schedule::constant(0.1).warm_up(0, 0.0).rate(0), 0.1);
    let chain = Schedule::constant(3.0).then(2, Schedule::constant(2.0).then(2, Schedule::constant(1.0)));
    assert_eq!(rates(&chain, &[0, 1, 2, 3, 4, 5]), [3.0, 3.0, 2.0, 2.0, 1.0, 1.0]);
}

#[test]
fn the_cosine_is_accurate() {
    // Against the standard library, which a test may call: n is prime, so no step is a special angle.
    let n = 997;
    let schedule = Schedule::cosine(2.0, 0.0, n);
    for step in 0..=n {
        let expected = 1.0 + (std::f64::consts::PI * step as f64 / n as f64).cos();
        assert!((schedule.rate(step) - expected).abs() < 1e-15, "step {step}: {}", schedule.rate(step));
    }
}

#[test]
#[should_panic(expected = "Schedule::constant: NaN, expected a finite number of at least 0")]
fn a_rate_that_is_not_a_number() {
    Schedule::constant(f64::NAN);
}

#[test]
#[should_panic(expected = "Schedule::one_cycle: 3 steps, expected at least 4")]
fn a_cycle_without_a_rise() {
    Schedule::one_cycle(0.1, 3);
}

#[test]
fn an_optimiser_that_takes_its_state_back_goes_on_with_the_same_bits() {
    type Fresh = fn() -> Box<dyn Optimizer<f32>>;
    let fresh: [Fresh; 3] = [
        || Box::new(Sgd::nesterov(0.9, 0.01)),
        || Box::new(Adam::new(0.01)),
        || Box::new(Adam::decoupled(0.01)),
    ];
    for fresh in fresh {
        let mut tape = Tape::<f32>::new();
        let w = tape.param("w", Tensor::new([3], vec![1.0, -2.0, 3.0]));
        let step = |tape: &mut Tape<f32>, optimizer: &mut dyn Optimizer<f32>| {
            tape.rewind();
            let x = tape.var(w);
            (x * x * x).sum_all().backward();
            optimizer.step(tape, 0.05);
        };
        let mut optimizer = fresh();
        (0..3).for_each(|_| step(&mut tape, &mut *optimizer));
        let kept = (tape.value(w).to_vec(), optimizer.state());
        (0..3).for_each(|_| step(&mut tape, &mut *optimizer));
        let uninterrupted = tape.value(w).to_vec();

        let mut resumed = fresh();
        resumed.restore(kept.1);
        tape.value_mut(w).copy_from_slice(&kept.0);
        (0..3).for_each(|_| step(&mut tape, &mut *resumed));
        assert_eq!(*tape.value(w), uninterrupted);
        // Without its state it goes elsewhere: the test can fail.
        tape.value_mut(w).copy_from_slice(&kept.0);
        let mut forgetful = fresh();
        (0..3).for_each(|_| step(&mut tape, &mut *forgetful));
        assert_ne!(*tape.value(w), uninterrupted);
    }
}
