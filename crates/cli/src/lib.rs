//! The command line: parses arguments, checks them as one request, runs a command, turns errors into one line
//! and an exit code.
//!
//! | file | what |
//! |---|---|
//! | `flags` | the flags of data formats, which the lab declares |
//! | `memory` | `--max-memory`, and what the machine has |
//! | `limits` | flags that take a whole number, and which |
//! | `config` | arguments from a file |
//! | `learner_args`, `train_args`, `detector_args` | arguments that the commands which train share |
//! | `compare/`, `train/`, `predict`, `report` | the commands that train, and what is made of trainings |
//! | `losses`, `models`, `curves`, `eval/`, `coco_eval` | the commands that show and evaluate |
//! | `warnings` | what checks of the data find |
//! | `output` | what is printed, and what a closed pipe or a full disk behind it means |
//! | `outputs` | files that are written must not be those that are read |
//! | `owner` | the folders that this process alone writes into |
//! | `progress/`, `interrupt/` | what is told while trainings run; Ctrl-C and other signals |

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod coco_eval;
#[allow(clippy::indexing_slicing, reason = "arms, seeds and classes of its own lists")]
mod compare;
mod config;
mod curves;
mod detector_args;
mod eval;
mod flags;
#[doc(hidden)]
pub mod fuzzing;
mod interrupt;
mod learner_args;
mod limits;
mod losses;
mod memory;
mod models;
mod output;
mod outputs;
mod owner;
mod power;
mod predict;
mod progress;
mod report;
mod train;
mod train_args;
mod warnings;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use losslab_base::{DataError, shown_name, shown_number};
use losslab_data::formats::Given;
use losslab_train::Lab;
use output::{ClosedPipe, emit, emit_error};
use std::error::Error;
use std::ffi::OsString;
use std::num::{ParseFloatError, ParseIntError};
use std::path::Path;
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
    /// Say how many seeds and how much data a difference needs, from a finished comparison
    Power(power::Arguments),
    /// Train one model with one loss and save it
    Train(Box<train::Arguments>),
    /// Score the rows of a table, or find objects in images, with a saved model
    Predict(predict::Arguments),
    /// List the losses and modifiers that specs are made of
    Losses(losses::Arguments),
    /// List models, detectors, metrics, formats and checks of data
    Models(models::Arguments),
    /// Draw losses and their derivatives against p_t and against the margin, as SVG
    Curves(curves::Arguments),
    /// Evaluate a loss and its derivatives on logits and targets given as JSON
    Eval(eval::Arguments),
    /// Score detected boxes against COCO annotations, as pycocotools does
    CocoEval(coco_eval::Arguments),
}

/// Runs the command that these arguments name (the first is the program's own name), with the losses,
/// modifiers, metrics, models, formats and detectors of this lab.
///
/// Errors are one line on standard error, and say so by the exit code:
///
/// | exit code | what happened |
/// |---|---|
/// | 2 | an error; also if standard output cannot be written, such as to a full disk |
/// | 3 | records of a comparison vanished or were replaced while it ran; there is no verdict |
/// | 130, 143, 129 | Ctrl-C, SIGTERM or SIGHUP ended a comparison: what is done is kept |
/// | 141 | whoever read standard output has closed it, as `head` does; nothing is said |
///
/// ```no_run
/// use losslab_cli::run_with;
/// use losslab_train::Lab;
///
/// fn main() -> std::process::ExitCode {
///     run_with(Lab::standard(), std::env::args_os())
/// }
/// ```
pub fn run_with(lab: Lab, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match parse(&lab, &arguments) {
        Ok(parsed) => parsed,
        Err(ParseError::Help(text)) => return finish(emit(&text)),
        Err(ParseError::Wrong(error)) => return finish(Err(error)),
    };
    let Parsed { cli, given } = parsed;
    finish(match cli.command.unwrap_or(Command::Compare(Box::new(cli.compare))) {
        Command::Compare(arguments) => compare::run(&lab, *arguments, given),
        Command::Report(arguments) => report::run(&lab, arguments, given),
        Command::Power(arguments) => power::run(&lab, &arguments),
        Command::Train(arguments) => train::run(&lab, *arguments, given),
        Command::Predict(arguments) => predict::run(&lab, arguments, given),
        Command::Losses(arguments) => losses::run(&lab.losses, arguments),
        Command::Models(arguments) => models::run(&lab, arguments),
        Command::Curves(arguments) => curves::run(&lab.losses, arguments),
        Command::Eval(arguments) => eval::run(&lab.losses, arguments),
        Command::CocoEval(arguments) => coco_eval::run(arguments),
    })
}

/// What the command line says.
struct Parsed {
    cli: Cli,
    /// The flags of the lab, and what `compare` was asked for.
    given: flags::GivenFlags,
}

enum ParseError {
    /// --help and --version.
    Help(String),
    Wrong(anyhow::Error),
}

