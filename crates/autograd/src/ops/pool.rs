//! Pooling of images `[N, H, W, C]`, and nearest up-sampling, its opposite.

use crate::op::{Args, At, Op};
use losslab_tensor::window::{Window, Windows};
use losslab_tensor::{Float, Kernel, Lane, Shape};

/// The window of a pooling and how it moves; pairs are `[vertical, horizontal]`.
///
/// The output of `[N, H, W, C]` is `[N, Ho, Wo, C]` with `Ho = floor((H + 2p - k) / s) + 1`, and so for the
/// width. Cells in the padding never take part.
///
/// ```
/// use losslab_autograd::{Pool, Tape};
/// let tape = Tape::<f32>::new();
/// let x = tape.constant([1, 2, 4, 1], &[1.0, 2.0, 5.0, 6.0, 3.0, 4.0, 7.0, 8.0]);
/// assert_eq!(*x.max_pool(Pool::new([2, 2])).value(), [4.0, 8.0]);
/// assert_eq!(*x.avg_pool(Pool::new([2, 2])).value(), [2.5, 6.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Cells of the window.
    pub kernel: [usize; 2],
    /// Steps from one position of the window to the next; at least 1.
    pub stride: [usize; 2],
    /// Cells added on each side of the image; at most half of the kernel, so that no window is empty.
    pub padding: [usize; 2],
}

impl Pool {
    /// Windows that tile the image: the stride is the kernel. Rows and columns that do not fill a window are
    /// left out.
    pub fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: kernel, padding: [0; 2] }
    }

    fn geometry(&self, x: Shape) -> Result<Windows, String> {
        let Self { kernel, stride, padding } = *self;
        let w = Windows::new(x, Window { kernel, stride, padding, dilation: [1; 2] })?;
        if (0..2).any(|axis| 2 * padding[axis] > kernel[axis]) {
            return Err(format!("padding {padding:?} is more than half of kernel {kernel:?}"));
        }
        if w.input.contains(&0) {
            return Err(format!("images of shape {x} have no pixels"));
        }
        Ok(w)
    }

    /// The geometry that `shape` has accepted.
    fn windows(&self, x: Shape) -> Windows {
        self.geometry(x).unwrap_or_else(|what| unreachable!("pool: {what}"))
    }
}

/// `y` = the maximum under the window, channel by channel.
///
/// dy goes to the first cell, in row-major order, that holds the maximum; its tap is saved. A NaN counts as
/// larger than every number, so that it reaches the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxPool(pub(crate) Pool);

impl<T: Float> Op<T> for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(self.0.geometry(inputs[0])?.output_shape(inputs[0].dims()[3]))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>) {
        saved.resize(y.len(), T::default());
        T::dispatch(MaxForward { w: &self.0.windows(x.shape(0)), x: x.value(0), y, winners: saved });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        T::dispatch(MaxBackward { w: &self.0.windows(at.x.shape(0)), winners: at.saved, dy: at.dy, dx });
    }
}

struct MaxForward<'a, T> {
    w: &'a Windows,
    x: &'a [T],
    y: &'a mut [T],
    winners: &'a mut [T],
}

impl<T: Float> Kernel<T> for MaxForward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (w, c) = (self.w, self.w.channels);
        w.for_each_position(0..w.positions(), |number, at| {
            let (y, winners) = (&mut self.y[number * c..][..c], &mut self.winners[number * c..][..c]);
            let mut seen = false;
            w.for_each_run(at, 0..w.taps(), |tap, first, count| {
                for i in 0..count {
                    let number = T::lift((tap + i) as f64);
                    let cell = &self.x[first + i * c..][..c];
                    if !seen {
                        seen = true;
                        y.copy_from_slice(cell);
                        winners.fill(number);
                        continue;
                    }
                    for ((y, winner), &x) in y.iter_mut().zip(winners.iter_mut()).zip(cell) {
                        // A NaN that has won gives way to nothing.
                        #[allow(clippy::eq_op)]
                        let larger = (x > *y) | ((x != x) & (*y == *y));
                        *y = T::select(larger, x, *y);
                        *winner = T::select(larger, number, *winner);
                    }
                }
            });
        });
    }
}

