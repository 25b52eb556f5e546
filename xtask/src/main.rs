//! `cargo xtask`: checks that take longer than a test may.
//!
//! `cargo xtask soak --minutes N` runs its parts until their deadline, with seeds it has not used before, and
//! adds what they did to one file of figures (see [`ledger`]). Every part stops at the first thing that is
//! wrong, with an error that says how to repeat it.

mod bits;
mod bugs;
mod copy;
mod docs;
mod folders;
mod fuzz;
mod gradients;
mod kills;
mod ledger;
mod memory;
mod mutants;
mod programs;
mod verdicts;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::Ledger;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Long checks of losslab")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check for a number of minutes, with fresh seeds, and keep the figures.
    Soak(Soak),
    /// Run the tests of the crates with unsafe code in Miri, each by itself.
    Miri {
        /// Tests that take longer are named and left.
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
    /// Run the tests of the crates with unsafe code with AddressSanitizer.
    Asan,
    /// Run the commands of the README and of docs/, and compare what they print with what the pages show.
    Docs(docs::Docs),
}

#[derive(Args)]
struct Soak {
    /// How long, shared among the parts. A part ends what it is at: the last step may take minutes more.
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    minutes: f64,
    /// A part to run; can be repeated. Without it: all of them.
    #[arg(long = "part", value_name = "PART")]
    parts: Vec<Part>,
    /// Where the figures are kept [default: target/soak/soak.json]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// A part of the soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every operation, layer and loss against finite differences.
    Gradients,
    /// Replanted bugs, which the tests must catch.
    Bugs,
    /// Mutants, most of which the tests must catch.
    Mutants,
    /// Trainings with 1 to 8 threads and two instruction sets, bit by bit.
    Bits,
    /// Trainings killed at random moments and resumed.
    Kills,
    /// Folders of results under attack: links, hostile fields, torn files, kills, second writers, full disks.
    Folders,
    /// Random input for the readers of files and specs.
    Fuzz,
    /// Verdicts on data with nothing to find, and with something; once, however long it takes.
    Verdicts,
}

impl Part {
    fn run(self, root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
        match self {
            Part::Gradients => gradients::run(root, deadline, ledger),
            Part::Bugs => bugs::run(root, deadline, ledger),
            Part::Mutants => mutants::run(root, deadline, ledger),
            Part::Bits => bits::run(root, deadline, ledger),
            Part::Kills => kills::run(root, deadline, ledger),
            Part::Folders => folders::run(root, deadline, ledger),
            Part::Fuzz => fuzz::run(root, deadline, ledger),
            Part::Verdicts => verdicts::run(ledger),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let soak = match Cli::parse().command {
        Command::Soak(soak) => soak,
        Command::Miri { seconds } => return memory::miri(root, seconds),
        Command::Asan => return memory::asan(root),
        Command::Docs(arguments) => return docs::run(root, &arguments),
    };
    anyhow::ensure!(
        soak.minutes > 0.0 && soak.minutes.is_finite(),
        "--minutes: expected a number above 0, found {}",
        soak.minutes
    );
    let path = soak.ledger.unwrap_or_else(|| root.join("target/soak/soak.json"));
    let mut ledger = Ledger::open(&path)?;
    let parts = if soak.parts.is_empty() { Part::value_variants().to_vec() } else { soak.parts };
    let end = Instant::now() + Duration::from_secs_f64(60.0 * soak.minutes);
    let mut failed = 0;
    for (i, part) in parts.iter().enumerate() {
        let now = Instant::now();
        let share = end.saturating_duration_since(now) / (parts.len() - i) as u32;
        println!("== {part:?}, {:.1} minutes", share.as_secs_f64() / 60.0);
        // The others still run: a soak that stops at its first part would tell nothing of the rest.
        if let Err(error) = part.run(root, now + share, &mut ledger) {
            eprintln!("{part:?}: {error:#}");
            failed += 1;
        }
    }
    println!("{ledger}");
    anyhow::ensure!(failed == 0, "{failed} of {} parts failed", parts.len());
    Ok(())
}
