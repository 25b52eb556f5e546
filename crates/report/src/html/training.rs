//! How trainings went: loss and validation metric by epoch, and of detectors whose loss it was.

use super::figures::{Figures, Numbers};
use super::story::{Story, number, over_seeds};
use crate::plot::{Axis, Chart, Series};
use losslab_train::EpochRecord;
use losslab_train::tasks::boxes::{EpochDetail, Share, Shares};
use maud::{Markup, html};

/// A number of an epoch, given the first epoch of its run.
type Of = fn(&EpochRecord, &EpochRecord) -> Option<f64>;

/// An epoch with the mean over seeds and its band.
type Point = (f64, f64, (f64, f64));

/// The training curves.
pub(super) fn section(story: Story, figures: &mut Figures) -> Markup {
    let metric = format!("validation {}", story.metric());
    let loss: Of = |epoch, first| (first.train_loss > 0.0).then(|| epoch.train_loss / first.train_loss);
    let validation: Of = |epoch, _| epoch.validation;
    html! {
        section aria-labelledby="training" {
            h2 #training { "How the trainings went" }
            p {
                "Mean over the seeds; bands are one standard deviation. A line ends where fewer than half of \
                 its trainings were still running. "
                "Losses have different units, so each is drawn as a share of its own first epoch: compare \
                 shapes, not heights. The weights of the epoch that was best on the validation part were \
                 kept."
            }
            div.grid.two {
                @for group in story.groups() {
                    (curves(
                        story, figures, &group,
                        ("training-loss", "Training loss", "loss / loss of epoch 1"), loss
                    ))
                    (curves(story, figures, &group, ("validation", "Validation metric", &metric), validation))
                }
            }
        }
    }
}

/// The shares of loss and gradient over the training of detectors.
pub(crate) fn shares(story: Story, figures: &mut Figures) -> Markup {
    let has_shares = |run: &crate::RunRecord| run.epochs.iter().any(|epoch| shares_of(epoch).is_some());
    if !story.records.iter().any(has_shares) {
        return html! {};
    }
    html! {
        section aria-labelledby="shares" {
            h2 #shares { "Whose loss it was" }
            p {
                "The reason why focal loss was invented: a detector looks at thousands of places, nearly all \
                 of them background. Easy negatives are those with p" sub { "t" }
                " above 0.9. Their share in the gradient is how much they steer the training; positives are \
                 the places where an object is."
            }
            div.grid.two {
                @for loss in story.losses() {
                    @for (name, kind, of) in SHARES {
                        (share_chart(story, figures, loss, name, kind, of))
                    }
                }
            }
        }
    }
}

/// Whose loss it was in an epoch.
fn shares_of(epoch: &EpochRecord) -> Option<Shares> {
    EpochDetail::of(epoch)?.shares
}

