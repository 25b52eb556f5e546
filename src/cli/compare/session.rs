//! What comparisons of tables and of detectors have in common: which runs are missing, that each is kept as soon as it has
//! ended, and what is made of all of them.

use crate::cli::interrupt::{self, Interrupted};
use crate::cli::progress::Progress;
use crate::cli::{emit, notes};
use anyhow::Context;
use losslab_report::{
    Judgement, Plan, Results, RunRecord, Store, Story, diverged_notes, file_name, judge, score_note, table,
    tuning_lines, unseen_notes, verdict_lines, write_html,
};
use losslab_train::experiment::{Event, Observer};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A comparison in a folder.
pub struct Session {
    /// What is compared.
    pub plan: Plan,
    /// Where it is kept.
    pub store: Store,
    /// Whether nothing but results is printed.
    pub quiet: bool,
}

impl Session {
    /// Begins or resumes a comparison; returns it with the runs that are missing, as indices of loss and seed. `split` gives
    /// the fingerprint of the parts of a seed, by its index.
    pub fn begin(
        mut plan: Plan,
        folder: &Path,
        resume: bool,
        quiet: bool,
        split: &dyn Fn(usize) -> String,
    ) -> anyhow::Result<(Self, Vec<(usize, usize)>)> {
        plan.command = command_line();
        let store = Store::new(folder);
        store.begin(&plan, resume).with_context(|| super::cannot_write(folder))?;
        let splits: Vec<String> = (0..plan.config.seeds.len()).map(split).collect();
        let (mut missing, mut faults) = (Vec::new(), Vec::new());
        for (loss, spec) in plan.config.losses.iter().enumerate() {
            for (run, &seed) in plan.config.seeds.iter().enumerate() {
                match usable(&store, &plan, spec, seed, &splits[run]) {
                    Ok(true) if resume => continue,
                    Err(fault) if resume => faults.push(format!("{fault}; trained again")),
                    _ => {}
                }
                missing.push((loss, run));
            }
        }
        if resume && !quiet {
            emit(&notes(&faults))?;
            let all = plan.runs().count();
            emit(&format!("resumed: {} of {all} trainings are kept\n", all - missing.len()))?;
        }
        Ok((Self { plan, store, quiet }, missing))
    }

    /// Whoever trains the missing runs reports to this.
    pub fn watch(&self, missing: usize, epochs: usize) -> Watch<'_> {
        interrupt::watch();
        let names = self.plan.config.losses.clone();
        let progress = Progress::new(names, missing, self.plan.config.trials, epochs, self.quiet);
        Watch { store: &self.store, progress, failure: Mutex::new(None) }
    }

    /// The records of all runs that are done, read back from their files: a comparison that was resumed is made of the same
    /// as one that was not.
    pub fn records(&self) -> anyhow::Result<Vec<RunRecord>> {
        let (records, faults) = self.store.records(&self.plan);
        emit(&notes(&faults))?;
        Ok(records)
    }

    /// Writes the results, prints the table, the verdicts and what is to be noted.
    pub fn conclude(
        &self,
        records: &[RunRecord],
        pool: &rayon::ThreadPool,
        environment: impl FnOnce() -> losslab_report::Environment,
    ) -> anyhow::Result<Results> {
        let Self { plan, store, quiet } = self;
        let judged: Result<Option<Judgement>, String> =
            pool.install(|| judge(plan, records, &|| store.truth(), &|name| store.detections(name)));
        let (judgement, fault) = match judged {
            Ok(Some(judgement)) => (Some(judgement), None),
            Ok(None) => (None, Some("no seed was run with every loss".to_owned())),
            Err(fault) => (None, Some(fault)),
        };
        let results = Results::of(plan.clone(), records, judgement, environment());
        let cannot_write = || super::cannot_write(store.folder());
        results.write(store.folder()).with_context(cannot_write)?;
        let pictures = read_pictures(store, &plan.config.losses);
        let story = Story { results: &results, records, command: &plan.command, pictures: &pictures };
        write_html(store.folder(), story).with_context(cannot_write)?;
        if !quiet {
            emit(&notes(&unseen_notes(&results.gaps)))?;
        }
        emit(&format!("{}\n", table(&results)))?;
        emit(&notes(&diverged_notes(&results)))?;
        emit(
            &results
                .verdicts
                .as_ref()
                .map_or_else(String::new, |judgement| verdict_lines(judgement, plan.config.trials)),
        )?;
        emit(&tuning_lines(&plan.config.losses, records))?;
        emit(&notes(&fault.map(|fault| format!("no verdict: {fault}")).into_iter().collect::<Vec<_>>()))?;
        emit(&notes(&score_note(records).into_iter().collect::<Vec<_>>()))?;
        Ok(results)
    }

    /// Says what was done; an error if it was interrupted.
    pub fn end(&self, results: &Results, trained: usize) -> anyhow::Result<()> {
        let (done, of) = (results.runs.len(), self.plan.runs().count());
        if !self.quiet {
            let (environment, file) = (&results.environment, self.store.folder().join("results.json"));
            let kept = if trained < done {
                format!(" ({} kept from before)", done - trained)
            } else {
                String::new()
            };
            emit(&format!(
                "{trained} trainings{kept} in {:.1} s on {} threads; written to {} and report.html\n",
                environment.seconds,
                environment.threads,
                file.display()
            ))?;
        }
        if interrupt::requested() && done < of { Err(Interrupted { done, of }.into()) } else { Ok(()) }
    }
}

/// The command as it would be typed again.
fn command_line() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    let quoted = |argument: String| match argument.chars().all(plain) && !argument.is_empty() {
        true => argument,
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    };
    let arguments =
        std::env::args_os().skip(1).map(|argument| quoted(argument.to_string_lossy().into_owned()));
    std::iter::once("losslab".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The pictures of each loss, where there are some.
fn read_pictures(store: &Store, losses: &[String]) -> Vec<(String, Vec<u8>)> {
    let folder = store.folder().join("pictures");
    let read = |loss: &String| {
        Some((loss.clone(), std::fs::read(folder.join(format!("{}.png", file_name(loss)))).ok()?))
    };
    losses.iter().filter_map(read).collect()
}

/// Whether a run need not be trained, or why what stands in its place is of no use.
fn usable(store: &Store, plan: &Plan, loss: &str, seed: u64, split: &str) -> Result<bool, String> {
    let Some(record) = store.load(plan, loss, seed)? else { return Ok(false) };
    if record.split != split {
        return Err(format!("{}: found a run on other parts of the data", record.file_name()));
    }
    if let Some(detector) = &record.detector {
        store.detections(&detector.detections)?;
    }
    Ok(true)
}

/// Keeps what comes out of runs, and tells how they go.
pub struct Watch<'a> {
    store: &'a Store,
    progress: Progress,
    failure: Mutex<Option<io::Error>>,
}

impl Watch<'_> {
    /// Keeps a record; the first failure stops the comparison.
    pub fn keep(&self, done: Event<'_>, save: impl FnOnce(&Store) -> io::Result<()>) {
        match save(self.store) {
            Ok(()) => self.progress.on(done),
            Err(error) => {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error);
            }
        }
    }

    /// The end of all trainings.
    pub fn finish(self) -> anyhow::Result<()> {
        self.progress.finish();
        match self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error).with_context(|| super::cannot_write(self.store.folder())),
            None => Ok(()),
        }
    }
}

impl Observer for Watch<'_> {
    fn on(&self, event: Event<'_>) {
        self.progress.on(event);
    }

    fn stops(&self) -> bool {
        interrupt::requested() || self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
