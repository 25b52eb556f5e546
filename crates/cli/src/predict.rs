//! `losslab predict`: a saved model at work on new rows or images.

use super::flags::GivenFlags;
use super::memory::MemoryArguments;
use super::outputs::{ensure_not_read, inputs};
use super::warnings::{self, DenyArguments};
use super::{emit, emit_error, notes};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use losslab_data::files::{ensure_writable, write_atomically};
use losslab_report::{MetricDescription, metrics_table};
use losslab_train::{Form, Lab, Memory, Prediction, Scores, load_model};
use std::io;
use std::path::{Path, PathBuf};

/// The arguments of `losslab predict`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Model that losslab train saved
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// File for row,probability,prediction, or for detections in COCO's JSON [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The network's own probabilities, without the correction that the model file holds; a detector's
    /// always are
    #[arg(long)]
    raw: bool,
    /// The network's outputs before any probability: row,logit, or for images in JSON the class logits and
    /// box codes of each anchor
    #[arg(long, conflicts_with = "raw")]
    logits: bool,
    #[command(flatten)]
    memory: MemoryArguments,
    #[command(flatten)]
    deny: DenyArguments,
    /// Print no notes
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(lab: &Lab, arguments: Arguments, given: GivenFlags) -> anyhow::Result<()> {
    let Some(format) = lab.formats.select_new(&given.data)? else {
        let keys = lab.formats.iter().filter_map(|format| format.new_flags().first());
        let keys: Vec<String> = keys.map(|key| format!("--{}", key.name)).collect();
        bail!("no data are named: expected one of {}", keys.join(", "));
    };
    arguments.check_out()?;
    let form = match (arguments.logits, arguments.raw) {
        (true, _) => Form::Logits,
        (false, true) => Form::Raw,
        (false, false) => Form::Predictions,
    };
    if let Some(out) = &arguments.out {
        let mut read = inputs(&lab.formats.new_flags(), &given.data);
        read.push(("model".into(), arguments.model.clone()));
        ensure_not_read("--out", out, &read)?;
    }
    let mut model = load_model(lab, &arguments.model)?;
    let name = arguments.model.display().to_string();
    let most = arguments.memory.most();
    let scoring = Memory { steps: model.scoring_bytes(), ..Memory::default() };
    scoring.check(most).map_err(|problem| anyhow!("{name}: {problem}"))?;
    let data = format.load_new(&given.data.within(most), &model.input(&name))?;
    let predicted = model.predict(&data, form).map_err(|problem| anyhow!("{name}: {problem}"))?;
    let Prediction { text, notes: remarks, warnings, scores } = predicted;
    arguments.deny.check(&warnings)?;
    arguments.deliver(&text)?;
    if !arguments.quiet {
        emit_error(&notes(&remarks));
    }
    if let Some(Scores { of, loss, metrics }) = scores {
        let metrics: Vec<_> =
            metrics.iter().map(|(info, value)| (MetricDescription::from(info), *value)).collect();
        emit_error(&format!("{}\n", metrics_table(of, &loss, &metrics)));
    }
    let found = if arguments.quiet { warnings::severe_lines } else { warnings::lines };
    emit_error(&found(&warnings));
    Ok(())
}

impl Arguments {
    /// Refuses what `--out` cannot be, before the model works rather than after.
    fn check_out(&self) -> anyhow::Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        let checked = ensure_writable(out).map_err(|error| match error.kind() {
            // A link, such as /dev/stdout, a pipe or a device.
            io::ErrorKind::InvalidInput => {
                anyhow::anyhow!("{error}; without --out it goes to standard output")
            }
            _ => error.into(),
        });
        checked.with_context(|| cannot_write(out))
    }

    /// Writes the outcome to `--out`, by default to standard output.
    fn deliver(&self, text: &str) -> anyhow::Result<()> {
        match &self.out {
            None => emit(text),
            Some(path) => write_atomically(path, text.as_bytes()).with_context(|| cannot_write(path)),
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("--out {}: cannot be written", path.display())
}
