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
//! PNG carries checksums, JPEG does not: a JPEG with changed bytes may decode to a changed picture without an
//! error. One that ends early is refused.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod jpeg;
mod png;

use super::Image;
use crate::files::read_regular;
use losslab_base::{DataError, Place};
use std::path::Path;

/// Most pixels of an image, 8192 x 8192; checked before memory is taken.
pub const MAX_PIXELS: usize = 1 << 26;
/// Longest file, in bytes: an uncompressed image of [`MAX_PIXELS`] in RGBA, and some.
pub(super) const MAX_BYTES: u64 = 1 << 29;

/// What a file says of its image before the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub width: usize,
    pub height: usize,
    /// 1 or 3; alpha is not counted.
    pub channels: usize,
}

/// An image and whether something of it was transparent, which it is no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
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
    let bytes = read_regular(path, MAX_BYTES);
    let bytes = bytes.map_err(|error| DataError::Read { file: name.clone(), error })?;
    decode(&name, &bytes).map(|decoded| decoded.image)
}

/// Size and channels, without the pixels.
pub fn header(file: &str, bytes: &[u8]) -> Result<Header, DataError> {
    match format(file, bytes)? {
        Format::Png => png::header(file, bytes),
        Format::Jpeg => jpeg::header(file, bytes),
    }
}

/// All of an image; `file` is what messages call it.
pub fn decode(file: &str, bytes: &[u8]) -> Result<Decoded, DataError> {
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
            wrong(file, format!("{} of something else", losslab_base::counted(bytes.len(), "byte")), EXPECTED)
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

/// Refuses a size that a file of so many bytes cannot fill, before memory is taken for it.
fn check_filled(
    file: &str,
    header: Header,
    bytes: usize,
    most_pixels_per_byte: usize,
) -> Result<(), DataError> {
    let Header { width, height, .. } = header;
    if width * height <= bytes.saturating_mul(most_pixels_per_byte) {
        return Ok(());
    }
    let found = format!("an image of {width} x {height} pixels in {}", losslab_base::counted(bytes, "byte"));
    Err(wrong(file, found, "a whole image"))
}

fn wrong(file: &str, found: impl Into<String>, expected: impl Into<String>) -> DataError {
    Place::of(file).error(found, expected)
}

/// The error of a file that a decoder gave up on, on one line.
fn damaged(file: &str, format: &str, error: impl std::fmt::Display) -> DataError {
    let error = error.to_string();
    let words: Vec<&str> = error.trim_end_matches('.').split_whitespace().collect();
    wrong(file, format!("a damaged file ({})", words.join(" ")), format!("a whole {format} image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole_files() -> [Vec<u8>; 4] {
        let mut png = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut png, 5, 4);
        encoder.set_color(::png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&(0..60).collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        [
            png,
            include_bytes!("../../../tests/fixtures/images/grey.jpg").to_vec(),
            include_bytes!("../../../tests/fixtures/images/progressive.jpg").to_vec(),
            include_bytes!("../../../tests/fixtures/images/subsampled.jpg").to_vec(),
        ]
    }

    /// Cut at every length. Only the end mark of a PNG, 12 bytes and the checksum before it, may be missing.
    #[test]
    fn files_that_end_early_are_refused() {
        for whole in whole_files() {
            let needed = if whole[0] == 0x89 { whole.len() - 16 } else { whole.len() };
            (0..needed)
                .for_each(|end| assert!(decode("a", &whole[..end]).is_err(), "{end} of {}", whole.len()));
            assert!(decode("a", &whole).is_ok());
        }
    }

    #[test]
    fn a_size_that_the_file_cannot_fill_is_refused() {
        let mut png = Vec::new();
        ::png::Encoder::new(&mut png, 8192, 8192).write_header().unwrap();
        let [_, mut jpeg, ..] = whole_files();
        // Height and width stand behind the frame's mark, its length and the number of bits.
        let sizes = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
        jpeg[sizes..sizes + 4].copy_from_slice(&[0x20, 0, 0x20, 0]);
        for file in [png, jpeg] {
            let error = header("a", &file).unwrap_err().to_string();
            let found = format!("found an image of 8192 x 8192 pixels in {} bytes", file.len());
            assert!(error.contains(&found), "{error}");
        }
    }

    #[test]
    fn changed_bytes_give_an_image_or_an_error_but_no_panic() {
        for whole in whole_files() {
            for (at, change) in (0..whole.len()).flat_map(|at| [(at, 0x01), (at, 0xff)]) {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                if let Ok(Decoded { image, .. }) = decode("a", &bytes) {
                    assert_eq!(image.pixels.len(), image.width * image.height * image.channels);
                }
            }
        }
    }
}
