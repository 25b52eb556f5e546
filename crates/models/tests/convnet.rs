//! The residual network: the sizes that its paper publishes, its gradients, and what it refuses.

use losslab_autograd::{GradCheck, Param, Tape};
use losslab_models::{BatchNorms, ConvNet, Models, Network, Params, Phase, Shape};
use losslab_tensor::rng::Rng;
use losslab_testing::random::{self, Draw};

fn params(spec: &str) -> Params {
    Params::parse(&ConvNet::INFO, spec).expect("parameters of the network")
}

fn images(image: [usize; 3], outputs: usize) -> Shape {
    Shape { columns: image.iter().product(), image: Some(image), outputs }
}

/// The weights that a state holds, without the running statistics.
fn weights(spec: &str, shape: &Shape) -> usize {
    let mut tape = Tape::<f32>::new();
    ConvNet::new(&mut tape, &params(spec), shape, &mut Rng::seed(1)).expect("a network");
    tape.param_ids().map(|param| tape.shape(param).elements()).sum()
}

#[test]
fn as_many_weights_as_published() {
    let cifar = images([32, 32, 3], 10);
    // He et al. 2016, table 6: millions of parameters.
    for (depth, published) in [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)] {
        let spec = format!("convnet:depth={depth}");
        let found = weights(&spec, &cifar);
        let error = (found as f64 / 1e6 - published).abs();
        assert!(error <= 0.005 + 0.02 * published, "depth {depth}: {found}, published {published} million");
    }
    for (spec, shape) in [
        ("convnet", images([28, 28, 1], 1)),
        ("convnet:width=3,depth=14", images([5, 7, 2], 4)),
        ("convnet:width=1,depth=20", cifar),
    ] {
        let (least, found) = (ConvNet::size(&params(spec), &shape).expect("a size"), weights(spec, &shape));
        assert!(least <= found && least + 2 * 16 >= found, "{spec}: at least {least}, found {found}");
    }
}

#[test]
fn what_is_no_network_is_refused() {
    let table = Shape { columns: 6, image: None, outputs: 1 };
    let image = images([28, 28, 1], 1);
    for (spec, shape, expected) in [
        ("convnet", &table, "convnet: reads images; here are rows of 6 numbers of a table: use --model mlp"),
        (
            "convnet:depth=10",
            &image,
            "convnet:depth=10: depth=10: expected 6n + 2 layers: 8, 14, 20, .. up to 1202",
        ),
        (
            "convnet:depth=2",
            &image,
            "convnet:depth=2: depth=2: expected 6n + 2 layers: 8, 14, 20, .. up to 1202",
        ),
        (
            "convnet:depth=1208",
            &image,
            "convnet:depth=1208: depth=1208: expected 6n + 2 layers: 8, 14, 20, .. up to 1202",
        ),
        ("convnet:width=0", &image, "convnet:width=0: width=0: expected a whole number from 1 to 1024"),
        (
            "convnet:width=2000",
            &image,
            "convnet:width=2000: width=2000: expected a whole number from 1 to 1024",
        ),
    ] {
        let found = Models::standard().parse(spec).expect("a model").size(shape);
        assert_eq!(found, Err(expected.into()));
    }
}

/// Numbers of the order of 1 for all weights: those of an untrained net hide errors.
fn stir(tape: &mut Tape<f64>, draw: &mut Draw) {
    let params: Vec<Param> = tape.param_ids().collect();
    for param in params {
        tape.value_mut(param).iter_mut().for_each(|x| *x = draw.uniform(-1.0, 1.0));
    }
}

#[test]
fn the_whole_jacobian() {
    /// A ReLU's kink between the points of a difference is left behind by a shorter one; a wrong gradient is
    /// not.
    const STEPS: [f64; 4] = [1e-3, 1e-4, 1e-5, 1e-6];
    let total = random::cases(3, 5, |draw, number| {
        // At least 2 x 2 cells of 2 images and 3 channels in the last stage: a channel that is nearly the
        // same everywhere has a gradient that consists of rounding alone.
        let image = [draw.between(5, 7), draw.between(5, 7), draw.between(1, 2)];
        let shape = images(image, draw.between(1, 3));
        let depth = if number % 8 == 7 { 14 } else { 8 };
        let spec = format!("convnet:width=3,depth={depth}");
        let mut tape = Tape::<f64>::new();
        let model = ConvNet::new(&mut tape, &params(&spec), &shape, &mut Rng::seed(number)).expect("a net");
        stir(&mut tape, draw);
        let rows = draw.between(2, 3);
        let x = draw.tensor(&[rows, shape.columns], (-2.0, 2.0), 0.0);
        let mismatch = |step| {
            let check = GradCheck { step, ..GradCheck::default() };
            check
                .jacobian_on(
                    &mut tape.cast(),
                    |tape| {
                        let mut norms = BatchNorms::new(&model.norms());
                        model.forward(tape.constant(x.shape(), x.data()), &mut Phase::Train(&mut norms))
                    },
                    number,
                )
                .err()
        };
        let found: Option<Vec<_>> = STEPS.into_iter().map(mismatch).collect();
        assert!(found.is_none(), "case {number}, {spec}, {shape:?}: {found:?}");
    });
    println!("checked {total} cases of the residual network");
}

#[test]
fn logits_of_images_of_any_size_and_of_each_image_alone() {
    for image in [[1, 1, 1], [2, 7, 3], [9, 4, 1], [28, 28, 1]] {
        let shape = images(image, 3);
        let mut tape = Tape::<f32>::new();
        let model =
            ConvNet::new(&mut tape, &params("convnet:width=4"), &shape, &mut Rng::seed(2)).expect("a net");
        let mut norms = BatchNorms::new(&model.norms());
        let mut rng = Rng::seed(3);
        let rows: Vec<f32> = (0..3 * shape.columns).map(|_| rng.normal() as f32).collect();
        let x = tape.constant([3, shape.columns], &rows);
        assert_eq!(model.forward(x, &mut Phase::Train(&mut norms)).shape().dims(), [3, 3]);
        let all = model.forward(x, &mut Phase::Eval(&norms)).value().to_vec();
        let x = tape.constant([1, shape.columns], &rows[shape.columns..2 * shape.columns]);
        let alone = model.forward(x, &mut Phase::Eval(&norms)).value().to_vec();
        assert_eq!(all[3..6], alone, "{image:?}");
    }
}
