//! The one registry of losses: command line, documents, plots, checks and comparisons iterate it.

use crate::equation::{Equation, Erased};
use crate::loss::{Alpha, Loss, Range};
use crate::modifiers::{self, ModifierInfo};
use crate::zoo;
use std::marker::PhantomData;
use std::sync::Arc;

/// The allowed values of alpha.
pub const ALPHA_RANGE: Range = Range::closed(0.0, 1.0);

/// A set of losses that specs are resolved against. It is a value: a crate extends it by its own.
#[derive(Clone)]
pub struct Registry {
    losses: Vec<Arc<dyn Equation>>,
}

impl Registry {
    /// The losses of this crate.
    pub fn standard() -> Self {
        Self { losses: Vec::new() }.with(zoo::Ce).with(zoo::AlphaCe).with(zoo::Focal)
    }

    /// This registry and one loss more.
    ///
    /// # Panics
    /// If a loss of this name is there already, or its declaration contradicts itself: two names for
    /// one loss, or a default outside its range, is a mistake of the program, not of its user.
    #[track_caller]
    pub fn with<L: Loss<P>, const P: usize>(mut self, _loss: L) -> Self {
        let name = L::INFO.name;
        let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            !name.is_empty() && name.chars().all(well_formed),
            "the name of a loss is like 'my-loss', found '{name}'"
        );
        assert!(self.find(name).is_none(), "a loss named '{name}' is in the registry already");
        for param in &L::INFO.params {
            let default = param.default;
            assert!(
                param.range.contains(default),
                "{name}: default {}={default} lies outside {}",
                param.name,
                param.range
            );
            assert!(param.name != "alpha", "{name}: alpha is declared by `Info::alpha`, not as a parameter");
        }
        if let Alpha::Default(alpha) = L::INFO.alpha {
            assert!(ALPHA_RANGE.contains(alpha), "{name}: default alpha={alpha} lies outside {ALPHA_RANGE}");
        }
        self.losses.push(Arc::new(Erased::<L, P>(PhantomData)));
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

    /// The modifiers that may follow a loss.
    pub fn modifiers(&self) -> &'static [ModifierInfo] {
        modifiers::ALL
    }
}
