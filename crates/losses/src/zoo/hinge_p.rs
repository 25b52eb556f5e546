//! A hinge on the probability.

use crate::{Accuracy, Curvature, Domain, Info, Loss, ParamInfo, Probabilities, Pt, Range, Side};
use losslab_tensor::Real;

/// L = max(0, margin - p_t).
///
/// Lin et al. 2017, sec. 5.1, report that a hinge loss on p_t, 0 above a certain p_t, trained unstably; they
/// give no formula, so this definition is the plainest with that property, and the default margin (no loss as
/// soon as the decision is right) is ours.
pub struct HingeP;

impl Loss<1> for HingeP {
    const INFO: Info<1> = Info {
        name: "hinge-p",
        title: "Hinge on the probability",
        equation: "L = max(0, margin - p_t)",
        source: "described without a formula in Lin et al. 2017, sec. 5.1; this definition is ours",
        params: [ParamInfo {
            name: "margin",
            default: 0.5,
            range: Range::up_to(0.0, 1.0),
            tuned: Some(Domain::Linear(0.1, 1.0)),
            meaning: "p_t from which on there is no loss",
        }],
        probabilities: |_| Probabilities::Biased,
        // At a margin of 0.5 the best report is 0.5, whatever is true.
        moves_threshold: true,
        fades_when_wrong: true,
        limits: "the gradient is 0 from p_t = margin on, with a kink there, and vanishes as p_t -> 0 like \
                 p_t; the value loses digits near the margin",
        curvature: Some(Curvature {
            words: "negative for p_t < 1/2 and p_t < margin; at p_t = margin the slope jumps up to 0",
            kinks: &[0.0],
            ..Curvature::negative_below(0.0, "")
        }),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[], absolute: 2e-7 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([margin]: [R; 1], t: Pt<R>, _side: Side) -> R {
        // The condition is false for NaN, which passes through.
        R::select(t.p >= margin, R::lift(0.0), margin - t.p)
    }
}
