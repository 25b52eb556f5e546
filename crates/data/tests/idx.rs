//! Images in IDX form: what is read, and every message a file can earn.

use flate2::Compression;
use flate2::write::GzEncoder;
use losslab_data::{Encoder, Features, load_idx, load_idx_images, load_idx_like};
use losslab_testing::{Files, real_data};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::io::Write as _;

/// An IDX file: magic number, sizes, bytes.
fn idx(magic: [u8; 4], sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
    magic.into_iter().chain(sizes).chain(bytes.iter().copied()).collect()
}

fn images(n: u32, height: u32, width: u32) -> Vec<u8> {
    let bytes: Vec<u8> = (0..n * height * width).map(|i| (i * 51 % 256) as u8).collect();
    idx([0, 0, 8, 3], &[n, height, width], &bytes)
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx([0, 0, 8, 1], &[labels.len() as u32], labels)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("packing in memory");
    encoder.finish().expect("packing in memory")
}

#[test]
fn images_and_labels_are_read_plain_or_packed() {
    let files = Files::new();
    // Asymmetric sizes: 4 images of 2 x 3 pixels.
    let (pixels, classes) = (images(4, 2, 3), labels(&[7, 10, 9, 7]));
    let plain = (files.write("images", &pixels), files.write("labels", &classes));
    let packed = (files.write("images.gz", gzip(&pixels)), files.write("labels.gz", gzip(&classes)));
    let (data, notes) = load_idx(&plain.0, &plain.1, None).unwrap();
    assert_eq!(load_idx(&packed.0, &packed.1, None).unwrap(), (data.clone(), notes.clone()));
    assert_eq!((data.name.as_str(), data.rows(), data.columns(), notes.len()), ("images", 4, 6, 0));
    assert_eq!(
        (&data.labels[..], &data.class_names[..]),
        (&[0, 2, 1, 0][..], &["7", "9", "10"].map(String::from)[..])
    );
    let Features::Pixels(matrix) = &data.features else { panic!("no pixels") };
    let mut row = [0.0; 6];
    matrix.gather(&[1], &mut row);
    assert_eq!(row, [50, 101, 152, 203, 254, 49].map(|byte| byte as f32 / 255.0));
    // The encoder hands them on as they are, and says so: byte / 255.
    let encoder = Encoder::fit(&data, &[0]);
    assert!(std::sync::Arc::ptr_eq(&encoder.transform(&data), matrix));
    assert_eq!((encoder.width(), encoder.columns[5].name.as_str()), (6, "pixel5"));

    let (one, _) = load_idx(&plain.0, &plain.1, Some("9")).unwrap();
    assert_eq!((&one.labels[..], &one.class_names[1]), (&[0, 0, 1, 0][..], &"9".to_string()));
    let test = load_idx_like(&packed.0, &packed.1, &one).unwrap();
    assert_eq!((test.labels, test.positive), (one.labels, Some(1)));
}

