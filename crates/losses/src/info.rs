//! What a loss declares of itself: names, parameters with their ranges, heads, targets, limits.

use crate::equation::BySide;
use crate::probabilities::Probabilities;
use losslab_base::Domain;
use std::fmt;

/// What a loss declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct Info<const P: usize> {
    /// The name in specs: lower case, words joined by hyphens.
    pub name: &'static str,
    /// The name in sentences and plots.
    pub title: &'static str,
    /// The equation as text.
    pub equation: &'static str,
    /// Where it was published, with the equation's number.
    pub source: &'static str,
    /// Parameters, in the order of [`Loss::eval`](crate::Loss::eval).
    pub params: [ParamInfo; P],
    /// Whether the loss takes the class-balancing weight alpha.
    pub alpha: Alpha,
    /// The heads that it makes sense on.
    pub heads: Heads,
    /// The targets that it takes.
    pub targets: TargetKind,
    /// Whether it needs the class counts: they reach [`Loss::shift`](crate::Loss::shift).
    pub needs_counts: bool,
    /// Whether it can be drawn against p_t, as a function of nothing else.
    pub has_curve: bool,
    /// What reported probabilities are worth, with these values of the parameters.
    pub probabilities: fn([f64; P]) -> Probabilities,
    /// Whether 0.5 of the reported probability may not be 0.5 of the true one where the expected loss is
    /// least. Biased losses that treat positives and negatives alike leave it in place; alpha and class
    /// weights count apart from this.
    pub moves_threshold: bool,
    /// Whether label smoothing is defined for it. That is so for cross-entropy, L = -log(p_t), whatever its
    /// weights: in its place the cross-entropy of the smoothed target is evaluated.
    pub may_be_smoothed: bool,
    /// Whether its true gradient tends to 0 on confidently wrong predictions, p_t -> 0.
    pub fades_when_wrong: bool,
    /// Where the true gradient vanishes, and where digits are lost and why.
    pub limits: &'static str,
    /// Where the loss bends down in its margin, and where its slope jumps; `None` says nothing.
    pub curvature: Option<Curvature>,
    /// How far f32 may be from the exact loss: a test holds every loss to what it declares. `None` promises
    /// nothing.
    pub accuracy: Option<Accuracy>,
}

impl<const P: usize> Info<P> {
    /// A start for `..Info::EMPTY`: optional alpha, both heads, hard targets, a curve, no counts, nothing
    /// said of probabilities.
    pub const EMPTY: Info<P> = Info {
        name: "",
        title: "",
        equation: "",
        source: "",
        params: [ParamInfo { name: "", default: 0.0, range: Range::ANY, tuned: None, meaning: "" }; P],
        alpha: Alpha::Optional,
        heads: Heads::Both,
        targets: TargetKind::Hard,
        needs_counts: false,
        has_curve: true,
        probabilities: |_| Probabilities::Undeclared,
        moves_threshold: false,
        may_be_smoothed: false,
        fades_when_wrong: false,
        limits: "",
        curvature: None,
        accuracy: None,
    };
}

/// Where the second derivative of a loss in its margin is negative, and where the first one jumps: on hard
/// targets.
///
/// A test samples both with the default parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curvature {
    /// Both in words, for all values of the parameters.
    pub words: &'static str,
    /// The margin below which the second derivative is negative, and above which it is not, with the default
    /// parameters; none where it is negative nowhere.
    pub negative_below: BySide<Option<f64>>,
    /// The margins at which the slope jumps, with the default parameters.
    pub kinks: &'static [f64],
}

impl Curvature {
    /// Negative nowhere, and without kinks.
    pub const fn convex(words: &'static str) -> Self {
        Self { words, negative_below: BySide { negative: None, positive: None }, kinks: &[] }
    }

    /// Negative below this margin, for positives and negatives alike, and without kinks.
    pub const fn negative_below(x: f64, words: &'static str) -> Self {
        Self { words, negative_below: BySide { negative: Some(x), positive: Some(x) }, kinks: &[] }
    }
}

/// A bound on the error in f32: sigmoid head, hard targets, logits in [-1e4, 1e4].
///
/// The value is within `ulps` and the `growing` ones, in units in the last place, plus `absolute`; the
/// gradient within twice that. What a power costs in digits grows with its logarithm: e^a is wrong by a times
/// the relative error of a.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Units in the last place, everywhere.
    pub ulps: f64,
    /// Twice each of these parameters times its measure.
    pub growing: &'static [(&'static str, Measure)],
    /// What terms that cancel leave.
    pub absolute: f64,
}

/// What an error grows with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// |log p_t|: the parameter is a power of p_t.
    LogP,
    /// |log(1 - p_t)|: it is a power of 1 - p_t, taken of its logarithm.
    LogQ,
    /// |log(1 - p_t)| + 1: it is a power of 1 - p_t, taken of a number that is rounded itself.
    RoundedLogQ,
    /// |x| + 1: it multiplies the margin.
    Margin,
}

impl Measure {
    fn at(self, x: f64) -> f64 {
        let log_1p = (-x.abs()).exp().ln_1p();
        match self {
            Measure::LogP => (-x).max(0.0) + log_1p,
            Measure::LogQ => x.max(0.0) + log_1p,
            Measure::RoundedLogQ => x.max(0.0) + log_1p + 1.0,
            Measure::Margin => x.abs() + 1.0,
        }
    }
}

