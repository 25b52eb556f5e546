//! The page of comparisons on several data sets.

use super::figures::{Figures, Numbers, table};
use super::page::{Head, frame};
use super::story::{in_groups, look, number};
use crate::across::{Across, Conclusion, Overall, Ranking, SetFinding, SetReport};
use crate::plot::{Axis, Chart, Forest, ForestRow, Mark, RankPlot, Series};
use losslab_base::counted;
use losslab_metrics::statistics::across::LEAST_SETS;
use losslab_metrics::statistics::sentence::{p_words, percent_words};
use maud::{Markup, html};

/// The whole page; drawings are left in `figures`.
pub(super) fn page(across: &Across, command: &str, version: &str, figures: &mut Figures) -> Markup {
    let parts = html! {
        (verdict(across))
        (sets(across))
        (differences(across, figures))
        @if let Some(ranking) = &across.ranking {
            (ranks(ranking, figures)) (profile(across, ranking, figures))
        }
    };
    let title = format!("Which {} over {}?", across.arm, counted(across.sets.len(), "data set"));
    let head = Head { tab: &title, brand: "comparisons on several data sets", title: &title, version };
    frame(head, &parts, &footer(across, command, version))
}

fn verdict(across: &Across) -> Markup {
    html! {
        section aria-labelledby="verdict" {
            h2 #verdict { "Verdict" }
            p.verdict { (across.sentence) "." }
            ul.losses {
                @for one in &across.overall {
                    @let (word, class) = tag(one.conclusion);
                    li { span class=(class) { (word) } " " (one.sentence) "." }
                }
            }
            p.small {
                "The data set is the unit: what is said here holds for other data sets of the kind of these, \
                 as far as these are a fair sample of them. A conclusion is drawn from " (LEAST_SETS)
                " informative data sets on."
            }
            @for note in &across.notes { p.warning { "Note: " (note) "." } }
        }
    }
}

/// The word of a conclusion, and how it is shown.
fn tag(conclusion: Conclusion) -> (&'static str, &'static str) {
    match conclusion {
        Conclusion::Better => ("better", "tag good"),
        Conclusion::Worse => ("worse", "tag bad"),
        Conclusion::Undecided => ("undecided", "tag"),
        Conclusion::TooFewSets => ("too few data sets", "tag"),
    }
}

fn sets(across: &Across) -> Markup {
    let head =
        std::iter::once("data set".to_owned()).chain(across.overall.iter().map(|one| one.label.clone()));
    let row =
        |set: &SetReport| std::iter::once(set.name.clone()).chain(set.findings.iter().map(cell)).collect();
    let numbers = Numbers { head: head.collect(), rows: across.sets.iter().map(row).collect() };
    html! {
        section aria-labelledby="sets" {
            h2 #sets { "What each data set found" }
            p {
                "Difference in " (across.metric.words) " to the reference " code { (across.reference) }
                " \u{b1} its standard error, of the same estimate as the verdict of that comparison; "
                (better(across)) ". " (across.informative()) " of "
                (counted(across.sets.len(), "data set"))
                " are informative: at least one comparison was judged there. What was not judged is left \
                 out, for the reason in its place."
            }
            (table("Differences on each data set", &numbers))
        }
    }
}

/// The difference with a true minus sign, or why there is none.
fn cell(found: &SetFinding) -> String {
    let text = found.short();
    if found.finding.is_some() { text.replace('-', "\u{2212}") } else { text }
}

fn better(across: &Across) -> &'static str {
    if across.metric.higher_is_better { "above 0 is better" } else { "below 0 is better" }
}

fn differences(across: &Across, figures: &mut Figures) -> Markup {
    let plots: Vec<Markup> = (0..across.overall.len()).map(|arm| forest(across, arm, figures)).collect();
    html! {
        section aria-labelledby="differences" {
            h2 #differences { "Differences over data sets" }
            p {
                "A meta-analysis averages what the data sets found, giving more weight to those that know it \
                 better. The diamond is that mean with its interval; the bar below says where the difference \
                 on one more data set would lie, which varies more than the mean."
            }
            div.grid.two { @for plot in &plots { (plot) } }
        }
    }
}

