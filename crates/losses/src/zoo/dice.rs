//! Dice loss: the overlap of predicted and true positives, over the whole batch.

use crate::{Alpha, Confusion, Domain, Heads, Info, ParamInfo, Probabilities, Range, SetLoss};
use losslab_autograd::Var;
use losslab_tensor::{Float, Real};

/// L = 1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth).
///
/// Written in the counts TP = sum(p y), FP = sum(p (1 - y)), FN = sum((1 - p) y), of which it is (FP + FN) /
/// (2 TP + FP + FN + smooth), without a difference of nearly equal numbers. This is the form with plain sums;
/// Milletari et al. square p and y in the denominator.
pub struct Dice;

impl SetLoss<1> for Dice {
    const INFO: Info<1> = Info {
        name: "dice",
        title: "Dice loss",
        equation: "L = 1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth)",
        source: "Milletari et al. 2016, with the plain sums of Sudre et al. 2017",
        params: [ParamInfo {
            name: "smooth",
            default: 1.0,
            range: Range::above(0.0),
            tuned: Some(Domain::Log(0.01, 10.0)),
            meaning: "keeps a batch without positives defined",
        }],
        alpha: Alpha::None,
        heads: Heads::SigmoidOnly,
        has_curve: false,
        probabilities: |_| Probabilities::Biased,
        moves_threshold: true,
        fades_when_wrong: true,
        limits: "the gradient of an element is proportional to p (1 - p): it vanishes on confident \
                 predictions, right or wrong; well conditioned in the sums",
        ..Info::EMPTY
    };
    #[inline(always)]
    fn eval<R: Real>([smooth]: [R; 1], counts: Confusion<R>) -> R {
        let wrong = counts.false_positive + counts.false_negative;
        wrong / (counts.true_positive + counts.true_positive + wrong + smooth)
    }
}

/// The same loss composed of tape operations, for logits and targets of equal shape: how a loss that fits no
/// trait of this crate is written.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn dice<'t, T: Float>(logits: Var<'t, T>, targets: Var<'t, T>, smooth: f64) -> Var<'t, T> {
    let number = |x: f64| logits.tape().constant([], &[T::from_f64(x)]);
    let p = logits.sigmoid();
    let overlap = (p * targets).sum_all();
    let sizes = p.sum_all() + targets.sum_all();
    number(1.0) - (number(2.0) * overlap + number(smooth)) / (sizes + number(smooth))
}
