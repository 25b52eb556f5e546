//! Functions of two numbers, applied element by element with NumPy broadcasting.

use crate::op::{Args, At, Op};
use losslab_tensor::{Dual, Float, Kernel, Lane, MAX_RANK, Real, Shape};
use std::fmt::Debug;

/// A function of two numbers, as an equation.
pub trait Pointwise2: Copy + Debug + 'static {
    /// The name in messages.
    const NAME: &'static str;
    /// The equation. Mark it `#[inline(always)]`.
    fn eval<R: Real>(&self, a: R, b: R) -> R;
}

/// The operation `y = f(a, b)`, where `a` and `b` are broadcast to a common shape.
#[derive(Clone, Copy, Debug)]
pub struct Zip<F>(pub F);

impl<T: Float, F: Pointwise2> Op<T> for Zip<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let (a, b) = (inputs[0], inputs[1]);
        a.broadcast(b).ok_or_else(|| format!("shapes {a} and {b} do not broadcast to a common shape"))
    }
    fn forward(&self, x: Args<'_, T>, y: &mut [T], _: &mut Vec<T>) {
        let Some(shape) = x.shape(0).broadcast(x.shape(1)) else { unreachable!("checked by `shape`") };
        for row in Rows::new(x, shape) {
            let out = &mut y[row.out..row.out + row.len];
            T::dispatch(Forward { f: self.0, a: row.operand(x, 0), b: row.operand(x, 1), y: out });
        }
    }
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]) {
        // Elements of the output that share an element of the input add up their gradients.
        dx.fill(T::default());
        for row in Rows::new(at.x, at.shape) {
            let dy = &at.dy[row.out..row.out + row.len];
            let dx = &mut dx[row.range(i)];
            let (a, b) = (row.operand(at.x, 0), row.operand(at.x, 1));
            T::dispatch(Backward { f: self.0, first: i == 0, a, b, dy, dx });
        }
    }
}

/// A run of the output along its last axis, and where the operands of it start.
struct Row {
    out: usize,
    len: usize,
    start: [usize; 2],
    step: [usize; 2],
}

impl Row {
    /// Where operand `i` lies: `len` elements, or the one that the whole run shares.
    fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.start[i]..self.start[i] + if self.step[i] == 0 { 1 } else { self.len }
    }
    fn operand<'a, T: Float>(&self, x: Args<'a, T>, i: usize) -> &'a [T] {
        &x.value(i)[self.range(i)]
    }
}

/// All runs of a broadcast operation, in the order of the output.
struct Rows {
    shape: Shape,
    strides: [[usize; MAX_RANK]; 2],
    columns: usize,
    next: usize,
    rows: usize,
}

impl Rows {
    fn new<T: Float>(x: Args<'_, T>, shape: Shape) -> Self {
        let (a, b) = (x.shape(0), x.shape(1));
        if a == b && shape.elements() > 0 {
            // The common case is one long run.
            let shape = Shape::from([shape.elements()]);
            return Self::over(shape, [shape.strides_in(shape); 2]);
        }
        Self::over(shape, [a.strides_in(shape), b.strides_in(shape)])
    }

    fn over(shape: Shape, strides: [[usize; MAX_RANK]; 2]) -> Self {
        let (rows, columns) = shape.rows_and_columns();
        Self { shape, strides, columns, next: 0, rows: if columns == 0 { 0 } else { rows } }
    }
}

impl Iterator for Rows {
    type Item = Row;
    fn next(&mut self) -> Option<Row> {
        if self.next == self.rows {
            return None;
        }
        let mut start = [0; 2];
        let mut rest = self.next;
        let last = self.shape.rank().saturating_sub(1);
        for axis in (0..last).rev() {
            let dim = self.shape.dims()[axis];
            for (start, strides) in start.iter_mut().zip(&self.strides) {
                *start += (rest % dim) * strides[axis];
            }
            rest /= dim;
        }
        let step = self.strides.map(|strides| strides[last]);
        self.next += 1;
        Some(Row { out: (self.next - 1) * self.columns, len: self.columns, start, step })
    }
}

struct Forward<'a, T, F> {
    f: F,
    a: &'a [T],
    b: &'a [T],
    y: &'a mut [T],
}

impl<T: Float, F: Pointwise2> Kernel<T> for Forward<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let n = self.y.len();
        let eval = |a: T, b: T| self.f.eval(R::load(a), R::load(b)).store();
        match (self.a, self.b) {
            (&[a], b) if b.len() == n => self.y.iter_mut().zip(b).for_each(|(y, &b)| *y = eval(a, b)),
            (a, &[b]) => self.y.iter_mut().zip(a).for_each(|(y, &a)| *y = eval(a, b)),
            (a, b) => self.y.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| *y = eval(a, b)),
        }
    }
}

struct Backward<'a, T, F> {
    f: F,
    /// Differentiate with respect to `a` rather than `b`.
    first: bool,
    a: &'a [T],
    b: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Float, F: Pointwise2> Kernel<T> for Backward<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<T>>(self) {
        let n = self.dy.len();
        let slope = |a: T, b: T, dy: T| {
            let (a, b) = (R::load(a), R::load(b));
            let y = if self.first {
                self.f.eval(Dual::variable(a), Dual::constant(b))
            } else {
                self.f.eval(Dual::constant(a), Dual::variable(b))
            };
            R::load(dy) * y.slope
        };
        let (a_step, b_step) = (usize::from(self.a.len() > 1), usize::from(self.b.len() > 1));
        if self.dx.len() == n {
            for (i, (dx, &dy)) in self.dx.iter_mut().zip(self.dy).enumerate() {
                *dx = (R::load(*dx) + slope(self.a[i * a_step], self.b[i * b_step], dy)).store();
            }
        } else {
            let mut sum = R::load(self.dx[0]);
            for (i, &dy) in self.dy.iter().enumerate() {
                sum = sum + slope(self.a[i * a_step], self.b[i * b_step], dy);
            }
            self.dx[0] = sum.store();
        }
    }
}

macro_rules! equations {
    ($($name:ident $label:literal |$a:ident, $b:ident| $body:expr;)*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl Pointwise2 for $name {
            const NAME: &'static str = $label;
            #[inline(always)]
            fn eval<R: Real>(&self, $a: R, $b: R) -> R {
                $body
            }
        }
    )*};
}

equations! {
    Add "add" |a, b| a + b;
    Sub "sub" |a, b| a - b;
    Mul "mul" |a, b| a * b;
    Div "div" |a, b| a / b;
}
