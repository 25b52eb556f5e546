//! The detector: its shapes, its gradient in f64, and what it may not mix up.

use losslab_autograd::{GradCheck, Param, Tape, Var};
use losslab_models::detection::AnchorConfig;
use losslab_models::{Detector, DetectorConfig, Norm, Output, Stage, prior_bias};
use losslab_tensor::Float;
use losslab_tensor::rng::Rng;

/// A few hundred parameters; two images of 13 x 10 pixels have an odd size on every level.
fn tiny(levels: usize, norm: Norm) -> DetectorConfig {
    let stage = |width| Stage { width, depth: 1 };
    DetectorConfig {
        stages: vec![stage(2), Stage { width: 4, depth: 2 }, stage(2), stage(2)],
        stride: 2,
        levels,
        head_width: 2,
        anchors_per_cell: 2,
        norm,
        ..DetectorConfig::small(1, 3, 2, levels)
    }
}

/// Numbers in [-1, 1] that depend on their place alone.
fn images<T: Float>(tape: &Tape<T>, shape: [usize; 4]) -> Var<'_, T> {
    let fill = |x: &mut [T]| {
        let mut rng = Rng::seed(5);
        x.iter_mut().for_each(|x| *x = T::from_f64(2.0 * rng.uniform() - 1.0));
    };
    tape.constant_with(shape, fill)
}

/// Random parameters of order .5: those of an untrained net are so small that errors would not show.
fn stir<T: Float>(tape: &mut Tape<T>) {
    let mut rng = Rng::seed(11);
    let params: Vec<Param> = tape.param_ids().collect();
    for param in params {
        tape.value_mut(param).iter_mut().for_each(|x| *x = T::from_f64(0.5 * rng.normal()));
    }
}

/// All numbers of an output: `[N, anchors, classes + 4]`.
fn joined<'t, T: Float>(output: Output<'t, T>) -> Var<'t, T> {
    output.class_logits.concat(&[output.boxes], 2)
}

#[test]
fn the_gradient_of_a_whole_model() {
    for (levels, norm) in [(1, Norm::None), (2, Norm::Batch), (3, Norm::Group(2)), (3, Norm::Batch)] {
        let mut tape = Tape::<f32>::new();
        let detector = Detector::new(&mut tape, &tiny(levels, norm), &mut Rng::seed(3));
        stir(&mut tape);
        // Short, so that no ReLU passes its kink between the points of a difference; much shorter, and
        // rounding shows.
        let check = GradCheck { step: 1e-5, rtol: 1e-6, atol: 1e-7 };
        let train = |tape: &Tape<f64>, seed| {
            let worst = check.run_on(
                &mut tape.cast(),
                |tape| joined(detector.forward_train(images(tape, [2, 13, 10, 1]), &mut detector.buffers())),
                seed,
            );
            assert!(worst.is_ok(), "{levels} levels, {norm:?}: {}", worst.unwrap_err());
        };
        train(&tape.cast(), 5);
        // Frozen statistics leave the gradient of a convolution with scaled weights.
        let mut buffers = detector.buffers();
        let twin = tape.cast::<f64>();
        detector.forward_train(images(&twin, [2, 13, 10, 1]), &mut buffers);
        let eval = check.run_on(
            &mut tape.cast(),
            |tape| joined(detector.forward_eval(images(tape, [2, 13, 10, 1]), &buffers)),
            6,
        );
        assert!(eval.is_ok(), "{levels} levels, {norm:?}, evaluation: {}", eval.unwrap_err());
    }
}

#[test]
fn f32_is_f64_rounded() {
    for norm in [Norm::None, Norm::Batch, Norm::Group(2)] {
        let mut tape = Tape::<f32>::new();
        let detector = Detector::new(&mut tape, &tiny(2, norm), &mut Rng::seed(3));
        stir(&mut tape);
        let twin = tape.cast::<f64>();
        let (mut small, mut large) = (detector.buffers::<f32>(), detector.buffers::<f64>());
        let a = joined(detector.forward_train(images(&tape, [3, 9, 14, 1]), &mut small));
        let b = joined(detector.forward_train(images(&twin, [3, 9, 14, 1]), &mut large));
        assert_eq!(a.shape(), b.shape());
        for (i, (&a, &b)) in a.value().iter().zip(b.value().iter()).enumerate() {
            assert!((f64::from(a) - b).abs() <= 2e-5 * b.abs().max(1.0), "{norm:?}, number {i}: {a}, {b}");
        }
        for ((name, a), (_, b)) in small.cast::<f64>().named().zip(large.named()) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{name}: {a:?}, {b:?}");
        }
    }
}

