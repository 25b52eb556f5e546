//! The registry of metrics: what an entry says of itself, rows with weights, and metrics of a user's crate.

use losslab_base::rng::Rng;
use losslab_metrics::boxes::CocoResults;
use losslab_metrics::{
    BoxMetric, MetricError, MetricInfo, Metrics, RowMetric, Rows, average_precision, probabilities,
};

/// The mean logit of the positives, as a metric of one's own.
struct MeanLogit;

const MEAN_LOGIT: MetricInfo = MetricInfo::new("mean_logit", "Mean logit", "mean logit", "of the positives")
    .in_range(f64::NEG_INFINITY, f64::INFINITY);

impl RowMetric for MeanLogit {
    fn info(&self) -> MetricInfo {
        MEAN_LOGIT
    }

    fn suits(&self, classes: usize) -> bool {
        classes == 2
    }

    fn value(&self, rows: &Rows<'_>) -> Result<Option<f64>, MetricError> {
        let both = rows.logits()?.iter().zip(rows.labels());
        let positives: Vec<f64> = both.filter(|(_, y)| **y == 1).map(|(z, _)| f64::from(*z)).collect();
        let n = positives.len() as f64;
        Ok((n > 0.0).then(|| positives.iter().sum::<f64>() / n))
    }
}

/// A metric that says what it is told to.
struct Told(MetricInfo, fn(usize) -> bool, f64);

impl RowMetric for Told {
    fn info(&self) -> MetricInfo {
        self.0
    }

    fn suits(&self, classes: usize) -> bool {
        (self.1)(classes)
    }

    fn value(&self, _: &Rows<'_>) -> Result<Option<f64>, MetricError> {
        Ok(Some(self.2))
    }
}

impl BoxMetric for Told {
    fn info(&self) -> MetricInfo {
        self.0
    }

    fn value(&self, _: &CocoResults) -> Option<f64> {
        Some(self.2)
    }
}

const fn named(name: &'static str) -> MetricInfo {
    MetricInfo::new(name, "Title", "words", "meaning")
}

#[test]
fn every_entry_is_worst_where_a_run_diverged() {
    let metrics = Metrics::standard();
    let rows = [2, 3].map(|classes| metrics.rows(classes).map(|m| m.info()).collect::<Vec<_>>());
    let boxes: Vec<MetricInfo> = metrics.boxes().map(|m| m.info()).collect();
    assert_eq!((rows[0].len(), rows[1].len(), boxes.len()), (16, 10, 12));
    for info in rows.concat().into_iter().chain(boxes) {
        let worst = if info.higher_is_better { info.range.0 } else { info.range.1 };
        assert_eq!(info.diverged, worst.is_finite().then_some(worst), "{}", info.name);
        assert_eq!(info.needs_threshold, info.name.ends_with("_tuned"), "{}", info.name);
        assert!(!info.title.is_empty() && !info.words.is_empty() && !info.meaning.is_empty());
    }
    let of = |name, classes| metrics.find(name, classes).unwrap().info();
    assert_eq!((of("average_precision", 2).words, of("average_precision", 2).diverged), ("AP", Some(0.0)));
    assert_eq!((of("log_loss", 2).diverged, of("log_loss", 5).diverged), (None, None));
    assert_eq!((of("mcc", 2).diverged, of("mcc", 3).diverged), (Some(-1.0), Some(-1.0)));
    assert_eq!((of("brier", 2).diverged, of("brier", 3).diverged), (Some(1.0), Some(2.0)));
    assert_eq!(of("macro_average_precision", 3).words, "macro AP");
}

#[test]
fn a_metric_of_ones_own_stands_behind_the_others() {
    let metrics = Metrics::standard().with(MeanLogit);
    let rows = Rows::new(2, &[3.0, -1.0, 1.0], &[1, 0, 1]);
    let found = metrics.evaluate(&rows).unwrap();
    assert_eq!((found.len(), found[16]), (17, ("mean_logit", Some(2.0))));
    assert_eq!(metrics.rows(3).count(), 10, "it does not suit three classes");
    let resampled = metrics.find("mean_logit", 2).unwrap().weighted(&rows).unwrap();
    assert_eq!((resampled(&[1, 7, 3]), resampled(&[0, 1, 0])), (Some(1.5), None));
    let given = Rows::of_probabilities(2, &[0.5], &[1]);
    assert_eq!(MeanLogit.value(&given), Err(MetricError::NoLogits));
}

