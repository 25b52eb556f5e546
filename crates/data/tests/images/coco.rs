//! COCO's JSON and a folder of images as a set: boxes, sizes, notes, and what is refused.

use losslab_data::images::{ImageOptions, ImageSet, check_same_categories, load_coco};
use losslab_testing::Files;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A PNG of one value.
fn png(width: u32, height: u32, colour: png::ColorType, value: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![value; (width * height) as usize * colour.samples()]).unwrap();
    writer.finish().unwrap();
    bytes
}

fn annotation(id: i64, image: i64, category: i64, bbox: [f64; 4]) -> Value {
    json!({"id": id, "image_id": image, "category_id": category, "bbox": bbox, "area": bbox[2] * bbox[3], "iscrowd": 0})
}

/// Two grey images of 20 x 10, of which the second has no boxes, and two categories.
fn small(files: &Files) -> Value {
    std::fs::create_dir_all(files.path("images")).unwrap();
    files.write("a.png", png(20, 10, png::ColorType::Grayscale, 100));
    files.write("images/b.png", png(20, 10, png::ColorType::Grayscale, 200));
    json!({
        "images": [
            {"id": 8, "file_name": "b.png"},
            {"id": 3, "file_name": "a.png", "width": 20, "height": 10},
        ],
        "categories": [{"id": 5, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [annotation(1, 3, 5, [2.0, 3.0, 4.0, 5.0])],
    })
}

fn load(files: &Files, file: &Value, options: ImageOptions) -> Result<ImageSet, losslab_data::DataError> {
    let json: PathBuf = files.write("train.json", file.to_string());
    load_coco(&json, files.0.path(), &options)
}

#[test]
fn images_are_found_beside_and_below_and_come_by_ascending_id() {
    let files = Files::new();
    let set = load(&files, &small(&files), ImageOptions::default()).unwrap();
    assert_eq!((set.name.as_str(), set.width, set.height, set.channels), ("train", 20, 10, 1));
    let images: Vec<_> =
        set.images.iter().map(|image| (image.id, image.name.as_str(), image.image.pixels[0])).collect();
    assert_eq!(images, [(3, "a.png", 100), (8, "b.png", 200)]);
    let [object] = &set.images[0].objects[..] else { panic!("{:?}", set.images[0].objects) };
    assert_eq!((object.category, object.bbox, object.ignore), (1, [2.0, 3.0, 4.0, 5.0].into(), false));
    assert_eq!((set.images[1].objects.len(), &set.notes), (0, &vec![]));
    assert_eq!(set.statistics(), (vec![150.0], vec![50.0]));
}

#[test]
fn odd_boxes_are_counted_and_the_truth_keeps_them() {
    let files = Files::new();
    let mut file = small(&files);
    let mut crowd = annotation(7, 8, 2, [0.0, 0.0, 20.0, 10.0]);
    crowd["iscrowd"] = json!(1);
    file["annotations"] = json!([
        annotation(1, 8, 5, [5.0, 5.0, 0.0, 3.0]),
        annotation(2, 3, 5, [5.0, 5.0, 2.0, 0.0]),
        annotation(3, 3, 5, [20.0, 2.0, 5.0, 5.0]),
        annotation(4, 3, 5, [-3.0, 6.0, 5.0, 9.0]),
        annotation(5, 3, 2, [0.0, 0.0, 20.0, 10.0]),
        annotation(6, 8, 2, [19.0, 9.0, 1e9, 1e9]),
        crowd,
    ]);
    let set = load(&files, &file, ImageOptions::default()).unwrap();
    assert_eq!(set.truth.annotations().len(), 7);
    assert_eq!(set.truth.annotations()[3].bbox, [-3.0, 6.0, 5.0, 9.0].into());
    let boxes = |i: usize| {
        set.images[i].objects.iter().map(|o| (o.category, o.bbox.into(), o.ignore)).collect::<Vec<_>>()
    };
    assert_eq!(boxes(0), [(1, [0.0, 6.0, 2.0, 4.0], false), (0, [0.0, 0.0, 20.0, 10.0], false)]);
    assert_eq!(boxes(1), [(0, [19.0, 9.0, 1.0, 1.0], false), (0, [0.0, 0.0, 20.0, 10.0], true)]);
    insta::assert_snapshot!(set.notes.join("\n"));
}

#[test]
fn images_of_other_sizes_and_colours_are_fitted_to_the_most_frequent_ones() {
    let files = Files::new();
    let mut file = small(&files);
    files.write("c.png", png(10, 10, png::ColorType::Rgb, 60));
    files.write("d.png", png(40, 10, png::ColorType::Rgba, 80));
    for (id, name) in [(9, "c.png"), (10, "d.png")] {
        file["images"].as_array_mut().unwrap().push(json!({"id": id, "file_name": name}));
    }
    file["annotations"] =
        json!([annotation(1, 9, 5, [0.0, 5.0, 10.0, 5.0]), annotation(2, 10, 5, [4.0, 0.0, 8.0, 10.0])]);
    let set = load(&files, &file, ImageOptions::default()).unwrap();
    assert_eq!((set.width, set.height, set.channels), (20, 10, 3));
    assert!(set.images.iter().all(|image| image.image.pixels.len() == 600));
    // 10 x 10 stands in the middle as it is; 40 x 10 is halved, 2.5 rows from the edge, rounded down.
    assert_eq!(set.images[2].objects[0].bbox, [5.0, 5.0, 10.0, 5.0].into());
    assert_eq!(set.images[3].objects[0].bbox, [2.0, 2.0, 4.0, 5.0].into());
    assert_eq!(set.truth.annotations()[1].bbox, [4.0, 0.0, 8.0, 10.0].into());
    assert_eq!(set.images[3].fit.to_original(&set.images[3].objects[0].bbox), [4.0, 0.0, 8.0, 10.0].into());
    insta::assert_snapshot!(set.notes.join("\n"));

    let small = load(&files, &file, ImageOptions { size: Some((8, 8)), channels: Some(1), most_bytes: None })
        .unwrap();
    assert_eq!((small.width, small.height, small.channels), (8, 8, 1));
    assert_eq!(load(&files, &file, ImageOptions::like(&small)).unwrap(), small);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files = Files::new();
    let mut file = small(&files);
    for i in 0..40 {
        let name = format!("{i}.png");
        files.write(&name, png(10 + i % 3, 10, png::ColorType::Rgba, i as u8));
        file["images"].as_array_mut().unwrap().push(json!({"id": 100 + i, "file_name": name}));
        file["annotations"].as_array_mut().unwrap().push(annotation(
            50 + i64::from(i),
            100 + i64::from(i),
            2,
            [-1.0, 0.0, 5.0, 5.0],
        ));
    }
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| load(&files, &file, ImageOptions::default()).unwrap())
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one, three);
    assert_eq!(one.fingerprint(), three.fingerprint());
    // The first of two faulty files is reported, whichever is read first.
    files.write("30.png", "");
    files.write("20.png", "");
    assert!(files.message(load(&files, &file, ImageOptions::default())).starts_with("20.png: "));
}

