//! Numbers, labels, groups and categories keep what the file says: nothing is merged because floating point
//! would.

use losslab_data::{Cells, CsvOptions, Dataset, Encoder, Features, Split, load_csv, load_csv_like};
use losslab_testing::Files;
use std::fmt::Write as _;

fn load(text: &str, options: &CsvOptions) -> Result<(Dataset, Vec<String>), String> {
    let files = Files::new();
    load_csv(&files.write("d.csv", text), options).map_err(|error| error.to_string())
}

fn by_y() -> CsvOptions {
    CsvOptions::label("y")
}

/// `x,COLUMN,y` with these cells in turn, so many rows; the label alternates.
fn table(column: &str, cells: &[&str], rows: usize) -> String {
    let mut text = format!("x,{column},y\n");
    for i in 0..rows {
        writeln!(text, "{i},{},{}", cells[i % cells.len()], i / cells.len() % 2).unwrap();
    }
    text
}

fn levels(dataset: &Dataset, column: usize) -> &[String] {
    let Features::Columns(columns) = &dataset.features else { panic!("no columns") };
    let Cells::Categories { levels, .. } = &columns[column].cells else { panic!("numbers") };
    levels
}

fn inputs(dataset: &Dataset) -> Vec<f32> {
    let rows: Vec<u32> = (0..dataset.rows() as u32).collect();
    let encoder = Encoder::fit(dataset, &rows);
    assert!(encoder.constant().is_empty(), "{:?}", encoder.constant());
    let mut inputs = vec![f32::NAN; rows.len() * encoder.width()];
    encoder.transform(dataset).gather(&rows, &mut inputs);
    inputs
}

/// Four times a minute apart are one number of 32 bits, and with their offset taken off the same four inputs.
#[test]
fn seconds_since_1970_are_no_constant() {
    let of = |cells: &[&str]| inputs(&load(&table("t", cells, 16), &by_y()).unwrap().0);
    let seconds = of(&["1700000000", "1700000060", "1700000020", "1700000040"]);
    assert_eq!(seconds, of(&["0", "60", "20", "40"]));
    // Mean 30, deviation sqrt(500).
    assert_eq!(seconds[1], (-30.0 / 500.0_f64.sqrt()) as f32);
}

#[test]
fn groups_of_19_digits_stay_apart() {
    let ids: Vec<String> = (0..12).map(|i| format!("15800000000000000{i:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let options = CsvOptions { group: Some("g".into()), ..by_y() };
    let (data, _) = load(&table("g", &ids, 120), &options).unwrap();
    let groups = data.groups.as_ref().unwrap();
    assert_eq!(groups.names, ids);
    assert!(Split::grouped(&data.labels, &data.class_names, groups, [0.6, 0.2, 0.2], 0).is_ok());
}

#[test]
fn labels_above_2_to_the_53_stay_apart_and_keep_their_order() {
    let mut text = "x,y\n".to_string();
    (0..80).for_each(|i| writeln!(text, "{i},{}", 9_007_199_254_740_993_u64 - i % 2).unwrap());
    let (data, notes) = load(&text, &by_y()).unwrap();
    assert_eq!(data.class_names, ["9007199254740992", "9007199254740993"]);
    assert_eq!(data.class_counts(), [40, 40]);
    assert!(notes[0].contains("it sorts last"), "{notes:?}");
}

#[test]
fn one_and_one_point_zero_are_one_label() {
    let (data, _) = load("x,y\n1,1\n2,1.0\n3,0\n4,-0.0\n5,1e0\n", &by_y()).unwrap();
    assert_eq!((data.class_names, data.labels), (vec!["0".into(), "1".into()], vec![1, 1, 0, 0, 1]));
}

#[test]
fn truths_in_any_case_are_one_label_with_a_note() {
    let text = "x,y\n1,TRUE\n2,False\n3,true\n4,false\n5,TRUE\n";
    let (data, notes) = load(text, &by_y()).unwrap();
    assert_eq!(
        (&data.class_names[..], &data.labels[..]),
        (&["false".into(), "true".into()][..], &[1, 0, 1, 0, 1][..])
    );
    assert_eq!(notes[0], "column \"y\": TRUE, true are one value, true; False, false are one value, false");
    // Another file may spell them in a third way.
    let files = Files::new();
    let other = files.write("t.csv", "x,y\n1,True\n2,FALSE\n");
    assert_eq!(load_csv_like(&other, &data, &by_y()).unwrap().0.labels, [1, 0]);
    // One spelling is left as it is, and needs no note.
    let (data, notes) = load("x,y\n1,True\n2,False\n3,True\n", &by_y()).unwrap();
    assert_eq!((data.class_names, notes.len()), (vec!["False".into(), "True".into()], 1));
}

#[test]
fn a_code_with_a_zero_in_front_is_a_level_of_its_own() {
    let options = CsvOptions { categorical: vec!["zip".into()], ..by_y() };
    let (data, _) =
        load(&table("zip", &["01234", "1234", "012340", "12340", "1234.0"], 20), &options).unwrap();
    assert_eq!(levels(&data, 1), ["01234", "1234", "012340", "12340"]);
    // It keeps its input in another file, whose levels come in another order.
    let encoder = Encoder::fit(&data, &(0..20).collect::<Vec<_>>());
    let Features::Columns(columns) = &data.features else { panic!("no columns") };
    assert_eq!((encoder.width(), encoder.columns[1].unseen(&columns[1], &[0, 1, 2, 3])), (5, 0));
}

/// What a column is does not depend on the order of its rows.
#[test]
fn an_infinity_is_a_text_among_texts_and_a_fault_among_numbers_wherever_it_stands() {
    for cells in [["inf", "abc", "inf", "abc"], ["abc", "inf", "abc", "inf"], ["", "inf", "abc", "1e999"]] {
        let (data, _) = load(&table("c", &cells, 20), &by_y()).unwrap();
        let mut found = levels(&data, 1).to_vec();
        found.sort();
        let mut expected: Vec<&str> = cells.iter().copied().filter(|cell| !cell.is_empty()).collect();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(found, expected);
    }
    for cells in
        [["inf", "1", "2", "3"], ["1", "2", "inf", "3"], ["inf", "inf", "inf", "inf"], ["", "inf", "", "1"]]
    {
        let error = load(&table("c", &cells, 20), &by_y()).unwrap_err();
        assert!(error.contains("found \"inf\", expected a finite number"), "{cells:?}: {error}");
    }
    for cells in [["inf", "1", "2", "abc"], ["abc", "1", "inf", "2"], ["2", "abc", "1", "inf"]] {
        let error = load(&table("c", &cells, 20), &by_y()).unwrap_err();
        assert!(
            error.contains("found \"abc\", expected a number as in 10 other cells"),
            "{cells:?}: {error}"
        );
    }
}
