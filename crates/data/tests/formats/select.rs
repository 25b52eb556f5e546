//! Which flags go together: every rule that the standard formats declare, and its message.

use super::given;
use losslab_data::formats::{DataKind, Flag, Formats, Given, Takes};

fn message(flags: &[(&str, &str)]) -> String {
    match Formats::standard().select(&given(flags)) {
        Ok(format) => panic!("accepted for {:?}", format.map(|format| format.info().name)),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_first_flag_of_a_format_selects_it() {
    let formats = Formats::standard();
    assert!(formats.select(&Given::new()).unwrap().is_none());
    for (flags, name, kind) in [
        (&[("csv", "a"), ("label", "y"), ("drop", "a"), ("group", "g")][..], "csv", DataKind::Table),
        (&[("csv", "a"), ("label", "y"), ("positive", "1"), ("splits", "b")], "csv", DataKind::Table),
        (&[("idx-images", "a"), ("idx-labels", "b"), ("positive", "1")], "idx", DataKind::Table),
        (&[("synthetic", "rows=100")], "synthetic", DataKind::Table),
        (&[("coco-train", "a"), ("coco-val", "b"), ("images", "c")], "coco", DataKind::Boxes),
        (&[("voc", "a"), ("voc07", ""), ("image-size", "8x8")], "voc", DataKind::Boxes),
        (&[("scenes", "")], "scenes", DataKind::Boxes),
        (&[("scenes", "\"\"")], "scenes", DataKind::Boxes),
    ] {
        let info = formats.select(&given(flags)).unwrap().unwrap().info();
        assert_eq!((info.name, info.kind), (name, kind), "{flags:?}");
    }
}

#[test]
fn flags_that_do_not_belong_together_are_refused() {
    let labelled = [("csv", "a"), ("label", "y")];
    let images = [("idx-images", "a"), ("idx-labels", "b")];
    let tested = [images[0], images[1], ("test-idx-images", "c"), ("test-idx-labels", "d")];
    let and = |flags: &[(&'static str, &'static str)], more| message(&[flags, &[more]].concat());
    let lines = [
        message(&[("csv", "a")]),
        message(&[("label", "y")]),
        message(&[("positive", "1")]),
        and(&labelled, ("synthetic", "\"\"")),
        message(&[("synthetic", "\"\""), ("positive", "1")]),
        message(&[("scenes", ""), ("voc", "a")]),
        message(&[("csv", "a"), ("label", "y"), ("group", "g"), ("splits", "s")]),
        message(&[("csv", "a"), ("label", "y"), ("test-csv", "t"), ("splits", "s")]),
        message(&[("idx-images", "a")]),
        message(&[("idx-images", "a"), ("idx-labels", "b"), ("test-idx-images", "c")]),
        message(&[("idx-images", "a"), ("idx-labels", "b"), ("test-idx-labels", "d")]),
        and(&images, ("keep-positives", "5")),
        and(&tested, ("keep-positives", "5")),
        and(&images, ("long-tail", "10")),
        message(&[&tested[..], &[("long-tail", "10"), ("positive", "1")]].concat()),
        message(&[("coco-train", "a")]),
        message(&[("images", "a")]),
        message(&[("image-size", "8x8")]),
        message(&[("voc07", "")]),
        message(&[("voc", "a"), ("voc07", "yes")]),
        message(&[("csv", ""), ("label", "y")]),
        message(&[("csv", "a"), ("csv", "b"), ("label", "y")]),
        message(&[("csv", "a"), ("lable", "y")]),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn flags_are_listed_once_with_what_a_command_line_needs() {
    let formats = Formats::standard();
    let flags = formats.flags();
    let of = |name: &str| flags.iter().filter(|(_, flag)| flag.name == name).collect::<Vec<_>>();
    assert_eq!(of("positive").len(), 1);
    assert_eq!(of("positive")[0].0.name, "csv");
    assert_eq!((of("drop")[0].1.takes, of("voc07")[0].1.takes), (Takes::Many, Takes::Switch));
    assert_eq!(of("scenes")[0].1.default_missing, Some(""));
    assert!(flags.iter().all(|(_, flag)| !flag.help.is_empty() && !flag.help.ends_with('.')));
    let names = |flags: Vec<(_, &Flag)>| flags.into_iter().map(|(_, flag)| flag.name).collect::<Vec<_>>();
    assert_eq!(names(formats.new_flags()), ["csv", "label", "idx-images", "image-folder", "images", "coco"]);
    let flags = [("voc", "a"), ("voc07", ""), ("splits", "b"), ("label", "c"), ("test-csv", "d")];
    let files = formats.files(&given(&flags));
    let named = files.iter().map(|file| (&*file.flag, file.path.to_str().unwrap()));
    assert_eq!(named.collect::<Vec<_>>(), [("test-csv", "d"), ("splits", "b"), ("voc", "a")]);
}

#[test]
fn values_are_read_as_what_they_have_to_be() {
    let values = given(&[("a", "12"), ("b", "1e3"), ("c", "inf"), ("d", "x"), ("e", "-1"), ("f", "")]);
    assert_eq!((values.count("a").unwrap(), values.number("b").unwrap()), (Some(12), Some(1000.0)));
    assert_eq!((values.count("z").unwrap(), values.number("z").unwrap()), (None, None));
    assert!(values.switch("f") && !values.switch("g"));
    let message = |error: losslab_data::DataError| error.to_string();
    let lines = [
        message(values.number("c").unwrap_err()),
        message(values.number("d").unwrap_err()),
        message(values.count("e").unwrap_err()),
        message(values.text("f").unwrap_err()),
        message(values.path("z").unwrap_err()),
    ];
    assert_eq!(
        lines,
        [
            "--c: found inf, expected a number",
            "--d: found \"x\", expected a number",
            "--e: found \"-1\", expected a whole number",
            "--f: expected a value",
            "--z: expected a value"
        ]
    );
    let again: Given = serde_json::from_str(&serde_json::to_string(&values).unwrap()).unwrap();
    assert_eq!(again, values);
}
