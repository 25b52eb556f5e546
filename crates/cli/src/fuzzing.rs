//! Every reader of bytes from outside, as a function of the bytes alone: what the fuzz targets in `fuzz/` and
//! the test `tests/files/fuzz_corpus.rs` run. Whatever the bytes, none of them may panic, hang, or take
//! memory out of proportion.
//!
//! What a reader accepts is used as the command line would use it: a check that it lets something through
//! which breaks later on.

use crate::eval;
use losslab_data::formats::{ModelInput, NewData};
use losslab_data::images::{decode_image, image_header, letterbox, parse_voc};
use losslab_data::{
    Cells, Column, CsvOptions, Encoder, FileText, GivenSplits, Kind, Split, SyntheticSpec, Table, following,
    from_table, read_idx,
};
use losslab_losses::Spec;
use losslab_metrics::boxes::{GroundTruth, evaluate, parse_detections};
use losslab_train::tasks::table::bind;
use losslab_train::{Form, Lab, parse_model};
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

/// A reader by the name of its fuzz target, which is that of its folder of inputs, too.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 10] = [
    ("csv", csv),
    ("splits", splits),
    ("idx", idx),
    ("image", image),
    ("voc", voc),
    ("coco", coco),
    ("model", model),
    ("spec", spec),
    ("eval", eval),
    ("records", records),
];

/// Larger images are only measured, not decoded, or there would be few executions in a second.
const MOST_PIXELS: usize = 1 << 16;

/// The lab that specs and models are read with.
static LAB: LazyLock<Lab> = LazyLock::new(Lab::standard);

/// What messages call the bytes.
const NAME: &str = "input";

fn table(bytes: &[u8]) -> Option<Table> {
    Table::of(FileText::of(NAME.into(), bytes.to_vec()).ok()?).ok()
}

/// A table with a column `label`, split, encoded, and read again as rows that follow it.
pub fn csv(bytes: &[u8]) {
    let Some(table) = table(bytes) else { return };
    let mut options = CsvOptions::label("label");
    options.group = table.find("group").map(|_| "group".into());
    let Ok((dataset, _)) = from_table(&table, &options) else { return };
    let rows = following(&table, &dataset.schema(), Some("label"));
    assert!(rows.is_ok_and(|rows| rows.labels == dataset.labels), "a table that does not follow itself");
    let split = Split::stratified(&dataset.labels, &dataset.class_names, [0.6, 0.2, 0.2], 1);
    let train = split.map_or_else(|_| (0..dataset.rows() as u32).collect(), |split| split.train);
    let matrix = Encoder::fit(&dataset, &train).transform(&dataset);
    let mut values = vec![0.0; matrix.columns()];
    (0..dataset.rows() as u32).for_each(|row| {
        matrix.gather(&[row], &mut values);
        assert!(values.iter().all(|x| x.is_finite()), "an input that is not finite");
    });
}

/// A table of splits of a small data set.
pub fn splits(bytes: &[u8]) {
    static DATASET: LazyLock<losslab_data::Dataset> =
        LazyLock::new(|| SyntheticSpec { rows: 12, ratio: 3.0, ..SyntheticSpec::default() }.generate());
    let Some(table) = table(bytes) else { return };
    let _ = GivenSplits::of(&table, &DATASET);
}

/// The same bytes as images and as labels.
pub fn idx(bytes: &[u8]) {
    let (path, length) = (Path::new(NAME), bytes.len() as u64);
    if let Ok(([count, height, width], pixels)) = read_idx(path, Cursor::new(bytes), length, "images") {
        assert_eq!(count * height * width, pixels.len());
    }
    if let Ok(([count], labels)) = read_idx(path, Cursor::new(bytes), length, "labels") {
        assert_eq!(count, labels.len());
    }
}

/// A PNG or JPEG image, brought to another size.
pub fn image(bytes: &[u8]) {
    let Ok(header) = image_header(NAME, bytes) else { return };
    if header.width * header.height > MOST_PIXELS {
        return;
    }
    let Ok(decoded) = decode_image(NAME, bytes) else { return };
    let image = decoded.image;
    assert_eq!((image.width, image.height, image.channels), (header.width, header.height, header.channels));
    assert_eq!(image.pixels.len(), image.width * image.height * image.channels);
    letterbox(&image, 9, 7);
}

/// An annotation of Pascal VOC.
pub fn voc(bytes: &[u8]) {
    let Ok(file) = parse_voc(NAME, bytes.to_vec()) else { return };
    assert!(file.objects.iter().filter_map(|object| object.bbox).all(|bbox| bbox.is_valid()));
}

/// The same bytes as annotations, with and without images, and as detections. Few annotations are evaluated
/// as if they were detections.
pub fn coco(bytes: &[u8]) {
    let _ = GroundTruth::parse_with_files(NAME.into(), bytes);
    if let Ok(found) = parse_detections(NAME, bytes) {
        let truth = GroundTruth::new(NAME, vec![1], Vec::new(), Vec::new());
        let _ = truth.and_then(|truth| evaluate(&truth, NAME, &found));
    }
    let Ok(truth) = GroundTruth::parse(NAME.into(), bytes) else { return };
    if truth.annotations().len() <= 16 {
        let json = serde_json::to_vec(&truth).unwrap_or_default();
        assert!(GroundTruth::parse(NAME.into(), &json).is_ok_and(|again| again == truth));
    }
}

/// A saved model of any task, asked about one row without values or one grey image.
pub fn model(bytes: &[u8]) {
    let Ok(mut model) = parse_model(&LAB, bytes) else { return };
    let data = match model.input(NAME) {
        ModelInput::Rows(rows) => {
            let column = |(name, kind)| match kind {
                Kind::Number => {
                    Column { name, cells: Cells::Numbers { values: vec![0.0], missing: vec![0] } }
                }
                Kind::Category => {
                    Column { name, cells: Cells::Categories { codes: vec![None], levels: Vec::new() } }
                }
            };
            let columns: Vec<Column> = rows.schema().columns.into_iter().map(column).collect();
            NewData::Rows(rows.encode(&columns, 1, Some(vec![0])))
        }
        ModelInput::Images(_) => return,
    };
    for form in [Form::Predictions, Form::Raw, Form::Logits] {
        let _ = model.predict(&data, form);
    }
}

/// A loss as it is typed.
pub fn spec(bytes: &[u8]) {
    let Ok(spec) = Spec::parse(&String::from_utf8_lossy(bytes), &LAB.losses) else { return };
    let printed = spec.to_string();
    let again = Spec::parse(&printed, &LAB.losses).map(|again| again.to_string());
    assert_eq!(again.as_deref().ok(), Some(&*printed), "what is printed is read back");
    for counts in [&[90, 10][..], &[50, 30, 20], &[1, 1]] {
        let _ = bind(&spec, counts);
    }
}

/// A line with a spec and what `losslab eval` reads below it.
pub fn eval(bytes: &[u8]) {
    eval::fuzz(&LAB.losses, bytes);
}

/// A list of a plan (`comparison.json`) and of records of its runs, judged and reported.
pub fn records(bytes: &[u8]) {
    report(bytes);
}

/// The same; whether the plan and the records belong together, and were reported.
pub fn report(bytes: &[u8]) -> bool {
    losslab_report::fuzz(&LAB, bytes)
}
