//! Dual focal loss.

use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_tensor::Real;

/// L = -log p_t + weight (1 - p_t)^gamma: the focal factor is added to cross-entropy instead of multiplied
/// with it, so that hard examples gain.
///
/// Hossain et al. 2021 write -y log p - beta (1 - y) log(rho - p) + alpha |y - p|^gamma; here beta = rho = 1,
/// which makes it one equation in p_t, and their alpha is called `weight`, because alpha weighs classes in
/// this crate. The loss of the same name by Tao et al. 2023 depends on the runner-up class and is not a
/// function of p_t.
pub struct DualFocal;

impl Loss<2> for DualFocal {
    const INFO: Info<2> = Info {
        name: "dual-focal",
        title: "Dual focal loss",
        equation: "L = -log(p_t) + weight (1 - p_t)^gamma",
        source: "Hossain et al. 2021 (Neurocomputing), with beta = rho = 1",
        params: [
            ParamInfo {
                name: "gamma",
                default: 2.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 5.0)),
                meaning: "power of the added term; 1 is poly1",
            },
            ParamInfo {
                name: "weight",
                default: 1.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Log(0.25, 2.0)),
                meaning: "of the added term; 0 is cross-entropy",
            },
        ],
        // At gamma = 2 a proper score of two classes, the Brier score, is added to another.
        probabilities: |[gamma, weight]| match gamma {
            2.0 if weight != 0.0 => Probabilities::TrueOfTwo,
            _ => Probabilities::true_if(gamma == 0.0 || weight == 0.0),
        },
        limits: "the gradient vanishes only as p_t -> 1; well conditioned but for the power, gamma |log(1 - \
                 p_t)| ulp",
        curvature: Some(Curvature::negative_below(
            -1.818,
            "negative on wrong predictions where the added term outweighs cross-entropy: at gamma = 2 where \
             weight (2 q^2 - 4 p_t q) > 1, q = 1 - p_t",
        )),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("gamma", Measure::LogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma, weight]: [R; 2], t: Pt<R>, _side: Side) -> R {
        -t.log_p + weight * t.q_pow(gamma)
    }
}
