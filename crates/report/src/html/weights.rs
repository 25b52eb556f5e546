//! What gamma does to the examples of a trained model: figure 4 of Lin et al. 2017, and the slider.

use super::figures::{Figures, Numbers};
use super::story::{Story, number, percent};
use crate::plot::{Axis, Chart, Series};
use losslab_base::Dual;
use losslab_base::math::ln_1p_f64;
use losslab_losses::{Focal, Loss as _, Pt, Side};
use maud::{Markup, PreEscaped, html};
use serde::Serialize;

/// The gammas of the figure.
const GAMMAS: [f64; 5] = [0.0, 0.5, 1.0, 2.0, 5.0];
/// The slider's: 0 to 5 in steps of a quarter; it starts at 2.
const STEPS: usize = 20;
const STEP: f64 = 0.25;
const START: usize = 8;
/// Points of a distribution, and of the loss curve.
const POINTS: usize = 200;
const CURVE_POINTS: usize = 60;
/// The height at which the loss curve is cut off.
const HIGHEST: f64 = 5.0;
/// An example is easy when p_t > .9, that is when its margin is above log 9.
const EASY_ABOVE: f64 = 2.197_224_577_336_22;

/// A share of the examples, and the share of the loss that they have.
type Shares = (f64, f64);

/// A margin x = logit(p_t), and how many examples have it.
pub(crate) type Counted = (f64, f64);

/// The margins of the reference's test rows or of all places of its test images, all seeds together.
pub(crate) struct Margins {
    /// Of positives, or of the rarest class.
    pub positives: Vec<Counted>,
    /// Of all others.
    pub negatives: Vec<Counted>,
    /// What positives are called.
    pub rare: String,
    /// What the examples are: `The test rows as the models trained with `.
    pub examples: &'static str,
}

/// The focal loss at the margin x, and the size of its derivative in x.
fn focal(gamma: f64, x: f64) -> (f64, f64) {
    let loss = Focal::eval([Dual::constant(gamma)], Pt::variable(x), Side { positive: true });
    (loss.value, loss.slope.abs())
}

/// The figure and the slider.
pub(crate) fn section(story: Story, figures: &mut Figures, mut margins: Margins) -> Markup {
    if margins.positives.is_empty() || margins.negatives.is_empty() {
        return html! {};
    }
    margins.positives.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    margins.negatives.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let data = SliderData::of(&margins);
    html! {
        section aria-labelledby="gamma-heading" {
            h2 #gamma-heading { "What \u{3b3} does to these examples" }
            p {
                (margins.examples)
                code { (story.reference()) } " see them, weighed as focal loss with another \u{3b3} would. "
                "These are the examples at the end of the trainings, not during them."
            }
            (slider(figures, &data, &margins))
            h3 { "How the loss is spread over the examples" }
            p {
                "Sort examples from the least loss to the greatest and add up: a curve on the diagonal says \
                 that all weigh the same, one along the right edge that few examples have all of the loss. \
                 With the detectors of Lin et al. 2017 (figure 4) \u{3b3} hardly changed the positives and \
                 concentrated the negatives on the hard ones; these are the same curves for this model."
            }
            div.grid {
                (distribution(
                    figures, &margins.positives, "loss-of-positives", &format!("Loss of {}", margins.rare)
                ))
                (distribution(figures, &margins.negatives, "loss-of-negatives", "Loss of all others"))
            }
        }
    }
}

/// The share of the loss that the examples with the least loss have, for each gamma. Where all curves run
/// along the bottom for long, only what follows is drawn.
fn distribution(figures: &mut Figures, margins: &[Counted], name: &str, title: &str) -> Markup {
    let sums = GAMMAS.map(|gamma| cumulative(margins, gamma));
    let is_low = |start: &&f64| sums.iter().all(|sums| at(sums, **start) <= 0.02);
    let start = [0.99, 0.95, 0.9, 0.8, 0.5].iter().find(is_low).copied().unwrap_or(0.0);
    let place = |k: usize| start + (1.0 - start) * k as f64 / POINTS as f64;
    let line = |(look, (gamma, sums)): (usize, (f64, &Vec<Shares>))| Series {
        name: format!("\u{3b3} = {gamma}"),
        look,
        points: (0..=POINTS).map(|k| (place(k), at(sums, place(k)))).collect(),
        band: Vec::new(),
        markers: false,
    };
    let series: Vec<Series> = GAMMAS.into_iter().zip(&sums).enumerate().map(line).collect();
    let row = |k: usize| {
        let values = series.iter().map(|line| number(Some(line.points[k].1), 3));
        std::iter::once(number(Some(place(k)), 3)).chain(values).collect()
    };
    let head = series.iter().map(|line| line.name.clone());
    let numbers = Numbers {
        head: std::iter::once("share of examples".into()).chain(head).collect(),
        rows: (0..=POINTS).step_by(POINTS / 10).map(row).collect(),
    };
    let chart = Chart {
        title: title.into(),
        description: format!(
            "Cumulative share of the focal loss against the share of {} examples, for five gammas.",
            total(margins)
        ),
        x: Axis::new("share of examples, least loss first", start, 1.0),
        y: Axis::new("share of the loss", 0.0, 1.0),
        series,
        guide: Some((vec![(0.0, 0.0), (1.0, 1.0)], "all weigh the same".into())),
    };
    let all = total(margins);
    let cut = match start {
        0.0 => String::new(),
        start => {
            format!(" The axis begins at {start}: what is left of it has at most a fiftieth of the loss.")
        }
    };
    figures.figure(
        name,
        chart.draw(),
        &format!("{title}: {all} examples, all seeds together.{cut}"),
        &numbers,
    )
}

