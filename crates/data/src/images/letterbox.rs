//! Letter-boxing: an image of any size in the middle of one of a given size, its shape kept.

use super::resize::resize;
use super::{Fit, Image};

/// The image as large as it fits into `width` x `height`, in the middle (a left-over odd pixel goes to the
/// right or below), and where it is. Around it stands the mean colour of the image, which the normalisation
/// of the inputs takes to about 0. An image that has the size already is copied exactly; smaller ones are
/// enlarged.
///
/// The scale is exactly the same along both axes; the result is rounded to whole pixels at its right and
/// lower edge.
///
/// # Panics
/// If the image or the target has no pixels.
#[track_caller]
pub fn letterbox(image: &Image, width: usize, height: usize) -> (Image, Fit) {
    assert!(
        image.width * image.height > 0 && width * height > 0,
        "letterbox of {} x {} into {width} x {height}: both need pixels",
        image.width,
        image.height
    );
    if (image.width, image.height) == (width, height) {
        return (image.clone(), Fit::identity(width, height));
    }
    let scale = (width as f64 / image.width as f64).min(height as f64 / image.height as f64);
    let size = |old: usize, most: usize| ((old as f64 * scale).round() as usize).clamp(1, most);
    let inner = resize(image, scale, size(image.width, width), size(image.height, height));
    let (left, top) = ((width - inner.width) / 2, (height - inner.height) / 2);
    let mut fitted = Image::filled(width, height, &mean_colour(image));
    let (stride, row) = (width * image.channels, inner.width * image.channels);
    for (y, source) in inner.pixels.chunks_exact(row).enumerate() {
        let start = (top + y) * stride + left * image.channels;
        fitted.pixels[start..start + row].copy_from_slice(source);
    }
    (fitted, Fit { scale, left: left as f64, top: top as f64, original: [image.width, image.height] })
}

/// The mean of each channel, rounded.
fn mean_colour(image: &Image) -> Vec<u8> {
    let mut sums = vec![0u64; image.channels];
    for pixel in image.pixels.chunks_exact(image.channels) {
        sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u64::from(value));
    }
    let count = (image.width * image.height) as u64;
    sums.iter().map(|sum| ((sum + count / 2) / count) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Image {
        let pixels = (0..width * height).map(|i| pixel(i % width, i / width)).collect();
        Image { width, height, channels: 1, pixels }
    }

    #[test]
    fn the_same_size_is_the_same_image() {
        let image = grey(5, 3, |x, y| (x * 50 + y) as u8);
        assert_eq!(letterbox(&image, 5, 3), (image.clone(), Fit::identity(5, 3)));
    }

    #[test]
    fn a_constant_stays_constant_in_every_shape() {
        for (width, height) in [(1, 1), (7, 3), (3, 7), (16, 16), (40, 9)] {
            let (fitted, _) = letterbox(&Image::filled(8, 6, &[10, 200, 255]), width, height);
            assert_eq!(fitted, Image::filled(width, height, &[10, 200, 255]), "{width} x {height}");
        }
    }

    #[test]
    fn a_checker_of_single_pixels_shrinks_to_its_mean_inside_of_the_edge() {
        let (fitted, fit) = letterbox(&grey(8, 8, |x, y| ((x + y) % 2 * 200) as u8), 4, 4);
        // Weights along one axis, see `resize`: inside (1, 3, 3, 1) / 8, equal for both colours; at the edge
        // (3, 3, 1) / 7, of which the even pixels have 4 and the odd 3; in the corner 2 x 3 x 4 / 49 are
        // bright.
        assert_eq!(
            (fitted.pixel(1, 1), fitted.pixel(2, 1), fitted.pixel(0, 1)),
            (&[100u8][..], &[100][..], &[100][..])
        );
        assert_eq!(fitted.pixel(0, 0), [98]); // 200 x 24 / 49 = 97.96
        assert_eq!(fit, Fit { scale: 0.5, left: 0.0, top: 0.0, original: [8, 8] });
    }

    #[test]
    fn the_image_stands_in_the_middle_of_its_mean_colour() {
        // 4 x 2 into 8 x 9: doubled to 8 x 4, two rows and a half above, rounded to two.
        let (fitted, fit) = letterbox(&grey(4, 2, |_, y| [10, 90][y]), 8, 9);
        assert_eq!(fit, Fit { scale: 2.0, left: 0.0, top: 2.0, original: [4, 2] });
        let column: Vec<u8> = (0..9).map(|y| fitted.pixel(3, y)[0]).collect();
        assert_eq!(column, [50, 50, 10, 30, 70, 90, 50, 50, 50]);
    }
}
