//! The tape: an arena of nodes that is rewound, not rebuilt.
//!
//! Parameters are the first nodes and persist. A step pushes one node per operation, walks back
//! over them, and [`rewind`](Tape::rewind) forgets them; their buffers, and the boxes of their
//! operations, serve the next step. From the second step of the same shapes on nothing is allocated.

mod copy;
mod leaves;
mod node;
mod non_finite;

pub use non_finite::{NonFinite, Operation, Origin};

use crate::op::{Args, MAX_INPUTS, Op};
use crate::var::Var;
use copy::copy;
use losslab_tensor::{Float, Lines, Shape, Tensor, Workers};
pub(crate) use node::Node;
use std::any::Any;
use std::cell::{Ref, RefCell};
use std::sync::Arc;

/// A parameter of a model: the position of its node, valid on every tape built in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param(pub(crate) u32);

/// The gradient with respect to one node; `present` tells a gradient from old contents.
struct Grad<T> {
    buffer: Lines<T>,
    present: bool,
}

struct Arena<T> {
    nodes: Vec<Node<T>>,
    grads: Vec<Grad<T>>,
    /// Nodes in use; those behind keep their buffers.
    len: usize,
    names: Vec<String>,
    /// The second and later gradients of a node land here before they are added.
    scratch: Lines<T>,
    /// What an operation prepares for its gradients.
    room: Lines<T>,
    workers: Option<Arc<Workers>>,
}

/// A record of a computation in `T`, which can be differentiated.
///
/// ```
/// use losslab_autograd::Tape;
/// let tape = Tape::<f64>::new();
/// let x = tape.variable([2], &[3.0, 4.0]);
/// (x * x).sum(&[0]).backward();
/// assert_eq!(x.grad().unwrap().data(), [6.0, 8.0]);
/// ```
pub struct Tape<T> {
    arena: RefCell<Arena<T>>,
}

