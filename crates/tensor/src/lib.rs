//! Shapes, buffers, SIMD maths and matrix products for losslab; knows no gradients.
//!
//! Where to read first: [`Real`] is the arithmetic that equations are written in, [`Dual`] makes it
//! differentiate, [`kernel`] compiles it for an instruction set, [`gemm`] multiplies matrices.
//! Nothing here touches a file, a clock, the environment or a global random generator.

mod compiled;
pub mod conv;
mod float;
pub mod gemm;
pub mod init;
pub mod kernel;
mod lines;
mod reduce;
mod shape;
mod shards;
pub mod short_rows;
mod tensor;
pub mod transpose;
pub mod window;
mod workers;

pub use compiled::Compiled;
pub use float::Float;
pub use kernel::{Isa, Kernel, prefetch, prefetch_to_write};
pub use lines::{Lines, OnLines};
pub use losslab_base::{Dual, Fused, Lane, Real, math, rng};
pub use reduce::sum;
pub use shape::{MAX_RANK, Shape};
pub use tensor::Tensor;
pub use workers::Workers;

/// The examples of README.md are tests, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
