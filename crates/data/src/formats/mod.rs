//! Formats of data: what the command line can load, and the flags by which it is named.
//!
//! | file | what it holds |
//! |---|---|
//! | `registry` | [`Formats`], the list of all formats, and the checks of what they declare |
//! | `select` | which format a command names, and whether its flags belong together |
//! | `flag`, `given` | a flag as a format declares it, and the flags that are given |
//! | `new_data` | new rows or images for a saved model |
//! | `csv`, `idx`, `image_folder`, `synthetic` | formats of tables: rows with a label |
//! | `coco`, `voc`, `scenes` | formats of images with boxes |
//!
//! A new format is a type that implements [`Format`] and one line of [`Formats::standard`], or of a program
//! of one's own:
//!
//! ```
//! use losslab_data::formats::{DataKind, Flag, Format, FormatInfo, Formats, Given, Loaded};
//! use losslab_data::{DataError, SyntheticSpec};
//!
//! struct Rings;
//!
//! impl Format for Rings {
//!     fn info(&self) -> FormatInfo {
//!         FormatInfo { name: "rings", help: "a synthetic problem of so many rows", kind: DataKind::Table }
//!     }
//!
//!     fn flags(&self) -> &[Flag] {
//!         const { &[Flag::one("rings", "N", "Synthetic problem of so many rows")] }
//!     }
//!
//!     fn load(&self, given: &Given) -> Result<Loaded, DataError> {
//!         let spec: SyntheticSpec = format!("rows={}", given.text("rings")?).parse()?;
//!         Ok(Loaded::Table { source: spec.generate().into(), notes: Vec::new() })
//!     }
//! }
//!
//! let formats = Formats::standard().with(Rings);
//! let given = Given::new().with("rings", "2020");
//! let format = formats.select(&given)?.ok_or("no format")?;
//! let Loaded::Table { source, .. } = format.load(&given)? else { return Err("no table".into()) };
//! assert_eq!(source.dataset.rows(), 2020);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod coco;
mod csv;
mod flag;
mod given;
mod idx;
mod image_folder;
mod new_data;
mod registry;
mod scenes;
mod select;
mod synthetic;
mod voc;

pub use flag::{Flag, Takes};
pub use given::Given;
pub use new_data::{ImageModel, ModelInput, NewData, NewImages, NewRows, RowModel};
pub use registry::Formats;

use crate::images::ImageParts;
use crate::prepare::Source;
use losslab_base::DataError;
use losslab_metrics::boxes::VocRule;

/// A format of data: how it is named on the command line, and how it is loaded.
pub trait Format: Send + Sync {
    /// What the format is called and what it holds.
    fn info(&self) -> FormatInfo;

    /// The flags of commands that learn. The first one selects the format. A flag may belong to several
    /// formats if they all declare it alike.
    fn flags(&self) -> &[Flag];

    /// Loads the data that these flags name; they have passed [`Formats::select`].
    ///
    /// # Errors
    /// If a value, or what it names, is not as the format needs it.
    fn load(&self, given: &Given) -> Result<Loaded, DataError>;

    /// The flags of commands that give new rows or images to a saved model, the first one selecting the
    /// format. Without any, the format holds only data to learn from.
    fn new_flags(&self) -> &[Flag] {
        &[]
    }

    /// Loads new rows or images for a saved model; the flags have passed [`Formats::select_new`].
    ///
    /// # Errors
    /// If a value, or what it names, is not as the format needs it, or does not fit the model.
    fn load_new(&self, given: &Given, model: &ModelInput<'_>) -> Result<NewData, DataError> {
        let _ = (given, model);
        Err(DataError::Flags(format!("{}: a format of data to learn from alone", self.info().name)))
    }
}

/// What a format is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// Its name, such as `csv`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub help: &'static str,
    /// What it holds.
    pub kind: DataKind,
}

/// What a format holds, known before anything is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// Rows with a label: [`Loaded::Table`].
    Table,
    /// Images with boxes: [`Loaded::Boxes`].
    Boxes,
}

/// Data to learn from.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each command")]
pub enum Loaded {
    /// Rows with a label.
    Table {
        /// The rows.
        source: Source,
        /// What the loader has to say of them.
        notes: Vec<String>,
    },
    /// Images with boxes; their notes stand in the sets.
    Boxes {
        /// The images.
        parts: ImageParts,
        /// The rule of Pascal VOC's own average precision, for data in its form.
        voc_rule: Option<VocRule>,
    },
}
