//! Classification losses written as one equation, with exact gradients, heads and a registry.
//!
//! Where to read first: [`Pt`] is the variable that equations are written in, [`Loss`] the contract (see
//! `zoo/focal.rs` for a whole loss), [`Spec`] how users name one, [`Criterion`] the pipeline around it.

#![deny(unsafe_code)]

mod batch;
mod criterion;
mod equation;
mod loss;
mod modifiers;
mod op;
mod pt;
mod registry;
mod sigmoid;
mod softmax;
mod spec;
mod zoo;

pub use batch::{Batch, BatchError, Targets};
pub use criterion::{Criterion, Normalizer, Reduction, Scalar};
pub use equation::{Equation, Points};
pub use loss::{Alpha, Head, Heads, Info, Loss, ParamInfo, Range};
pub use modifiers::{ClassCounts, ModifierInfo, Training};
pub use op::{TapeBatch, TapeTargets, criterion};
pub use pt::{Pt, Side};
pub use registry::{ALPHA_RANGE, Registry};
pub use spec::{Spec, SpecError};
pub use zoo::{AlphaCe, Ce, Focal};
