//! What is compared if no loss is named.

use losslab_losses::{Registry, Spec, SpecError};
use std::str::FromStr;

/// A set of losses to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossSet {
    /// Cross-entropy, and what the focal loss paper sets against it.
    Quick,
    /// The baselines that a claim for a loss has to stand up to.
    Standard,
    /// Those, every loss with its defaults, and the registry's default reference, cross-entropy, with every
    /// modifier.
    Full,
}

/// What is learnt from, as far as the quick set depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Rows of two classes.
    Binary,
    /// Rows of more classes.
    Classes,
    /// Images with boxes.
    Boxes,
}

const QUICK_BINARY: &[&str] = &["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25", "focal:gamma=2"];
const QUICK_CLASSES: &[&str] = &["ce", "ce+class-balanced", "focal:gamma=2"];
const QUICK_BOXES: &[&str] = &["ce", "alpha-ce:alpha=0.75", "focal:gamma=2,alpha=0.25"];

const STANDARD: &[&str] = &[
    "ce",
    "alpha-ce:alpha=0.75",
    "ce+inverse-freq",
    "ce+class-balanced",
    "focal:gamma=1",
    "focal:gamma=2",
    "focal:gamma=2,alpha=0.25",
    "focal:gamma=2,alpha=0.75",
    "ce+oversample",
    "ce+undersample",
    "ce+prior-bias",
    "ce+logit-adjust",
    "ce+threshold",
    "ce+ohem",
];

impl LossSet {
    /// All of them, with the name on the command line.
    pub const ALL: [(&'static str, LossSet); 3] =
        [("quick", LossSet::Quick), ("standard", LossSet::Standard), ("full", LossSet::Full)];

    /// Its losses, each another one, with those that `bind` refuses left out, and a line for each of these.
    ///
    /// # Errors
    /// If the list names a loss that the registry does not have.
    pub fn losses(
        self,
        kind: ProblemKind,
        registry: &Registry,
        bind: impl Fn(&Spec) -> Result<(), SpecError>,
    ) -> Result<(Vec<Spec>, Vec<String>), SpecError> {
        let quick = match kind {
            ProblemKind::Binary => QUICK_BINARY,
            ProblemKind::Classes => QUICK_CLASSES,
            ProblemKind::Boxes => QUICK_BOXES,
        };
        let named = if self == LossSet::Quick { quick } else { STANDARD };
        let mut specs: Vec<Spec> =
            named.iter().map(|text| Spec::parse(text, registry)).collect::<Result<_, _>>()?;
        if self == LossSet::Full {
            let losses = registry.losses().map(|loss| loss.name().to_owned());
            let reference = registry.default_reference();
            let modified = reference.iter().flat_map(|reference| {
                registry.modifiers().iter().map(move |modifier| format!("{reference}+{}", modifier.name))
            });
            // What has a parameter without a default cannot be tried without one.
            specs.extend(losses.chain(modified).filter_map(|text| Spec::parse(&text, registry).ok()));
        }
        let (mut fit, mut left_out): (Vec<Spec>, Vec<String>) = (Vec::new(), Vec::new());
        for spec in specs {
            if fit.iter().any(|other| other.to_string() == spec.to_string()) {
                continue;
            }
            match bind(&spec) {
                Ok(()) => fit.push(spec),
                Err(error) => left_out.push(format!("left out: {spec}, {}", error.problem)),
            }
        }
        Ok((fit, left_out))
    }
}

impl FromStr for LossSet {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, set)| *set);
        found.ok_or_else(|| losslab_base::unknown("set", text, Self::ALL.map(|(name, _)| name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::table::bind;

    fn names(set: LossSet, kind: ProblemKind, counts: &[u64]) -> (Vec<String>, Vec<String>) {
        let found = set.losses(kind, &Registry::standard(), |spec| bind(spec, counts).map(drop)).unwrap();
        (found.0.iter().map(ToString::to_string).collect(), found.1)
    }

    #[test]
    fn sets_hold_what_fits() {
        let (quick, left_out) = names(LossSet::Quick, ProblemKind::Binary, &[90, 10]);
        assert_eq!(quick, QUICK_BINARY);
        assert!(left_out.is_empty());
        let (standard, left_out) = names(LossSet::Standard, ProblemKind::Binary, &[90, 10]);
        assert_eq!((standard.len(), left_out.len()), (STANDARD.len(), 0), "{left_out:?}");
        let (classes, left_out) = names(LossSet::Standard, ProblemKind::Classes, &[90, 10, 5]);
        assert!(
            left_out.iter().any(|line| line.starts_with("left out: alpha-ce:alpha=0.75, ")),
            "{left_out:?}"
        );
        assert_eq!(classes.len() + left_out.len(), STANDARD.len(), "{left_out:?}");
        assert!(classes.iter().all(|loss| standard.contains(loss)), "{classes:?}");
        let (full, _) = names(LossSet::Full, ProblemKind::Binary, &[90, 10]);
        assert!(standard.iter().all(|loss| full.contains(loss)));
        assert!(full.iter().any(|loss| loss.starts_with("gce")) && full.len() > 20, "{full:?}");
        let mut distinct = full.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), full.len());
    }
}
