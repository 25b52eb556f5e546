//! Images that are rows, in a folder per class: the layout that torchvision's `ImageFolder` reads.
//!
//! ```text
//! DIR/cat/1.png  DIR/dog/2.jpg                                   split anew for each seed
//! DIR/train/cat/1.png  DIR/val/cat/3.png  DIR/test/cat/4.png     val, test or both beside train
//! ```

use super::coco::{IMAGE_SIZE, image_options};
use super::csv::POSITIVE;
use super::{DataKind, Flag, Format, FormatInfo, Given, Loaded, ModelInput, NewData, NewRows, RowModel};
use crate::dictionary::Dictionary;
use crate::images::{ImageOptions, ImageSet, list_folders, list_images, load_files};
use crate::labels::Classes;
use crate::name::data_name;
use crate::{Dataset, Features, GivenSplits, Matrix, Source, Split};
use losslab_base::{DataError, Place, counted, listed, quoted};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The flag that selects the format.
const KEY: &str = "image-folder";

const FLAGS: &[Flag] = &[
    Flag::one(
        KEY,
        "DIR",
        "Images to learn from: a folder per class with PNG and JPEG files, \
         or such folders in train, val and test",
    )
    .path(),
    POSITIVE,
    IMAGE_SIZE,
];

const NEW_FLAGS: &[Flag] = &[Flag::one(
    KEY,
    "DIR",
    "Folder of PNG and JPEG images for a model of images; \
     folders in it that are named as its classes say the truth",
)
.path()];

/// Images that are rows, in a folder per class.
pub(super) struct ImageFolder;

impl Format for ImageFolder {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: KEY, help: "images, a folder per class", kind: DataKind::Table }
    }

    fn flags(&self) -> &[Flag] {
        FLAGS
    }

    fn load(&self, given: &Given) -> Result<Loaded, DataError> {
        let (folder, options) = (given.path(KEY)?, image_options(given)?);
        let positive = given.text_if_given(POSITIVE.name);
        let (source, notes) = match Parts::of(folder)? {
            None => {
                let (dataset, notes) = learn(folder, Labelled::read(folder, &options)?, positive)?;
                (Source::from(dataset), notes)
            }
            Some(parts) => parts.load(folder, &options, positive)?,
        };
        Ok(Loaded::Table { source, notes })
    }

    fn new_flags(&self) -> &[Flag] {
        NEW_FLAGS
    }

    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let model = model.rows(KEY)?;
        let Some([height, width, channels]) = model.image else {
            return Err(
                Place::of(model.name).error("a model of tables", format!("one of images for --{KEY}"))
            );
        };
        let options = ImageOptions {
            size: Some((width, height)),
            channels: Some(channels),
            most_bytes: Some(given.memory()),
        };
        new_rows(given.path(KEY)?, &model, &options).map(NewData::Rows)
    }
}

/// The folders of the parts.
struct Parts {
    train: PathBuf,
    validation: Option<PathBuf>,
    test: Option<PathBuf>,
}

impl Parts {
    /// The folders train, val and test, if there is train and one of the others.
    fn of(folder: &Path) -> Result<Option<Parts>, DataError> {
        let folders = list_folders(folder)?;
        let find = |name: &str| folders.iter().find(|path| path.ends_with(name)).cloned();
        let (validation, test) = (find("val"), find("test"));
        let Some(train) = find("train").filter(|_| validation.is_some() || test.is_some()) else {
            return Ok(None);
        };
        let known = 1 + usize::from(validation.is_some()) + usize::from(test.is_some());
        if folders.len() > known {
            let names: Vec<String> = folders.iter().map(|path| name_of(path)).collect();
            return Err(Place::of(folder.display().to_string()).error(
                format!("the folders {}", listed(&names)),
                "only train, val and test, or only classes",
            ));
        }
        Ok(Some(Parts { train, validation, test }))
    }

    fn load(
        self,
        folder: &Path,
        options: &ImageOptions,
        positive: Option<&str>,
    ) -> Result<(Source, Vec<String>), DataError> {
        let train = Labelled::read(&self.train, options)?;
        let like = ImageOptions::like(&train.set);
        let (mut dataset, mut notes) = learn(folder, train, positive)?;
        let mut read = |path: &Path| {
            let (part, more) = follow(path, Labelled::read(path, &like)?, &dataset)?;
            notes.extend(more);
            Ok::<_, DataError>(part)
        };
        let validation = self.validation.as_deref().map(&mut read).transpose()?;
        let test = self.test.as_deref().map(&mut read).transpose()?;
        let Some(test) = test else {
            notes.push(
                "no folder test: val is reported on, and a part of train, drawn per seed, chooses the epoch"
                    .into(),
            );
            return Ok((Source { test: validation, ..Source::from(dataset) }, notes));
        };
        let splits = validation.map(|validation| append(&mut dataset, validation));
        Ok((Source { test: Some(test), splits, ..Source::from(dataset) }, notes))
    }
}

/// The images of some folders, with the name of the folder of each.
struct Labelled {
    set: ImageSet,
    /// The name and the number of images of each folder, in the order of the images.
    folders: Vec<(String, usize)>,
    /// The first file.
    first: PathBuf,
}

impl Labelled {
    /// Reads the images of all folders in a folder.
    fn read(folder: &Path, options: &ImageOptions) -> Result<Labelled, DataError> {
        let (mut paths, mut folders) = (Vec::new(), Vec::new());
        for of_class in list_folders(folder)? {
            let images = list_images(&of_class)?;
            if images.is_empty() {
                return Err(Place::of(of_class.display().to_string())
                    .error("no PNG or JPEG file", "a folder of the images of a class"));
            }
            folders.push((name_of(&of_class), images.len()));
            paths.extend(images);
        }
        let Some(first) = paths.first().cloned() else {
            return Err(
                Place::of(folder.display().to_string()).error("no folders", "a folder of images per class")
            );
        };
        Ok(Labelled { set: load_files(folder, paths, options)?, folders, first })
    }

