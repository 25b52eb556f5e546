//! The folders that are mutated, and the commands that meet them.

use super::command::Meeting;
use super::outside::regular_files;
use super::runs::{self, Runs};
use anyhow::{Context, ensure};
use losslab_base::rng::Rng;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// A table that models are asked about.
const DATA: &str = "f0,f1,f2,f3\n0.1,0.2,0.3,0.4\n-1,0,1,2\n";

/// A folder as losslab leaves it.
pub struct Template {
    folder: PathBuf,
    /// The command that wrote it, but for the folder.
    arguments: &'static [&'static str],
    kind: Kind,
    /// What was trained.
    pub runs: Runs,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A comparison.
    Compared,
    /// A training with checkpoints, and its model.
    Trained,
}

/// All of them, and files of one that stand for others.
pub struct Templates {
    templates: Vec<Template>,
    /// A record.
    pub record: PathBuf,
    /// A picture.
    pub picture: PathBuf,
}

const ALL: [(&str, Kind, &[&str]); 3] = [
    ("table", Kind::Compared, &["--synthetic", "rows=420,ratio=6,seed=3", "--epochs", "3", "--hidden", "4"]),
    ("boxes", Kind::Compared, &["--scenes", "images=16,size=48,ratio=60", "--epochs", "1", "--width", "8"]),
    ("kept", Kind::Trained, &["--synthetic", "rows=420,ratio=6,seed=3", "--epochs", "6", "--hidden", "4"]),
];
const ARMS: [&str; 6] = ["--loss", "ce", "--loss", "focal:gamma=2", "--seeds", "2"];

impl Templates {
    /// Trains them.
    pub fn make(program: &Path, base: &Path) -> anyhow::Result<Self> {
        let mut templates = Vec::new();
        for (name, kind, arguments) in ALL {
            let mut template = Template { folder: base.join(name), arguments, kind, runs: Runs::new() };
            fs::create_dir_all(&template.folder)?;
            let mut all = template.beginning();
            all.extend(template.ending(&template.folder));
            let made =
                Meeting { program: program.to_owned(), arguments: all, folder: base.to_owned() }.run()?;
            ensure!(made.code == 0, "{name}: {}", made.text());
            if kind == Kind::Compared {
                template.runs = runs::of(&template.folder)?.context("a comparison has results")?.runs;
            }
            templates.push(template);
        }
        let mut files = Vec::new();
        regular_files(base, &mut files)?;
        let find = |part: &str, end: &str| {
            let fits = |file: &&PathBuf| {
                let file = file.to_string_lossy();
                file.contains(part) && file.ends_with(end)
            };
            files.iter().find(fits).cloned().with_context(|| format!("no file {end} in {part}"))
        };
        let (record, picture) = (find("/table/runs/", ".json")?, find("/boxes/", ".png")?);
        Ok(Self { templates, record, picture })
    }

    /// A copy of one of them as `given`, an intact one as `other`, and a table.
    pub fn copy(&self, work: &Path, rng: &mut Rng) -> anyhow::Result<&Template> {
        let template = &self.templates[rng.below(self.templates.len() as u64) as usize];
        copy(&template.folder, &work.join("given"))?;
        copy(&template.folder, &work.join("other"))?;
        fs::write(work.join("data.csv"), DATA)?;
        Ok(template)
    }
}

impl Template {
    fn beginning(&self) -> Vec<OsString> {
        let command: &[&str] = match self.kind {
            Kind::Compared => &["compare", "--quiet"],
            Kind::Trained => &["train", "--quiet"],
        };
        let arms = if self.kind == Kind::Compared { &ARMS[..] } else { &ARMS[..2] };
        [command, self.arguments, arms].concat().into_iter().map(Into::into).collect()
    }

    /// The arguments that name the folder.
    fn ending(&self, folder: &Path) -> Vec<OsString> {
        match self.kind {
            Kind::Compared => vec!["--out".into(), folder.into()],
            Kind::Trained => {
                let model = folder.join("model.safetensors");
                vec!["--checkpoint".into(), folder.into(), "--save".into(), model.into()]
            }
        }
    }

    /// A command that meets `given`.
    pub fn command(&self, program: &Path, work: &Path, rng: &mut Rng) -> Meeting {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let again = |more: &str| {
            let mut all = self.beginning();
            all.extend(self.ending(Path::new("given")));
            all.extend(words(more));
            all
        };
        let arguments = match (self.kind, rng.below(8)) {
            (Kind::Compared, 0) => words("report given --out out"),
            (Kind::Compared, 1) => words("report given"),
            (Kind::Compared, 2) => words("report given other --out out"),
            (Kind::Compared, 3) => words("report --across given other --out out"),
            (Kind::Compared, 4) => words("power given"),
            (Kind::Compared, 5) => words("compare --quiet --config given/results.json --out out"),
            (Kind::Compared, 6) => again("--resume"),
            (Kind::Compared, _) => again("--fresh"),
            (Kind::Trained, 0..3) => {
                words("predict --model given/model.safetensors --csv data.csv --out out.csv")
            }
            (Kind::Trained, 3..6) => again("--resume --force"),
            (Kind::Trained, _) => again("--resume=previous --force"),
        };
        Meeting { program: program.to_owned(), arguments, folder: work.to_owned() }
    }
}

/// Copies a folder of files and folders.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
