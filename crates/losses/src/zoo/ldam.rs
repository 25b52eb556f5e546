//! Label-distribution-aware margin loss: rare classes must win by more.

use crate::modifiers::positive_counts;
use crate::{
    Accuracy, Alpha, ClassCounts, Curvature, Domain, Info, Loss, Measure, ParamInfo, Probabilities, Pt,
    Range, Shift, Side,
};
use losslab_tensor::Real;

/// Cross-entropy of scale (z - Delta_y at the true class y), with Delta_y = C / n_y^(1/4) and C such that the
/// rarest class has `max_margin`.
///
/// Cao et al. set scale = 30 in their code because their last layer is normalised; the equation of the paper
/// has none, and with logits of an ordinary linear layer 1 is right. The sigmoid head is the softmax over
/// logits (0, z).
pub struct Ldam;

impl Loss<2> for Ldam {
    const INFO: Info<2> = Info {
        name: "ldam",
        title: "Label-distribution-aware margin",
        equation: "L = CE(scale (z - Delta_y e_y)), Delta_y = max_margin (n_min / n_y)^(1/4)",
        source: "Cao et al. 2019, eq. 12 and 13",
        params: [
            ParamInfo {
                name: "max_margin",
                default: 0.5,
                range: Range::at_least(0.0),
                tuned: Some(Domain::Log(0.1, 2.0)),
                meaning: "margin of the rarest class; 0 is cross-entropy",
            },
            ParamInfo {
                name: "scale",
                default: 1.0,
                range: Range::above(0.0),
                tuned: Some(Domain::Log(1.0, 30.0)),
                meaning: "factor of the logits; 30 in the paper's code, for normalised features",
            },
        ],
        alpha: Alpha::None,
        needs_counts: true,
        has_curve: false,
        probabilities: |[max_margin, scale]| Probabilities::true_if(max_margin == 0.0 && scale == 1.0),
        moves_threshold: true,
        limits: "the gradient vanishes only as p_t -> 1, later than that of cross-entropy",
        curvature: Some(Curvature::convex("positive everywhere: scale^2 p_t (1 - p_t)")),
        accuracy: Some(Accuracy { ulps: 4.0, growing: &[("scale", Measure::Margin)], absolute: 0.0 }),
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>(_params: [R; 2], t: Pt<R>, _side: Side) -> R {
        -t.log_p
    }
    fn shift<R: Real>([max_margin, scale]: [R; 2], counts: &ClassCounts) -> Result<Shift<R>, String> {
        let rarest = positive_counts(counts)?.fold(f64::INFINITY, f64::min);
        // The fourth root is taken once per training, by two square roots.
        let margin = |n: f64| scale * max_margin * R::lift((rarest / n).sqrt().sqrt());
        Ok(Shift { scale, target: positive_counts(counts)?.map(margin).collect() })
    }
}