    /// The name of the folder of each image.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().flat_map(|(name, count)| std::iter::repeat_n(name.as_str(), *count))
    }
}

/// A data set to learn from; the names of the folders are the labels.
fn learn(
    folder: &Path,
    images: Labelled,
    positive: Option<&str>,
) -> Result<(Dataset, Vec<String>), DataError> {
    let mut values = Dictionary::default();
    let mut labels: Vec<u32> = images.names().map(|name| values.find_or_add(name.as_bytes())).collect();
    let classes = Classes::of(&values, "folder", positive).map_err(|(found, expected)| {
        Place::of(images.set.name.clone()).error(format!("folders of classes: {found}"), expected)
    })?;
    classes.translate(&mut labels);
    let (pixels, mut notes) = pixels(images.set);
    let dataset = Dataset {
        name: data_name(folder),
        features: Features::Images(Arc::new(pixels)),
        labels,
        label_values: classes.values(&values),
        class_names: classes.names,
        positive: classes.positive,
        groups: None,
    };
    notes.extend(classes.note);
    Ok((dataset, notes))
}

/// A further part, with the classes of the training images, each of which has to occur.
fn follow(folder: &Path, images: Labelled, train: &Dataset) -> Result<(Dataset, Vec<String>), DataError> {
    let place = || Place::of(folder.display().to_string());
    let class = |name: &str| {
        class_of(name, &train.label_values).ok_or_else(|| {
            let known: Vec<&String> = train.label_values.iter().map(|(label, _)| label).collect();
            place().error(format!("a folder {}", quoted(name)), format!("one of train: {}", listed(&known)))
        })
    };
    let labels: Vec<u32> = images.names().map(class).collect::<Result<_, _>>()?;
    let (pixels, notes) = pixels(images.set);
    let dataset = Dataset {
        name: data_name(folder),
        features: Features::Images(Arc::new(pixels)),
        labels,
        label_values: train.label_values.clone(),
        class_names: train.class_names.clone(),
        positive: train.positive,
        groups: None,
    };
    match dataset.absent_class() {
        Some(absent) => {
            Err(place()
                .error(format!("no image of class {}", quoted(absent)), "images of every class of train"))
        }
        None => Ok((dataset, notes)),
    }
}

/// Adds the validation images behind the training images; the split says which are which.
fn append(dataset: &mut Dataset, validation: Dataset) -> GivenSplits {
    let (train, all) = (dataset.rows() as u32, (dataset.rows() + validation.rows()) as u32);
    if let (Features::Images(pixels), Features::Images(more)) = (&mut dataset.features, &validation.features)
    {
        *pixels = Arc::new(pixels.followed_by(more));
    }
    dataset.labels.extend(validation.labels);
    GivenSplits {
        splits: vec![Split {
            train: (0..train).collect(),
            validation: (train..all).collect(),
            test: Vec::new(),
        }],
    }
}

/// New images for a model: those of the folder, or those of the folders in it.
fn new_rows(folder: &Path, model: &RowModel<'_>, options: &ImageOptions) -> Result<NewRows, DataError> {
    let own = list_images(folder)?;
    let place = || Place::of(folder.display().to_string());
    let (set, first, labels, mut notes) = if own.is_empty() {
        let images = Labelled::read(folder, options)?;
        let labels: Option<Vec<u32>> =
            images.names().map(|name| class_of(name, model.label_values)).collect();
        let unknown = images.folders.iter().find(|(name, _)| class_of(name, model.label_values).is_none());
        let note = unknown.map(|(name, _)| {
            format!("folder {} is no class of the model: the images are taken without labels", quoted(name))
        });
        (images.set, images.first, labels, Vec::from_iter(note))
    } else if !list_folders(folder)?.is_empty() {
        return Err(place().error("images and folders", "either images, or a folder per class"));
    } else {
        let first = own.first().cloned().unwrap_or_default();
        (load_files(folder, own, options)?, first, None, Vec::new())
    };
    let (pixels, more) = pixels(set);
    notes.extend(more);
    let rows = counted(pixels.rows(), "image");
    notes.push(format!("{rows} in the order of their names: row 1 is {}", first.display()));
    match model.encoder.transform_pixels(&Arc::new(pixels)) {
        Some(matrix) => Ok(NewRows { hashes: matrix.row_hashes(), matrix, labels, notes }),
        None => Err(Place::of(model.name).error("a model of tables", format!("one of images for --{KEY}"))),
    }
}

/// The class of a label.
fn class_of(name: &str, label_values: &[(String, u32)]) -> Option<u32> {
    let known = Dictionary::of(label_values.iter().map(|(label, _)| label));
    let (_, class) = label_values.get(known.get(name)? as usize)?;
    Some(*class)
}

/// The images of a set as rows, and the notes of the set.
fn pixels(set: ImageSet) -> (Matrix, Vec<String>) {
    let ImageSet { width, height, channels, images, notes, .. } = set;
    let mut bytes = Vec::with_capacity(images.len() * width * height * channels);
    images.into_iter().for_each(|image| bytes.extend_from_slice(&image.image.pixels));
    (Matrix::bytes(width * height * channels, bytes).of_images([height, width, channels]), notes)
}

/// The last part of a path.
fn name_of(path: &Path) -> String {
    // `.` and `..` have no name of their own.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    path.file_name().or(whole.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}
