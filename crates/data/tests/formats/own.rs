//! A format that another crate adds: lines of a label and two numbers.

use super::{given, load, table};
use losslab_data::checks::NamedFile;
use losslab_data::formats::{
    DataKind, Flag, Format, FormatInfo, Formats, Given, Loaded, ModelInput, NewData,
};
use losslab_data::{Column, DataError, Dataset, Features, Place};
use losslab_testing::Files;
use std::path::Path;

/// Lines such as `yes 1 2.5`.
struct Lines;

const FLAGS: &[Flag] = &[
    Flag::one("lines", "FILE", "Lines of a label and two numbers").path(),
    Flag::one("first", "N", "Read only so many lines"),
    Flag::one("positive", "VALUE", "Label that counts as positive").requires(&["first"]),
];

impl Lines {
    fn read(path: &Path) -> Result<Vec<(String, [f32; 2])>, DataError> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| DataError::Read { file: file.clone(), error })?;
        let row = |(line, text): (u64, &str)| {
            let cells: Vec<&str> = text.split(' ').collect();
            let wrong = || Place::of(&file).line(line).error(format!("{text:?}"), "a label and two numbers");
            let [label, x, y] = cells[..] else { return Err(wrong()) };
            let number = |cell: &str| cell.parse().map_err(|_| wrong());
            Ok((label.to_string(), [number(x)?, number(y)?]))
        };
        (1..).zip(text.lines()).map(row).collect()
    }
}

impl Format for Lines {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: "lines", help: "lines of a label and two numbers", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        &FLAGS[..2]
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let path = given.path("lines")?;
        let mut rows = Lines::read(path)?;
        rows.truncate(given.count("first")?.unwrap_or(usize::MAX));
        let of = |axis: usize| rows.iter().map(|(_, x)| f64::from(x[axis])).collect();
        let dataset = Dataset {
            name: "lines".into(),
            features: Features::Columns(vec![Column::numbers("x", of(0)), Column::numbers("y", of(1))]),
            labels: rows.iter().map(|(label, _)| u32::from(label == "yes")).collect(),
            groups: None,
            class_names: vec!["no".into(), "yes".into()],
            label_values: vec![("no".into(), 0), ("yes".into(), 1)],
            positive: Some(1),
        };
        Ok(Loaded::Table { source: dataset.into(), notes: vec!["read by hand".into()] })
    }
}

#[test]
fn a_format_of_another_crate_is_loaded_by_its_flags() {
    let formats = Formats::standard().with(Lines);
    let files = Files::new();
    let path = files.write("a.txt", "yes 1 2.5\nno -1 0\nno 3 4\n");
    let path = path.to_str().unwrap();
    let (source, notes) = table(&formats, &given(&[("lines", path), ("first", "2")]));
    assert_eq!(source.dataset.numbers().unwrap(), [1.0, 2.5, -1.0, 0.0]);
    assert_eq!((source.dataset.labels, notes), (vec![1, 0], vec!["read by hand".to_string()]));
    let named = formats.files(&given(&[("lines", path), ("first", "2")]));
    assert_eq!(named, [NamedFile { flag: "lines".into(), path: path.into() }]);
    assert_eq!(formats.find("lines").unwrap().info().name, "lines");

    let wrong = files.write("b.txt", "yes 1 2\nno 1 two\n");
    let message = |flags: &[(&str, &str)]| files.message(load(&formats, &given(flags)));
    let lines = [
        message(&[("lines", wrong.to_str().unwrap())]),
        message(&[("lines", path), ("first", "-1")]),
        message(&[("lines", path), ("label", "x")]),
        message(&[("lines", path), ("synthetic", "rows=100")]),
        message(&[("first", "2")]),
        message(&[("lime", path)]),
        files.message(formats.find("line").map(Format::info)),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

/// It says nothing of saved models, and so cannot be named for one.
#[test]
fn a_format_to_learn_from_alone_cannot_be_given_to_a_model() {
    let formats = Formats::standard().with(Lines);
    let error = formats.select_new(&given(&[("lines", "a.txt")])).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no data flag '--lines'; there are --csv, --label, --idx-images, --image-folder, --images, --coco \
         (did you mean '--images'?)"
    );
    let model = losslab_data::images::ImageOptions::default();
    let model = losslab_data::formats::ImageModel { name: "m", options: model, categories: &[] };
    let refused: Result<NewData, DataError> = Lines.load_new(&Given::new(), &ModelInput::Images(model));
    assert_eq!(refused.unwrap_err().to_string(), "lines: a format of data to learn from alone");
}

/// A format with these flags.
struct With(&'static str, &'static [Flag]);

impl Format for With {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: self.0, help: "", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        self.1
    }

    fn load(&self, _: &Given) -> Result<Loaded, DataError> {
        Err(DataError::Flags("nothing to load".into()))
    }
}

#[test]
fn formats_that_contradict_themselves_or_each_other_are_refused_at_the_start() {
    let refusal = |name, flags| {
        let formats = std::panic::catch_unwind(|| Formats::standard().with(With(name, flags)));
        *formats.unwrap_err().downcast::<String>().unwrap()
    };
    let lines = [
        refusal("csv", const { &[Flag::one("mine", "FILE", "")] }),
        refusal("mine", const { &[Flag::one("csv", "FILE", "")] }),
        refusal("mine", const { &[Flag::one("mine", "FILE", ""), Flag::one("csv", "FILE", "")] }),
        refusal("mine", const { &[Flag::one("label", "COLUMN", "")] }),
        refusal("mine", &FLAGS[1..]),
        refusal("mine", FLAGS),
        refusal("mine", &[]),
        refusal("My format", &[]),
        refusal("mine", const { &[Flag::one("--mine", "FILE", "")] }),
        refusal("mine", const { &[Flag::one("mine", "FILE", ""), Flag::many("mine", "FILE", "")] }),
        refusal("mine", const { &[Flag { value_name: None, ..Flag::one("mine", "FILE", "") }] }),
        refusal("mine", const { &[Flag::one("mine", "FILE", "").requires(&["yours"])] }),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}
