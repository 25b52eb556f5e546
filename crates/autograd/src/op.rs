//! What an operation must say of itself: its output's shape, its forward pass, and one
//! vector-Jacobian product per input. Built-in operations and a user's own are the same trait.

use crate::tape::Node;
use losslab_tensor::{Float, Lines, Shape, Workers};
use std::any::Any;
use std::fmt::Debug;

/// Most inputs that one operation may have.
pub const MAX_INPUTS: usize = 8;

/// A differentiable function of up to [`MAX_INPUTS`] arrays.
///
/// Both passes receive buffers with arbitrary old contents and must overwrite every element;
/// the tape adds up the gradients of a value that is used more than once.
pub trait Op<T: Float>: Any + Debug {
    /// The name in messages, e.g. `matmul`.
    fn name(&self) -> &'static str;

    /// The output's shape, or what is wrong with the inputs' (the tape panics with it, naming the op).
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String>;

    /// Writes `y = f(x)`. `saved` may keep what the backward pass would otherwise compute again.
    fn forward(&self, x: Args<'_, T>, y: &mut [T], saved: &mut Vec<T>);

    /// What the gradients of all inputs begin with, once for each backward pass: whatever stands in `room`
    /// then is [`At::room`] for [`vjp`](Op::vjp). Most operations need nothing.
    fn prepare(&self, _at: At<'_, T>, _room: &mut Lines<T>) {}

    /// Writes `dx = dy . (df / dx_i)` for input `i`.
    fn vjp(&self, i: usize, at: At<'_, T>, dx: &mut [T]);

    /// Whether a gradient flows back through this operation at all.
    fn is_differentiable(&self) -> bool {
        true
    }
}

/// The inputs of an operation.
#[derive(Clone, Copy)]
pub struct Args<'a, T> {
    pub(crate) nodes: &'a [Node<T>],
    pub(crate) inputs: &'a [u32],
    pub(crate) workers: &'a Workers,
}

impl<'a, T: Float> Args<'a, T> {
    fn node(&self, i: usize) -> &'a Node<T> {
        &self.nodes[self.inputs[i] as usize]
    }
    /// The numbers of input `i`, row-major.
    pub fn value(&self, i: usize) -> &'a [T] {
        self.node(i).value()
    }
    /// The shape of input `i`.
    pub fn shape(&self, i: usize) -> Shape {
        self.node(i).shape
    }
    /// The integers of input `i`, where it is a list of [indices](crate::Tape::indices).
    pub fn indices(&self, i: usize) -> &'a [u32] {
        &self.node(i).indices
    }
    /// Whether a gradient of input `i` will be asked for.
    pub fn needs_grad(&self, i: usize) -> bool {
        self.node(i).needs_grad
    }
    /// The threads that the operation may share its work with: the caller alone, unless the tape has others
    /// ([`Tape::set_workers`](crate::Tape::set_workers)). The result must not depend on how many there are.
    pub fn workers(&self) -> &'a Workers {
        self.workers
    }
    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }
    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }
}

/// The point at which an operation is differentiated.
#[derive(Clone, Copy)]
pub struct At<'a, T> {
    /// The inputs of the forward pass.
    pub x: Args<'a, T>,
    /// Its output.
    pub y: &'a [T],
    /// What it saved.
    pub saved: &'a [T],
    /// What it prepared for this backward pass; where it prepares nothing, anything.
    pub room: &'a [T],
    /// The shape of `y` and `dy`.
    pub shape: Shape,
    /// The gradient of the final scalar with respect to `y`.
    pub dy: &'a [T],
}