struct MaxBackward<'a, T> {
    w: &'a Windows,
    winners: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float> Kernel<T> for MaxBackward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let (w, c) = (self.w, self.w.channels);
        w.for_each_position(0..w.positions(), |number, at| {
            let (dy, winners) = (&self.dy[number * c..][..c], &self.winners[number * c..][..c]);
            w.for_each_run(at, 0..w.taps(), |tap, first, count| {
                for i in 0..count {
                    let number = T::lift((tap + i) as f64);
                    let dx = &mut self.dx[first + i * c..][..c];
                    for ((dx, &dy), &winner) in dx.iter_mut().zip(dy).zip(winners) {
                        *dx = T::select(winner == number, *dx + dy, *dx);
                    }
                }
            });
        });
    }
}

/// `y` = the mean of the cells under the window that lie on the image, channel by channel: PyTorch's
/// `avg_pool2d` with `count_include_pad=False`, so that an even image stays even at its border.
///
/// Each of the n cells gets dy / n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AvgPool(pub(crate) Pool);

impl<T: Float> Op<T> for AvgPool {
    fn name(&self) -> &'static str {
        "avg_pool"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        Ok(self.0.geometry(inputs[0])?.output_shape(inputs[0].dims()[3]))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        y.fill(T::default());
        T::dispatch(Average { w: &self.0.windows(x.shape(0)), pass: Pass::Forward { x: x.value(0), y } });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        T::dispatch(Average { w: &self.0.windows(at.x.shape(0)), pass: Pass::Backward { dy: at.dy, dx } });
    }
}

enum Pass<'a, T> {
    Forward { x: &'a [T], y: &'a mut [T] },
    Backward { dy: &'a [T], dx: &'a mut [T] },
}

struct Average<'a, T> {
    w: &'a Windows,
    pass: Pass<'a, T>,
}

impl<T: Float> Kernel<T> for Average<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(mut self) {
        let (w, c) = (self.w, self.w.channels);
        w.for_each_position(0..w.positions(), |number, at| {
            let mut cells = 0;
            w.for_each_run(at, 0..w.taps(), |_, _, count| cells += count);
            let share = R::lift(1.0) / R::lift(cells as f64);
            let out = number * c..(number + 1) * c;
            w.for_each_run(at, 0..w.taps(), |_, first, count| {
                for cell in (first..).step_by(c.max(1)).take(count) {
                    let (from, to) = match &mut self.pass {
                        Pass::Forward { x, y } => (&x[cell..cell + c], &mut y[out.clone()]),
                        Pass::Backward { dy, dx } => (&dy[out.clone()], &mut dx[cell..cell + c]),
                    };
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to = R::load(from).mul_add(share, R::load(*to)).store();
                    }
                }
            });
        });
    }
}

/// `y[n, i, j, c] = x[n, floor(i / factor), floor(j / factor), c]`: each pixel becomes a square.
///
/// dx = the sum of dy over the square.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upsample {
    pub(crate) factor: usize,
}

impl Upsample {
    /// Calls `visit(pixel of x, pixel of y)` for each pixel of y, in order, for `x [N, H, W, C]`.
    fn for_each_pixel(&self, x: Shape, mut visit: impl FnMut(usize, usize)) {
        let (f, width) = (self.factor, x.dims()[2]);
        let lines = x.dims()[0] * x.dims()[1];
        for i in 0..lines * f {
            for j in 0..width * f {
                visit(i / f * width + j / f, i * width * f + j);
            }
        }
    }
}

impl<T: Float> Op<T> for Upsample {
    fn name(&self) -> &'static str {
        "upsample"
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match (inputs[0].dims(), self.factor) {
            (_, 0) => Err("factor 0, expected at least 1".into()),
            (&[n, h, w, c], f) => Ok(Shape::from([n, h * f, w * f, c])),
            _ => Err(format!("images of shape {}, expected [N, H, W, C]", inputs[0])),
        }
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let c = x.shape(0).dims()[3];
        self.for_each_pixel(x.shape(0), |from, to| {
            y[to * c..][..c].copy_from_slice(&x.value(0)[from * c..][..c]);
        });
    }
    fn vjp(&self, _: usize, at: At<'_, T>, dx: &mut [T]) {
        dx.fill(T::default());
        let c = at.shape.dims()[3];
        self.for_each_pixel(at.x.shape(0), |to, from| {
            let sums = dx[to * c..][..c].iter_mut().zip(&at.dy[from * c..][..c]);
            sums.for_each(|(dx, &dy)| *dx += dy);
        });
    }
}
