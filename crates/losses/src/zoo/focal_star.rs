//! Focal loss in its alternate form.

use crate::{Accuracy, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_tensor::Real;

/// FL*(p_t) = -log(p_t*) / gamma with p_t* = sigmoid(gamma x_t + beta): cross-entropy of a steeper, shifted
/// margin.
pub struct FocalStar;

impl Loss<2> for FocalStar {
    const INFO: Info<2> = Info {
        name: "focal-star",
        title: "Focal loss, alternate form FL*",
        equation: "FL*(x_t) = -alpha_t log(sigmoid(gamma x_t + beta)) / gamma",
        source: "Lin et al. 2017, appendix A",
        params: [
            ParamInfo {
                name: "gamma",
                default: 2.0,
                range: Range::above(0.0),
                tuned: Some(Domain::Linear(0.5, 5.0)),
                meaning: "steepness; the gradient on hard examples stays 1",
            },
            ParamInfo {
                name: "beta",
                default: 1.0,
                range: Range::ANY,
                tuned: Some(Domain::Linear(-1.0, 2.0)),
                meaning: "shift of the margin",
            },
        ],
        probabilities: |params| Probabilities::true_if(params == [1.0, 0.0]),
        limits: "the gradient vanishes only as p_t -> 1; a relative error of gamma |x_t| ulp there",
        curvature: Some(Curvature::convex("positive everywhere, and greatest at x_t = -beta / gamma")),
        accuracy: Some(Accuracy { ulps: 6.0, growing: &[("gamma", Measure::LogQ)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma, beta]: [R; 2], t: Pt<R>, _side: Side) -> R {
        let u = gamma * t.x + beta;
        // -log sigmoid(u) = max(-u, 0) + log(1 + e^-|u|); the first term is divided by gamma before it is
        // formed, so that it cannot overflow.
        let linear = R::select(u < R::lift(0.0), -(t.x + beta / gamma), R::lift(0.0));
        linear + (-u.abs()).exp().ln_1p() / gamma
    }
}
