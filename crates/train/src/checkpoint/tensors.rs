//! The lists of numbers of a checkpoint, by name: `weights/layer0.weight`, `optimizer.m/layer0.weight`, `order/0`.

use losslab_autograd::optim::{Optimizer, OptimizerState};

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Weights, buffers, moments.
    F32(Vec<f32>),
    /// Places in the data.
    U32(Vec<u32>),
}

/// A list of numbers with a name and a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name, unique in a checkpoint.
    pub name: String,
    /// Its shape, whose product is the number of numbers.
    pub shape: Vec<usize>,
    /// Row-major.
    pub numbers: Numbers,
}

/// Names and shapes, in the order of the weights.
type Shapes = [(String, Vec<usize>)];

/// All of a checkpoint's, in the order in which they were put.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors(pub Vec<Tensor>);

impl Tensors {
    /// Puts weights, or what is like them: one list for each of these names and shapes.
    pub fn put(&mut self, group: &str, shapes: &Shapes, lists: Vec<Vec<f32>>) {
        let tensors = shapes.iter().zip(lists).map(|((name, shape), list)| Tensor {
            name: format!("{group}/{name}"),
            shape: shape.clone(),
            numbers: Numbers::F32(list),
        });
        self.0.extend(tensors);
    }

    /// Puts lists of places: `GROUP/0`, `GROUP/1`.
    pub fn put_places<'a>(&mut self, group: &str, lists: impl IntoIterator<Item = &'a [u32]>) {
        let tensors = lists.into_iter().enumerate().map(|(i, list)| Tensor {
            name: format!("{group}/{i}"),
            shape: vec![list.len()],
            numbers: Numbers::U32(list.to_vec()),
        });
        self.0.extend(tensors);
    }

    /// Puts the moments of an optimiser, for parameters of these shapes; returns the steps, which stand elsewhere.
    pub fn put_optimizer(&mut self, shapes: &Shapes, optimizer: &dyn Optimizer<f32>) -> Vec<u64> {
        let OptimizerState { steps, moments } = optimizer.state();
        for (name, lists) in moments {
            self.put(&format!("optimizer.{name}"), shapes, lists);
        }
        steps
    }

    /// Takes what [`put`](Tensors::put) has put.
    ///
    /// # Errors
    /// If one is missing, or of another type or shape.
    pub fn take(&mut self, group: &str, shapes: &Shapes) -> Result<Vec<Vec<f32>>, String> {
        let list = |(name, shape): &(String, Vec<usize>)| {
            let name = format!("{group}/{name}");
            match self.remove(&name)? {
                Tensor { numbers: Numbers::F32(list), shape: found, .. } if found == *shape => Ok(list),
                Tensor { shape: found, .. } => {
                    Err(format!("tensor {name:?} of shape {found:?}, not {shape:?}"))
                }
            }
        };
        shapes.iter().map(list).collect()
    }

    /// Takes what [`put_places`](Tensors::put_places) has put into `lists`, which hold the same places in another order.
    ///
    /// # Errors
    /// If one is missing, or holds other places.
    pub fn take_places<'a>(
        &mut self,
        group: &str,
        lists: impl IntoIterator<Item = &'a mut [u32]>,
    ) -> Result<(), String> {
        for (i, list) in lists.into_iter().enumerate() {
            let name = format!("{group}/{i}");
            let found = match self.remove(&name)?.numbers {
                Numbers::U32(found) => found,
                Numbers::F32(_) => return Err(format!("tensor {name:?} of floating-point numbers")),
            };
            let sorted = |places: &[u32]| {
                let mut places = places.to_vec();
                places.sort_unstable();
                places
            };
            if sorted(&found) != sorted(list) {
                return Err(format!("tensor {name:?} with places of other data"));
            }
            list.copy_from_slice(&found);
        }
        Ok(())
    }

    /// Takes what [`put_optimizer`](Tensors::put_optimizer) has put, back into an optimiser of the same kind.
    ///
    /// # Errors
    /// If a list is missing or of another shape, or there are counts of steps for other parameters.
    pub fn take_optimizer(
        &mut self,
        shapes: &Shapes,
        steps: Vec<u64>,
        optimizer: &mut dyn Optimizer<f32>,
    ) -> Result<(), String> {
        let mut state = optimizer.state();
        for (name, lists) in &mut state.moments {
            *lists = self.take(&format!("optimizer.{name}"), shapes)?;
        }
        if !steps.is_empty() && steps.len() != shapes.len() {
            return Err(format!("the steps of {} parameters instead of {}", steps.len(), shapes.len()));
        }
        optimizer.restore(OptimizerState { steps, ..state });
        Ok(())
    }

    /// Says so if something has not been taken.
    ///
    /// # Errors
    /// If there is such a thing.
    pub fn finish(self) -> Result<(), String> {
        self.0.first().map_or(Ok(()), |tensor| Err(format!("an unknown tensor {:?}", tensor.name)))
    }

    fn remove(&mut self, name: &str) -> Result<Tensor, String> {
        let at = self.0.iter().position(|tensor| tensor.name == name);
        at.map(|at| self.0.swap_remove(at)).ok_or_else(|| format!("no tensor {name:?}"))
    }
}
