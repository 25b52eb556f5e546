use super::canvas::{LABEL_HEIGHT, label, label_width, outline};
use super::font::{ADVANCE, GLYPH_HEIGHT, for_each_dot, text_width};
use super::*;
use crate::images::Image;
use losslab_metrics::boxes::BoundingBox;

fn decoded(bytes: &[u8]) -> Image {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG header");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small image")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    let channels = info.color_type.samples();
    Image { width: info.width as usize, height: info.height as usize, channels, pixels }
}

#[test]
fn a_png_gives_back_what_went_in() {
    for (width, height, channels) in [(5, 3, 3), (3, 5, 1), (1, 1, 3)] {
        let pixels = (0..width * height * channels).map(|i| (i * 37 % 256) as u8).collect();
        let image = Image { width, height, channels, pixels };
        assert_eq!(decoded(&encode_png(&image)), image);
    }
}

#[test]
#[should_panic(expected = "encode_png: 2 channels, expected 1 (grey) or 3 (RGB)")]
fn two_channels_are_refused() {
    encode_png(&Image::filled(2, 2, &[1, 2]));
}

#[test]
fn every_printable_ascii_character_has_a_picture_of_its_own() {
    let picture = |character: char| {
        let mut dots = Vec::new();
        for_each_dot(&character.to_string(), |x, y| dots.push((x, y)));
        assert!(dots.iter().all(|&(x, y)| x < ADVANCE - 1 && y < GLYPH_HEIGHT), "{character:?}");
        dots
    };
    let characters: Vec<char> = (b' '..=b'~').map(char::from).filter(|c| !"\\{}".contains(*c)).collect();
    let frame = picture('\u{e9}');
    for (i, &a) in characters.iter().enumerate() {
        assert_ne!(picture(a), frame, "{a:?} is not drawn");
        assert_eq!(picture(a).is_empty(), a == ' ', "{a:?}");
        for &b in &characters[..i] {
            assert_ne!(picture(a), picture(b), "{a:?} and {b:?}");
        }
    }
    assert_eq!((text_width(""), text_width("a"), text_width("ab")), (0, 5, 11));
}

#[test]
fn enlarging_repeats_pixels_and_turns_grey_into_colour() {
    let grey = Image { width: 2, height: 1, channels: 1, pixels: vec![10, 200] };
    let large = enlarge(&grey, 3);
    assert_eq!((large.width, large.height, large.channels), (6, 3, 3));
    assert_eq!((large.pixel(2, 2), large.pixel(3, 0)), (&[10; 3][..], &[200; 3][..]));
}

/// Left, top, right and bottom of the pixels that are not black.
fn drawn(image: &Image) -> Option<[usize; 4]> {
    let at = |i: usize| (i % image.width, i / image.width);
    let lit = || (0..image.width * image.height).map(at).filter(|&(x, y)| image.pixel(x, y) != [0; 3]);
    Some([
        lit().map(|p| p.0).min()?,
        lit().map(|p| p.1).min()?,
        lit().map(|p| p.0).max()? + 1,
        lit().map(|p| p.1).max()? + 1,
    ])
}

#[test]
fn a_label_stays_inside_wherever_it_is_put() {
    let (width, height) = (label_width("disc 0.87"), LABEL_HEIGHT);
    for (left, top, expected) in [(5, 7, [5, 7]), (-9, -40, [0, 0]), (1000, 1000, [100 - width, 50 - height])]
    {
        let mut image = Image::filled(100, 50, &[0; 3]);
        label(&mut image, left, top, "disc 0.87", [255, 200, 200]);
        let [x, y] = expected;
        assert_eq!(drawn(&image), Some([x, y, x + width, y + height]), "at ({left}, {top})");
    }
    let mut tiny = Image::filled(3, 2, &[0; 3]);
    label(&mut tiny, 1, 1, "much wider than the image", [255; 3]);
    assert_eq!(drawn(&tiny), Some([0, 0, 3, 2]));
}

#[test]
fn an_outline_is_hollow_and_cut_off_at_the_edge() {
    let mut image = Image::filled(10, 8, &[0; 3]);
    outline(&mut image, [2, 1, 5, 6], 1, [9; 3]);
    assert_eq!(drawn(&image), Some([2, 1, 7, 7]));
    assert_eq!((image.pixel(3, 2), image.pixel(2, 3)), (&[0; 3][..], &[9; 3][..]));
    outline(&mut image, [-3, -3, 100, 100], 2, [9; 3]);
    assert_eq!(drawn(&image), Some([2, 1, 7, 7]), "all four sides are outside");
}

#[test]
fn a_contact_sheet_shows_boxes_of_both_kinds_around_what_they_mean() {
    let image = Image::filled(64, 48, &[128]);
    let truth = [(BoundingBox::from([10.0, 20.0, 8.0, 12.0]), "cell".to_string())];
    let unusable = BoundingBox::from([f64::NAN, 0.0, 1.0, 1.0]);
    let found = [
        (BoundingBox::from([40.0, 20.0, 8.0, 12.0]), "cell".to_string(), 0.5),
        (BoundingBox::from([-1e300, -5.0, 2e300, 1e12]), "far beyond".to_string(), f64::NAN),
        (unusable, "not a box".to_string(), 0.1),
    ];
    let panel = Panel { image: &image, caption: "one", truth: &truth, found: &found };
    let three = contact_sheet(&[panel; 3], 2);
    let one = contact_sheet(&[panel], 2);
    assert!(three.width > one.width && three.height > one.height);
    // Enlarged four times; the panel starts 8 pixels from the left, below a caption of 7 and its gaps of 8
    // and 4.
    let at = |x: usize, y: usize| one.pixel(8 + x, 19 + y);
    assert_eq!((at(39, 100), at(38, 100)), (&TRUTH_COLOUR[..], &TRUTH_COLOUR[..]));
    assert_eq!((at(40, 100), at(37, 100)), (&[128; 3][..], &[0; 3][..]), "inside, and the black frame");
    assert_eq!((at(72, 100), at(156, 100)), (&TRUTH_COLOUR[..], &FOUND_COLOUR[..]));
    assert_eq!(decoded(&encode_png(&one)), one);
}

#[test]
fn a_sheet_without_panels_is_its_legend() {
    let sheet = contact_sheet(&[], 4);
    assert!(sheet.pixels.contains(&0), "there is text");
}
