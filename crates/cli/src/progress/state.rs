//! What is known of a comparison that runs, and how it is said.

use losslab_base::counted;
use losslab_report::MetricDescription;
use losslab_train::Event;
use std::collections::BTreeMap;

/// What is known of a comparison that runs.
pub struct State {
    arms: Vec<Arm>,
    /// What epochs are chosen by.
    metric: Option<MetricDescription>,
    trials: usize,
    done: usize,
    diverged: usize,
    /// Epochs that were trained, and those that early stopping spared.
    passed: usize,
    /// Epochs that were trained.
    trained: usize,
    /// What is being trained, by seed and arm.
    running: BTreeMap<(u64, usize), Running>,
    /// The best validation metric of each finished run, by arm.
    finished: BTreeMap<usize, Vec<f64>>,
}

/// One of the models and losses that are compared.
pub struct Arm {
    /// What it is called.
    pub label: String,
    /// Most epochs of one of its trainings.
    pub epochs: usize,
    /// Its runs.
    pub runs: usize,
}

/// A run that has not ended.
struct Running {
    trial: usize,
    epoch: usize,
    validation: Option<f64>,
    best: Option<f64>,
}

impl State {
    /// Nothing has begun.
    pub fn new(arms: Vec<Arm>, metric: Option<MetricDescription>, trials: usize) -> Self {
        let (running, finished) = (BTreeMap::new(), BTreeMap::new());
        let (done, diverged, passed, trained) = (0, 0, 0, 0);
        Self { arms, metric, trials, done, diverged, passed, trained, running, finished }
    }

    fn label(&self, arm: usize) -> &str {
        self.arms.get(arm).map_or("", |arm| &arm.label)
    }

    /// Most epochs of one training of this arm.
    fn epochs(&self, arm: usize) -> usize {
        self.arms.get(arm).map_or(0, |arm| arm.epochs)
    }

    /// The most epochs that all runs may take.
    pub fn all_epochs(&self) -> usize {
        self.trials * self.arms.iter().map(|arm| arm.epochs * arm.runs).sum::<usize>()
    }

    fn runs(&self) -> usize {
        self.arms.iter().map(|arm| arm.runs).sum()
    }

    /// Epochs that are over or were spared.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Epochs that were trained.
    pub fn trained(&self) -> usize {
        self.trained
    }

    /// Takes note of an event; the end of a run is also a line.
    pub fn take(&mut self, event: &Event<'_>) -> Option<String> {
        let (higher, most) = (self.higher_is_better(), self.epochs(event.arm()));
        match *event {
            Event::Epoch { arm, seed, trial, epoch } => {
                let run = self.running.entry((seed, arm)).or_insert(Running {
                    trial,
                    epoch: 0,
                    validation: None,
                    best: None,
                });
                if run.trial != trial {
                    // Epochs that early stopping spared the trial before.
                    self.passed += most.saturating_sub(run.epoch);
                }
                run.trial = trial;
                run.epoch = epoch.epoch;
                run.validation = epoch.validation.or(run.validation);
                run.best =
                    [run.best, epoch.validation].into_iter().flatten().reduce(|a, b| better(higher, a, b));
                self.passed += 1;
                self.trained += 1;
                None
            }
            Event::Done { arm, seed, ref end } => {
                let run = self.running.remove(&(seed, arm));
                let (trial, epoch) = run.as_ref().map_or((0, 0), |run| (run.trial, run.epoch));
                self.passed += (self.trials * most).saturating_sub(trial * most + epoch);
                self.done += 1;
                self.finished.entry(arm).or_default().extend(run.and_then(|run| run.best));
                let what = match end {
                    Ok((epochs_run, best_epoch)) => {
                        format!("{}, best {best_epoch}", counted(*epochs_run, "epoch"))
                    }
                    Err(error) => {
                        self.diverged += 1;
                        error.to_string()
                    }
                };
                Some(format!("[{}/{}] {}, seed {seed}: {what}\n", self.done, self.runs(), self.label(arm)))
            }
        }
    }

    fn higher_is_better(&self) -> bool {
        self.metric.as_ref().is_none_or(|metric| metric.higher_is_better)
    }

