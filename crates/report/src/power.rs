//! `losslab power`: how many seeds and how much data a difference needs to be seen, from the spread that a
//! finished comparison has found.

use super::judgement::{ALPHA, Design, Judgement};
use super::plan::Plan;
use crate::views;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_BORDERS_ONLY};
use losslab_metrics::statistics::sample_size::{MOST_SEEDS, Pilot, PilotDesign};
use losslab_metrics::statistics::sentence::{margin_words, percent_words};
use losslab_metrics::statistics::verdict::ArmVerdict;

/// Seeds of the rows of the second table.
const SEEDS: [f64; 6] = [5.0, 10.0, 20.0, 50.0, 100.0, f64::INFINITY];
/// How many times the data its columns stand for.
const DATA: [f64; 4] = [1.0, 2.0, 4.0, 10.0];
/// The seeds for which the need of data is stated.
const PLANNED_SEEDS: u32 = 20;

/// What is asked of a finished comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerQuestion {
    /// The difference to be seen, in units of the deciding metric; none for the equivalence margin.
    pub difference: Option<f64>,
    /// The probability of seeing it, between 0 and 1.
    pub power: f64,
}

/// The answer for every comparison, as text: a table of what the wanted difference needs, and one of the
/// smallest difference that numbers of seeds and amounts of data would see.
///
/// All tests are at 5 % divided by the number of comparisons, the strictest level of Holm's method.
///
/// # Errors
/// Why there is no answer: no comparison has a test, or there is no difference to ask for.
pub fn power_text(plan: &Plan, judgement: &Judgement, asked: PowerQuestion) -> Result<String, String> {
    let margin = judgement.margin.map(|margin| margin.value);
    let difference = asked
        .difference
        .or(margin)
        .ok_or("there is no equivalence margin to ask for: give the difference to be seen (--difference)")?;
    let comparisons = &judgement.verdicts.comparisons;
    let pilots: Vec<(&ArmVerdict, Pilot)> =
        comparisons.iter().filter_map(|verdict| Some((verdict, pilot(verdict, judgement)?))).collect();
    if pilots.is_empty() {
        return Err("no comparison in it has a test whose spread could be planned with".into());
    }
    let alpha = ALPHA / comparisons.len() as f64;
    let answer = Answer { plan, difference, alpha, power: asked.power };
    let mut text = answer.head(judgement, asked.difference.is_none(), comparisons.len());
    text += &format!("{}\n", answer.needs(&pilots));
    text += &answer.floors(&pilots);
    if let Some((verdict, pilot)) = middle(&pilots) {
        text += &format!(
            "\nthe smallest difference seen with {} power, for {} (the median spread):\n{}\n",
            percent(asked.power),
            verdict.label,
            answer.seen(pilot)
        );
    }
    let left_out = comparisons.iter().filter(|verdict| !pilots.iter().any(|(known, _)| known == verdict));
    for verdict in left_out {
        text += &format!("note: {} is left out: {}\n", verdict.label, verdict.sentence);
    }
    Ok(text + ASSUMPTIONS)
}

/// What the answers rest on.
const ASSUMPTIONS: &str = "\
note: the spread is that of these runs; with few seeds it is only roughly known, and so are the answers
note: with more data of the same kind, rare class included, variances are taken to fall in proportion
";

struct Answer<'a> {
    plan: &'a Plan,
    difference: f64,
    alpha: f64,
    power: f64,
}

