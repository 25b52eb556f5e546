//! A comparison in a folder: which runs are missing, that each is kept as soon as it has ended, and what is
//! made of all of them.

use super::folders;
use super::request::{Request, cannot_write};
use super::written::Written;
use crate::interrupt::{self, Interrupted};
use crate::owner::Owned;
use crate::progress::{self, Progress};
use crate::warnings::{lines, severe_lines};
use crate::{emit, notes, processors};
use anyhow::Context;
use indexmap::IndexMap;
use losslab_base::counted;
use losslab_data::DataError;
use losslab_data::files::owner::Owner;
use losslab_data::images::decode_image;
use losslab_report::{
    ArmName, Environment, Look, Margin, Plan, Results, RunRecord, Store, Story, arm_file, diverged_notes,
    judge, table, task_lines, tuning_lines, unseen_notes, verdict_lines, write_html,
};
use losslab_tensor::Isa;
use losslab_train::{Comparison, Event, Lab, Observer, Outcome, Task, compare};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Larger files are none of our pictures.
const MOST_PICTURE_BYTES: u64 = 1 << 28;

/// A comparison in a folder.
pub struct Session<'l> {
    lab: &'l Lab,
    plan: Plan,
    store: Store,
    owner: Arc<Owner>,
    written: Written,
    place: Place,
}

/// Where a comparison runs: all that its results must not depend on.
pub struct Place {
    /// The command as it would be typed again.
    pub command: String,
    /// When the command began.
    pub start: Instant,
    /// Threads.
    pub threads: usize,
    /// Whether nothing but results is printed.
    pub quiet: bool,
    /// Whether runs that stand in the folder are kept.
    pub resume: bool,
    /// The files that were read, by the flags that name them.
    pub data: IndexMap<String, Vec<String>>,
}

impl<'l> Session<'l> {
    /// Writes the plan of a comparison.
    pub fn begin(lab: &'l Lab, request: &Request, plan: Plan, folder: &Owned) -> anyhow::Result<Self> {
        let (command, asked) = (request.command.clone(), Value::Object(request.asked.clone()));
        let mut plan = Plan { command, request: asked, ..plan };
        let store = Store::new(folder.folder());
        let checksum = folders::begin(&store, &mut plan, request)?;
        let place = Place {
            command: request.command.clone(),
            start: request.start,
            threads: request.threads,
            quiet: request.quiet,
            resume: request.resume,
            data: files(lab, request),
        };
        Ok(Self {
            lab,
            plan,
            store,
            owner: Arc::clone(folder.owner()),
            written: Written::new(checksum),
            place,
        })
    }

    /// A comparison that stands in a folder, to be reported again.
    pub fn of(lab: &'l Lab, plan: Plan, store: Store, folder: &Owned, place: Place) -> Self {
        Self { lab, plan, store, owner: Arc::clone(folder.owner()), written: Written::default(), place }
    }

    /// Trains what is missing, keeps each run, and reports all of them.
    pub fn run<T: Task>(self, task: &T, comparison: &Comparison<T>) -> anyhow::Result<()> {
        let missing = self.missing(task)?;
        let cannot_write = || cannot_write(self.store.folder());
        if let Some((name, text)) = task.shared_file() {
            self.store.save_shared(name, &text).with_context(cannot_write)?;
        }
        let pool = pool(self.place.threads)?;
        let watch = self.watch(&missing, &comparison.most_epochs(task));
        compare(task, comparison, &missing, &pool, &watch, &|outcome| {
            watch.keep(outcome.done(), || self.keep(task, &outcome));
        });
        watch.finish(self.store.folder())?;
        let records = self.written.read_back(&self.store, &self.plan)?;
        self.write_pictures(task, &records)?;
        let kept = self.plan.runs().count() - missing.len();
        let results = self.conclude(&records)?;
        self.end(&results, records.len().saturating_sub(kept))
    }

    /// The runs without a usable record, as indices of arm and seed.
    fn missing<T: Task>(&self, task: &T) -> anyhow::Result<Vec<(usize, usize)>> {
        let Self { plan, place, .. } = self;
        let splits: Vec<String> = (0..plan.seeds.len()).map(|run| task.split(run)).collect();
        let (mut missing, mut faults) = (Vec::new(), Vec::new());
        for (arm, name) in plan.arms.iter().enumerate() {
            for (run, &seed) in plan.seeds.iter().enumerate() {
                let usable = || self.is_usable::<T>(name, seed, &splits[run]);
                match if place.resume { usable() } else { Ok(false) } {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(fault) => faults.push(format!("{fault}; trained again")),
                }
                missing.push((arm, run));
            }
        }
        // Also where little is printed: a record that is of no use may have been changed by somebody.
        emit(&notes(&faults))?;
        if place.resume && !place.quiet {
            let all = plan.runs().count();
            emit(&format!("resumed: {} of {all} trainings are kept\n", all - missing.len()))?;
        }
        Ok(missing)
    }

