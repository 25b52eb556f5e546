//! Assignment, box coding, suppression and decoding, by hand, by brute force and beside torchvision 0.29.

use losslab_models::detection::{
    AnchorConfig, Anchors, AssignConfig, Assigned, DecodeConfig, MAX_LOG_SCALE, ScoredBox, assign, decode,
    decode_detections, encode, iou, nms,
};
use losslab_tensor::rng::Rng;

type Box4 = [f32; 4];

/// A box with sides of 2 to 30 pixels whose corner lies in an image of 64 x 48.
fn random_box(rng: &mut Rng) -> Box4 {
    let [x, y, w, h] = [64.0, 48.0, 28.0, 28.0].map(|range| (rng.uniform() * range) as f32);
    [x, y, x + w + 2.0, y + h + 2.0]
}

/// The boxes and scores of the torchvision values: fixed fractions.
fn recorded_boxes() -> (Vec<Box4>, Vec<f32>) {
    let f = |k: u64| ((k * k * 7919 + k * 104_729) % 1009) as f64 / 1009.0;
    let bbox = |i: u64| {
        let [x, y] = [f(4 * i) * 40.0, f(4 * i + 1) * 30.0];
        let [w, h] = [4.0 + f(4 * i + 2) * 20.0, 4.0 + f(4 * i + 3) * 20.0];
        [x, y, x + w, y + h].map(|side| side as f32)
    };
    ((0..24).map(bbox).collect(), (0..24).map(|i| f(200 + i) as f32).collect())
}

#[test]
fn iou_by_hand_and_by_torchvision() {
    assert_eq!(iou([0.0, 0.0, 4.0, 2.0], [2.0, 1.0, 4.0, 5.0]), 2.0 / 14.0);
    // Touching, apart in both directions, without area.
    assert_eq!(iou([0.0, 0.0, 4.0, 2.0], [4.0, 0.0, 8.0, 2.0]), 0.0);
    assert_eq!(iou([0.0, 0.0, 1.0, 1.0], [5.0, 5.0, 8.0, 8.0]), 0.0);
    assert_eq!(iou([3.0; 4], [3.0; 4]), 0.0);
    for i in 0..4 {
        let mut broken = [0.0, 0.0, 4.0, 2.0];
        broken[i] = f32::NAN;
        assert!(iou(broken, [1.0, 1.0, 3.0, 3.0]).is_nan() && iou([1.0, 1.0, 3.0, 3.0], broken).is_nan());
    }
    let (boxes, _) = recorded_boxes();
    assert!((iou(boxes[2], boxes[3]) - 0.433_059_2).abs() < 1e-6);
    assert!((iou(boxes[2], boxes[4]) - 0.158_647_5).abs() < 1e-6);
}

#[test]
fn codes_agree_with_torchvision() {
    let (boxes, _) = recorded_boxes();
    let codes = [
        [-3.696_167_2, -0.428_722_68, 1.142_622_8, -0.938_230_75],
        [3.823_035_7, -3.461_682, 0.547_356_6, 0.225_521_85],
        [0.420_561, 0.801_293_2, 1.004_931_8, -0.630_648_5],
        [1.176_572, 0.192_239_48, 0.057_081_565, -0.107_449_55],
    ];
    for (i, expected) in codes.into_iter().enumerate() {
        let code = encode(boxes[i], boxes[i + 4]);
        for (found, expected) in code.into_iter().zip(expected) {
            assert!((found - expected).abs() < 2e-6 * expected.abs().max(1.0), "box {i}: {code:?}");
        }
    }
    // The second code asks for e^9 times the height: 1000 / 16 times is given.
    let decoded = [
        (decode([0.1, -0.2, 0.3, 9.0], boxes[4]), [35.390_823, -327.026, 45.579_643, 375.154_42]),
        (decode([0.5, 0.25, -1.0, 0.2], boxes[5]), [14.529_688, 25.360_626, 16.701_233, 31.868_317]),
    ];
    for (found, expected) in decoded {
        for (a, b) in found.into_iter().zip(expected) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(10.0), "{found:?}, torchvision says {expected:?}");
        }
    }
    assert!((f64::from(MAX_LOG_SCALE) - (1000.0f64 / 16.0).ln()).abs() < 3e-7);
}

