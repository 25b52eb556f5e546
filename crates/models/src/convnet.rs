//! A residual network for small images.

use crate::block::{Builder, ConvBlock};
use crate::{ConvSize, Linear, ModelInfo, ModelParam, Network, Norm, Params, Phase, Shape};
use losslab_autograd::{Conv2d, Param, Tape, Var};
use losslab_base::Bounds;
use losslab_tensor::Float;
use losslab_tensor::init::Init;
use losslab_tensor::rng::Rng;

/// Stages; each but the first begins with a stride of 2 and twice the channels.
const STAGES: usize = 3;
/// Layers with weights, up to the deepest network of the paper.
const LAYERS: Bounds = Bounds::new(8, 1202);
/// Channels of the first stage.
const WIDTH: Bounds = Bounds::new(1, 1024);
/// Numbers of images that are scored at a time: a network keeps every layer's output.
const SCORED_NUMBERS: usize = 1 << 17;

/// The residual network for CIFAR-10 (He et al. 2016, "Deep Residual Learning for Image Recognition", sec.
/// 4.2): `[rows, H * W * C] -> [rows, outputs]`.
///
/// A convolution of 3x3 to w channels; three stages of n residual blocks with w, 2w and 4w channels; the mean
/// over all cells; a linear layer: 6n + 2 layers with weights. A block is `relu(x +
/// norm(conv(relu(norm(conv(x))))))` with convolutions of 3x3 and batch norm. The first block of the second
/// and third stage halves height and width (rounded up), and its shortcut takes every second cell of every
/// second row and adds channels of 0 (option A of the paper, which has no parameters).
///
/// Parameters: `first`, `stage0.block0.conv0`, `stage0.block0.conv1`, .., each `.weight`, `.gamma` and
/// `.beta` with the statistics `.running_mean` and `.running_variance`, and `last.weight`, `last.bias`.
/// Convolutions start by He et al. 2015.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvNet {
    image: [usize; 3],
    first: ConvBlock,
    blocks: Vec<Residual>,
    last: Linear,
    norms: Vec<(String, usize)>,
}

/// Two convolutions beside a shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Residual {
    convolutions: [ConvBlock; 2],
    inputs: usize,
    outputs: usize,
    stride: usize,
}

impl Residual {
    fn new<T: Float>(
        builder: &mut Builder<'_, T>,
        name: &str,
        stride: usize,
        [inputs, outputs]: [usize; 2],
    ) -> Self {
        let mut convolution = |number: usize, stride, inputs| {
            let size = ConvSize { kernel: 3, stride, inputs, outputs };
            builder.block(&format!("{name}.conv{number}"), size, Init::HeNormal, 1)
        };
        let convolutions = [convolution(0, stride, inputs), convolution(1, 1, outputs)];
        Self { convolutions, inputs, outputs, stride }
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, phase: &mut Phase<'_, T>) -> Var<'t, T> {
        let [first, second] = &self.convolutions;
        let branch = first.forward(x, 0, phase);
        let branch = second.forward_without_relu(branch, phase);
        (branch + self.shortcut(x)).relu()
    }

    /// x, or every second cell of it with channels of 0 behind its own: a convolution of 1x1 whose weight is
    /// the identity.
    fn shortcut<'t, T: Float>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let Self { inputs, outputs, stride, .. } = *self;
        if stride == 1 && inputs == outputs {
            return x;
        }
        let weight = x.tape().constant_with([1, 1, inputs, outputs], |weight| {
            weight.fill(T::default());
            weight.iter_mut().step_by(outputs + 1).for_each(|one| *one = T::lift(1.0));
        });
        let bias = x.tape().constant_with([outputs], |bias| bias.fill(T::default()));
        x.conv2d(weight, bias, Conv2d { stride: [stride; 2], ..Conv2d::default() })
    }
}

impl Network for ConvNet {
    const INFO: ModelInfo = ModelInfo {
        name: "convnet",
        title: "convolutional network",
        description: "residual blocks of 3x3 convolutions with batch norm, for rows that are images",
        source: "He et al. 2016, sec. 4.2",
        params: &[
            ModelParam {
                name: "width",
                default: "16",
                meaning: "channels of the first stage; the second has twice and the third four times as many",
            },
            ModelParam {
                name: "depth",
                default: "8",
                meaning: "layers with weights, 6n + 2: three stages of n blocks of two convolutions",
            },
        ],
    };

