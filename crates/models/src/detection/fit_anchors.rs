//! Anchor shapes and stride from the boxes of a training set.

use losslab_tensor::rng::Rng;

/// Runs of k-means from different starts; the best counts.
const RESTARTS: u64 = 8;
/// Rounds of one run at most; some 20 are usual until nothing moves.
const ROUNDS: usize = 100;
/// More boxes than this are thinned out evenly: a mean over 20,000 does not need more, and time is limited to
/// a second.
const MOST_BOXES: usize = 20_000;

/// `count` shapes (width, height) that cover the shapes of boxes well, by increasing area: k-means with
/// distance 1 - IoU, all boxes laid on one centre (Redmon & Farhadi 2017, "YOLO9000", sec. 2).
///
/// Starts are drawn as in k-means++ (Arthur & Vassilvitskii 2007) with fixed seeds, so that the result
/// depends on the sizes alone; of 8 starts, the one with the largest mean IoU between a box and its nearest
/// shape counts, the first among equals. A box at the same distance of two shapes belongs to the first, a
/// shape is the mean width and height of its boxes, and one that has lost all its boxes stays. If there are
/// fewer different sizes than `count`, the missing shapes are copies of the found ones at 2^(1/3), 2^(2/3),
/// ... times the size.
///
/// Sizes that are not finite and above 0 are passed over; `None` if none is left, or `count` is 0.
pub fn fit_anchors(sizes: &[[f64; 2]], count: usize) -> Option<Vec<[f64; 2]>> {
    let sizes: Vec<[f64; 2]> = sizes.iter().copied().filter(is_size).collect();
    let step = sizes.len().div_ceil(MOST_BOXES).max(1);
    let sizes: Vec<[f64; 2]> = sizes.into_iter().step_by(step).collect();
    let mut best: Option<(f64, Vec<[f64; 2]>)> = None;
    for seed in 0..if sizes.is_empty() { 0 } else { RESTARTS } {
        let shapes = k_means(&sizes, start(&sizes, count, &mut Rng::seed(seed)));
        let cover = sizes.iter().map(|&size| nearest(size, &shapes).1).sum();
        if best.as_ref().is_none_or(|(most, _)| cover > *most) {
            best = Some((cover, shapes));
        }
    }
    let (_, mut shapes) = best.filter(|_| count > 0)?;
    const THIRD_OF_AN_OCTAVE: f64 = 1.259_921_049_894_873_2;
    let found = shapes.len();
    for i in found..count {
        shapes.push(shapes[i - found].map(|side| side * THIRD_OF_AN_OCTAVE));
    }
    shapes.sort_by(|a, b| (a[0] * a[1]).total_cmp(&(b[0] * b[1])).then(a[0].total_cmp(&b[0])));
    Some(shapes)
}

/// The stride of the finest level that suits boxes of these sizes: the largest of 16, 8, 4 and 2 of which the
/// small boxes measure at least 1.5, where the small boxes are those at the 5th percentile of sqrt(width
/// height).
///
/// An anchor of the box's own shape, side a, on a cell centre `stride / 4` off in both directions, the mean
/// distance, has IoU `t^2 / (2 - t^2)`, `t = 1 - stride / (4 a)`: at a = 1.5 stride .53, just a positive.
/// Figures: the training boxes of BCCD at 160 x 120 have their 5th percentile at 10.5 pixels (platelets are
/// 7.5% of the boxes, about 9 pixels wide; the 10th percentile, 20, does not see them), which gives 4; those
/// of DeepPCB in tiles of 160 x 160 at 13.7, which gives 8.
///
/// Sizes that are not finite and above 0 are passed over; 8 if none is left.
pub fn suggest_stride(sizes: &[[f64; 2]]) -> usize {
    let mut sides: Vec<f64> =
        sizes.iter().filter(|size| is_size(size)).map(|[w, h]| (w * h).sqrt()).collect();
    sides.sort_by(f64::total_cmp);
    match sides.get(sides.len() / 20) {
        Some(&small) => [16, 8, 4].into_iter().find(|&stride| small >= 1.5 * stride as f64).unwrap_or(2),
        None => 8,
    }
}

fn is_size(size: &[f64; 2]) -> bool {
    size.iter().all(|&side| side > 0.0 && side.is_finite())
}

/// IoU of two boxes with the same centre.
fn overlap(a: [f64; 2], b: [f64; 2]) -> f64 {
    let shared = a[0].min(b[0]) * a[1].min(b[1]);
    shared / (a[0] * a[1] + b[0] * b[1] - shared)
}

/// The first of the shapes with the largest IoU, and that IoU.
fn nearest(size: [f64; 2], shapes: &[[f64; 2]]) -> (usize, f64) {
    let mut best = (0, -1.0);
    for (i, &shape) in shapes.iter().enumerate() {
        let iou = overlap(size, shape);
        if iou > best.1 {
            best = (i, iou);
        }
    }
    best
}

/// Up to `count` different sizes, each drawn with a probability that grows with the square of its distance to
/// those before.
fn start(sizes: &[[f64; 2]], count: usize, rng: &mut Rng) -> Vec<[f64; 2]> {
    let mut shapes = vec![sizes[rng.below(sizes.len() as u64) as usize]];
    while shapes.len() < count {
        let weight = |size: &[f64; 2]| {
            let distance = 1.0 - nearest(*size, &shapes).1;
            distance * distance
        };
        let total: f64 = sizes.iter().map(weight).sum();
        let mut left = rng.uniform() * total;
        // Rounding may leave a rest behind the last size: then the last that has a weight is taken.
        let mut drawn = None;
        for size in sizes.iter().filter(|size| weight(size) > 0.0) {
            drawn = Some(*size);
            left -= weight(size);
            if left < 0.0 {
                break;
            }
        }
        match drawn {
            Some(size) => shapes.push(size),
            None => break,
        }
    }
    shapes
}

fn k_means(sizes: &[[f64; 2]], mut shapes: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    for _ in 0..ROUNDS {
        let mut sums = vec![[0.0; 3]; shapes.len()];
        for &size in sizes {
            let sum = &mut sums[nearest(size, &shapes).0];
            *sum = [sum[0] + size[0], sum[1] + size[1], sum[2] + 1.0];
        }
        let before = shapes.clone();
        for (shape, [width, height, boxes]) in shapes.iter_mut().zip(sums) {
            if boxes > 0.0 {
                *shape = [width / boxes, height / boxes];
            }
        }
        if shapes == before {
            break;
        }
    }
    shapes
}
