//! Checks of the data: each finds what was planted, and nothing in tables that are clean.

use losslab_base::rng::Rng;
use losslab_data::checks::{Checks, NamedFile, Predicted, RowParts, Severity, TrainingRows, Warning};
use losslab_data::images::{Image, ImageParts, SceneSpec};
use losslab_data::{
    Cells, Column, CsvOptions, Dataset, Features, Groups, Matrix, Prepared, Source, load_csv, load_csv_like,
};
use losslab_testing::Files;
use std::fmt::Write as _;
use std::sync::Arc;

const ROWS: usize = 400;
const POSITIVES: usize = 40;

/// 400 rows of two numbers that say a little of the class; the first 40 rows are positive.
fn clean() -> Dataset {
    let mut rng = Rng::seed(5);
    let mut noise = |shift: f64| -> Vec<f64> {
        (0..ROWS).map(|row| rng.normal() + if row < POSITIVES { shift } else { 0.0 }).collect()
    };
    let columns = vec![Column::numbers("a", noise(1.0)), Column::numbers("b", noise(0.5))];
    Dataset {
        name: "planted".into(),
        features: Features::Columns(columns),
        labels: (0..ROWS).map(|row| u32::from(row < POSITIVES)).collect(),
        class_names: vec!["no".into(), "yes".into()],
        positive: Some(1),
        label_values: vec![("no".into(), 0), ("yes".into(), 1)],
        groups: None,
    }
}

/// The clean rows and one column more.
fn with(name: &str, cells: Cells) -> Dataset {
    let mut data = clean();
    let Features::Columns(columns) = &mut data.features else { panic!("a table") };
    columns.push(Column { name: name.into(), cells });
    data
}

fn numbers(value: impl FnMut(usize) -> f64) -> Cells {
    Cells::Numbers { values: (0..ROWS).map(value).collect(), missing: Vec::new() }
}

fn categories(level: impl Fn(usize) -> Option<u32>, levels: &[&str]) -> Cells {
    let levels = levels.iter().map(|level| level.to_string()).collect();
    Cells::Categories { codes: (0..ROWS).map(level).collect(), levels }
}

fn is_positive(row: usize) -> bool {
    row < POSITIVES
}

/// What is found with three splits, but that there are few positives.
fn found(source: impl Into<Source>) -> Vec<Warning> {
    let source = source.into();
    let parts: Vec<Prepared> = (0..3).map(|seed| source.prepare(seed as usize, seed).unwrap()).collect();
    let mut all = Checks::standard().rows(&RowParts::new(&source, &parts));
    all.retain(|warning| warning.kind != "few-positives");
    all
}

fn kinds(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(|warning| &*warning.kind).collect()
}

#[track_caller]
fn only(source: impl Into<Source>, kind: &str, severity: Severity) -> String {
    let found = found(source);
    assert_eq!(kinds(&found), [kind], "{found:?}");
    assert_eq!(found[0].severity, severity);
    found[0].text.clone()
}

#[test]
fn a_clean_table_has_no_warning() {
    assert_eq!(found(clean()), []);
}

#[test]
fn leaking_columns_of_every_form_are_found() {
    let mut rng = Rng::seed(6);
    let days = |row: usize| if is_positive(row) { row as f64 + 1.5 } else { -1.0 };
    let cells = [
        // In either direction.
        numbers(|row| rng.normal() + if is_positive(row) { 12.0 } else { 0.0 }),
        numbers(|row| rng.normal() - if is_positive(row) { 12.0 } else { 0.0 }),
        // A marker instead of a gap, and a code in the middle of others, which no order tells.
        numbers(days),
        numbers(|row| if is_positive(row) { 2.0 } else { [1.0, 3.0][row % 2] }),
        categories(|row| Some(if is_positive(row) { 0 } else { 1 + row as u32 % 2 }), &["won", "new", "old"]),
    ];
    for cells in cells {
        let text = only(with("outcome", cells), "leaking-column", Severity::Severe);
        assert!(text.starts_with("column \"outcome\" alone ranks the rows of class \"yes\""), "{text}");
    }
}