impl Accuracy {
    /// So many units in the last place everywhere.
    pub const fn ulps(ulps: f64) -> Self {
        Self { ulps, growing: &[], absolute: 0.0 }
    }

    /// The units in the last place at the margin x, for these values of the parameters.
    pub fn ulps_at(&self, x: f64, params: &[ParamInfo], values: &[f64]) -> f64 {
        let value = |name: &str| params.iter().position(|p| p.name == name).map_or(0.0, |i| values[i].abs());
        self.ulps + self.growing.iter().map(|&(name, of)| 2.0 * value(name) * of.at(x)).sum::<f64>()
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ulps)?;
        for (name, of) in self.growing {
            let measure = match of {
                Measure::LogP => "|log p_t|",
                Measure::LogQ => "|log(1 - p_t)|",
                Measure::RoundedLogQ => "(|log(1 - p_t)| + 1)",
                Measure::Margin => "(|x| + 1)",
            };
            write!(f, " + 2 {name} {measure}")?;
        }
        f.write_str(" ulp")?;
        if self.absolute > 0.0 { write!(f, " + {:e}", self.absolute) } else { Ok(()) }
    }
}

/// A parameter of a loss or a modifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamInfo {
    /// The key in specs.
    pub name: &'static str,
    /// The value if a spec does not give it.
    pub default: f64,
    /// The values that make sense.
    pub range: Range,
    /// The values that tuning tries where a spec leaves it open, `gamma=?`; none if that makes no sense.
    pub tuned: Option<Domain>,
    /// What it does.
    pub meaning: &'static str,
}

/// The values that a parameter may take; NaN is never among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    low_included: bool,
    high_included: bool,
}

impl Range {
    /// Any finite number.
    pub const ANY: Range =
        Range { low: f64::NEG_INFINITY, high: f64::INFINITY, low_included: false, high_included: false };

    /// `low <= x <= high`.
    pub const fn closed(low: f64, high: f64) -> Self {
        Self { low, high, low_included: true, high_included: true }
    }
    /// `low < x < high`.
    pub const fn open(low: f64, high: f64) -> Self {
        Self { low, high, low_included: false, high_included: false }
    }
    /// `x >= low`, finite.
    pub const fn at_least(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_included: true, high_included: false }
    }
    /// `x > low`, finite.
    pub const fn above(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_included: false, high_included: false }
    }
    /// `low <= x < high`.
    pub const fn from_to(low: f64, high: f64) -> Self {
        Self { low, high, low_included: true, high_included: false }
    }
    /// `low < x <= high`.
    pub const fn up_to(low: f64, high: f64) -> Self {
        Self { low, high, low_included: false, high_included: true }
    }

    /// Whether the value is allowed.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.low_included { x >= self.low } else { x > self.low };
        let below = if self.high_included { x <= self.high } else { x < self.high };
        above && below
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.low_included { '[' } else { '(' };
        let close = if self.high_included { ']' } else { ')' };
        write!(f, "{open}{}, {}{close}", self.low, self.high)
    }
}

/// The class-balancing weight: alpha for positives, 1 - alpha for negatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// The loss has no such weight.
    None,
    /// Only if the spec gives it; otherwise no weighting at all (not 0.5, which would halve the loss).
    Optional,
    /// This value unless the spec gives another.
    Default(f64),
}

/// The targets that a loss takes with a sigmoid head; with softmax they are always classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// 0 or 1.
    Hard,
    /// Any number from 0 to 1, e.g. the quality of a detection. Such a loss is a
    /// [`SoftLoss`](crate::SoftLoss).
    Soft,
}

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Independent logits: the margin is the logit for positives, minus the logit for negatives.
    Sigmoid,
    /// One logit per class: the margin is the true class's logit minus logsumexp of the others.
    Softmax,
}

/// The heads that a loss makes sense on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads {
    /// Sigmoid and softmax.
    Both,
    /// Sigmoid only: the loss distinguishes positives from negatives.
    SigmoidOnly,
}

impl Heads {
    /// Whether this head is among them.
    pub fn contains(self, head: Head) -> bool {
        self == Heads::Both || head == Head::Sigmoid
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Head::Sigmoid => "sigmoid",
            Head::Softmax => "softmax",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn measures_at_a_margin_of_0_and_of_ln_3() {
        let (ln2, ln3, ln4) = (2.0f64.ln(), 3.0f64.ln(), 4.0f64.ln());
        // p_t is 1/2, then 3/4.
        for (measure, at_0, at_ln3) in [
            (Measure::LogP, ln2, ln4 - ln3),
            (Measure::LogQ, ln2, ln4),
            (Measure::RoundedLogQ, ln2 + 1.0, ln4 + 1.0),
            (Measure::Margin, 1.0, ln3 + 1.0),
        ] {
            assert!((measure.at(0.0) - at_0).abs() < 1e-15, "{measure:?} at 0");
            assert!((measure.at(ln3) - at_ln3).abs() < 1e-15, "{measure:?} at ln 3");
        }
    }
}
