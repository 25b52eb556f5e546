//! A folder of Pascal VOC as a set, and what is refused.

use losslab_data::DataError;
use losslab_data::images::{ImageOptions, ImageSet, load_voc, voc_categories, voc_split_path};
use losslab_metrics::boxes::Category;
use losslab_testing::Files;

/// The fixture `grey.jpg`, 17 x 11 pixels, under this name.
fn image(files: &Files, name: &str) {
    files.write(&format!("JPEGImages/{name}"), include_bytes!("../fixtures/images/grey.jpg"));
}

fn object(name: &str, difficult: &str, [xmin, ymin, xmax, ymax]: [f64; 4]) -> String {
    format!(
        "<object>\n<name>{name}</name>{difficult}\n<part><name>tail</name></part>\n<bndbox><xmin>{xmin}</xmin>\
         <ymin>{ymin}</ymin>\n<xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox>\n</object>\n"
    )
}

fn annotation(objects: &[String]) -> String {
    format!(
        "<annotation>\n<size><width>17</width><height>11</height></size>\n{}</annotation>\n",
        objects.concat()
    )
}

fn folder() -> Files {
    let files = Files::new();
    for folder in ["ImageSets/Main", "Annotations", "JPEGImages"] {
        std::fs::create_dir_all(files.path(folder)).unwrap();
    }
    for name in ["one.jpg", "two.jpeg", "three.jpg"] {
        image(&files, name);
    }
    files.write("ImageSets/Main/train.txt", "two\n\none\r\n");
    files.write("ImageSets/Main/val.txt", "three\n");
    let boxes = [
        object("dog", "<difficult>1</difficult>", [1.0, 1.0, 17.0, 11.0]),
        object("cat", "<difficult>0</difficult>", [3.5, 2.0, 5.5, 6.0]),
        object("cat", "", [7.0, 7.0, 7.0, 7.0]),
        object("cat", "", [9.0, 3.0, 5.0, 8.0]),
    ];
    files.write("Annotations/one.xml", annotation(&boxes));
    files.write("Annotations/two.xml", "<annotation/>");
    files.write("Annotations/three.xml", annotation(&[object("ant", "", [15.0, 9.0, 18.0, 11.0])]));
    files
}

fn load(files: &Files, split: &str, categories: Option<&[Category]>) -> Result<ImageSet, DataError> {
    load_voc(files.0.path(), split, categories, &ImageOptions::default())
}

fn category(id: i64, name: &str) -> Category {
    Category { id, name: name.into() }
}

#[test]
fn a_split_is_read_in_its_order_with_corners_that_belong_to_the_box() {
    let files = folder();
    let set = load(&files, "train", None).unwrap();
    assert_eq!((set.name.as_str(), set.width, set.height, set.channels), ("train", 17, 11, 1));
    assert_eq!(set.categories, [category(1, "cat"), category(2, "dog")]);
    let images: Vec<_> = set.images.iter().map(|i| (i.id, i.name.as_str(), i.objects.len())).collect();
    assert_eq!(images, [(1, "two.jpeg", 0), (2, "one.jpg", 2)]);
    let objects: Vec<_> =
        set.images[1].objects.iter().map(|o| (o.category, o.bbox.into(), o.ignore)).collect();
    assert_eq!(objects, [(1, [0.0, 0.0, 17.0, 11.0], true), (0, [2.5, 1.0, 3.0, 5.0], false)]);
    let truth = set.truth.annotations();
    assert_eq!((truth.len(), truth[0].iscrowd, truth[1].area), (2, true, 15.0));
    let dogs = set.voc_objects(2);
    assert_eq!((dogs.len(), dogs[0].image_id, dogs[0].difficult), (1, 2, true));
    assert_eq!(
        set.notes.iter().map(|note| files.without_folder(note)).collect::<Vec<_>>(),
        ["2 objects left out, with xmax <= xmin or ymax <= ymin: first Annotations/one.xml, line 15"]
    );
}

#[test]
fn splits_share_their_categories() {
    let files = folder();
    let all = voc_categories(files.0.path(), &["train", "val"]).unwrap();
    assert_eq!(all, [category(1, "ant"), category(2, "cat"), category(3, "dog")]);
    let val = load(&files, "val", Some(&all)).unwrap();
    assert_eq!(val.categories, all);
    // One pixel of the box is beyond the right edge.
    assert_eq!(val.images[0].objects[0].bbox, [14.0, 8.0, 3.0, 3.0].into());
    assert_eq!(val.truth.annotations()[0].bbox, [14.0, 8.0, 4.0, 3.0].into());
    assert_eq!(val.notes.len(), 1);
    assert!(
        voc_split_path(files.0.path(), "val").exists() && !voc_split_path(files.0.path(), "test").exists()
    );
    assert_eq!(
        files.message(load(&files, "val", Some(&all[1..]))),
        "Annotations/three.xml, line 3: found the name \"ant\", expected one of \"cat\", \"dog\""
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let files = folder();
    let good = annotation(&[object("ant", "<difficult>0</difficult>", [1.0, 2.0, 3.0, 4.0])]);
    let mut messages = String::new();
    for (from, to) in [
        ("</object>", ""),
        ("<annotation>", "<annotations>"),
        ("<xmin>1</xmin>", ""),
        ("<xmin>1</xmin>", "<xmin>NaN</xmin>"),
        ("<xmax>3</xmax>", "<xmax>three</xmax>"),
        ("<xmax>3</xmax>", "<xmax>1e308</xmax><ymin>-1e308</ymin>"),
        ("<name>ant</name>", ""),
        ("<name>ant</name>", "<name> </name>"),
        ("bndbox", "box"),
        ("<difficult>0", "<difficult>maybe"),
        ("<width>17", "<width>18"),
        ("<width>17</width>", ""),
    ] {
        assert!(good.contains(from), "{from}");
        let mut text = good.replace(from, to);
        if from == "<annotation>" {
            text = text.replace("</annotation>", "</annotations>");
        }
        files.write("Annotations/three.xml", text);
        messages += &format!("{}\n", files.message(load(&files, "val", None)));
    }
    for bytes in [&b""[..], b"hello", b"\xff\xfe<\0a\0"] {
        files.write("Annotations/three.xml", bytes);
        messages += &format!("{}\n", files.message(load(&files, "val", None)));
    }
    files.write("Annotations/three.xml", &good);
    for list in ["", "three\none\nthree\n", "three\n../../secret\n", "four\n"] {
        files.write("ImageSets/Main/val.txt", list);
        messages += &format!("{}\n", files.message(load(&files, "val", None)));
    }
    files.write("Annotations/four.xml", &good);
    messages += &format!("{}\n", files.message(load(&files, "val", None)));
    messages += &format!("{}\n", files.message(load(&files, "test", None)));
    insta::assert_snapshot!(messages.replace("No such file or directory (os error 2)", "NOT THERE"));
}

#[test]
fn deeply_nested_and_expanding_xml_is_refused_or_read_without_harm() {
    let files = folder();
    let deep = format!("<annotation>{}{}</annotation>", "<a>".repeat(200_000), "</a>".repeat(200_000));
    files.write("Annotations/three.xml", deep);
    assert_eq!(load(&files, "val", None).unwrap().truth.annotations().len(), 0);
    files.write("Annotations/three.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><annotation>&b;</annotation>");
    assert!(files.message(load(&files, "val", None)).contains("DTD"));
}
