//! PolyLoss: the first coefficient of the expansion of CE or FL in powers of 1 - p_t is changed.

use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_base::math::{exp_f64, ln_1p_f64, ln_f64};
use losslab_tensor::Real;

const EPSILON: ParamInfo = ParamInfo {
    name: "epsilon",
    default: 1.0,
    range: Range::at_least(-1.0),
    tuned: Some(Domain::Linear(-0.5, 4.0)),
    meaning: "what is added to the coefficient of the first power; 0 changes nothing",
};

/// L = -log p_t + epsilon (1 - p_t).
pub struct Poly1;

impl Loss<1> for Poly1 {
    const INFO: Info<1> = Info {
        name: "poly1",
        title: "Poly-1 cross-entropy",
        equation: "L = -log(p_t) + epsilon (1 - p_t)",
        source: "Leng et al. 2022, Poly-1",
        params: [EPSILON],
        probabilities: |[epsilon]| match epsilon {
            0.0 => Probabilities::True,
            _ => Probabilities::Invertible(log_h),
        },
        limits: "the gradient vanishes only as p_t -> 1; with epsilon near -1 value and gradient lose digits \
                 there, because two nearly equal numbers are subtracted",
        curvature: Some(Curvature::convex(
            "negative for p_t < (epsilon - 1) / (2 epsilon) where epsilon > 1, else positive everywhere",
        )),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[], absolute: 5e-7 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([epsilon]: [R; 1], t: Pt<R>, _side: Side) -> R {
        -t.log_p + epsilon * t.q
    }
}

/// log of h(r) = r / (1 + epsilon r) = -1 / L'(r), where 1 + epsilon r = (1 - r) + (1 + epsilon) r is a sum
/// of two positive terms, taken from their logarithms because both may underflow.
fn log_h(params: &[f64], log_r: f64, log_rest: f64) -> f64 {
    let scaled = ln_f64(1.0 + params[0]) + log_r;
    let larger = log_rest.max(scaled);
    log_r - larger - ln_1p_f64(exp_f64(log_rest.min(scaled) - larger))
}

/// L = -(1 - p_t)^gamma log p_t + epsilon (1 - p_t)^(gamma + 1).
pub struct Poly1Focal;

impl Loss<2> for Poly1Focal {
    const INFO: Info<2> = Info {
        name: "poly1-focal",
        title: "Poly-1 focal loss",
        equation: "L = alpha_t (-(1 - p_t)^gamma log(p_t) + epsilon (1 - p_t)^(gamma + 1))",
        source: "Leng et al. 2022, Poly-1 of focal loss",
        params: [
            ParamInfo {
                name: "gamma",
                default: 2.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 5.0)),
                meaning: "how fast the loss of easy examples fades",
            },
            EPSILON,
        ],
        probabilities: |params| Probabilities::true_if(params == [0.0; 2]),
        limits: "as focal loss; with epsilon near -1 digits are lost as p_t -> 1",
        curvature: Some(Curvature::negative_below(
            -2.091,
            "negative on confidently wrong predictions: for p_t < 0.11 at gamma = 2, epsilon = 1",
        )),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("gamma", Measure::LogQ)], absolute: 5e-7 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma, epsilon]: [R; 2], t: Pt<R>, _side: Side) -> R {
        t.q_pow(gamma) * (-t.log_p + epsilon * t.q)
    }
}
