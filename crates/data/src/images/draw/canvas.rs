//! Drawing on an image: enlarging, rectangles, text. What lies outside is left out.

use super::font::{GLYPH_HEIGHT, for_each_dot, text_width};
use crate::images::Image;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Pixels around the text of a label.
const PADDING: usize = 1;
/// Height of a label in pixels.
pub const LABEL_HEIGHT: usize = GLYPH_HEIGHT + 2 * PADDING;

/// Every pixel becomes a square of `times` x `times`; grey becomes RGB.
///
/// # Panics
/// If `times` is 0, or the image is neither grey nor RGB.
#[track_caller]
pub fn enlarge(image: &Image, times: usize) -> Image {
    assert!(times > 0, "enlarge: 0 times");
    assert!(matches!(image.channels, 1 | 3), "enlarge: {} channels, expected 1 or 3", image.channels);
    let mut large = Image::filled(image.width * times, image.height * times, &[0, 0, 0]);
    for y in 0..large.height {
        for x in 0..large.width {
            let from = image.pixel(x / times, y / times);
            let to = large.pixel_mut(x, y);
            // A grey pixel's one number goes to all three channels.
            to.iter_mut().enumerate().for_each(|(c, level)| *level = from[c % from.len()]);
        }
    }
    large
}

/// Copies an RGB image with its left upper corner to (left, top).
pub fn paste(onto: &mut Image, image: &Image, left: usize, top: usize) {
    for y in 0..image.height {
        for x in 0..image.width {
            if let Ok(colour) = image.pixel(x, y).try_into() {
                dot(onto, (left + x) as i64, (top + y) as i64, colour);
            }
        }
    }
}

/// Fills the pixels from (left, top) on.
pub fn fill(image: &mut Image, [left, top, width, height]: [i64; 4], colour: Colour) {
    for y in top.max(0)..(top + height).min(image.height as i64) {
        for x in left.max(0)..(left + width).min(image.width as i64) {
            dot(image, x, y, colour);
        }
    }
}

/// Draws the outline of a rectangle, `thick` pixels wide, inside of it.
pub fn outline(image: &mut Image, [left, top, width, height]: [i64; 4], thick: i64, colour: Colour) {
    fill(image, [left, top, width, thick], colour);
    fill(image, [left, top + height - thick, width, thick], colour);
    fill(image, [left, top, thick, height], colour);
    fill(image, [left + width - thick, top, thick, height], colour);
}

/// Writes a text with its left upper corner at (left, top).
pub fn write(image: &mut Image, left: i64, top: i64, text: &str, colour: Colour) {
    for_each_dot(text, |x, y| dot(image, left + x as i64, top + y as i64, colour));
}

/// Width of a label in pixels.
pub fn label_width(text: &str) -> usize {
    text_width(text) + 2 * PADDING
}

/// Writes a text on a ground of its own, moved so that it lies inside of the image where it fits at all.
pub fn label(image: &mut Image, left: i64, top: i64, text: &str, ground: Colour) {
    let width = label_width(text) as i64;
    let left = left.min(image.width as i64 - width).max(0);
    let top = top.min(image.height as i64 - LABEL_HEIGHT as i64).max(0);
    fill(image, [left, top, width, LABEL_HEIGHT as i64], ground);
    write(image, left + PADDING as i64, top + PADDING as i64, text, ink_on(ground));
}

/// Black or white, whichever differs more from the ground (its luma by ITU-R BT.601).
fn ink_on([r, g, b]: Colour) -> Colour {
    let luma = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    if luma > 127_500 { [0, 0, 0] } else { [255, 255, 255] }
}

fn dot(image: &mut Image, x: i64, y: i64, colour: Colour) {
    if (0..image.width as i64).contains(&x) && (0..image.height as i64).contains(&y) {
        image.pixel_mut(x as usize, y as usize).copy_from_slice(&colour);
    }
}
