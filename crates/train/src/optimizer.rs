//! The optimisers by name.

use losslab_autograd::optim::{Adam, Optimizer, Sgd};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// The optimisers by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Momentum 0.9, no weight decay.
    Sgd,
    /// No weight decay.
    Adam,
    /// Weight decay 0.01, decoupled.
    AdamW,
}

impl OptimizerKind {
    /// All of them, with the name on the command line.
    pub const ALL: [(&'static str, OptimizerKind); 3] =
        [("sgd", OptimizerKind::Sgd), ("adam", OptimizerKind::Adam), ("adamw", OptimizerKind::AdamW)];

    /// A fresh optimiser with this weight decay: added to the gradient, with AdamW decoupled.
    pub fn build_with_decay(self, decay: f64) -> Box<dyn Optimizer<f32>> {
        match self {
            OptimizerKind::Sgd => Box::new(Sgd::new(0.9, decay)),
            OptimizerKind::Adam => Box::new(Adam::new(decay)),
            OptimizerKind::AdamW => Box::new(Adam::decoupled(decay)),
        }
    }

    /// Moments that it keeps for each weight.
    pub fn moments(self) -> usize {
        match self {
            OptimizerKind::Sgd => 1,
            OptimizerKind::Adam | OptimizerKind::AdamW => 2,
        }
    }

    /// The weight decay of models of rows, unless another is given.
    pub fn default_decay(self) -> f64 {
        match self {
            OptimizerKind::Sgd | OptimizerKind::Adam => 0.0,
            OptimizerKind::AdamW => 0.01,
        }
    }

    /// A fresh optimiser with its default weight decay.
    pub fn build(self) -> Box<dyn Optimizer<f32>> {
        self.build_with_decay(self.default_decay())
    }
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for OptimizerKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
        found.ok_or_else(|| losslab_base::unknown("optimizer", text, Self::ALL.map(|(name, _)| name)))
    }
}

impl<'de> Deserialize<'de> for OptimizerKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for OptimizerKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
