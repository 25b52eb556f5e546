//! Losses as curves: value and derivative against the probability of the true class, p_t, and against its
//! log-odds, the margin x_t (Lin et al. 2017, figures 1, 5 and 6).

use crate::plot::{Axis, Band, Figure, Panel};
use losslab_losses::{
    Batch, BatchError, Criterion, Head, Reduction, Registry, Spec, SpecError, Stage, Targets,
};

/// Why a loss cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    /// The loss is not a function of p_t alone.
    #[error("{loss} is not a function of p_t alone and has no curve; there are curves of {others}")]
    NoCurve {
        /// The name of the loss.
        loss: &'static str,
        /// The names of the losses that have one.
        others: String,
    },
    /// A modifier that acts on more than one element, or not on the loss.
    #[error("{spec}: '{modifier}' acts on {stage}, which a curve of the loss does not show; leave it out")]
    Modifier {
        /// The spec.
        spec: String,
        /// The name of the modifier.
        modifier: &'static str,
        /// Where it acts.
        stage: Stage,
    },
    /// The loss cannot be bound.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The loss cannot be evaluated.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// One loss on one side of the problem, in f64, sampled at margins from -`REACH` to `REACH`.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The spec, with the side where the two differ.
    pub name: String,
    /// Where, what, and its derivative in the margin.
    pub points: Vec<Point>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The margin x_t, the log-odds of the true class.
    pub x: f64,
    /// The loss there.
    pub loss: f64,
    /// dL/dx_t.
    pub slope: f64,
}

impl Point {
    /// The probability of the true class.
    pub fn p(&self) -> f64 {
        1.0 / (1.0 + (-self.x).exp())
    }

    /// dL/dp_t = dL/dx_t / (p_t (1 - p_t)).
    pub fn slope_in_p(&self) -> f64 {
        self.slope * (1.0 + self.x.exp()) * (1.0 + (-self.x).exp())
    }
}

/// Curves reach to p_t of about 1e-7 and 1 - 1e-7.
const REACH: f64 = 16.0;
/// Points per unit of the margin: kinks are sharp to a fraction of a pixel.
const POINTS_PER_UNIT: i32 = 100;
/// What the panels against the margin show.
const MARGINS: f64 = 5.0;
/// Losses and derivatives beyond this are cut off.
const LARGEST: f64 = 5.0;
/// From here on the paper calls examples well classified.
const WELL_CLASSIFIED: f64 = 0.6;

/// The curves of a loss: one, or one per side where they differ (alpha, asymmetric losses).
///
/// # Errors
/// If the loss has no curve, or has modifiers that a curve cannot show.
pub fn curves(spec: &Spec, registry: &Registry) -> Result<Vec<Curve>, CurveError> {
    let loss = spec.loss();
    if !loss.has_curve() {
        let others = registry.losses().filter(|l| l.has_curve()).map(|l| l.name()).collect::<Vec<_>>();
        return Err(CurveError::NoCurve { loss: loss.name(), others: others.join(", ") });
    }
    if let Some((modifier, _)) = spec.modifiers().find(|(m, _)| m.stage != Stage::Targets) {
        let (modifier, stage) = (modifier.name, modifier.stage);
        return Err(CurveError::Modifier { spec: spec.to_string(), modifier, stage });
    }
    let criterion = Criterion::new(spec, Head::Sigmoid, &[1, 1], Reduction::None)?;
    let (positive, negative) = (sample(&criterion, true)?, sample(&criterion, false)?);
    let same = positive.iter().zip(&negative).all(|(a, b)| (a.loss - b.loss).abs() <= 1e-9);
    let name = spec.to_string();
    Ok(if same {
        vec![Curve { name, points: positive }]
    } else {
        vec![
            Curve { name: format!("{name}, positives"), points: positive },
            Curve { name: format!("{name}, negatives"), points: negative },
        ]
    })
}

/// The loss of an element of this side at every margin.
fn sample(criterion: &Criterion, positive: bool) -> Result<Vec<Point>, BatchError> {
    let sign = if positive { 1.0 } else { -1.0 };
    let steps = REACH as i32 * POINTS_PER_UNIT;
    let margins: Vec<f64> = (-steps..=steps).map(|k| f64::from(k) / f64::from(POINTS_PER_UNIT)).collect();
    let logits: Vec<f64> = margins.iter().map(|x| sign * x).collect();
    let targets = vec![f64::from(u8::from(positive)); logits.len()];
    let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
    let (mut values, mut grad) = (vec![0.0; logits.len()], vec![0.0; logits.len()]);
    let batch = Batch { logits: &logits, targets, weights: None, valid: None };
    criterion.evaluate(&batch, Some(&mut values), &mut grad)?;
    let point = |((&x, &loss), &slope): ((&f64, &f64), &f64)| Point { x, loss, slope: sign * slope };
    Ok(margins.iter().zip(&values).zip(&grad).map(point).collect())
}

