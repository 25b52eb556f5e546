//! The table of all metrics.

use super::figures::{Numbers, breakable, table};
use super::story::{Story, number};
use crate::{Difference, MeanSd, MetricDescription, OfMetric};
use maud::{Markup, html};

/// Mean, standard deviation and number of runs, for each metric and loss.
pub(super) fn section(story: Story) -> Markup {
    let runs = story.seeds().len();
    html! {
        section aria-labelledby="metrics" {
            h2 #metrics { "All metrics" }
            p {
                "Mean \u{b1} standard deviation over the seeds, on test parts. The best mean of a row is \
                 bold, which is not a verdict: only " (story.deciding().map_or("", |metric| &metric.title))
                " decides, and only as the verdict above says. \u{2191} more is better, \u{2193} less is \
                 better."
            }
            section.scroll aria-label="Table of all metrics" tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { "metric" }
                        @for loss in story.losses() { th.spec scope="col" { (breakable(loss)) } }
                    } }
                    tbody {
                        @for metric in &story.plan().metrics {
                            @let summary = story.results.summary.iter();
                            @let values = summary.map(|s| s.metrics.get(&metric.name)).collect::<Vec<_>>();
                            @let best = best(&values, metric.higher_is_better);
                            tr {
                                th scope="row" {
                                    (metric.title) " "
                                    (if metric.higher_is_better { "\u{2191}" } else { "\u{2193}" })
                                    span.meaning { (metric.meaning) }
                                }
                                @for value in values {
                                    td.best[value.and_then(|v| v.mean) == best && best.is_some()] {
                                        @if let Some(value) = value { (show(value, runs)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            (differences(story))
        }
    }
}

/// The difference of each arm to its reference in every metric, folded away: a description.
fn differences(story: Story) -> Markup {
    let others = story.results.verdicts.as_ref().map(|judgement| &judgement.others.metrics[..]);
    let Some(metrics @ [first, ..]) = others else { return html! {} };
    let heading = |name: &str| {
        let metric = story.plan().metrics.iter().find(|metric| metric.name == name);
        metric.map_or_else(|| name.to_owned(), MetricDescription::heading)
    };
    let row = |metric: &OfMetric| {
        std::iter::once(heading(&metric.metric))
            .chain(metric.comparisons.iter().map(show_difference))
            .collect()
    };
    let labels = first.comparisons.iter().map(|arm| format!("{} \u{2212} {}", arm.label, arm.reference));
    let numbers = Numbers {
        head: std::iter::once("difference of means".to_owned()).chain(labels).collect(),
        rows: metrics.iter().map(row).collect(),
    };
    html! {
        details {
            summary { "Differences in all metrics, with intervals" }
            p.small {
                "Each is a 95 % interval by itself. Nothing is corrected for the number of metrics and \
                 losses: of twenty such intervals about one misses the true difference. No verdict rests on \
                 them."
            }
            (table("Differences in all metrics", &numbers))
        }
    }
}

/// `0.012 (-0.004 to 0.028)`.
fn show_difference(arm: &Difference) -> String {
    let Some(difference) = arm.difference else { return "\u{2013}".into() };
    let interval = match arm.interval {
        None => String::new(),
        Some((low, high)) => format!(" ({low:+.3} to {high:+.3})"),
    };
    format!("{difference:+.3}{interval}").replace('-', "\u{2212}")
}

fn best(values: &[Option<&MeanSd>], higher: bool) -> Option<f64> {
    let means = values.iter().filter_map(|value| value.and_then(|v| v.mean));
    means.reduce(|a, b| if (a < b) == higher { b } else { a })
}

fn show(value: &MeanSd, runs: usize) -> Markup {
    html! {
        (number(value.mean, 3))
        @if let Some(sd) = value.sd { span.sd { " \u{b1} " (number(Some(sd), 3)) } }
        @if value.n < runs { span.sd { " (n = " (value.n) ")" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_largest_or_the_least() {
        let [a, b] = [0.2, 0.7].map(|mean| MeanSd { mean: Some(mean), sd: None, n: 1 });
        assert_eq!(best(&[Some(&a), None, Some(&b)], true), Some(0.7));
        assert_eq!(best(&[Some(&b), Some(&a)], false), Some(0.2));
        assert_eq!(best(&[None], true), None);
    }
}