impl ParseError {
    /// The same error, of arguments from this file.
    fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Wrong(error) => Self::Wrong(error.context(format!("--config {}", path.display()))),
            Self::Help(text) => Self::Help(text),
        }
    }

    fn of(error: &clap::Error, program: &str, arguments: &[OsString]) -> Self {
        if !error.use_stderr() {
            return Self::Help(error.to_string());
        }
        let mut text = error.to_string();
        if error.kind() == ErrorKind::InvalidUtf8
            && let Some(argument) = arguments.iter().find(|argument| argument.to_str().is_none())
        {
            return Self::Wrong(anyhow::anyhow!(
                "{argument:?}: found bytes that are not UTF-8, expected text"
            ));
        }
        // What the standard library says of a number says nothing of what was expected.
        if let Some(source) = error.source() {
            let expected = match (source.is::<ParseIntError>(), source.is::<ParseFloatError>()) {
                (true, _) => "expected a whole number of at least 0",
                (_, true) => "expected a number",
                _ => "",
            };
            if !expected.is_empty() {
                text = text.replace(&source.to_string(), expected);
            }
        }
        Self::Wrong(anyhow::anyhow!("{}", first_sentence(&text, program)))
    }
}

/// Parses the arguments, and those of a `--config` file where they name one.
fn parse(lab: &Lab, arguments: &[OsString]) -> Result<Parsed, ParseError> {
    let program = program(arguments);
    let wrong = |error| ParseError::of(&error, &program, arguments);
    let command = limits::add(flags::add(lab, Cli::command()));
    // So that a message about a negative value names its flag.
    let command = command.mut_subcommands(|command| command.allow_negative_numbers(true));
    let matches = command.clone().try_get_matches_from(arguments).map_err(wrong)?;
    let matches = match config::arguments(lab, &command, &matches).map_err(ParseError::Wrong)? {
        None => matches,
        Some(config::Added { path, arguments: added }) => {
            let all = config::inserted(arguments, matches.subcommand_name(), added);
            // Without the file the arguments were right.
            let parsed = command.clone().try_get_matches_from(all).map_err(wrong);
            parsed.map_err(|error| error.of_file(&path))?
        }
    };
    let given = flags::given(lab, &command, &matches, typed(&program, arguments));
    Ok(Parsed { cli: Cli::from_arg_matches(&matches).map_err(wrong)?, given })
}

/// The name of the program: that of the file that was started.
fn program(arguments: &[OsString]) -> String {
    let stem = arguments.first().and_then(|path| Path::new(path).file_stem());
    stem.map_or_else(|| "losslab".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The command as it would be typed again.
fn typed(program: &str, arguments: &[OsString]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    let quoted = |argument: String| match argument.chars().all(plain) && !argument.is_empty() {
        true => argument,
        false => format!("'{}'", argument.replace('\'', "'\\''")),
    };
    let arguments = arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_owned()).chain(arguments).map(quoted).collect::<Vec<_>>().join(" ")
}

fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.is::<ClosedPipe>() {
                // Whoever closed it wants no more, and no complaint either.
                return ExitCode::from(ClosedPipe::EXIT_CODE);
            }
            emit_error(&format!("error: {}\n", shown_name(&format!("{error:#}").replace('\n', " "))));
            ExitCode::from(match error.downcast_ref::<interrupt::Interrupted>() {
                Some(interrupted) => interrupted.exit_code(),
                None if error.is::<compare::Lost>() => compare::LOST_EXIT_CODE,
                None => 2,
            })
        }
    }
}

/// The first paragraph of a message of the argument parser and its tip, as one line without its `error: `.
fn first_sentence(message: &str, program: &str) -> String {
    let one_line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut paragraphs = message.split("\n\n").map(one_line);
    let first = paragraphs.next().unwrap_or_default();
    let tip = paragraphs.find(|paragraph| paragraph.starts_with("tip: a similar"));
    let tip = tip.map_or_else(String::new, |tip| format!("; {}", tip.trim_start_matches("tip: ")));
    format!("{}{tip} (see {program} --help)", first.trim_start_matches("error: "))
}

/// The processors of this machine that the program may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn at_least_zero(flag: &str, value: Option<f64>) -> anyhow::Result<()> {
    match value {
        Some(x) if !(x >= 0.0 && x.is_finite()) => {
            anyhow::bail!("{flag} {}: expected a number of at least 0", shown_number(x))
        }
        _ => Ok(()),
    }
}

/// The error with the data that it is about: the flag that selects them and its value. An error that names a
/// flag stays as it is.
fn of_data(lab: &Lab, data: &Given, error: DataError) -> anyhow::Error {
    match (&error, lab.formats.select(data)) {
        (DataError::Content { .. }, Ok(Some(format))) => {
            let flag = format.flags().first().map_or("", |flag| flag.name);
            let value = data.text_if_given(flag).unwrap_or_default();
            anyhow::Error::new(error).context(format!("--{flag} {value}").trim_end().to_owned())
        }
        _ => error.into(),
    }
}

/// Lines that tell what was decided on the way.
fn notes(notes: &[String]) -> String {
    notes.iter().map(|note| format!("note: {note}\n")).collect()
}
