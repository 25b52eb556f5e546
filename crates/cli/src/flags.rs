//! The flags of the lab's data formats on the command line.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use losslab_data::formats::{Flag, FormatInfo, Given, Takes};
use losslab_train::Lab;
use serde_json::{Map, Number, Value};

/// The commands that learn, and the one that gives new data to a saved model.
const LEARNING: [&str; 2] = ["compare", "train"];
const PREDICTING: &str = "predict";

/// What `compare` takes from where it runs, not from what is asked of it: neither kept with results nor read
/// back, for results may come from a stranger.
pub const OF_THE_PLACE: [&str; 7] = ["config", "out", "threads", "max-memory", "quiet", "resume", "fresh"];

/// The flags that were given.
#[derive(Debug, Default)]
pub struct GivenFlags {
    /// Those that name data.
    pub data: Given,
    /// All that `compare` was asked for by name, but for files: what a `--config` file can say.
    pub request: Map<String, Value>,
    /// The command as it would be typed again.
    pub command: String,
}

/// Adds the flags of the lab's formats to the commands that take data.
pub fn add(lab: &Lab, command: Command) -> Command {
    let learning = arguments(&lab.formats.flags());
    let predicting = arguments(&lab.formats.new_flags());
    let mut command = command.args(learning.clone());
    for name in LEARNING {
        command = command.mut_subcommand(name, |command| command.args(learning.clone()));
    }
    command.mut_subcommand(PREDICTING, |command| command.args(predicting.clone()))
}

/// The arguments that these flags are. What they require and exclude is checked by the formats.
fn arguments(flags: &[(FormatInfo, &Flag)]) -> Vec<Arg> {
    let argument = |(format, flag): &(FormatInfo, &Flag)| {
        let heading = format!("Data, {}", format.name);
        let argument = Arg::new(flag.name).long(flag.name).help(flag.help).help_heading(heading);
        let argument = match flag.takes {
            Takes::Switch => return argument.action(ArgAction::SetTrue),
            Takes::One => argument.action(ArgAction::Set),
            Takes::Many => argument.action(ArgAction::Append),
        };
        let argument = argument.value_name(flag.value_name.unwrap_or("VALUE"));
        match flag.default_missing {
            Some(missing) => argument.num_args(0..=1).default_missing_value(missing),
            None => argument,
        }
    };
    flags.iter().map(argument).collect()
}

/// The flags that were given to the command that was named, by default `compare`; `typed` is the whole
/// command line.
pub fn given(lab: &Lab, command: &Command, matches: &ArgMatches, typed: String) -> GivenFlags {
    let command = matches.subcommand_name().and_then(|name| command.find_subcommand(name)).unwrap_or(command);
    let (name, matches) = matches.subcommand().unwrap_or(("compare", matches));
    let flags = match name {
        PREDICTING => lab.formats.new_flags(),
        _ if LEARNING.contains(&name) => lab.formats.flags(),
        _ => return GivenFlags { command: typed, ..GivenFlags::default() },
    };
    let mut data = Given::new();
    for (_, flag) in flags.iter().filter(|(_, flag)| was_given(matches, flag.name)) {
        data.add(flag.name, values(matches, flag.name));
    }
    let is_path = |name: &str| flags.iter().any(|(_, flag)| flag.name == name && flag.is_path);
    // In the order of their declaration, so that it does not matter where and in what order they were given.
    let request = command.get_arguments().filter_map(|argument| {
        let (id, name) = (argument.get_id().as_str(), argument.get_long()?);
        let named = was_given(matches, id) && !OF_THE_PLACE.contains(&name) && !is_path(name);
        named.then(|| (name.to_owned(), value(values(matches, id))))
    });
    GivenFlags { data, request: request.collect(), command: typed }
}

/// Whether a flag stands on the command line.
pub fn was_given(matches: &ArgMatches, id: &str) -> bool {
    let is_group = || matches.try_get_one::<clap::Id>(id).is_ok();
    matches.try_contains_id(id).is_ok()
        && matches.value_source(id) == Some(ValueSource::CommandLine)
        && !is_group()
}

/// The texts that a flag was given; none for a switch.
fn values(matches: &ArgMatches, id: &str) -> Vec<String> {
    if matches.try_get_one::<bool>(id).is_ok() {
        return Vec::new();
    }
    let raw = matches.try_get_raw(id).ok().flatten();
    raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect()
}

/// The texts of a flag as JSON: true for a switch, numbers as numbers where they are written as JSON writes
/// them: a label `1e2` stays what it is.
fn value(texts: Vec<String>) -> Value {
    let one = |text: String| match serde_json::from_str::<Number>(&text) {
        Ok(number) if number.to_string() == text => Value::Number(number),
        _ => Value::String(text),
    };
    let mut values: Vec<Value> = texts.into_iter().map(one).collect();
    match values.len() {
        0 => Value::Bool(true),
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}
