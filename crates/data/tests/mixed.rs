//! Tables as people have them: gaps, categories, three classes. The encoding against scikit-learn's.

use losslab_data::{Cells, CsvOptions, Dataset, Encoder, Encoding, Features, Kind, load_csv, load_csv_like};
use losslab_testing::Files;
use std::path::Path;

fn columns(data: &Dataset) -> &[losslab_data::Column] {
    let Features::Columns(columns) = &data.features else { panic!("no table") };
    columns
}

fn mixed() -> (Dataset, Vec<String>) {
    let options = CsvOptions { categorical: vec!["zone".into()], ..CsvOptions::label("kind") };
    load_csv(Path::new("tests/fixtures/data/mixed.csv"), &options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn gaps_categories_quotes_and_classes_are_understood() {
    let (data, notes) = mixed();
    assert_eq!((data.rows(), data.columns()), (120, 5));
    assert_eq!(
        (&data.class_names[..], data.positive),
        (&["eggs", "ham", "spam"].map(String::from)[..], None)
    );
    let kinds: Vec<Kind> = columns(&data).iter().map(|column| column.kind()).collect();
    let (number, category) = (Kind::Number, Kind::Category);
    assert_eq!(kinds, [number, category, category, number, category]);
    let missing: Vec<usize> = columns(&data).iter().map(|column| column.missing()).collect();
    insta::assert_snapshot!(format!("{missing:?}\n{}", notes.join("\n")));
}

/// Expected values from scikit-learn, see `fixtures/data/make_mixed.py`.
#[test]
fn the_encoding_agrees_with_scikit_learn() {
    let (data, _) = mixed();
    let encoder = Encoder::fit(&data, &(0..80).collect::<Vec<u32>>());
    let Encoding::OneHot { levels, missing } = &encoder.columns[1].encoding else { panic!() };
    assert_eq!(
        (&levels[..], *missing),
        (&["Lima, Peru", "Rome", "the \"Hague\""].map(String::from)[..], true)
    );
    assert_eq!(encoder.width(), 1 + 4 + 3 + 1 + 2);

    let expected = std::fs::read_to_string("tests/fixtures/data/mixed_encoded.csv").unwrap();
    let matrix = encoder.transform(&data);
    let mut inputs = vec![f32::NAN; encoder.width()];
    for (row, line) in expected.lines().enumerate() {
        matrix.gather(&[row as u32], &mut inputs);
        let theirs: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(theirs.len(), inputs.len());
        for (&ours, theirs) in inputs.iter().zip(theirs) {
            let close = (f64::from(ours) - theirs).abs() <= 1e-7 * theirs.abs().max(1e-3);
            assert!(close, "row {row}: {ours} instead of {theirs}");
        }
    }
    assert_eq!(expected.lines().count(), 120);

    // "Bonn" twice, and two gaps in a column that had none: zeros, and counted.
    let later: Vec<u32> = (80..120).collect();
    let unseen: Vec<usize> =
        encoder.columns.iter().zip(columns(&data)).map(|(e, column)| e.unseen(column, &later)).collect();
    assert_eq!(unseen, [0, 2, 0, 0, 2]);
}

#[test]
fn the_encoding_does_not_see_the_other_rows() {
    let files = Files::new();
    let options = CsvOptions::label("label");
    let load = |text: &str| load_csv(&files.write("d.csv", text), &options).unwrap().0;
    let train = "x,c,label\n1,a,0\n3,b,1\n,a,0\n";
    let (plain, other) = (load(&format!("{train}5,b,1\n")), load(&format!("{train}-1e9,z,1\n")));
    assert_eq!(Encoder::fit(&plain, &[0, 1, 2]), Encoder::fit(&other, &[0, 1, 2]));
    assert_ne!(Encoder::fit(&plain, &[0, 1, 2, 3]), Encoder::fit(&other, &[0, 1, 2, 3]));
}

#[test]
fn columns_are_dropped_or_taken_as_categories_on_request() {
    let files = Files::new();
    let path = files.write("d.csv", "id,zip,mix,label\n17,1,7,0\n18,1.0,x,1\n19,2,,1\n");
    let options = CsvOptions {
        drop: vec!["id".into()],
        categorical: vec!["zip".into(), "mix".into()],
        ..CsvOptions::label("label")
    };
    let (data, _) = load_csv(&path, &options).unwrap();
    assert_eq!(data.feature_names(), ["zip", "mix"]);
    let category = |codes: &[Option<u32>], levels: &[&str]| Cells::Categories {
        codes: codes.to_vec(),
        levels: levels.iter().map(|level| level.to_string()).collect(),
    };
    // 1 and 1.0 are one level: a tool that writes whole numbers with gaps writes them so.
    assert_eq!(columns(&data)[0].cells, category(&[Some(0), Some(0), Some(1)], &["1", "2"]));
    assert_eq!(columns(&data)[1].cells, category(&[Some(0), Some(1), None], &["7", "x"]));
}

#[test]
fn a_hundred_levels_are_accepted_and_one_more_is_not() {
    let files = Files::new();
    let table = |levels: usize| {
        (0..levels).fold("c,label\n".to_string(), |text, i| format!("{text}c{i},{}\n", i % 2))
    };
    let options = CsvOptions::label("label");
    assert!(load_csv(&files.write("d.csv", table(100)), &options).is_ok());
    assert!(load_csv(&files.write("d.csv", table(101)), &options).is_err());
}

#[test]
fn one_class_against_the_rest() {
    let files = Files::new();
    let options = CsvOptions { positive: Some("b".into()), ..CsvOptions::label("label") };
    let (data, notes) = load_csv(&files.write("d.csv", "x,label\n1,a\n2,b\n3,c\n"), &options).unwrap();
    assert_eq!(
        (&data.labels[..], &data.class_names[..]),
        (&[0, 1, 0][..], &["not b", "b"].map(String::from)[..])
    );
    assert_eq!(notes, ["column \"label\": \"b\" against the rest, the 2 other labels"]);
    let (test, _) = load_csv_like(&files.write("t.csv", "x,label\n1,c\n2,b\n"), &data, &options).unwrap();
    assert_eq!(test.labels, [0, 1]);
    let error = load_csv_like(&files.write("t.csv", "x,label\n1,d\n2,b\n"), &data, &options);
    let expected = "t.csv, line 2, column \"label\": found \"d\", expected one of the training labels \"a\", \"b\", \"c\"";
    assert_eq!(files.message(error), expected);
}

#[test]
fn a_test_set_takes_over_what_columns_are() {
    let files = Files::new();
    let options = CsvOptions::label("label");
    let (train, _) = load_csv(&files.write("d.csv", "x,c,label\n1,a,u\n2,b,v\n3,a,w\n"), &options).unwrap();
    // Categories that are numbers here, unseen levels and gaps are all fine in a test set.
    let test = files.write("t.csv", "c,x,label\n7,,w\n,4,v\nb,5,u\n");
    let (test, _) = load_csv_like(&test, &train, &options).unwrap();
    assert_eq!(test.labels, [2, 1, 0]);
    let encoder = Encoder::fit(&train, &[0, 1, 2]);
    let mut inputs = [f32::NAN; 9];
    encoder.transform(&test).gather(&[0, 1, 2], &mut inputs);
    assert_eq!([&inputs[1..3], &inputs[4..6], &inputs[7..9]].concat(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(inputs[0], 0.0, "the training part's median is its mean");
    let error = load_csv_like(&files.write("t.csv", "x,c,label\none,a,u\n"), &train, &options);
    assert_eq!(files.message(error), "t.csv, line 2, column \"x\": found \"one\", expected a number");
}

#[test]
fn a_group_column_is_no_feature_and_shared_groups_are_told() {
    let files = Files::new();
    let options = CsvOptions { group: Some("who".into()), ..CsvOptions::label("label") };
    let (data, _) =
        load_csv(&files.write("d.csv", "who,x,label\n7,1,a\nbo,2,b\n7.0,3,a\n"), &options).unwrap();
    assert_eq!(data.feature_names(), ["x"]);
    let groups = data.groups.clone().unwrap();
    assert_eq!((&groups.codes[..], &groups.names[..]), (&[0, 1, 0][..], &["7", "bo"].map(String::from)[..]));
    let test = files.write("t.csv", "x,who,label\n1,bo,a\n2,al,b\n");
    let (_, notes) = load_csv_like(&test, &data, &options).unwrap();
    let notes: Vec<String> = notes.iter().map(|note| files.without_folder(note)).collect();
    assert_eq!(notes, ["t.csv: 1 of 2 groups are in \"d\", too: their rows flatter the model"]);
    // A test set without the column is fine: nothing can be said of it.
    let (_, notes) = load_csv_like(&files.write("t.csv", "x,label\n1,a\n2,b\n"), &data, &options).unwrap();
    assert_eq!(notes, Vec::<String>::new());
    for text in ["who,x,label\n?,1,a\nbo,2,b\n", "x,label\n1,a\n2,b\n"] {
        let message = files.message(load_csv(&files.write("d.csv", text), &options));
        assert!(
            message.contains("expected a group (") || message.contains("no column \"who\" (--group)"),
            "{message}"
        );
    }
}
