//! What is done to a folder.

use super::outside::Outside;
use losslab_base::Fnv1a;
use losslab_base::rng::Rng;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names and texts that no file should bring along.
const TEXTS: [&str; 10] = [
    "../../outside/secret.txt",
    "../outside/full",
    "/etc/passwd",
    "..",
    "",
    "a/b",
    "con\u{1b}[2J\u{202e}",
    "=1+1",
    "<script>alert(1)</script>",
    "nul\0l",
];
const NUMBERS: [f64; 8] = [0.0, -1.0, 0.5, 1e308, -1e308, 4_294_967_296.0, 1.8e19, 1e-320];
/// Names of files that losslab writes, or might write while it works.
const NAMES: [&str; 8] = [
    "results.json",
    "report.html",
    "losslab-owner.json",
    ".losslab-write-test",
    "checkpoint.safetensors",
    "checkpoint-previous.safetensors",
    "plots",
    "pictures",
];

/// A mutation, for messages.
#[derive(Debug)]
pub struct Mutation {
    /// What was done.
    #[allow(dead_code, reason = "read by Debug")]
    what: String,
    /// The file.
    #[allow(dead_code, reason = "read by Debug")]
    path: PathBuf,
    /// Whether a file was edited and its checksum, which has no key, made right again.
    pub resealed: bool,
}

/// Does one thing to the folder.
pub fn mutate(folder: &Path, outside: &Outside, rng: &mut Rng) -> anyhow::Result<Mutation> {
    let mut all = Vec::new();
    entries(folder, &mut all)?;
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = all.into_iter().partition(|path| path.is_dir());
    let mut pick = |from: &[PathBuf]| from.get(rng.below(from.len().max(1) as u64) as usize).cloned();
    let none = || folder.join("results.json");
    let (file, other) = (pick(&files).unwrap_or_else(none), pick(&files).unwrap_or_else(none));
    let below = pick(&folders).unwrap_or_else(|| folder.join("runs"));
    let (target, place) = (pick(&outside.files()), pick(&outside.folders()));
    let (target, place) = (target.unwrap_or_default(), place.unwrap_or_default());
    let mut resealed = false;
    let (what, path) = match rng.below(14) {
        0 => ("truncated", edit(&file, |bytes| bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize))?),
        1 => ("bytes changed", edit(&file, |bytes| change_bytes(bytes, rng))?),
        2 => ("bytes appended", edit(&file, |bytes| bytes.extend_from_slice(b"\n{\"a\": [1e999, \0"))?),
        3 => ("a link to a file outside", replace(&file, |path| link(&target, path))?),
        4 => ("a link to a device", replace(&file, |path| link(Path::new("/dev/zero"), path))?),
        5 => ("a pipe", replace(&file, pipe)?),
        6 => ("a folder", replace(&file, |path| Ok(fs::create_dir(path)?))?),
        7 => ("removed", replace(&file, |_| Ok(()))?),
        8 => ("a folder linked outside", replace(&below, |path| link(&place, path))?),
        9 => ("another file's contents", {
            let bytes = fs::read(&other).unwrap_or_default();
            edit(&file, |own| *own = bytes)?
        }),
        10 => ("a huge file", replace(&file, |path| Ok(File::create(path)?.set_len(1 << 33)?))?),
        11 => {
            let planted = folder.join(NAMES[rng.below(NAMES.len() as u64) as usize]);
            ("a planted link", replace(&planted, |path| link(&target, path))?)
        }
        _ => {
            resealed = rng.below(2) == 0;
            let what = if resealed { "a field changed, checksum right" } else { "a field changed" };
            let json: Vec<PathBuf> = files
                .iter()
                .filter(|file| file.extension().is_some_and(|end| end == "json"))
                .cloned()
                .collect();
            let file = json.get(rng.below(json.len().max(1) as u64) as usize).unwrap_or(&file);
            (what, edit(file, |bytes| change_field(bytes, resealed, rng))?)
        }
    };
    Ok(Mutation { what: what.into(), path, resealed })
}

