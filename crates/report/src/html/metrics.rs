//! The table of all metrics.

use super::figures::breakable;
use super::story::{Story, number};
use crate::MeanSd;
use maud::{Markup, html};

/// Mean, standard deviation and number of runs, for each metric and loss.
pub(super) fn section(story: Story) -> Markup {
    let runs = story.seeds().len();
    html! {
        section aria-labelledby="metrics" {
            h2 #metrics { "All metrics" }
            p {
                "Mean \u{b1} standard deviation over the seeds, on test parts. The best mean of a row is bold, which is not a verdict: only " (story.deciding().map_or("", |metric| &metric.title)) " \
                 decides, and only as the verdict above says. \u{2191} more is better, \u{2193} less is better."
            }
            section.scroll aria-label="Table of all metrics" tabindex="0" {
                table {
                    thead { tr { th scope="col" { "metric" } @for loss in story.losses() { th.spec scope="col" { (breakable(loss)) } } } }
                    tbody {
                        @for metric in &story.plan().metrics {
                            @let values: Vec<Option<&MeanSd>> = story.results.summary.iter().map(|s| s.metrics.get(&metric.name)).collect();
                            @let best = best(&values, metric.higher_is_better);
                            tr {
                                th scope="row" { (metric.title) " " (if metric.higher_is_better { "\u{2191}" } else { "\u{2193}" }) span.meaning { (metric.meaning) } }
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
        }
    }
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
