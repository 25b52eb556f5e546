//! What a model says of an input that does not fit: the layer, the operation and the shapes.

use losslab_autograd::Tape;
use losslab_models::{Activation, Conv, ConvSize, Detector, DetectorConfig, Mlp};
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the panic says.
fn message(use_it: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(use_it)).expect_err("the input is refused");
    *panic.downcast::<String>().expect("a message with shapes in it")
}

#[test]
fn misuse_names_the_layer_and_the_shapes() {
    let mut tape = Tape::<f32>::new();
    let mlp = Mlp::new(&mut tape, &[3, 5, 2], Activation::Relu, &mut Rng::seed(1));
    let said = message(|| {
        mlp.forward(tape.constant([4, 2], &[0.0; 8]));
    });
    assert_eq!(said, "layer0: linear: input [4, 2], weight [3, 5], expected [.., 3]");

    let mut tape = Tape::<f32>::new();
    let size = ConvSize { kernel: 3, stride: 1, inputs: 3, outputs: 4 };
    let conv = Conv::new(&mut tape, "net.stem", size, true, Init::Zeros, &mut Rng::seed(1));
    let said = message(|| {
        conv.forward(tape.constant([1, 2, 2, 1], &[0.0; 4]));
    });
    let expected = "images [1, 2, 2, 1], weight [3, 3, 3, 4], expected images [N, H, W, 3]";
    assert_eq!(said, format!("net.stem: conv2d: {expected}"));

    let mut tape = Tape::<f32>::new();
    let detector = Detector::new(&mut tape, &DetectorConfig::small(3, 1, 8, 1), &mut Rng::seed(1));
    let said = message(|| {
        let grey = tape.constant([1, 2, 2, 1], &[0.0; 4]);
        detector.forward_train(grey, &mut detector.buffers());
    });
    assert_eq!(said, "detector: images [1, 2, 2, 1], expected [N, H, W, 3] with at least one pixel");
}
