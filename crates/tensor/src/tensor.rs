//! A tensor: a shape and its numbers, row-major.

use crate::{Float, Shape};

/// An array of numbers with a shape. It owns its buffer and knows no gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    shape: Shape,
    data: Vec<T>,
}

impl<T: Float> Tensor<T> {
    /// A tensor of this shape from its numbers in row-major order.
    ///
    /// # Panics
    /// If the number of elements differs from what the shape holds.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, data: Vec<T>) -> Self {
        let shape = shape.into();
        assert!(
            shape.elements() == data.len(),
            "a tensor of shape {shape} holds {} numbers, found {}",
            shape.elements(),
            data.len()
        );
        Self { shape, data }
    }

    /// A tensor whose element `i`, in row-major order, is `f(i)`.
    #[track_caller]
    pub fn from_fn(shape: impl Into<Shape>, f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        Self { shape, data: (0..shape.elements()).map(f).collect() }
    }

    /// All zeros.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::from_fn(shape, |_| T::default())
    }

    /// One number, of shape `[]`.
    pub fn scalar(x: T) -> Self {
        Self { shape: Shape::SCALAR, data: vec![x] }
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The numbers, row-major.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The numbers, row-major, to change.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The numbers themselves.
    pub fn into_data(self) -> Vec<T> {
        self.data
    }

    /// The same numbers rounded to another type.
    pub fn cast<U: Float>(&self) -> Tensor<U> {
        Tensor { shape: self.shape, data: self.data.iter().map(|x| U::from_f64(x.to_f64())).collect() }
    }
}
