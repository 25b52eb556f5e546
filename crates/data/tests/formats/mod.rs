//! Formats: what they load, what their flags refuse, and a format of one's own.

mod image_folder;
mod links;
mod load_new;
mod loaded;
mod own;
mod select;

use losslab_data::formats::{Formats, Given, Loaded, ModelInput, NewData};
use losslab_data::images::ImageParts;
use losslab_data::{DataError, Source};
use losslab_metrics::boxes::VocRule;
use std::path::Path;

/// These flags; a value that is empty makes a switch, one of `""` in quotes an empty value.
fn given(flags: &[(&str, &str)]) -> Given {
    let mut given = Given::new();
    for (flag, value) in flags {
        given.add(*flag, (!value.is_empty()).then(|| value.replace("\"\"", "")));
    }
    given
}

fn load(formats: &Formats, given: &Given) -> Result<Loaded, DataError> {
    formats.select(given)?.expect("a format").load(given)
}

fn load_new(given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
    Formats::standard().select_new(given)?.expect("a format").load_new(given, model)
}

#[track_caller]
fn table(formats: &Formats, given: &Given) -> (Source, Vec<String>) {
    match load(formats, given) {
        Ok(Loaded::Table { source, notes }) => (source, notes),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn boxes(given: &Given) -> (ImageParts, Option<VocRule>) {
    match load(&Formats::standard(), given) {
        Ok(Loaded::Boxes { parts, voc_rule }) => (parts, voc_rule),
        other => panic!("{other:?}"),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}
