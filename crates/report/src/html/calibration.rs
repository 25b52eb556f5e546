//! Whether probabilities can be taken at their word, and what repairs them.

use super::figures::{Figures, Numbers, table};
use super::story::{Story, number, over_seeds};
use crate::plot::{Axis, Chart, Series};
use crate::trained_alike;
use crate::views::table::found;
use losslab_losses::{Inverse, Spec};
use losslab_metrics::Calibration;
use losslab_metrics::calibration::{Measured, ReliabilityBin, Repair};
use maud::{Markup, html};

/// Bins of the curves, as they are measured.
const BINS: usize = 15;
/// Fewer examples, all seeds together, are no point of a curve.
const FEWEST: usize = 10;

/// The probabilities of a run, as reported or repaired.
type Which = fn(&Calibration) -> Option<&Measured>;
const KINDS: [(&str, &str, Which); 3] = [
    ("reliability-raw", "As the networks report", |c| Some(&c.raw)),
    ("reliability-temperature", "After temperature scaling", |c| c.temperature_scaled.as_ref()),
    // Where a loss has no known bias, it is as it reports.
    ("reliability-inverted", "After inverting the known bias", |c| c.inverted.as_ref().or(Some(&c.raw))),
];

/// Reliability curves and the table of calibration.
pub(crate) fn section(story: Story, figures: &mut Figures, classes: usize) -> Markup {
    let runs: Vec<Vec<&Calibration>> =
        story.losses().into_iter().map(|loss| calibrations(story, loss)).collect();
    if runs.iter().all(Vec::is_empty) {
        return html! {};
    }
    let any_inverted = runs.iter().flatten().any(|c| c.inverted.is_some());
    html! {
        section aria-labelledby="calibration" {
            h2 #calibration { "Can the probabilities be trusted?" }
            p {
                "Of all rows that a calibrated classifier gives a probability of 0.3, three in ten are \
                 positive: its curve is the diagonal. Below the diagonal it promises too much, above too \
                 little. "
                "Losses that are no proper scores, such as the focal loss, and weights of the classes move \
                 what a model reports away from the true probability. Choose a threshold on validation data, \
                 or repair the probabilities first."
            }
            (reported(story, classes))
            div.grid {
                @for group in story.groups() {
                    @for (name, title, which) in KINDS {
                        @if any_inverted || name != "reliability-inverted" {
                            (figures.figure(
                                name,
                                chart(story, &group, &runs, (title, classes), which).draw(),
                                CAPTION,
                                &numbers(story, &group, &runs, which),
                            ))
                        }
                    }
                }
            }
            h3 { "Calibration in numbers" }
            p {
                "Means over the seeds, on test parts; of log loss, Brier score and ECE less is better. The \
                 slope is 1 for calibrated probabilities and less for overconfident ones; the intercept is 0 \
                 where the mean probability is the share of positives, and negative where it is too high. \
                 The temperature is one number, fitted on the validation part, by which all scores are \
                 divided; Platt scaling fits a slope and an intercept. The last column counts the runs in \
                 which these probabilities had the least log loss on the validation part. The inversion \
                 undoes what focal loss and class weights are known to do to the probabilities of a model \
                 that fits perfectly (Charoenphakdee et al. 2021); it needs no data. The order of the \
                 examples, and with it average precision, stays as it is."
            }
            (table("Table of calibration", &summary(story, &runs)))
        }
    }
}

const CAPTION: &str = "Share of positives against the reported probability, in 15 bins of equal width, seeds \
                       pooled; bands are one standard deviation over seeds. Bins with fewer than 10 rows are \
                       left out.";

fn calibrations<'a>(story: Story<'a>, loss: &'a str) -> Vec<&'a Calibration> {
    story.runs(loss).filter_map(|run| found(run)?.calibration.as_ref()).collect()
}

/// What reported probabilities mean, by loss.
fn reported(story: Story, classes: usize) -> Markup {
    if classes != 2 {
        return html! {};
    }
    let meaning = |loss| {
        let spec = Spec::parse(trained_alike(story.runs(loss))?, &story.lab.losses).ok()?;
        let counts = &story.runs(loss).find_map(found)?.class_counts;
        let inverse = Inverse::of(&spec, counts).ok()?;
        let mut row = vec![loss.to_owned()];
        row.extend(REPORTS.map(|p| number(Some(inverse.of_probability(p)), 4)));
        Some(row)
    };
    let rows: Vec<Vec<String>> = story.losses().into_iter().filter_map(meaning).collect();
    let head = std::iter::once("loss".to_owned()).chain(REPORTS.map(|p| format!("{p} reported")));
    html! {
        @if !rows.is_empty() {
            p { "What a reported probability truly means, if the model fits perfectly; without \u{3b1} focal \
                 loss leaves 0.5 in place and draws everything else towards it:" }
            (table("What a reported probability means", &Numbers { head: head.collect(), rows }))
        }
    }
}

const REPORTS: [f64; 5] = [0.05, 0.1, 0.3, 0.5, 0.9];

