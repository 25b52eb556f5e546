//! The command line: parses arguments, runs a command, turns errors into one line and exit code 2.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod coco_eval;
#[allow(clippy::indexing_slicing, reason = "losses, seeds and classes of its own lists")]
mod compare;
mod curves;
mod data_args;
mod detector_args;
pub(crate) mod eval;
mod image_args;
mod interrupt;
mod losses;
mod predict;
mod progress;
mod report;
#[allow(clippy::indexing_slicing, reason = "losses, seeds and classes of its own lists")]
mod train;
mod train_args;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// A laboratory for classification losses under class imbalance.
///
/// Without a command, `compare` runs on an embedded synthetic problem.
#[derive(Debug, Parser)]
#[command(name = "losslab", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    compare: compare::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train with several losses and seeds, and compare what comes out
    Compare(Box<compare::Arguments>),
    /// Sum up or merge the runs that `compare` kept, without training
    Report(report::Arguments),
    /// Train one model with one loss and save it
    Train(Box<train::Arguments>),
    /// Score the rows of a table with a saved model
    Predict(predict::Arguments),
    /// List the losses and modifiers that specs are made of
    Losses(losses::Arguments),
    /// Draw losses and their derivatives against p_t and against the margin, as SVG
    Curves(curves::Arguments),
    /// Evaluate a loss and its derivatives on logits and targets given as JSON
    Eval(eval::Arguments),
    /// Score detected boxes against COCO annotations, as pycocotools does
    CocoEval(coco_eval::Arguments),
}

/// Runs the command that these arguments name (the first is the program's own name).
///
/// Errors are one line on standard error, with exit code 2; 130 if Ctrl-C stopped a comparison.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            // --help and --version.
            return finish(emit(&error.to_string()));
        }
        Err(error) => return finish(Err(anyhow::anyhow!("{}", first_sentence(&error.to_string())))),
    };
    finish(match cli.command.unwrap_or(Command::Compare(Box::new(cli.compare))) {
        Command::Compare(arguments) => compare::run(*arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Train(arguments) => train::run(*arguments),
        Command::Predict(arguments) => predict::run(arguments),
        Command::Losses(arguments) => losses::run(arguments),
        Command::Curves(arguments) => curves::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::CocoEval(arguments) => coco_eval::run(arguments),
    })
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(io::stderr(), "error: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::from(if error.is::<interrupt::Interrupted>() { interrupt::EXIT_CODE } else { 2 })
        }
    }
}

/// The first paragraph of a message of the argument parser, as one line without its `error: `.
fn first_sentence(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or(message);
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} (see losslab --help)", line.trim_start_matches("error: "))
}

/// Writes text to standard output; that the reader has gone is not an error.
fn emit(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes text to standard error; if nobody reads it, nobody can be told.
fn emit_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The threads to train on: as many as were asked for, else one per processor.
fn thread_count(asked: Option<usize>) -> anyhow::Result<usize> {
    let threads = asked.unwrap_or_else(processors);
    at_least_one("--threads", threads)?;
    Ok(threads)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn at_least_one(flag: &str, value: usize) -> anyhow::Result<()> {
    anyhow::ensure!(value > 0, "{flag} 0: expected at least 1");
    Ok(())
}

/// Lines that tell what was decided on the way.
fn notes(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {note}\n")).collect()
}