/// How many examples there are.
fn total(margins: &[Counted]) -> f64 {
    margins.iter().map(|(_, count)| count).sum()
}

/// Shares of the examples and of the loss that they have, least loss first: whatever gamma, those with the
/// greatest margins. From (0, 0) to (1, 1); the loss stays 0 if there is none.
fn cumulative(margins: &[Counted], gamma: f64) -> Vec<Shares> {
    let mut sums = vec![(0.0, 0.0)];
    let (mut examples, mut loss) = (0.0, 0.0);
    for &(x, count) in margins.iter().rev() {
        examples += count;
        loss += count * focal(gamma, x).0;
        sums.push((examples, loss));
    }
    let loss = if loss > 0.0 { loss } else { 1.0 };
    sums.iter_mut().for_each(|sum| *sum = (sum.0 / examples, sum.1 / loss));
    sums
}

/// The share of the loss at a share of the examples, on the line between its neighbours.
fn at(sums: &[Shares], share: f64) -> f64 {
    let after = sums.partition_point(|sum| sum.0 < share).clamp(1, sums.len() - 1);
    let ((x0, y0), (x1, y1)) = (sums[after - 1], sums[after]);
    if x1 > x0 { y0 + (y1 - y0) * ((share - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { y1 }
}

/// What the slider shows, for each of its gammas.
#[derive(Serialize)]
struct SliderData {
    gammas: Vec<f64>,
    /// Pixels of the panel, and the loss at its top.
    panel: [f64; 3],
    /// The p_t of the curves.
    p: Vec<f64>,
    /// The loss there.
    curves: Vec<Vec<f64>>,
    /// Shares of easy negatives, hard negatives and positives in the loss.
    loss: Vec<[f64; 3]>,
    /// The same of the gradient.
    gradient: Vec<[f64; 3]>,
}

impl SliderData {
    fn of(margins: &Margins) -> Self {
        let gammas: Vec<f64> = (0..=STEPS).map(|k| k as f64 * STEP).collect();
        let p: Vec<f64> =
            (0..=CURVE_POINTS).map(|k| round(0.005 + 0.995 * k as f64 / CURVE_POINTS as f64)).collect();
        let value = |gamma: f64, p: f64| {
            let x = losslab_base::math::ln_f64(p) - ln_1p_f64(-p);
            // At p = 1 the loss is 0.
            if p < 1.0 { round(focal(gamma, x).0.min(2.0 * HIGHEST)) } else { 0.0 }
        };
        let first_easy = margins.negatives.partition_point(|&(x, _)| x <= EASY_ABOVE);
        let (hard, easy) = margins.negatives.split_at(first_easy);
        let shares = |gamma: f64, of: fn((f64, f64)) -> f64| {
            let sums = [easy, hard, &margins.positives]
                .map(|group| group.iter().map(|&(x, count)| count * of(focal(gamma, x))).sum::<f64>());
            let total: f64 = sums.iter().sum();
            sums.map(|sum| if total > 0.0 { round(sum / total) } else { 0.0 })
        };
        let (width, height) = Chart::PANEL_SIZE;
        Self {
            panel: [width, height, HIGHEST],
            curves: gammas.iter().map(|&gamma| p.iter().map(|&p| value(gamma, p)).collect()).collect(),
            loss: gammas.iter().map(|&gamma| shares(gamma, |v| v.0)).collect(),
            gradient: gammas.iter().map(|&gamma| shares(gamma, |v| v.1)).collect(),
            gammas,
            p,
        }
    }
}

/// Four digits behind the point are enough for a pixel and a per mille.
fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn slider(figures: &mut Figures, data: &SliderData, margins: &Margins) -> Markup {
    let line = |name: &str, look, step: usize| Series {
        name: name.into(),
        look,
        points: data.p.iter().copied().zip(data.curves[step].iter().copied()).collect(),
        band: Vec::new(),
        markers: false,
    };
    let chart = Chart {
        title: "The loss of an example".into(),
        description:
            "Focal loss against the probability of the true class, for gamma 0 and the gamma of the slider."
                .into(),
        x: Axis::new("p_t, probability of the true class", 0.0, 1.0),
        y: Axis::new("loss", 0.0, HIGHEST),
        series: vec![line("\u{3b3} = 0, cross-entropy", 0, 0), line("\u{3b3} of the slider", 1, START)],
        guide: None,
    };
    let row = |(k, gamma): (usize, &f64)| {
        let shares = data.loss[k].iter().chain(&data.gradient[k]).map(|&share| percent(share));
        std::iter::once(number(Some(*gamma), 2)).chain(shares).collect()
    };
    let head = [
        "\u{3b3}",
        "loss: easy negatives",
        "hard negatives",
        "positives",
        "gradient: easy negatives",
        "hard negatives",
        "positives",
    ];
    let numbers = Numbers {
        head: head.map(String::from).to_vec(),
        rows: data.gammas.iter().enumerate().map(row).collect(),
    };
    let (all, rare) = (total(&margins.positives) + total(&margins.negatives), total(&margins.positives));
    let json = serde_json::to_string(data).unwrap_or_default();
    html! {
        div.slider {
            p.label {
                label for="gamma" { "\u{3b3}" } " = "
                output #gamma-value for="gamma" { (data.gammas[START]) }
            }
            input #gamma type="range" min="0" max=(STEPS) step="1" value=(START)
                aria-describedby="gamma-help" aria-valuetext=(data.gammas[START]);
            p.small #gamma-help {
                "Move the slider. Bars: whose loss and whose gradient it is, among " (all)
                " test examples of which " (rare) " are " (margins.rare) ", all seeds together"
                ". Easy negatives are those with p" sub { "t" } " above 0.9. No \u{3b1} here."
            }
            noscript {
                p.small { "The slider needs JavaScript; the table under the drawing has the same numbers." }
            }
            div.grid #gamma-drawing {
                (figures.figure("gamma", chart.draw(), "The loss of one example.", &numbers))
                div {
                    (bars("loss", "Share of the loss", data.loss[START]))
                    (bars("gradient", "Share of the gradient", data.gradient[START]))
                }
            }
            script #gamma-data type="application/json" { (PreEscaped(json)) }
        }
    }
}

fn bars(id: &str, title: &str, shares: [f64; 3]) -> Markup {
    html! {
        h3 { (title) }
        dl.bars #{ "bars-" (id) } {
            @for (i, (name, share)) in ["easy negatives", "hard negatives",
            "positives"].into_iter().zip(shares).enumerate() {
                dt { (name) }
                dd {
                    svg.track viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                        rect class={ "fill k" (i + 1) } width=(format!("{:.1}", 100.0 * share)) height="10" {}
                    }
                    span.value { (percent(share)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn focal_loss_and_its_slope_at_known_places() {
        // FL(1/2) = ln 2 / 4; |dFL/dx| = 1/4 (1/2 + ln 2) at gamma 2; cross-entropy's slope is 1 - p.
        let (loss, slope) = focal(2.0, 0.0);
        assert!((loss - 2f64.ln() / 4.0).abs() < 1e-15 && (slope - (0.5 + 2f64.ln()) / 4.0).abs() < 1e-15);
        let (loss, slope) = focal(0.0, 9f64.ln());
        assert!((loss + 0.9f64.ln()).abs() < 1e-15 && (slope - 0.1).abs() < 1e-15);
        // The paper: at gamma = 2 and p_t = .9 a hundredth of cross-entropy.
        assert!((focal(2.0, 9f64.ln()).0 / focal(0.0, 9f64.ln()).0 - 0.01).abs() < 1e-12);
    }

    #[test]
    fn a_count_is_as_good_as_so_many_examples() {
        let one_by_one: Vec<Counted> = [-1.0, 2.0, 2.0, 2.0].map(|x| (x, 1.0)).to_vec();
        let counted = [(-1.0, 1.0), (2.0, 3.0)];
        for share in [0.0, 0.2, 0.75, 0.9, 1.0] {
            let (a, b) = (at(&cumulative(&one_by_one, 1.0), share), at(&cumulative(&counted, 1.0), share));
            assert!((a - b).abs() < 1e-12, "{share}: {a} {b}");
        }
        assert_eq!(total(&counted), 4.0);
    }

    #[test]
    fn a_greater_gamma_takes_from_the_easy() {
        let margins = Margins {
            positives: vec![(-1.0, 1.0), (2.0, 1.0)],
            negatives: [-1.0, 3.0, 4.0, 5.0, 6.0].map(|x| (x, 1.0)).to_vec(),
            rare: "positives".into(),
            examples: "",
        };
        let data = SliderData::of(&margins);
        assert!(data.loss.windows(2).all(|w| w[1][0] <= w[0][0]), "{:?}", data.loss);
        assert!(data.loss.iter().all(|s| (s.iter().sum::<f64>() - 1.0).abs() < 3e-4));
        assert_eq!((data.gammas[START], data.gammas[STEPS]), (2.0, 5.0));
    }
}