    /// A line for each run that is being trained.
    pub fn lines(&self) -> Vec<String> {
        let metric = self.metric.as_ref().map_or("", |metric| &metric.words);
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
        let width = self.arms.iter().map(|arm| arm.label.chars().count()).max().unwrap_or(0);
        let line = |(&(seed, arm), run): (&(u64, usize), &Running)| {
            let trial = match self.trials {
                1 => String::new(),
                trials => format!("  trial {}/{trials}", run.trial + 1),
            };
            format!(
                "{:width$}  seed {seed}{trial}  epoch {}/{}  validation {metric} {}, best {}",
                self.label(arm),
                run.epoch,
                self.epochs(arm),
                number(run.validation),
                number(run.best)
            )
        };
        self.running.iter().map(line).collect()
    }

    /// How many runs are done, and which arm leads.
    pub fn summary(&self) -> String {
        let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let means = self.finished.iter().filter(|(_, values)| !values.is_empty());
        let means = means.map(|(arm, values)| (arm, mean(values)));
        let best = match self.higher_is_better() {
            true => means.max_by(|a, b| a.1.total_cmp(&b.1)),
            false => means.min_by(|a, b| a.1.total_cmp(&b.1)),
        };
        let leader = best.map_or_else(String::new, |(&arm, mean)| {
            format!(", best so far {} ({mean:.3} on validation)", self.label(arm))
        });
        let diverged = match self.diverged {
            0 => String::new(),
            diverged => format!(", {diverged} diverged"),
        };
        format!("{} of {} trainings{diverged}{leader}", self.done, self.runs())
    }
}

/// The better of two values.
fn better(higher_is_better: bool, a: f64, b: f64) -> f64 {
    if higher_is_better { a.max(b) } else { a.min(b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use losslab_metrics::Metrics;
    use losslab_train::EpochRecord;

    fn epoch(state: &mut State, arm: usize, trial: usize, epoch: usize, ap: f64) {
        let epoch = &EpochRecord { epoch, train_loss: 0.0, validation: Some(ap), detail: None };
        assert_eq!(state.take(&Event::Epoch { arm, seed: 7, trial, epoch }), None);
    }

    #[test]
    fn the_view_of_two_runs_at_once() {
        let metrics = Metrics::standard();
        let metric = metrics.rows(2).next().map(|metric| MetricDescription::from(&metric.info()));
        let arms = ["ce", "focal:gamma=?"].map(|label| Arm { label: label.into(), epochs: 10, runs: 1 });
        let mut state = State::new(arms.into(), metric, 2);
        assert_eq!(state.all_epochs(), 40);
        epoch(&mut state, 0, 0, 1, 0.5);
        epoch(&mut state, 1, 0, 1, 0.25);
        epoch(&mut state, 0, 0, 2, 0.375);
        assert_eq!(
            state.lines(),
            [
                "ce             seed 7  trial 1/2  epoch 2/10  validation AP 0.375, best 0.500",
                "focal:gamma=?  seed 7  trial 1/2  epoch 1/10  validation AP 0.250, best 0.250",
            ]
        );
        assert_eq!((state.passed(), &*state.summary()), (3, "0 of 2 trainings"));
        // The first trial of ce ended after 2 of 10 epochs.
        epoch(&mut state, 0, 1, 1, 0.625);
        assert_eq!(state.passed(), 3 + 8 + 1);
        let line = state.take(&Event::Done { arm: 0, seed: 7, end: Ok((1, 1)) });
        assert_eq!(line.as_deref(), Some("[1/2] ce, seed 7: 1 epoch, best 1\n"));
        assert_eq!(state.summary(), "1 of 2 trainings, best so far ce (0.625 on validation)");
        let line = state.take(&Event::Done { arm: 1, seed: 7, end: Err(&"diverged: why") });
        assert_eq!(line.as_deref(), Some("[2/2] focal:gamma=?, seed 7: diverged: why\n"));
        assert_eq!(state.passed(), state.all_epochs());
        assert!(state.lines().is_empty());
        assert!(state.summary().starts_with("2 of 2 trainings, 1 diverged, best so far ce"));
    }
}
