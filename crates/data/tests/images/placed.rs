//! Flips and shifts of images that are inputs already.

use losslab_base::rng::Rng;
use losslab_data::images::{Augmentation, Image, Normalisation};

#[test]
fn inputs_are_placed_as_pixels_are() {
    let mut rng = Rng::seed(1);
    for case in 0..300 {
        let [width, height] = [1 + rng.below(6) as usize, 1 + rng.below(6) as usize];
        let channels = [1, 3][case % 2];
        let pixels: Vec<u8> = (0..width * height * channels).map(|_| rng.below(256) as u8).collect();
        let image = Image { width, height, channels, pixels };
        let augmentation = Augmentation { flip_x: case % 3 > 0, flip_y: case % 5 > 2, shift: case % 8 };
        let placement = augmentation.draw(&mut rng);
        let as_they_are = Normalisation { mean: vec![0.0; channels], scale: vec![1.0; channels] };
        let mut expected = vec![f32::NAN; image.pixels.len()];
        placement.write(&image, &as_they_are, &mut expected);
        let mut inputs: Vec<f32> = image.pixels.iter().map(|&pixel| f32::from(pixel)).collect();
        placement.apply([height, width, channels], &mut inputs);
        assert_eq!(inputs, expected, "{placement:?} of {image:?}");
    }
}