impl<T: Float> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        let arena = Arena {
            nodes: Vec::new(),
            grads: Vec::new(),
            len: 0,
            names: Vec::new(),
            scratch: Lines::new(),
            room: Lines::new(),
            workers: None,
        };
        Self { arena: RefCell::new(arena) }
    }

    /// Shares the work of large operations among these threads from now on. Values and gradients have the
    /// same bits with any number of them. A tape that is not told otherwise works on the thread that calls
    /// it, which is best where several tapes train side by side.
    pub fn set_workers(&mut self, workers: &Arc<Workers>) {
        self.arena.get_mut().workers = Some(workers.clone());
    }

    /// Adds a parameter: a value that persists through [`rewind`](Tape::rewind) and has a gradient.
    ///
    /// # Panics
    /// If values other than parameters stand on the tape already (rewind first).
    #[track_caller]
    pub fn param(&mut self, name: impl Into<String>, value: Tensor<T>) -> Param {
        let arena = self.arena.get_mut();
        let name = name.into();
        assert!(
            arena.len == arena.names.len(),
            "parameter {name}: {} other values stand on the tape; add parameters first, or rewind",
            arena.len - arena.names.len()
        );
        arena.names.push(name);
        Param(arena.leaf(value.shape(), true, |buffer| buffer.copy_from_slice(value.data())))
    }

    /// The parameter as an operand.
    #[track_caller]
    pub fn var(&self, param: Param) -> Var<'_, T> {
        assert!((param.0 as usize) < self.params(), "parameter {} is not on this tape", param.0);
        Var::new(self, param.0)
    }

    /// Evaluates an operation and records it.
    ///
    /// # Panics
    /// If the operation refuses the shapes, or an input is a value of another tape.
    #[track_caller]
    pub fn push<O: Op<T>>(&self, op: O, inputs: &[Var<'_, T>]) -> Var<'_, T> {
        let mut ids = [0; MAX_INPUTS];
        assert!(inputs.len() <= MAX_INPUTS, "{}: {} inputs, at most {MAX_INPUTS}", op.name(), inputs.len());
        for (id, var) in ids.iter_mut().zip(inputs) {
            assert!(std::ptr::eq(var.tape(), self), "{}: an input belongs to another tape", op.name());
            *id = var.id();
        }
        match self.arena.borrow_mut().push(op, &ids[..inputs.len()]) {
            Ok(id) => Var::new(self, id),
            Err(message) => panic!("{message}"),
        }
    }

    /// Forgets all values but the parameters and keeps their buffers. No `Var` survives this.
    pub fn rewind(&mut self) {
        let arena = self.arena.get_mut();
        let rewound = &mut arena.nodes[arena.names.len()..arena.len];
        rewound.iter_mut().for_each(|node| node.shared = None);
        arena.len = arena.names.len();
    }

    /// Number of parameters.
    pub fn params(&self) -> usize {
        self.arena.borrow().names.len()
    }

    /// All parameters, in the order of their creation.
    pub fn param_ids(&self) -> impl Iterator<Item = Param> + use<T> {
        (0..self.params() as u32).map(Param)
    }

    /// The parameter's name.
    pub fn name(&self, param: Param) -> String {
        self.arena.borrow().names[param.0 as usize].clone()
    }

    /// The parameter's shape.
    pub fn shape(&self, param: Param) -> Shape {
        self.arena.borrow().nodes[param.0 as usize].shape
    }

    /// The parameter's numbers.
    pub fn value(&self, param: Param) -> Ref<'_, [T]> {
        self.value_of(param.0)
    }

    /// The parameter's numbers, to change.
    pub fn value_mut(&mut self, param: Param) -> &mut [T] {
        &mut self.arena.get_mut().nodes[param.0 as usize].value
    }

    /// The parameter's numbers, to change, beside its gradient of the last backward pass, if it took part.
    pub fn value_and_grad(&mut self, param: Param) -> (&mut [T], Option<&[T]>) {
        let arena = self.arena.get_mut();
        let grad = &arena.grads[param.0 as usize];
        (&mut arena.nodes[param.0 as usize].value, grad.present.then_some(&grad.buffer))
    }

    /// As [`value_and_grad`](Tape::value_and_grad), of all parameters, and the threads that may share the
    /// work.
    pub fn for_update(&mut self) -> (impl Iterator<Item = (&mut [T], Option<&[T]>)>, &Workers) {
        let Arena { nodes, grads, workers, names, .. } = self.arena.get_mut();
        let nodes = &mut nodes[..names.len()];
        let params = nodes.iter_mut().zip(grads).map(|(node, grad)| {
            let grad = grad.present.then_some(&grad.buffer[..]);
            (&mut node.value[..], grad)
        });
        (params, workers.as_deref().unwrap_or(Workers::alone()))
    }

    /// The parameter's gradient of the last backward pass, to change, if the parameter took part.
    pub fn grad_mut(&mut self, param: Param) -> Option<&mut [T]> {
        let grad = &mut self.arena.get_mut().grads[param.0 as usize];
        grad.present.then_some(&mut grad.buffer)
    }

    /// The same parameters, rounded to another type, on a tape of their own.
    pub fn cast<U: Float>(&self) -> Tape<U> {
        let mut tape = Tape::new();
        for param in self.param_ids() {
            let value = Tensor::new(self.shape(param), self.value(param).to_vec());
            tape.param(self.name(param), value.cast());
        }
        tape
    }

    pub(crate) fn value_of(&self, id: u32) -> Ref<'_, [T]> {
        Ref::map(self.arena.borrow(), |arena| arena.nodes[id as usize].value())
    }

    pub(crate) fn saved_by(&self, id: u32, name: &str) -> Option<Ref<'_, [T]>> {
        let node = Ref::map(self.arena.borrow(), |arena| &arena.nodes[id as usize]);
        // A value without operation keeps the box of the step before.
        let made_by = node.arity > 0 && node.op.as_ref().is_some_and(|op| op.name() == name);
        made_by.then(|| Ref::map(node, |node| &node.saved[..]))
    }

    pub(crate) fn indices_of(&self, id: u32) -> Ref<'_, [u32]> {
        Ref::map(self.arena.borrow(), |arena| &arena.nodes[id as usize].indices[..])
    }

    pub(crate) fn shape_of(&self, id: u32) -> Shape {
        self.arena.borrow().nodes[id as usize].shape
    }

    pub(crate) fn grad_of(&self, id: u32) -> Option<Ref<'_, [T]>> {
        let present = self.arena.borrow().grads[id as usize].present;
        present.then(|| Ref::map(self.arena.borrow(), |arena| &arena.grads[id as usize].buffer[..]))
    }

    #[track_caller]
    pub(crate) fn backward(&self, id: u32, seed: &[T]) {
        let shape = self.shape_of(id);
        assert!(
            seed.len() == shape.elements(),
            "backward: {} upstream numbers for a value of shape {shape}",
            seed.len()
        );
        self.arena.borrow_mut().backward(id as usize, seed);
    }
}

