//! The one registry of losses: command line, documents, plots, checks and comparisons iterate it.

use crate::equation::{Declaration, Equation};
use crate::erased::{Hard, Set, Soft};
use crate::info::{Alpha, Head, Range, TargetKind};
use crate::loss::{Loss, SetLoss, SoftLoss};
use crate::modifiers::{self, ModifierInfo};
use crate::zoo;
use std::marker::PhantomData;
use std::sync::Arc;

/// The allowed values of alpha.
pub const ALPHA_RANGE: Range = Range::closed(0.0, 1.0);

/// The values of alpha that tuning draws from where a spec leaves it open.
pub const ALPHA_TUNED: &[f64] = &[0.1, 0.25, 0.5, 0.75, 0.9];

/// A set of losses that specs are resolved against. It is a value: a crate extends it by its own.
#[derive(Clone)]
pub struct Registry {
    losses: Vec<Arc<dyn Equation>>,
}

impl Registry {
    /// The losses of this crate.
    pub fn standard() -> Self {
        Self { losses: Vec::new() }
            .with_soft(zoo::Ce)
            .with(zoo::AlphaCe)
            .with(zoo::Focal)
            .with(zoo::FocalStar)
            .with(zoo::Poly1)
            .with(zoo::Poly1Focal)
            .with(zoo::Gce)
            .with(zoo::ReducedFocal)
            .with(zoo::Asl)
            .with(zoo::Ldam)
            .with(zoo::DualFocal)
            .with_soft(zoo::Qfl)
            .with_soft(zoo::Vfl)
            .with(zoo::HingeP)
            .with_set(zoo::Dice)
    }

    /// This registry and one loss more.
    ///
    /// # Panics
    /// If a loss of this name is there already, or its declaration contradicts itself: two names for
    /// one loss, or a default outside its range, is a mistake of the program, not of its user.
    #[track_caller]
    pub fn with<L: Loss<P>, const P: usize>(self, _loss: L) -> Self {
        self.add(Hard::<L, P>(PhantomData), TargetKind::Hard)
    }

    /// This registry and one loss more, which takes soft targets.
    ///
    /// # Panics
    /// As [`Registry::with`].
    #[track_caller]
    pub fn with_soft<L: SoftLoss<P>, const P: usize>(self, _loss: L) -> Self {
        self.add(Soft::<L, P>(PhantomData), TargetKind::Soft)
    }

    /// This registry and one loss more, which is one number for a whole batch.
    ///
    /// # Panics
    /// As [`Registry::with`], and if it declares a curve or the softmax head.
    #[track_caller]
    pub fn with_set<L: SetLoss<P>, const P: usize>(self, _loss: L) -> Self {
        let info = L::INFO;
        assert!(
            !info.has_curve && !info.heads.contains(Head::Softmax),
            "{}: a loss of a whole batch has no curve and no softmax form",
            info.name
        );
        self.add(Set::<L, P>(PhantomData), TargetKind::Hard)
    }

    #[track_caller]
    fn add(mut self, loss: impl Equation + 'static, targets: TargetKind) -> Self {
        let Declaration { name, params, alpha, .. } = loss.declaration();
        let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            !name.is_empty() && name.chars().all(well_formed),
            "the name of a loss is like 'my-loss', found '{name}'"
        );
        assert!(self.find(name).is_none(), "a loss named '{name}' is in the registry already");
        assert!(
            loss.targets() == targets,
            "{name} declares {:?} targets: register soft losses with `with_soft`, others with `with`",
            loss.targets()
        );
        assert!(
            loss.soft().is_none() || !loss.needs_counts(),
            "{name}: soft losses cannot shift the margin by class"
        );
        assert!(
            loss.set().is_none() || alpha == Alpha::None,
            "{name}: a loss of a whole batch takes no alpha"
        );
        for param in params {
            let default = param.default;
            assert!(
                param.range.contains(default),
                "{name}: default {}={default} lies outside {}",
                param.name,
                param.range
            );
            assert!(
                param.tuned.iter().all(|&value| param.range.contains(value)),
                "{name}: {} is tuned over {:?}, beyond {}",
                param.name,
                param.tuned,
                param.range
            );
            assert!(param.name != "alpha", "{name}: alpha is declared by `Info::alpha`, not as a parameter");
        }
        if let Alpha::Default(alpha) = alpha {
            assert!(ALPHA_RANGE.contains(alpha), "{name}: default alpha={alpha} lies outside {ALPHA_RANGE}");
        }
        self.losses.push(Arc::new(loss));
        self
    }

    /// All losses, in the order of registration.
    pub fn losses(&self) -> impl Iterator<Item = &Arc<dyn Equation>> {
        self.losses.iter()
    }

    /// The loss of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Equation>> {
        self.losses.iter().find(|loss| loss.name() == name)
    }

    /// The modifiers that may follow a loss; one with several forms is listed once per form.
    pub fn modifiers(&self) -> &'static [ModifierInfo] {
        modifiers::ALL
    }
}
