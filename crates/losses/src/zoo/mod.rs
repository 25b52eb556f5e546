//! The losses, one file each. A new one: its file, and its line in [`crate::Registry::standard`].

mod asl;
mod ce;
mod dice;
mod dual_focal;
mod focal;
mod focal_star;
mod gce;
mod hinge_p;
mod ldam;
mod poly1;
mod qfl;
mod reduced_focal;
mod vfl;

pub use asl::Asl;
pub(crate) use ce::SmoothCe;
pub use ce::{AlphaCe, Ce};
pub use dice::{Dice, dice};
pub use dual_focal::DualFocal;
pub use focal::Focal;
pub use focal_star::FocalStar;
pub use gce::Gce;
pub use hinge_p::HingeP;
pub use ldam::Ldam;
pub use poly1::{Poly1, Poly1Focal};
pub use qfl::Qfl;
pub use reduced_focal::ReducedFocal;
pub use vfl::Vfl;

use losslab_tensor::Real;

/// The margin below which the second derivative of focal loss at gamma = 2 is negative.
const FOCAL_BENDS_DOWN: f64 = -2.79;

/// x^a for x >= 0: at x = 0 it is 0 with derivative 0, or 1 if a = 0. NaN gives NaN.
#[inline(always)]
fn power<R: Real>(x: R, a: R) -> R {
    let (zero, one) = (R::lift(0.0), R::lift(1.0));
    let y = (a * R::select(x <= zero, one, x).ln()).exp();
    R::select(x <= zero, R::select(a > zero, zero, one), y)
}

#[cfg(test)]
mod tests {
    use super::power;

    #[test]
    fn powers_of_zero() {
        for (x, a, expected) in [(0.0, 0.5, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.5, 1.0)] {
            assert_eq!(power(x, a), expected, "{x} to the {a}");
        }
        assert!(power(f64::NAN, 0.5).is_nan());
    }
}
