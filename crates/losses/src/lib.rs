//! Classification losses written as one equation, with exact gradients, heads and a registry.
//!
//! Where to read first: [`Pt`] is the variable that equations are written in, [`Loss`] the contract (see
//! `zoo/focal.rs` for a whole loss), [`Spec`] how users name one, [`Criterion`] the pipeline around it.
//!
//! A loss of your own, from another crate, is its equation and a line that registers it:
//!
//! ```
//! use losslab_losses::{
//!     Batch, Criterion, Head, Info, Loss, Normalizer, Probabilities, Pt, Reduction, Registry, Side, Spec,
//!     Targets,
//! };
//! use losslab_tensor::Real;
//!
//! struct Brier;
//! impl Loss<0> for Brier {
//!     const INFO: Info<0> = Info {
//!         name: "brier",
//!         title: "Squared error of the probability",
//!         equation: "L = (1 - p_t)^2",
//!         source: "Brier 1950",
//!         probabilities: |_| Probabilities::TrueOfTwo,
//!         ..Info::EMPTY
//!     };
//!     #[inline(always)]
//!     fn eval<R: Real>([]: [R; 0], t: Pt<R>, _: Side) -> R {
//!         t.q * t.q
//!     }
//! }
//!
//! let registry = Registry::standard().with(Brier);
//! let spec = Spec::parse("brier:alpha=0.75", &registry).unwrap();
//! let mean = Reduction::Mean(Normalizer::Elements);
//! let criterion = Criterion::new(&spec, Head::Sigmoid, &[90, 10], mean).unwrap();
//!
//! let (logits, targets) = ([0.0, -2.0f64], [1.0, 0.0]);
//! let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
//! let batch = Batch { logits: &logits, targets, weights: None, valid: None };
//! let mut grad = [0.0; 2];
//! let loss = criterion.evaluate(&batch, None, &mut grad).unwrap();
//!
//! let p = 1.0 / (1.0 + 2.0f64.exp()); // of the second logit; the first has p = 1/2
//! assert!((loss - (0.75 * 0.25 + 0.25 * p * p) / 2.0).abs() < 1e-15);
//! assert!((grad[0] - -0.75 * 0.25 / 2.0).abs() < 1e-15);
//! assert!((grad[1] - 0.25 * 2.0 * p * p * (1.0 - p) / 2.0).abs() < 1e-15);
//! ```

#![deny(unsafe_code)]

mod batch;
mod chunks;
mod criterion;
mod describe;
mod equation;
mod erased;
mod evaluate;
mod info;
mod inverse;
mod loss;
mod margins;
mod mining;
mod modifiers;
mod op;
mod open_spec;
mod param_gradient;
mod probabilities;
mod pt;
mod registry;
mod second;
mod set;
mod sigmoid;
mod soft;
mod softmax;
mod spec;
mod zoo;

pub use batch::{Batch, BatchError, Targets};
pub use criterion::{Criterion, Normalizer, Reduction, Scalar};
pub use describe::{ModifierDescription, ParamDescription, SpecDescription};
pub use equation::{Block, BySide, Declaration, Equation, Points, SetEquation, SoftEquation, SoftPoints};
pub use info::{Accuracy, Alpha, Curvature, Head, Heads, Info, Measure, ParamInfo, Range, TargetKind};
pub use inverse::Inverse;
pub use loss::{Confusion, Loss, SetLoss, Shift, SoftLoss};
/// The values that tuning tries of a parameter.
pub use losslab_base::Domain;
pub use modifiers::{
    BatchWeights, ClassCounts, Decision, Effect, Keep, ModifierInfo, ProbabilityEffect, Stage, Training,
};
pub use op::{TapeBatch, TapeTargets, criterion};
pub use open_spec::OpenSpec;
pub use probabilities::{LogH, Probabilities};
pub use pt::{Pt, Side};
pub use registry::{ALPHA_RANGE, ALPHA_TUNED, Registry};
pub use second::SecondDerivatives;
pub use spec::{Spec, SpecError};
pub use zoo::{
    AlphaCe, Asl, Ce, Dice, DualFocal, Focal, FocalStar, Gce, HingeP, Ldam, Poly1, Poly1Focal, Qfl,
    ReducedFocal, Vfl, dice,
};

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
