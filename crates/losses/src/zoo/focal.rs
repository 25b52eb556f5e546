//! Focal loss.

use crate::{Accuracy, Info, Loss, Measure, ParamInfo, Pt, Range, Side};
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
            tuned: &[0.5, 1.0, 2.0, 3.0, 5.0],
            meaning: "how fast the loss of easy examples fades; 0 is cross-entropy",
        }],
        limits: "the gradient vanishes only as p_t -> 1, like (1 - p_t)^(gamma + 1); a relative error of the power of \
                 gamma |log(1 - p_t)| ulp; at gamma = 0 it is cross-entropy, bit by bit",
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("gamma", Measure::LogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma]: [R; 1], t: Pt<R>, _side: Side) -> R {
        -t.q_pow(gamma) * t.log_p
    }
}
