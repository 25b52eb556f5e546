//! Cross-entropy: plain, alpha-balanced, and with smoothed labels.

use crate::{
    Accuracy, Alpha, Curvature, Info, Loss, ParamInfo, Probabilities, Pt, Range, Side, SoftLoss, TargetKind,
};
use losslab_tensor::Real;

/// CE(p_t) = -log p_t; on a soft target y, -(y log p + (1 - y) log(1 - p)).
pub struct Ce;

impl Loss<0> for Ce {
    const INFO: Info<0> = Info {
        name: "ce",
        title: "Cross-entropy",
        equation: "CE(p_t) = -log(p_t)",
        source: "Lin et al. 2017, eq. 1",
        alpha: Alpha::None,
        targets: TargetKind::Soft,
        probabilities: |_| Probabilities::True,
        may_be_smoothed: true,
        limits: "the gradient, 1 - p_t, vanishes only as p_t -> 1; well conditioned everywhere (on a soft \
                 target, digits are lost at p = y, where the gradient is 0)",
        curvature: Some(Curvature::convex("positive everywhere: p_t (1 - p_t), on a soft target too")),
        accuracy: Some(Accuracy::ulps(4.0)),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([]: [R; 0], t: Pt<R>, _side: Side) -> R {
        -t.log_p
    }
}

impl SoftLoss<0> for Ce {
    #[inline(always)]
    fn eval_soft<R: Real>([]: [R; 0], p: Pt<R>, y: R) -> R {
        -(y * p.log_p + (R::lift(1.0) - y) * p.log_q)
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
        probabilities: |_| Probabilities::True,
        may_be_smoothed: true,
        limits: "as cross-entropy; alpha of 0 or 1 silences one side",
        curvature: Some(Curvature::convex("positive everywhere: alpha_t p_t (1 - p_t)")),
        accuracy: Some(Accuracy::ulps(4.0)),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([]: [R; 0], t: Pt<R>, _side: Side) -> R {
        -t.log_p
    }
}

/// Cross-entropy on a target of 1 - h for the true class and h for all others together: what `+smooth`
/// evaluates.
///
/// CE = -((1 - h) log p_t + h log(1 - p_t)).
pub(crate) struct SmoothCe;

impl Loss<1> for SmoothCe {
    const INFO: Info<1> = Info {
        name: "smoothed-ce",
        params: [ParamInfo {
            name: "h",
            default: 0.05,
            range: Range::closed(0.0, 1.0),
            tuned: None,
            meaning: "probability that the target gives to the other classes",
        }],
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([h]: [R; 1], t: Pt<R>, _side: Side) -> R {
        -((R::lift(1.0) - h) * t.log_p + h * t.log_q)
    }
}

impl SoftLoss<1> for SmoothCe {
    #[inline(always)]
    fn eval_soft<R: Real>([h]: [R; 1], p: Pt<R>, y: R) -> R {
        let one = R::lift(1.0);
        // y (1 - h) + (1 - y) h, and one minus it.
        let (positive, negative) = (y * (one - h) + (one - y) * h, (one - y) * (one - h) + y * h);
        -(positive * p.log_p + negative * p.log_q)
    }
}