    fn size(params: &Params, shape: &Shape) -> Result<usize, String> {
        let Form { image: [_, _, channels], width, blocks } = Form::of(params, shape)?;
        let of_stage = |stage: usize| {
            let (inputs, outputs) = (width << stage.saturating_sub(1), width << stage);
            9 * outputs * (inputs + (2 * blocks - 1) * outputs) + 4 * blocks * outputs
        };
        let stages: usize = (0..STAGES).map(of_stage).sum();
        Ok(stages
            .saturating_add(width.saturating_mul(channels.saturating_mul(9)))
            .saturating_add(shape.outputs.saturating_mul(4 * width + 1)))
    }

    /// Of a block: two convolutions with norm and ReLU or sum, the shortcut, and the last ReLU.
    fn numbers(params: &Params, shape: &Shape) -> Result<f64, String> {
        const NODES: usize = 8;
        let Form { image: [height, width, channels], width: outputs, blocks } = Form::of(params, shape)?;
        let mut numbers = (height * width) as f64 * (channels + 3 * outputs) as f64;
        for stage in 0..STAGES {
            let cells = height.div_ceil(1 << stage) as f64 * width.div_ceil(1 << stage) as f64;
            numbers += cells * ((outputs << stage) * blocks * NODES) as f64;
        }
        Ok(numbers)
    }

    fn new<T: Float>(
        tape: &mut Tape<T>,
        params: &Params,
        shape: &Shape,
        rng: &mut Rng,
    ) -> Result<Self, String> {
        let Form { image, width, blocks } = Form::of(params, shape)?;
        let builder = &mut Builder { tape, rng, norm: Norm::Batch, norms: Vec::new() };
        let size = ConvSize { kernel: 3, stride: 1, inputs: image[2], outputs: width };
        let first = builder.block("first", size, Init::HeNormal, 1);
        let (mut all, mut inputs) = (Vec::new(), width);
        for stage in 0..STAGES {
            let outputs = width << stage;
            for number in 0..blocks {
                let stride = if stage > 0 && number == 0 { 2 } else { 1 };
                let name = format!("stage{stage}.block{number}");
                all.push(Residual::new(builder, &name, stride, [inputs, outputs]));
                inputs = outputs;
            }
        }
        let norms = std::mem::take(&mut builder.norms);
        let last = Linear::new(tape, "last", inputs, shape.outputs, Init::XavierNormal, rng);
        Ok(Self { image, first, blocks: all, last, norms })
    }

    fn forward<'t, T: Float>(&self, x: Var<'t, T>, phase: &mut Phase<'_, T>) -> Var<'t, T> {
        let rows = x.shape().dims()[0];
        let [height, width, channels] = self.image;
        let x = self.first.forward(x.reshape([rows, height, width, channels]), 0, phase);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, phase));
        self.last.forward(x.mean(&[1, 2]))
    }

    fn norms(&self) -> Vec<(String, usize)> {
        self.norms.clone()
    }

    fn output_bias(&self) -> Option<Param> {
        Some(self.last.bias)
    }

    fn scored_rows(shape: &Shape) -> usize {
        (SCORED_NUMBERS / shape.columns.max(1)).max(1)
    }
}

/// The parameters, checked.
struct Form {
    image: [usize; 3],
    width: usize,
    /// Blocks of a stage.
    blocks: usize,
}

impl Form {
    fn of(params: &Params, shape: &Shape) -> Result<Self, String> {
        let Some(image) = shape.image else {
            let columns = shape.columns;
            return Err(format!(
                "reads images; here are rows of {columns} numbers of a table: use --model mlp"
            ));
        };
        let (width, depth): (usize, usize) = (params.number("width")?, params.number("depth")?);
        WIDTH.check("width", width)?;
        if depth % 6 != 2 || !LAYERS.contains(depth) {
            let most = LAYERS.most;
            return Err(format!("depth={depth}: expected 6n + 2 layers: 8, 14, 20, .. up to {most}"));
        }
        Ok(Self { image, width, blocks: (depth - 2) / 6 })
    }
}