impl Answer<'_> {
    fn metric(&self) -> &str {
        self.plan.deciding().map_or("", |metric| &metric.words)
    }

    /// What is asked, in a sentence or two.
    fn head(&self, judgement: &Judgement, is_margin: bool, comparisons: usize) -> String {
        let margin = if is_margin { ", the equivalence margin" } else { "" };
        let each = match comparisons {
            1 => String::new(),
            more => format!(" in each of {more} comparisons"),
        };
        format!(
            "to see a difference of {} {}{margin}, with {} power{each} at the {} level\n\
             (spread from {})\n",
            margin_words(self.difference),
            self.metric(),
            percent(self.power),
            percent_words(1.0 - self.alpha),
            judgement.rests_on(),
        )
    }

    /// What each comparison needs.
    fn needs(&self, pilots: &[(&ArmVerdict, Pilot)]) -> Table {
        let scarce = views::of(&self.plan.task).ok().and_then(|view| view.scarce(self.plan));
        let (count, of) = scarce.map_or((None, "data".to_owned()), |(count, of)| (Some(count), of));
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let data = format!("{of}\nneeded with {PLANNED_SEEDS} seeds");
        table.set_header(["", "sd of a\ndifference", "seeds\nneeded", &data]);
        for (verdict, pilot) in pilots {
            let seeds = pilot.seeds_for(self.difference, self.alpha, self.power);
            let times = pilot.data_for(self.difference, PLANNED_SEEDS, self.alpha, self.power);
            let needed = match count {
                Some(count) => format!("{:.0} ({times:.1} x {count})", (times * count as f64).ceil()),
                None => format!("{times:.1} x"),
            };
            let cells = [
                margin_words(pilot.deviation()),
                seeds.map_or_else(|| "none is enough".into(), |seeds| seeds.to_string()),
                if times > 1.0 { needed } else { "as now".into() },
            ];
            let mut row = vec![Cell::new(&verdict.label)];
            row.extend(cells.map(|text| Cell::new(text).set_alignment(CellAlignment::Right)));
            table.add_row(row);
        }
        table
    }

    /// Where more seeds do not help, and why.
    fn floors(&self, pilots: &[(&ArmVerdict, Pilot)]) -> String {
        let floor = |pilot: &Pilot| pilot.detectable(f64::INFINITY, 1.0, self.alpha, self.power);
        let never = |pilot: &Pilot| pilot.seeds_for(self.difference, self.alpha, self.power).is_none();
        let floors: Vec<f64> =
            pilots.iter().filter(|(_, pilot)| never(pilot)).map(|(_, pilot)| floor(pilot)).collect();
        let Some(least) = floors.iter().copied().reduce(f64::min) else { return String::new() };
        let most = floors.iter().copied().fold(least, f64::max);
        let range = match margin_words(least) == margin_words(most) {
            true => margin_words(least),
            false => format!("{} to {}", margin_words(least), margin_words(most)),
        };
        format!(
            "none is enough: all seeds share the same data, so that even {MOST_SEEDS} of them would not see \
             the difference.\nWith any number of seeds the smallest difference seen is {range} {}; only more \
             data help.\n",
            self.metric()
        )
    }

    /// What numbers of seeds and amounts of data would see.
    fn seen(&self, pilot: &Pilot) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        let times =
            DATA.map(|times| if times > 1.0 { format!("{times} x the data") } else { "these data".into() });
        table.set_header(std::iter::once("seeds".to_owned()).chain(times));
        for seeds in SEEDS {
            let name = if seeds.is_finite() { seeds.to_string() } else { "any number".into() };
            let seen = |data| margin_words(pilot.detectable(seeds, data, self.alpha, self.power));
            let mut row = vec![Cell::new(name)];
            row.extend(DATA.map(|data| Cell::new(seen(data)).set_alignment(CellAlignment::Right)));
            table.add_row(row);
        }
        table
    }
}

/// What a comparison was made of; none if its trainings say nothing of those that are planned.
fn pilot(verdict: &ArmVerdict, judgement: &Judgement) -> Option<Pilot> {
    if !verdict.unfit.is_empty() {
        return None;
    }
    let (design, units) = match judgement.design {
        Design::Resplits { test_to_train } => (PilotDesign::Splits { test_to_train }, judgement.seeds.len()),
        Design::GivenSplits { splits, test_to_train } => (PilotDesign::Splits { test_to_train }, splits),
        Design::FixedTest { .. } => (PilotDesign::FixedTest, judgement.seeds.len()),
    };
    Pilot::new(design, &verdict.variances, units)
}

/// The comparison of the median spread.
fn middle<'a>(pilots: &'a [(&'a ArmVerdict, Pilot)]) -> Option<(&'a ArmVerdict, &'a Pilot)> {
    let mut sorted: Vec<_> = pilots.iter().map(|(verdict, pilot)| (*verdict, pilot)).collect();
    sorted.sort_by(|a, b| a.1.deviation().total_cmp(&b.1.deviation()));
    sorted.get(sorted.len() / 2).copied()
}

fn percent(share: f64) -> String {
    percent_words(1.0 - share)
}
