//! What a metric of a classifier is computed from: scores and labels of rows, and what follows from them,
//! computed once.

use crate::check::{self, MetricError};
use crate::classes::{self, Decisions};
use crate::logits::{self, columns};
use crate::ranking::Ranking;
use crate::threshold::Confusion;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Scored rows with their true classes.
///
/// Of two classes a row has one score, for class 1, the positive one; of more classes it has one per class,
/// row by row. Probabilities, rankings and decisions are computed when a metric first asks for them, and
/// kept.
///
/// Rows may have weights, which say how often each counts. All that a metric reads here
/// ([`labels`](Self::labels), [`logits`](Self::logits), [`probabilities`](Self::probabilities), ...) then has
/// each row as often as it counts, so that a metric need not know of weights; one that does better with them
/// reads [`distinct`](Self::distinct) and [`weights`](Self::weights).
#[derive(Debug)]
pub struct Rows<'a> {
    classes: usize,
    scores: Scores<'a>,
    labels: &'a [u32],
    weights: Option<&'a [u32]>,
    decision_threshold: f64,
    tuned_threshold: Option<f64>,
    kept: Kept,
}

#[derive(Clone, Copy, Debug)]
enum Scores<'a> {
    Logits(&'a [f32]),
    Probabilities(&'a [f64]),
}

/// What was computed so far.
#[derive(Debug, Default)]
struct Kept {
    repeated: OnceLock<Repeated>,
    positives: OnceLock<Vec<bool>>,
    probabilities: OnceLock<Result<Vec<f64>, MetricError>>,
    rankings: OnceLock<Result<Vec<Ranking>, MetricError>>,
    confusion: OnceLock<Result<Confusion, MetricError>>,
    tuned_confusion: OnceLock<Result<Option<Confusion>, MetricError>>,
    decisions: OnceLock<Result<Decisions, MetricError>>,
}

/// Rows as often as their weights say; of the two scores one is empty.
#[derive(Debug)]
struct Repeated {
    logits: Vec<f32>,
    probabilities: Vec<f64>,
    labels: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// Rows with logits, the decision threshold at a probability of 0.5 and no tuned one.
    ///
    /// # Panics
    /// If there are fewer than two classes, not as many logits as the labels ask for, or a label is no class.
    #[track_caller]
    pub fn new(classes: usize, logits: &'a [f32], labels: &'a [u32]) -> Self {
        classes::check_shape("logits", logits.len(), classes, columns(classes), labels);
        Self::of(classes, Scores::Logits(logits), labels)
    }

    /// The same from probabilities, where there are no logits: rankings of two classes are then those of the
    /// probabilities.
    ///
    /// # Panics
    /// As [`Rows::new`].
    #[track_caller]
    pub fn of_probabilities(classes: usize, probabilities: &'a [f64], labels: &'a [u32]) -> Self {
        classes::check_shape("probabilities", probabilities.len(), classes, columns(classes), labels);
        Self::of(classes, Scores::Probabilities(probabilities), labels)
    }

    fn of(classes: usize, scores: Scores<'a>, labels: &'a [u32]) -> Self {
        let kept = Kept::default();
        Self { classes, scores, labels, weights: None, decision_threshold: 0.5, tuned_threshold: None, kept }
    }

    /// The same rows with thresholds on the probability of class 1. `decision` is 0.5 unless a loss moves it;
    /// `tuned` is what [`best_f1_threshold`](crate::best_f1_threshold) found on VALIDATION data, `None` if
    /// nothing (no positives there), and then the metrics that use it have no value.
    pub fn with_thresholds(self, decision: f64, tuned: Option<f64>) -> Self {
        Self { decision_threshold: decision, tuned_threshold: tuned, kept: Kept::default(), ..self }
    }

    /// The same rows, row i counted `weights[i]` times.
    ///
    /// # Panics
    /// If there is not one weight per row.
    #[track_caller]
    pub fn with_weights(self, weights: &'a [u32]) -> Self {
        self.check_weights(weights);
        Self { weights: Some(weights), kept: Kept::default(), ..self }
    }

    #[track_caller]
    fn check_weights(&self, weights: &[u32]) {
        let (weights, rows) = (weights.len(), self.labels.len());
        assert!(weights == rows, "metrics: {weights} weights for {rows} rows");
    }

    /// Each row once, whatever the weights.
    pub fn distinct(&self) -> Rows<'a> {
        Rows {
            weights: None,
            decision_threshold: self.decision_threshold,
            tuned_threshold: self.tuned_threshold,
            ..Self::of(self.classes, self.scores, self.labels)
        }
    }

    /// The distinct rows with these weights.
    ///
    /// # Panics
    /// If there is not one weight per distinct row.
    #[track_caller]
    pub fn reweighted<'b>(&self, weights: &'b [u32]) -> Rows<'b>
    where
        'a: 'b,
    {
        self.check_weights(weights);
        let distinct: Rows<'b> = self.distinct();
        Rows { weights: Some(weights), ..distinct }
    }

    /// How often each distinct row counts; `None` if each counts once.
    pub fn weights(&self) -> Option<&'a [u32]> {
        self.weights
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The probability of class 1 from which on a row is called positive.
    pub fn decision_threshold(&self) -> f64 {
        self.decision_threshold
    }

    /// The same as tuned on validation data, if there is one.
    pub fn tuned_threshold(&self) -> Option<f64> {
        self.tuned_threshold
    }

    /// The true class of each row.
    pub fn labels(&self) -> &[u32] {
        self.counted().1
    }

    /// The logits: one a row for two classes, else one per class.
    ///
    /// # Errors
    /// If these rows were given as probabilities.
    pub fn logits(&self) -> Result<&[f32], MetricError> {
        match self.counted().0 {
            Scores::Logits(logits) => Ok(logits),
            Scores::Probabilities(_) => Err(MetricError::NoLogits),
        }
    }

    /// Of two classes, which rows are of class 1.
    pub fn positives(&self) -> &[bool] {
        self.kept.positives.get_or_init(|| self.labels().iter().map(|&label| label == 1).collect())
    }

    /// The probabilities: of class 1 for two classes, else of each class.
    ///
    /// # Errors
    /// One that is NaN, infinite or outside [0, 1].
    pub fn probabilities(&self) -> Result<&[f64], MetricError> {
        let compute = || {
            let probabilities = match self.counted().0 {
                Scores::Probabilities(probabilities) => probabilities.to_vec(),
                Scores::Logits(z) => {
                    let mut out = Vec::with_capacity(z.len());
                    logits::probabilities(z, self.classes, &mut out);
                    out
                }
            };
            check::probabilities(&probabilities).map(|()| probabilities)
        };
        kept(&self.kept.probabilities, compute).map(Vec::as_slice)
    }

    /// What rows of two classes are ranked by: the logits, so that rows do not tie whose probabilities round
    /// to 1.
    pub(crate) fn ranking_scores(&self) -> Cow<'_, [f64]> {
        match self.counted().0 {
            Scores::Logits(logits) => logits.iter().map(|&z| f64::from(z)).collect(),
            Scores::Probabilities(probabilities) => Cow::Borrowed(probabilities),
        }
    }

    /// The rankings: for two classes that of class 1, by logits where there are some; else that of each class
    /// against the rest, by its probability.
    ///
    /// # Errors
    /// A NaN or infinite score.
    pub fn rankings(&self) -> Result<&[Ranking], MetricError> {
        let compute = || match self.classes {
            2 => Ok(vec![Ranking::new(&self.ranking_scores(), self.positives())?]),
            classes => classes::rankings(self.probabilities()?, classes, self.labels()),
        };
        kept(&self.kept.rankings, compute).map(Vec::as_slice)
    }

    /// The ranking of two classes.
    ///
    /// # Errors
    /// A NaN or infinite score.
    ///
    /// # Panics
    /// If there are more than two classes.
    #[track_caller]
    pub fn ranking(&self) -> Result<&Ranking, MetricError> {
        self.two_classes("ranking");
        self.rankings().map(|rankings| &rankings[0])
    }

    /// The decisions on two classes at the decision threshold.
    ///
    /// # Errors
    /// A bad probability or a NaN threshold.
    ///
    /// # Panics
    /// If there are more than two classes.
    #[track_caller]
    pub fn confusion(&self) -> Result<Confusion, MetricError> {
        self.two_classes("confusion");
        let compute =
            || Confusion::at_threshold(self.probabilities()?, self.positives(), self.decision_threshold);
        kept(&self.kept.confusion, compute).copied()
    }

    /// The same at the tuned threshold; `None` without one.
    ///
    /// # Errors
    /// As [`confusion`](Self::confusion), and so are the panics.
    #[track_caller]
    pub fn tuned_confusion(&self) -> Result<Option<Confusion>, MetricError> {
        self.two_classes("tuned_confusion");
        let compute = || {
            let at = |t| Confusion::at_threshold(self.probabilities()?, self.positives(), t);
            self.tuned_threshold.map(at).transpose()
        };
        kept(&self.kept.tuned_confusion, compute).copied()
    }

    /// The decisions on more than two classes, each row for its most probable class.
    ///
    /// # Errors
    /// A bad probability.
    ///
    /// # Panics
    /// If there are two classes, which are decided on at a threshold.
    #[track_caller]
    pub fn decisions(&self) -> Result<&Decisions, MetricError> {
        assert!(self.classes != 2, "metrics: decisions of two classes are those of `confusion`");
        let compute = || Ok(Decisions::new(self.probabilities()?, self.classes, self.labels()));
        kept(&self.kept.decisions, compute)
    }

    #[track_caller]
    fn two_classes(&self, what: &str) {
        assert!(self.classes == 2, "metrics: `{what}` is for two classes, these rows have {}", self.classes);
    }

    /// Scores and labels, each row as often as it counts.
    fn counted(&self) -> (Scores<'_>, &[u32]) {
        let Some(weights) = self.weights else { return (self.scores, self.labels) };
        let repeated = self.kept.repeated.get_or_init(|| {
            let columns = columns(self.classes);
            let (logits, probabilities) = match self.scores {
                Scores::Logits(logits) => (repeat(logits, columns, weights), Vec::new()),
                Scores::Probabilities(p) => (Vec::new(), repeat(p, columns, weights)),
            };
            Repeated { logits, probabilities, labels: repeat(self.labels, 1, weights) }
        });
        let scores = match self.scores {
            Scores::Logits(_) => Scores::Logits(&repeated.logits),
            Scores::Probabilities(_) => Scores::Probabilities(&repeated.probabilities),
        };
        (scores, &repeated.labels)
    }
}

/// Each row of so many columns as often as its weight says.
fn repeat<T: Copy>(values: &[T], columns: usize, weights: &[u32]) -> Vec<T> {
    let rows = values.chunks_exact(columns).zip(weights);
    rows.flat_map(|(row, &weight)| std::iter::repeat_n(row, weight as usize)).flatten().copied().collect()
}

/// The value in the cell, computed if it is not there yet.
fn kept<T>(
    cell: &OnceLock<Result<T, MetricError>>,
    compute: impl FnOnce() -> Result<T, MetricError>,
) -> Result<&T, MetricError> {
    cell.get_or_init(compute).as_ref().map_err(|error| *error)
}