/// All files and folders below, links not followed.
fn entries(folder: &Path, all: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut here: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    here.sort();
    for path in here {
        let kind = path.symlink_metadata()?.file_type();
        if kind.is_dir() {
            entries(&path, all)?;
        }
        if kind.is_dir() || kind.is_file() {
            all.push(path);
        }
    }
    Ok(())
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> anyhow::Result<PathBuf> {
    let regular = path.symlink_metadata().is_ok_and(|about| about.is_file() && about.len() < 1 << 26);
    if regular {
        let mut bytes = fs::read(path)?;
        change(&mut bytes);
        fs::write(path, bytes)?;
    }
    Ok(path.to_owned())
}

/// Removes what is there and puts something in its place.
fn replace(path: &Path, put: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path)?,
        Ok(_) => fs::remove_file(path)?,
        Err(_) => {}
    }
    // Its folder may have been replaced, too.
    if path.parent().is_some_and(|folder| folder.symlink_metadata().is_ok_and(|about| about.is_dir())) {
        put(path)?;
    }
    Ok(path.to_owned())
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> anyhow::Result<()> {
    Ok(std::os::unix::fs::symlink(target, path)?)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> anyhow::Result<()> {
    Ok(())
}

fn pipe(path: &Path) -> anyhow::Result<()> {
    if cfg!(unix) {
        Command::new("mkfifo").arg(path).status()?;
    }
    Ok(())
}

fn change_bytes(bytes: &mut [u8], rng: &mut Rng) {
    for _ in 0..=rng.below(4) {
        let place = rng.below(bytes.len().max(1) as u64) as usize;
        if let Some(byte) = bytes.get_mut(place) {
            *byte = rng.below(256) as u8;
        }
    }
}

/// Changes or removes a random field of a JSON text.
fn change_field(bytes: &mut Vec<u8>, reseal: bool, rng: &mut Rng) {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return };
    let checksum = value.as_object_mut().and_then(|fields| fields.remove("checksum"));
    let leaves = count(&value);
    let mut place = rng.below(leaves.max(1));
    change(&mut value, &mut place, rng);
    let text = value.to_string();
    *bytes = match checksum {
        None => text.into_bytes(),
        Some(stated) => {
            let fields = text.trim_start_matches('{');
            let mut hash = Fnv1a::new();
            hash.bytes(fields.as_bytes());
            let right = format!("{:016x}", hash.finish());
            let checksum = if reseal { &right } else { stated.as_str().unwrap_or_default() };
            format!("{{\"checksum\": \"{checksum}\",{fields}").into_bytes()
        }
    };
}

/// The values in it that are neither lists nor objects.
fn count(value: &Value) -> u64 {
    match value {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Object(all) => all.values().map(count).sum(),
        _ => 1,
    }
}

/// Changes the leaf that is `place` leaves away.
fn change(value: &mut Value, place: &mut u64, rng: &mut Rng) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|value| change(value, place, rng)),
        Value::Object(all) => {
            let fields = all.len();
            all.values_mut().for_each(|value| change(value, place, rng));
            if *place == u64::MAX && rng.below(8) == 0 {
                let name = all.keys().nth(rng.below(fields.max(1) as u64) as usize).cloned();
                name.map(|name| all.remove(&name));
                *place -= 1;
            }
        }
        leaf => {
            if *place == 0 {
                *leaf = match rng.below(4) {
                    0 => Value::Null,
                    1 => serde_json::Number::from_f64(NUMBERS[rng.below(8) as usize]).into(),
                    2 => Value::from(rng.next_u64()),
                    _ => TEXTS[rng.below(10) as usize].into(),
                };
                *place = u64::MAX;
            } else if *place < u64::MAX - 1 {
                *place -= 1;
            }
        }
    }
}
