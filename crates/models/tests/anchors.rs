//! Anchors: where they stand, and how they are fitted.

use losslab_models::detection::{AnchorConfig, fit_anchors, suggest_stride};
use losslab_tensor::rng::Rng;

#[test]
fn levels_and_cells_in_order() {
    let config = AnchorConfig {
        strides: vec![4, 8],
        shapes: vec![vec![[2.0, 4.0], [4.0, 2.0]], vec![[8.0, 8.0], [6.0, 10.0]]],
    };
    let anchors = config.grid(6, 9); // 2 x 3 cells, 1 x 2 cells
    assert_eq!(anchors.levels, [0..12, 12..16]);
    assert_eq!(anchors.boxes.len(), 16);
    assert_eq!(anchors.boxes[0], [1.0, 0.0, 3.0, 4.0]);
    assert_eq!(anchors.boxes[1], [0.0, 1.0, 4.0, 3.0]);
    assert_eq!(anchors.boxes[2], [5.0, 0.0, 7.0, 4.0], "the next cell is to the right");
    assert_eq!(anchors.boxes[6], [1.0, 4.0, 3.0, 8.0], "then the next row");
    assert_eq!(anchors.boxes[12], [0.0, 0.0, 8.0, 8.0]);
    assert_eq!(anchors.boxes[15], [9.0, -1.0, 15.0, 9.0]);
}

#[test]
fn retinanet_has_nine_from_32_pixels_at_stride_8() {
    let config = AnchorConfig::retinanet(&[8, 16]);
    assert_eq!(config.per_cell(), 9);
    for (level, side) in [(0, 32.0), (1, 64.0)] {
        for (i, &[w, h]) in config.shapes[level].iter().enumerate() {
            let (octave, ratio) = ((i / 3) as f64 / 3.0, [0.5, 1.0, 2.0][i % 3]);
            let expected = side * octave.exp2();
            assert!(((w * h).sqrt() - expected).abs() < 1e-9 && (h / w - ratio).abs() < 1e-12, "{w} x {h}");
        }
    }
}

/// Sizes around these centres, 60 each, up to 5% off.
fn clusters(centres: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut rng = Rng::seed(3);
    let mut around = |side: f64| side * (0.95 + 0.1 * rng.uniform());
    (0..60).flat_map(|_| centres).map(|c| c.map(&mut around)).collect()
}

#[test]
fn clusters_are_found() {
    let centres = [[10.0, 10.0], [10.0, 30.0], [30.0, 12.0], [40.0, 40.0], [100.0, 50.0], [60.0, 120.0]];
    let sizes = clusters(&centres);
    let fitted = fit_anchors(&sizes, 6).expect("sizes to fit to");
    for (found, centre) in fitted.iter().zip(centres.map(|c| c)) {
        // The means of 60 sizes: 5% / sqrt(3 * 60) off, so 1.5% is four standard deviations.
        let nearest = centres.iter().any(|c| (0..2).all(|i| (found[i] / c[i] - 1.0).abs() < 0.015));
        assert!(nearest, "{fitted:?} beside {centre:?}");
    }
    assert!(fitted.windows(2).all(|pair| pair[0][0] * pair[0][1] <= pair[1][0] * pair[1][1]));
    assert_eq!(fit_anchors(&sizes, 6), Some(fitted.clone()), "the same sizes, the same anchors");
    let config = AnchorConfig::fitted(&sizes, &[8, 16, 32], 2).expect("sizes to fit to");
    assert_eq!(config.shapes.concat(), fitted, "small shapes on the finest level");
    assert_eq!((config.per_cell(), config.shapes.len()), (2, 3));
}

#[test]
fn one_shape_is_the_mean() {
    let fitted = fit_anchors(&[[2.0, 8.0], [4.0, 4.0], [6.0, 3.0]], 1);
    assert_eq!(fitted, Some(vec![[4.0, 5.0]]));
}

#[test]
fn too_few_sizes_and_broken_ones() {
    // One size is repeated at octaves of a third.
    let fitted = fit_anchors(&[[8.0, 4.0]; 5], 3).expect("a size to fit to");
    let sides: Vec<f64> = fitted.iter().map(|shape| shape[0]).collect();
    for (i, side) in sides.into_iter().enumerate() {
        assert!((side - 8.0 * (i as f64 / 3.0).exp2()).abs() < 1e-9, "{fitted:?}");
    }
    let broken = [[f64::NAN, 3.0], [3.0, 0.0], [-1.0, 2.0], [f64::INFINITY, 1.0]];
    assert_eq!(fit_anchors(&broken, 3), None);
    assert_eq!(fit_anchors(&[], 3), None);
    assert_eq!(fit_anchors(&[[1.0, 1.0]], 0), None);
    assert_eq!(suggest_stride(&broken), 8);
    let mut mixed = broken.to_vec();
    mixed.push([8.0, 4.0]);
    assert_eq!(fit_anchors(&mixed, 1), Some(vec![[8.0, 4.0]]));
}

#[test]
fn the_stride_follows_the_small_boxes() {
    for (side, stride) in
        [(3.0, 2), (5.9, 2), (6.0, 4), (11.9, 4), (12.0, 8), (23.9, 8), (24.0, 16), (500.0, 16)]
    {
        assert_eq!(suggest_stride(&[[side, side]; 30]), stride, "{side} pixels");
        assert_eq!(suggest_stride(&[[side * 2.0, side / 2.0]; 30]), stride, "area decides");
    }
    // 6% small boxes decide, 4% do not.
    let with = |small: usize| {
        let mut sizes = vec![[30.0, 30.0]; 100 - small];
        sizes.extend(vec![[7.0, 7.0]; small]);
        sizes
    };
    assert_eq!((suggest_stride(&with(6)), suggest_stride(&with(4))), (4, 16));
}

#[test]
#[should_panic(
    expected = "anchors: [1, 2] shapes on the levels of strides [4, 8], expected the same number on each"
)]
fn levels_of_different_shapes() {
    let shape = [4.0, 4.0];
    AnchorConfig { strides: vec![4, 8], shapes: vec![vec![shape], vec![shape, shape]] }.grid(8, 8);
}
