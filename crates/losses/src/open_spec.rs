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
    pub fn start(&self) -> &Spec {
        &self.start
    }

    /// Where it is open.
    pub(crate) fn places(&self) -> &[Place] {
        &self.open
    }

    /// The names of the parameters that are open.
    pub fn open(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.open.iter().map(|place| place.name)
    }

    /// The spec at a point of the unit cube, with a coordinate for each of the parameters that are
    /// [`open`](OpenSpec::open). What a coordinate becomes is declared with its parameter
    /// ([`ParamInfo::tuned`](crate::ParamInfo::tuned)).
    ///
    /// # Panics
    /// If the point has another number of coordinates.
    #[track_caller]
    pub fn at(&self, point: &[f64]) -> Spec {
        let open = self.open.len();
        assert!(point.len() == open, "{self}: {} coordinates for {open} open parameters", point.len());
        let mut spec = self.start.clone();
        for (place, &share) in self.open.iter().zip(point) {
            let value = place.tuned.at(share);
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
        assert_eq!(spec.start().to_string(), "focal:gamma=2+ohem:ratio=3");
        assert_eq!(spec.open().collect::<Vec<_>>(), ["gamma", "alpha", "ratio"]);
        let closed = open("focal:gamma=1").unwrap();
        assert!(closed.open().next().is_none());
        assert_eq!(closed.at(&[]).to_string(), "focal:gamma=1");
    }

    #[test]
    fn a_point_of_the_unit_cube_is_a_spec_that_can_be_read() {
        let spec = open("focal:gamma=?,alpha=?+ohem:ratio=?").unwrap();
        let at = |point: [f64; 3]| spec.at(&point).to_string();
        assert_eq!(at([0.0, 0.0, 0.0]), "focal:gamma=0,alpha=0.05+ohem:ratio=1");
        assert_eq!(at([1.0, 1.0, 1.0]), "focal:gamma=5,alpha=0.95+ohem:ratio=30");
        // 30^0.5 = 5.477.
        assert_eq!(at([0.333, 0.287, 0.5]), "focal:gamma=1.7,alpha=0.31+ohem:ratio=5.48");
    }

    #[test]
    #[should_panic(expected = "focal:gamma=?: 2 coordinates for 1 open parameters")]
    fn a_point_of_another_dimension_is_a_mistake() {
        drop(open("focal:gamma=?").unwrap().at(&[0.5, 0.5]));
    }

    #[test]
    fn every_parameter_that_can_be_open_gives_specs_that_are_valid() {
        let registry = Registry::standard();
        let opened = |params: &[crate::ParamInfo]| {
            let open = params.iter().filter(|param| param.tuned.is_some());
            let pairs: Vec<String> = open.map(|param| format!("{}=?", param.name)).collect();
            if pairs.is_empty() { String::new() } else { format!(":{}", pairs.join(",")) }
        };
        let losses = registry.losses().map(|loss| format!("{}{}", loss.name(), opened(loss.params())));
        let modifiers = registry.modifiers().iter().map(|m| format!("ce+{}{}", m.name, opened(m.params)));
        for text in losses.chain(modifiers) {
            let spec = open(&text).unwrap();
            for share in [0.0, 0.1, 0.5, 0.9, 1.0] {
                let closed = spec.at(&vec![share; spec.open().len()]).to_string();
                assert_eq!(Spec::parse(&closed, &registry).unwrap().to_string(), closed, "{text} at {share}");
            }
        }
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
