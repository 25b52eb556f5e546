//! The blocks of a page that show what a command prints.

use anyhow::Context;
use std::ops::Range;

/// Languages of blocks that are not output.
const CODE: [&str; 5] = ["sh", "rust", "python", "toml", "bash"];

/// A command, and where it runs.
#[derive(Clone, Debug, Eq)]
pub struct Run {
    pub command: String,
    /// In the folder of real data instead of that of the repository.
    pub in_data: bool,
    /// Left out by `--quick`.
    pub is_slow: bool,
}

/// What is slow in one place is the same command in another.
impl PartialEq for Run {
    fn eq(&self, other: &Run) -> bool {
        (&self.command, self.in_data) == (&other.command, other.in_data)
    }
}

impl std::hash::Hash for Run {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.command, self.in_data).hash(state);
    }
}

impl Run {
    /// A quick command in the folder of the repository.
    pub fn new(command: &str) -> Run {
        Run { command: command.trim().to_owned(), in_data: false, is_slow: false }
    }
}

/// What a block shows.
#[derive(Debug, PartialEq)]
pub enum What {
    /// All that a command prints.
    All(Run),
    /// Lines of it.
    Part(Run),
    /// A table of Markdown with numbers of it.
    Numbers(Run),
    /// Nothing that could be compared, and why.
    NotRun(String),
    /// Output without a command, and how that is seen.
    Unbound(&'static str),
}

impl What {
    /// A few words for the list of all blocks.
    pub fn title(&self) -> &str {
        match self {
            What::All(run) | What::Part(run) | What::Numbers(run) => &run.command,
            What::NotRun(why) => why,
            What::Unbound(_) => "no command",
        }
    }
}

/// A block of a page: its lines, counted from 0, without fences and commands.
#[derive(Debug, PartialEq)]
pub struct Shown {
    pub lines: Range<usize>,
    pub what: What,
}

/// The blocks of a page that show output, in their order.
///
/// # Errors
/// If a comment or a block has no end.
pub fn blocks(page: &str) -> anyhow::Result<Vec<Shown>> {
    let lines: Vec<&str> = page.lines().collect();
    let mut found = Vec::new();
    let mut mark = None;
    let mut at = 0;
    while at < lines.len() {
        let until = |is_end: &dyn Fn(&str) -> bool, from: usize| {
            (from..lines.len()).find(|&i| is_end(lines[i].trim_end()))
        };
        let line = lines[at].trim_start();
        if line.starts_with("<!--") {
            let end = until(&|line| line.ends_with("-->"), at).context("a comment has no end")?;
            mark = Mark::read(&lines[at..=end].join(" "));
            at = (end + 1..lines.len()).find(|&i| !lines[i].trim().is_empty()).unwrap_or(lines.len());
            // It would bind nothing, and the block that it was meant for would be bound to nothing.
            let next = lines.get(at).copied().unwrap_or_default();
            if mark.is_some() && !next.starts_with("```") && !next.starts_with('|') {
                let why = "the comment stands neither before a block nor before a table";
                found.push(Shown { lines: end..end + 1, what: What::Unbound(why) });
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let end = until(&|line| line.trim_start() == "```", at + 1).context("a block has no end")?;
            found.extend(of_block(language.trim(), mark.take(), &lines, at + 1..end));
            at = end + 1;
        } else if line.starts_with('|') {
            let end = until(&|line| !line.starts_with('|'), at).unwrap_or(lines.len());
            found.extend(of_table(mark.take(), &lines, at..end));
            at = end;
        } else {
            mark = None;
            at += 1;
        }
    }
    Ok(found)
}

/// What a comment before a block says of it.
enum Mark {
    NotRun(String),
    Output(Run),
    Numbers(Run),
    /// Of the commands that stand in the block: in the data folder, slow.
    Console(bool, bool),
}

impl Mark {
    /// `None` for a comment of another kind.
    fn read(comment: &str) -> Option<Mark> {
        let text = comment.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(why) = text.strip_prefix("not run: ") {
            return Some(Mark::NotRun(why.to_owned()));
        }
        let (head, command) = text.split_once(" of: ").unwrap_or((&text, ""));
        let (is_slow, head) =
            head.strip_prefix("slow").map_or((false, head), |rest| (true, rest.trim_start()));
        let in_data = head.ends_with("in the data folder");
        let kind = head.trim_end_matches("in the data folder").trim_end();
        let run = Run { in_data, is_slow, ..Run::new(command) };
        match kind {
            "output" if !command.is_empty() => Some(Mark::Output(run)),
            "numbers" if !command.is_empty() => Some(Mark::Numbers(run)),
            "" if command.is_empty() && (is_slow || in_data) => Some(Mark::Console(in_data, is_slow)),
            _ => None,
        }
    }
}

fn of_block(language: &str, mark: Option<Mark>, lines: &[&str], range: Range<usize>) -> Vec<Shown> {
    let what = match mark {
        Some(Mark::NotRun(why)) => What::NotRun(why),
        Some(Mark::Output(run)) => What::Part(run),
        mark if language == "console" => {
            let (in_data, is_slow) = match mark {
                Some(Mark::Console(in_data, is_slow)) => (in_data, is_slow),
                _ => (false, false),
            };
            return of_console(lines, range, |command| Run { in_data, is_slow, ..Run::new(command) });
        }
        _ if CODE.contains(&language) => return Vec::new(),
        _ => What::Unbound("a block without a comment `output of: COMMAND` or `not run: WHY`"),
    };
    vec![Shown { lines: range, what }]
}

/// The commands of a `console` block that have lines of output.
fn of_console(lines: &[&str], range: Range<usize>, run: impl Fn(&str) -> Run) -> Vec<Shown> {
    let is_command = |at: usize| lines[at].starts_with("$ ");
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let (mut command, start) = (String::new(), at);
        if is_command(at) {
            command = lines[at][2..].to_owned();
            at += 1;
            while command.ends_with('\\') && at < range.end {
                command.pop();
                command += lines[at].trim_start();
                at += 1;
            }
        }
        let next = (at..range.end).find(|&i| is_command(i)).unwrap_or(range.end);
        let blank = lines[at..next].iter().rev().take_while(|line| line.trim().is_empty()).count();
        let output = at..next - blank;
        at = next;
        if start == output.start {
            found.push(Shown { lines: output, what: What::Unbound("lines before the first `$ COMMAND`") });
        } else if !output.is_empty() {
            found.push(Shown { lines: output, what: What::All(run(&command)) });
        }
    }
    found
}

fn of_table(mark: Option<Mark>, lines: &[&str], range: Range<usize>) -> Option<Shown> {
    let what = match mark {
        Some(Mark::Numbers(run)) => What::Numbers(run),
        Some(Mark::NotRun(why)) => What::NotRun(why),
        Some(_) => What::Unbound("a table takes `numbers of: COMMAND` or `not run: WHY`"),
        None if lines[range.clone()].iter().any(|line| line.contains('±')) => {
            What::Unbound("results without a comment `numbers of: COMMAND` or `not run: WHY`")
        }
        None => return None,
    };
    Some(Shown { lines: range, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &str) -> Vec<(Vec<&str>, What)> {
        let lines: Vec<&str> = page.lines().collect();
        let blocks = blocks(page).unwrap();
        blocks.into_iter().map(|shown| (lines[shown.lines].to_vec(), shown.what)).collect()
    }

    #[test]
    fn a_console_block_binds_lines_to_the_command_before_them() {
        let page = "```console\n$ losslab a\n$ losslab b \\\n    --c 1\n1\n2\n$ losslab d\n3\n\n```\n";
        let all = |command: &str| What::All(Run::new(command));
        assert_eq!(shown(page), [(vec!["1", "2"], all("losslab b --c 1")), (vec!["3"], all("losslab d"))]);
    }

    #[test]
    fn a_comment_binds_the_block_after_it() {
        let page = "<!-- slow output in the data folder of:\n  losslab a --b 1 -->\n```text\n1\n```\n";
        let [(lines, What::Part(run))] = &shown(page)[..] else { panic!("{:?}", shown(page)) };
        assert_eq!(
            (&lines[..], &*run.command, run.in_data, run.is_slow),
            (&["1"][..], "losslab a --b 1", true, true)
        );

        let page = "<!-- slow -->\n```console\n$ losslab a\n1\n```\n";
        let [(_, What::All(run))] = &shown(page)[..] else { panic!("{:?}", shown(page)) };
        assert!(run.is_slow && !run.in_data);

        let page = concat!(
            "<!-- numbers of: losslab a -->\n| a | 1 ± 2 |\n|---|---|\n\n",
            "<!-- not run: an hour -->\n\n```text\n1\n```\n"
        );
        let [(table, What::Numbers(_)), (_, What::NotRun(why))] = &shown(page)[..] else {
            panic!("{:?}", shown(page))
        };
        assert_eq!((table.len(), &**why), (2, "an hour"));
    }

    #[test]
    fn output_without_a_command_is_found() {
        for page in [
            "```text\n1\n```\n",
            "```\n1\n```\n",
            "```console\n1\n$ losslab\n```\n",
            "<!-- output of: losslab -->\ntext\n```text\n1\n```\n",
            "<!-- a remark -->\n```text\n1\n```\n",
            "| a | .1 ± .2 |\n",
        ] {
            assert!(matches!(shown(page)[0].1, What::Unbound(_)), "{page}");
        }
        for page in
            ["```sh\nlosslab\n```\n", "```console\n$ losslab\n```\n", "| a | b |\n", "<!-- a remark -->\n"]
        {
            assert_eq!(shown(page), [], "{page}");
        }
        for page in ["```text\n1\n", "<!-- output of: losslab\n"] {
            assert!(blocks(page).is_err(), "{page}");
        }
    }
}
