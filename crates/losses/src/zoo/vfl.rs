//! Varifocal loss, for soft targets.

use super::FOCAL_BENDS_DOWN;
use crate::{
    Accuracy, Alpha, BySide, Curvature, Domain, Heads, Info, Loss, Measure, ParamInfo, Probabilities, Pt,
    Range, Side, SoftLoss, TargetKind,
};
use losslab_tensor::Real;

/// VFL(p, y) = -y (y log p + (1 - y) log(1 - p)) for y > 0, else -weight p^gamma log(1 - p): only negatives
/// fade, and positives count by their quality y.
pub struct Vfl;

impl Loss<2> for Vfl {
    const INFO: Info<2> = Info {
        name: "vfl",
        title: "Varifocal loss",
        equation: "VFL(p) = -y (y log(p) + (1 - y) log(1 - p)) if y > 0 else -weight p^gamma log(1 - p)",
        source: "Zhang et al. 2021 (VarifocalNet), eq. 2",
        params: [
            ParamInfo {
                name: "gamma",
                default: 2.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 5.0)),
                meaning: "how fast the loss of easy negatives fades",
            },
            ParamInfo {
                name: "weight",
                default: 0.75,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.1, 1.0)),
                meaning: "of negatives; alpha in the paper",
            },
        ],
        alpha: Alpha::None,
        heads: Heads::SigmoidOnly,
        targets: TargetKind::Soft,
        probabilities: |params| Probabilities::true_if(params == [0.0, 1.0]),
        moves_threshold: true,
        limits: "the gradient of a positive is 0 at p = y and loses digits near it; it jumps as y -> 0",
        curvature: Some(Curvature {
            words: "positive for positives, y p (1 - p); negative on confidently wrong negatives where \
                    gamma > 0",
            negative_below: BySide { negative: Some(FOCAL_BENDS_DOWN), positive: None },
            kinks: &[],
        }),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("gamma", Measure::LogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>(params: [R; 2], t: Pt<R>, side: Side) -> R {
        Self::eval_soft(params, t.at_logit(side), side.pick(R::lift(1.0), R::lift(0.0)))
    }
}

impl SoftLoss<2> for Vfl {
    #[inline(always)]
    fn eval_soft<R: Real>([gamma, weight]: [R; 2], p: Pt<R>, y: R) -> R {
        let positive = -y * (y * p.log_p + (R::lift(1.0) - y) * p.log_q);
        let negative = -weight * (gamma * p.log_p).exp() * p.log_q;
        R::select(y > R::lift(0.0), positive, negative)
    }
}
