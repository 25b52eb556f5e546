//! Specs that leave parameters open, for tuning: `focal:gamma=?,alpha=0.25`.

use crate::registry::Registry;
use crate::spec::{Place, Spec, SpecError};
use std::fmt;

/// A spec in which a question mark stands for parameters that tuning is to choose.
///
/// [`Display`](fmt::Display) prints the canonical spec, question marks included.
#[derive(Clone)]
pub struct OpenSpec {
    start: Spec,
    open: Vec<Place>,
}

/// Steps s of the sequences frac(k s) that parameters are drawn by. For d parameters these are the powers of
/// 1 / g, where g is the root of g^(d + 1) = g + 1: they fill the unit cube evenly (Roberts 2018). More than
/// three take turns.
fn steps(parameters: usize) -> &'static [f64] {
    match parameters {
        0 | 1 => &[0.618_033_988_749_894_9],
        2 => &[0.754_877_666_246_692_8, 0.569_840_290_998_053_3],
        _ => &[0.819_172_513_396_164_5, 0.671_043_606_703_789_2, 0.549_700_477_901_970_2],
    }
}

impl OpenSpec {
    /// Reads a spec as [`Spec::parse`] does, in which a value may also be `?`.
    ///
    /// # Errors
    /// Those of [`Spec::parse`], and if a parameter that tuning has no values for is left open.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, SpecError> {
        let (start, mut open) = Spec::read(text, registry)?;
        // In the order of the canonical spec, so that specs that print the same draw the same.
        open.sort_by_key(|place| (place.part, place.index.unwrap_or(usize::MAX)));
        Ok(Self { start, open })
    }

    /// The spec with the defaults of what is open.
    pub(crate) fn start(&self) -> &Spec {
        &self.start
    }

    /// Where it is open.
    pub(crate) fn places(&self) -> &[Place] {
        &self.open
    }

    /// The names of the parameters that are open.
    pub fn open(&self) -> impl Iterator<Item = &'static str> {
        self.open.iter().map(|place| place.name)
    }

    /// The spec of a trial. The first, 0, has the defaults; the others draw each open parameter from the
    /// values that its declaration lists ([`ParamInfo::tuned`](crate::ParamInfo::tuned)), in an order that is
    /// fixed and covers them evenly.
    pub fn trial(&self, trial: usize) -> Spec {
        let mut spec = self.start.clone();
        if trial == 0 {
            return spec;
        }
        for (place, step) in self.open.iter().zip(steps(self.open.len()).iter().cycle()) {
            let share = (trial as f64 * step).fract();
            let value = place.tuned[(share * place.tuned.len() as f64) as usize];
            match (place.part, place.index) {
                (0, None) => spec.alpha = Some(value),
                (0, Some(index)) => spec.params[index] = value,
                (part, index) => spec.modifiers[part - 1].1[index.unwrap_or_default()] = value,
            }
        }
        spec
    }
}

impl From<Spec> for OpenSpec {
    fn from(start: Spec) -> Self {
        Self { start, open: Vec::new() }
    }
}

impl fmt::Display for OpenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.start.write(f, &self.open)
    }
}

impl fmt::Debug for OpenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Result<OpenSpec, SpecError> {
        OpenSpec::parse(text, &Registry::standard())
    }

    #[test]
    fn an_open_spec_prints_its_question_marks_and_starts_from_the_defaults() {
        let spec = open("focal:alpha=?,gamma=?+ohem:ratio=?").unwrap();
        assert_eq!(spec.to_string(), "focal:gamma=?,alpha=?+ohem:ratio=?");
        assert_eq!(open(&spec.to_string()).unwrap().to_string(), spec.to_string());
        // No alpha is the default of alpha.
        assert_eq!(spec.trial(0).to_string(), "focal:gamma=2+ohem:ratio=3");
        assert_eq!(spec.open().collect::<Vec<_>>(), ["gamma", "alpha", "ratio"]);
        let closed = open("focal:gamma=1").unwrap();
        assert!(closed.open().next().is_none());
        assert_eq!(closed.trial(5).to_string(), "focal:gamma=1");
    }

    #[test]
    fn a_draw_closes_the_parameter_of_the_modifier_that_left_it_open() {
        let spec = open("focal+ohem:ratio=?").unwrap();
        let drawn: Vec<String> = (1..=3).map(|trial| spec.trial(trial).to_string()).collect();
        assert!(drawn.iter().all(|spec| spec.starts_with("focal:gamma=2+ohem:ratio=")), "{drawn:?}");
        assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2], "{drawn:?}");
    }

    #[test]
    fn every_value_is_drawn_and_the_draws_are_distinct() {
        let spec = open("focal:gamma=?,alpha=?").unwrap();
        let mut drawn: Vec<String> = (1..=16).map(|trial| spec.trial(trial).to_string()).collect();
        for value in ["gamma=0.5", "gamma=1,", "gamma=2", "gamma=3", "gamma=5", "alpha=0.1", "alpha=0.9"] {
            assert!(drawn.iter().any(|spec| spec.contains(value)), "{value}: {drawn:?}");
        }
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), 16, "{drawn:?}");
        let one = open("focal:gamma=?").unwrap();
        let mut first: Vec<String> = (1..=5).map(|trial| one.trial(trial).to_string()).collect();
        first.sort();
        first.dedup();
        assert_eq!(first.len(), 5, "one parameter: all five values before any comes again");
    }

    #[test]
    fn what_cannot_be_open_is_refused() {
        let problem = |text: &str| open(text).unwrap_err().problem;
        assert_eq!(problem("ce+threshold:at=?"), "threshold: at cannot be tuned; expected a number");
        assert_eq!(problem("ce:gamma=?"), "ce has no parameter 'gamma'; it has none");
        let closed = Spec::parse("focal:gamma=?", &Registry::standard()).unwrap_err();
        assert_eq!(closed.problem, "gamma=? leaves gamma open, which only tuning closes; expected a number");
    }
}
