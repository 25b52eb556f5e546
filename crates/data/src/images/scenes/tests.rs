use super::*;
use losslab_metrics::boxes::BoundingBox;
use std::f64::consts::SQRT_2;

fn spec(text: &str) -> SceneSpec {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// FNV-1a over pixels and boxes.
fn hash(set: &ImageSet) -> u64 {
    let boxes = set.truth.annotations().iter().flat_map(|a| <[f64; 4]>::from(a.bbox));
    let bytes =
        boxes.flat_map(f64::to_le_bytes).chain(set.images.iter().flat_map(|i| i.image.pixels.clone()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn pixels_and_boxes_are_the_same_on_every_machine() {
    let hash_of = |text: &str| hash(&spec(text).generate(ScenePart::Train));
    assert_eq!(hash_of("images=8"), 4604088511491494804);
    assert_eq!(hash_of("images=4,size=50,classes=6,tail=10,ratio=50,hard=20,seed=7"), 11704127568055762710);
}

#[test]
fn an_image_depends_neither_on_the_number_of_images_nor_on_the_noise_level() {
    let few = spec("images=3").generate(ScenePart::Train);
    let many = spec("images=9").generate(ScenePart::Train);
    assert_eq!(few.images[..], many.images[..3]);
    let boxes = |text: &str| spec(text).generate(ScenePart::Test).truth.annotations().to_vec();
    assert_eq!(boxes("noise=0"), boxes("noise=30"));
    assert_ne!(boxes("seed=1"), boxes("seed=2"));
    let [train, validation, test] = ScenePart::ALL.map(|part| spec("images=5").generate(part));
    assert_eq!((train.images.len(), validation.images.len(), test.images.len()), (5, 3, 3));
    assert!(
        train.images[0].image != test.images[0].image && validation.images[0].image != test.images[0].image
    );
}

#[test]
fn objects_and_truth_are_the_same_boxes() {
    for text in ["images=1", "images=40,size=50,classes=1", "images=40,size=97,classes=6,ratio=50"] {
        let set = spec(text).generate(ScenePart::Train);
        let objects: Vec<(i64, i64, BoundingBox)> = set
            .images
            .iter()
            .flat_map(|i| i.objects.iter().map(|o| (i.id, set.categories[o.category].id, o.bbox)))
            .collect();
        let truth: Vec<_> =
            set.truth.annotations().iter().map(|a| (a.image_id, a.category_id, a.bbox)).collect();
        assert_eq!(objects, truth, "{text}");
        assert_eq!(set.truth.images().len(), set.images.len());
        for annotation in set.truth.annotations() {
            let BoundingBox { x, y, width, height } = annotation.bbox;
            let size = set.width as f64;
            assert!(x >= 0.0 && y >= 0.0 && x + width <= size && y + height <= size, "{annotation:?}");
            assert!((7.0..=30.0).contains(&width) && (7.0..=30.0).contains(&height), "{annotation:?}");
            assert!(annotation.area > 0.25 * width * height && annotation.area <= width * height);
        }
        for image in &set.images {
            for (i, a) in image.objects.iter().enumerate() {
                assert!(image.objects[..i].iter().all(|b| a.bbox.iou(&b.bbox) < 0.1), "{}", image.name);
            }
        }
    }
}

/// Without noise, what an object changes in the image lies in its box, and reaches all four sides of it.
#[test]
fn boxes_are_tight() {
    let spec = spec("images=30,classes=6,ratio=50,noise=0,hard=0,contrast=60");
    let mut objects = 0;
    for index in 0..spec.images {
        let with = draw(&spec, ScenePart::Train, index, |_| true);
        for (nth, (_, extent)) in with.objects.iter().enumerate() {
            let seen = std::cell::Cell::new(0);
            let without = draw(&spec, ScenePart::Train, index, |_| seen.replace(seen.get() + 1) != nth).image;
            let changed: Vec<[usize; 2]> = (0..spec.size * spec.size)
                .map(|i| [i % spec.size, i / spec.size])
                .filter(|&[x, y]| with.image.pixel(x, y) != without.pixel(x, y))
                .collect();
            let BoundingBox { x, y, width, height } = extent.bbox;
            for (axis, from, to) in [(0, x, x + width), (1, y, y + height)] {
                let first = changed.iter().map(|p| p[axis]).min().expect("a form that shows");
                let last = changed.iter().map(|p| p[axis] + 1).max().expect("a form that shows");
                assert!(first as f64 > from - 1.0 && (first as f64) < from + 1.0, "{extent:?}: {first}");
                assert!((last as f64) < to + 1.0 && last as f64 > to - 1.0, "{extent:?}: {last}");
            }
            objects += 1;
        }
    }
    assert!(objects > 50, "{objects} objects are too few to tell");
}

/// Nine anchors that k-means on the boxes of these scenes gives.
const FITTED: [f64; 9] = [9.0, 10.2, 11.6, 13.0, 14.5, 16.2, 18.0, 20.0, 22.2];
/// Three sizes times three ratios, the sets of anchors of most papers.
const CLASSIC: [f64; 3] = [9.0, 14.0, 21.0];

/// Negative anchors per anchor that overlaps an object with an IoU of at least .5.
fn measured_ratio(text: &str, anchors: &[[f64; 2]]) -> f64 {
    let set = spec(text).generate(ScenePart::Train);
    let centres: Vec<f64> = (0..set.width.div_ceil(4)).map(|cell| 4.0 * cell as f64 + 2.0).collect();
    let positive = |objects: &[Object], x: f64, y: f64, [width, height]: [f64; 2]| {
        let anchor = BoundingBox { x: x - width / 2.0, y: y - height / 2.0, width, height };
        objects.iter().any(|object| anchor.iou(&object.bbox) >= 0.5)
    };
    let mut positives = 0;
    for image in set.images.iter().filter(|image| !image.objects.is_empty()) {
        for (&x, &y) in centres.iter().flat_map(|x| centres.iter().map(move |y| (x, y))) {
            positives += anchors.iter().filter(|anchor| positive(&image.objects, x, y, **anchor)).count();
        }
    }
    let all = centres.len().pow(2) * anchors.len() * set.images.len();
    (all - positives) as f64 / positives as f64
}

#[test]
fn the_ratio_among_the_anchors_is_the_one_asked_for() {
    let fitted = FITTED.map(|side| [side; 2]);
    for (text, asked) in [
        ("ratio=100,images=1000", 100.0),
        ("ratio=300,images=600,size=97,classes=6", 300.0),
        ("ratio=1000,images=3000,size=96", 1000.0),
        ("ratio=3000,images=3000,size=96", 3000.0),
    ] {
        let ratio = measured_ratio(text, &fitted);
        assert!(ratio > 0.9 * asked && ratio < 1.1 * asked, "{text}: 1:{ratio}");
    }
}

#[test]
fn most_images_are_empty_at_high_ratios() {
    let empty = |text: &str| {
        let set = spec(text).generate(ScenePart::Train);
        set.images.iter().filter(|image| image.objects.is_empty()).count()
    };
    // e^-m of the images for a mean of m objects: m = .345 and 1.52.
    let (rare, common) = (empty("ratio=1000,images=500,size=96"), empty("ratio=100,images=500"));
    assert!((330..380).contains(&rare), "{rare}");
    assert!((85..135).contains(&common), "{common}");
}

#[test]
fn tail_makes_later_classes_rarer() {
    let counts = |text: &str| {
        let set = spec(text).generate(ScenePart::Train);
        let of = |id| set.truth.annotations().iter().filter(|a| a.category_id == id).count() as f64;
        [of(1), of(2), of(3)]
    };
    let [first, second, third] = counts("tail=16,images=2000");
    // 1 : 1/4 : 1/16.
    assert!((3.2..4.8).contains(&(first / second)), "{first} {second}");
    assert!((12.0..21.0).contains(&(first / third)), "{first} {third}");
    let [first, second, third] = counts("images=2000");
    assert!((0.85..1.15).contains(&(first / second)) && (0.85..1.15).contains(&(first / third)));
}

#[test]
fn near_misses_change_the_image_and_not_the_truth() {
    let set = |text: &str| spec(text).generate(ScenePart::Train);
    let (none, many) = (set("hard=0,images=20"), set("hard=6,images=20"));
    assert_eq!(none.truth.annotations().len(), none.images.iter().map(|i| i.objects.len()).sum::<usize>());
    assert!(none.images.iter().zip(&many.images).filter(|(a, b)| a.image != b.image).count() >= 18);
}

#[test]
fn a_specification_prints_as_it_parses() {
    let text = "ratio=1000,classes=6,images=400,size=96,hard=2.5,contrast=40,noise=0,tail=10,seed=3";
    assert_eq!(spec(text).to_string(), text);
    assert_eq!(spec(" seed=3 ,size=96").to_string(), spec(&spec("size=96,seed=3").to_string()).to_string());
    assert_eq!(spec(""), SceneSpec::default());
}

#[test]
fn bad_specifications_are_one_clear_line() {
    let specs = [
        "ratio=10",
        "ratio=nan",
        "ratio=1e9",
        "ratio",
        "ratio=",
        "ratio=1:1000",
        "classes=0",
        "classes=7",
        "images=0",
        "images=1.5",
        "size=31",
        "size=513",
        "hard=-1",
        "hard=inf",
        "contrast=0",
        "noise=61",
        "tail=0.5",
        "tail=10,classes=1",
        "seed=-1",
        "seed=1,seed=2",
        "ratio=100,,seed=1",
        "shapes=3",
    ];
    let messages = specs.map(|text| match text.parse::<SceneSpec>() {
        Ok(spec) => panic!("{text} was read as {spec}"),
        Err(error) => format!("{text}\n    {error}\n"),
    });
    insta::assert_snapshot!("messages_about_scenes", messages.concat());
}

#[test]
fn the_classic_anchors_find_a_higher_ratio() {
    let classic: Vec<[f64; 2]> =
        CLASSIC.iter().flat_map(|s| [[s / SQRT_2, s * SQRT_2], [*s, *s], [s * SQRT_2, s / SQRT_2]]).collect();
    let ratio = measured_ratio("ratio=100,images=1000", &classic);
    assert!((140.0..175.0).contains(&ratio), "1:{ratio}, 10 positives per object instead of 15");
}
