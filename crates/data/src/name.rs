//! What a data set is called.

use std::path::{Component, Path};

/// Words that files of any data set are called by.
const GENERIC: [&str; 27] = [
    "all",
    "annotations",
    "clean",
    "csv",
    "data",
    "dataset",
    "dev",
    "full",
    "idx",
    "image",
    "images",
    "imagesets",
    "instances",
    "label",
    "labels",
    "main",
    "new",
    "png",
    "raw",
    "set",
    "test",
    "testing",
    "train",
    "training",
    "ubyte",
    "val",
    "validation",
];

/// The name of the data in this file or folder: the file name without its ending, or the nearest folder above
/// whose name says more than `train`, `data` or `train-images-idx3-ubyte` do.
pub(crate) fn data_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let own = stem(&whole);
    if !is_generic(&own) {
        return own;
    }
    let folders = whole.parent().into_iter().flat_map(Path::components).rev();
    let mut names = folders.filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let telling = names.find(|name| !is_generic(name));
    // A hidden folder is the work of a program, and its name says nothing.
    telling.filter(|name| !name.starts_with('.')).unwrap_or(own)
}

/// The last part of a path without `.gz` and the ending below it; folders have no ending.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if path.is_dir() {
        return name;
    }
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether every word of a name is one that files of any data set are called by.
fn is_generic(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).all(|word| GENERIC.contains(&&*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_what_tells_it_from_others() {
        let cases = [
            ("tabular/mammography/data.csv", "mammography"),
            ("tabular/mammography.csv.gz", "mammography"),
            ("wine/train.csv", "wine"),
            ("mnist/train-images-idx3-ubyte.gz", "mnist"),
            ("coco/annotations/instances_val2017.json", "coco"),
            ("tiles/train.json", "tiles"),
            ("v1.2/fraud_2024.csv", "fraud_2024"),
            ("clean/train", "train"),
            (".cache/train.csv", "train"),
        ];
        for (path, expected) in cases {
            assert_eq!(data_name(Path::new(path)), expected, "{path}");
        }
    }
}
