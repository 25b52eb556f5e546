//! The numbers that a network is fed: a row per example, kept as f32 or, for images, as the bytes they came in.

/// `rows x columns`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    columns: usize,
    /// Height, width and channels, where rows are images.
    image: Option<[usize; 3]>,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    Floats(Vec<f32>),
    /// Stands for byte / 255. A quarter of the memory: 60 000 digits of 28 x 28 take 47 MB instead of 188.
    Bytes(Vec<u8>),
}

impl Matrix {
    /// A matrix of these numbers.
    ///
    /// # Panics
    /// If their count is no multiple of `columns`.
    #[track_caller]
    pub fn floats(columns: usize, values: Vec<f32>) -> Matrix {
        assert!(
            columns > 0 && values.len().is_multiple_of(columns),
            "{} numbers in rows of {columns}",
            values.len()
        );
        Matrix { columns, image: None, values: Values::Floats(values) }
    }

    /// A matrix of bytes; each stands for byte / 255.
    ///
    /// # Panics
    /// If their count is no multiple of `columns`.
    #[track_caller]
    pub fn bytes(columns: usize, values: Vec<u8>) -> Matrix {
        assert!(
            columns > 0 && values.len().is_multiple_of(columns),
            "{} bytes in rows of {columns}",
            values.len()
        );
        Matrix { columns, image: None, values: Values::Bytes(values) }
    }

    /// The same matrix, whose rows are images of this height, width and channels.
    ///
    /// # Panics
    /// If such an image is no row.
    #[track_caller]
    #[must_use]
    pub fn of_images(self, [height, width, channels]: [usize; 3]) -> Matrix {
        assert!(
            height * width * channels == self.columns,
            "images of {height} x {width} x {channels} in rows of {}",
            self.columns
        );
        Matrix { image: Some([height, width, channels]), ..self }
    }

    /// Height, width and channels, where rows are images.
    pub fn image(&self) -> Option<[usize; 3]> {
        self.image
    }

    /// Numbers per row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        let values = match &self.values {
            Values::Floats(values) => values.len(),
            Values::Bytes(values) => values.len(),
        };
        values / self.columns
    }

    /// Copies the given rows, one after another, to `out` of `rows.len() * columns` numbers.
    ///
    /// # Panics
    /// If a row does not exist.
    #[track_caller]
    pub fn gather(&self, rows: &[u32], out: &mut [f32]) {
        let columns = self.columns;
        for (out, &row) in out.chunks_exact_mut(columns).zip(rows) {
            let range = row as usize * columns..(row as usize + 1) * columns;
            match &self.values {
                Values::Floats(values) => out.copy_from_slice(&values[range]),
                Values::Bytes(values) => {
                    let bytes = &values[range];
                    out.iter_mut().zip(bytes).for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
                }
            }
        }
    }

    /// What tells two matrices apart, in order, for a fingerprint.
    pub(super) fn visit_bytes(&self, mut visit: impl FnMut(&[u8])) {
        match &self.values {
            Values::Floats(values) => values.iter().for_each(|x| visit(&x.to_bits().to_le_bytes())),
            Values::Bytes(values) => visit(values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_in_the_order_asked_for() {
        let floats = Matrix::floats(2, vec![1.0, 2.0, 3.0, 4.0]);
        let mut out = [0.0; 4];
        floats.gather(&[1, 0], &mut out);
        assert_eq!((out, floats.rows(), floats.columns()), ([3.0, 4.0, 1.0, 2.0], 2, 2));
        let bytes = Matrix::bytes(2, vec![0, 255, 51, 102]);
        bytes.gather(&[1, 0], &mut out);
        assert_eq!(out, [0.2, 0.4, 0.0, 1.0]);
    }
}