#[test]
fn the_fingerprint_changes_with_every_part_of_the_contents_and_not_with_the_name() {
    let files = Files::new();
    let set = load(&files, &small(&files), ImageOptions::default()).unwrap();
    let changed = |change: &dyn Fn(&mut ImageSet)| {
        let mut other = set.clone();
        change(&mut other);
        other.fingerprint() != set.fingerprint()
    };
    assert!(!changed(&|set| set.name = "other".into()));
    assert!(changed(&|set| set.images[0].id = 4));
    assert!(changed(&|set| set.images[1].image.pixels[7] ^= 1));
    assert!(changed(&|set| set.images[0].objects[0].bbox.x += 0.5));
    assert!(changed(&|set| set.images[0].objects[0].ignore = true));
    assert!(changed(&|set| set.images[0].fit.left = 1.0));
    assert!(changed(&|set| set.categories[0].name.push('s')));
    assert!(changed(&|set| set.images.swap(0, 1)));
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_one_line() {
    let files = Files::new();
    let good = small(&files);
    files.write("broken.png", &png(20, 10, png::ColorType::Grayscale, 1)[..60]);
    let cases: [(&str, &str, Value); 16] = [
        ("absent image", "/images/0/file_name", json!("absent.png")),
        ("broken image", "/images/0/file_name", json!("broken.png")),
        ("a folder", "/images/0/file_name", json!("images")),
        ("a path out of the folder", "/images/0/file_name", json!("images/../../a.png")),
        ("a path from the root", "/images/0/file_name", json!("/a.png")),
        ("no name", "/images/1/file_name", Value::Null),
        ("another size", "/images/1/width", json!(21)),
        ("a turned size", "/images/1", json!({"id": 3, "file_name": "a.png", "width": 10, "height": 20})),
        ("a size in words", "/images/1/width", json!("wide")),
        ("duplicate image", "/images/0/id", json!(3)),
        ("unknown image", "/annotations/0/image_id", json!(4)),
        ("unknown category", "/annotations/0/category_id", json!(4)),
        ("negative width", "/annotations/0/bbox", json!([1, 2, -3, 4])),
        ("three numbers", "/annotations/0/bbox", json!([1, 2, 3])),
        ("duplicate category", "/categories/0/id", json!(2)),
        ("no images", "", json!({"images": [], "categories": [{"id": 1, "name": "a"}], "annotations": []})),
    ];
    let mut messages = String::new();
    for (name, place, value) in cases {
        let mut file = good.clone();
        *file.pointer_mut(place).unwrap() = value;
        messages += &format!("{name}: {}\n", files.message(load(&files, &file, ImageOptions::default())));
    }
    let text = good.to_string().replace("[2.0,3.0,4.0,5.0]", "[NaN,3.0,4.0,5.0]");
    assert!(text.contains("NaN"));
    let json = files.write("train.json", text);
    let options = ImageOptions::default();
    messages += &format!("NaN: {}\n", files.message(load_coco(&json, files.0.path(), &options)));
    for options in [
        ImageOptions { size: Some((0, 5)), channels: None, most_bytes: None },
        ImageOptions { size: None, channels: Some(2), most_bytes: None },
        ImageOptions { size: Some((1 << 20, 1 << 20)), channels: None, most_bytes: None },
    ] {
        messages += &format!("options: {}\n", files.message(load(&files, &good, options)));
    }
    insta::assert_snapshot!(messages);
    // 64 Mpixel images: the set is refused before any is read.
    let mut many = good;
    many["annotations"] = json!([]);
    many["images"] = (0..23).map(|i| json!({"id": i, "file_name": "a.png"})).collect();
    let options = ImageOptions { size: Some((8192, 8192)), channels: Some(3), most_bytes: None };
    assert_eq!(
        files.message(load(&files, &many, options)),
        "train.json: found 23 images of 8192 x 8192 x 3, 4.3 GiB, expected at most 4.0 GiB of pixels: give a smaller image size"
    );
}

#[test]
fn categories_of_several_files_must_agree() {
    let files = Files::new();
    let file = small(&files);
    let train = load(&files, &file, ImageOptions::default()).unwrap();
    assert!(check_same_categories(&[&train, &train]).is_ok());
    let with = |categories: Value| {
        let mut other = file.clone();
        other["categories"] = categories;
        let json = files.write("val.json", other.to_string());
        let val = load_coco(&json, files.0.path(), &ImageOptions::like(&train)).unwrap();
        files.message(check_same_categories(&[&train, &val]))
    };
    assert_eq!(
        with(json!([{"id": 2, "name": "fox"}, {"id": 5, "name": "dog"}])),
        "val.json, categories by id: found id 2, \"fox\", expected id 2, \"cat\" as in train.json"
    );
    assert_eq!(
        with(json!([{"id": 5, "name": "dog"}])),
        "val.json, categories by id: found id 5, \"dog\", expected id 2, \"cat\" as in train.json"
    );
    assert_eq!(
        with(json!([{"id": 2, "name": "cat"}, {"id": 5, "name": "dog"}, {"id": 6, "name": "fox"}])),
        "val.json, categories by id: found id 6, \"fox\", expected no more as in train.json"
    );
}
