//! How a report opens: the verdict, and what was compared on what.

use super::story::Story;
use crate::{MetricDescription, Plan, views};
use losslab_losses::SpecDescription;
use losslab_metrics::statistics::verdict::{Verdict, Verdicts};
use maud::{Markup, html};

/// The verdict in a sentence, then loss by loss.
pub(super) fn verdict(story: Story) -> Markup {
    html! {
        section aria-labelledby="verdict" {
            h2 #verdict { "Verdict" }
            @match story.verdicts() {
                Some(verdicts) => {
                    p.verdict { (verdicts.sentence) }
                    (list(verdicts))
                    @if verdicts.comparisons.iter().any(|loss| loss.verdict == Verdict::Undecided) {
                        p.small {
                            "\u{201c}Undecided\u{201d} does not say that two losses are equal. It says that \
                             these runs cannot tell them apart: a difference smaller than the one named \
                             would usually go unseen."
                        }
                    }
                    (probabilities(story))
                    @if let Some(judgement) = &story.results.verdicts {
                        p.small {
                            (upper(judgement.answers())) "."
                            @if let Some(margin) = judgement.margin {
                                " " (upper(&margin.words(story.plan()))) "."
                            }
                        }
                        @for note in judgement.left_out.iter().chain(&judgement.history) {
                            p.warning { "Note: " (note) "." }
                        }
                    }
                }
                None => p.verdict {
                    "Nothing can be judged: no seed has a value of the deciding metric for every arm. \
                     The numbers below are what there is."
                }
            }
            @if !story.results.complete {
                p.warning { "This comparison was stopped before all its trainings were done. Everything \
                             below is preliminary." }
            }
            (diverged(story))
        }
    }
}

/// The verdict on each comparison.
fn list(verdicts: &Verdicts) -> Markup {
    html! {
        ul.losses {
            @for arm in &verdicts.comparisons {
                li { span class=(mark(arm.verdict)) { (word(arm.verdict)) } " " (arm.sentence) "." }
            }
        }
    }
}

/// The verdicts on probabilities, which a loss can spoil without a change of the ranking.
fn probabilities(story: Story) -> Markup {
    let others = story.results.verdicts.as_ref().map(|judgement| &judgement.others);
    let Some(found) = others.and_then(|others| others.probabilities.as_ref()) else { return html! {} };
    let title = |metric: &MetricDescription| metric.title.clone();
    let metric = story.plan().metrics.iter().find(|metric| metric.name == found.metric).map(title);
    html! {
        h3 { "Are the probabilities as good?" }
        p { (found.verdicts.sentence) }
        details {
            summary { "Loss by loss" }
            (list(&found.verdicts))
        }
        p.small {
            (metric.unwrap_or_default())
            " is least, in the mean, for the true probabilities. It was tested in the same way as the \
             deciding metric, with a correction of its own. What repairs probabilities stands below, under \
             calibration."
            @if let Some(note) = &found.left_out { " Note: " (note) "." }
        }
    }
}

/// What each word means stands in the sentence beside it; colour only underlines it.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Equivalent => "equivalent",
        Verdict::Undecided => "undecided",
        Verdict::NotTrainedOut => "not trained out",
        Verdict::TrainingFailed => "training failed",
        Verdict::Identical => "identical",
        Verdict::Diverged => "diverged",
        Verdict::NotTested => "not tested",
    }
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "tag good",
        Verdict::Worse | Verdict::Diverged | Verdict::TrainingFailed => "tag bad",
        _ => "tag",
    }
}

fn diverged(story: Story) -> Markup {
    let lost: Vec<_> = story.records.iter().filter(|run| run.diverged.is_some()).collect();
    html! {
        @if !lost.is_empty() {
            p.warning {
                "Trainings that diverged, which the curves and means below leave out: "
                @for (i, run) in lost.iter().enumerate() {
                    @if i > 0 { "; " }
                    (story.plan().label(&run.arm)) " with seed " (run.seed) " ("
                    (run.diverged.as_deref().unwrap_or_default())
                    ")"
                }
                "."
            }
        }
    }
}