    /// Whether a run need not be trained, or why what stands in its place is of no use.
    fn is_usable<T: Task>(&self, arm: &ArmName, seed: u64, split: &str) -> Result<bool, String> {
        let Some((record, checksum)) = self.store.load(&self.plan, arm, seed)? else { return Ok(false) };
        if record.split != split {
            return Err(format!("{}: found a run on other parts of the data", record.file_name()));
        }
        let found = record.found.as_ref().map(|found| found.get::<T::Found>()).transpose()?;
        if let Some((folder, _)) = found.and_then(T::attachment) {
            self.store.attachment(folder, &record.file_name())?;
        }
        self.written.add(record.file_name(), checksum);
        Ok(true)
    }

    /// Whoever trains the missing runs reports to this.
    fn watch(&self, missing: &[(usize, usize)], epochs: &[usize]) -> Watch {
        interrupt::watch();
        let metric = self.plan.deciding().cloned();
        let arm = |(index, (label, &epochs)): (usize, (String, &usize))| {
            let runs = missing.iter().filter(|&&(arm, _)| arm == index).count();
            progress::Arm { label, epochs, runs }
        };
        let arms = self.plan.labels().into_iter().zip(epochs).enumerate().map(arm).collect();
        let progress = Progress::new(arms, metric, self.plan.trials, self.place.quiet);
        Watch { progress, failure: Mutex::new(None) }
    }

    /// Keeps a run: first what stands in a file of its own, then the record.
    fn keep<T: Task>(&self, task: &T, outcome: &Outcome<T::Found>) -> io::Result<()> {
        self.owner.check()?;
        let record = RunRecord::of(&self.plan, task, outcome).map_err(io::Error::other)?;
        if let Ok(trained) = &outcome.result
            && let Some((folder, text)) = T::attachment(&trained.judged.found)
        {
            self.store.save_attachment(folder, &record.file_name(), &text)?;
        }
        self.written.add(record.file_name(), self.store.save(&record)?);
        Ok(())
    }

    /// The records that stand in the folder of a report; tells of those that are of no use.
    pub fn records(&self) -> anyhow::Result<Vec<RunRecord>> {
        let (records, faults) = self.store.records(&self.plan);
        emit(&notes(&faults))?;
        Ok(records)
    }

    /// Writes pictures of what the first run of each arm found.
    fn write_pictures<T: Task>(&self, task: &T, records: &[RunRecord]) -> anyhow::Result<()> {
        let attachment = |arm: &ArmName| {
            let first = records.iter().find(|run| run.arm == *arm && run.found.is_some())?;
            let found = first.found.as_ref()?.get::<T::Found>().ok()?;
            let (folder, _) = T::attachment(found)?;
            Some(self.store.attachment(folder, &first.file_name()))
        };
        let attachments: Result<Vec<Option<String>>, String> =
            self.plan.arms.iter().map(|arm| attachment(arm).transpose()).collect();
        let pictures = attachments.and_then(|attachments| task.pictures(&attachments));
        let pictures = pictures.map_err(anyhow::Error::msg)?;
        for (arm, png) in pictures {
            let written = self.store.files().write(self.picture(arm), &png);
            written.with_context(|| cannot_write(self.store.folder()))?;
        }
        Ok(())
    }

    /// The picture of an arm, in the folder of the comparison.
    fn picture(&self, arm: usize) -> String {
        format!("pictures/{}.png", arm_file(&self.plan.arms[arm]))
    }

