//! Writing PNG files.

use crate::images::Image;

/// The image as the bytes of a PNG file, grey or RGB with 8 bits per channel.
///
/// # Panics
/// If the image has no pixels, other than 1 or 3 channels, or not as many numbers as its size says.
#[track_caller]
pub fn encode_png(image: &Image) -> Vec<u8> {
    let Image { width, height, channels, pixels } = image;
    let colour = match channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => panic!("encode_png: {channels} channels, expected 1 (grey) or 3 (RGB)"),
    };
    let fits = pixels.len() == width * height * channels && !pixels.is_empty();
    assert!(fits, "encode_png: {} numbers for {width} x {height} x {channels}", pixels.len());
    let size =
        |n: usize| u32::try_from(n).unwrap_or_else(|_| panic!("encode_png: {n} pixels in a row or column"));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size(*width), size(*height));
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(pixels)?;
        writer.finish()
    });
    // Memory takes everything, and the shape was checked above.
    written.unwrap_or_else(|error| panic!("encode_png: {error}"));
    bytes
}