#[test]
fn messages_about_idx_files() {
    let files = Files::new();
    let good = (images(4, 2, 3), labels(&[1, 0, 1, 0]));
    let packed = gzip(&good.0);
    let cases: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("empty images", Vec::new(), good.1.clone()),
        ("text", b"a,label\n1,0\n".to_vec(), good.1.clone()),
        ("labels in place of images", good.1.clone(), good.1.clone()),
        ("images in place of labels", good.0.clone(), good.0.clone()),
        ("two dimensions", idx([0, 0, 8, 2], &[4, 6], &[0; 24]), good.1.clone()),
        ("32-bit numbers", idx([0, 0, 0x0d, 3], &[4, 2, 3], &[0; 96]), good.1.clone()),
        ("header cut off", good.0[..9].to_vec(), good.1.clone()),
        ("images cut off", good.0[..30].to_vec(), good.1.clone()),
        ("images too long", [&good.0[..], &[0]].concat(), good.1.clone()),
        ("packed images too long", gzip(&[&good.0[..], &[0]].concat()), good.1.clone()),
        ("packed images cut off", packed[..packed.len() - 9].to_vec(), good.1.clone()),
        ("packed header cut off", packed[..14].to_vec(), good.1.clone()),
        ("packed images shorter than announced", gzip(&good.0[..30]), good.1.clone()),
        ("packed images damaged", [&packed[..20], &[0xff; 20]].concat(), good.1.clone()),
        ("absurd sizes", idx([0, 0, 8, 3], &[u32::MAX; 3], &[0; 24]), good.1.clone()),
        ("absurd sizes, packed", gzip(&idx([0, 0, 8, 3], &[u32::MAX, 28, 28], &[0; 24])), good.1.clone()),
        ("no image", idx([0, 0, 8, 3], &[0, 2, 3], &[]), good.1.clone()),
        ("images without pixels", idx([0, 0, 8, 3], &[4, 0, 3], &[]), good.1.clone()),
        ("fewer labels than images", good.0.clone(), labels(&[1, 0])),
        ("one class", good.0.clone(), labels(&[1; 4])),
    ];
    let mut messages = String::new();
    for (name, image_bytes, label_bytes) in cases {
        let paths = (files.write("images", image_bytes), files.write("labels", label_bytes));
        let message = files.message(load_idx(&paths.0, &paths.1, None));
        writeln!(messages, "[{name}]\n{message}").unwrap();
    }
    let paths = (files.write("images", &good.0), files.write("labels", &good.1));
    let message = files.message(load_idx(&paths.0, &paths.1, Some("2")));
    writeln!(messages, "[positive label not present]\n{message}").unwrap();
    let (train, _) = load_idx(&paths.0, &paths.1, None).unwrap();
    for (name, image_bytes, label_bytes) in [
        ("test images of another size", images(4, 2, 4), good.1.clone()),
        ("unknown label in the test set", good.0.clone(), labels(&[1, 0, 2, 0])),
        ("class absent in the test set", good.0.clone(), labels(&[1; 4])),
    ] {
        let paths = (files.write("test-images", image_bytes), files.write("test-labels", label_bytes));
        writeln!(messages, "[{name}]\n{}", files.message(load_idx_like(&paths.0, &paths.1, &train))).unwrap();
    }
    let message = files.message(load_idx(&files.path("absent"), &paths.1, None));
    writeln!(messages, "[no such file]\n{message}").unwrap();
    insta::assert_snapshot!(messages);
}

#[test]
fn a_packed_file_is_refused_wherever_it_is_cut() {
    let files = Files::new();
    let packed = gzip(&images(4, 2, 3));
    for length in 2..packed.len() {
        let message = files.message(load_idx_images(&files.write("i.gz", &packed[..length])));
        assert!(message.starts_with("i.gz: found "), "{length}: {message}");
    }
}

#[test]
fn mnist_is_what_its_readme_says() {
    let Some(folder) = real_data("images/mnist") else { return };
    let load = |name: &str| {
        let path = |kind: &str| folder.join(format!("{name}-{kind}-ubyte.gz"));
        load_idx(&path("images-idx3"), &path("labels-idx1"), None).unwrap().0
    };
    let (train, test) = (load("train"), load("t10k"));
    assert_eq!((train.rows(), test.rows(), train.columns()), (60_000, 10_000, 784));
    assert_eq!(train.class_names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    // Counts as published with the set.
    assert_eq!(train.class_counts(), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(test.class_counts(), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
}

proptest! {
    /// Whatever bytes stand in a file, the answer is images of the announced size or a message on one line.
    #[test]
    fn no_bytes_make_the_loader_panic(
        sizes in prop::collection::vec(0u32..5, 0..4), bytes in prop::collection::vec(any::<u8>(), 0..40),
        packed in any::<bool>(), damage in prop::option::of(0usize..20),
    ) {
        let mut file = idx([0, 0, 8, 3], &sizes, &bytes);
        if let Some(at) = damage.filter(|&at| at < file.len()) {
            file[at] ^= 0x5a;
        }
        let files = Files::new();
        let path = files.write("i", if packed { gzip(&file) } else { file });
        match load_idx_images(&path) {
            Ok(matrix) => prop_assert!(matrix.rows() > 0 && matrix.columns() > 0),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}