    /// The pictures that stand in the folder, of the arms whose first run has found something. Each is
    /// decoded before it becomes part of the page: a file that is no picture must not be published with it.
    fn pictures(&self, records: &[RunRecord]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let has_run =
            |arm: usize| records.iter().any(|run| run.arm == self.plan.arms[arm] && run.found.is_some());
        let mut pictures = Vec::new();
        for (arm, label) in self.plan.labels().into_iter().enumerate().filter(|(arm, _)| has_run(*arm)) {
            let (files, picture) = (self.store.files(), self.picture(arm));
            let file = files.path(&picture).display().to_string();
            match files.read(&picture, MOST_PICTURE_BYTES) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(DataError::Read { file, error }.into()),
                Ok(png) => {
                    decode_image(&file, &png)?;
                    pictures.push((label, png));
                }
            }
        }
        Ok(pictures)
    }

    /// Tells what was found in the data before the runs.
    pub fn tell_warnings(&self) -> anyhow::Result<()> {
        if self.place.quiet { Ok(()) } else { emit(&lines(&self.plan.warnings)) }
    }

    /// Writes the results, prints the table, the verdicts and what is to be noted.
    pub fn conclude(&self, records: &[RunRecord]) -> anyhow::Result<Results> {
        let Self { lab, plan, store, place, .. } = self;
        let judged = pool(place.threads)?.install(|| {
            let judged = judge(lab, plan, records, store)?;
            Ok(judged.map(|judgement| judgement.with_other_metrics(lab, plan, records, store)))
        });
        let (judgement, fault) = match judged {
            Ok(Some(judgement)) => (Some(judgement), None),
            Ok(None) => (None, Some("no seed was run with every arm".to_owned())),
            Err(fault) => (None, Some(fault)),
        };
        let results = Results::of(plan.clone(), records, judgement, self.environment());
        let cannot_write = || cannot_write(store.folder());
        self.owner.check().with_context(cannot_write)?;
        results.write(store.folder()).with_context(cannot_write)?;
        let pictures = self.pictures(records)?;
        let story = Story { results: &results, records, lab, pictures: &pictures };
        write_html(store.folder(), story).with_context(cannot_write)?;
        if let (Some(judgement), true) = (&results.verdicts, results.complete) {
            // The page has shown it, also if standard output takes nothing any more.
            self.remember(Look::of(plan, &judgement.seeds)).with_context(cannot_write)?;
        }
        if !place.quiet {
            emit(&notes(&unseen_notes(&results.gaps)))?;
        }
        if let (Some(judgement), false) = (&results.verdicts, place.quiet) {
            emit(&format!("{}\n", Margin::line(judgement.margin, plan)))?;
        }
        emit(&format!("{}\n", table(&results)))?;
        emit(&notes(&diverged_notes(&results)))?;
        if let Some(judgement) = &results.verdicts {
            emit(&verdict_lines(judgement, plan.trials, results.complete))?;
        }
        emit(&severe_lines(&plan.warnings))?;
        emit(&tuning_lines(plan, records))?;
        emit(&notes(&fault.map(|fault| format!("no verdict: {fault}")).into_iter().collect::<Vec<_>>()))?;
        emit(&task_lines(lab, &results, records))?;
        Ok(results)
    }

    /// Keeps that a verdict was given.
    fn remember(&self, look: Look) -> io::Result<()> {
        let mut plan = self.plan.clone();
        if plan.looks.contains(&look) {
            return Ok(());
        }
        plan.looks.push(look);
        self.store.save_plan(&plan).map(drop)
    }

    /// Where and how fast it was run.
    fn environment(&self) -> Environment {
        Environment {
            version: env!("CARGO_PKG_VERSION"),
            command: self.place.command.clone(),
            seconds: self.place.start.elapsed().as_secs_f64(),
            threads: self.place.threads,
            processors: processors(),
            machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instruction_set: Isa::current().name(),
            data: self.place.data.clone(),
            out: self.store.folder().display().to_string(),
        }
    }

    /// Says what was done; an error if it was interrupted.
    fn end(&self, results: &Results, trained: usize) -> anyhow::Result<()> {
        let (done, of) = (results.runs.len(), self.plan.runs().count());
        if !self.place.quiet {
            let (environment, file) = (&results.environment, self.store.folder().join("results.json"));
            let kept = if trained < done {
                format!(" ({} kept from before)", done - trained)
            } else {
                String::new()
            };
            emit(&format!(
                "{}{kept} in {:.1} s on {}; written to {} and report.html\n",
                counted(trained, "training"),
                environment.seconds,
                counted(environment.threads, "thread"),
                file.display()
            ))?;
        }
        if interrupt::requested() && done < of { Err(Interrupted { done, of }.into()) } else { Ok(()) }
    }

    /// Says how many runs were reported.
    pub fn end_report(&self, results: &Results) -> anyhow::Result<()> {
        if self.place.quiet {
            return Ok(());
        }
        let (done, of) = (results.runs.len(), self.plan.runs().count());
        let file = self.store.folder().join("results.json");
        emit(&format!("{done} of {}; written to {}\n", counted(of, "run"), file.display()))
    }

    /// The folder of the comparison.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }
}

/// The files that a request names, by their flags.
fn files(lab: &Lab, request: &Request) -> IndexMap<String, Vec<String>> {
    let flags = lab.formats.flags();
    let named = flags.iter().filter(|(_, flag)| flag.is_path && request.data.has(flag.name));
    named.map(|(_, flag)| (flag.name.to_owned(), request.data.all(flag.name).to_vec())).collect()
}

/// A pool of so many threads.
pub fn pool(threads: usize) -> anyhow::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start threads")
}

/// Keeps what comes out of runs, and tells how they go.
struct Watch {
    progress: Progress,
    failure: Mutex<Option<io::Error>>,
}

impl Watch {
    /// Keeps a run; the first failure stops the comparison.
    fn keep(&self, done: Event<'_>, save: impl FnOnce() -> io::Result<()>) {
        match save() {
            Ok(()) => self.progress.on(done),
            Err(error) => {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert(error);
            }
        }
    }

    /// The end of all trainings.
    fn finish(self, folder: &Path) -> anyhow::Result<()> {
        self.progress.finish();
        match self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error).with_context(|| cannot_write(folder)),
            None => Ok(()),
        }
    }
}

impl Observer for Watch {
    fn on(&self, event: Event<'_>) {
        self.progress.on(event);
    }

    fn stops(&self) -> bool {
        interrupt::requested() || self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
