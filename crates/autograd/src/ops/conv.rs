//! Convolution of images `[N, H, W, C]` (channels last).
//!
//! Saved for the backward pass: the transposed weights, if the images need a gradient. Behind them stand the
//! weights with longer rows, where the forward pass wants them so.

use super::relu::Layer;
use super::rows::sum_rows;
use crate::op::{Args, At, Op};
use losslab_tensor::conv::{self, grouped};
use losslab_tensor::gemm::Finish;
use losslab_tensor::window::{Window, Windows};
use losslab_tensor::{Float, Shape};

/// How the window of a convolution moves; pairs are `[vertical, horizontal]`.
///
/// `y[n, oy, ox, f] = b[f] + sum over ky, kx, i of x[n, oy s - p + ky d, ox s - p + kx d, g C/G + i]
/// w[ky, kx, i, f]` with stride s, padding p, dilation d (of their axis), G groups, g = floor(f / (F/G)) and
/// 0 outside of the image: the cross-correlation that the field calls convolution. For `x [N, H, W, C]`, `w
/// [kh, kw, C/G, F]`, `b [F]`, y is `[N, Ho, Wo, F]` with `Ho = floor((H + 2p - d (kh - 1) - 1) / s) + 1`,
/// and so for the width.
///
/// `G = C = F` is a depthwise convolution. Weights of PyTorch, `[F, C/G, kh, kw]`, are transposed by
/// `[2, 3, 1, 0]`.
///
/// ```
/// use losslab_autograd::{Conv2d, Tape};
/// let tape = Tape::<f32>::new();
/// let x = tape.constant([1, 2, 3, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let weight = tape.constant([1, 2, 1, 1], &[1.0, -1.0]); // a pixel less its right neighbour
/// let y = x.conv2d(weight, tape.constant([1], &[10.0]), Conv2d { padding: [0, 1], ..Conv2d::default() });
/// assert_eq!(y.shape().dims(), [1, 2, 4, 1]);
/// assert_eq!(*y.value(), [9.0, 9.0, 9.0, 13.0, 6.0, 9.0, 9.0, 16.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Steps from one position of the window to the next; at least 1.
    pub stride: [usize; 2],
    /// Zeros added on each side of the image.
    pub padding: [usize; 2],
    /// Distance between neighbouring taps of the window; 1 for a window without holes.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other; divides C and F.
    pub groups: usize,
}

impl Default for Conv2d {
    /// Stride 1, no padding, no dilation, one group.
    fn default() -> Self {
        Self { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 }
    }
}

impl Conv2d {
    /// The positions of the window, and the output's number of channels.
    fn geometry(&self, x: Shape, weight: Shape) -> Result<(Windows, usize), String> {
        let &[kh, kw, inside, features] = weight.dims() else {
            return Err(format!("weight {weight}, expected [kh, kw, C / groups, F]"));
        };
        let Self { stride, padding, dilation, groups } = *self;
        let w = Windows::new(x, Window { kernel: [kh, kw], stride, padding, dilation })?;
        if groups == 0 || inside * groups != w.channels || features % groups != 0 {
            return Err(format!(
                "images {x}, weight {weight}, {groups} groups: expected [N, H, W, C], [kh, kw, C / groups, \
                 F], F divisible by groups"
            ));
        }
        Ok((w, features))
    }

    /// The geometry that `shape` has accepted.
    fn windows<T: Float>(&self, x: Args<'_, T>) -> Windows {
        match self.geometry(x.shape(0), x.shape(1)) {
            Ok((windows, _)) => windows,
            Err(what) => unreachable!("conv2d: {what}"),
        }
    }
}

/// db = sum of dy over images and positions; dw and dx: see [`losslab_tensor::conv`].
impl<T: Float> Op<T> for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (w, features) = self.geometry(inputs[0], inputs[1])?;
        match inputs[2].dims() == [features] {
            true => Ok(w.output_shape(features)),
            false => Err(format!("weight {} and bias {}, expected bias [{features}]", inputs[1], inputs[2])),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        self.layer(x, Finish::Keep, y, saved);
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        let (w, x) = (self.windows(at.x), at.x);
        match (i, self.groups) {
            (0, 1) => {
                let transposed = conv::transposed_length(&w, x.shape(2).elements());
                conv::input_gradient(x.workers(), &w, &at.saved[..transposed], at.dy, dx);
            }
            (0, groups) => grouped::input_gradient(&w, groups, x.value(1), at.dy, dx),
            (1, 1) => conv::weight_gradient(x.workers(), &w, x.value(0), at.dy, dx),
            (1, groups) => grouped::weight_gradient(&w, groups, x.value(0), at.dy, dx),
            _ => sum_rows(x.workers(), at.dy, dx),
        }
    }
}

impl<T: Float> Layer<T> for Conv2d {
    const WITH_RELU: &'static str = "conv2d_relu";

    fn layer(&self, x: Args<'_, T>, finish: Finish, y: &mut [T], saved: &mut Vec<T>) {
        let (w, weight, bias) = (self.windows(x), x.value(1), x.value(2));
        if self.groups > 1 {
            saved.clear();
            y.chunks_exact_mut(bias.len().max(1)).for_each(|row| row.copy_from_slice(bias));
            grouped::forward(&w, self.groups, x.value(0), weight, y);
            return finish.apply(y);
        }
        // What the backward pass needs comes first.
        let transposed = if x.needs_grad(0) { conv::transposed_length(&w, bias.len()) } else { 0 };
        let padded = conv::padded_length(&w, bias.len());
        saved.resize(transposed + padded.unwrap_or(0), T::default());
        let (transposed, spare) = saved.split_at_mut(transposed);
        if !transposed.is_empty() {
            conv::transpose_weight(x.workers(), &w, weight, transposed);
        }
        let weight = if padded.is_some() { conv::pad_weight(&w, weight, spare) } else { weight };
        conv::forward(x.workers(), &w, x.value(0), [weight, bias], finish, y);
    }
}