/// Loss and derivative of every curve: on the left against p_t, on the right against the margin.
pub fn figure(curves: &[Curve]) -> Figure {
    let by_p = |y: fn(&Point) -> f64| lines(curves, 1.0, |p| (p.p(), y(p)));
    let by_margin = |y: fn(&Point) -> f64| lines(curves, MARGINS / REACH, |p| (p.x, y(p)));
    let p_axis = || Axis::new("p_t, probability of the true class", 0.0, 1.0);
    let x_axis = || Axis::new("x_t = log(p_t / (1 − p_t)), margin of the true class", -MARGINS, MARGINS);
    // The regions are named where there is room for names, above the losses.
    let band = |label: Option<&str>, from, to| Some(Band { from, to, label: label.map(String::from) });
    let well_classified = |label| band(label, WELL_CLASSIFIED, 1.0);
    let right = |label| band(label, 0.0, MARGINS);
    let (easy, likely) = (Some("well-classified examples"), Some("p_t > 0.5"));
    let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
    Figure {
        title: format!("Losses and their derivatives: {}", names.join("; ")),
        description: describe(curves),
        panels: vec![
            panel("Loss against p_t", p_axis(), "loss L", well_classified(easy), by_p(|p| p.loss)),
            panel("Loss against the margin", x_axis(), "loss L", right(likely), by_margin(|p| p.loss)),
            panel("Derivative in p_t", p_axis(), "dL/dp_t", well_classified(None), by_p(Point::slope_in_p)),
            panel("Derivative in the margin", x_axis(), "dL/dx_t", right(None), by_margin(|p| p.slope)),
        ],
        legend: names.into_iter().map(String::from).collect(),
    }
}

/// The inner `share` of every curve, each point as two numbers.
fn lines(curves: &[Curve], share: f64, xy: impl Fn(&Point) -> (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let inside = |p: &&Point| p.x.abs() <= share * REACH + 1e-9;
    curves.iter().map(|curve| curve.points.iter().filter(inside).map(&xy).collect()).collect()
}

fn panel(title: &str, x: Axis, y: &str, band: Option<Band>, lines: Vec<Vec<(f64, f64)>>) -> Panel {
    let values = lines.iter().flatten().map(|&(_, y)| y);
    let y = Axis::around(y, values, (-LARGEST, LARGEST));
    Panel { title: title.into(), x, y, band, lines }
}

/// The curves in words: what each loss is at three probabilities.
fn describe(curves: &[Curve]) -> String {
    let mut text = String::from(
        "Four panels: the loss and its derivative, against the probability of the true class and against its \
         log-odds.",
    );
    for curve in curves {
        let at = |x: f64| {
            let points = curve.points.iter().map(|p| ((p.x - x).abs(), p.loss));
            points.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(f64::NAN, |(_, loss)| loss)
        };
        // p_t = 0.1, 0.5 and 0.9 lie at x_t = -ln 9, 0 and ln 9.
        let ln_9 = 9f64.ln();
        text += &format!(
            " {}: {:.3} at p_t = 0.1, {:.3} at 0.5, {:.3} at 0.9.",
            curve.name,
            at(-ln_9),
            at(0.0),
            at(ln_9)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves_of(spec: &str) -> Result<Vec<Curve>, CurveError> {
        let registry = Registry::standard();
        curves(&Spec::parse(spec, &registry).unwrap(), &registry)
    }

    #[test]
    fn focal_loss_at_one_half() {
        let curves = curves_of("focal:gamma=2").unwrap();
        assert_eq!(curves.len(), 1);
        let at_half = curves[0].points.iter().find(|p| p.x == 0.0).unwrap();
        // FL(1/2) = ln(2) / 4; dFL/dp = 2 (1 - p) log p - (1 - p)^2 / p = -ln 2 - 1/2 at p = 1/2.
        assert!((at_half.loss - 2f64.ln() / 4.0).abs() < 1e-15, "{at_half:?}");
        assert!((at_half.slope_in_p() - (-(2f64.ln()) - 0.5)).abs() < 1e-14, "{at_half:?}");
        assert_eq!(at_half.p(), 0.5);
    }

    #[test]
    fn sides_that_differ_are_two_curves() {
        let names = |spec| curves_of(spec).unwrap().into_iter().map(|c| c.name).collect::<Vec<_>>();
        assert_eq!(names("alpha-ce:alpha=0.5"), ["alpha-ce:alpha=0.5"]);
        assert_eq!(names("ce+smooth").len(), 1);
        let both = ["alpha-ce:alpha=0.75, positives", "alpha-ce:alpha=0.75, negatives"];
        assert_eq!(names("alpha-ce:alpha=0.75"), both);
        assert_eq!(names("asl").len(), 2);
    }

    #[test]
    fn every_loss_that_declares_a_curve_has_a_finite_one() {
        for loss in Registry::standard().losses().filter(|loss| loss.has_curve()) {
            for curve in curves_of(loss.name()).unwrap() {
                assert!(
                    curve.points.iter().all(|p| p.loss.is_finite() && p.slope.is_finite()),
                    "{}",
                    curve.name
                );
            }
        }
    }
}
