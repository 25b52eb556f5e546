//! Flags that take a whole number, and which: one table for the parser, its messages and the help.

use crate::processors;
use clap::{Arg, Command};
use losslab_base::Bounds;
use losslab_models::DetectorConfig;
use losslab_train::limits;

/// The bounds of each such flag.
fn bounds() -> [(&'static str, Bounds); 11] {
    [
        ("seeds", limits::SEEDS),
        ("tune", limits::TRIALS),
        ("epochs", limits::EPOCHS),
        ("every", limits::EPOCHS),
        ("patience", limits::PATIENCE),
        ("batch", limits::BATCH),
        ("shift", limits::SHIFT),
        ("width", limits::WIDTH),
        ("anchors", limits::ANCHORS),
        ("levels", DetectorConfig::LEVELS),
        // More threads than processors are of use to tests alone.
        ("threads", Bounds::new(1, processors().saturating_mul(4).max(64))),
    ]
}

/// The command whose flags keep to their bounds, and say them in their help.
pub fn add(command: Command) -> Command {
    let bounds = bounds();
    let bounded = |argument: Arg| match bounds.iter().find(|(name, _)| argument.get_id() == name) {
        Some(&(_, bounds)) => limited(argument, bounds),
        None => argument,
    };
    command.mut_args(bounded).mut_subcommands(|command| command.mut_args(bounded))
}

fn limited(argument: Arg, bounds: Bounds) -> Arg {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let Bounds { least, most } = bounds;
    argument
        .value_parser(move |text: &str| bounds.parse(text))
        .help(format!("{help} [from {least} to {most}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cli;
    use clap::CommandFactory;

    /// The number given to a flag with this name, or what is said of it.
    fn parsed(command: &str, flag: &str, text: &str) -> Result<(), String> {
        let save = if command == "train" { &["--save", "m"][..] } else { &[] };
        let checkpoint = if flag == "every" { &["--checkpoint", "c"][..] } else { &[] };
        let flag = format!("--{flag}={text}");
        let arguments = [&["losslab", command, &flag], save, checkpoint].concat();
        let parsed = add(Cli::command()).try_get_matches_from(arguments);
        parsed.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn every_bound_is_of_a_flag_that_says_and_keeps_it() {
        let command = add(Cli::command());
        for (name, bounds) in bounds() {
            let of = if name == "every" { "train" } else { "compare" };
            let argument = command.find_subcommand(of).unwrap();
            let argument = argument.get_arguments().find(|argument| argument.get_id() == name).unwrap();
            let Bounds { least, most } = bounds;
            let help = argument.get_help().unwrap().to_string();
            assert!(help.ends_with(&format!(" [from {least} to {most}]")), "{help}");
            for inside in [least, most] {
                assert_eq!(parsed(of, name, &inside.to_string()), Ok(()), "{name}");
            }
            for outside in ["-1", "x", "18446744073709551616", &(most + 1).to_string()] {
                let message = parsed(of, name, outside).unwrap_err();
                let expected = format!("invalid value '{outside}' for '--{name} <N>': expected {bounds}");
                assert!(message.contains(&expected), "{message}");
            }
        }
    }
}
