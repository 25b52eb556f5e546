//! Cross-entropy, plain and alpha-balanced.

use crate::{Alpha, Info, Loss, Pt, Side};
use losslab_tensor::Real;

/// CE(p_t) = -log p_t.
pub struct Ce;

impl Loss<0> for Ce {
    const INFO: Info<0> = Info {
        name: "ce",
        title: "Cross-entropy",
        equation: "CE(p_t) = -log(p_t)",
        source: "Lin et al. 2017, eq. 1",
        alpha: Alpha::None,
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([]: [R; 0], t: Pt<R>, _side: Side) -> R {
        -t.log_p
    }
}

/// CE(p_t) = -alpha_t log p_t: alpha weighs the classes, it cannot tell easy from hard.
///
/// The default of 0.75 is the best of Lin et al. 2017, table 1a.
pub struct AlphaCe;

impl Loss<0> for AlphaCe {
    const INFO: Info<0> = Info {
        name: "alpha-ce",
        title: "Alpha-balanced cross-entropy",
        equation: "CE(p_t) = -alpha_t log(p_t)",
        source: "Lin et al. 2017, eq. 3",
        alpha: Alpha::Default(0.75),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([]: [R; 0], t: Pt<R>, _side: Side) -> R {
        -t.log_p
    }
}