#[test]
fn outputs_are_the_list_of_anchors() {
    for (stride, levels) in [(2, 1), (2, 2), (2, 3), (4, 1), (4, 3), (8, 2), (16, 1)] {
        for [height, width] in [[1, 1], [13, 10], [33, 17], [16, 32]] {
            let stage = Stage { width: 2, depth: 1 };
            let config = DetectorConfig {
                stages: vec![stage; 6],
                anchors_per_cell: 3,
                head_width: 2,
                ..DetectorConfig::small(2, 5, stride, levels)
            };
            let mut tape = Tape::<f32>::new();
            let detector = Detector::new(&mut tape, &config, &mut Rng::seed(1));
            let x = images(&tape, [2, height, width, 2]);
            let output = detector.forward_train(x, &mut detector.buffers());
            let anchors =
                AnchorConfig::scaled(&config.strides(), &[1.0], &[0.5, 1.0, 2.0]).grid(height, width);
            let count = anchors.boxes.len();
            assert_eq!(output.class_logits.shape().dims(), [2, count, 5], "stride {stride}, {levels} levels");
            assert_eq!(output.boxes.shape().dims(), [2, count, 4], "{height} x {width}");
            let cells = config.feature_sizes(height, width);
            let per_level: Vec<usize> = anchors.levels.iter().map(|level| level.len()).collect();
            assert_eq!(per_level, cells.iter().map(|[h, w]| 3 * h * w).collect::<Vec<_>>());
        }
    }
}

/// The receptive field tells rows from columns and levels apart: a mark in one corner of the image reaches
/// the anchors whose cells lie there, and no others.
#[test]
fn a_cell_stands_where_its_anchor_is() {
    let config = DetectorConfig {
        norm: Norm::None,
        stages: vec![Stage { width: 8, depth: 1 }; 2],
        head_depth: 0,
        anchors_per_cell: 2,
        ..DetectorConfig::small(1, 1, 4, 1)
    };
    let mut tape = Tape::<f32>::new();
    let detector = Detector::new(&mut tape, &config, &mut Rng::seed(1));
    stir(&mut tape);
    let [height, width] = [40, 72];
    let buffers = detector.buffers();
    let mut run = |mark: Option<usize>| {
        tape.rewind();
        let fill = |x: &mut [f32]| {
            x.fill(0.0);
            mark.into_iter().for_each(|at| x[at] = 1.0);
        };
        let x = tape.constant_with([1, height, width, 1], fill);
        detector.forward_eval(x, &buffers).class_logits.to_tensor().into_data()
    };
    let plain = run(None);
    let anchors = AnchorConfig::scaled(&[4], &[1.0, 2.0], &[1.0]).grid(height, width);
    for (row, column) in [(0, 0), (5, 70), (38, 3), (21, 40)] {
        let marked = run(Some(row * width + column));
        let mut touched = 0;
        for (i, anchor) in anchors.boxes.iter().enumerate() {
            let [x, y] = [0.5 * (anchor[0] + anchor[2]), 0.5 * (anchor[1] + anchor[3])];
            // 3x3 at strides 1, 2 (of 2 pixels) and 4: 1 + 2 + 4 pixels to each side, of a cell of 4.
            let is_near = (x - column as f32 - 0.5).abs() < 10.0 && (y - row as f32 - 0.5).abs() < 10.0;
            assert!(is_near || marked[i] == plain[i], "pixel {row}, {column} reaches the anchor at {x}, {y}");
            touched += usize::from(marked[i] != plain[i]);
        }
        assert!(touched >= 2, "pixel {row}, {column} reaches {touched} anchors");
    }
}

#[test]
fn an_untrained_detector_predicts_the_prior() {
    let mut tape = Tape::<f64>::new();
    let config = DetectorConfig::small(3, 2, 8, 2);
    let detector = Detector::new(&mut tape, &config, &mut Rng::seed(1));
    let logits = detector.forward_train(images(&tape, [2, 32, 32, 3]), &mut detector.buffers()).class_logits;
    let p = logits.sigmoid();
    // sigma = .01 over 648 inputs of order 1 moves the logit by some .25.
    assert!(p.value().iter().all(|&p| p > 0.002 && p < 0.05), "{:?}", p.value());
    detector.set_class_bias(&mut tape, prior_bias(0.5));
    tape.rewind();
    let logits = detector.forward_train(images(&tape, [2, 32, 32, 3]), &mut detector.buffers()).class_logits;
    assert!(logits.value().iter().sum::<f64>().abs() / (logits.value().len() as f64) < 0.1);
}

#[test]
fn the_default_net_is_the_reference() {
    let mut tape = Tape::<f32>::new();
    Detector::new(&mut tape, &DetectorConfig::small(3, 3, 4, 1), &mut Rng::seed(1));
    let listed = |param| (tape.name(param), tape.shape(param).dims().to_vec());
    let params: Vec<(String, Vec<usize>)> = tape.param_ids().map(listed).collect();
    let widths = [3, 24, 48, 48, 72, 72];
    let mut expected = Vec::new();
    let mut block = |name: &str, inputs: usize, outputs: usize| {
        expected.push((format!("{name}.weight"), vec![3, 3, inputs, outputs]));
        expected.push((format!("{name}.gamma"), vec![outputs]));
        expected.push((format!("{name}.beta"), vec![outputs]));
    };
    (0..5).for_each(|i| block(&format!("backbone.{i}"), widths[i], widths[i + 1]));
    block("class.0", 72, 72);
    block("box.0", 72, 72);
    let last = |name: &str, outputs: usize| {
        [(format!("{name}.weight"), vec![3, 3, 72, outputs]), (format!("{name}.bias"), vec![outputs])]
    };
    expected.splice(18..18, last("class.last", 27));
    expected.extend(last("box.last", 36));
    assert_eq!(params, expected);
    // PyTorch's module of the same layers counts 244,527.
    let total: usize = params.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    assert_eq!(total, 244_527);
}

