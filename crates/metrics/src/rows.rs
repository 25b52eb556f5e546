//! What a metric of a classifier is computed from: scores and labels of rows, and what follows from them,
//! computed once.

use crate::check::{self, MetricError};
use crate::classes::{self, Decisions};
use crate::logits::{self, columns};
use crate::probability;
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
    /// The network's own logits, and the logits of the probabilities that are judged.
    Mapped(&'a [f32], &'a [f64]),
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

/// Rows as often as their weights say; scores that the rows do not have are empty.
#[derive(Debug)]
struct Repeated {
    logits: Vec<f32>,
    /// Probabilities, or their logits.
    wide: Vec<f64>,
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

    /// The same rows, whose probabilities are those of other logits: the true ones behind what a biased loss
    /// made the network report. Of two classes the order has to be that of the network's own logits, which
    /// rank the rows.
    ///
    /// # Panics
    /// If there are not as many as the network's own, or the rows were given as probabilities.
    #[track_caller]
    pub fn with_mapped_logits(self, mapped: &'a [f64]) -> Self {
        let (Scores::Logits(own) | Scores::Mapped(own, _)) = self.scores else {
            panic!("metrics: mapped logits for rows without logits")
        };
        assert!(own.len() == mapped.len(), "metrics: {} mapped logits for {}", mapped.len(), own.len());
        Self { scores: Scores::Mapped(own, mapped), kept: Kept::default(), ..self }
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

    /// The network's own logits: one a row for two classes, else one per class.
    ///
    /// # Errors
    /// If these rows were given as probabilities.
    pub fn logits(&self) -> Result<&[f32], MetricError> {
        match self.counted().0 {
            Scores::Logits(logits) | Scores::Mapped(logits, _) => Ok(logits),
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
            let mut probabilities = Vec::new();
            match self.counted().0 {
                Scores::Probabilities(given) => probabilities.extend(given),
                Scores::Logits(z) => logits::probabilities(z, self.classes, &mut probabilities),
                Scores::Mapped(_, z) => logits::probabilities(z, self.classes, &mut probabilities),
            }
            check::probabilities(&probabilities).map(|()| probabilities)
        };
        kept(&self.kept.probabilities, compute).map(Vec::as_slice)
    }

    /// The logits of the probabilities; none if these rows were given as probabilities.
    fn wide_logits(&self) -> Option<Cow<'_, [f64]>> {
        match self.counted().0 {
            Scores::Logits(logits) => Some(logits.iter().map(|&z| f64::from(z)).collect()),
            Scores::Mapped(_, logits) => Some(Cow::Borrowed(logits)),
            Scores::Probabilities(_) => None,
        }
    }

    /// What rows are ranked by, as many as there are logits: of two classes the network's logits, of more the
    /// log-odds of each class against the rest, so that rows do not tie whose probabilities round to 1;
    /// probabilities where there is nothing else.
    pub(crate) fn ranking_scores(&self) -> Cow<'_, [f64]> {
        let scores = self.counted().0;
        match (scores, self.wide_logits()) {
            (Scores::Probabilities(probabilities), _) => Cow::Borrowed(probabilities),
            (Scores::Mapped(own, _), _) if self.classes == 2 => own.iter().map(|&z| f64::from(z)).collect(),
            (_, Some(logits)) if self.classes > 2 => {
                let mut margins = Vec::with_capacity(logits.len());
                logits.chunks_exact(self.classes).for_each(|row| logits::margins(row, &mut margins));
                Cow::Owned(margins)
            }
            (_, logits) => logits.unwrap_or_default(),
        }
    }

    /// The mean log loss, from logits where there are some: nothing is clipped then.
    ///
    /// # Errors
    /// A NaN or infinite score, or one that is no probability.
    pub fn log_loss(&self) -> Result<Option<f64>, MetricError> {
        match (self.wide_logits(), self.classes) {
            (Some(logits), 2) => probability::log_loss_from_logits(&logits, self.positives()),
            (Some(logits), classes) => classes::log_loss_from_logits(&logits, classes, self.labels()),
            (None, 2) => probability::log_loss(self.probabilities()?, self.positives()),
            (None, classes) => classes::log_loss(self.probabilities()?, classes, self.labels()),
        }
    }

    /// The rankings: for two classes that of class 1, else that of each class against the rest; by logits
    /// where there are some, so that rows do not tie whose probabilities round to 1.
    ///
    /// # Errors
    /// A NaN or infinite score.
    pub fn rankings(&self) -> Result<&[Ranking], MetricError> {
        let compute = || match self.classes {
            2 => Ok(vec![Ranking::new(&self.ranking_scores(), self.positives())?]),
            classes => classes::rankings(&self.ranking_scores(), classes, self.labels()),
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
            let (logits, wide) = match self.scores {
                Scores::Logits(logits) => (repeat(logits, columns, weights), Vec::new()),
                Scores::Mapped(own, z) => (repeat(own, columns, weights), repeat(z, columns, weights)),
                Scores::Probabilities(p) => (Vec::new(), repeat(p, columns, weights)),
            };
            Repeated { logits, wide, labels: repeat(self.labels, 1, weights) }
        });
        let scores = match self.scores {
            Scores::Logits(_) => Scores::Logits(&repeated.logits),
            Scores::Mapped(..) => Scores::Mapped(&repeated.logits, &repeated.wide),
            Scores::Probabilities(_) => Scores::Probabilities(&repeated.wide),
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
