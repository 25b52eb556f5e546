//! Matrix products and convolutions for `f32` and `f64`, each compiled once, in this crate.
//!
//! Rust compiles a generic function again in every crate that calls it, and these kernels are long. So the
//! public functions of [`gemm`](crate::gemm) and [`conv`](crate::conv) call a method of [`Compiled`], whose
//! two implementations are not generic. A program that is itself compiled without optimisation therefore
//! still calls optimised kernels.

use crate::conv::{self, grouped};
use crate::gemm::{self, Finish, Matrix, Start};
use crate::window::Windows;
use crate::{Float, Workers};

/// Declares the kernels once: as methods of [`Compiled`], and implemented for each number type by the generic
/// function behind `=`.
macro_rules! compiled {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $kind:ty),*) = $generic:path;)*) => {
        /// Number types for which this crate compiles the long kernels. Call the functions that each method
        /// names: they check their arguments.
        pub trait Compiled: Sized {
            $($(#[$doc])* fn $name($($arg: $kind),*) where Self: Float;)*
        }
        impl Compiled for f32 {
            $(fn $name($($arg: $kind),*) { $generic($($arg),*) })*
        }
        impl Compiled for f64 {
            $(fn $name($($arg: $kind),*) { $generic($($arg),*) })*
        }
    };
}

compiled! {
    /// [`gemm::product`](crate::gemm::product); the sizes have been checked.
    fn product(workers: &Workers, a: Matrix<'_, Self>, b: Matrix<'_, Self>, c: &mut [Self],
        start: Start<'_, Self>, finish: Finish) = gemm::checked_product;
    /// [`conv::forward`](crate::conv::forward).
    fn conv_forward(workers: &Workers, w: &Windows, x: &[Self], weight_and_bias: [&[Self]; 2],
        finish: Finish, y: &mut [Self]) = conv::forward_of;
    /// [`conv::input_gradient`](crate::conv::input_gradient).
    fn conv_input_gradient(workers: &Workers, w: &Windows, transposed: &[Self], dy: &[Self],
        dx: &mut [Self]) = conv::input_gradient_of;
    /// [`conv::weight_gradient`](crate::conv::weight_gradient).
    fn conv_weight_gradient(workers: &Workers, w: &Windows, x: &[Self], dy: &[Self],
        dw: &mut [Self]) = conv::weight_gradient_of;
    /// [`grouped::forward`](crate::conv::grouped::forward).
    fn grouped_forward(w: &Windows, groups: usize, x: &[Self], weight: &[Self],
        y: &mut [Self]) = grouped::forward_of;
    /// [`grouped::weight_gradient`](crate::conv::grouped::weight_gradient).
    fn grouped_weight_gradient(w: &Windows, groups: usize, x: &[Self], dy: &[Self],
        dw: &mut [Self]) = grouped::weight_gradient_of;
    /// [`grouped::input_gradient`](crate::conv::grouped::input_gradient).
    fn grouped_input_gradient(w: &Windows, groups: usize, weight: &[Self], dy: &[Self],
        dx: &mut [Self]) = grouped::input_gradient_of;
}
