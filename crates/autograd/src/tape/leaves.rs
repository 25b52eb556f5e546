//! Values that no operation gives: data, targets and weights of a step, copied, written in place or shared.

use super::copy::copy;
use super::{Arena, Tape};
use crate::var::{Indices, Var};
use losslab_tensor::{Float, Shape, Tensor, Workers};
use std::sync::Arc;

impl<T: Float> Tape<T> {
    /// A value without gradient: data, targets, weights.
    #[track_caller]
    pub fn constant(&self, shape: impl Into<Shape>, data: &[T]) -> Var<'_, T> {
        self.leaf(shape.into(), data, false)
    }

    /// A value without gradient that `fill` writes in place, sparing the copy of a batch.
    pub fn constant_with(&self, shape: impl Into<Shape>, fill: impl FnOnce(&mut [T])) -> Var<'_, T> {
        Var::new(self, self.arena.borrow_mut().leaf(shape.into(), false, fill))
    }

    /// As [`constant_with`](Tape::constant_with), with all threads: `fill(first, rows)` writes whole rows of
    /// the first axis, from row `first` on. Each thread then finds in its own cache what it will multiply.
    pub fn constant_rows(
        &self,
        shape: impl Into<Shape>,
        fill: impl Fn(usize, &mut [T]) + Sync,
    ) -> Var<'_, T> {
        Var::new(self, self.arena.borrow_mut().by_rows(shape.into(), fill))
    }

    /// A value without gradient that stays where it is and that several steps, or tapes, may share: it is not
    /// copied. Once the tape has been rewound it lets go of it.
    pub fn constant_shared(&self, value: &Arc<Tensor<T>>) -> Var<'_, T> {
        Var::new(self, self.arena.borrow_mut().shared(value))
    }

    /// A value whose gradient is wanted but which, unlike a parameter, does not persist.
    #[track_caller]
    pub fn variable(&self, shape: impl Into<Shape>, data: &[T]) -> Var<'_, T> {
        self.leaf(shape.into(), data, true)
    }

    #[track_caller]
    fn leaf(&self, shape: Shape, data: &[T], needs_grad: bool) -> Var<'_, T> {
        assert!(
            data.len() == shape.elements(),
            "a value of shape {shape} holds {} numbers, found {}",
            shape.elements(),
            data.len()
        );
        Var::new(self, self.arena.borrow_mut().copied(shape, needs_grad, data))
    }

    /// A list of integers, e.g. the class of each row.
    pub fn indices(&self, data: &[u32]) -> Indices<'_, T> {
        let mut arena = self.arena.borrow_mut();
        let id = arena.leaf(Shape::from([0]), false, |_| {});
        let node = &mut arena.nodes[id as usize];
        node.shape = Shape::from([data.len()]);
        node.indices.clear();
        node.indices.extend_from_slice(data);
        Indices(Var::new(self, id))
    }
}

impl<T: Float> Arena<T> {
    /// A value that `fill` writes.
    pub(super) fn leaf(&mut self, shape: Shape, needs_grad: bool, fill: impl FnOnce(&mut [T])) -> u32 {
        let id = self.next(shape, needs_grad);
        fill(&mut self.nodes[id as usize].value);
        id
    }

    fn copied(&mut self, shape: Shape, needs_grad: bool, data: &[T]) -> u32 {
        let id = self.next(shape, needs_grad);
        let workers = self.workers.as_deref().unwrap_or(Workers::alone());
        copy(workers, data, &mut self.nodes[id as usize].value);
        id
    }

    fn by_rows(&mut self, shape: Shape, fill: impl Fn(usize, &mut [T]) + Sync) -> u32 {
        let id = self.next(shape, false);
        let workers = self.workers.as_deref().unwrap_or(Workers::alone());
        let row = shape.elements() / shape.dims().first().map_or(1, |&rows| rows.max(1));
        let share = workers.share(shape.elements(), row, Workers::NUMBERS);
        workers.chunks([&mut self.nodes[id as usize].value[..]], share, |start, [rows]| {
            fill(start / row.max(1), rows);
        });
        id
    }

    fn shared(&mut self, value: &Arc<Tensor<T>>) -> u32 {
        let id = self.next(Shape::from([0]), false);
        let node = &mut self.nodes[id as usize];
        (node.shape, node.shared) = (value.shape(), Some(value.clone()));
        id
    }
}
