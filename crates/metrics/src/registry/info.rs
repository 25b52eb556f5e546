//! What a metric says about itself.

/// What tables, sentences and comparisons need to know about a metric.
///
/// [`MetricInfo::new`] describes the usual one; the methods, or the fields, say where a metric differs from
/// it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricInfo {
    /// Stable snake_case name, as in `results.json` and on the command line.
    pub name: &'static str,
    /// Name for people, as in tables.
    pub title: &'static str,
    /// What sentences call it: `better by 0.03 AP`.
    pub words: &'static str,
    /// What it tells, in one line.
    pub meaning: &'static str,
    /// When it has no value (null in `results.json`), besides on empty data.
    pub undefined: Option<&'static str>,
    /// True if more is better, false if less is.
    pub higher_is_better: bool,
    /// Least and greatest value that it can take; infinite where it has no bound.
    pub range: (f64, f64),
    /// The value that a run that diverged counts as: the worst of the range, for average precision 0. `None`
    /// if there is no worst value, as for log loss: then such a run cannot be compared.
    pub diverged: Option<f64>,
    /// True if it depends on the tuned threshold, so that it has no value without one.
    pub needs_threshold: bool,
    /// True of a proper scoring rule: no probabilities score better in the mean than the true ones (Gneiting
    /// and Raftery 2007). It judges probabilities, where a metric of ranking or of decisions judges their
    /// order.
    pub proper: bool,
}

impl MetricInfo {
    /// The best value that the metric can take, if there is one.
    pub fn best(&self) -> Option<f64> {
        let best = if self.higher_is_better { self.range.1 } else { self.range.0 };
        best.is_finite().then_some(best)
    }

    /// A metric in [0, 1] of which more is better, which is defined on all data and needs no tuned threshold.
    pub const fn new(
        name: &'static str,
        title: &'static str,
        words: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            title,
            words,
            meaning,
            undefined: None,
            higher_is_better: true,
            range: (0.0, 1.0),
            diverged: Some(0.0),
            needs_threshold: false,
            proper: false,
        }
    }

    /// The same with a statement when it has no value.
    pub const fn undefined_if(self, undefined: Option<&'static str>) -> Self {
        Self { undefined, ..self }
    }

    /// The same with another range; a run that diverged counts as its worst end, if that is finite.
    pub const fn in_range(self, low: f64, high: f64) -> Self {
        Self { range: (low, high), ..self }.diverging_to_the_worst()
    }

    /// The same of which less is better; a run that diverged counts as the high end of the range, if that is
    /// finite.
    pub const fn lower_is_better(self) -> Self {
        Self { higher_is_better: false, ..self }.diverging_to_the_worst()
    }

    /// The same, at the tuned threshold.
    pub const fn at_tuned_threshold(self) -> Self {
        Self { needs_threshold: true, ..self }
    }

    /// The same, as a proper scoring rule.
    pub const fn proper(self) -> Self {
        Self { proper: true, ..self }
    }

    const fn diverging_to_the_worst(self) -> Self {
        let worst = if self.higher_is_better { self.range.0 } else { self.range.1 };
        Self { diverged: if worst.is_finite() { Some(worst) } else { None }, ..self }
    }

    /// Refuses a description that contradicts itself: a mistake of the program, not of its user.
    #[track_caller]
    pub(crate) fn check(&self) {
        let Self { name, range: (low, high), .. } = *self;
        let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(
            !name.is_empty() && name.chars().all(well_formed),
            "the name of a metric is made of small letters, digits and _, such as 'my_metric', found '{name}'"
        );
        for (part, text) in [("title", self.title), ("words", self.words), ("meaning", self.meaning)] {
            assert!(!text.trim().is_empty(), "{name}: the {part} of a metric is empty, reports need it");
        }
        assert!(low < high, "{name}: the range is {low} to {high}, expected a lower and a higher number");
        if let Some(diverged) = self.diverged {
            assert!(
                diverged.is_finite() && low <= diverged && diverged <= high,
                "{name}: a run that diverged counts as {diverged}, which lies outside {low} to {high}"
            );
        }
    }
}
