//! Data sets as users bring them: every way a file may be written, and every message it can earn.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use losslab_data::{
    CsvOptions, Dataset, Encoder, Encoding, GivenSplits, Split, SyntheticSpec, load_csv, load_csv_like,
};
use losslab_testing::Files;
use proptest::prelude::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("packing in memory");
    encoder.finish().expect("packing in memory")
}

fn by_label() -> CsvOptions {
    CsvOptions::label("label")
}

/// The numbers of a table without gaps and categories.
fn numbers(data: &Dataset) -> Vec<f32> {
    data.numbers().expect("numbers only")
}

fn load(text: impl AsRef<[u8]>) -> (Dataset, Vec<String>) {
    let files = Files::new();
    load_csv(&files.write("d.csv", text), &by_label()).unwrap_or_else(|error| panic!("{error}"))
}

const PLAIN: &str = "a,b,label\n1,2.5,0\n-3e2,.5,1\n0,0,0\n";

#[test]
fn one_table_in_many_spellings_is_one_data_set() {
    let (plain, notes) = load(PLAIN);
    assert_eq!(plain.name, "d");
    assert_eq!(plain.feature_names(), ["a", "b"]);
    assert_eq!(numbers(&plain), [1.0, 2.5, -300.0, 0.5, 0.0, 0.0]);
    assert_eq!(plain.labels, [0, 1, 0]);
    assert_eq!((&plain.class_names[..], plain.positive), (&["0".to_string(), "1".to_string()][..], Some(1)));
    assert_eq!(notes.len(), 1);

    let packed = gzip(PLAIN.as_bytes());
    let spellings: [(&str, Vec<u8>); 12] = [
        ("CRLF", PLAIN.replace('\n', "\r\n").into()),
        ("CR", PLAIN.replace('\n', "\r").into()),
        ("byte order mark", format!("\u{feff}{PLAIN}").into()),
        ("no last line end", PLAIN.trim_end().into()),
        ("empty lines", PLAIN.replace('\n', "\n\n").into()),
        ("semicolons", PLAIN.replace(',', ";").into()),
        ("tabs", PLAIN.replace(',', "\t").into()),
        ("bars", PLAIN.replace(',', "|").into()),
        ("blanks", PLAIN.replace(',', " , ").into()),
        (
            "quotes",
            PLAIN
                .replace(',', "\",\"")
                .replace('\n', "\"\n\"")
                .trim_end_matches('"')
                .replacen('a', "\"a", 1)
                .into(),
        ),
        ("gzip", packed.clone()),
        ("gzip in two members", [gzip(&PLAIN.as_bytes()[..12]), gzip(&PLAIN.as_bytes()[12..])].concat()),
    ];
    for (name, bytes) in spellings {
        assert_eq!(load(bytes).0, plain, "{name}");
    }
    assert_eq!(load(gzip(format!("\u{feff}{}", PLAIN.replace('\n', "\r\n")).as_bytes())).0, plain);
}

