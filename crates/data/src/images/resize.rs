//! Images in another size: bilinear, with the filter widened when shrinking, so that nothing of the image is
//! skipped.
//!
//! With the scale s = new / old, the pixel i of the result stands at c = (i + .5) / s in the original. It is
//! the mean of the original pixels j, whose middles are at j + .5, weighted by the triangle max(0, 1 - |j +
//! .5 - c| / r), r = max(1, 1 / s); beyond the edge there is nothing to weight. PIL's `Image.resize(size,
//! BILINEAR)` computes the same with 8 bits between the two passes, and differs by at most 1.

use super::Image;

/// The original pixels that make one pixel of the result, along one axis.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The image at `scale` (the same for both axes), cut or rounded to `width` x `height`, which must be `scale`
/// times its size up to half a pixel. A scale of 1 is an exact copy.
pub(super) fn resize(image: &Image, scale: f64, width: usize, height: usize) -> Image {
    if scale == 1.0 {
        return image.clone();
    }
    let columns = taps(image.width, scale, width);
    let rows = taps(image.height, scale, height);
    let (channels, row_length) = (image.channels, image.width * image.channels);
    let mut line = vec![0.0f32; row_length];
    let mut pixels = Vec::with_capacity(width * height * channels);
    for row in &rows {
        line.fill(0.0);
        for (&weight, source) in row.weights.iter().zip(image.pixels.chunks_exact(row_length).skip(row.first))
        {
            line.iter_mut().zip(source).for_each(|(sum, &value)| *sum += weight * f32::from(value));
        }
        for column in &columns {
            let sources = line.chunks_exact(channels).skip(column.first);
            let mut sums = [0.0f32; 3];
            for (&weight, source) in column.weights.iter().zip(sources) {
                sums.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
            }
            // Half a unit up and cut is rounding; the cast clamps to 0 ..= 255.
            pixels.extend(sums[..channels].iter().map(|sum| (sum + 0.5) as u8));
        }
    }
    Image { width, height, channels, pixels }
}

fn taps(old: usize, scale: f64, new: usize) -> Vec<Taps> {
    let radius = (1.0 / scale).max(1.0);
    let tap = |i: usize| {
        let centre = (i as f64 + 0.5) / scale;
        let weight = |j: usize| 1.0 - (j as f64 + 0.5 - centre).abs() / radius;
        // Casts of negative numbers give 0. The pixel under the centre always has weight.
        let first = (centre - radius - 0.5).floor() as usize;
        let last = ((centre + radius).ceil() as usize).min(old);
        let first = first.min(old - 1);
        let weights: Vec<f64> = (first..last).map(|j| weight(j).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        Taps { first, weights: weights.iter().map(|w| (w / sum) as f32).collect() }
    };
    (0..new).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_by_hand() {
        // Half size: the middle of pixel 1 is at 3, reaching from 1 to 5; distances 1.5, .5, .5, 1.5 of 2.
        let half = taps(8, 0.5, 4);
        let weights = |i: usize| half[i].weights.iter().copied().filter(|&w| w > 0.0).collect::<Vec<_>>();
        assert_eq!(weights(1), [0.125, 0.375, 0.375, 0.125]);
        // At the edge the outer one is missing: .75, .75, .25 of 1.75.
        assert_eq!(weights(0), [3.0 / 7.0, 3.0 / 7.0, 1.0 / 7.0]);
        // Double size: the first is at .25, left of all; the second at .75, a quarter of the way to the next.
        let double = taps(2, 2.0, 4);
        assert_eq!(double[0].weights[0], 1.0);
        assert_eq!(double[1].weights, [0.75, 0.25]);
    }
}
