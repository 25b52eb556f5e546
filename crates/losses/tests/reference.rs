//! Every loss and modifier against values that do not come from this crate: see `fixtures/make_reference.py`.

use crate::common::build;
use losslab_losses::{Batch, Criterion, Head, Normalizer, Reduction, Registry, Spec, Targets};
use std::collections::HashMap;

/// A batch of the file.
#[derive(Default)]
struct Data {
    head: &'static str,
    counts: Vec<u64>,
    columns: usize,
    logits: Vec<f64>,
    targets: Vec<f64>,
    classes: Vec<u32>,
    weights: Option<Vec<f64>>,
    valid: Option<Vec<f64>>,
}

impl Data {
    fn batch(&self) -> Batch<'_, f64> {
        let (weights, valid) = (self.weights.as_deref(), self.valid.as_deref());
        let targets = match self.head() {
            Head::Sigmoid => Targets::Sigmoid { targets: &self.targets, columns: self.columns },
            Head::Softmax => Targets::Softmax { targets: &self.classes, classes: self.columns },
        };
        Batch { logits: &self.logits, targets, weights, valid }
    }

    fn head(&self) -> Head {
        if self.head == "softmax" { Head::Softmax } else { Head::Sigmoid }
    }
}

/// What the file says of one spec.
struct Case {
    batch: &'static str,
    reduction: &'static str,
    spec: &'static str,
    loss: f64,
    grad: Vec<f64>,
    params: Vec<(&'static str, f64)>,
    hess: Vec<f64>,
    mixed: Vec<(&'static str, Vec<f64>)>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(' ').map(|x| x.parse().unwrap()).collect()
}

fn read() -> (HashMap<&'static str, Data>, Vec<Case>) {
    let (mut batches, mut cases, mut current) = (HashMap::<&str, Data>::new(), Vec::<Case>::new(), "");
    for line in include_str!("fixtures/reference.txt").lines() {
        let (key, rest) = line.split_once(' ').unwrap();
        let words: Vec<&'static str> = rest.split(' ').collect();
        match key {
            "#" => {}
            "batch" => {
                current = words[0];
                let counts = words[2].split(',').map(|n| n.parse().unwrap()).collect();
                let columns = words[3].parse().unwrap();
                batches.insert(current, Data { head: words[1], counts, columns, ..Data::default() });
            }
            "logits" => batches.get_mut(current).unwrap().logits = numbers(rest),
            "targets" => {
                let data = batches.get_mut(current).unwrap();
                data.targets = numbers(rest);
                data.classes = data.targets.iter().map(|&y| y as u32).collect();
            }
            "weights" => batches.get_mut(current).unwrap().weights = Some(numbers(rest)),
            "valid" => batches.get_mut(current).unwrap().valid = Some(numbers(rest)),
            "case" => {
                let (batch, reduction, spec) = (words[0], words[1], words[2]);
                let (grad, params, hess, mixed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                cases.push(Case { batch, reduction, spec, loss: 0.0, grad, params, hess, mixed });
            }
            "loss" => cases.last_mut().unwrap().loss = rest.parse().unwrap(),
            "grad" => cases.last_mut().unwrap().grad = numbers(rest),
            "param" => {
                cases.last_mut().unwrap().params.push((words[0], words[1].parse().unwrap()));
            }
            "hess" => cases.last_mut().unwrap().hess = numbers(rest),
            "mixed" => {
                let (name, rest) = rest.split_once(' ').unwrap();
                cases.last_mut().unwrap().mixed.push((name, numbers(rest)));
            }
            other => panic!("unknown line {other}"),
        }
    }
    (batches, cases)
}

fn reduction(name: &str) -> Reduction {
    match name {
        "none" => Reduction::None,
        "sum" => Reduction::Sum,
        "mean" => Reduction::Mean(Normalizer::Elements),
        "samples" => Reduction::Mean(Normalizer::Samples),
        "positives" => Reduction::Mean(Normalizer::Positives),
        "weight-sum" => Reduction::Mean(Normalizer::WeightSum),
        other => panic!("unknown reduction {other}"),
    }
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs()
}

fn criterion(case: &Case, data: &Data) -> Criterion {
    build(case.spec, data.head(), &data.counts, reduction(case.reduction))
}

#[test]
fn losses_and_gradients() {
    let (batches, cases) = read();
    for case in &cases {
        let data = &batches[case.batch];
        let (loss, grad) = crate::common::evaluate(&criterion(case, data), &data.batch());
        let about = format!("{} on {} ({})", case.spec, case.batch, case.reduction);
        assert!(close(loss, case.loss, 1e-12), "{about}: loss {loss}, expected {}", case.loss);
        for (i, (&found, &expected)) in grad.iter().zip(&case.grad).enumerate() {
            assert!(close(found, expected, 1e-12), "{about}: gradient {i} is {found}, expected {expected}");
        }
    }
}

#[test]
fn values_add_up_to_the_loss() {
    let (batches, cases) = read();
    for case in cases.iter().filter(|case| !case.spec.starts_with("dice")) {
        let data = &batches[case.batch];
        let sum = build(case.spec, data.head(), &data.counts, Reduction::Sum);
        let (mut values, mut grad) = (vec![f64::NAN; data.targets.len()], vec![0.0; data.logits.len()]);
        let loss = sum.evaluate(&data.batch(), Some(&mut values), &mut grad).unwrap();
        assert!(close(values.iter().sum(), loss, 1e-13), "{}", case.spec);
    }
}

#[test]
fn parameter_derivatives() {
    let (batches, cases) = read();
    for case in &cases {
        let data = &batches[case.batch];
        let mut found = criterion(case, data).param_gradient(&data.batch()).unwrap();
        let mut expected = case.params.clone();
        found.sort_by_key(|(name, _)| *name);
        expected.sort_by_key(|(name, _)| *name);
        assert_eq!(found.len(), expected.len(), "{}: {found:?}", case.spec);
        for ((name, found), (also, expected)) in found.into_iter().zip(expected) {
            assert_eq!(name, also, "{}", case.spec);
            assert!(
                close(found, expected, 1e-11),
                "{}: d/d{name} is {found}, expected {expected}",
                case.spec
            );
        }
    }
}

#[test]
fn second_derivatives() {
    let (batches, cases) = read();
    for case in cases.iter().filter(|case| !case.spec.starts_with("dice")) {
        let data = &batches[case.batch];
        let mut found = criterion(case, data).second_derivatives(&data.batch()).unwrap();
        let mut expected = case.mixed.clone();
        found.mixed.sort_by_key(|(name, _)| *name);
        expected.sort_by_key(|(name, _)| *name);
        found.mixed.push(("itself", found.diagonal));
        expected.push(("itself", case.hess.clone()));
        let names = |all: &[(&'static str, Vec<f64>)]| all.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(names(&found.mixed), names(&expected), "{}", case.spec);
        let q =
            Spec::parse(case.spec, &Registry::standard()).unwrap().params().first().copied().unwrap_or(1.0);
        for ((name, found), (_, expected)) in found.mixed.iter().zip(&expected) {
            assert_eq!(found.len(), expected.len());
            for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                let about = format!("{} on {} ({})", case.spec, case.batch, case.reduction);
                let what = format!("{about}: logit {i} with {name}: {found}, expected {expected}");
                // Of gce, the derivatives of the power and of 1 / q cancel as p_t -> 1.
                let lost = match *name {
                    "q" => 4.0 * f64::EPSILON * case.grad[i].abs() / q,
                    _ => 0.0,
                };
                assert!((found - expected).abs() <= 1e-12 * expected.abs() + lost, "{what}");
            }
        }
    }
}

#[test]
fn the_file_covers_every_loss_head_and_modifier() {
    let registry = Registry::standard();
    let (batches, cases) = read();
    let specs: Vec<(Spec, Head)> = cases
        .iter()
        .map(|case| (Spec::parse(case.spec, &registry).unwrap(), batches[case.batch].head()))
        .collect();
    for loss in registry.losses() {
        for head in [Head::Sigmoid, Head::Softmax].into_iter().filter(|&head| loss.heads().contains(head)) {
            let covered = |(spec, on): &(Spec, Head)| spec.loss().name() == loss.name() && *on == head;
            assert!(specs.iter().any(covered), "no reference for {} with {head}", loss.name());
        }
        let with_params = |(spec, _): &&(Spec, Head)| spec.loss().name() == loss.name();
        assert!(specs.iter().filter(with_params).count() >= 2, "one reference only for {}", loss.name());
    }
    use losslab_losses::Stage::{Decision, Prior, Sampling};
    for form in registry.modifiers() {
        let covered = |(spec, _): &(Spec, Head)| spec.modifiers().any(|(m, _)| m.title == form.title);
        let acts_on_the_loss = !matches!(form.stage, Prior | Sampling | Decision);
        assert_eq!(specs.iter().any(covered), acts_on_the_loss, "{}", form.title);
    }
}
