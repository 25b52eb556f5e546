//! Batches that are cut into chunks, rows of many classes, and the ways of evaluation that a default may
//! hide.

use crate::batches::softmax_batch;
use crate::common::{build, evaluate, sigmoid_batch};
use losslab_losses::{BatchError, Head, Normalizer, Pt, Reduction, Registry, Side, Spec};
use losslab_tensor::Workers;

/// Not a round number anywhere.
fn logits(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919) % 10_007) as f32 / 1000.0 - 5.0).collect()
}

#[test]
fn a_chunk_of_a_batch_is_a_batch() {
    // 40 classes take another way than 3; all are more than one chunk of 32768 logits.
    for (rows, classes) in [(20_000, 2), (15_000, 3), (2000, 40)] {
        let criterion = build("focal:gamma=1.5", Head::Softmax, &vec![9; classes], Reduction::None);
        let (z, targets) = (logits(rows * classes), |i: usize| (i * 5 % classes) as u32);
        let all: Vec<u32> = (0..rows).map(targets).collect();
        let (_, grad) = evaluate(&criterion, &softmax_batch(&z, &all, classes));
        for part in (0..rows).step_by(777).map(|start| start..rows.min(start + 777)) {
            let cells = part.start * classes..part.end * classes;
            let (_, alone) = evaluate(&criterion, &softmax_batch(&z[cells.clone()], &all[part], classes));
            assert!(alone == grad[cells], "{rows} rows of {classes} classes");
        }
    }
    let criterion = build("focal:gamma=1.5", Head::Sigmoid, &[9, 1], Reduction::None);
    let z = logits(70_000);
    let targets: Vec<f32> = (0..z.len()).map(|i| f32::from(u8::from(i % 3 == 0))).collect();
    let (_, grad) = evaluate(&criterion, &sigmoid_batch(&z, &targets));
    for start in (0..z.len()).step_by(10_001) {
        let part = start..z.len().min(start + 10_001);
        let (_, alone) = evaluate(&criterion, &sigmoid_batch(&z[part.clone()], &targets[part.clone()]));
        assert!(alone == grad[part], "from {start}");
    }
}

/// Few and many classes take different ways; classes of probability 0 tell one from the other in nothing
/// else.
#[test]
fn rows_of_many_classes_agree_with_rows_of_few() {
    let (few, many) = (5, 70);
    let z: Vec<f64> = logits(few * 8).into_iter().map(f64::from).collect();
    let targets: Vec<u32> = (0..8).map(|i| i % few as u32).collect();
    let padded: Vec<f64> = z
        .chunks(few)
        .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(-1e6, many - few)))
        .collect();
    for spec in ["ce", "focal:gamma=2", "gce:q=0.7"] {
        let of = |classes: usize| build(spec, Head::Softmax, &vec![9; classes], Reduction::Sum);
        let (a, grad) = evaluate(&of(few), &softmax_batch(&z, &targets, few));
        let (b, wide) = evaluate(&of(many), &softmax_batch(&padded, &targets, many));
        assert!((a - b).abs() <= 1e-13 * a.abs(), "{spec}: {a}, {b}");
        for (row, wide) in grad.chunks(few).zip(wide.chunks(many)) {
            assert!(wide[few..].iter().all(|&g| g == 0.0), "{spec}");
            for (a, b) in row.iter().zip(wide) {
                assert!((a - b).abs() <= 1e-13 * a.abs().max(1e-3), "{spec}: {a}, {b}");
            }
        }
    }
}

#[test]
fn the_margin_at_a_logit_has_its_sign() {
    for x in [-2.5, 0.0, 1.5] {
        for positive in [true, false] {
            let sign = if positive { 1.0 } else { -1.0 };
            let at = Pt::at(x).at_logit(Side { positive });
            let same = Pt::at(sign * x);
            assert_eq!((at.x, at.p, at.log_p), (same.x, same.p, same.log_p), "{x} {positive}");
        }
    }
}

#[test]
fn a_spec_tells_what_was_read() {
    let spec = Spec::parse("focal:gamma=1.5,alpha=0.25", &Registry::standard()).unwrap();
    assert_eq!((spec.params(), spec.alpha()), (&[1.5][..], Some(0.25)));
    assert_eq!(format!("{spec:?}"), "focal:gamma=1.5,alpha=0.25");
    let focal = spec.loss();
    assert_eq!(focal.equation(), "FL(p_t) = -alpha_t (1 - p_t)^gamma log(p_t)");
    assert!(focal.has_curve());
}

#[test]
fn an_error_names_the_place_in_the_whole_batch() {
    let criterion = build("ce", Head::Softmax, &[9; 3], Reduction::Sum);
    let (z, mut targets) = (logits(15_000 * 3), vec![1; 15_000]);
    targets[12_345] = 3;
    let mut grad = vec![0.0; z.len()];
    let error = criterion.evaluate(&softmax_batch(&z, &targets, 3), None, &mut grad).unwrap_err();
    assert_eq!(error, BatchError::Class { index: 12_345, class: 3, classes: 3 });
}

/// Loss, values and gradients of chunks that 1 to 8 threads share; and which of two targets that are none is
/// named.
#[test]
fn threads_leave_no_trace() {
    let z = logits(300_000);
    let mut targets: Vec<f32> = (0..z.len()).map(|i| f32::from(u8::from(i % 11 == 0))).collect();
    let criterion = build("focal", Head::Sigmoid, &[9, 1], Reduction::Mean(Normalizer::Elements));
    let evaluate = |threads: usize, targets: &[f32]| {
        let (mut values, mut grad) = (vec![f32::NAN; z.len()], vec![f32::NAN; z.len()]);
        let batch = sigmoid_batch(&z, targets);
        let loss = criterion.evaluate_on(&Workers::new(threads), &batch, Some(&mut values), &mut grad)?;
        let bits = |x: Vec<f32>| x.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        Ok::<_, BatchError>((loss.to_bits(), bits(values), bits(grad)))
    };
    let alone = evaluate(1, &targets).unwrap();
    for threads in [2, 3, 8] {
        assert!(evaluate(threads, &targets).unwrap() == alone, "{threads} threads");
    }
    (targets[270_000], targets[299_999]) = (3.0, 4.0);
    for threads in [1, 2, 8] {
        let error = evaluate(threads, &targets).unwrap_err();
        assert_eq!(error, BatchError::Target { index: 270_000, value: 3.0 }, "{threads} threads");
    }
}
