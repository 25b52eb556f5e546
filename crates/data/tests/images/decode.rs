//! PNG and JPEG files: the pixels beside Pillow's, and a clear word on everything that is refused.

use losslab_data::images::{Image, letterbox, read_image};
use losslab_testing::Files;
use png::{BitDepth, ColorType};
use std::path::{Path, PathBuf};

/// A PNG file; `data` are its rows, packed.
fn png(width: u32, height: u32, colour: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
    png_with(width, height, colour, depth, data, |_| ())
}

fn png_with(
    width: u32,
    height: u32,
    colour: ColorType,
    depth: BitDepth,
    data: &[u8],
    more: impl Fn(&mut png::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    more(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name)
}

fn reference() -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(fixture("reference.json")).unwrap()).unwrap()
}

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    value.as_array().unwrap().iter().map(|v| u8::try_from(v.as_u64().unwrap()).unwrap()).collect()
}

/// The largest difference of two images of one shape.
#[track_caller]
fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn every_kind_of_png_gives_its_pixels() {
    let files = Files::new();
    let read = |bytes: &[u8]| {
        let image = read_image(&files.write("a.png", bytes)).unwrap();
        assert_eq!((image.width, image.height), (3, 2));
        (image.channels, image.pixels)
    };
    let grey = [0, 50, 100, 150, 200, 255];
    assert_eq!(read(&png(3, 2, ColorType::Grayscale, BitDepth::Eight, &grey)), (1, grey.to_vec()));
    let alpha = [0, 9, 50, 255, 100, 0, 150, 1, 200, 2, 255, 3];
    assert_eq!(read(&png(3, 2, ColorType::GrayscaleAlpha, BitDepth::Eight, &alpha)), (1, grey.to_vec()));
    let colour: Vec<u8> = (0..18).collect();
    assert_eq!(read(&png(3, 2, ColorType::Rgb, BitDepth::Eight, &colour)), (3, colour.clone()));
    let alpha: Vec<u8> = colour.chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 77]).collect();
    assert_eq!(read(&png(3, 2, ColorType::Rgba, BitDepth::Eight, &alpha)), (3, colour.clone()));
    // Few bits fill the range: 1 of 1, 3 of 3 and 15 of 15 are white.
    let bits = png(3, 2, ColorType::Grayscale, BitDepth::One, &[0b0110_0000, 0b1000_0000]);
    assert_eq!(read(&bits), (1, vec![0, 255, 255, 255, 0, 0]));
    let bits = png(3, 2, ColorType::Grayscale, BitDepth::Two, &[0b0001_1000, 0b1100_0000]);
    assert_eq!(read(&bits), (1, vec![0, 85, 170, 255, 0, 0]));
    let bits = png(3, 2, ColorType::Grayscale, BitDepth::Four, &[0x01, 0x20, 0xf0, 0x00]);
    assert_eq!(read(&bits), (1, vec![0, 17, 34, 255, 0, 0]));
    let palette = |encoder: &mut png::Encoder<&mut Vec<u8>>| {
        encoder.set_palette(vec![1, 2, 3, 40, 50, 60]);
        encoder.set_trns(vec![0]);
    };
    let indexed = png_with(3, 2, ColorType::Indexed, BitDepth::Eight, &[0, 1, 0, 1, 1, 0], palette);
    let (a, b) = ([1, 2, 3], [40, 50, 60]);
    assert_eq!(read(&indexed), (3, [a, b, a, b, b, a].concat()));
}

/// Decoders may round the cosine transform and the interpolation of sparser colours differently, by a unit or
/// two.
#[test]
fn jpeg_files_agree_with_pillow() {
    let reference = reference();
    for (name, channels) in [("colour", 3), ("progressive", 3), ("turned", 3), ("grey", 1), ("subsampled", 3)]
    {
        let image = read_image(&fixture(&format!("{name}.jpg"))).unwrap();
        assert_eq!((image.width, image.height, image.channels), (17, 11, channels), "{name}");
        let off = difference(&image.pixels, &bytes(&reference[name]));
        assert!(off <= 2, "{name}: {off} apart");
    }
}

#[test]
fn resizing_and_grey_agree_with_pillow() {
    let reference = reference();
    let noise = Image { width: 24, height: 18, channels: 3, pixels: bytes(&reference["noise"]) };
    for case in reference["resized"].as_array().unwrap() {
        let size = |i: usize| case["size"][i].as_u64().unwrap() as usize;
        let (fitted, fit) = letterbox(&noise, size(0), size(1));
        assert_eq!((fit.left, fit.top, fit.scale), (0.0, 0.0, size(0) as f64 / 24.0));
        // Pillow rounds between its two passes.
        let off = difference(&fitted.pixels, &bytes(&case["pixels"]));
        assert!(off <= 1, "{}: {off} apart", case["size"]);
    }
    let colour =
        (0..11u8).flat_map(|y| (0..17u8).flat_map(move |x| [15 * x, 20 * y, 255 - 8 * (x + y)])).collect();
    let colour = Image { width: 17, height: 11, channels: 3, pixels: colour };
    assert_eq!(colour.to_grey().pixels, bytes(&reference["grey_of_colour"]));
}

#[test]
fn what_cannot_be_used_is_refused_with_one_clear_line() {
    let files = Files::new();
    let fixture = |name: &str| std::fs::read(fixture(name)).unwrap();
    let noise: Vec<u8> = (0..1200u32).map(|i| (i * 7919 % 251) as u8).collect();
    let good = png(40, 30, ColorType::Grayscale, BitDepth::Eight, &noise);
    let deep = png(3, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0; 6]);
    let sized = |width: u32, height: u32| {
        [&good[..16], &width.to_be_bytes(), &height.to_be_bytes(), &good[24..]].concat()
    };
    let mut flipped = good.clone();
    flipped[60] ^= 1;
    let jpeg = fixture("colour.jpg");
    // Height and width stand 5 bytes after the marker of the frame.
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    let sized_jpeg = |size: [u8; 4]| [&jpeg[..frame], &size, &jpeg[frame + 4..]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("deep.png", deep),
        ("print.jpg", fixture("cmyk.jpg")),
        ("empty.png", vec![]),
        ("text.png", b"hello".to_vec()),
        ("moving.png", b"GIF89a...".to_vec()),
        ("short.png", good[..good.len() / 2].to_vec()),
        ("header.png", good[..20].to_vec()),
        ("flipped.png", flipped),
        ("nothing.png", sized(0, 0)),
        ("huge.png", sized(1 << 20, 1 << 20)),
        ("short.jpg", jpeg[..jpeg.len() - 40].to_vec()),
        ("header.jpg", jpeg[..30].to_vec()),
        ("nothing.jpg", sized_jpeg([0; 4])),
        ("huge.jpg", sized_jpeg([0xff; 4])),
    ];
    let mut messages = String::new();
    for (name, bytes) in cases {
        messages += &files.message(read_image(&files.write(name, bytes)));
        messages += "\n";
    }
    insta::assert_snapshot!(messages);
    let absent = files.message(read_image(&files.path("absent.png")));
    assert!(absent.starts_with("absent.png: cannot be read: "), "{absent}");
    let folder = files.message(read_image(files.0.path()));
    assert!(folder.ends_with(": cannot be read: found a folder, expected a regular file"), "{folder}");
}

#[test]
fn the_content_decides_the_format_and_not_the_name() {
    let files = Files::new();
    let jpeg = std::fs::read(fixture("grey.jpg")).unwrap();
    let lying = read_image(&files.write("lying.png", jpeg)).unwrap();
    assert_eq!(lying, read_image(&fixture("grey.jpg")).unwrap());
}
