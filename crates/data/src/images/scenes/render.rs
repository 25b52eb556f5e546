//! From forms and a background to pixels and boxes.

use super::plan::Placed;
use crate::images::Image;
use losslab_base::rng::Rng;
use losslab_metrics::boxes::BoundingBox;

/// Samples per pixel along either axis: edges have 17 steps, and boxes are exact to a quarter of a pixel.
const SAMPLES: usize = 4;

/// Where a form lies, as its samples show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// The box around its samples.
    pub bbox: BoundingBox,
    /// Its area in square pixels.
    pub area: f64,
}

/// Adds a form to the levels of a size x size image; `None` if no sample lies in it.
///
/// The texture goes on inside of the form.
pub(super) fn add(placed: &Placed, size: usize, levels: &mut [[f64; 3]]) -> Option<Extent> {
    let reach = placed.reach();
    let [columns, rows] = placed.centre.map(|at| {
        let first = (at - reach).floor().max(0.0) as usize;
        first..((at + reach).ceil() as usize).min(size)
    });
    let (mut left, mut right, mut above, mut below) = (usize::MAX, 0, usize::MAX, 0);
    let mut area = 0.0;
    for y in rows {
        for x in columns.clone() {
            let mut cover = 0.0;
            for j in y * SAMPLES..(y + 1) * SAMPLES {
                for i in x * SAMPLES..(x + 1) * SAMPLES {
                    let here = sample(placed, i, j);
                    if here > 0.0 {
                        cover += here;
                        (left, right) = (left.min(i), right.max(i + 1));
                        (above, below) = (above.min(j), below.max(j + 1));
                    }
                }
            }
            cover /= (SAMPLES * SAMPLES) as f64;
            area += cover;
            for (level, add) in levels[y * size + x].iter_mut().zip(placed.colour) {
                *level += cover * add;
            }
        }
    }
    let [x, y, width, height] =
        [left, above, right.checked_sub(left)?, below.checked_sub(above)?].map(|n| n as f64 / SAMPLES as f64);
    Some(Extent { bbox: BoundingBox { x, y, width, height }, area })
}

/// How much of the form is at the centre of sample (i, j).
fn sample(placed: &Placed, i: usize, j: usize) -> f64 {
    let at = |n: usize| (n as f64 + 0.5) / SAMPLES as f64;
    let x = (at(i) - placed.centre[0]) / placed.scale[0];
    let y = (at(j) - placed.centre[1]) / placed.scale[1];
    let [cos, sin] = placed.direction;
    placed.form.at(cos * x + sin * y, cos * y - sin * x)
}

/// Rounds the levels to an image, with noise of this standard deviation.
///
/// The noise is the sum of two uniform numbers of 10 bits: bounded, and 20 times quicker than a normal
/// deviate.
pub(super) fn finish(levels: &[[f64; 3]], size: usize, noise: f64, rng: &mut Rng) -> Image {
    // Each has the variance (1024^2 - 1) / 12.
    let scale = noise / ((1024.0 * 1024.0 - 1.0) / 6.0_f64).sqrt();
    let mut pixels = Vec::with_capacity(3 * size * size);
    for pixel in levels {
        let mut bits = rng.next_u64();
        for level in pixel {
            let sum = (bits & 1023) + (bits >> 10 & 1023);
            bits >>= 20;
            // `as` cuts off at 0 and 255.
            pixels.push((level + scale * (sum as f64 - 1023.0)).round() as u8);
        }
    }
    Image { width: size, height: size, channels: 3, pixels }
}
