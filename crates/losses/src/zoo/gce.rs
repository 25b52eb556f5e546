//! Generalised cross-entropy, for noisy labels.

use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_tensor::Real;

/// L_q(p_t) = (1 - p_t^q) / q: cross-entropy as q -> 0, mean absolute error 1 - p_t at q = 1.
pub struct Gce;

impl Loss<1> for Gce {
    const INFO: Info<1> = Info {
        name: "gce",
        title: "Generalised cross-entropy",
        equation: "L_q = (1 - p_t^q) / q",
        source: "Zhang & Sabuncu 2018, L_q loss",
        params: [ParamInfo {
            name: "q",
            default: 0.7,
            range: Range::up_to(0.0, 1.0),
            tuned: Some(Domain::Linear(0.1, 1.0)),
            meaning: "robustness against wrong labels; towards 0: cross-entropy, 1: mean absolute error",
        }],
        probabilities: |[q]| match q {
            1.0 => Probabilities::Biased,
            _ => Probabilities::Invertible(log_h),
        },
        fades_when_wrong: true,
        limits: "the gradient p_t^q (1 - p_t) vanishes as p_t -> 1 and, by design, as p_t -> 0; accurate for \
                 every q, small ones included (subnormal values, p_t beyond 1 - 1e-38, to 1 / 2q units)",
        curvature: Some(Curvature::negative_below(-0.3567, "negative for p_t < q / (1 + q)")),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("q", Measure::LogP)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([q]: [R; 1], t: Pt<R>, _side: Side) -> R {
        -(q * t.log_p).exp_m1() / q
    }
}

/// log of h(r) = r^(1 - q) = -1 / L_q'(r). At q = 1 it is the same for every r: the least expected loss is at
/// the corners, and nothing leads back.
fn log_h(params: &[f64], log_r: f64, _: f64) -> f64 {
    (1.0 - params[0]) * log_r
}
