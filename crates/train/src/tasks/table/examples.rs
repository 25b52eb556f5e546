//! Rows as models read them.

use losslab_data::{Matrix, Part};
use losslab_models::Examples;

/// The rows of a part as a model reads them.
pub(super) struct PartExamples<'a>(pub &'a Part);

impl Examples for PartExamples<'_> {
    fn columns(&self) -> usize {
        self.0.matrix.columns()
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        for (out, &row) in out.chunks_exact_mut(self.columns()).zip(rows) {
            self.0.matrix.gather(&[self.0.rows[row as usize]], out);
        }
    }

    fn labels(&self) -> &[u32] {
        &self.0.labels
    }
}

/// All rows of a matrix as a model reads them, without labels.
pub(super) struct MatrixExamples<'a>(pub &'a Matrix);

impl Examples for MatrixExamples<'_> {
    fn columns(&self) -> usize {
        self.0.columns()
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        self.0.gather(rows, out);
    }

    fn labels(&self) -> &[u32] {
        &[]
    }
}
