//! JPEG, by the `zune-jpeg` crate.

use super::{Decoded, Header, check_filled, check_size, damaged, wrong};
use crate::images::Image;
use losslab_base::DataError;
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A code word has at least one bit, and codes at most 32 x 32 pixels: a block of 8 x 8, sampled at a quarter
/// each way.
const MOST_PIXELS_PER_BYTE: usize = 8 * 32 * 32;

pub(super) fn header(file: &str, bytes: &[u8]) -> Result<Header, DataError> {
    open(file, bytes).map(|(_, header)| header)
}

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Decoded, DataError> {
    let (mut decoder, Header { width, height, channels }) = open(file, bytes)?;
    // The decoder notices a missing row of blocks, but not that the last one is cut.
    if !bytes.windows(2).rev().any(|pair| pair == b"\xff\xd9") {
        return Err(wrong(file, "a JPEG image that ends early", "a whole JPEG image"));
    }
    let pixels = decoder.decode().map_err(|error| fault(file, &error))?;
    if pixels.len() != width * height * channels {
        return Err(damaged(file, "JPEG", format!("{} numbers decoded", pixels.len())));
    }
    Ok(Decoded { image: Image { width, height, channels, pixels }, transparent: false })
}

type Open<'a> = (JpegDecoder<Cursor<&'a [u8]>>, Header);

fn open<'a>(file: &str, bytes: &'a [u8]) -> Result<Open<'a>, DataError> {
    const LONGEST: usize = u16::MAX as usize;
    // Strict: what is missing is an error, not grey. Without code for instruction sets, which was no faster
    // on 364 photographs: one path gives the same pixels, and so the same fingerprint, on every machine.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_use_unsafe(false)
        .set_max_width(LONGEST)
        .set_max_height(LONGEST);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| fault(file, &error))?;
    let (Some((width, height)), Some(colours)) = (decoder.dimensions(), decoder.input_colorspace()) else {
        return Err(damaged(file, "JPEG", "no header"));
    };
    check_size(file, width, height)?;
    let (colours, channels) = match colours {
        ColorSpace::Luma => (ColorSpace::Luma, 1),
        ColorSpace::YCbCr | ColorSpace::RGB => (ColorSpace::RGB, 3),
        ColorSpace::CMYK | ColorSpace::YCCK => {
            let expected = "grey or RGB: convert it with its colour profile";
            return Err(wrong(file, "a JPEG image in CMYK", expected));
        }
        other => return Err(wrong(file, format!("a JPEG image in {other:?}"), "grey or RGB")),
    };
    let header = Header { width, height, channels };
    check_filled(file, header, bytes.len(), MOST_PIXELS_PER_BYTE)?;
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    Ok((decoder, header))
}

fn fault(file: &str, error: &DecodeErrors) -> DataError {
    match error {
        DecodeErrors::ZeroError => wrong(file, "an image of 0 pixels", "an image with pixels"),
        error => damaged(file, "JPEG", error),
    }
}
