//! What tuning tried and chose, if it did, and whether more trials would help.

use super::figures::{Figures, Numbers, table};
use super::story::{Story, number};
use super::training::numbers;
use crate::plot::{Axis, Chart, Series};
use crate::{budget_curve, choices, listed};
use maud::{Markup, html};

/// The budget curve, what was chosen for each loss, and every trial.
pub(super) fn section(story: Story, figures: &mut Figures) -> Markup {
    if choices(story.plan(), story.records).is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="tuning" {
            h2 #tuning { "What tuning chose" }
            p {
                "Each loss had " (story.plan().trials)
                " trainings per seed; the first has the settings as given. The table lists what was chosen \
                 over the seeds. The gain is the mean over the seeds of what the chosen training has more \
                 than the first in " (story.metric()) " on \
                 the validation part. It is a maximum over noisy numbers and therefore flatters; the \
                 test part, which decides, saw the chosen models only."
            }
            (table("What tuning chose", &summary(story)))
            div.grid.two {
                @for group in story.groups() { (budget(story, figures, &group)) }
            }
            details {
                summary { "Every trial" }
                (table("Every trial", &trials(story)))
            }
        }
    }
}

fn summary(story: Story) -> Numbers {
    let settings = story.plan().tune_over.iter().map(|setting| setting.title.clone());
    let head = std::iter::once("loss".to_owned()).chain(settings);
    let head = head.chain(["parameters", "gain on validation", "trials that diverged"].map(Into::into));
    let rows = choices(story.plan(), story.records).into_iter().map(|choices| {
        let settings = choices.settings.iter().map(|(_, values)| listed(values));
        let rest = [listed(&choices.specs), number(choices.gain, 3), choices.diverged.to_string()];
        std::iter::once(choices.label.clone()).chain(settings).chain(rest).collect()
    });
    Numbers { head: head.collect(), rows: rows.collect() }
}

/// The best validation metric by the number of trials.
fn budget(story: Story, figures: &mut Figures, group: &[usize]) -> Markup {
    let (losses, metric) = (story.losses(), story.metric());
    let higher_is_better = story.deciding().is_none_or(|metric| metric.higher_is_better);
    let line = |&i: &usize| {
        let curve = budget_curve(story.runs(losses[i]), higher_is_better);
        Series {
            name: losses[i].into(),
            look: story.look(i),
            markers: curve.len() <= 12,
            points: curve.into_iter().map(|(trials, best)| (trials as f64, best)).collect(),
            band: Vec::new(),
        }
    };
    let lines: Vec<Series> = group.iter().map(line).collect();
    let values: Vec<f64> = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1)).collect();
    if values.is_empty() {
        return html! {};
    }
    let names: Vec<&str> = group.iter().map(|&i| losses[i]).collect();
    let numbers = numbers("trials", &lines);
    let chart = Chart {
        title: "Best validation metric by trials".into(),
        description: format!(
            "The best validation {metric} after so many trials, mean over the seeds, of {}.",
            names.join(", ")
        ),
        x: Axis::new("trials", 1.0, story.plan().trials.max(2) as f64),
        y: Axis::close_to(format!("best validation {metric}"), values),
        series: lines,
        guide: None,
    };
    figures.figure("budget", chart.draw(), &caption(metric), &numbers)
}

/// What the budget curve is good for, and what not.
fn caption(metric: &str) -> String {
    format!(
        "The best {metric} on the validation part after so many trials, mean over the seeds; the vertical \
         axis need not begin at 0. It tells whether more trials would still help: hardly, where a line is \
         flat at its end; yes, where it still moves. These are validation data only, and the best of several \
         noisy numbers: they do not tell which loss is better."
    )
}

fn trials(story: Story) -> Numbers {
    let over = &story.plan().tune_over;
    let head = ["trained with", "seed"].into_iter().chain(over.iter().map(|setting| &*setting.title));
    let head = head.chain(["validation", "kept epoch", ""]);
    let rows = story.records.iter().flat_map(|run| {
        run.trials.iter().enumerate().map(|(i, trial)| {
            let value = |name| trial.settings.get(name).map_or_else(String::new, ToString::to_string);
            let settings = over.iter().map(|setting| value(&setting.name));
            let kept = trial.best_epoch.map_or_else(|| "diverged".into(), |epoch| epoch.to_string());
            let chosen = if run.chosen == Some(i) { "chosen" } else { "" };
            let rest = [number(trial.validation, 3), kept, chosen.into()];
            [trial.loss.clone(), run.seed.to_string()].into_iter().chain(settings).chain(rest).collect()
        })
    });
    Numbers { head: head.map(String::from).collect(), rows: rows.collect() }
}
