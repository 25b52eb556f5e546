//! Precision-recall and ROC curves of binary problems, mean and spread over the seeds.

use super::figures::{Figures, Numbers};
use super::story::{Story, number, over_seeds};
use crate::plot::{Axis, Chart, Series};
use crate::views::table::found;
use losslab_metrics::Ranking;
use losslab_train::tasks::table::TableData;
use maud::{Markup, html};

/// Points of a curve, at equal distances on the horizontal axis.
const POINTS: usize = 101;

/// A curve of one run: its value at each of [`POINTS`] places.
type Curve = Vec<f64>;

/// Both curves, for each group of losses.
pub(crate) fn section(story: Story, figures: &mut Figures, data: &TableData) -> Markup {
    if data.classes.len() != 2 || story.records.iter().all(|run| run.found.is_none()) {
        return html! {};
    }
    let curves = |of: fn(&Ranking) -> Option<Curve>| -> Vec<Vec<Curve>> {
        let rankings = |loss| {
            story.runs(loss).filter_map(|run| {
                let test = &found(run)?.test;
                let scores: Vec<f64> = test.logits.iter().map(|&z| f64::from(z)).collect();
                let labels: Vec<bool> = test.labels.iter().map(|&label| label == 1).collect();
                Ranking::new(&scores, &labels).ok()
            })
        };
        story.losses().into_iter().map(|loss| rankings(loss).filter_map(|r| of(&r)).collect()).collect()
    };
    let (precision, roc) = (curves(precisions), curves(true_positive_rates));
    let prevalence = data.prevalence.unwrap_or(0.0);
    html! {
        section aria-labelledby="ranking" {
            h2 #ranking { "How well rare examples are found" }
            p {
                "Both curves come from moving a threshold over the scores. With few positives the first one \
                 tells more: the second looks good as soon as the many easy negatives are ranked low. Lines \
                 are means over the seeds, bands one standard deviation."
            }
            div.grid.two {
                @for group in story.groups() {
                    (figures.figure(
                        "precision-recall",
                        chart(story, &group, &precision, PRECISION,
                            (vec![(0.0, prevalence), (1.0, prevalence)], "guessing")).draw(),
                        "Of all that is called positive, how much is (precision), against how much of all \
                         positives is called so (recall).",
                        &numbers(story, &group, &precision, PRECISION),
                    ))
                    (figures.figure(
                        "roc",
                        chart(story, &group, &roc, ROC, (vec![(0.0, 0.0), (1.0, 1.0)], "guessing")).draw(),
                        "How many positives are found against how many negatives are called positive by \
                         mistake.",
                        &numbers(story, &group, &roc, ROC),
                    ))
                }
            }
        }
    }
}

/// Title and axes of a chart.
type Words = [&'static str; 3];
const PRECISION: Words = ["Precision and recall", "recall", "precision"];
const ROC: Words = ["ROC", "false positive rate", "true positive rate"];

/// The largest precision at each recall's threshold: that of the first score from the top at which so many
/// are found.
fn precisions(ranking: &Ranking) -> Option<Curve> {
    let points = ranking.precision_recall_curve();
    let at = |recall: f64| {
        // Recall is a count over a count: no rounding beyond the last bits.
        let first = points.partition_point(|point| point.recall < recall - 1e-9);
        points.get(first).map(|point| point.precision)
    };
    places().map(at).collect()
}

/// Between the points of the ROC curve, straight lines.
fn true_positive_rates(ranking: &Ranking) -> Option<Curve> {
    let points = ranking.roc_curve();
    let at = |rate: f64| {
        let next = points.partition_point(|point| point.false_positive_rate <= rate);
        let before = points.get(next.checked_sub(1)?)?;
        let Some(after) = points.get(next) else { return Some(before.true_positive_rate) };
        let share =
            (rate - before.false_positive_rate) / (after.false_positive_rate - before.false_positive_rate);
        Some(before.true_positive_rate + share * (after.true_positive_rate - before.true_positive_rate))
    };
    places().map(at).collect()
}

fn places() -> impl Iterator<Item = f64> {
    (0..POINTS).map(|i| i as f64 / (POINTS - 1) as f64)
}

/// Mean and band of the curves of one loss, with their place.
fn summarised(curves: &[Curve]) -> Vec<(f64, f64, (f64, f64))> {
    let at = |(i, x): (usize, f64)| {
        let (mean, band) = over_seeds(curves.iter().map(|curve| Some(curve[i])), (0.0, 1.0))?;
        Some((x, mean, band))
    };
    places().enumerate().filter_map(at).collect()
}

fn chart(
    story: Story,
    group: &[usize],
    curves: &[Vec<Curve>],
    [title, x, y]: Words,
    (guide, name): (Vec<(f64, f64)>, &str),
) -> Chart {
    let losses = story.losses();
    let series = group.iter().map(|&loss| {
        let points = summarised(&curves[loss]);
        Series {
            name: losses[loss].to_owned(),
            look: story.look(loss),
            points: points.iter().map(|&(x, mean, _)| (x, mean)).collect(),
            band: points.iter().map(|&(x, _, (low, high))| (x, low, high)).collect(),
            markers: false,
        }
    });
    let names: Vec<&str> = group.iter().map(|&loss| losses[loss]).collect();
    Chart {
        title: title.into(),
        description: format!(
            "{y} against {x} on the test part, mean and spread over the seeds, of {}.",
            names.join(", ")
        ),
        x: Axis::new(x, 0.0, 1.0),
        y: Axis::new(y, 0.0, 1.0),
        series: series.collect(),
        guide: Some((guide, name.into())),
    }
}

fn numbers(story: Story, group: &[usize], curves: &[Vec<Curve>], [_, x, y]: Words) -> Numbers {
    let losses = story.losses();
    let summaries: Vec<_> = group.iter().map(|&loss| summarised(&curves[loss])).collect();
    let head = group.iter().map(|&loss| format!("{y}, {}", losses[loss]));
    let row = |i: usize| {
        let values = summaries.iter().map(|points| number(points.get(i).map(|&(_, mean, _)| mean), 3));
        std::iter::once(number(Some(i as f64 / (POINTS - 1) as f64), 1)).chain(values).collect()
    };
    Numbers {
        head: std::iter::once(x.to_owned()).chain(head).collect(),
        rows: (0..POINTS).step_by(10).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_of_four_examples() {
        // By score: positive, negative, positive, negative.
        let ranking = Ranking::new(&[0.9, 0.8, 0.7, 0.1], &[true, false, true, false]).unwrap();
        let precision = precisions(&ranking).unwrap();
        // Up to half of the positives, one is called and right; beyond, two of three are right.
        assert_eq!((precision[0], precision[50]), (1.0, 1.0));
        assert_eq!((precision[51], precision[100]), (2.0 / 3.0, 2.0 / 3.0));
        let roc = true_positive_rates(&ranking).unwrap();
        assert_eq!((roc[0], roc[25], roc[50], roc[100]), (0.5, 0.5, 1.0, 1.0));
        assert_eq!(precisions(&Ranking::new(&[0.5], &[false]).unwrap()), None);
    }
}
