//! Verdicts by simulation: how often losslab calls one of two equally good arms better, how often its
//! intervals hold the true difference, and how often it sees a difference that is there.
//!
//! Each design is simulated on data sets of its own, [`DATA_SETS`] of each kind, with everything as in a
//! comparison: splits, trainings, records and the verdict. Four kinds have nothing to find: labels that were
//! shuffled, two losses that are nearly the same, one loss with two streams of random numbers, and one loss
//! on two sets of columns that are equally good. The last is the hardest, for what differs between the arms
//! is shared by all splits of a data set. In the fifth kind the columns of one arm tell less. Detections are
//! drawn rather than trained.

mod boxes;
mod tables;

use crate::ledger::Ledger;
use anyhow::ensure;
use losslab_metrics::statistics::verdict::{ArmVerdict, Verdict};
use std::fmt::Write;

/// Data sets of each design and kind.
const DATA_SETS: u64 = 300;
/// Most false verdicts: 5 % and two standard errors of a share of so many data sets.
const MOST_FALSE: f64 = 0.05 + 2.0 * 0.012_583;
/// Least and most of the intervals at 95 % that hold the true difference.
const COVERED: [f64; 2] = [0.93, 0.99];

/// What is to be found in a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ce` and `focal:gamma=2` where the labels are shuffled: nothing can be learnt.
    Permuted,
    /// `ce` and `focal:gamma=0.01`, which are nearly the same.
    NearNull,
    /// `ce` twice, with other random numbers.
    Streams,
    /// `ce` on two sets of columns that are equally good.
    OwnColumns,
    /// The same, the second set being less good.
    Worse,
}

impl Kind {
    fn title(self) -> &'static str {
        match self {
            Kind::Permuted => "permuted labels",
            Kind::NearNull => "`ce` and `focal:gamma=0.01`",
            Kind::Streams => "one loss, two streams",
            Kind::OwnColumns => "equally good columns",
            Kind::Worse => "worse columns",
        }
    }
}

/// What was judged of one data set.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Whether the verdict was better or worse.
    pub decided: bool,
    /// The same without the check of the trainings.
    pub decided_unchecked: bool,
    /// Whether the check withheld the verdict.
    pub withheld: bool,
    /// The mean difference, and its interval at 95 %.
    pub difference: f64,
    pub interval: Option<(f64, f64)>,
}

impl Outcome {
    /// From the only comparison of a judgement, and the same without the check of the trainings.
    pub fn of(checked: &ArmVerdict, unchecked: &ArmVerdict) -> Self {
        let decided = |v: &ArmVerdict| matches!(v.verdict, Verdict::Better | Verdict::Worse);
        Self {
            decided: decided(checked),
            decided_unchecked: decided(unchecked),
            withheld: !checked.unfit.is_empty(),
            difference: unchecked.difference.unwrap_or(0.0),
            interval: unchecked.interval,
        }
    }
}

/// What came out for one design and kind.
struct Row {
    design: &'static str,
    kind: Kind,
    outcomes: Vec<Outcome>,
}

impl Row {
    /// The share of data sets of which something holds.
    fn share(&self, holds: impl Fn(&Outcome) -> bool) -> f64 {
        self.outcomes.iter().filter(|outcome| holds(outcome)).count() as f64 / self.outcomes.len() as f64
    }

    /// The share of intervals that hold the true difference: 0, or the mean over all data sets where one arm
    /// is worse. Where nothing could be tested there is none.
    fn covered(&self) -> f64 {
        let mean = self.outcomes.iter().map(|one| one.difference).sum::<f64>() / self.outcomes.len() as f64;
        let truth = if self.kind == Kind::Worse { mean } else { 0.0 };
        self.share(|one| one.interval.is_none_or(|(low, high)| low <= truth && truth <= high))
    }

    /// A row of the table in docs/statistics.md.
    fn line(&self) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let [checked, unchecked, withheld] = [
            self.share(|one| one.decided),
            self.share(|one| one.decided_unchecked),
            self.share(|one| one.withheld),
        ]
        .map(percent);
        let covered = percent(self.covered());
        let (design, kind) = (self.design, self.kind.title());
        format!("| {design} | {kind} | {checked} | {unchecked} | {withheld} | {covered} |")
    }

    /// What is wrong, if anything.
    fn check(&self) -> anyhow::Result<()> {
        let (name, covered) = (format!("{}, {}", self.design, self.kind.title()), self.covered());
        ensure!(covered >= COVERED[0], "{name}: {covered:.3} of the intervals hold the true difference");
        // Where the arms share their data, nothing that all splits have in common tells them apart, and the
        // tests allow for more than there is.
        let shared = matches!(self.kind, Kind::Permuted | Kind::NearNull | Kind::Streams);
        ensure!(shared || covered <= COVERED[1], "{name}: {covered:.3} of the intervals hold, too many");
        for rate in [self.share(|one| one.decided), self.share(|one| one.decided_unchecked)] {
            ensure!(self.kind == Kind::Worse || rate <= MOST_FALSE, "{name}: {rate:.3} false verdicts");
        }
        Ok(())
    }
}

/// Simulates every design once, and prints the table.
pub fn run(ledger: &mut Ledger) -> anyhow::Result<()> {
    let round = ledger.get("verdicts", "rounds");
    let seeds = round * DATA_SETS..(round + 1) * DATA_SETS;
    let mut rows = tables::rows(seeds.clone())?;
    rows.extend(boxes::rows(seeds)?);
    let mut table = String::from(
        "| design | data | verdicts | without the check | withheld | intervals that hold \
         |\n|---|---|---|---|---|---|\n",
    );
    rows.iter().try_for_each(|row| writeln!(table, "{}", row.line()))?;
    println!("{table}");
    ledger.add("verdicts", "rounds", 1)?;
    ledger.add("verdicts", "data sets", DATA_SETS * rows.len() as u64)?;
    let faults: Vec<String> =
        rows.iter().filter_map(|row| row.check().err()).map(|e| e.to_string()).collect();
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}
