//! Quality focal loss, for soft targets.

use super::{FOCAL_BENDS_DOWN, power};
use crate::{
    Accuracy, Alpha, Curvature, Domain, Heads, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range,
    Side, SoftLoss, TargetKind,
};
use losslab_tensor::Real;

/// QFL(p) = -|y - p|^beta (y log p + (1 - y) log(1 - p)): focal loss whose target y may lie between 0 and 1.
pub struct Qfl;

impl Loss<1> for Qfl {
    const INFO: Info<1> = Info {
        name: "qfl",
        title: "Quality focal loss",
        equation: "QFL(p) = -|y - p|^beta ((1 - y) log(1 - p) + y log(p))",
        source: "Li et al. 2020 (Generalized Focal Loss), QFL",
        params: [ParamInfo {
            name: "beta",
            default: 2.0,
            range: Range::at_least(0.0),
            tuned: Some(Domain::Linear(0.0, 5.0)),
            meaning: "how fast the loss fades as p approaches the target; on hard targets it is focal loss's \
                      gamma",
        }],
        alpha: Alpha::None,
        heads: Heads::SigmoidOnly,
        targets: TargetKind::Soft,
        probabilities: |[beta]| Probabilities::true_if(beta == 0.0),
        limits: "value and gradient are 0 at p = y and lose digits near it, because p is subtracted from y; \
                 beta < 1 has an infinite slope there, and beta = 1 a kink",
        curvature: Some(Curvature::negative_below(
            FOCAL_BENDS_DOWN,
            "as focal loss with gamma = beta; on a soft target the slope jumps at p = y where beta = 1, and \
             is infinite there where beta < 1",
        )),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("beta", Measure::RoundedLogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>(params: [R; 1], t: Pt<R>, side: Side) -> R {
        Self::eval_soft(params, t.at_logit(side), side.pick(R::lift(1.0), R::lift(0.0)))
    }
}

impl SoftLoss<1> for Qfl {
    #[inline(always)]
    fn eval_soft<R: Real>([beta]: [R; 1], p: Pt<R>, y: R) -> R {
        let rest = R::lift(1.0) - y;
        // |y - p|, from the smaller of p and 1 - p, so that hard targets keep every digit.
        let distance = R::select(y > R::lift(0.5), p.q - rest, p.p - y).abs();
        -power(distance, beta) * (y * p.log_p + rest * p.log_q)
    }
}
