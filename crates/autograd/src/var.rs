//! A handle on a value of a tape. Its mathematical methods are generated from the list in [`crate::ops`].

use crate::Tape;
use losslab_tensor::{Float, Shape, Tensor};
use std::cell::Ref;

/// A value on a tape: `Copy`, and unusable once the tape is rewound.
///
/// ```compile_fail
/// let mut tape = losslab_autograd::Tape::<f32>::new();
/// let x = tape.constant([1], &[1.0]);
/// tape.rewind();
/// x.exp(); // the borrow of the tape has ended
/// ```
#[derive(Clone, Copy)]
pub struct Var<'t, T> {
    tape: &'t Tape<T>,
    id: u32,
}

/// Integers on a tape, e.g. the class of each row: an operand without gradient.
#[derive(Clone, Copy)]
pub struct Indices<'t, T>(pub(crate) Var<'t, T>);

impl<'t, T: Float> Indices<'t, T> {
    /// The operand to hand to [`Tape::push`].
    pub fn operand(self) -> Var<'t, T> {
        self.0
    }

    /// The integers.
    pub fn values(self) -> Ref<'t, [u32]> {
        self.0.tape.indices_of(self.0.id)
    }
}

impl<'t, T: Float> Var<'t, T> {
    pub(crate) fn new(tape: &'t Tape<T>, id: u32) -> Self {
        Self { tape, id }
    }

    /// The tape it stands on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    pub(crate) fn id(self) -> u32 {
        self.id
    }

    /// Its shape.
    pub fn shape(self) -> Shape {
        self.tape.shape_of(self.id)
    }

    /// Its numbers, row-major. Let go of the borrow before the next operation on this tape.
    pub fn value(self) -> Ref<'t, [T]> {
        self.tape.value_of(self.id)
    }

    /// What its operation saved for the backward pass, if it is the result of an operation of this name.
    pub(crate) fn saved_by(self, op: &str) -> Option<Ref<'t, [T]>> {
        self.tape.saved_by(self.id, op)
    }

    /// A copy of its numbers.
    pub fn to_tensor(self) -> Tensor<T> {
        Tensor::new(self.shape(), self.value().to_vec())
    }

    /// Its only number.
    ///
    /// # Panics
    /// If it holds more or fewer than one.
    #[track_caller]
    pub fn item(self) -> T {
        let shape = self.shape();
        assert!(shape.elements() == 1, "item: a value of shape {shape} is not one number");
        self.value()[0]
    }

    /// The gradient of the last backward pass with respect to this value, if it took part in it.
    pub fn grad(self) -> Option<Tensor<T>> {
        let grad = self.tape.grad_of(self.id)?;
        Some(Tensor::new(self.shape(), grad.to_vec()))
    }

    /// Computes the gradient of this number with respect to every value that led to it.
    ///
    /// # Panics
    /// If it is not one number: choose the upstream gradient with [`backward_from`](Var::backward_from).
    #[track_caller]
    pub fn backward(self) {
        let shape = self.shape();
        assert!(shape.elements() == 1, "backward: a value of shape {shape} is not one number; sum it first");
        self.backward_from(&[T::lift(1.0)]);
    }

    /// Computes vector-Jacobian products: the gradient of `sum(upstream * self)`.
    ///
    /// # Panics
    /// If `upstream` has another number of elements.
    #[track_caller]
    pub fn backward_from(self, upstream: &[T]) {
        self.tape.backward(self.id, upstream);
    }
}
