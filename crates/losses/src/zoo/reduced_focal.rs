//! Reduced focal loss: hard examples keep their cross-entropy.

use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_tensor::Real;

/// L = -f(p_t) log p_t with f = 1 below the threshold and ((1 - p_t) / threshold)^gamma from it on.
pub struct ReducedFocal;

impl Loss<2> for ReducedFocal {
    const INFO: Info<2> = Info {
        name: "reduced-focal",
        title: "Reduced focal loss",
        equation: "L = -alpha_t f(p_t) log(p_t), f = 1 if p_t < threshold else ((1 - p_t) / threshold)^gamma",
        source: "Sergievskiy & Ponamarev 2019",
        params: [
            ParamInfo {
                name: "gamma",
                default: 2.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 5.0)),
                meaning: "how fast the loss of easy examples fades",
            },
            ParamInfo {
                name: "threshold",
                default: 0.5,
                range: Range::open(0.0, 1.0),
                tuned: Some(Domain::Linear(0.1, 0.9)),
                meaning: "p_t below which it is cross-entropy; the loss is continuous at 0.5 only",
            },
        ],
        probabilities: |[gamma, _]| Probabilities::true_if(gamma == 0.0),
        limits: "the gradient vanishes only as p_t -> 1; at p_t = threshold it jumps, and the value too \
                 unless the threshold is 0.5; the accuracy is that of thresholds from 0.1 on",
        curvature: Some(Curvature {
            words: "at p_t = threshold the slope jumps down where gamma > 0; below, the second derivative is \
                    that of cross-entropy, positive, above that of focal loss",
            kinks: &[0.0],
            ..Curvature::convex("")
        }),
        accuracy: Some(Accuracy { ulps: 6.0, growing: &[("gamma", Measure::RoundedLogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma, threshold]: [R; 2], t: Pt<R>, _side: Side) -> R {
        let easy = (gamma * (t.log_q - threshold.ln())).exp();
        -R::select(t.p < threshold, R::lift(1.0), easy) * t.log_p
    }
}