/// The data sets, their mean, and another data set.
fn forest(across: &Across, arm: usize, figures: &mut Figures) -> Markup {
    let one = &across.overall[arm];
    let judged = across.sets.iter().filter_map(|set| {
        let (set_finding, name) = (&set.findings[arm], shortened(&set.name));
        let found = set_finding.finding?;
        let note = cell(set_finding);
        Some(ForestRow {
            name,
            value: Some(found.difference),
            interval: set_finding.interval,
            note,
            mark: Mark::Line,
        })
    });
    let mut rows: Vec<ForestRow> = judged.collect();
    let digits = one.digits();
    let pair = |(low, high)| format!("{} to {}", number(Some(low), digits), number(Some(high), digits));
    let summary = |name: &str, value: Option<f64>, interval: Option<(f64, f64)>, mark| {
        let note = interval.map_or_else(String::new, pair);
        ForestRow { name: name.into(), value, interval, note, mark }
    };
    if let Some(pooled) = one.pooled {
        rows.push(summary("mean over data sets", Some(pooled.difference), one.interval, Mark::Diamond));
    }
    if one.prediction.is_some() {
        rows.push(summary("another data set", None, one.prediction, Mark::Bar));
    }
    if rows.is_empty() {
        return html! { p { code { (one.label) } ": judged on no data set." } };
    }
    let higher = across.metric.higher_is_better;
    let sides = if higher { ("worse", "better") } else { ("better", "worse") };
    let forest = Forest {
        title: format!("{} against {}", one.label, one.reference),
        description: one.sentence.clone(),
        label: format!("difference in {}", across.metric.words),
        sides: (sides.0.into(), sides.1.into()),
        margin: None,
        rows,
    };
    let percent = percent_words(one.level);
    let between = one.pooled.map_or_else(String::new, |pooled| {
        let share = 100.0 * pooled.i_squared;
        format!(
            " True differences vary between data sets with a standard deviation of {:.3}; that is {share:.0} \
             % of the variance that is seen.",
            pooled.between
        )
    });
    let caption = format!(
        "Rows of data sets: difference \u{b1} standard error, and the interval of the verdict there. Diamond \
         and bar at {percent}.{between}"
    );
    figures.figure("over-sets", forest.draw(), &caption, &forest_numbers(across, arm, one))
}

/// Most characters of a name that stands beside its numbers.
const NAME: usize = 36;

/// A name without its middle, if it is long: beginnings say what it is, ends what sets it apart.
fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= NAME {
        return name.into();
    }
    let (begin, end) = (&letters[..NAME / 2], &letters[letters.len() - (NAME / 2 - 1)..]);
    begin.iter().chain(&['\u{2026}']).chain(end).collect()
}

fn forest_numbers(across: &Across, arm: usize, one: &Overall) -> Numbers {
    let ends = |interval: Option<(f64, f64)>| interval.unzip();
    let line = |name: &str, value: Option<f64>, error: Option<f64>, interval: Option<(f64, f64)>| {
        let (low, high) = ends(interval);
        std::iter::once(name.to_owned()).chain([value, error, low, high].map(|v| number(v, 4))).collect()
    };
    let set = |set: &SetReport| {
        let found = &set.findings[arm];
        let (value, error) = found.finding.map(|f| (f.difference, f.standard_error)).unzip();
        line(&set.name, value, error, found.interval)
    };
    let pooled = one.pooled.map(|pooled| (pooled.difference, pooled.standard_error)).unzip();
    let summaries = [
        line("mean over data sets", pooled.0, pooled.1, one.interval),
        line("another data set", None, None, one.prediction),
    ];
    Numbers {
        head: ["", "difference", "standard error", "from", "to"].map(Into::into).to_vec(),
        rows: across.sets.iter().map(set).chain(summaries).collect(),
    }
}

fn ranks(ranking: &Ranking, figures: &mut Figures) -> Markup {
    let order = ranking.ranks.order();
    let place = |arm: usize| order.iter().position(|&other| other == arm);
    let bar = |run: &Vec<usize>| Some((place(*run.first()?)?, place(*run.last()?)?));
    let plot = RankPlot {
        title: format!("Average ranks on {}", counted(ranking.sets.len(), "data set")),
        description: ranking.sentences().join(". "),
        arms: order.iter().map(|&arm| (ranking.arms[arm].clone(), ranking.ranks.average[arm])).collect(),
        bars: ranking.alike.iter().filter_map(bar).collect(),
    };
    let pair = |pair: &losslab_metrics::statistics::across::ranks::RankedPair| {
        let names = [pair.first, pair.second].map(|arm| ranking.arms[arm].clone());
        names.into_iter().chain([pair.p_holm.map_or_else(|| "\u{2013}".into(), p_words)]).collect()
    };
    let numbers = Numbers {
        head: ["arm", "against", "corrected p"].map(Into::into).to_vec(),
        rows: ranking.ranks.pairs.iter().map(pair).collect(),
    };
    let caption = "A bar joins neighbours of which no two are told apart: signed-rank tests over the data \
                   sets, at 5 % with Holm's correction over all pairs.";
    html! {
        section aria-labelledby="ranks" {
            h2 #ranks { "Ranks" }
            p {
                "On each data set the best gets rank 1, the next rank 2, and so on; the average says who is \
                 usually ahead. Ranks forget by how much, so that neither an easy nor a hard data set counts \
                 for more."
            }
            div.narrow { (figures.figure("ranks", plot.draw(), caption, &numbers)) }
            ul { @for line in ranking.sentences() { li { (line) "." } } }
        }
    }
}