#[test]
fn decoding_undoes_encoding() {
    let mut rng = Rng::seed(4);
    for _ in 0..1000 {
        let (bbox, anchor) = (random_box(&mut rng), random_box(&mut rng));
        let back = decode(encode(bbox, anchor), anchor);
        assert!(bbox.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-4), "{bbox:?} by {anchor:?}: {back:?}");
    }
    assert_eq!(encode([1.0, 2.0, 5.0, 9.0], [1.0, 2.0, 5.0, 9.0]), [0.0; 4]);
    for i in 0..4 {
        let mut code = [0.0; 4];
        code[i] = f32::NAN;
        assert!(decode(code, [0.0, 0.0, 2.0, 2.0]).iter().any(|x| x.is_nan()), "NaN at {i}");
        assert!(encode(code.map(|x| x + 1.0), [0.0, 0.0, 2.0, 2.0]).iter().any(|x| x.is_nan()), "NaN at {i}");
    }
}

/// The rules of `assign`, read off its documentation, over a full table of IoU.
fn slow_assign(anchors: &[Box4], boxes: &[Box4], ignored: &[Box4], config: &AssignConfig) -> Vec<Assigned> {
    let mut assigned = Vec::new();
    for &anchor in anchors {
        let mut best = (0, 0.0);
        for (number, &bbox) in boxes.iter().enumerate() {
            if iou(anchor, bbox) > best.1 {
                best = (number, iou(anchor, bbox));
            }
        }
        assigned.push(match best.1 {
            v if v >= config.positive => Assigned::Positive(best.0),
            v if v < config.negative => Assigned::Negative,
            _ => Assigned::Ignored,
        });
    }
    let best_anchor = |bbox: Box4| {
        let mut best = None;
        for (i, &anchor) in anchors.iter().enumerate() {
            if iou(anchor, bbox) > best.map_or(0.0, |i: usize| iou(anchors[i], bbox)) {
                best = Some(i);
            }
        }
        best
    };
    let best_anchors: Vec<Option<usize>> = boxes.iter().map(|&bbox| best_anchor(bbox)).collect();
    for i in (0..anchors.len()).filter(|_| config.force_best) {
        // Reversed, because the last of equals is the maximum.
        let wanting = (0..boxes.len()).filter(|&b| best_anchors[b] == Some(i)).rev();
        let by_iou = |&a: &usize, &b: &usize| iou(anchors[i], boxes[a]).total_cmp(&iou(anchors[i], boxes[b]));
        if let Some(winner) = wanting.max_by(by_iou) {
            assigned[i] = Assigned::Positive(winner);
        }
    }
    for (assigned, anchor) in assigned.iter_mut().zip(anchors) {
        let inside = |r: &Box4| {
            let w = (anchor[2].min(r[2]) - anchor[0].max(r[0])).max(0.0);
            let h = (anchor[3].min(r[3]) - anchor[1].max(r[1])).max(0.0);
            w * h / ((anchor[2] - anchor[0]) * (anchor[3] - anchor[1]))
        };
        if *assigned == Assigned::Negative && ignored.iter().any(|r| inside(r) >= config.ignored_inside) {
            *assigned = Assigned::Ignored;
        }
    }
    assigned
}

