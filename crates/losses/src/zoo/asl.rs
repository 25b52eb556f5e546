//! Asymmetric loss, for many labels of which most are negative.

use crate::{
    Accuracy, Alpha, BySide, Curvature, Domain, Heads, Info, Loss, Measure, ParamInfo, Probabilities, Pt,
    Range, Side,
};
use losslab_tensor::Real;

/// Focal loss with a gamma of its own for each side, and negatives below a probability of `margin` dropped.
pub struct Asl;

impl Loss<3> for Asl {
    const INFO: Info<3> = Info {
        name: "asl",
        title: "Asymmetric loss",
        equation: "L+ = -(1 - p)^gamma_pos log(p), L- = -p_m^gamma_neg log(1 - p_m), p_m = max(p - margin, \
                   0)",
        source: "Ridnik, Ben-Baruch et al. 2021, Asymmetric Loss For Multi-Label Classification",
        params: [
            ParamInfo {
                name: "gamma_pos",
                default: 0.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 1.0)),
                meaning: "how fast the loss of easy positives fades",
            },
            ParamInfo {
                name: "gamma_neg",
                default: 4.0,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Linear(0.0, 6.0)),
                meaning: "how fast the loss of easy negatives fades",
            },
            ParamInfo {
                name: "margin",
                default: 0.05,
                range: Range::from_to(0.0, 1.0),
                tuned: Some(Domain::Linear(0.0, 0.2)),
                meaning: "probability below which negatives cost nothing",
            },
        ],
        alpha: Alpha::None,
        heads: Heads::SigmoidOnly,
        probabilities: |params| Probabilities::true_if(params == [0.0; 3]),
        moves_threshold: true,
        fades_when_wrong: true,
        limits: "negatives with p <= margin have gradient 0; with a margin above 0 the loss of negatives is \
                 bounded by -log(margin) and its gradient vanishes as p -> 1, by design; digits are lost \
                 just above the margin",
        curvature: Some(Curvature {
            words: "negative on confidently wrong negatives, and on such positives where gamma_pos > 0; at \
                    p = margin the slope of negatives jumps where gamma_neg = 0",
            negative_below: BySide { negative: Some(-2.2), positive: None },
            kinks: &[],
        }),
        accuracy: Some(Accuracy {
            ulps: 4.0,
            growing: &[("gamma_pos", Measure::LogQ), ("gamma_neg", Measure::LogQ)],
            absolute: 5e-7,
        }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([gamma_pos, gamma_neg, margin]: [R; 3], t: Pt<R>, side: Side) -> R {
        let positive = -t.q_pow(gamma_pos) * t.log_p;
        side.pick(positive, shifted_focal(gamma_neg, margin, t))
    }
}

/// -p_m^gamma log(1 - p_m) of a negative: its p is t.q, p_m = max(t.q - margin, 0).
#[inline(always)]
fn shifted_focal<R: Real>(gamma: R, margin: R, t: Pt<R>) -> R {
    let (zero, tiny) = (R::lift(0.0), R::lift(1e-30));
    let p_m = t.q - margin;
    let dropped = p_m <= zero;
    let p_m = R::select(dropped, R::lift(0.5), p_m);
    // Without a margin the logarithms are those of focal loss, accurate even where 1 - p has no digits left;
    // the quotients are 0 and carry the derivative in the margin alone.
    let plain = margin == zero;
    let log_p_m = R::select(plain, t.log_q - margin / t.q.at_least(tiny), p_m.ln());
    // 1 - p_m = p_t + margin: near p_m = 1 the difference itself has no digits left.
    let half = R::lift(0.5);
    let shifted = R::select(p_m > half, (t.p + margin).ln(), (-p_m.at_most(half)).ln_1p());
    let log_rest = R::select(plain, t.log_p + margin / t.p.at_least(tiny), shifted);
    R::select(dropped, zero, -(gamma * log_p_m).exp() * log_rest)
}