#[test]
fn a_column_filled_for_one_class_alone_is_found() {
    let filled_for = |positives: bool| {
        let missing = (0..ROWS).filter(|&row| is_positive(row) != positives).map(|row| row as u32).collect();
        let mut rng = Rng::seed(7);
        Cells::Numbers { values: (0..ROWS).map(|_| rng.normal()).collect(), missing }
    };
    let text = |row: usize| is_positive(row).then_some(row as u32 % 2);
    for cells in [filled_for(true), filled_for(false), categories(text, &["x", "y"])] {
        let found = only(with("closed_on", cells), "leaking-gaps", Severity::Severe);
        assert!(found.contains("column \"closed_on\""), "{found}");
    }
}

/// Of more than two classes each is looked at against the rest.
#[test]
fn one_of_three_classes_that_leaks_is_found() {
    let mut data = with("stamp", categories(|row| Some(u32::from(row % 10 == 9)), &["no", "yes"]));
    data.labels = (0..ROWS).map(|row| if row % 10 == 9 { 2 } else { row as u32 % 2 }).collect();
    data.class_names = ["a", "b", "c"].map(String::from).to_vec();
    data.label_values = Vec::new();
    data.positive = None;
    let text = only(data, "leaking-column", Severity::Severe);
    assert!(text.contains("class \"c\""), "{text}");
}

/// A number whose classes lie four standard deviations apart (an area of .998), a category that is right in
/// 29 of 30 rows, and gaps that are mostly of one class: strong, and as honest columns are.
#[test]
fn strong_columns_are_no_leaks() {
    let mut rng = Rng::seed(8);
    let strong = numbers(|row| rng.normal() + if is_positive(row) { 4.0 } else { 0.0 });
    let often = |row: usize| Some(u32::from(is_positive(row) != row.is_multiple_of(30)));
    let missing =
        (0..ROWS as u32).filter(|row| is_positive(*row as usize) != row.is_multiple_of(20)).collect();
    let gaps = Cells::Numbers { values: (0..ROWS).map(|row| (row as f64).sin()).collect(), missing };
    for cells in [strong, categories(often, &["low", "high"]), gaps] {
        assert_eq!(found(with("strong", cells)), []);
    }
}

/// With 9 positives a column may well rank all of them right by chance.
#[test]
fn few_rows_of_a_class_prove_nothing() {
    let mut data = with("outcome", numbers(|row| 0.5 + row as f64));
    data.labels = (0..ROWS).map(|row| u32::from(row < 9)).collect();
    assert_eq!(found(data), []);
}

/// The clean table with copies of rows from `first` on behind it.
fn copied(first: usize, count: usize) -> Dataset {
    let mut data = clean();
    let rows: Vec<usize> = (0..ROWS).chain(first..first + count).collect();
    data.labels = rows.iter().map(|&row| data.labels[row]).collect();
    let Features::Columns(columns) = &mut data.features else { panic!("a table") };
    for column in columns {
        let Cells::Numbers { values, .. } = &mut column.cells else { panic!("numbers") };
        *values = rows.iter().map(|&row| values[row]).collect();
    }
    data
}

#[test]
fn positives_duplicated_before_the_split_are_found() {
    let found = found(copied(0, POSITIVES));
    assert_eq!(kinds(&found), ["positives-in-two-parts", "rows-in-two-parts"]);
    assert!(found[0].text.contains(" of 16 rows of class \"yes\" of the test part"), "{found:?}");
    assert!(found[1].text.starts_with("400 of 440 rows are distinct: "), "{found:?}");
}

#[test]
fn copies_of_other_rows_are_a_note() {
    let text = only(copied(POSITIVES, 60), "rows-in-two-parts", Severity::Note);
    assert!(text.starts_with("400 of 460 rows are distinct: "), "{text}");
}

/// Rows of one value of a coarse column and of both labels are different things that look alike.
#[test]
fn rows_that_coarse_columns_cannot_tell_apart_are_no_copied_positives() {
    let mut data = clean();
    let cells = categories(|row| Some(row as u32 % 3), &["x", "y", "z"]);
    data.features = Features::Columns(vec![Column { name: "c".into(), cells }]);
    assert_eq!(kinds(&found(data)), ["rows-in-two-parts"]);
}

