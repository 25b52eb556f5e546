//! `losslab power`: what another comparison would need to see a difference.

use super::compare::{pool, resolve};
use super::{emit, notes, processors};
use anyhow::{Context, bail};
use clap::Args;
use losslab_base::shown_number;
use losslab_report::{PowerQuestion, Store, judge, power_text};
use losslab_train::Lab;
use std::path::PathBuf;

/// The arguments of `losslab power`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Folder of a comparison that `losslab compare` wrote, or losslab-results for the latest in it; a few
    /// seeds are enough to plan with
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Difference in the deciding metric that is to be seen [default: the equivalence margin]
    #[arg(long, value_name = "X")]
    difference: Option<f64>,
    /// Probability of seeing it
    #[arg(long, value_name = "P", default_value_t = 0.8)]
    power: f64,
}

/// Runs the command.
pub fn run(lab: &Lab, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { folder, difference, power } = arguments;
    if let Some(difference) = difference.filter(|d| !(*d > 0.0 && d.is_finite())) {
        bail!("--difference {}: expected a positive number", shown_number(difference));
    }
    if !(*power > 0.05 && *power < 1.0) {
        bail!("--power {}: expected a probability above 0.05 and below 1", shown_number(*power));
    }
    let folder = &resolve(folder);
    let store = Store::new(folder);
    let plan = store.plan().map_err(anyhow::Error::msg)?;
    let (records, faults) = store.records(&plan);
    emit(&notes(&faults))?;
    let of_folder = || format!("{}", folder.display());
    let judged = pool(processors())?.install(|| judge(lab, &plan, &records, &store));
    let judgement = judged.map_err(anyhow::Error::msg).with_context(of_folder)?;
    let judgement = judgement.with_context(|| format!("{}: no seed was run with every arm", of_folder()))?;
    let asked = PowerQuestion { difference: *difference, power: *power };
    emit(&power_text(&plan, &judgement, asked).map_err(anyhow::Error::msg).with_context(of_folder)?)
}
