//! A detector of two levels beside the same net written in PyTorch 2 (float64): the wiring of the pyramid,
//! the order of the anchors, and batch norm in training and in evaluation.
//!
//! PyTorch's head outputs were permuted as in RetinaNet: `[N, A * K, H, W]` to `[N, H, W, A, K]`, levels
//! joined.

use losslab_autograd::{Param, Tape, Var};
use losslab_models::{Detector, DetectorConfig, Norm, Stage};
use losslab_tensor::rng::Rng;

/// Place and number of some elements, and the sum of element k times sin(k).
type Recorded = ([(usize, f64); 8], f64);

const LOGITS_TRAIN: Recorded = (
    [
        (0, -0.282363137845),
        (1, -0.223496006796),
        (7, 0.617658147711),
        (64, 0.100039288262),
        (96, -0.302643139402),
        (172, -0.430814371732),
        (184, -0.422877416432),
        (191, -0.228467094194),
    ],
    2.8226049561437305,
);
const BOXES_TRAIN: Recorded = (
    [
        (0, 0.124172747684),
        (1, -0.00315401872997),
        (7, 0.17280592356),
        (85, 0.129490725141),
        (128, 0.569081394981),
        (236, -0.0185740989745),
        (248, 0.467469055223),
        (255, -0.267660777843),
    ],
    -10.979560366562255,
);
const LOGITS_EVAL: Recorded = (
    [
        (0, 0.292131995872),
        (1, 0.16406234396),
        (7, 0.161292793609),
        (64, -0.341546504646),
        (96, 0.291210453062),
        (172, -0.363667688446),
        (184, -0.361492645442),
        (191, -0.267199873993),
    ],
    -4.710235261133901,
);
const BOXES_EVAL: Recorded = (
    [
        (0, 0.294312656811),
        (1, 0.319055945153),
        (7, -0.088388702804),
        (85, -0.237987981923),
        (128, 0.307868448204),
        (236, -0.172287413627),
        (248, 0.39322088856),
        (255, -0.146065579588),
    ],
    0.5189479472085856,
);

fn assert_recorded(what: &str, y: Var<'_, f64>, (elements, sum): Recorded) {
    let y = y.value();
    for (i, expected) in elements {
        assert!((y[i] - expected).abs() < 1e-11, "{what}, element {i}: {}, PyTorch says {expected}", y[i]);
    }
    let found: f64 = y.iter().enumerate().map(|(k, y)| y * (k as f64).sin()).sum();
    assert!((found - sum).abs() < 1e-11, "{what}, sum: {found}, PyTorch says {sum}");
}

#[test]
fn pyramid_and_batch_norm() {
    let config = DetectorConfig {
        stages: vec![Stage { width: 3, depth: 1 }, Stage { width: 5, depth: 2 }],
        head_width: 4,
        anchors_per_cell: 2,
        norm: Norm::Batch,
        ..DetectorConfig::small(2, 3, 2, 2)
    };
    let mut tape = Tape::<f64>::new();
    let detector = Detector::new(&mut tape, &config, &mut Rng::seed(1));
    let params: Vec<Param> = tape.param_ids().collect();
    for (i, param) in params.into_iter().enumerate() {
        let base = if tape.name(param).ends_with("gamma") { 1.0 } else { 0.0 };
        for (j, x) in tape.value_mut(param).iter_mut().enumerate() {
            *x = base + 0.4 * (0.7 * j as f64 + i as f64).sin();
        }
    }
    let data: Vec<f64> = (0..2 * 7 * 5 * 2).map(|i| (0.3 * (i * i) as f64).cos()).collect();
    let x = tape.constant([2, 7, 5, 2], &data);
    let mut buffers = detector.buffers();

    let output = detector.forward_train(x, &mut buffers);
    assert_recorded("logits in training", output.class_logits, LOGITS_TRAIN);
    assert_recorded("boxes in training", output.boxes, BOXES_TRAIN);
    let output = detector.forward_eval(x, &buffers);
    assert_recorded("logits in evaluation", output.class_logits, LOGITS_EVAL);
    assert_recorded("boxes in evaluation", output.boxes, BOXES_EVAL);

    let mean = |wanted: &str| buffers.named().find(|(name, _)| *name == wanted).map(|(_, mean)| mean[1]);
    let found = mean("class.0.level1.running_mean").expect("a buffer of that name");
    assert!((found + 0.001984511983).abs() < 1e-11, "{found}");
}
