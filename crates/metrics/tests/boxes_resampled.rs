//! COCO's numbers with images that count several times: what weights of 1 give, and what copies of images
//! give.

use losslab_base::rng::Rng;
use losslab_metrics::boxes::{
    Annotation, Category, CocoResults, Detection, GroundTruth, WeightedBoxes, evaluate,
};
use losslab_metrics::{BoxMetric, MetricInfo, Metrics};

/// A random problem on these images, with objects of all sizes and more than ten detections of a category in
/// some images; images of the same number are alike.
fn problem(copies: &[u64]) -> (GroundTruth, Vec<Detection>) {
    let (mut objects, mut found) = (Vec::new(), Vec::new());
    for (id, &image) in copies.iter().enumerate() {
        let mut rng = Rng::stream(7, image);
        for k in 0..2 + rng.below(4) {
            let category_id = 1 + (k % 2) as i64;
            let [x, y] = [0, 1].map(|_| rng.below(60) as f64);
            let (width, height) = [(20.0, 16.0), (50.0, 40.0), (130.0, 100.0)][rng.below(3) as usize];
            let image_id = id as i64;
            let (id, iscrowd) = (objects.len() as i64 + 1, rng.below(9) == 0);
            let bbox = [x, y, width, height].into();
            objects.push(Annotation { id, image_id, category_id, bbox, area: width * height, iscrowd });
            for _ in 0..rng.below(8) {
                let [x, y] = [x, y].map(|c| c + rng.below(4) as f64);
                // No score twice but in copies of an image: ties would fall otherwise.
                let score = rng.below(1 << 40) as f64;
                found.push(Detection { image_id, category_id, bbox: [x, y, width, height].into(), score });
            }
        }
    }
    let categories = [1, 2, 3].map(|id| Category { id, name: id.to_string() }).to_vec();
    (GroundTruth::new("truth", (0..copies.len() as i64).collect(), categories, objects).unwrap(), found)
}

fn plain(copies: &[u64]) -> CocoResults {
    let (truth, found) = problem(copies);
    evaluate(&truth, "found", &found).unwrap()
}

const IMAGES: [u64; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[test]
fn weights_of_one_give_all_plain_numbers_to_the_last_bit() {
    let (truth, found) = problem(&IMAGES);
    let weighted = WeightedBoxes::new(&truth, "found", &found).unwrap();
    let (ones, plain) = (weighted.results(&[1; 12]), plain(&IMAGES));
    for (ours, theirs) in ones.stats().into_iter().zip(plain.stats()) {
        assert!(theirs.is_some_and(|value| value > 0.02 && value < 0.98), "{theirs:?}");
        assert_eq!(ours.map(f64::to_bits), theirs.map(f64::to_bits));
    }
    assert!(plain.ar1 < plain.ar10 && plain.ar10 < plain.ar100, "{plain}");
    assert_eq!(ones, plain);
    assert_eq!(weighted.ap(&[1; 12]), plain.ap);
}

#[test]
fn weights_are_copies_of_images() {
    let (truth, found) = problem(&IMAGES);
    let weighted = WeightedBoxes::new(&truth, "found", &found).unwrap();
    let mut rng = Rng::seed(3);
    for _ in 0..20 {
        let weights: [u32; 12] = std::array::from_fn(|_| rng.below(4) as u32);
        let copies: Vec<u64> = IMAGES
            .iter()
            .flat_map(|&image| std::iter::repeat_n(image, weights[image as usize] as usize))
            .collect();
        let (drawn, copied) = (weighted.results(&weights), plain(&copies));
        for (drawn, copied) in drawn.stats().into_iter().zip(copied.stats()) {
            match (drawn, copied) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{a} {b}, weights {weights:?}"),
                other => assert_eq!(other, (None, None), "weights {weights:?}"),
            }
        }
        let short = [weighted.ap(&weights), weighted.ap50(&weights), weighted.ap75(&weights)];
        assert_eq!(short, [drawn.ap, drawn.ap50, drawn.ap75], "the short ways");
    }
    assert_eq!(weighted.results(&[0; 12]).stats(), [None; 12]);
    assert_eq!(weighted.ap(&[0; 12]), None);
}

#[test]
#[should_panic(expected = "11 weights for 12 images")]
fn a_weight_too_few_panics() {
    let (truth, found) = problem(&IMAGES);
    WeightedBoxes::new(&truth, "found", &found).unwrap().results(&[1; 11]);
}

/// A metric of one's own, of two of COCO's numbers.
struct Loose;

impl BoxMetric for Loose {
    fn info(&self) -> MetricInfo {
        MetricInfo::new("loose", "Loose boxes", "loose boxes", "AP50 minus AP75").lower_is_better()
    }

    fn value(&self, results: &CocoResults) -> Option<f64> {
        Some(results.ap50? - results.ap75?)
    }
}

#[test]
fn every_metric_of_boxes_can_be_resampled() {
    let metrics = Metrics::standard().with_boxes(Loose);
    let (truth, found) = problem(&IMAGES);
    let weighted = WeightedBoxes::new(&truth, "found", &found).unwrap();
    let weights = [2, 0, 1, 3, 0, 1, 1, 0, 1, 1, 2, 0];
    let results = weighted.results(&weights);
    let all = metrics.evaluate_boxes(&results).unwrap();
    assert_eq!(all.len(), 13);
    for (metric, (name, value)) in metrics.boxes().zip(all) {
        assert_eq!(metric.weighted(&weighted)(&weights), value, "{name}");
    }
    assert_eq!(metrics.find_boxes("loose").unwrap().value(&results), Loose.value(&results));
}
