//! What a caller may choose about the images of a set.

use super::{ImageSet, MAX_SET_BYTES};
use losslab_base::{Bytes, DataError, Place};

/// Size and channels of the images of a set. What is not given follows from the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageOptions {
    /// Width and height. By default the most frequent size of the files (of equally frequent ones the largest
    /// area, then the widest); images of another size are letter-boxed into it.
    pub size: Option<(usize, usize)>,
    /// 1 or 3. By default 1 if all images are grey, otherwise 3. Grey becomes colour by repetition, colour
    /// becomes grey as .299 R + .587 G + .114 B (ITU-R BT.601).
    pub channels: Option<usize>,
    /// Most bytes that the images of a set may take in memory; by default [`MAX_SET_BYTES`].
    pub most_bytes: Option<u64>,
}

impl ImageOptions {
    /// The size and channels of another set: what validation and test images need, so that one model takes
    /// all.
    pub fn like(set: &ImageSet) -> ImageOptions {
        ImageOptions { size: Some((set.width, set.height)), channels: Some(set.channels), most_bytes: None }
    }

    /// Reads a size such as `160x120`, width first.
    ///
    /// # Errors
    /// If the text is not two whole numbers of at least 1; the message calls it `--image-size`.
    pub fn parse_size(text: &str) -> Result<(usize, usize), DataError> {
        let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        match sides {
            Some((width, height)) if width > 0 && height > 0 => Ok((width, height)),
            _ => {
                Err(Place::of("--image-size")
                    .error(format!("'{text}'"), "two numbers of pixels such as 160x120"))
            }
        }
    }

    /// Refuses a set of so many images of this shape that takes too much memory.
    pub(super) fn check_memory(
        &self,
        name: &str,
        count: usize,
        [width, height, channels]: [usize; 3],
    ) -> Result<(), DataError> {
        let most = self.most_bytes.unwrap_or(MAX_SET_BYTES as u64).min(MAX_SET_BYTES as u64);
        let bytes = (count as u64).saturating_mul((width * height * channels) as u64);
        if bytes <= most {
            return Ok(());
        }
        let found = format!("{count} images of {width} x {height} x {channels}, {}", Bytes(bytes));
        let expected = format!("at most {} of pixels: give a smaller image size", Bytes(most));
        Err(Place::of(name).error(found, expected))
    }

    pub(super) fn check(&self) -> Result<(), DataError> {
        if let Some((width, height)) = self.size
            && !matches!(width.checked_mul(height), Some(1..=super::MAX_PIXELS))
        {
            let expected = format!("at least one pixel and at most {}", super::MAX_PIXELS);
            return Err(Place::of("image size").error(format!("{width}x{height}"), expected));
        }
        match self.channels {
            None | Some(1 | 3) => Ok(()),
            Some(other) => {
                Err(Place::of("image channels").error(other.to_string(), "1 (grey) or 3 (colour)"))
            }
        }
    }
}