/// What was compared on what, in plain words.
pub(super) fn subject(story: Story) -> Markup {
    let (plan, seeds) = (story.plan(), story.seeds());
    let view = views::of(&plan.task).ok();
    html! {
        section aria-labelledby="subject" {
            h2 #subject { "What was compared" }
            @if let Some(view) = view { p { (view.subject(plan)) } }
            p {
                (compared(story)) ", each trained " (times(seeds.len()))
                ", with seeds " (range(&seeds))
                ". In all runs of one seed everything else is the same: the rows or images, the first \
                 weights of each model, the order of the examples and the optimiser. "
                @match plan.trials {
                    1 => "The learning rate is the same, too: nothing was tuned for any loss. ",
                    trials => {
                        "Each model is the best of " (trials) " trainings on the validation part, over "
                        (tuned(plan))
                        "the parameters that the name of the loss leaves open with a question mark; a loss \
                         without such parameters has as many as the others. "
                    }
                }
                "The metric that decides is " (story.deciding().map_or("", |metric| &metric.title))
                ", and the reference is "
                code { (story.reference()) }
                @if story.results.verdicts.as_ref().is_none_or(|judgement| judgement.history.is_empty()) {
                    "; both were set before the runs"
                }
                "."
            }
            dl.specs {
                @for loss in &plan.losses {
                    dt { code { (loss.spec) } @if loss.spec == plan.reference.loss { " (reference)" } }
                    dd { (explain(loss)) }
                }
                @for model in &plan.models {
                    @let is_reference = plan.models.len() > 1 && model.spec == plan.reference.model;
                    dt { code { (model.spec) } @if is_reference { " (reference)" } }
                    dd { (model.title) ": " (model.description) ". " (model.source) }
                }
            }
            (focal_box())
            (metric_box(story))
        }
    }
}

/// What trials vary beside the parameters of losses, which the sentence goes on with.
fn tuned(plan: &Plan) -> String {
    let titles: Vec<&str> = plan.tune_over.iter().map(|setting| &*setting.title).collect();
    if titles.is_empty() { String::new() } else { format!("{} and ", titles.join(", ")) }
}

/// With a capital letter.
fn upper(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How many of what were compared.
fn compared(story: Story) -> String {
    let (models, losses) = (story.plan().models.len(), story.plan().losses.len());
    match (models, losses) {
        (0 | 1, _) => format!("{losses} losses were compared"),
        (_, 1) => format!("{models} models were compared"),
        _ => format!("{models} models with {losses} losses each were compared"),
    }
}

fn times(n: usize) -> String {
    if n == 1 { "once".into() } else { format!("{n} times") }
}

fn range(seeds: &[u64]) -> String {
    match seeds {
        [] => "none".into(),
        [one] => one.to_string(),
        [first, .., last] if last - first + 1 == seeds.len() as u64 => format!("{first} to {last}"),
        _ => seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The equation and the source of a loss.
fn explain(loss: &SpecDescription) -> String {
    let modifiers =
        loss.modifiers.iter().map(|modifier| format!("; {}: {}", modifier.title, modifier.equation));
    format!("{}: {}{}. {}", loss.title, loss.equation, modifiers.collect::<String>(), loss.source)
}

/// For readers who never heard of it.
fn focal_box() -> Markup {
    html! {
        aside.box aria-labelledby="focal" {
            h3 #focal { "What is focal loss?" }
            p {
                "A classifier learns by making a loss small. Cross-entropy, the usual loss, is \u{2212}log \
                 p" sub { "t" } ", where p" sub { "t" }
                " is the probability that the classifier gives to the true class. An example it gets right \
                 with p" sub { "t" }
                " = 0.9 still costs a little. Where one class is rare, there are so many easy examples of \
                 the other that their little costs may outweigh the rare ones."
            }
            p {
                "Focal loss multiplies by (1 \u{2212} p" sub { "t" } ")" sup { "\u{3b3}" }
                ". With \u{3b3} = 2 the example at 0.9 costs a hundredth, while one at 0.1 costs about as \
                 much as before: attention moves to the hard examples. \u{3b3} = 0 is cross-entropy. The \
                 weight \u{3b1}, if there is one, multiplies the positives, 1 \u{2212} \u{3b1} the \
                 negatives. The price is that its probabilities can no longer be taken at their word. The \
                 idea is from Lin et al. 2017, "
                cite { "Focal Loss for Dense Object Detection" } "."
            }
        }
    }
}

/// What the deciding metric measures.
fn metric_box(story: Story) -> Markup {
    let view = views::of(&story.plan().task).ok();
    html! {
        p.small {
            @if let Some(metric) = story.deciding() { (metric.title) ": " (metric.meaning) ". " }
            @if let Some(view) = view { (view.about_metric(story.plan())) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_in_words() {
        assert_eq!(range(&[0, 1, 2]), "0 to 2");
        assert_eq!(range(&[0, 2]), "0, 2");
        assert_eq!(range(&[7]), "7");
    }
}
