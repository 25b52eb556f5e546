//! A window that slides over images `[N, H, W, C]`: the geometry that convolution and pooling share.
//!
//! Pairs are `[vertical, horizontal]` throughout. A *tap* is a cell of the window, numbered `ky * kw + kx`; a
//! *position* is a place of the window, numbered `(n * Ho + oy) * Wo + ox`: the row of the output that it
//! makes.

use crate::Shape;
use std::ops::Range;

/// The window and how it moves; `[vertical, horizontal]` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Cells of the window.
    pub kernel: [usize; 2],
    /// Steps from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added on each of the two sides.
    pub padding: [usize; 2],
    /// Distance between neighbouring cells of the window: 1 for a window without holes.
    pub dilation: [usize; 2],
}

/// All positions of a [`Window`] on images of one shape.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Number of images.
    pub images: usize,
    /// Height and width of an image.
    pub input: [usize; 2],
    /// Channels of an image.
    pub channels: usize,
    /// Height and width of the output.
    pub output: [usize; 2],
    /// The window.
    pub window: Window,
}

/// One position: the number of its image, its row and its column in the output.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    image: usize,
    oy: usize,
    ox: usize,
}

impl Windows {
    /// The positions of `window` on images of shape `x = [N, H, W, C]`: along each axis
    /// `floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`, so that cells which a last,
    /// incomplete step would need are left out.
    ///
    /// # Errors
    /// What is wrong with the shape or with the window, for a message.
    pub fn new(x: Shape, window: Window) -> Result<Self, String> {
        let &[images, height, width, channels] = x.dims() else {
            return Err(format!("images of shape {x}, expected [N, H, W, C]"));
        };
        let (input, mut output) = ([height, width], [0; 2]);
        let Window { kernel, stride, padding, dilation } = window;
        for axis in 0..2 {
            if kernel[axis] == 0 || stride[axis] == 0 || dilation[axis] == 0 {
                return Err(format!(
                    "kernel {kernel:?}, stride {stride:?}, dilation {dilation:?} must be at least 1"
                ));
            }
            let (padded, reach) = (input[axis] + 2 * padding[axis], dilation[axis] * (kernel[axis] - 1) + 1);
            if padded < reach {
                return Err(format!(
                    "images of shape {x} with padding {padding:?} are smaller than kernel {kernel:?} with \
                     dilation {dilation:?}"
                ));
            }
            output[axis] = (padded - reach) / stride[axis] + 1;
        }
        Ok(Self { images, input, channels, output, window })
    }

    /// Cells of the window.
    pub fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Number of positions: rows of the output.
    pub fn positions(&self) -> usize {
        self.images * self.output[0] * self.output[1]
    }

    /// The shape of an output with this many channels.
    pub fn output_shape(&self, channels: usize) -> Shape {
        Shape::from([self.images, self.output[0], self.output[1], channels])
    }

    /// Calls `visit(number, position)` for the positions of this range, in order.
    #[inline(always)]
    pub fn for_each_position(&self, range: Range<usize>, mut visit: impl FnMut(usize, Position)) {
        let [height, width] = self.output;
        let mut number = range.start;
        while number < range.end {
            // Divisions once per line of the output, not once per position.
            let (line, first) = (number / width, number % width);
            let (image, oy) = (line / height, line % height);
            for ox in first..width.min(first + range.end - number) {
                visit(number, Position { image, oy, ox });
                number += 1;
            }
        }
    }

    /// Calls `visit(tap, first, count)` for the runs of taps that lie on the image and side by side in it:
    /// tap `tap + i` of `taps` covers the channels from `first + i * C` on. Taps in the padding are left out.
    #[inline(always)]
    pub fn for_each_run(&self, at: Position, taps: Range<usize>, mut visit: impl FnMut(usize, usize, usize)) {
        let Window { kernel: [_, kw], stride, padding, dilation } = self.window;
        let [height, width] = self.input;
        let (mut tap, mut ky, mut kx) = (taps.start, taps.start / kw, taps.start % kw);
        while tap < taps.end {
            let line = kw.min(kx + taps.end - tap);
            // In coordinates of the padded image.
            let (y, x) = (at.oy * stride[0] + ky * dilation[0], at.ox * stride[1]);
            if (padding[0]..padding[0] + height).contains(&y) {
                let start = (at.image * height + y - padding[0]) * width;
                let steps = |cells: usize| if dilation[1] == 1 { cells } else { cells.div_ceil(dilation[1]) };
                let from = steps(padding[1].saturating_sub(x)).max(kx);
                let to = steps((padding[1] + width).saturating_sub(x)).min(line);
                let cell = |k: usize| (start + x + k * dilation[1] - padding[1]) * self.channels;
                if dilation[1] == 1 && from < to {
                    visit(tap + from - kx, cell(from), to - from);
                } else {
                    (from..to).for_each(|k| visit(tap + k - kx, cell(k), 1));
                }
            }
            tap += line - kx;
            (ky, kx) = (ky + 1, 0);
        }
    }
}
