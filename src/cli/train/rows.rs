//! Training of a classifier on rows.

use super::keep::kept_note;
use super::{Arguments, cannot_write, ensure_writable};
use crate::cli::progress::Progress;
use crate::cli::{emit, notes, processors, thread_count};
use anyhow::Context;
use losslab_report::{SeedGaps, metrics_table, unseen_notes};
use losslab_train::checkpoint::Identity;
use losslab_train::experiment::TableData;
use losslab_train::experiment::{Event, Observer, Outcome, bind, train_kept};
use losslab_train::model::Model;

/// Threads of a training unless more are asked for: a step of a classifier is short, and who finds no part of it to do looks for one all
/// the time.
const FEW: usize = 4;

/// Trains a classifier and saves it.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.train.config()?;
    let spec = arguments.spec()?;
    let threads = thread_count(arguments.threads.or(Some(processors().min(FEW))))?;
    let (source, found) = arguments.data.load()?;
    let counts: Vec<u64> = source.dataset.class_counts().iter().map(|&n| n as u64).collect();
    bind(&spec, &counts)?;
    ensure_writable(&arguments.save)?;

    let seed = arguments.seed;
    let data = TableData::of(&source, found);
    let prepared = source.prepare(seed as usize, seed)?;
    if !arguments.quiet {
        emit(&format!("{}{}", data.describe(), notes(&data.notes)))?;
        let gaps = SeedGaps { seed, columns: prepared.gaps.clone() };
        emit(&notes(&unseen_notes(&[gaps])))?;
        let rows = [&prepared.train, &prepared.validation, &prepared.test].map(|part| part.rows());
        emit(&format!(
            "training on {} rows, choosing the epoch on {}, reporting on {}\n",
            rows[0], rows[1], rows[2]
        ))?;
    }
    let identity = Identity::new(&data.name, &data, &prepared.fingerprint(), &config, &spec, seed);
    let mut keeper = arguments.keep.keeper(identity, arguments.quiet)?;
    let progress = Progress::new(vec![spec.to_string()], 1, 1, config.epochs, arguments.quiet);
    let after_epoch = |epoch| {
        progress.on(Event::Epoch { loss: 0, seed, trial: 0, epoch });
        progress.flow()
    };
    let result = train_kept(&prepared, &spec, &config, seed, threads, keeper.as_mut(), after_epoch);
    let outcome = Outcome { loss: 0, seed, epochs: Vec::new(), result, trials: Vec::new(), chosen: 0 };
    progress.on(outcome.done());
    progress.finish();
    let trained = outcome.result.with_context(|| {
        let kept = keeper.as_ref().map_or_else(String::new, kept_note);
        format!("loss {spec}, seed {seed}{kept}")
    })?;

    let model = Model::new(&source.dataset, &prepared, &spec, &config, seed, &trained);
    model.save(&arguments.save).with_context(|| cannot_write(&arguments.save))?;
    emit(&format!(
        "{}\n",
        metrics_table("test part", &data.task().metrics(), &spec.to_string(), &trained.metrics)
    ))?;
    if let Some(threshold) = trained.threshold {
        let positive = &source.dataset.class_names[1];
        emit(&format!("called {positive:?} from a probability of {threshold:.4} on (the network's own)\n"))?;
    }
    if !arguments.quiet {
        emit(&format!("model written to {}\n", arguments.save.display()))?;
    }
    Ok(())
}
