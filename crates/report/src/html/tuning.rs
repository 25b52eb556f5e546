//! What tuning tried and chose, if it did.

use super::figures::{Numbers, table};
use super::story::{Story, number};
use crate::{choices, listed};
use maud::{Markup, html};

/// What was chosen for each loss, and every trial.
pub(super) fn section(story: Story) -> Markup {
    let chosen = choices(story.plan(), story.records);
    if chosen.is_empty() {
        return html! {};
    }
    let head = ["loss", "learning rates", "parameters", "gain on validation", "trials that diverged"];
    let rows = chosen.iter().map(|choices| {
        vec![
            choices.label.clone(),
            listed(&choices.learning_rates),
            listed(&choices.specs),
            number(choices.gain, 3),
            choices.diverged.to_string(),
        ]
    });
    let summary = Numbers { head: head.map(String::from).to_vec(), rows: rows.collect() };
    html! {
        section aria-labelledby="tuning" {
            h2 #tuning { "What tuning chose" }
            p {
                "Each loss had " (story.plan().trials) " trainings per seed. In brackets: how many seeds chose it. The gain is the mean over \
                 the seeds of what the chosen training has more than the first, untuned one in " (story.metric()) " on the validation part. It is a \
                 maximum over noisy numbers and therefore flatters; the test part, which decides, saw the chosen models only."
            }
            (table("What tuning chose", &summary))
            details {
                summary { "Every trial" }
                (table("Every trial", &trials(story)))
            }
        }
    }
}

fn trials(story: Story) -> Numbers {
    let head = ["trained with", "seed", "learning rate", "validation", "kept epoch", ""];
    let rows = story.records.iter().flat_map(|run| {
        run.trials.iter().enumerate().map(|(i, trial)| {
            vec![
                trial.loss.clone(),
                run.seed.to_string(),
                format!("{:.2e}", trial.learning_rate),
                number(trial.validation, 3),
                trial.best_epoch.map_or_else(|| "diverged".into(), |epoch| epoch.to_string()),
                if run.chosen == Some(i) { "chosen".into() } else { String::new() },
            ]
        })
    });
    Numbers { head: head.map(String::from).to_vec(), rows: rows.collect() }
}
