//! Every piece runs once, wherever; panics come back; calls within calls run in their place.

use losslab_tensor::Workers;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Under Miri a job takes milliseconds.
const JOBS: usize = if cfg!(miri) { 20 } else { 2000 };

#[test]
fn every_piece_runs_once_in_every_job() {
    for threads in [1, 2, 3, 8] {
        let workers = Workers::new(threads);
        assert_eq!(workers.threads(), threads);
        for job in 0..JOBS {
            let runs: [AtomicUsize; 9] = Default::default();
            let pieces = job % 10;
            workers.run(pieces, |i| {
                runs[i].fetch_add(1, Ordering::Relaxed);
            });
            for (i, count) in runs.iter().enumerate() {
                assert_eq!(
                    count.load(Ordering::Relaxed),
                    usize::from(i < pieces),
                    "{threads} threads, job {job}"
                );
            }
        }
    }
}

#[test]
fn chunks_cover_arrays_and_do_not_overlap() {
    for threads in [1, 3] {
        let workers = Workers::new(threads);
        for (length, size) in [(0, 1), (1, 5), (10, 3), (12, 4), (100, 1)] {
            let (mut a, mut b) = (vec![0; length], vec![0; length]);
            workers.chunks([&mut a, &mut b], size, |start, [a, b]| {
                assert!(a.len() <= size && a.len() == b.len());
                a.iter_mut().zip(start..).for_each(|(a, i)| *a += i + 1);
                b.fill(start);
            });
            assert_eq!(a, (1..=length).collect::<Vec<_>>());
            assert_eq!(b, (0..length).map(|i| i / size * size).collect::<Vec<_>>());
        }
    }
}

#[test]
fn sleeping_workers_wake_up() {
    let workers = Workers::new(2);
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        let sum = AtomicUsize::new(0);
        workers.run(50, |i| {
            sum.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 49 * 50 / 2);
    }
}

#[test]
fn a_panic_in_a_piece_reaches_the_caller_after_all_others_are_done() {
    let workers = Workers::new(3);
    let done = AtomicUsize::new(0);
    let result = catch_unwind(AssertUnwindSafe(|| {
        workers.run(20, |i| {
            assert!(i != 7, "piece seven");
            done.fetch_add(1, Ordering::Relaxed);
        });
    }));
    let message = result.expect_err("a panic");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"piece seven"));
    assert_eq!(done.load(Ordering::Relaxed), 19);
    // And they work on.
    workers.run(5, |_| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 24);
}

#[test]
fn calls_within_a_piece_and_from_several_threads_run_in_their_place() {
    let workers = Workers::new(2);
    let runs = AtomicUsize::new(0);
    let count = |_| {
        runs.fetch_add(1, Ordering::Relaxed);
    };
    workers.run(4, |_| workers.run(3, count));
    assert_eq!(runs.load(Ordering::Relaxed), 12);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..10).for_each(|_| workers.run(5, count)));
        }
    });
    assert_eq!(runs.load(Ordering::Relaxed), 162);
}

#[test]
#[should_panic(expected = "chunks of 2 of arrays of [3, 4]")]
fn arrays_of_different_lengths_are_refused() {
    Workers::alone().chunks([&mut [0; 3], &mut [0; 4]], 2, |_, _| {});
}