/// With a test set of its own 7 of whose rows are training rows: the counts are known.
#[test]
fn copies_in_a_test_file_are_counted() {
    let (files, mut train, mut test) = (Files::new(), String::from("x,y\n"), String::from("x,y\n"));
    for row in 0..200 {
        writeln!(train, "{}.5,{}", row * row, u32::from(row < 60)).unwrap();
    }
    // 7 of the 30 positives, whose rows the training or the validation part has.
    for row in 0..30 {
        writeln!(test, "{}.5,1", if row < 7 { row * row } else { 100_000 + row }).unwrap();
        writeln!(test, "{}.25,0", row).unwrap();
    }
    let options = CsvOptions::label("y");
    let (dataset, _) = load_csv(&files.write("train.csv", train), &options).unwrap();
    let (test, _) = load_csv_like(&files.write("test.csv", test), &dataset, &options).unwrap();
    let found = found(Source { test: Some(test), ..Source::from(dataset) });
    let text = &found.iter().find(|warning| warning.kind == "positives-in-two-parts").unwrap().text;
    let expected = "7 of 30 rows of class \"1\" of the test part stand in the training or validation part, \
                    too, in the worst of 3 splits, with the same value in every column";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn constant_and_id_columns_are_notes() {
    let text = only(with("c", numbers(|_| 7.0)), "constant-columns", Severity::Note);
    assert_eq!(text, "1 column with one value in all training rows: \"c\"");
    // Another value in a single row, which is a test row of the first split.
    let tested = Source::from(clean()).prepare(0, 0).unwrap().test.rows[79] as usize;
    let text = only(with("c", numbers(|row| f64::from(row == tested))), "constant-columns", Severity::Note);
    assert_eq!(text, "1 column with one value in all training rows of some splits: \"c\"");
    let text = only(with("id", numbers(|row| (row * 7919 % 401) as f64)), "id-columns", Severity::Note);
    assert!(text.contains("\"id\""), "{text}");
    // Halves are measured, and a number that is there twice is no name.
    assert_eq!(found(with("x", numbers(|row| (row * 7919 % 401) as f64 / 2.0))), []);
    assert_eq!(found(with("x", numbers(|row| (row * 7919 % 399) as f64))), []);
}

#[test]
fn groups_that_a_test_set_shares_are_a_note() {
    let grouped = |names: std::ops::Range<usize>, data: Dataset| Dataset {
        groups: Some(Groups {
            column: "patient".into(),
            codes: (0..ROWS as u32).map(|row| row % 100).collect(),
            names: names.map(|name| name.to_string()).collect(),
        }),
        ..data
    };
    let mut other = clean();
    let Features::Columns(columns) = &mut other.features else { panic!("a table") };
    columns[0] = Column::numbers("a", (0..ROWS).map(|row| (row as f64).cos()).collect());
    let tested = |test: Dataset| Source { test: Some(test), ..Source::from(grouped(0..100, clean())) };
    let text = only(tested(grouped(70..170, other.clone())), "groups-in-two-parts", Severity::Note);
    assert!(text.starts_with("30 of 100 groups of column \"patient\""), "{text}");
    assert_eq!(found(tested(grouped(100..200, other))), []);
    // A split that is drawn keeps groups whole.
    assert_eq!(found(grouped(0..100, clean())), []);
}

#[test]
fn few_positives_are_a_note() {
    let source = Source::from(clean());
    let parts = [source.prepare(0, 0).unwrap()];
    let found = Checks::standard().rows(&RowParts::new(&source, &parts));
    assert_eq!(kinds(&found), ["few-positives"]);
    assert!(found[0].text.starts_with("the test part has only 8 rows of class \"yes\", fewer than 20"));
}

#[test]
fn a_file_given_twice_is_found_by_name_and_by_content() {
    let files = Files::new();
    let (a, copy) = (files.write("a.csv", "x,y\n1,2\n"), files.write("copy.csv", "x,y\n1,2\n"));
    let other = files.write("other.csv", "x,y\n1,3\n");
    let detour = a.parent().unwrap().join(".").join("a.csv");
    let check = |second| {
        let named = [("csv", &a), ("test-csv", second)];
        let named = named.map(|(flag, path)| NamedFile { flag: flag.into(), path: path.clone() });
        Checks::standard().files(&named)
    };
    for second in [&a, &detour, &copy] {
        let found = check(second);
        assert_eq!(kinds(&found), ["same-file"]);
        assert!(found[0].text.starts_with("--csv and --test-csv name the same data"), "{found:?}");
    }
    assert_eq!(check(&other), []);
    assert_eq!(check(&files.path("absent.csv")), []);
}

#[test]
fn rows_that_a_model_was_trained_on_are_found() {
    let hash = |row: u64| TrainingRows::hash(row, (row % 2) as u32);
    let check = |trained_on: &TrainingRows, rows: std::ops::Range<u64>| {
        let hashes: Vec<u64> = rows.map(hash).collect();
        Checks::standard().predicted(&Predicted { what: "row", hashes: &hashes, trained_on })
    };
    let distinct = TrainingRows::of((0..1000).map(hash), (1000..1500).map(hash));
    let found = check(&distinct, 999..1200);
    assert_eq!(kinds(&found), ["scored-on-training-rows"]);
    assert!(found[0].text.starts_with("1 of 201 rows are among those"), "{found:?}");
    assert_eq!(check(&distinct, 1000..1200), []);
    // Of the test part every other row was the same as a training row: so may be new rows. Of 200 rows 100
    // are expected, with a standard deviation of 7.1.
    let coarse = TrainingRows::of((0..1000).map(hash), (750..1250).map(hash));
    assert_eq!(coarse.test_share(), 0.5);
    assert_eq!(check(&coarse, 880..1080), []);
    assert_eq!(kinds(&check(&coarse, 870..1070)), ["scored-on-training-rows"]);
    // As a file holds them.
    let text = serde_json::to_string(&coarse).unwrap();
    assert_eq!(serde_json::from_str::<TrainingRows>(&text).unwrap(), coarse);
    assert!(text.len() < 1000 * 11 + 60, "{}", text.len());
}

/// Scenes in three parts; the test images from here on are replaced by training images, changed.
fn scenes(change: impl Fn(&Image) -> Image) -> Vec<Warning> {
    let spec: SceneSpec = "images=60,size=64".parse().unwrap();
    let mut parts = ImageParts::draw(&spec);
    let from = parts.test.images.len() - 2;
    for (test, train) in parts.test.images[from..].iter_mut().zip(&parts.train.images) {
        test.image = change(&train.image);
    }
    Checks::standard().boxes(&parts)
}

#[test]
fn images_in_two_parts_are_found_exactly_and_nearly() {
    let noisy = |image: &Image| {
        let mut rng = Rng::seed(9);
        let pixels = image.pixels.iter().map(|&p| p.saturating_add((rng.uniform() * 9.0) as u8)).collect();
        Image { pixels, ..image.clone() }
    };
    let lighter = |image: &Image| {
        let pixels = image.pixels.iter().map(|&p| p / 2 + p / 4 + 60).collect();
        Image { pixels, ..image.clone() }
    };
    for (what, exact, found) in
        [("the same", 2, scenes(Image::clone)), ("noise", 0, scenes(noisy)), ("lighter", 0, scenes(lighter))]
    {
        assert_eq!(kinds(&found), ["images-in-two-parts"], "{what}");
        let expected = format!("exactly or nearly ({exact} with the same pixels)");
        assert!(
            found[0].text.starts_with("2 of ") && found[0].text.ends_with(&expected),
            "{what}: {found:?}"
        );
    }
    let mut parts = ImageParts::draw(&"images=60,size=64".parse().unwrap());
    parts.validation.images[0].image = parts.train.images[0].image.clone();
    let found = Checks::standard().boxes(&parts);
    assert!(found[0].text.contains(" of the validation part stand in the training part, too"), "{found:?}");
    let untouched = ImageParts::draw(&"images=60,size=64".parse().unwrap());
    assert_eq!(Checks::standard().boxes(&untouched), []);
}

/// Images that are rows, too small to be alike: the same pixels alone count, and columns are not looked at.
#[test]
fn images_that_are_rows_are_compared_by_their_pixels() {
    let images = |twice: usize| {
        let mut rng = Rng::seed(10);
        let mut bytes: Vec<u8> = (0..ROWS * 16).map(|_| (rng.uniform() * 255.0) as u8).collect();
        let (first, rest) = bytes.split_at_mut((ROWS - twice) * 16);
        rest.copy_from_slice(&first[..twice * 16]);
        let pixels = Matrix::bytes(16, bytes).of_images([4, 4, 1]);
        Dataset { features: Features::Images(Arc::new(pixels)), ..clean() }
    };
    assert_eq!(found(images(0)), []);
    let text = only(images(60), "images-in-two-parts", Severity::Severe);
    assert!(text.ends_with("with the same pixels)"), "{text}");
}
