//! Focal loss.

use super::FOCAL_BENDS_DOWN;
use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_base::math::{exp_f64, ln_1p_f64};
use losslab_tensor::Real;

/// FL(p_t) = -(1 - p_t)^gamma log p_t: the factor fades easy examples out, gamma says how fast.
pub struct Focal;

impl Loss<1> for Focal {
    const INFO: Info<1> = Info {
        name: "focal",
        title: "Focal loss",
        equation: "FL(p_t) = -alpha_t (1 - p_t)^gamma log(p_t)",
        source: "Lin et al. 2017, eq. 4 and 5",
        params: [ParamInfo {
            name: "gamma",
            default: 2.0,
            range: Range::at_least(0.0),
            tuned: Some(Domain::Linear(0.0, 5.0)),
            meaning: "how fast the loss of easy examples fades; 0 is cross-entropy",
        }],
        probabilities: |[gamma]| match gamma {
            0.0 => Probabilities::True,
            _ => Probabilities::Invertible(log_h),
        },
        limits: "the gradient vanishes only as p_t -> 1, like (1 - p_t)^(gamma + 1); a relative error of the \
                 power of gamma |log(1 - p_t)| ulp; at gamma = 0 it is cross-entropy, bit by bit",
        curvature: Some(Curvature::negative_below(
            FOCAL_BENDS_DOWN,
            "negative on confidently wrong predictions where gamma > 0: for p_t < 0.058 at gamma = 2",
        )),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("gamma", Measure::LogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma]: [R; 1], t: Pt<R>, _side: Side) -> R {
        -t.q_pow(gamma) * t.log_p
    }
}

/// log of h(r) = r / ((1-r)^gamma - gamma (1-r)^(gamma-1) r log r) = -1 / FL'(r) (Charoenphakdee et al. 2021,
/// "On focal loss for class-posterior probability estimation").
///
/// log r - gamma log(1-r) - log(1 + gamma r (-log r) / (1-r)), which neither over- nor underflows: the last
/// fraction tends to 1 as r does.
fn log_h(params: &[f64], log_r: f64, log_rest: f64) -> f64 {
    let gamma = params[0];
    let (r, rest) = (exp_f64(log_r), exp_f64(log_rest));
    let fraction = if rest < 1e-15 { 1.0 } else { -log_r / rest };
    log_r - gamma * log_rest - ln_1p_f64(gamma * r * fraction)
}
