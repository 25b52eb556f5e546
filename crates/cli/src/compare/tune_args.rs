//! The arguments that say what is tuned.

use anyhow::{bail, ensure};
use clap::Args;
use losslab_base::shown_number;
use losslab_train::{Settings, Tunable, Tuning};

/// What is tuned, and with how many trials.
#[derive(Args, Clone, Debug)]
pub struct TuneArguments {
    /// Trainings per arm and seed over the settings of --tune-over and open parameters (gamma=?); the best on
    /// validation data is judged
    #[arg(long, value_name = "N", default_value_t = 1)]
    tune: usize,
    /// Settings that --tune varies around their given values: lr, wd, batch, and of detectors box-weight
    /// [default: lr]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    tune_over: Vec<String>,
}

impl TuneArguments {
    /// Trials per arm and seed, checked.
    pub fn trials(&self) -> anyhow::Result<usize> {
        let names = self.tune_over.join(",");
        ensure!(
            self.tune > 1 || names.is_empty(),
            "--tune-over {names}: expected --tune N with N of at least 2 beside it"
        );
        Ok(self.tune)
    }

    /// What is tuned where these settings are given.
    pub fn tuning<S: Settings>(&self, settings: &S) -> anyhow::Result<Tuning<S>> {
        let trials = self.trials()?;
        if trials == 1 {
            return Ok(Tuning::none());
        }
        for (i, name) in self.tune_over.iter().enumerate() {
            if !S::TUNABLE.iter().any(|tunable| tunable.name == name) {
                let names: Vec<&str> = S::TUNABLE.iter().map(|tunable| tunable.name).collect();
                bail!("--tune-over {name}: expected one of {}", names.join(", "));
            }
            ensure!(!self.tune_over[..i].contains(name), "--tune-over {name}: given twice");
        }
        let tuning = match &self.tune_over[..] {
            [] => Tuning::trials(trials),
            names => {
                // In the order of their declaration, so that the order of the names does not matter.
                let named = |tunable: &&Tunable<S>| names.iter().any(|name| tunable.name == name);
                Tuning { trials, over: S::TUNABLE.iter().filter(named).collect() }
            }
        };
        tuning.over.iter().try_for_each(|tunable| has_values(tunable, settings))?;
        Ok(tuning)
    }
}

/// Refuses a setting that has no values around the given one.
fn has_values<S>(tunable: &Tunable<S>, settings: &S) -> anyhow::Result<()> {
    let Tunable { name, title, flag, get, .. } = tunable;
    ensure!(
        tunable.domain(settings).is_some(),
        "--tune-over {name}: trials vary the {title} around its value, found {}; expected {flag} X with X \
         above 0",
        shown_number(get(settings))
    );
    Ok(())
}
