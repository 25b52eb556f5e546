//! Flips and shifts of images and boxes.

use losslab_base::rng::Rng;
use losslab_data::images::{Augmentation, Image, Normalisation, Object, Placement};
use losslab_metrics::boxes::BoundingBox;

const PLAIN: Placement = Placement { flip_x: false, flip_y: false, dx: 0, dy: 0 };

/// A grey image of 3 x 2 with the values 1 to 6.
fn small() -> Image {
    Image { width: 3, height: 2, channels: 1, pixels: vec![1, 2, 3, 4, 5, 6] }
}

fn raw(channels: usize) -> Normalisation {
    Normalisation { mean: vec![0.0; channels], scale: vec![1.0; channels] }
}

fn written(placement: Placement, image: &Image) -> Vec<f32> {
    let mut out = vec![f32::NAN; image.pixels.len()];
    placement.write(image, &raw(image.channels), &mut out);
    out
}

fn object(bbox: [f64; 4]) -> Object {
    Object { category: 2, bbox: bbox.into(), ignore: false }
}

#[test]
fn pixels_go_where_a_person_expects_them() {
    let image = small();
    let of = |flip_x, flip_y, dx, dy| written(Placement { flip_x, flip_y, dx, dy }, &image);
    assert_eq!(of(false, false, 0, 0), [1., 2., 3., 4., 5., 6.]);
    assert_eq!(of(true, false, 0, 0), [3., 2., 1., 6., 5., 4.]);
    assert_eq!(of(false, true, 0, 0), [4., 5., 6., 1., 2., 3.]);
    assert_eq!(of(false, false, 1, 0), [0., 1., 2., 0., 4., 5.]);
    assert_eq!(of(false, false, -2, 1), [0., 0., 0., 3., 0., 0.]);
    // First mirrored, then moved.
    assert_eq!(of(true, true, 1, -1), [0., 3., 2., 0., 0., 0.]);
    assert_eq!(of(true, false, 3, 0), [0.; 6]);
    assert_eq!(of(false, true, -9, 9), [0.; 6]);
    let colour = Image { width: 2, height: 1, channels: 3, pixels: vec![1, 2, 3, 4, 5, 6] };
    assert_eq!(written(Placement { flip_x: true, ..PLAIN }, &colour), [4., 5., 6., 1., 2., 3.]);
    assert_eq!(written(Placement { flip_x: true, dx: 1, ..PLAIN }, &colour), [0., 0., 0., 4., 5., 6.]);
}

#[test]
fn values_are_normalised_by_channel_and_the_padding_is_the_mean() {
    let image = Image { width: 2, height: 1, channels: 3, pixels: vec![10, 20, 30, 40, 50, 60] };
    let normalisation = Normalisation { mean: vec![10.0, 30.0, 0.0], scale: vec![0.5, 2.0, 1.0] };
    let mut out = [f32::NAN; 6];
    Placement { dx: 1, ..PLAIN }.write(&image, &normalisation, &mut out);
    assert_eq!(out, [0.0, 0.0, 0.0, 0.0, -20.0, 30.0]);
}

#[test]
#[should_panic(expected = "Placement::write of 2 x 3 x 1 into 5 numbers")]
fn a_buffer_of_another_size_is_a_mistake_of_the_caller() {
    PLAIN.write(&small(), &raw(1), &mut [0.0; 5]);
}

#[test]
fn boxes_move_with_the_pixels() {
    // Every pixel of a box is bright, all others dark: whatever the placement, the box encloses exactly the
    // bright ones.
    let (width, height, bbox) = (13, 9, BoundingBox::from([2.0, 1.0, 4.0, 5.0]));
    let mut image = Image::filled(width, height, &[0]);
    for y in 1..6 {
        (2..6).for_each(|x| image.pixel_mut(x, y)[0] = 1);
    }
    let augmentation = Augmentation { flip_x: true, flip_y: true, shift: 8 };
    let mut rng = Rng::seed(1);
    for _ in 0..500 {
        let placement = augmentation.draw(&mut rng);
        let out = written(placement, &image);
        let bright = |x: usize, y: usize| out[y * width + x] == 1.0;
        let found = placement.objects(&[object(bbox.into())], width, height);
        let inside = |x: usize, y: usize| {
            let pixel = BoundingBox::from([x as f64, y as f64, 1.0, 1.0]);
            found.iter().any(|object| object.bbox.intersection(&pixel) == 1.0)
        };
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        all.for_each(|(x, y)| assert_eq!(bright(x, y), inside(x, y), "{placement:?} at {x}, {y}"));
        let left: f64 = found.iter().map(|object| object.bbox.area()).sum();
        assert!(found.iter().all(|object| object.ignore == (left < 5.0)), "{placement:?}: {left} of 20 left");
    }
}

#[test]
fn objects_stay_are_ignored_or_vanish() {
    let objects = [object([0.0, 0.0, 4.0, 4.0]), object([5.0, 5.0, 1.0, 1.0])];
    let left = |dx: isize| {
        let placed = Placement { dx, ..PLAIN }.objects(&objects, 10, 10);
        placed.iter().map(|object| (object.bbox.into(), object.ignore)).collect::<Vec<([f64; 4], bool)>>()
    };
    assert_eq!(left(0), [([0.0, 0.0, 4.0, 4.0], false), ([5.0, 5.0, 1.0, 1.0], false)]);
    // Exactly a quarter is enough.
    assert_eq!(left(-3)[0], ([0.0, 0.0, 1.0, 4.0], false));
    assert_eq!(left(-4), [([1.0, 5.0, 1.0, 1.0], false)]);
    assert_eq!(left(-6), []);
    let mut ignored = objects[0].clone();
    ignored.ignore = true;
    let mirrored = Placement { flip_x: true, ..PLAIN }.objects(&[ignored.clone()], 10, 10);
    assert_eq!(mirrored, [Object { bbox: [6.0, 0.0, 4.0, 4.0].into(), ..ignored }]);
    let less = Placement { dx: 7, ..PLAIN }.objects(&[object([0.25, 0.0, 4.0, 4.0])], 10, 10);
    assert_eq!((less[0].bbox, less[0].ignore), ([7.25, 0.0, 2.75, 4.0].into(), false));
    let less = Placement { dx: 9, dy: 0, ..PLAIN }.objects(&[object([0.25, 0.0, 4.0, 4.0])], 10, 10);
    assert_eq!((less[0].bbox, less[0].ignore), ([9.25, 0.0, 0.75, 4.0].into(), true));
}

#[test]
fn draws_cover_what_is_switched_on_and_do_not_depend_on_the_rest() {
    let all = Augmentation { flip_x: true, flip_y: true, shift: 2 };
    let (mut a, mut b) = (Rng::seed(7), Rng::seed(7));
    let mut seen = std::collections::HashMap::new();
    for _ in 0..5000 {
        let placement = all.draw(&mut a);
        *seen.entry((placement.flip_x, placement.flip_y, placement.dx, placement.dy)).or_insert(0) += 1;
        let only = Augmentation { flip_y: false, ..all }.draw(&mut b);
        assert_eq!(only, Placement { flip_y: false, ..placement });
    }
    // 4 x 25 placements, 50 times each on average; seven standard deviations are 50.
    assert_eq!(seen.len(), 100);
    assert!(seen.values().all(|&count| (10..100).contains(&count)), "{seen:?}");
    assert_eq!(Augmentation::default().draw(&mut a), PLAIN);
}
