//! `cargo xtask docs`: the commands of the README and of `docs/`, run, and what they print beside what the
//! pages show.
//!
//! | on a page | what is checked |
//! |---|---|
//! | a `console` block | the lines after `$ COMMAND` are all that it prints; without lines it is not run |
//! | `<!-- output of: COMMAND -->`, a block | the lines of the block follow each other in what it prints |
//! | `<!-- numbers of: COMMAND -->`, a table | the cells `a ± b` occur in this order in what it prints |
//! | `<!-- not run: WHY -->` | nothing |
//!
//! The comment stands before the block or the table. `slow` in it keeps the command from `--quick`, `in the
//! data folder` runs it where the real data are: `<!-- slow output in the data folder of: COMMAND -->`, and
//! before a `console` block `<!-- slow in the data folder -->`. A line `..` stands for any lines. Output and
//! errors are one, as on a terminal. Lines are compared byte for byte, but for blanks at their ends.
//!
//! A block without a command is an error, because nobody would notice that it is out of date, unless it is
//! code of a known language; so is a table with `±`.

mod blocks;
mod compare;
mod runner;
mod write;

use anyhow::{Context, ensure};
use blocks::{Run, Shown, What};
use compare::Difference;
use runner::{Printed, Runner};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Docs {
    /// Only the commands that are not marked as slow.
    #[arg(long)]
    quick: bool,
    /// A page; can be repeated [default: README.md and docs/*.md]
    #[arg(long = "page", value_name = "FILE")]
    pages: Vec<PathBuf>,
    /// The file with what a command has printed already, which is then not run; can be repeated.
    #[arg(long = "known", value_name = "COMMAND=FILE")]
    known: Vec<String>,
    /// A program `losslab` [default: the release build, brought up to date]
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Replace what differs on the pages, where it is clear by what: whole outputs, and tables in boxes.
    #[arg(long)]
    write: bool,
}

/// What came of a block.
enum Outcome {
    Ok,
    Left(String),
    Differs(String),
}

pub fn run(root: &Path, arguments: &Docs) -> anyhow::Result<()> {
    let mut runner = Runner::new(root, arguments.program.as_deref(), known(&arguments.known)?)?;
    let pages = if arguments.pages.is_empty() { all_pages(root)? } else { arguments.pages.clone() };
    let (mut checked, mut differing) = (0, 0);
    for page in pages {
        let text = fs::read_to_string(root.join(&page)).with_context(|| format!("{}", page.display()))?;
        let lines: Vec<&str> = text.lines().collect();
        let mut new = Vec::new();
        for shown in blocks::blocks(&text).with_context(|| format!("{}", page.display()))? {
            let expected = &lines[shown.lines.clone()];
            let place = format!("{}:{}: {}", page.display(), shown.lines.start + 1, shown.what.title());
            let (outcome, lines) = check(&shown, expected, &mut runner, arguments)?;
            new.extend(lines.map(|lines| (shown.lines, lines)));
            match &outcome {
                Outcome::Ok => println!("ok: {place}"),
                Outcome::Left(why) => println!("{why}: {place}"),
                Outcome::Differs(how) => println!("DIFFERS: {place}\n{how}"),
            }
            checked += usize::from(!matches!(outcome, Outcome::Left(_)));
            differing += usize::from(matches!(outcome, Outcome::Differs(_)));
        }
        if !new.is_empty() {
            fs::write(root.join(&page), write::replaced(&lines, new))?;
        }
    }
    println!("{checked} blocks checked, {differing} differ");
    ensure!(differing == 0, "{differing} blocks differ from what their commands print, or have no command");
    Ok(())
}

/// What came of a block, and the lines to put in its place.
fn check(
    shown: &Shown,
    expected: &[&str],
    runner: &mut Runner,
    arguments: &Docs,
) -> anyhow::Result<(Outcome, Option<Vec<String>>)> {
    let run = match &shown.what {
        What::All(run) | What::Part(run) | What::Numbers(run) => run,
        What::NotRun(_) => return Ok((Outcome::Left("not run".into()), None)),
        What::Unbound(why) => return Ok((Outcome::Differs(format!("  {why}")), None)),
    };
    if run.is_slow && arguments.quick && !runner.knows(run) {
        return Ok((Outcome::Left("slow, left out".into()), None));
    }
    let printed = match runner.printed(run)? {
        Printed::Lines(lines) => lines,
        Printed::NoData(why) => return Ok((Outcome::Left(format!("SKIPPED: {why}")), None)),
    };
    let difference = match shown.what {
        What::Numbers(_) => compare::numbers(expected, printed),
        _ => compare::lines(expected, printed, matches!(shown.what, What::All(_))),
    };
    let Some(Difference { expected: line, found }) = difference else { return Ok((Outcome::Ok, None)) };
    let new = arguments.write.then(|| write::rewritten(&shown.what, expected, printed)).flatten();
    let written = if new.is_some() { "\n  (replaced, as far as it is clear by what)" } else { "" };
    Ok((Outcome::Differs(format!("  shown:   {line}\n  printed: {found}{written}")), new))
}

/// The README and the pages of `docs`, relative to the root.
fn all_pages(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut pages = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(root.join("docs"))? {
        let page = Path::new("docs").join(entry?.file_name());
        pages.extend(page.extension().is_some_and(|end| end == "md").then_some(page));
    }
    pages.sort();
    Ok(pages)
}

/// What commands have printed already.
fn known(arguments: &[String]) -> anyhow::Result<HashMap<Run, Vec<String>>> {
    let read = |argument: &String| {
        let (command, file) = argument.rsplit_once('=').context("--known: expected COMMAND=FILE")?;
        let text = fs::read_to_string(file).with_context(|| format!("--known: {file} cannot be read"))?;
        Ok((Run::new(command), runner::lines(&text)))
    };
    arguments.iter().map(read).collect()
}