#[test]
fn assignment_by_hand() {
    use Assigned::{Ignored, Negative, Positive};
    let boxes = [[0.0, 0.0, 10.0, 10.0], [30.0, 0.0, 40.0, 10.0]];
    let anchors = [
        [0.0, 0.0, 10.0, 5.0],   // IoU .5 with the first: positive at the bound
        [0.0, 0.0, 10.0, 4.0],   // .4: no longer negative
        [0.0, 0.0, 10.0, 3.9],   // below
        [30.0, 0.0, 40.0, 3.0],  // .3: the best of the second box
        [30.0, 7.0, 40.0, 10.0], // .3 as well, but later
        [50.0, 50.0, 60.0, 60.0],
        [50.0, 55.0, 60.0, 65.0], // half inside the crowd
        [50.0, 56.0, 60.0, 66.0], // less
    ];
    let crowd = [[45.0, 45.0, 70.0, 60.0]];
    let config = AssignConfig::default();
    let expected = [Positive(0), Ignored, Negative, Positive(1), Negative, Ignored, Ignored, Negative];
    assert_eq!(assign(&anchors, &boxes, &crowd, &config), expected);
    let paper = AssignConfig { force_best: false, ..config };
    assert_eq!(assign(&anchors, &boxes, &crowd, &paper)[3..5], [Negative, Negative]);
    // A crowd takes no positive away.
    let all = [[-10.0, -10.0, 100.0, 100.0]];
    let expected = [Positive(0), Ignored, Ignored, Positive(1), Ignored, Ignored, Ignored, Ignored];
    assert_eq!(assign(&anchors, &boxes, &all, &config), expected);
    assert_eq!(assign(&anchors, &[], &[], &config), [Negative; 8]);
    assert_eq!(assign(&[], &boxes, &crowd, &config), []);
}

#[test]
fn contested_anchors() {
    use Assigned::{Negative, Positive};
    let config = AssignConfig::default();
    let anchors = [[0.0, 0.0, 10.0, 10.0], [100.0, 0.0, 110.0, 10.0]];
    // Equal boxes: the first; two boxes with the same best anchor: the larger IoU; no overlap, no force.
    let boxes =
        [[0.0, 0.0, 10.0, 2.0], [0.0, 0.0, 10.0, 3.0], [0.0, 0.0, 10.0, 3.0], [50.0, 0.0, 60.0, 10.0]];
    assert_eq!(assign(&anchors, &boxes, &[], &config), [Positive(1), Negative]);
    // Both boxes fit the second anchor best; the first anchor stays with its own better box.
    let boxes = [[0.0, 0.0, 10.0, 6.0], [0.0, 0.0, 10.0, 5.0]];
    let anchors = [[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 6.5]];
    assert_eq!(assign(&anchors, &boxes, &[], &config), [Positive(0), Positive(0)]);
    // The first anchor overlaps the first box by .9, but is the best that the second box has (.6 and .57).
    let boxes = [[0.0, 0.0, 10.0, 9.0], [4.0, 0.0, 10.0, 10.0]];
    let anchors = [[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 9.1]];
    assert_eq!(assign(&anchors, &boxes, &[], &config), [Positive(1), Positive(0)]);
    // Boxes without area are nobody's, also where everything is positive.
    let greedy = AssignConfig { positive: 0.0, negative: 0.0, ..config };
    assert_eq!(assign(&anchors, &[[2.0, 2.0, 2.0, 8.0]], &[], &greedy), [Negative, Negative]);
}

#[test]
fn assignment_by_brute_force() {
    let mut rng = Rng::seed(9);
    let grids = [
        AnchorConfig::scaled(&[4], &[2.0, 4.0], &[0.5, 1.0, 2.0]).grid(48, 64).boxes,
        AnchorConfig::retinanet(&[4, 8]).grid(47, 61).boxes,
        (0..300).map(|_| random_box(&mut rng)).collect(),
    ];
    for round in 0..30 {
        for anchors in &grids {
            let mut boxes: Vec<Box4> = (0..rng.below(9)).map(|_| random_box(&mut rng)).collect();
            let ignored: Vec<Box4> = (0..rng.below(3)).map(|_| random_box(&mut rng)).collect();
            if round % 3 == 0 {
                // Whole pixels: ties between anchors, and between boxes.
                boxes.iter_mut().for_each(|bbox| *bbox = bbox.map(|x| (x / 8.0).round() * 8.0));
                boxes.extend_from_within(..boxes.len() / 2);
            }
            let config = AssignConfig { force_best: round % 2 == 0, ..AssignConfig::default() };
            let found = assign(anchors, &boxes, &ignored, &config);
            assert_eq!(found, slow_assign(anchors, &boxes, &ignored, &config), "{boxes:?}, {ignored:?}");
        }
    }
}