/// The widest ratio that is drawn.
const WIDEST: f64 = 5.0;

fn profile(across: &Across, ranking: &Ranking, figures: &mut Figures) -> Markup {
    let Some(profile) = &ranking.profile else { return html! {} };
    let largest = profile.iter().flatten().map(|(ratio, _)| *ratio).fold(1.0, f64::max);
    // Ends a little beyond the last step, so that it is seen.
    let end = 1.0 + 1.05 * (largest.min(WIDEST) - 1.0).max(0.01);
    let reference = ranking.arms.iter().position(|arm| *arm == across.reference).unwrap_or(0);
    let series = |arm: usize| Series {
        name: ranking.arms[arm].clone(),
        look: look(arm, reference),
        points: stairs(&profile[arm], end),
        band: Vec::new(),
        markers: false,
    };
    let what = lacking(across);
    let share = |arm: usize, ratio: f64| {
        profile[arm].iter().take_while(|(r, _)| *r <= ratio).last().map_or(0.0, |s| s.1)
    };
    let row = |arm: usize| {
        let shares = [1.0, 1.05, 1.2, 1.5, 2.0].map(|ratio| number(Some(share(arm, ratio)), 2));
        std::iter::once(ranking.arms[arm].clone()).chain(shares).collect()
    };
    let numbers = Numbers {
        head: ["", "best", "within 1.05", "within 1.2", "within 1.5", "within 2"].map(Into::into).to_vec(),
        rows: (0..ranking.arms.len()).map(row).collect(),
    };
    let chart = |group: Vec<usize>| Chart {
        title: "On how many data sets is it nearly the best?".into(),
        description: format!(
            "The share of data sets on which {what} is at most so many times that of the best."
        ),
        x: Axis::new(format!("{what}, as a multiple of the best"), 1.0, end),
        y: Axis::new("share of data sets", 0.0, 1.0),
        series: group.into_iter().map(series).collect(),
        guide: None,
    };
    let caption = "Higher is better: at the left end the share of data sets on which it is the best, farther \
                   right the share on which it is at most so many times worse.";
    let charts: Vec<Markup> = in_groups(reference, ranking.arms.len())
        .into_iter()
        .map(|group| figures.figure("profile", chart(group).draw(), caption, &numbers))
        .collect();
    html! {
        section aria-labelledby="profile" {
            h2 #profile { "Performance profile" }
            p {
                "A curve says on which share of the data sets an arm is the best, or at most so many times \
                 worse than the best. What is compared is " (what) ", how far " (across.metric.words)
                " is from the best that it can be."
            }
            div.grid.two { @for chart in &charts { (chart) } }
        }
    }
}

/// What the profile takes as the cost of a metric.
fn lacking(across: &Across) -> String {
    let (metric, words) = (&across.metric, &across.metric.words);
    match (metric.higher_is_better, metric.greatest, metric.least) {
        (true, Some(greatest), _) => format!("{greatest} \u{2212} {words}"),
        (false, _, Some(least)) if least != 0.0 => format!("{words} \u{2212} {least}"),
        _ => words.clone(),
    }
}

/// A curve that rises in steps, from 1 to the end of the axis.
fn stairs(steps: &[(f64, f64)], end: f64) -> Vec<(f64, f64)> {
    let (mut points, mut height) = (vec![(1.0, 0.0)], 0.0);
    for &(ratio, share) in steps.iter().filter(|(ratio, _)| *ratio <= end) {
        points.extend([(ratio, height), (ratio, share)]);
        height = share;
    }
    points.push((end, height));
    points
}

fn footer(across: &Across, command: &str, version: &str) -> Markup {
    html! {
        footer {
            h2 { "To make it again" }
            dl.facts {
                dt { "Command" } dd { code { (command) } }
                dt { "Version" } dd { "losslab " (version) }
                @for set in &across.sets { dt { (set.name) } dd { code { (set.folder) } } }
            }
            p.small {
                "All numbers are in " code { "across.json" } " beside this page, every drawing in the folder "
                code { "plots" } "."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{shortened, stairs};

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shortened("mammography"), "mammography");
        let long = shortened("synthetic:rows=1515,ratio=20,overlap=0.7,noise=0,seed=1");
        assert_eq!(long, "synthetic:rows=151\u{2026}.7,noise=0,seed=1");
    }

    #[test]
    fn a_profile_is_a_stair_that_ends_with_the_axis() {
        let points = stairs(&[(1.0, 0.5), (2.0, 0.75), (9.0, 1.0)], 3.0);
        assert_eq!(points, [(1.0, 0.0), (1.0, 0.0), (1.0, 0.5), (2.0, 0.5), (2.0, 0.75), (3.0, 0.75)]);
        assert_eq!(stairs(&[], 3.0), [(1.0, 0.0), (3.0, 0.0)]);
    }
}