/// A bin over all seeds: the mean reported, the share of positives, their spread over seeds, and rows.
struct Pooled {
    mean: f64,
    rate: f64,
    band: (f64, f64),
    rows: usize,
}

fn pooled(runs: &[&Calibration], which: Which) -> Vec<Pooled> {
    let of_bin = |m: usize| {
        let bins = runs.iter().filter_map(|run| which(run)).flat_map(|measured| &measured.equal_width.bins);
        // The bin of a probability p is (m/M, (m+1)/M].
        let inside = bins.filter(|bin| ((bin.mean_predicted * BINS as f64).ceil() as usize).max(1) == m + 1);
        let inside: Vec<_> = inside.collect();
        let rows: usize = inside.iter().map(|bin| bin.count).sum();
        let mean = |of: fn(&ReliabilityBin) -> f64| {
            inside.iter().map(|bin| bin.count as f64 * of(bin)).sum::<f64>() / rows as f64
        };
        let (_, (low, high)) = over_seeds(inside.iter().map(|bin| Some(bin.observed_rate)), (0.0, 1.0))?;
        let rate = mean(|bin| bin.observed_rate);
        let half = (high - low) / 2.0;
        let band = ((rate - half).max(0.0), (rate + half).min(1.0));
        (rows >= FEWEST).then(|| Pooled { mean: mean(|bin| bin.mean_predicted), rate, band, rows })
    };
    (0..BINS).filter_map(of_bin).collect()
}

fn chart(
    story: Story,
    group: &[usize],
    runs: &[Vec<&Calibration>],
    (title, classes): (&str, usize),
    which: Which,
) -> Chart {
    let losses = story.losses();
    let series = group.iter().map(|&loss| {
        let bins = pooled(&runs[loss], which);
        Series {
            name: losses[loss].to_owned(),
            look: story.look(loss),
            points: bins.iter().map(|bin| (bin.mean, bin.rate)).collect(),
            band: bins.iter().map(|bin| (bin.mean, bin.band.0, bin.band.1)).collect(),
            markers: true,
        }
    });
    let names: Vec<&str> = group.iter().map(|&loss| losses[loss]).collect();
    let (x, y) = if classes == 2 {
        ("reported probability", "share of positives")
    } else {
        ("confidence in the predicted class", "share predicted rightly")
    };
    Chart {
        title: title.into(),
        description: format!("Reliability curves, {y} against {x}, of {}.", names.join(", ")),
        x: Axis::new(x, 0.0, 1.0),
        y: Axis::new(y, 0.0, 1.0),
        series: series.collect(),
        guide: Some((vec![(0.0, 0.0), (1.0, 1.0)], "calibrated".into())),
    }
}

fn numbers(story: Story, group: &[usize], runs: &[Vec<&Calibration>], which: Which) -> Numbers {
    let losses = story.losses();
    let rows = group.iter().flat_map(|&loss| {
        let name = losses[loss];
        pooled(&runs[loss], which).into_iter().map(move |bin| {
            vec![name.to_owned(), number(Some(bin.mean), 3), number(Some(bin.rate), 3), bin.rows.to_string()]
        })
    });
    Numbers {
        head: ["loss", "reported", "observed", "rows"].map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

fn summary(story: Story, runs: &[Vec<&Calibration>]) -> Numbers {
    let head = [
        "loss",
        "probabilities",
        "log loss",
        "Brier score",
        "ECE",
        "ECE, equal mass",
        "slope",
        "intercept",
        "best in",
    ];
    let mut rows = Vec::new();
    for (loss, runs) in story.losses().into_iter().zip(runs) {
        let temperature = over_seeds(runs.iter().map(|c| c.temperature), (0.0, f64::MAX));
        let kinds: [(String, Repair, Which); 4] = [
            ("as reported".into(), Repair::Raw, |c| Some(&c.raw)),
            (format!("temperature {}", number(temperature.map(|t| t.0), 2)), Repair::Temperature, |c| {
                c.temperature_scaled.as_ref()
            }),
            ("Platt scaling".into(), Repair::Platt, |c| c.platt_scaled.as_ref()),
            ("bias inverted".into(), Repair::Inverted, |c| c.inverted.as_ref()),
        ];
        for (name, repair, which) in kinds {
            let of: Vec<&Measured> = runs.iter().filter_map(|run| which(run)).collect();
            if of.is_empty() {
                continue;
            }
            let mean = |value: fn(&Measured) -> Option<f64>| {
                let range = (-f64::MAX, f64::MAX);
                number(over_seeds(of.iter().map(|m| value(m)), range).map(|v| v.0), 4)
            };
            let best = runs.iter().filter(|run| run.best == repair).count();
            rows.push(vec![
                loss.to_owned(),
                name,
                mean(|m| Some(m.log_loss)),
                mean(|m| Some(m.brier)),
                mean(|m| Some(m.ece)),
                mean(|m| Some(m.ece_mass)),
                mean(|m| m.slope),
                mean(|m| m.intercept),
                best.to_string(),
            ]);
        }
    }
    Numbers { head: head.map(String::from).to_vec(), rows }
}