#[test]
#[should_panic(expected = "assign: box [0.0, NaN, 1.0, 1.0], expected finite coordinates")]
fn a_box_that_is_not_a_number() {
    assign(&[[0.0; 4]], &[[0.0, f32::NAN, 1.0, 1.0]], &[], &AssignConfig::default());
}

#[test]
fn suppression_agrees_with_torchvision() {
    let (boxes, scores) = recorded_boxes();
    assert_eq!(nms(&boxes, &scores, 0.1), [16, 8, 18, 14, 11, 20, 21, 5]);
    assert_eq!(nms(&boxes, &scores, 0.3), [16, 8, 18, 6, 14, 10, 13, 20, 4, 21, 3, 23, 15, 1, 9, 5, 12]);
    let all = [16, 8, 18, 6, 14, 10, 13, 11, 20, 4, 21, 3, 23, 0, 15, 1, 9, 19, 5, 12, 22, 2, 17, 7];
    assert_eq!(nms(&boxes, &scores, 0.5), all);
}

#[test]
fn suppression_at_its_edges() {
    // IoU exactly at the threshold stays; equal scores rank by number; a chain suppresses only its
    // neighbours.
    let boxes = [[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    assert_eq!(nms(&boxes, &[0.7, 0.7], 0.5), [0, 1]);
    assert_eq!(nms(&boxes, &[0.7, 0.7], 0.49), [0]);
    let chain = [[0.0, 0.0, 4.0, 1.0], [1.0, 0.0, 5.0, 1.0], [2.0, 0.0, 6.0, 1.0]];
    assert_eq!(nms(&chain, &[0.9, 0.8, 0.7], 0.5), [0, 2]);
    // NaN comes first, whatever its sign bit, and what is NaN is never dropped.
    assert_eq!(nms(&chain, &[0.9, f32::NAN, -f32::NAN], 0.7), [1, 2, 0]);
    let broken = [[0.0, 0.0, 4.0, 1.0], [0.0, 0.0, f32::NAN, 1.0]];
    assert_eq!(nms(&broken, &[0.9, 0.8], 0.1), [0, 1]);
    assert_eq!(nms(&[], &[], 0.5), [0usize; 0]);
}

/// The steps of `decode_detections`, each in full: all candidates sorted, each class suppressed by itself.
fn slow_decode(
    logits: &[f32],
    codes: &[f32],
    anchors: &Anchors,
    classes: usize,
    config: &DecodeConfig,
) -> Vec<ScoredBox> {
    let mut candidates: Vec<(usize, ScoredBox)> = Vec::new();
    for level in &anchors.levels {
        let mut numbers: Vec<usize> = (level.start * classes..level.end * classes).collect();
        numbers.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        numbers.retain(|&i| {
            config.score_cut.is_none_or(|cut| 1.0 / (1.0 + (-f64::from(logits[i])).exp()) > cut)
        });
        for &number in numbers.iter().take(config.per_level) {
            let anchor = number / classes;
            let code = [0, 1, 2, 3].map(|i| codes[anchor * 4 + i]);
            let b = decode(code, anchors.boxes[anchor]);
            let bbox =
                [b[0].clamp(0.0, 64.0), b[1].clamp(0.0, 48.0), b[2].clamp(0.0, 64.0), b[3].clamp(0.0, 48.0)];
            if bbox[0] < bbox[2] && bbox[1] < bbox[3] {
                candidates.push((number, ScoredBox { bbox, class: number % classes, score: logits[number] }));
            }
        }
    }
    let mut all = Vec::new();
    for class in 0..classes {
        let of_class: Vec<_> = candidates.iter().filter(|(_, c)| c.class == class).copied().collect();
        let boxes: Vec<Box4> = of_class.iter().map(|(_, c)| c.bbox).collect();
        let scores: Vec<f32> = of_class.iter().map(|(_, c)| c.score).collect();
        all.extend(nms(&boxes, &scores, config.nms_iou).into_iter().map(|i| of_class[i]));
    }
    all.sort_by(|(a, x), (b, y)| y.score.total_cmp(&x.score).then(a.cmp(b)));
    all.into_iter().map(|(_, found)| found).take(config.most).collect()
}

#[test]
fn decoding_by_brute_force() {
    let anchors = AnchorConfig::scaled(&[8, 16], &[1.5], &[0.5, 2.0]).grid(48, 64);
    let mut rng = Rng::seed(2);
    let configs = [
        DecodeConfig::default(),
        DecodeConfig { per_level: 20, most: 15, ..DecodeConfig::default() },
        DecodeConfig { score_cut: Some(0.5), nms_iou: 0.2, ..DecodeConfig::default() },
        DecodeConfig { score_cut: Some(0.9999), ..DecodeConfig::default() },
    ];
    for config in &configs {
        // Whole logits give ties.
        for whole in [false, true] {
            let count = anchors.boxes.len();
            // Adding 0 makes 0 of the -0 that rounding gives: total_cmp tells them apart.
            let round = |x: f64| if whole { x.round() + 0.0 } else { x };
            let logits: Vec<f32> = (0..count * 3).map(|_| round(rng.normal()) as f32).collect();
            let codes: Vec<f32> = (0..count * 4).map(|_| rng.normal() as f32).collect();
            let found = decode_detections(&logits, &codes, &anchors, [48, 64], config);
            assert_eq!(found, slow_decode(&logits, &codes, &anchors, 3, config));
            assert!(config.score_cut == Some(0.9999) || found.len() >= 10, "{}", found.len());
        }
    }
}

#[test]
fn decoding_by_hand() {
    let config = AnchorConfig { strides: vec![8], shapes: vec![vec![[8.0, 8.0]]] };
    let anchors = config.grid(8, 24); // cells 0-8, 8-16, 16-24
    let logits = [-1.0, 2.0, 3.0, 1.0, 50.0, 60.0];
    #[rustfmt::skip]
    let codes = [
        0.0, 0.0, 0.0, 0.0,
        -0.9, 0.0, 0.0, 0.0, // 0.8 to 8.8: IoU with the first .82
        5.0, 0.0, 0.0, 0.0, // outside of the image
    ];
    let decoded = decode_detections(&logits, &codes, &anchors, [8, 24], &DecodeConfig::default());
    let found: Vec<(usize, f32)> = decoded.iter().map(|d| (d.class, d.score)).collect();
    // Class 0: the second anchor (3) suppresses the first (-1). Class 1: the first (2) suppresses the second
    // (1).
    assert_eq!(found, [(0, 3.0), (1, 2.0)]);
    assert_eq!(decoded[1].bbox, [0.0, 0.0, 8.0, 8.0]);
    // sigmoid(2) = .88 and sigmoid(3) = .95: a cut between them.
    let cut = DecodeConfig { score_cut: Some(0.9), ..DecodeConfig::default() };
    assert_eq!(decode_detections(&logits, &codes, &anchors, [8, 24], &cut).len(), 1);
    // The last two candidates are the best, but nothing of them is in the image.
    let two = DecodeConfig { per_level: 2, ..DecodeConfig::default() };
    assert_eq!(decode_detections(&logits, &codes, &anchors, [8, 24], &two), []);
    // A NaN is seen.
    let mut broken = logits;
    broken[0] = -f32::NAN;
    assert!(decode_detections(&broken, &codes, &anchors, [8, 24], &cut)[0].score.is_nan());
}

#[test]
#[should_panic(expected = "decode: 4 class logits, 12 numbers of boxes, 3 anchors")]
fn outputs_of_other_anchors() {
    let anchors = AnchorConfig { strides: vec![8], shapes: vec![vec![[8.0, 8.0]]] }.grid(8, 24);
    decode_detections(&[0.0; 4], &[0.0; 12], &anchors, [8, 24], &DecodeConfig::default());
}
