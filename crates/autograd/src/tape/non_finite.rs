//! Where a computation stopped being finite: the first value or gradient on the tape that is NaN or infinite.
//!
//! Nothing is recorded for this: until it is rewound, the tape holds every value and every gradient of the
//! step.

use super::{Arena, Tape};
use losslab_tensor::{Float, Lines, Shape, Workers};
use std::fmt;

/// The first number of a step that is NaN or infinite, and what made it.
///
/// ```
/// use losslab_autograd::Tape;
/// let tape = Tape::<f32>::new();
/// let x = tape.variable([2], &[1.0, -1.0]);
/// x.sqrt().sum(&[0]).backward();
/// let found = tape.first_non_finite().map(|found| found.to_string());
/// assert_eq!(found.unwrap(), "sqrt (node 1: [2] -> [2]) gave NaN at [1]");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// What made it.
    pub origin: Origin,
    /// The number: NaN or an infinity.
    pub value: f64,
    /// Its place, outermost dimension first.
    pub index: Vec<usize>,
}

/// What made a number that is not finite. Everything that it was made from is finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// It stood in a parameter before the step: the optimiser moved it there.
    Parameter {
        /// The parameter's name.
        name: String,
    },
    /// It was put on the tape: data, targets, weights.
    Input {
        /// The number of its node.
        node: usize,
        /// Its shape.
        shape: Shape,
    },
    /// An operation gave it.
    Forward(Operation),
    /// The gradient of an operation by one of its inputs.
    Backward(Operation, usize),
    /// Finite gradients of a value that is used more than once, added.
    Sum {
        /// The number of the node.
        node: usize,
        /// Its shape.
        shape: Shape,
    },
}

/// An operation on the tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name, e.g. `linear`.
    pub name: &'static str,
    /// The number of its node.
    pub node: usize,
    /// The layer whose parameters it uses, e.g. `backbone.0`: a parameter's name without its last part.
    pub layer: Option<String>,
    /// Otherwise the last layer before it.
    pub after: Option<String>,
    /// The shapes of its inputs.
    pub inputs: Vec<Shape>,
    /// The shape of its output.
    pub output: Shape,
}

impl<T: Float> Tape<T> {
    /// The first value of the step that is not finite, in the order of the computation; if all are finite,
    /// the first gradient of the last backward pass, in the order of the way back.
    ///
    /// It is to be asked before the optimiser moves the parameters, which are values of the step too. It
    /// reads everything on the tape once and evaluates again the gradients in question.
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let arena = self.arena.borrow();
        arena.first_value().or_else(|| arena.first_gradient())
    }

    /// The first parameter with a number that is not finite.
    pub fn first_non_finite_parameter(&self) -> Option<NonFinite> {
        let arena = self.arena.borrow();
        (0..arena.names.len()).find_map(|id| arena.value_at(id))
    }
}

impl<T: Float> Arena<T> {
    fn first_value(&self) -> Option<NonFinite> {
        (0..self.len).find_map(|id| self.value_at(id))
    }

    /// The first number of this node that is not finite.
    fn value_at(&self, id: usize) -> Option<NonFinite> {
        let node = &self.nodes[id];
        let (value, index) = first(node.value(), node.shape)?;
        let origin = match (self.names.get(id), node.arity) {
            (Some(name), _) => Origin::Parameter { name: name.clone() },
            (None, 0) => Origin::Input { node: id, shape: node.shape },
            (None, _) => Origin::Forward(self.operation(id)),
        };
        Some(NonFinite { origin, value, index })
    }

    fn first_gradient(&self) -> Option<NonFinite> {
        (0..self.len).rev().filter(|&id| self.grads[id].present).find_map(|id| {
            let shape = self.nodes[id].shape;
            let (value, index) = first(&self.grads[id].buffer, shape)?;
            let part = (id + 1..self.len).find_map(|user| self.culprit(user, id));
            Some(part.unwrap_or(NonFinite { origin: Origin::Sum { node: id, shape }, value, index }))
        })
    }

