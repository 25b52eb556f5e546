//! PNG and JPEG files become [`Image`]s.
//!
//! | taken | refused, with an error that says so |
//! |---|---|
//! | PNG with up to 8 bits: grey, colour, palette, with or without alpha, interlaced | 16-bit PNG |
//! | JPEG, baseline and progressive: grey, YCbCr, RGB | CMYK and YCCK, arithmetic and lossless JPEG |
//!
//! The first bytes of a file decide what it is, not its name. Three choices that a reader should know:
//! - **16 bits** are refused, not cut to 8: microscopes and depth cameras often use a few low bits of the 16 only, and the
//!   upper byte would be black. **CMYK** is refused because its colours depend on a profile.
//! - **Alpha** is dropped, as PIL's `convert("RGB")` does: a pixel keeps its colour, however transparent it is.
//!   The loaders count such images in their notes.
//! - **Orientation** in EXIF is ignored, as it is by the COCO and VOC tools: boxes are in the pixels as stored.
//!
//! PNG carries checksums, JPEG does not: a JPEG with changed bytes may decode to a changed picture without an error. One
//! that ends early is refused.

mod jpeg;
mod png;

use super::Image;
use crate::data::{DataError, Place};
use std::path::Path;

/// Most pixels of an image, 8192 x 8192; checked before memory is taken.
pub const MAX_PIXELS: usize = 1 << 26;
/// Longest file, in bytes: an uncompressed image of [`MAX_PIXELS`] in RGBA, and some.
const MAX_BYTES: u64 = 1 << 29;

/// What a file says of its image before the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub width: usize,
    pub height: usize,
    /// 1 or 3; alpha is not counted.
    pub channels: usize,
}

/// An image and whether something of it was transparent, which it is no more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub image: Image,
    pub transparent: bool,
}

enum Format {
    Png,
    Jpeg,
}

/// Reads a PNG or JPEG file: 1 channel if it is grey, otherwise 3.
///
/// # Errors
/// If the file cannot be read, is damaged or cut off, is in another format, is empty, or has more than
/// [`MAX_PIXELS`]; see the top of this file for the kinds of PNG and JPEG that are refused.
pub fn read_image(path: &Path) -> Result<Image, DataError> {
    let name = path.display().to_string();
    decode(&name, &read(path)?).map(|decoded| decoded.image)
}

/// The bytes of a file that may be an image.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let file = path.display().to_string();
    let unreadable = |error| DataError::Read { file: file.clone(), error };
    let data = std::fs::metadata(path).map_err(unreadable)?;
    match () {
        () if !data.is_file() => Err(wrong(&file, "a folder or a device", EXPECTED)),
        () if data.len() > MAX_BYTES => {
            Err(wrong(&file, format!("a file of {} bytes", data.len()), format!("at most {MAX_BYTES}")))
        }
        () => std::fs::read(path).map_err(unreadable),
    }
}

/// Size and channels, without the pixels.
pub(super) fn header(file: &str, bytes: &[u8]) -> Result<Header, DataError> {
    match format(file, bytes)? {
        Format::Png => png::header(file, bytes),
        Format::Jpeg => jpeg::header(file, bytes),
    }
}

/// All of an image; `file` is what messages call it.
pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Decoded, DataError> {
    match format(file, bytes)? {
        Format::Png => png::decode(file, bytes),
        Format::Jpeg => jpeg::decode(file, bytes),
    }
}

const EXPECTED: &str = "a PNG or JPEG image";

fn format(file: &str, bytes: &[u8]) -> Result<Format, DataError> {
    const OTHERS: [(&[u8], &str); 7] = [
        (b"GIF8", "a GIF image"),
        (b"BM", "a BMP image"),
        (b"II*\0", "a TIFF image"),
        (b"MM\0*", "a TIFF image"),
        (b"RIFF", "a WebP image or another RIFF file"),
        (b"<", "a text file in XML or HTML"),
        (b"version https://git-lfs", "a pointer of Git LFS in place of the image"),
    ];
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"\xff\xd8") {
        return Ok(Format::Jpeg);
    }
    let known = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic));
    Err(match known {
        Some((_, found)) => wrong(file, *found, EXPECTED),
        None if bytes.is_empty() => wrong(file, "an empty file", EXPECTED),
        None => {
            wrong(file, format!("{} that are neither", crate::data::counted(bytes.len(), "byte")), EXPECTED)
        }
    })
}

/// Refuses images without pixels and those with too many.
fn check_size(file: &str, width: usize, height: usize) -> Result<(), DataError> {
    let found = || format!("an image of {width} x {height} pixels");
    match width.checked_mul(height) {
        Some(0) => Err(wrong(file, found(), "an image with pixels")),
        Some(1..=MAX_PIXELS) => Ok(()),
        _ => Err(wrong(file, found(), format!("at most {MAX_PIXELS} pixels, such as 8192 x 8192"))),
    }
}

fn wrong(file: &str, found: impl Into<String>, expected: impl Into<String>) -> DataError {
    Place::of(file).error(found, expected)
}

/// The error of a file that a decoder gave up on.
fn damaged(file: &str, format: &str, error: impl std::fmt::Display) -> DataError {
    let error = error.to_string();
    wrong(file, format!("a fault ({})", error.trim_end_matches('.')), format!("a whole {format} image"))
}
