//! Contact sheets: several images with true and found boxes on one picture.

use super::canvas::{Colour, LABEL_HEIGHT, enlarge, fill, label, outline, paste, write};
use super::font::{ADVANCE, GLYPH_HEIGHT, text_width};
use crate::images::Image;
use losslab_metrics::boxes::BoundingBox;

/// Colours of Okabe and Ito (2008), told apart with any kind of colour vision: truth is sky blue, found is
/// orange.
pub const TRUTH_COLOUR: Colour = [86, 180, 233];
/// Colour of found boxes.
pub const FOUND_COLOUR: Colour = [230, 159, 0];

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [0, 0, 0];
/// Pixels around panels.
const GAP: usize = 8;
/// Images are enlarged, by a whole number, to at least this many pixels in width, so that labels have room.
const PANEL_WIDTH: usize = 256;
/// Width of a box's outline; it is framed by a black line of one pixel, so that it shows on any ground.
const LINE: i64 = 2;

/// One image of a contact sheet. Boxes are in pixels of the image.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// The image, grey or RGB.
    pub image: &'a Image,
    /// What stands above it; cut off where the panel ends.
    pub caption: &'a str,
    /// True boxes with their labels.
    pub truth: &'a [(BoundingBox, String)],
    /// Found boxes with their labels and scores; the last is drawn on top.
    pub found: &'a [(BoundingBox, String, f64)],
}

/// Draws panels side by side in rows of `columns`, each with its caption above, and a legend below all of
/// them.
///
/// Labels of true boxes stand above the box, those of found ones with the score below, where there is room; a
/// box or coordinate that is not finite is not drawn, parts outside of the image are cut off.
///
/// # Panics
/// If `columns` is 0, or an image is neither grey nor RGB.
#[track_caller]
pub fn contact_sheet(panels: &[Panel], columns: usize) -> Image {
    assert!(columns > 0, "contact_sheet: 0 columns");
    let drawn: Vec<Image> = panels.iter().map(draw_panel).collect();
    let largest = |size: fn(&Image) -> usize| drawn.iter().map(size).max().unwrap_or(0);
    let (width, height) = (largest(|image| image.width), largest(|image| image.height));
    let across = columns.min(panels.len());
    let rows = panels.len().div_ceil(columns);
    let step = [width + GAP, height + GLYPH_HEIGHT + 2 * GAP];
    let mut sheet = Image::filled(
        (GAP + across * step[0]).max(legend_width() + 2 * GAP),
        rows * step[1] + LABEL_HEIGHT + 2 * GAP,
        &PAPER,
    );
    for (index, (panel, image)) in panels.iter().zip(&drawn).enumerate() {
        let left = GAP + index % columns * step[0];
        let top = GAP + index / columns * step[1];
        let caption: String = panel.caption.chars().take((width + 1) / ADVANCE).collect();
        write(&mut sheet, left as i64, top as i64, &caption, INK);
        paste(&mut sheet, image, left, top + GLYPH_HEIGHT + GAP / 2);
    }
    legend(&mut sheet, GAP, rows * step[1] + GAP);
    sheet
}

/// The image, enlarged, with its boxes.
fn draw_panel(panel: &Panel) -> Image {
    let times = PANEL_WIDTH.div_ceil(panel.image.width.max(1));
    let mut image = enlarge(panel.image, times);
    let corners = |b: &BoundingBox| corners(b, times, &image);
    let truth: Vec<_> = panel.truth.iter().map(|(b, label)| (corners(b), label)).collect();
    let found: Vec<_> =
        panel.found.iter().map(|(b, label, score)| (corners(b), format!("{label} {score:.2}"))).collect();
    let both = |image: &mut Image, at: Option<[i64; 4]>, colour| {
        if let Some([left, top, width, height]) = at {
            outline(image, [left - LINE, top - LINE, width + 2 * LINE, height + 2 * LINE], LINE, colour);
            outline(
                image,
                [left - LINE - 1, top - LINE - 1, width + 2 * LINE + 2, height + 2 * LINE + 2],
                1,
                INK,
            );
        }
    };
    // Found boxes lie around the true ones, so that a perfect one leaves both to be seen.
    let widened = |[left, top, width, height]: [i64; 4]| {
        [left - LINE - 1, top - LINE - 1, width + 2 * LINE + 2, height + 2 * LINE + 2]
    };
    truth.iter().for_each(|(at, _)| both(&mut image, *at, TRUTH_COLOUR));
    found.iter().for_each(|(at, _)| both(&mut image, at.map(widened), FOUND_COLOUR));
    let beyond = 2 * LINE + 2;
    for (at, text) in &truth {
        if let Some([left, top, ..]) = *at {
            label(&mut image, left - beyond, top - beyond - LABEL_HEIGHT as i64, text, TRUTH_COLOUR);
        }
    }
    for (at, text) in &found {
        if let Some([left, top, _, height]) = *at {
            label(&mut image, left - beyond, top + height + beyond, text, FOUND_COLOUR);
        }
    }
    image
}

/// The pixels of an enlarged image that a box covers, cut off a little outside of it: left, top, width,
/// height.
fn corners(b: &BoundingBox, times: usize, image: &Image) -> Option<[i64; 4]> {
    let cut = |at: f64, size: usize| (at * times as f64).round().clamp(-16.0, size as f64 + 16.0) as i64;
    let (left, right) = (cut(b.x, image.width), cut(b.x + b.width, image.width));
    let (top, bottom) = (cut(b.y, image.height), cut(b.y + b.height, image.height));
    b.is_valid().then(|| [left, top, right - left, bottom - top])
}

const LEGEND: [(&str, Colour); 2] = [("true box", TRUTH_COLOUR), ("found box, with its score", FOUND_COLOUR)];
const SWATCH: usize = 16;

fn legend_width() -> usize {
    LEGEND.iter().map(|(text, _)| SWATCH + GAP / 2 + text_width(text) + 2 * GAP).sum()
}

fn legend(sheet: &mut Image, mut left: usize, top: usize) {
    for (text, colour) in LEGEND {
        fill(sheet, [left as i64, top as i64, SWATCH as i64, LABEL_HEIGHT as i64], colour);
        outline(sheet, [left as i64, top as i64, SWATCH as i64, LABEL_HEIGHT as i64], 1, INK);
        left += SWATCH + GAP / 2;
        write(sheet, left as i64, top as i64 + 1, text, INK);
        left += text_width(text) + 2 * GAP;
    }
}