    /// What the operation of node `user` has to do with a gradient of node `id` that is not finite.
    fn culprit(&self, user: usize, id: usize) -> Option<NonFinite> {
        let node = &self.nodes[user];
        let op = node.op.as_ref().filter(|_| node.needs_grad && self.grads[user].present)?;
        let inputs = node.inputs().iter().enumerate().filter(|(_, input)| **input as usize == id);
        let mut dx = vec![T::default(); self.nodes[id].shape.elements()];
        let (mut room, workers) = (Lines::new(), self.workers.as_deref().unwrap_or(Workers::alone()));
        let at = node.at(&**op, (&self.nodes, workers), &self.grads[user].buffer, &mut room);
        for (i, _) in inputs {
            op.vjp(i, at, &mut dx);
            if let Some((value, index)) = first(&dx, self.nodes[id].shape) {
                return Some(NonFinite { origin: Origin::Backward(self.operation(user), i), value, index });
            }
        }
        None
    }

    fn operation(&self, id: usize) -> Operation {
        let node = &self.nodes[id];
        let layer = self.layer(id);
        Operation {
            name: node.op.as_ref().map_or("", |op| op.name()),
            node: id,
            after: if layer.is_none() { self.layer_before(id) } else { None },
            layer,
            inputs: node.inputs().iter().map(|&input| self.nodes[input as usize].shape).collect(),
            output: node.shape,
        }
    }

    /// The layer of the first parameter among a node's inputs.
    fn layer(&self, id: usize) -> Option<String> {
        let name = self.nodes[id].inputs().iter().find_map(|&input| self.names.get(input as usize))?;
        Some(name.rsplit_once('.').map_or(name.as_str(), |(layer, _)| layer).to_owned())
    }

    /// The layer of the last operation with parameters that leads to this node.
    fn layer_before(&self, id: usize) -> Option<String> {
        let mut leads = vec![false; id + 1];
        leads[id] = true;
        for node in (0..=id).rev() {
            if leads[node] {
                if let Some(layer) = self.layer(node) {
                    return Some(layer);
                }
                self.nodes[node].inputs().iter().for_each(|&input| leads[input as usize] = true);
            }
        }
        None
    }
}

/// The first number that is not finite, and its place in this shape.
fn first<T: Float>(numbers: &[T], shape: Shape) -> Option<(f64, Vec<usize>)> {
    let at = numbers.iter().position(|x| !x.to_f64().is_finite())?;
    let mut index = vec![0; shape.rank()];
    let mut rest = at;
    for (place, &size) in index.iter_mut().zip(shape.dims()).rev() {
        (*place, rest) = (rest % size, rest / size);
    }
    Some((numbers[at].to_f64(), index))
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Parameter { name } => write!(f, "parameter {name} is {}", self.value)?,
            Origin::Input { node, shape } => {
                write!(f, "the input of shape {shape} (node {node}) is {}", self.value)?;
            }
            Origin::Forward(op) => write!(f, "{op} gave {}", self.value)?,
            Origin::Backward(op, input) => {
                write!(f, "the gradient of {op} by its input {input} is {}", self.value)?;
            }
            Origin::Sum { node, shape } => {
                write!(f, "the sum of the gradients by node {node} of shape {shape} is {}", self.value)?;
            }
        }
        if self.index.is_empty() { Ok(()) } else { write!(f, " at {:?}", self.index) }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match (&self.layer, &self.after) {
            (Some(layer), _) => write!(f, " of {layer}")?,
            (None, Some(layer)) => write!(f, " after {layer}")?,
            (None, None) => {}
        }
        let inputs: Vec<String> = self.inputs.iter().map(Shape::to_string).collect();
        write!(f, " (node {}: {} -> {})", self.node, inputs.join(", "), self.output)
    }
}