/// Name in files, word, and value of a kind of share.
type Kind = (&'static str, &'static str, fn(Share) -> f64);
/// Name, look and share of a group of examples.
type Group = (&'static str, usize, fn(&Shares) -> Share);

const SHARES: [Kind; 2] = [
    ("share-of-loss", "loss", |share| share.loss),
    ("share-of-gradient", "gradient", |share| share.gradient),
];

fn share_chart(
    story: Story,
    figures: &mut Figures,
    loss: &str,
    name: &str,
    kind: &str,
    of: fn(Share) -> f64,
) -> Markup {
    let groups: [Group; 3] = [
        ("easy negatives", 1, |s| s.easy_negatives),
        ("hard negatives", 2, |s| s.hard_negatives),
        ("positives", 3, |s| s.positives),
    ];
    let Some(loss) = story.losses().into_iter().find(|l| *l == loss) else { return html! {} };
    let lines = groups.map(|(name, look, group)| {
        let points = over_epochs(story, loss, |epoch, _| shares_of(epoch).map(|shares| of(group(&shares))));
        line(name, look, &points)
    });
    if lines[0].points.is_empty() {
        return html! {};
    }
    let numbers = numbers("epoch", &lines);
    let chart = Chart {
        title: format!("{loss}: share of the {kind}"),
        description: format!(
            "Shares of easy negatives, hard negatives and positives in the class {kind} of {loss}, by epoch."
        ),
        x: epoch_axis(&lines),
        y: Axis::new(format!("share of the {kind}"), 0.0, 1.0),
        series: lines.to_vec(),
        guide: None,
    };
    let caption = format!("Who had the class {kind} of {loss}, epoch by epoch, mean over the seeds.");
    figures.figure(name, chart.draw(), &caption, &numbers)
}

fn curves(
    story: Story,
    figures: &mut Figures,
    group: &[usize],
    (name, title, y): (&str, &str, &str),
    of: Of,
) -> Markup {
    let losses = story.losses();
    let lines: Vec<Series> =
        group.iter().map(|&i| line(losses[i], story.look(i), &over_epochs(story, losses[i], of))).collect();
    if lines.iter().all(|line| line.points.is_empty()) {
        return html! {};
    }
    let numbers = numbers("epoch", &lines);
    let names: Vec<&str> = group.iter().map(|&i| losses[i]).collect();
    let tops =
        lines.iter().flat_map(|line| line.points.iter().map(|p| p.1).chain(line.band.iter().map(|b| b.2)));
    let chart = Chart {
        title: title.into(),
        description: format!("{y} by epoch, mean and spread over the seeds, of {}.", names.join(", ")),
        x: epoch_axis(&lines),
        y: Axis::around(y, tops, (0.0, 1e9)),
        series: lines,
        guide: None,
    };
    figures.figure(name, chart.draw(), &format!("{title} by epoch."), &numbers)
}

/// Each epoch that at least half of the runs reached.
fn over_epochs<'a>(
    story: Story<'a>,
    loss: &'a str,
    of: impl Fn(&EpochRecord, &EpochRecord) -> Option<f64>,
) -> Vec<Point> {
    let runs: Vec<&[EpochRecord]> =
        story.runs(loss).filter(|run| run.diverged.is_none()).map(|run| &run.epochs[..]).collect();
    let longest = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    let at = |i: usize| {
        let values: Vec<f64> = runs.iter().filter_map(|run| of(run.get(i)?, run.first()?)).collect();
        let enough = 2 * values.len() >= runs.len();
        let (mean, band) = over_seeds(values.into_iter().map(Some), (0.0, f64::MAX)).filter(|_| enough)?;
        Some(((i + 1) as f64, mean, band))
    };
    (0..longest).filter_map(at).collect()
}

fn line(name: &str, look: usize, points: &[Point]) -> Series {
    Series {
        name: name.into(),
        look,
        points: points.iter().map(|&(x, mean, _)| (x, mean)).collect(),
        band: points.iter().map(|&(x, _, (low, high))| (x, low, high)).collect(),
        markers: points.len() <= 12,
    }
}

fn epoch_axis(lines: &[Series]) -> Axis {
    let last = lines.iter().filter_map(|line| line.points.last()).map(|point| point.0).fold(1.0, f64::max);
    Axis::around("epoch", [last], (0.0, 1e9))
}

/// About ten points of each line; `head` says what x is.
pub(super) fn numbers(head: &str, lines: &[Series]) -> Numbers {
    let longest = lines.iter().map(|line| line.points.len()).max().unwrap_or(0);
    let every = longest.div_ceil(10).max(1);
    let points: Vec<f64> = lines
        .iter()
        .find(|line| line.points.len() == longest)
        .map(|line| line.points.iter().step_by(every).map(|p| p.0).collect())
        .unwrap_or_default();
    let row = |x: f64| {
        let value = |line: &Series| number(line.points.iter().find(|p| p.0 == x).map(|p| p.1), 3);
        std::iter::once(number(Some(x), 0)).chain(lines.iter().map(value)).collect()
    };
    Numbers {
        head: std::iter::once(head.to_owned()).chain(lines.iter().map(|line| line.name.clone())).collect(),
        rows: points.into_iter().map(row).collect(),
    }
}
