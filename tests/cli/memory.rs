//! What would need more memory than it may have is refused in one line, before the memory is taken.

use crate::common::{complaint, printed};
use flate2::Compression;
use flate2::write::GzEncoder;
use losslab_testing::Files;
use std::io::Write;

/// A table of numbers with so many rows.
fn rows(count: usize) -> String {
    let rows = (0..count).map(|i| format!("{i},{}\n", i % 2));
    std::iter::once("x,y\n".to_owned()).chain(rows).collect()
}

#[test]
fn tables_are_read_only_up_to_the_limit() {
    let files = Files::new();
    let of = |path: &std::path::Path, more: &[&str]| {
        let out = files.path("out");
        let arguments = ["compare", "--quiet", "--label", "y", "--out", out.to_str().unwrap(), "--csv"];
        complaint(&[&arguments[..], &[path.to_str().unwrap()], more].concat(), files.0.path())
    };
    // 64 MB of text that pack to 64 KB.
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(b"x,y\n").unwrap();
    let lines = "1,0\n".repeat(1 << 16);
    (0..256).for_each(|_| packer.write_all(lines.as_bytes()).unwrap());
    let bomb = files.write("bomb.csv.gz", packer.finish().unwrap());
    assert_eq!(
        of(&bomb, &["--max-memory", "16M"]),
        "error: DIR/bomb.csv.gz: found more than 16.0 MiB of text, unpacked, expected at most 16.0 MiB \
         (--max-memory)\n"
    );
    // A file of nothing but zeros, most of which is not there.
    let sparse = files.path("sparse.csv");
    std::fs::File::create(&sparse).unwrap().set_len(1 << 33).unwrap();
    assert_eq!(
        of(&sparse, &["--max-memory", "1T"]),
        "error: DIR/sparse.csv, line 1: found a NUL byte, as in binary files, expected CSV as UTF-8 text, \
         plain or gzip\n"
    );
    let long = files.write("long.csv", rows(10_000));
    let message = of(&long, &["--max-memory", "200K"]);
    assert_eq!(
        message,
        "error: DIR/long.csv: found 10002 lines of 2 columns, which need 223.6 KiB, expected at most 200.0 \
         KiB (--max-memory)\n"
    );
}

#[test]
fn trainings_are_estimated_before_they_begin() {
    let files = Files::new();
    let (csv, out, model) = (files.write("d.csv", rows(200)), files.path("out"), files.path("m.safetensors"));
    let csv = ["--label", "y", "--csv", csv.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let compare = [&["compare", "--quiet", "--epochs", "1", "--seeds", "1"][..], &csv].concat();
    let train = ["train", "--quiet", "--save", model.to_str().unwrap(), "--max-memory", "1G", "--scenes"];
    let wide = [&compare[..], &["--threads", "1", "--hidden", "20000,20000", "--max-memory", "1G"]].concat();
    assert_eq!(
        complaint(&wide, files.0.path()),
        "error: mlp:hidden=20000x20000, 1 training at a time: needs about 7.5 GiB of memory (data 2.3 KiB, \
         weights and optimiser 7.5 GiB, training steps 39.1 MiB), expected at most 1.0 GiB (--max-memory)\n"
    );
    let detector = [&train[..], &["images=8,size=64,ratio=60", "--width", "1000"]].concat();
    let detector = complaint(&detector, files.0.path());
    assert!(detector.starts_with("error: retinanet: needs about "), "{detector}");
    let many = complaint(&[&train[..], &["images=100000,size=512"]].concat(), files.0.path());
    let expected = "error: --scenes: found images of 146.5 GiB, expected at most 1.0 GiB (--max-memory)\n";
    assert_eq!(many, expected);
    let size = complaint(&[&compare[..], &["--max-memory", "lots"]].concat(), files.0.path());
    assert!(size.contains("'--max-memory <SIZE>': expected a size such as 4G or 512M"), "{size}");
    // The limit is no part of what is compared.
    printed(&[&compare[..], &["--max-memory", "512M"]].concat());
    let results = crate::common::results(&out);
    assert!(results["request"].get("max-memory").is_none(), "{}", results["request"]);
}