#[test]
fn quoted_cells_may_hold_separators_line_ends_and_quotes() {
    let (data, _) = load("\"a,b\";\"c\"\"d\ne\";label\r\n1;\"2\";\"x;y\"\r\n3;4;z\r\n5;6;z\r\n");
    assert_eq!(data.feature_names(), ["a,b", "c\"d\ne"]);
    assert_eq!(numbers(&data), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(data.class_names, ["z", "x;y"]);
}

#[test]
fn the_label_column_may_stand_anywhere() {
    let (data, _) = load("label,a,b\n1,2,3\n0,4,5\n");
    assert_eq!(data.feature_names(), ["a", "b"]);
    assert_eq!(numbers(&data), [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(data.labels, [1, 0]);
}

#[test]
fn notes_on_the_positive_class() {
    let notes: Vec<String> =
        ["a,label\n1,0\n2,1.0\n3,1.0\n", "a,label\n1,ham\n2,spam\n3,ham\n", "a,label\n1,p\n2,q\n"]
            .into_iter()
            .flat_map(|text| load(text).1)
            .collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn the_positive_class_may_be_asked_for() {
    let files = Files::new();
    let options = CsvOptions { positive: Some("ham".into()), ..by_label() };
    let path = files.write("d.csv", "a,label\n1,ham\n2,spam\n3,ham\n");
    let (data, notes) = load_csv(&path, &options).unwrap();
    assert_eq!((data.labels, data.class_names), (vec![1, 0, 1], vec!["spam".to_string(), "ham".to_string()]));
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn messages_about_csv_files() {
    let wide = format!("{},label\n", (0..60).map(|i| format!("f{i}")).collect::<Vec<_>>().join(","));
    let many = (0..101).fold("a,label\n".to_string(), |text, i| format!("{text}1,{i}\n"));
    let names = (0..120).fold("a,label\n".to_string(), |text, i| format!("{text}person {i},{}\n", i % 2));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty file", "".into()),
        ("byte order mark only", "\u{feff}\n \n".into()),
        ("header only", "a,label\n".into()),
        ("no label column", "a,b,target\n1,2,0\n".into()),
        ("no label column among many", wide.replace("label", "target").into()),
        ("no header", "1.5,2,0\n3,4,1\n".into()),
        ("no feature column", "label\n0\n1\n".into()),
        ("column name twice", "a,b, a ,label\n1,2,3,0\n".into()),
        ("column without a name", ",a,label\n0,1,0\n".into()),
        ("row too short", "a,b,label\n1,2,0\n3,1\n".into()),
        ("row too long, CRLF and empty lines", "a,b,label\r\n1,2,0\r\n\r\n\r\n3,4,5,1\r\n".into()),
        ("text in a cell", "a,b,label\n1,2,0\n1,abc,1\n".into()),
        ("text in the line after a cell of two lines", "a,b,label\n1,\"2\n\",0\n1,abc,1\n".into()),
        ("long text in a cell", format!("a,label\n1,0\n{},1\n", "é".repeat(100)).into()),
        ("decimal comma", "a;label\n1,5;0\n".into()),
        ("a number among texts", "a,b,label\n1,red,0\n1,7,1\n2,blue,1\n".into()),
        ("decimal commas in every cell but a missing one", "a;label\n1,5;0\n;1\n2,5;1\n".into()),
        ("nan with a sign", "a,label\n1,0\n-NaN,0\n".into()),
        ("names as categories", names.into()),
        ("no column with a value", "a,b,label\n,NA,0\n?,,1\n".into()),
        ("infinity", "a,label\n1,0\n-inf,0\n".into()),
        ("too large for f32", "a,label\n1,0\n-4e38,0\n".into()),
        ("too large for f64", "a,label\n1,0\n1e999,0\n".into()),
        ("quote left open", "a,b,label\n1,\"2,0\n3,4,1\n".into()),
        ("quote left open in the last column but one", "a,label\n\"1,0\n3,1\n2\",0\n".into()),
        ("label missing", "a,label\n1,0\n2,\n".into()),
        ("label nan", "a,label\n1,0\n2,nan\n".into()),
        ("one class", "a,label\n1,0\n2,0\n".into()),
        ("a number as the label", many.into()),
        ("NUL byte", b"a,label\n1,0\n2,\x00\n".to_vec()),
        ("not UTF-8", b"a,label\n1,caf\xe9\n".to_vec()),
        ("UTF-16", b"\xff\xfea\x00,\x00".to_vec()),
        ("workbook", b"PK\x03\x04\x14\x00".to_vec()),
        ("gzip cut off", {
            let packed = gzip(&PLAIN.repeat(50).into_bytes());
            packed[..packed.len() - 5].to_vec()
        }),
        ("gzip damaged", {
            let mut packed = gzip(PLAIN.as_bytes());
            let n = packed.len();
            packed[n - 6] ^= 1;
            packed
        }),
        ("gzip of nothing", gzip(b"")),
    ];
    let files = Files::new();
    let mut messages = String::new();
    for (name, bytes) in cases {
        let message = files.message(load_csv(&files.write("data.csv", bytes), &by_label()));
        assert!(!message.contains('\n'), "{name}: {message:?} is more than one line");
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    let other = |options: CsvOptions| files.message(load_csv(&files.write("data.csv", PLAIN), &options));
    let name = || Some("x".to_string());
    for (case, options) in [
        ("positive label not present", CsvOptions { positive: name(), ..by_label() }),
        ("column to drop not present", CsvOptions { drop: vec!["x".into()], ..by_label() }),
        ("label dropped", CsvOptions { drop: vec!["label".into()], ..by_label() }),
        ("category column not present", CsvOptions { categorical: vec!["x".into()], ..by_label() }),
        ("everything dropped", CsvOptions { drop: vec!["a".into(), "b".into()], ..by_label() }),
    ] {
        writeln!(messages, "[{case}]\n{}", other(options)).unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn a_gzip_file_is_refused_wherever_it_is_cut() {
    let files = Files::new();
    let packed = gzip(PLAIN.as_bytes());
    for length in 2..packed.len() {
        let message = files.message(load_csv(&files.write("d.csv.gz", &packed[..length]), &by_label()));
        assert!(message.starts_with("d.csv.gz: found gzip data that is cut off"), "{length}: {message}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_systems_reason() {
    let files = Files::new();
    let message = files.message(load_csv(&files.0.path().join("none.csv"), &by_label()));
    assert!(message.starts_with("none.csv: cannot be read: "), "{message}");
    let message = files.message(load_csv(files.0.path(), &by_label()));
    assert!(message.contains(": cannot be read: "), "{message}");
}

#[test]
fn a_test_set_follows_the_training_set() {
    let files = Files::new();
    let train = files.write("train.csv", "a,b,label\n1,2,spam\n3,4,ham\n5,6,ham\n");
    let (train, _) = load_csv(&train, &by_label()).unwrap();
    let test = files.write("test.csv", "id;label;b;a\nx1;ham;20;10\nx2;spam;40;30\nx3;spam;60;50\n");
    let (test, notes) = load_csv_like(&test, &train, &by_label()).unwrap();
    assert_eq!(test.feature_names(), train.feature_names());
    assert_eq!(numbers(&test), [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
    assert_eq!((test.labels, test.class_names, test.positive), (vec![0, 1, 1], train.class_names, Some(1)));
    let notes: Vec<String> = notes.iter().map(|note| files.message::<()>(Err(note))).collect();
    insta::assert_snapshot!(notes.join("\n"), @r#"test.csv: 1 column ignored, unknown in "train": "id""#);
}

#[test]
fn a_test_set_may_write_its_labels_as_other_numbers() {
    let files = Files::new();
    let (train, _) = load(PLAIN);
    let test = files.write("test.csv", "a,b,label\n1,2,1.0\n1,2,0.0\n");
    assert_eq!(load_csv_like(&test, &train, &by_label()).unwrap().0.labels, [1, 0]);
}

#[test]
fn messages_about_test_sets() {
    let files = Files::new();
    let (train, _) = load(PLAIN);
    let mut messages = String::new();
    for (name, text) in [
        ("column missing", "a,label\n1,0\n"),
        ("columns missing", "x,label\n1,0\n"),
        ("label column missing", "a,b\n1,0\n"),
        ("unknown label", "a,b,label\n1,2,0\n1,2,2\n"),
        ("label missing", "a,b,label\n1,2,\n"),
        ("class absent", "a,b,label\n1,2,0\n"),
        ("text in a cell", "a,b,label\n1,x,0\n"),
    ] {
        let message = files.message(load_csv_like(&files.write("test.csv", text), &train, &by_label()));
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

/// Six rows, so that every part of a split can hold both classes.
fn six_rows() -> Dataset {
    load("a,label\n1,0\n2,1\n3,0\n4,1\n5,0\n6,1\n").0
}

const SPLITS: &str = "split1,split0\n0,2\n0,2\n1,1\n1,1\n2,0\n2,0\n";

#[test]
fn given_splits_are_read_by_name_and_come_round_again() {
    let files = Files::new();
    let data = six_rows();
    for (name, bytes) in [("s.csv", SPLITS.as_bytes().to_vec()), ("s.csv.gz", gzip(SPLITS.as_bytes()))] {
        let given = GivenSplits::load(&files.write(name, bytes), &data).unwrap();
        let first = Split { train: vec![4, 5], validation: vec![2, 3], test: vec![0, 1] };
        let second = Split { train: vec![0, 1], validation: vec![2, 3], test: vec![4, 5] };
        assert_eq!(given.splits, [first.clone(), second.clone()]);
        assert_eq!([given.for_run(0), given.for_run(1), given.for_run(2)], [&first, &second, &first]);
    }
}

#[test]
fn messages_about_given_splits() {
    let files = Files::new();
    let data = six_rows();
    let mut messages = String::new();
    for (name, text) in [
        ("other value", SPLITS.replacen("1,1", "1,3", 1)),
        ("empty cell", SPLITS.replacen("1,1", "1,", 1)),
        ("too few rows", SPLITS.replacen("0,2\n", "", 1)),
        ("too many rows", format!("{SPLITS}0,0\n")),
        ("header only", "split0\n".into()),
        ("gap in the numbering", SPLITS.replace("split1", "split2")),
        ("numbering from 1", SPLITS.replace("split0", "split2")),
        ("column that is no split", SPLITS.replace("split1", "id")),
        ("split twice", SPLITS.replace("split1", "split0")),
        ("row too long", SPLITS.replacen("1,1", "1,1,1", 1)),
        ("part without positives", "split0\n0\n0\n1\n2\n2\n2\n".into()),
        ("part without negatives", "split0\n0\n0\n1\n1\n0\n2\n".into()),
        ("part without rows", "split0\n0\n0\n1\n1\n0\n0\n".into()),
    ] {
        let message = files.message(GivenSplits::load(&files.write("splits.csv", text), &data));
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn messages_about_synthetic_data() {
    let mut messages = String::new();
    for text in [
        "ratio",
        "ratio=100,",
        "size=5",
        "rows=abc",
        "rows=-5",
        "rows=5",
        "ratio=0.5",
        "ratio=nan",
        "overlap=1.5",
        "noise=0.5",
        "noise=x",
        "seed=-1",
        "rows=200,ratio=100",
        "rows=200,rows=300",
    ] {
        let message = Files::new().message(text.parse::<SyntheticSpec>());
        writeln!(messages, "[{text}]\n{message}").unwrap();
    }
    insta::assert_snapshot!(messages);
}

/// Expected values from scikit-learn's StandardScaler, see `tests/fixtures/data/make.py`.
#[test]
fn scaling_agrees_with_scikit_learn() {
    let folder = Path::new("tests/fixtures/data");
    let (data, _) = load_csv(&folder.join("small.csv"), &by_label()).unwrap();
    assert_eq!((data.rows(), data.columns(), data.class_counts()), (60, 5, vec![50, 10]));
    let train: Vec<u32> = (0..40).collect();
    let encoder = Encoder::fit(&data, &train);
    assert_eq!(encoder.constant(), ["flat"]);
    let mut last_row = [0.0; 5];
    encoder.transform(&data).gather(&[59], &mut last_row);
    let close = |ours: f64, theirs: f64, relative: f64| (ours - theirs).abs() <= relative * theirs.abs();
    let expected = std::fs::read_to_string(folder.join("small_scaling.csv")).unwrap();
    for (j, line) in expected.lines().skip(1).enumerate() {
        let theirs: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let column = &encoder.columns[j];
        let Encoding::Number { scaling, .. } = &column.encoding else { panic!("{column:?}") };
        assert!(close(scaling.mean, theirs[0], 1e-15), "mean of {column:?}");
        assert!(close(scaling.scale, theirs[1], 1e-12), "scale of {column:?}");
        assert!(close(f64::from(last_row[j]), theirs[2], 1e-6), "{column:?}: {}", last_row[j]);
    }
    assert_eq!(expected.lines().count(), 6);
}

#[test]
fn an_encoding_survives_json() {
    for seed in 0..50 {
        let data = SyntheticSpec { rows: 300, seed, ..SyntheticSpec::default() }.generate();
        let encoder = Encoder::fit(&data, &(0..300).collect::<Vec<u32>>());
        let text = serde_json::to_string(&encoder).unwrap();
        assert_eq!(serde_json::from_str::<Encoder>(&text).unwrap(), encoder, "{text}");
    }
}

proptest! {
    /// Whatever stands in a file, the answer is a data set of finite numbers or a message on one line.
    #[test]
    fn no_text_makes_the_loaders_panic(body in "[01abn?,;|\"\t\r\n .e-]{0,60}", headed in any::<bool>()) {
        let files = Files::new();
        let text = if headed { format!("a,label\n{body}") } else { body };
        let path = files.write("d.csv", &text);
        match load_csv(&path, &by_label()) {
            Ok((data, _)) => {
                let rows: Vec<u32> = (0..data.rows() as u32).collect();
                let encoder = Encoder::fit(&data, &rows);
                let mut inputs = vec![f32::NAN; data.rows() * encoder.width()];
                encoder.transform(&data).gather(&rows, &mut inputs);
                prop_assert!(inputs.iter().all(|x| x.is_finite()));
                prop_assert!(data.class_counts().iter().all(|&count| count > 0));
            }
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
        let _ = GivenSplits::load(&path, &six_rows());
    }
}