#[test]
fn an_unknown_name_is_answered_with_what_there_is() {
    let metrics = Metrics::standard();
    let message = metrics.find("average-precison", 2).err().unwrap().to_string();
    assert!(
        message.starts_with("there is no metric 'average-precison'; there are average_precision, roc_auc, ")
    );
    assert!(message.ends_with("recall_tuned (did you mean 'average_precision'?)"), "{message}");
    let message = metrics.find_boxes("ap5").err().unwrap().to_string();
    assert!(message.ends_with("ar_large (did you mean 'ap50'?)"), "{message}");
    assert!(metrics.find("macro_f1", 2).is_err() && metrics.find("macro_f1", 3).is_ok());
}

#[test]
fn a_value_that_is_no_number_is_refused() {
    let metrics = Metrics::default().with(Told(named("odd"), |_| true, f64::NAN));
    let error = metrics.evaluate(&Rows::new(2, &[1.0], &[1])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric 'odd' is NaN, expected a finite number, or none where it is undefined"
    );
}

#[test]
#[should_panic(expected = "a metric named 'roc_auc' for 2 classes is in the registry already")]
fn a_name_twice_is_refused() {
    let _ = Metrics::standard().with(Told(named("roc_auc"), |classes| classes < 4, 0.0));
}

#[test]
fn a_name_twice_for_other_problems_is_not() {
    let metrics = Metrics::standard().with(Told(named("roc_auc"), |classes| classes == 3, 0.5));
    assert_eq!(metrics.rows(3).last().unwrap().info().name, "roc_auc");
}

#[test]
#[should_panic(expected = "a metric named 'ap50' for boxes is in the registry already")]
fn a_name_of_boxes_twice_is_refused() {
    let _ = Metrics::standard().with_boxes(Told(named("ap50"), |_| true, 0.0));
}

#[test]
#[should_panic(expected = "the name of a metric is made of small letters, digits and _, \
                such as 'my_metric', found 'My metric'")]
fn a_name_that_nobody_can_type_is_refused() {
    let _ = Metrics::standard().with(Told(named("My metric"), |_| true, 0.0));
}

#[test]
#[should_panic(expected = "silent: the words of a metric is empty, reports need it")]
fn a_metric_without_words_is_refused() {
    let _ = Metrics::standard().with(Told(MetricInfo { words: "", ..named("silent") }, |_| true, 0.0));
}

#[test]
#[should_panic(expected = "low: a run that diverged counts as 2, which lies outside 0 to 1")]
fn a_description_that_contradicts_itself_is_refused() {
    let _ = Metrics::standard().with(Told(MetricInfo { diverged: Some(2.0), ..named("low") }, |_| true, 0.0));
}

/// Random logits with ties, and labels of so many classes.
fn random(classes: usize, rows: usize, seed: u64) -> (Vec<f32>, Vec<u32>) {
    let mut rng = Rng::seed(seed);
    let columns = if classes == 2 { 1 } else { classes };
    let logits = (0..rows * columns).map(|_| rng.below(40) as f32 / 8.0 - 3.0).collect();
    (logits, (0..rows).map(|_| rng.below(classes as u64) as u32).collect())
}

#[test]
fn logits_and_their_probabilities_have_the_same_metrics() {
    for classes in [2, 3, 5] {
        let (logits, labels) = random(classes, 80, 1);
        let mut p = Vec::new();
        probabilities(&logits, classes, &mut p);
        let of =
            |rows: Rows<'_>| Metrics::standard().evaluate(&rows.with_thresholds(0.4, Some(0.6))).unwrap();
        let given = of(Rows::of_probabilities(classes, &p, &labels));
        for (found, given) in of(Rows::new(classes, &logits, &labels)).into_iter().zip(given) {
            if found.0 == "log_loss" {
                // No probability is formed on the way from logits, so that the last digits may differ.
                let (found, given) = (found.1.unwrap(), given.1.unwrap());
                assert!((found - given).abs() <= 4.0 * f64::EPSILON * given, "{found} {given}");
            } else {
                assert_eq!(found, given, "{classes} classes");
            }
        }
    }
}

