//! Arguments from a file: `compare --config FILE`, where FILE is TOML whose keys are the names of flags, or
//! the `results.json` of a comparison. Flags on the command line win.

use super::flags::{OF_THE_PLACE, was_given};
use anyhow::{Context, bail, ensure};
use clap::{ArgAction, ArgMatches, Command};
use losslab_report::RESULTS_SCHEMA;
use losslab_train::Lab;
use serde_json::{Map, Value};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a file adds to the command line.
pub struct Added {
    /// The file.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// The arguments that the `--config` file adds, if the command line names one.
pub fn arguments(lab: &Lab, command: &Command, matches: &ArgMatches) -> anyhow::Result<Option<Added>> {
    let (command, matches) = match matches.subcommand() {
        Some(("compare", matches)) => (command.find_subcommand("compare").unwrap_or(command), matches),
        Some(_) => return Ok(None),
        None => (command, matches),
    };
    let Some(path) = matches.get_one::<PathBuf>("config") else { return Ok(None) };
    let values = read(path)?;
    let named = own_format(lab, matches);
    let mut added = Vec::new();
    for (key, value) in &values {
        let wrong = || format!("--config {}: {key}", path.display());
        let argument = command.get_arguments().find(|argument| argument.get_long() == Some(key));
        let Some(argument) = argument.filter(|_| key != "config" && key != "help" && key != "version") else {
            let known = command.get_arguments().filter_map(clap::Arg::get_long);
            let problem = losslab_base::unknown("key", key, known.filter(|name| *name != "config"));
            bail!("--config {}: {problem}", path.display());
        };
        let of_other_format = named.is_some_and(|named| is_of_other_format(lab, key, named));
        if was_given(matches, argument.get_id().as_str())
            || of_other_format
            || is_excluded(command, matches, argument)
        {
            continue;
        }
        added.extend(texts(key, value, argument).with_context(wrong)?);
    }
    Ok(Some(Added { path: path.clone(), arguments: added }))
}

/// Whether the command line has an argument that conflicts with this one, as --loss-set does with --loss.
fn is_excluded(command: &Command, matches: &ArgMatches, argument: &clap::Arg) -> bool {
    let given = command.get_arguments().filter(|other| was_given(matches, other.get_id().as_str()));
    given.into_iter().any(|other| {
        let excludes = |one: &clap::Arg, another: &clap::Arg| {
            command.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == another.get_id())
        };
        excludes(other, argument) || excludes(argument, other)
    })
}

/// The format of data that the command line itself names.
fn own_format<'l>(lab: &'l Lab, matches: &ArgMatches) -> Option<&'l str> {
    let names =
        |flags: &[losslab_data::formats::Flag]| flags.first().is_some_and(|key| was_given(matches, key.name));
    lab.formats.iter().find(|format| names(format.flags())).map(|format| format.info().name)
}

/// Whether a key is a flag of formats of data alone, this one not among them.
fn is_of_other_format(lab: &Lab, key: &str, named: &str) -> bool {
    let has = |format: &dyn losslab_data::formats::Format| format.flags().iter().any(|flag| flag.name == key);
    lab.formats.iter().any(has)
        && !lab.formats.iter().any(|format| format.info().name == named && has(format))
}

/// The arguments of a key.
fn texts(key: &str, value: &Value, argument: &clap::Arg) -> anyhow::Result<Vec<OsString>> {
    let flag = |text: String| OsString::from(format!("--{key}={text}"));
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return match value {
            Value::Bool(true) => Ok(vec![format!("--{key}").into()]),
            Value::Bool(false) => Ok(Vec::new()),
            other => bail!("found {other}, expected true or false"),
        };
    }
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => bail!("found {other}, expected a text or a number"),
    };
    match value {
        Value::Array(values) if values.is_empty() => {
            bail!("found an empty list, expected at least one value")
        }
        Value::Array(values) if argument.get_value_delimiter().is_some() => {
            Ok(vec![flag(values.iter().map(text).collect::<Result<Vec<_>, _>>()?.join(","))])
        }
        Value::Array(values) if matches!(argument.get_action(), ArgAction::Append) => {
            values.iter().map(|value| text(value).map(flag)).collect()
        }
        Value::Array(_) => bail!("found a list, expected one value"),
        value => Ok(vec![flag(text(value)?)]),
    }
}

/// The keys of a file with their values.
fn read(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("--config {name}: cannot be read"))?;
    if path.extension().is_some_and(|extension| extension == "json") {
        return of_results(&text).with_context(|| format!("--config {name}"));
    }
    match toml::from_str::<Map<String, Value>>(&text) {
        Ok(values) => Ok(values),
        Err(error) => {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            bail!("--config {name}, line {line}: not TOML: {}", error.message().replace('\n', ", "))
        }
    }
}

/// What the results of a comparison were asked for, and the files that it read.
fn of_results(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut results: Map<String, Value> = serde_json::from_str(text).context("not JSON")?;
    let request = results.remove("request");
    ensure!(
        matches!(&request, Some(Value::Object(_))),
        "found no request in it, expected the results.json of a comparison"
    );
    let schema = results.get("schema").and_then(Value::as_u64);
    ensure!(
        schema == Some(u64::from(RESULTS_SCHEMA)),
        "schema: found {}, expected {RESULTS_SCHEMA}",
        results.get("schema").unwrap_or(&Value::Null)
    );
    let mut values = Map::new();
    let files = results.get("environment").and_then(|environment| environment.get("data"));
    for part in [request.as_ref(), files].into_iter().flatten() {
        let Value::Object(part) = part else { continue };
        // The files of a flag stand there as a list, even if it is one.
        let one = |value: &Value| match value.as_array().map(Vec::as_slice) {
            Some([file]) => file.clone(),
            _ => value.clone(),
        };
        values.extend(part.iter().map(|(key, value)| (key.clone(), one(value))));
    }
    if let Some(key) = OF_THE_PLACE.iter().find(|&&key| values.contains_key(key)) {
        bail!("found {key} in the request, expected nothing of where a comparison runs");
    }
    Ok(values)
}

/// The arguments with those of a file behind the name of the command.
pub fn inserted(arguments: &[OsString], command: Option<&str>, added: Vec<OsString>) -> Vec<OsString> {
    let behind = match command {
        Some(command) => arguments.iter().position(|argument| argument == command).map_or(1, |at| at + 1),
        None => 1,
    };
    let (before, after) = arguments.split_at(behind.min(arguments.len()));
    before.iter().cloned().chain(added).chain(after.iter().cloned()).collect()
}
