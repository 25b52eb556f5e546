//! Few rows or objects to be found in the test part.

use super::{Check, CheckInfo, RowParts, Severity};
use crate::Prepared;
use crate::images::ImageParts;
use losslab_base::counted;

/// Fewer are told.
const FEW: u64 = 20;

/// A test part with few rows of a class, or few objects.
pub(super) struct FewPositives;

impl Check for FewPositives {
    fn info(&self) -> CheckInfo {
        CheckInfo {
            kind: "few-positives",
            severity: Severity::Note,
            finds: "fewer than 20 positives in a test part, with more than two classes of any class; fewer \
                    than 20 objects in the test images",
        }
    }

    fn rows(&self, rows: &RowParts<'_>) -> Option<String> {
        let data = &rows.source().dataset;
        let of_part = |parts: &Prepared| {
            let mut counts = parts.test.class_counts().into_iter().zip(&data.class_names);
            if data.positive.is_some() { counts.nth(1) } else { counts.min_by_key(|(rows, _)| *rows) }
        };
        let (count, class) = rows.parts().iter().filter_map(of_part).min_by_key(|(rows, _)| *rows)?;
        (count < FEW).then(|| {
            told(&format!("test part has only {} of class {class:?}", counted(count as usize, "row")))
        })
    }

    fn boxes(&self, parts: &ImageParts) -> Option<String> {
        let objects = parts.test.images.iter().flat_map(|image| &image.objects);
        let count = objects.filter(|object| !object.ignore).count() as u64;
        (count < FEW).then(|| told(&format!("test images have only {}", counted(count as usize, "object"))))
    }
}

fn told(what: &str) -> String {
    format!(
        "the {what}, fewer than {FEW}: metrics of single runs are rough, and only large differences can be \
         seen"
    )
}