/// Logits whose probabilities are all 0 or 1: the metrics are those of the logits, by hand.
#[test]
fn rankings_and_log_loss_do_not_saturate() {
    let metrics = Metrics::standard();
    let value = |rows: &Rows<'_>, name: &str| {
        metrics.find(name, rows.classes()).unwrap().value(rows).unwrap().unwrap()
    };
    // Positives on ranks 1 and 3 of 4: AP (1 + 2/3) / 2; of four pairs three are in order.
    let (logits, labels) = ([900.0, 500.0, 300.0, -800.0], [1, 0, 1, 0]);
    let rows = Rows::new(2, &logits, &labels);
    assert!((value(&rows, "average_precision") - 5.0 / 6.0).abs() < 1e-15);
    assert_eq!(value(&rows, "roc_auc"), 0.75);
    assert_eq!(value(&rows, "log_loss"), 125.0);
    // The same of three classes, whose class 0 is far from the other two.
    let wide: Vec<f32> = logits.iter().flat_map(|&z| [-2000.0, 0.0, z]).collect();
    let labels = [2, 1, 2, 1];
    let rows = Rows::new(3, &wide, &labels);
    assert!((value(&rows, "macro_roc_auc") - 0.75).abs() < 1e-15);
    assert_eq!(value(&rows, "log_loss"), 125.0);
    let ap = metrics.find("macro_average_precision", 3).unwrap();
    assert_eq!(ap.weighted(&rows).unwrap()(&[1; 4]), ap.value(&rows).unwrap());
    // Class 1 has the opposite order: positives on ranks 1 and 3 again.
    assert!((ap.value(&rows).unwrap().unwrap() - 5.0 / 6.0).abs() < 1e-15);
}

/// Probabilities of other logits than the network's own: the order of two classes is that of the network, all
/// else theirs.
#[test]
fn mapped_logits_give_the_probabilities() {
    let (own, labels) = ([2.0_f32, 50.0, 60.0, -1.0], [0, 0, 1, 1]);
    let mapped: Vec<f64> = own.iter().map(|&z| 0.5 * f64::from(z) - 1.0).collect();
    let narrow: Vec<f32> = mapped.iter().map(|&z| z as f32).collect();
    let rows = |logits| Rows::new(2, logits, &labels).with_thresholds(0.5, Some(0.1));
    let metrics = Metrics::standard();
    let found = metrics.evaluate(&rows(&own).with_mapped_logits(&mapped)).unwrap();
    assert_eq!(found, metrics.evaluate(&rows(&narrow)).unwrap());
    assert_ne!(found, metrics.evaluate(&rows(&own)).unwrap());
    assert_eq!(rows(&own).with_mapped_logits(&mapped).logits(), Ok(&own[..]));
    // Weights repeat both.
    let weights = [2, 0, 1, 3];
    let of = |rows: Rows<'_>| metrics.evaluate(&rows.with_weights(&weights)).unwrap();
    assert_eq!(of(rows(&own).with_mapped_logits(&mapped)), of(rows(&narrow)));
}

#[test]
fn logits_rank_rows_whose_probabilities_are_all_one() {
    let (logits, labels) = ([60.0, 50.0, 40.0], [1, 0, 0]);
    let rows = Rows::new(2, &logits, &labels);
    assert_eq!(rows.probabilities(), Ok(&[1.0, 1.0, 1.0][..]));
    assert_eq!(rows.ranking().unwrap().average_precision(), Some(1.0));
    let ap = Metrics::standard().find("average_precision", 2).unwrap().weighted(&rows).unwrap()(&[1, 1, 1]);
    assert_eq!(ap, Some(1.0));
    let rounded = Rows::of_probabilities(2, &[1.0; 3], &labels);
    assert_eq!(rounded.ranking().unwrap().average_precision(), Some(1.0 / 3.0));
}