impl<T: Float> Arena<T> {
    /// The next node, made ready: old contents of its buffers are arbitrary.
    fn next(&mut self, shape: Shape, needs_grad: bool) -> u32 {
        if self.len == self.nodes.len() {
            self.nodes.push(Node::default());
            self.grads.push(Grad { buffer: Lines::new(), present: false });
        }
        let node = &mut self.nodes[self.len];
        node.arity = 0;
        node.shape = shape;
        node.value.resize(shape.elements());
        node.needs_grad = needs_grad;
        self.grads[self.len].present = false;
        self.len += 1;
        (self.len - 1) as u32
    }

    fn push<O: Op<T>>(&mut self, op: O, inputs: &[u32]) -> Result<u32, String> {
        let mut shapes = [Shape::SCALAR; MAX_INPUTS];
        for (shape, &input) in shapes.iter_mut().zip(inputs) {
            *shape = self.nodes[input as usize].shape;
        }
        let shape = op.shape(&shapes[..inputs.len()]).map_err(|what| format!("{}: {what}", op.name()))?;
        let upstream = inputs.iter().any(|&i| self.nodes[i as usize].needs_grad);
        let id = self.next(shape, upstream && op.is_differentiable());

        let workers = self.workers.as_deref().unwrap_or(Workers::alone());
        let (before, rest) = self.nodes.split_at_mut(id as usize);
        let node = &mut rest[0];
        node.arity = inputs.len();
        node.inputs[..inputs.len()].copy_from_slice(inputs);
        op.forward(Args { nodes: before, inputs, workers }, &mut node.value, &mut node.saved);
        // The box of the step before is taken over if the same kind of operation stands here again.
        match node.op.as_deref_mut().and_then(|old| (old as &mut dyn Any).downcast_mut::<O>()) {
            Some(old) => *old = op,
            None => node.op = Some(Box::new(op)),
        }
        Ok(id)
    }

    fn backward(&mut self, last: usize, seed: &[T]) {
        self.grads[..self.len].iter_mut().for_each(|grad| grad.present = false);
        let workers = self.workers.as_deref().unwrap_or(Workers::alone());
        let first = &mut self.grads[last];
        first.buffer.resize(seed.len());
        copy(workers, seed, &mut first.buffer);
        first.present = true;

        for id in (0..=last).rev() {
            let node = &self.nodes[id];
            let (grads, rest) = self.grads.split_at_mut(id);
            let (Some(op), true, true) = (&node.op, node.needs_grad && node.arity > 0, rest[0].present)
            else {
                continue;
            };
            let at = node.at(&**op, (&self.nodes, workers), &rest[0].buffer, &mut self.room);
            for (i, &input) in node.inputs().iter().enumerate() {
                let source = &self.nodes[input as usize];
                if !source.needs_grad {
                    continue;
                }
                let grad = &mut grads[input as usize];
                let buffer = if grad.present { &mut self.scratch } else { &mut grad.buffer };
                buffer.resize(source.shape.elements());
                op.vjp(i, at, buffer);
                if grad.present {
                    let (sum, scratch) = (&mut grad.buffer, &self.scratch);
                    workers.chunks(
                        [sum],
                        workers.share(scratch.len(), 16, Workers::NUMBERS),
                        |start, [sum]| {
                            sum.iter_mut().zip(&scratch[start..]).for_each(|(sum, &dx)| *sum += dx);
                        },
                    );
                }
                grad.present = true;
            }
        }
    }
}
