//! Training images, mirrored and moved anew in each epoch.

use super::settings::TableSettings;
use losslab_base::rng::Rng;
use losslab_data::images::Augmentation;
use losslab_models::Examples;

/// The stream of a seed that the augmentation of all its epochs comes from.
const STREAM: u64 = 3;

/// How the training images of one seed are changed.
///
/// The draws of an image depend on seed, epoch and row alone, so that neither threads, batches nor an interruption change
/// them. A row that an epoch visits more than once is changed alike each time.
pub(super) struct Augmenter {
    augmentation: Augmentation,
    image: [usize; 3],
    seed: u64,
}

impl Augmenter {
    /// Nothing unless the rows are images and the settings change them.
    pub(super) fn new(settings: &TableSettings, image: Option<[usize; 3]>, seed: u64) -> Option<Self> {
        let &TableSettings { flips, shift, .. } = settings;
        let image = image.filter(|_| flips || shift > 0)?;
        let augmentation = Augmentation { flip_x: flips, flip_y: false, shift };
        Some(Self { augmentation, image, seed: Rng::stream(seed, STREAM).next_u64() })
    }

    /// What is wrong with such settings for these rows, if anything.
    ///
    /// # Errors
    /// If the rows are no images, or would be moved out of sight.
    pub(super) fn check(settings: &TableSettings, image: Option<[usize; 3]>) -> Result<(), String> {
        let &TableSettings { flips, shift, .. } = settings;
        match image {
            None if flips => Err("--flips: mirrors images; here are rows of a table".into()),
            None if shift > 0 => Err("--shift: moves images; here are rows of a table".into()),
            Some([height, width, _]) if shift >= height.min(width) => Err(format!(
                "--shift {shift}: expected less than the sides of the images, {width} x {height}"
            )),
            _ => Ok(()),
        }
    }

    /// The examples of an epoch.
    pub(super) fn epoch<'a>(&'a self, examples: &'a dyn Examples, epoch: usize) -> Augmented<'a> {
        Augmented { augmenter: self, examples, epoch: epoch as u64 }
    }
}

/// The training images as one epoch sees them.
pub(super) struct Augmented<'a> {
    augmenter: &'a Augmenter,
    examples: &'a dyn Examples,
    epoch: u64,
}

impl Examples for Augmented<'_> {
    fn columns(&self) -> usize {
        self.examples.columns()
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        self.examples.gather(rows, out);
        let &Augmenter { augmentation, image, seed } = self.augmenter;
        for (out, &row) in out.chunks_exact_mut(self.columns()).zip(rows) {
            let mut rng = Rng::stream(seed, self.epoch << 32 | u64::from(row));
            augmentation.draw(&mut rng).apply(image, out);
        }
    }

    fn labels(&self) -> &[u32] {
        self.examples.labels()
    }
}
