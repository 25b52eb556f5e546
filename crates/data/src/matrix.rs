//! The numbers that a network is fed: a row per example, kept as f32 or, for images, as the bytes they came
//! in.

use super::scale::Scaling;
use losslab_base::Fnv1a;
use std::sync::Arc;

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
    Bytes(Arc<Vec<u8>>),
    /// Stands for the number of the byte in its channel's list; channels lie side by side. The bytes are
    /// shared by the scalings of several splits.
    Scaled(Arc<Vec<u8>>, Vec<Levels>),
}

/// The number that each byte stands for.
type Levels = [f32; 256];

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
        Matrix { columns, image: None, values: Values::Bytes(Arc::new(values)) }
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

    /// The same bytes, each standing for what the scaling of its channel makes of it; the bytes are not
    /// copied.
    ///
    /// # Panics
    /// If the matrix is not of bytes, or a row is not a whole number of pixels of so many channels.
    #[track_caller]
    #[must_use]
    pub fn scaled(&self, channels: &[Scaling]) -> Matrix {
        assert!(
            !channels.is_empty() && self.columns.is_multiple_of(channels.len()),
            "scalings of {} channels for rows of {}",
            channels.len(),
            self.columns
        );
        let levels = |scaling: &Scaling| std::array::from_fn(|byte| scaling.apply(byte as f64));
        let values = Values::Scaled(self.shared_bytes().clone(), channels.iter().map(levels).collect());
        Matrix { columns: self.columns, image: self.image, values }
    }

    /// The scaling to mean 0 and deviation 1 of each of so many channels, over all pixels of these rows. The
    /// sums are whole numbers, so that no order changes a bit.
    ///
    /// # Panics
    /// If the matrix is not of bytes, or a row does not exist.
    #[track_caller]
    pub fn channel_scalings(&self, channels: usize, rows: &[u32]) -> Vec<Scaling> {
        let bytes = self.shared_bytes();
        let mut sums = vec![[0u64; 2]; channels];
        for &row in rows {
            for pixel in bytes[row as usize * self.columns..][..self.columns].chunks_exact(channels) {
                for (sum, &byte) in sums.iter_mut().zip(pixel) {
                    sum[0] += u64::from(byte);
                    sum[1] += u64::from(byte) * u64::from(byte);
                }
            }
        }
        let count = (rows.len() * self.columns / channels).max(1) as f64;
        let scaling = |[sum, squares]: [u64; 2]| {
            let mean = sum as f64 / count;
            let deviation = (squares as f64 / count - mean * mean).max(0.0).sqrt();
            let constant = deviation == 0.0;
            Scaling { mean, scale: if constant { 1.0 } else { deviation }, constant }
        };
        sums.into_iter().map(scaling).collect()
    }

    /// The rows of this matrix of bytes, then those of another.
    ///
    /// # Panics
    /// If one of them is not of bytes, or they have rows of another length.
    #[track_caller]
    #[must_use]
    pub fn followed_by(&self, other: &Matrix) -> Matrix {
        assert!(self.columns == other.columns, "rows of {} behind rows of {}", other.columns, self.columns);
        let bytes = [&self.shared_bytes()[..], &other.shared_bytes()[..]].concat();
        Matrix { columns: self.columns, image: self.image, values: Values::Bytes(Arc::new(bytes)) }
    }

    #[track_caller]
    fn shared_bytes(&self) -> &Arc<Vec<u8>> {
        match &self.values {
            Values::Bytes(bytes) | Values::Scaled(bytes, _) => bytes,
            Values::Floats(_) => panic!("a matrix of numbers, expected one of bytes"),
        }
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
            Values::Bytes(bytes) | Values::Scaled(bytes, _) => bytes.len(),
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
                Values::Scaled(values, levels) => {
                    let channels = levels.len();
                    let pixels = out.chunks_exact_mut(channels).zip(values[range].chunks_exact(channels));
                    for (out, pixel) in pixels {
                        let numbers = levels.iter().zip(pixel).map(|(levels, &byte)| levels[byte as usize]);
                        out.iter_mut().zip(numbers).for_each(|(x, number)| *x = number);
                    }
                }
            }
        }
    }

    /// The bytes of each row, if the matrix is one of bytes.
    pub fn rows_of_bytes(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = match &self.values {
            Values::Floats(_) => &[][..],
            Values::Bytes(bytes) | Values::Scaled(bytes, _) => bytes,
        };
        bytes.chunks_exact(self.columns)
    }

    /// A hash of the bytes of each row, FNV-1a of 64 bits, if the matrix is one of bytes.
    pub fn row_hashes(&self) -> Vec<u64> {
        let hash = |row: &[u8]| {
            let mut hash = Fnv1a::new();
            hash.bytes(row);
            hash.finish()
        };
        self.rows_of_bytes().map(hash).collect()
    }

    /// What tells two matrices apart, in order, for a fingerprint.
    pub(super) fn visit_bytes(&self, mut visit: impl FnMut(&[u8])) {
        match &self.values {
            Values::Floats(values) => values.iter().for_each(|x| visit(&x.to_bits().to_le_bytes())),
            Values::Bytes(bytes) | Values::Scaled(bytes, _) => visit(bytes),
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

    #[test]
    fn channels_are_standardised_by_the_rows_asked_for() {
        // Two images of two pixels of two channels; the first channel of row 0 is 1, 3 and the second 7, 7.
        let bytes = Matrix::bytes(4, vec![1, 7, 3, 7, 5, 9, 2, 0]).of_images([1, 2, 2]);
        let scalings = bytes.channel_scalings(2, &[0]);
        let [first, second] = &scalings[..] else { panic!("{scalings:?}") };
        assert_eq!((first.mean, first.scale, first.constant), (2.0, 1.0, false));
        assert_eq!((second.mean, second.scale, second.constant), (7.0, 1.0, true));
        let mut out = [0.0; 4];
        let scaled = bytes.scaled(&scalings);
        scaled.gather(&[0], &mut out);
        assert_eq!(out, [-1.0, 0.0, 1.0, 0.0]);
        scaled.gather(&[1], &mut out);
        assert_eq!((out, scaled.image(), scaled.rows()), ([3.0, 2.0, 0.0, -7.0], Some([1, 2, 2]), 2));
    }
}
