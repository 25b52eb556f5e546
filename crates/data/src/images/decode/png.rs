//! PNG, by the `png` crate, which checks the checksums of the chunks.

use super::{Decoded, Header, check_filled, check_size, damaged, wrong};
use crate::images::Image;
use losslab_base::DataError;
use png::{BitDepth, ColorType, Decoder, Transformations};
use std::io::Cursor;

/// A deflate stream unpacks to at most so many times its size (zlib's documentation, "Maximum Compression
/// Factor").
const MOST_UNPACKED: usize = 1032;

pub(super) fn header(file: &str, bytes: &[u8]) -> Result<Header, DataError> {
    open(file, bytes).map(|(_, header)| header)
}

pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Decoded, DataError> {
    let (mut decoder, Header { width, height, channels }) = open(file, bytes)?;
    // Palettes become colours, 1, 2 and 4 bits become 8, a transparent colour becomes an alpha channel.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| damaged(file, "PNG", error))?;
    let samples = reader.output_color_type().0.samples();
    let mut pixels = vec![0; width * height * samples];
    reader.next_frame(&mut pixels).map_err(|error| damaged(file, "PNG", error))?;
    let alpha_below = |pixel: &[u8]| pixel.get(channels).is_some_and(|&alpha| alpha < 255);
    let transparent = pixels.chunks_exact(samples).any(alpha_below);
    if samples > channels {
        pixels = pixels.chunks_exact(samples).flat_map(|pixel| pixel.split_at(channels).0).copied().collect();
    }
    Ok(Decoded { image: Image { width, height, channels, pixels }, transparent })
}

type Open<'a> = (Decoder<Cursor<&'a [u8]>>, Header);

fn open<'a>(file: &str, bytes: &'a [u8]) -> Result<Open<'a>, DataError> {
    // The crate calls a size of 0 "Invalid PNG"; it stands 16 bytes in, both numbers with the high byte
    // first.
    if let Some([a, b, c, d, e, f, g, h]) = bytes.get(16..24) {
        let number = |bytes| u32::from_be_bytes(bytes) as usize;
        check_size(file, number([*a, *b, *c, *d]), number([*e, *f, *g, *h]))?;
    }
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(|error| damaged(file, "PNG", error))?;
    if info.bit_depth == BitDepth::Sixteen {
        let expected = "8 bits or fewer: convert it, choosing the range of brightness to keep";
        return Err(wrong(file, "a PNG image with 16 bits a channel", expected));
    }
    let channels = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 1,
        ColorType::Rgb | ColorType::Indexed | ColorType::Rgba => 3,
    };
    let header = Header { width: info.width as usize, height: info.height as usize, channels };
    let bits = info.bits_per_pixel();
    check_filled(file, header, bytes.len(), (8 * MOST_UNPACKED).div_ceil(bits))?;
    Ok((decoder, header))
}
