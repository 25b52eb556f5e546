//! One value on the tape: how it came about, and where it is differentiated.

use crate::op::{Args, At, MAX_INPUTS, Op};
use losslab_tensor::{Float, Lines, Shape, Tensor, Workers};
use std::sync::Arc;

/// One value on the tape and how it came about.
pub(crate) struct Node<T> {
    /// `None` until an operation has stood here; kept through `rewind` for its box.
    pub(super) op: Option<Box<dyn Op<T>>>,
    pub(super) inputs: [u32; MAX_INPUTS],
    /// 0 for parameters, constants and indices.
    pub(super) arity: usize,
    pub(crate) shape: Shape,
    /// What an operation gave or a leaf has copied.
    pub(super) value: Lines<T>,
    /// The value instead, if it is one that the tape shares.
    pub(super) shared: Option<Arc<Tensor<T>>>,
    pub(crate) indices: Vec<u32>,
    pub(super) saved: Vec<T>,
    pub(crate) needs_grad: bool,
}

impl<T: Copy + Default> Default for Node<T> {
    fn default() -> Self {
        Self {
            op: None,
            inputs: [0; MAX_INPUTS],
            arity: 0,
            shape: Shape::SCALAR,
            value: Lines::new(),
            shared: None,
            indices: Vec::new(),
            saved: Vec::new(),
            needs_grad: false,
        }
    }
}

impl<T> Node<T> {
    pub(super) fn inputs(&self) -> &[u32] {
        &self.inputs[..self.arity]
    }
}

impl<T: Float> Node<T> {
    /// Its numbers.
    pub(crate) fn value(&self) -> &[T] {
        self.shared.as_ref().map_or(&self.value, |tensor| tensor.data())
    }

    /// Where `op`, which gave this node, is differentiated for the upstream gradient `dy`.
    pub(super) fn at<'a>(
        &'a self,
        op: &dyn Op<T>,
        (nodes, workers): (&'a [Self], &'a Workers),
        dy: &'a [T],
        room: &'a mut Lines<T>,
    ) -> At<'a, T> {
        let x = Args { nodes, inputs: self.inputs(), workers };
        let at = At { x, y: &self.value, saved: &self.saved, room: &[], shape: self.shape, dy };
        op.prepare(at, room);
        At { room, ..at }
    }
}
