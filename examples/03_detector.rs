//! A one-stage detector by hand: what its anchors are assigned to, how imbalanced that is, and how it is
//! trained and read out. `losslab compare --scenes` does the same with more care.
//!
//! `cargo run --release --example 03_detector`

use losslab::data::images::{Normalisation, Placement, ScenePart, SceneSpec};
use losslab_autograd::Tape;
use losslab_autograd::optim::{Adam, Optimizer};
use losslab_losses::{
    Criterion, Head, Normalizer, Reduction, Registry, Spec, TapeBatch, TapeTargets, criterion,
};
use losslab_models::detection::{
    AnchorConfig, AssignConfig, Assigned, DecodeConfig, assign, decode_detections, encode,
};
use losslab_models::{Detector, DetectorConfig, Stage};
use losslab_tensor::rng::Rng;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Eight scenes with discs in them, and forms that only look like discs.
    let scenes = "images=8,size=48,ratio=60,classes=1".parse::<SceneSpec>()?.generate(ScenePart::Train);
    let (n, height, width) = (scenes.images.len(), scenes.height, scenes.width);
    let pixels = Normalisation::of(&scenes);
    let corners = |b: &losslab::metrics::boxes::BoundingBox| {
        [b.x, b.y, b.x + b.width, b.y + b.height].map(|edge| edge as f32)
    };

    // Anchors: squares and oblongs of 8 to 16 pixels around every cell of 4 x 4 pixels.
    let shapes = vec![[8.0, 8.0], [12.0, 12.0], [16.0, 16.0], [16.0, 10.0], [10.0, 16.0]];
    let anchors = AnchorConfig { strides: vec![4], shapes: vec![shapes] }.grid(height, width);
    let count = anchors.boxes.len();

    // Targets: 1 where an anchor answers for an object, nothing where it is in between, 0 elsewhere: nearly
    // everywhere.
    let (mut targets, mut valid) = (vec![0.0; n * count], vec![1.0; n * count]);
    let (mut positives, mut codes) = (Vec::new(), Vec::new());
    for (i, image) in scenes.images.iter().enumerate() {
        let objects: Vec<[f32; 4]> = image.objects.iter().map(|object| corners(&object.bbox)).collect();
        for (a, assigned) in
            assign(&anchors.boxes, &objects, &[], &AssignConfig::default()).into_iter().enumerate()
        {
            let row = i * count + a;
            match assigned {
                Assigned::Negative => {}
                Assigned::Ignored => valid[row] = 0.0,
                Assigned::Positive(object) => {
                    targets[row] = 1.0;
                    positives.push(row as u32);
                    codes.extend(encode(objects[object], anchors.boxes[a]));
                }
            }
        }
    }
    println!(
        "{n} scenes, {count} anchors each; {} of all are positive, 1 in {}",
        positives.len(),
        n * count / positives.len()
    );

    for spec in ["ce", "focal:gamma=2,alpha=0.25"] {
        let spec = Spec::parse(spec, &Registry::standard())?;
        let counts = [(n * count - positives.len()) as u64, positives.len() as u64];
        let per_positive = Reduction::Mean(Normalizer::Positives);
        let loss = Arc::new(Criterion::new(&spec, Head::Sigmoid, &counts, per_positive)?);

        // The class scores start at .01, so that the background does not drown the first steps.
        let stages = [12, 24, 24].map(|width| Stage { width, depth: 1 }).to_vec();
        let config = DetectorConfig {
            stages,
            head_width: 24,
            anchors_per_cell: 5,
            ..DetectorConfig::small(3, 1, 4, 1)
        };
        let mut tape = Tape::<f32>::new();
        let model = Detector::new(&mut tape, &config, &mut Rng::seed(1));
        let mut buffers = model.buffers();
        let mut optimizer = Adam::new(0.0);
        let write = |out: &mut [f32]| {
            let each = out.chunks_exact_mut(height * width * 3);
            each.zip(&scenes.images)
                .for_each(|(out, image)| Placement::default().write(&image.image, &pixels, out));
        };

        print!("{:<26} loss", spec.to_string());
        for step in 0..=120 {
            tape.rewind();
            let output = model.forward_train(tape.constant_with([n, height, width, 3], write), &mut buffers);
            let classes = TapeBatch {
                logits: output.class_logits.reshape([n * count, 1]),
                targets: TapeTargets::Sigmoid(tape.constant([n * count, 1], &targets)),
                weights: None,
                valid: Some(tape.constant([n * count, 1], &valid)),
            };
            let found = output.boxes.reshape([n * count, 4]).gather(tape.indices(&positives));
            let wrong = found - tape.constant([positives.len(), 4], &codes);
            let total = criterion(&loss, classes) + wrong.smooth_l1(0.11).mean_all();
            if step % 30 == 0 {
                print!("  {:.3}", total.item());
            }
            total.backward();
            optimizer.step(&mut tape, 0.003);
        }

        // Reading out: no score cut, since the two losses report other numbers for the same certainty.
        tape.rewind();
        let output = model.forward_eval(tape.constant_with([n, height, width, 3], write), &buffers);
        let (logits, codes) = (output.class_logits.value(), output.boxes.value());
        let mut found = 0;
        for (i, image) in scenes.images.iter().enumerate() {
            let (logits, codes) = (&logits[i * count..][..count], &codes[i * count * 4..][..count * 4]);
            let detections =
                decode_detections(logits, codes, &anchors, [height, width], &DecodeConfig::default());
            let best = &detections[..image.objects.len()];
            found += best
                .iter()
                .filter(|best| {
                    let overlaps = |b| losslab_models::detection::iou(best.bbox, corners(b)) >= 0.5;
                    image.objects.iter().any(|object| overlaps(&object.bbox))
                })
                .count();
        }
        let objects: usize = scenes.images.iter().map(|image| image.objects.len()).sum();
        println!("; {found} of {objects} objects are among the best boxes");
    }
    Ok(())
}
