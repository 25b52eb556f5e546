//! Folders of images whose links lead out of them, or to pipes and devices.

#![cfg(unix)]

use losslab_data::formats::{Formats, Loaded};
use losslab_data::images::{ImageOptions, load_coco, load_folder, load_voc};
use losslab_testing::Files;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

const OUTSIDE: &str = "cannot be read: found a link that leads out of the folder, expected a file in it";

/// An image `secret.jpg` outside, and in folders of all three forms a link `a.jpg` in its place.
fn linked() -> Files {
    let files = Files::new();
    for folder in
        ["coco", "classes/cat", "outside", "voc/ImageSets/Main", "voc/Annotations", "voc/JPEGImages"]
    {
        fs::create_dir_all(files.path(folder)).unwrap();
    }
    files.write("outside/secret.jpg", include_bytes!("../fixtures/images/grey.jpg"));
    files.write("voc/ImageSets/Main/train.txt", "a\n");
    files.write("voc/Annotations/a.xml", "<annotation/>");
    files.write(
        "train.json",
        r#"{"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}"#,
    );
    for folder in ["coco", "classes/cat", "voc/JPEGImages"] {
        symlink(files.path("outside/secret.jpg"), files.path(folder).join("a.jpg")).unwrap();
    }
    files
}

fn load_classes(files: &Files) -> Result<Loaded, losslab_data::DataError> {
    let given = super::given(&[("image-folder", files.path("classes").to_str().unwrap())]);
    super::load(&Formats::standard(), &given)
}

#[test]
fn links_that_leave_a_folder_of_images_are_not_followed() {
    let files = linked();
    let options = ImageOptions::default();
    let coco = || load_coco(&files.path("train.json"), &files.path("coco"), &options);
    assert_eq!(files.message(coco()), format!("coco/a.jpg: {OUTSIDE}"));
    assert_eq!(files.message(load_folder(&files.path("coco"), &options)), format!("coco/a.jpg: {OUTSIDE}"));
    assert_eq!(files.message(load_classes(&files)), format!("classes/cat/a.jpg: {OUTSIDE}"));
    let voc = || load_voc(&files.path("voc"), "train", None, &options);
    assert_eq!(files.message(voc()), format!("voc/JPEGImages/a.jpg: {OUTSIDE}"));

    // The same behind a linked folder, and for a list of names.
    symlink(files.path("outside"), files.path("classes/dog")).unwrap();
    assert_eq!(files.message(load_classes(&files)), format!("classes/dog: {OUTSIDE}"));
    fs::rename(files.path("voc/ImageSets"), files.path("outside/ImageSets")).unwrap();
    symlink(files.path("outside/ImageSets"), files.path("voc/ImageSets")).unwrap();
    assert_eq!(files.message(voc()), format!("voc/ImageSets/Main/train.txt: {OUTSIDE}"));

    // A link in the folder, and the folder itself as one, are fine.
    fs::remove_file(files.path("coco/a.jpg")).unwrap();
    fs::copy(files.path("outside/secret.jpg"), files.path("coco/b.jpg")).unwrap();
    symlink("b.jpg", files.path("coco/a.jpg")).unwrap();
    coco().unwrap();
    symlink(files.path("coco"), files.path("typed")).unwrap();
    assert_eq!(load_folder(&files.path("typed"), &options).unwrap().images.len(), 2);
}

#[test]
fn pipes_and_devices_are_no_images() {
    let files = linked();
    fs::remove_file(files.path("coco/a.jpg")).unwrap();
    assert!(Command::new("mkfifo").arg(files.path("coco/a.jpg")).status().unwrap().success());
    let load = || load_coco(&files.path("train.json"), &files.path("coco"), &ImageOptions::default());
    assert_eq!(files.message(load()), "coco/a.jpg: cannot be read: found a pipe, expected a regular file");
    fs::remove_file(files.path("coco/a.jpg")).unwrap();
    symlink("/dev/zero", files.path("coco/a.jpg")).unwrap();
    assert_eq!(files.message(load()), format!("coco/a.jpg: {OUTSIDE}"));
}