#[test]
fn what_inference_says_of_an_image_does_not_depend_on_the_others() {
    let mut tape = Tape::<f64>::new();
    let detector = Detector::new(&mut tape, &tiny(2, Norm::Batch), &mut Rng::seed(1));
    stir(&mut tape);
    let mut buffers = detector.buffers();
    detector.forward_train(images(&tape, [2, 13, 10, 1]), &mut buffers);
    let both = joined(detector.forward_eval(images(&tape, [2, 13, 10, 1]), &buffers)).to_tensor();
    let first = joined(detector.forward_eval(images(&tape, [1, 13, 10, 1]), &buffers)).to_tensor();
    assert_eq!(both.data()[..first.data().len()], *first.data());
}

#[test]
fn buffers_have_names_and_can_be_loaded() {
    let mut tape = Tape::<f32>::new();
    let detector = Detector::new(&mut tape, &tiny(2, Norm::Batch), &mut Rng::seed(1));
    let mut buffers = detector.buffers::<f32>();
    let names: Vec<&str> = buffers.named().map(|(name, _)| name).collect();
    assert_eq!(names[..2], ["backbone.0.running_mean", "backbone.0.running_variance"]);
    // 5 of the backbone; one block in each subnet, its statistics apart for each of 2 levels.
    assert_eq!(names.len(), 2 * (5 + 2 * 2));
    assert!(names.contains(&"class.0.level1.running_variance"), "{names:?}");
    detector.forward_train(images(&tape, [2, 13, 10, 1]), &mut buffers);
    let mut loaded = detector.buffers::<f32>();
    assert_ne!(loaded, buffers);
    for ((_, to), (_, from)) in loaded.named_mut().zip(buffers.named()) {
        to.copy_from_slice(from);
    }
    assert_eq!(loaded, buffers);
    let without = Detector::new(&mut Tape::<f32>::new(), &tiny(2, Norm::None), &mut Rng::seed(1));
    assert_eq!(without.buffers::<f32>().named().count(), 0);
}

#[test]
fn a_step_again_gives_the_same_bits() {
    let mut tape = Tape::<f32>::new();
    let detector = Detector::new(&mut tape, &tiny(3, Norm::Batch), &mut Rng::seed(1));
    let mut run = || {
        tape.rewind();
        let y = joined(detector.forward_train(images(&tape, [2, 13, 10, 1]), &mut detector.buffers()));
        y.sum_all().backward();
        let bits: Vec<u32> = y.value().iter().map(|y| y.to_bits()).collect();
        bits
    };
    assert_eq!(run(), run());
}

#[test]
fn configurations_that_cannot_be_built() {
    let small = || DetectorConfig::small(3, 2, 8, 1);
    let refused: [(DetectorConfig, &str); 8] = [
        (DetectorConfig { classes: 0, ..small() }, "detector: classes is 0, expected at least 1"),
        (DetectorConfig { stride: 6, ..small() }, "detector: stride is 6, expected 2, 4, 8 or 16"),
        (DetectorConfig { levels: 4, ..small() }, "detector: levels is 4, expected 1, 2 or 3"),
        (DetectorConfig { levels: 0, ..small() }, "detector: levels is 0, expected 1, 2 or 3"),
        (
            DetectorConfig { levels: 2, ..small() },
            "detector: stages is 3 stages, expected at least 4, each halving the image once: stride 8, 2 \
             levels",
        ),
        (
            DetectorConfig { norm: Norm::Group(16), ..small() },
            "detector: norm is 16 groups, expected a divisor of width 24",
        ),
        (
            DetectorConfig { norm: Norm::Group(0), ..small() },
            "detector: norm is 0 groups, expected a divisor of width 24",
        ),
        (
            DetectorConfig { prior: 0.0, ..small() },
            "detector: prior is 0, expected a probability strictly between 0 and 1",
        ),
    ];
    for (config, message) in refused {
        assert_eq!(config.check().map_err(|error| error.to_string()), Err(message.to_owned()));
    }
    for stride in [2, 4, 8, 16] {
        (1..=3).for_each(|levels| assert_eq!(DetectorConfig::small(1, 1, stride, levels).check(), Ok(())));
    }
}

#[test]
#[should_panic(expected = "detector: images [1, 8, 8, 1], expected [N, H, W, 3] with at least one pixel")]
fn images_of_other_channels() {
    let mut tape = Tape::<f32>::new();
    let detector = Detector::new(&mut tape, &DetectorConfig::small(3, 2, 8, 1), &mut Rng::seed(1));
    detector.forward_eval(images(&tape, [1, 8, 8, 1]), &detector.buffers());
}