/// Each row as often as its weight says, written out.
fn copies(classes: usize, logits: &[f32], labels: &[u32], weights: &[u32]) -> (Vec<f32>, Vec<u32>) {
    let columns = if classes == 2 { 1 } else { classes };
    let (mut many, mut truth) = (Vec::new(), Vec::new());
    for (i, &weight) in weights.iter().enumerate() {
        for _ in 0..weight {
            many.extend(&logits[i * columns..][..columns]);
            truth.push(labels[i]);
        }
    }
    (many, truth)
}

#[test]
fn a_weight_is_so_many_copies_of_a_row() {
    let metrics = Metrics::standard();
    for classes in [2, 4] {
        let (logits, labels) = random(classes, 60, 2);
        let rows = Rows::new(classes, &logits, &labels).with_thresholds(0.5, Some(0.3));
        let mut rng = Rng::seed(4);
        let weights: Vec<u32> = (0..60).map(|_| rng.below(4) as u32).collect();
        let (many, truth) = copies(classes, &logits, &labels, &weights);
        let copied = Rows::new(classes, &many, &truth).with_thresholds(0.5, Some(0.3));
        let expected = metrics.evaluate(&copied).unwrap();
        assert_eq!(metrics.evaluate(&rows.reweighted(&weights)).unwrap(), expected);
        let given =
            Rows::new(classes, &logits, &labels).with_thresholds(0.5, Some(0.3)).with_weights(&weights);
        assert_eq!(metrics.evaluate(&given).unwrap(), expected);
        assert_eq!((given.labels(), given.distinct().labels()), (&truth[..], &labels[..]));
        for (metric, (name, value)) in metrics.rows(classes).zip(expected) {
            // Of rows that have weights the weights are replaced.
            for rows in [&rows, &given] {
                let found = metric.weighted(rows).unwrap()(&weights);
                match (found, value) {
                    (Some(a), Some(b)) => assert!((a - b).abs() < 1e-14, "{name}: {a} {b}"),
                    other => assert_eq!(other, (None, None), "{name}"),
                }
            }
            let ones = metric.weighted(&given).unwrap()(&[1; 60]);
            let plain = metric.value(&rows).unwrap();
            assert!((ones.unwrap() - plain.unwrap()).abs() < 1e-14, "{name}");
        }
    }
}

#[test]
fn average_precision_of_the_two_ways_is_the_same_to_the_last_bit() {
    let (logits, labels) = random(2, 200, 3);
    let rows = Rows::new(2, &logits, &labels);
    let metrics = Metrics::standard();
    let ap = metrics.find("average_precision", 2).unwrap();
    let scores: Vec<f64> = logits.iter().map(|&z| f64::from(z)).collect();
    let truth: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
    let plain = average_precision(&scores, &truth).unwrap();
    assert_eq!((ap.value(&rows).unwrap(), ap.weighted(&rows).unwrap()(&[1; 200])), (plain, plain));
}

#[test]
fn bad_scores_are_told_before_anything_is_resampled() {
    let logits = [f32::NAN, 1.0];
    let rows = Rows::new(2, &logits, &[0, 1]);
    let metrics = Metrics::standard();
    assert!(matches!(metrics.evaluate(&rows), Err(MetricError::NotFinite { index: 0, .. })));
    for metric in metrics.rows(2).filter(|metric| !metric.info().needs_threshold) {
        let weighted = metric.weighted(&rows);
        assert!(matches!(weighted, Err(MetricError::NotFinite { index: 0, .. })), "{}", metric.info().name);
    }
}

#[test]
#[should_panic(expected = "metrics: 3 logits for 2 labels of 2 classes")]
fn a_logit_too_many_panics() {
    let _ = Rows::new(2, &[0.0; 3], &[0, 1]);
}

#[test]
#[should_panic(expected = "metrics: 1 weights for 2 rows")]
fn a_weight_too_few_panics() {
    let _ = Rows::new(2, &[0.0; 2], &[0, 1]).with_weights(&[1]);
}
