//! New rows or images for a saved model: what it takes in, and what a format makes of a file for it.

use crate::checks::row_hashes;
use crate::encode::Encoder;
use crate::images::{ImageOptions, ImageSet, check_same_categories};
use crate::matrix::Matrix;
use crate::{Column, Schema};
use losslab_base::{Bytes, DataError, Place, counted, quoted};
use losslab_metrics::boxes::Category;
use std::sync::Arc;

/// What a saved model takes in, which new data has to fit.
#[derive(Clone, Copy, Debug)]
pub enum ModelInput<'a> {
    /// Rows.
    Rows(RowModel<'a>),
    /// Images, in which it finds objects.
    Images(ImageModel<'a>),
}

/// What a saved model of rows takes in.
#[derive(Clone, Copy, Debug)]
pub struct RowModel<'a> {
    /// What messages call the model.
    pub name: &'a str,
    /// How a row becomes the model's input.
    pub encoder: &'a Encoder,
    /// Height, width and channels, where rows are images.
    pub image: Option<[usize; 3]>,
    /// The labels and their classes.
    pub label_values: &'a [(String, u32)],
}

/// What a saved detector takes in.
#[derive(Clone, Copy, Debug)]
pub struct ImageModel<'a> {
    /// What messages call the model.
    pub name: &'a str,
    /// Size and channels of its images.
    pub options: ImageOptions,
    /// What it finds.
    pub categories: &'a [Category],
}

/// New data for a saved model.
#[derive(Clone, Debug)]
pub enum NewData {
    /// For a model of rows.
    Rows(NewRows),
    /// For a detector.
    Images(NewImages),
}

/// New rows, encoded as the model takes them.
#[derive(Clone, Debug)]
pub struct NewRows {
    /// The model's input.
    pub matrix: Arc<Matrix>,
    /// A hash of the features of each row, as [`row_hashes`] makes them.
    pub hashes: Vec<u64>,
    /// The class of each row, where it is known.
    pub labels: Option<Vec<u32>>,
    /// What the loader has to say of the rows.
    pub notes: Vec<String>,
}

/// New images, fitted as the model takes them; their notes stand in the set.
#[derive(Clone, Debug)]
pub struct NewImages {
    /// The images.
    pub set: ImageSet,
    /// Whether the set says where objects are, so that detections can be judged.
    pub has_truth: bool,
}

impl<'a> ModelInput<'a> {
    /// The model as one of rows, for the format that this flag selects.
    ///
    /// # Errors
    /// If it is a detector.
    pub fn rows(&self, flag: &str) -> Result<RowModel<'a>, DataError> {
        match *self {
            ModelInput::Rows(model) => Ok(model),
            ModelInput::Images(model) => {
                Err(Place::of(model.name).error("a detector", format!("a model of rows for --{flag}")))
            }
        }
    }

    /// The model as a detector, for the format that this flag selects.
    ///
    /// # Errors
    /// If it is a model of rows.
    pub fn images(&self, flag: &str) -> Result<ImageModel<'a>, DataError> {
        match *self {
            ModelInput::Images(model) => Ok(model),
            ModelInput::Rows(model) => {
                Err(Place::of(model.name).error("a model of rows", format!("a detector for --{flag}")))
            }
        }
    }
}

impl RowModel<'_> {
    /// What a table has to hold.
    pub fn schema(&self) -> Schema {
        Schema {
            name: self.name.into(),
            columns: self.encoder.kinds(),
            label_values: self.label_values.to_vec(),
            group: None,
        }
    }

    /// Refuses rows that, encoded, would take more than so many bytes: each category is an input.
    ///
    /// # Errors
    /// What they would take.
    pub fn check_memory(&self, rows: usize, most: u64) -> Result<(), DataError> {
        let inputs = self.encoder.width();
        let bytes = (rows as u64).saturating_mul(inputs as u64).saturating_mul(size_of::<f32>() as u64);
        if bytes <= most {
            return Ok(());
        }
        let found = format!("{rows} rows of {inputs} inputs, which need {}", Bytes(bytes));
        Err(Place::of(self.name).error(found, format!("at most {} (--max-memory)", Bytes(most))))
    }

    /// Encodes the columns of the [`schema`](RowModel::schema), with a note on each that has gaps or
    /// categories that the model does not know.
    ///
    /// # Panics
    /// As [`Encoder::transform_columns`].
    #[track_caller]
    pub fn encode(&self, columns: &[Column], rows: usize, labels: Option<Vec<u32>>) -> NewRows {
        let all: Vec<u32> = (0..rows as u32).collect();
        let mut notes = Vec::new();
        for (encoder, column) in self.encoder.columns.iter().zip(columns) {
            let (missing, unseen) = (column.missing(), encoder.unseen(column, &all));
            if missing > 0 || unseen > 0 {
                notes.push(format!(
                    "column {}: {} missing, {unseen} unknown to the model",
                    quoted(&column.name),
                    counted(missing, "value")
                ));
            }
        }
        let hashes = row_hashes(columns, rows);
        NewRows { matrix: self.encoder.transform_columns(columns, rows), hashes, labels, notes }
    }
}

impl ImageModel<'_> {
    /// Refuses a set of other categories than the model's.
    ///
    /// # Errors
    /// The first difference.
    pub fn check_categories(&self, set: &ImageSet) -> Result<(), DataError> {
        let own = ImageSet { categories: self.categories.to_vec(), ..set.part("the model", |_| false) };
        check_same_categories(&[&own, set])
    }
}
