//! The state of a model as named tensors: what checkpoints keep and model files hold.

use losslab_autograd::optim::{Optimizer, OptimizerState};

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Weights, running statistics, moments of an optimiser.
    F32(Vec<f32>),
    /// Indices into the data.
    U32(Vec<u32>),
    /// Counts of steps.
    U64(Vec<u64>),
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Numbers::F32(numbers) => numbers.len(),
            Numbers::U32(numbers) => numbers.len(),
            Numbers::U64(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Numbers::F32(_) => "F32",
            Numbers::U32(_) => "U32",
            Numbers::U64(_) => "U64",
        }
    }
}

/// A tensor with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name, unique in a state.
    pub name: String,
    /// Its shape, whose product is the number of numbers.
    pub shape: Vec<usize>,
    /// Row-major.
    pub numbers: Numbers,
}

/// Names and shapes, in the order of the weights.
pub type Shapes = [(String, Vec<usize>)];

/// Named tensors, in the order in which they were put.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State(pub Vec<NamedTensor>);

impl State {
    /// Puts tensors of f32, one for each of these names and shapes: `GROUP/NAME`, or `NAME` where the group
    /// is empty.
    pub fn put(&mut self, group: &str, shapes: &Shapes, lists: impl IntoIterator<Item = Vec<f32>>) {
        let tensors = shapes.iter().zip(lists).map(|((name, shape), list)| NamedTensor {
            name: joined(group, name),
            shape: shape.clone(),
            numbers: Numbers::F32(list),
        });
        self.0.extend(tensors);
    }

    /// Takes what [`put`](State::put) has put.
    ///
    /// # Errors
    /// If a tensor is missing, or of another type or shape.
    pub fn take(&mut self, group: &str, shapes: &Shapes) -> Result<Vec<Vec<f32>>, String> {
        let list = |(name, shape): &(String, Vec<usize>)| {
            let name = joined(group, name);
            match self.remove(&name)? {
                NamedTensor { numbers: Numbers::F32(list), shape: found, .. } if found == *shape => Ok(list),
                NamedTensor { shape: found, .. } => {
                    Err(format!("tensor {name:?} of shape {found:?}, not {shape:?}"))
                }
            }
        };
        shapes.iter().map(list).collect()
    }

    /// Puts all tensors of another state under `GROUP/NAME`.
    pub fn put_state(&mut self, group: &str, state: State) {
        self.0.extend(
            state.0.into_iter().map(|tensor| NamedTensor { name: joined(group, &tensor.name), ..tensor }),
        );
    }

    /// Takes what [`put_state`](State::put_state) has put.
    pub fn take_state(&mut self, group: &str) -> State {
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        for tensor in self.0.drain(..) {
            match tensor.name.strip_prefix(group).and_then(|name| name.strip_prefix('/')) {
                Some(name) => taken.push(NamedTensor { name: name.to_owned(), ..tensor }),
                None => rest.push(tensor),
            }
        }
        self.0 = rest;
        State(taken)
    }

    /// Puts lists of indices: `GROUP/0`, `GROUP/1`.
    pub fn put_indices<'a>(&mut self, group: &str, lists: impl IntoIterator<Item = &'a [u32]>) {
        let tensors = lists.into_iter().enumerate().map(|(i, list)| NamedTensor {
            name: joined(group, &i.to_string()),
            shape: vec![list.len()],
            numbers: Numbers::U32(list.to_vec()),
        });
        self.0.extend(tensors);
    }

    /// Takes what [`put_indices`](State::put_indices) has put into `lists`, which hold the same indices in
    /// another order.
    ///
    /// # Errors
    /// If a list is missing, or holds other indices.
    pub fn take_indices<'a>(
        &mut self,
        group: &str,
        lists: impl IntoIterator<Item = &'a mut [u32]>,
    ) -> Result<(), String> {
        for (i, list) in lists.into_iter().enumerate() {
            let name = joined(group, &i.to_string());
            let Numbers::U32(found) = self.remove(&name)?.numbers else {
                return Err(format!("tensor {name:?} that holds no indices"));
            };
            let sorted = |indices: &[u32]| {
                let mut indices = indices.to_vec();
                indices.sort_unstable();
                indices
            };
            if sorted(&found) != sorted(list) {
                return Err(format!("tensor {name:?} with places of other data"));
            }
            list.copy_from_slice(&found);
        }
        Ok(())
    }

    /// Puts the moments and steps of an optimiser, for parameters of these shapes.
    pub fn put_optimizer(&mut self, shapes: &Shapes, optimizer: &dyn Optimizer<f32>) {
        let OptimizerState { steps, moments } = optimizer.state();
        for (name, lists) in moments {
            self.put(&format!("optimizer.{name}"), shapes, lists);
        }
        let shape = vec![steps.len()];
        self.0.push(NamedTensor { name: "optimizer.steps".into(), shape, numbers: Numbers::U64(steps) });
    }

    /// Takes what [`put_optimizer`](State::put_optimizer) has put, back into an optimiser of the same kind.
    ///
    /// # Errors
    /// If a tensor is missing or of another shape, or there are counts of steps for other parameters.
    pub fn take_optimizer(
        &mut self,
        shapes: &Shapes,
        optimizer: &mut dyn Optimizer<f32>,
    ) -> Result<(), String> {
        let mut state = optimizer.state();
        for (name, lists) in &mut state.moments {
            *lists = self.take(&format!("optimizer.{name}"), shapes)?;
        }
        let Numbers::U64(steps) = self.remove("optimizer.steps")?.numbers else {
            return Err("tensor \"optimizer.steps\" that holds no counts".into());
        };
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

    fn remove(&mut self, name: &str) -> Result<NamedTensor, String> {
        let at = self.0.iter().position(|tensor| tensor.name == name);
        at.map(|at| self.0.swap_remove(at)).ok_or_else(|| format!("no tensor {name:?}"))
    }

    /// The tensors of exactly these names and shapes, all of finite f32: the weights of a model from a file.
    ///
    /// # Errors
    /// Which tensor is missing, of another type or shape, not finite, or too many.
    pub fn weights(&self, shapes: &Shapes) -> Result<Vec<Vec<f32>>, String> {
        let weights: Vec<Vec<f32>> =
            shapes.iter().map(|(name, shape)| self.weight(name, shape, shapes)).collect::<Result<_, _>>()?;
        if self.0.len() != weights.len() {
            let (found, expected) = (self.0.len(), weights.len());
            let others = self.without_place(shapes);
            return Err(format!("{found} tensors instead of {expected}: {others} too many"));
        }
        Ok(weights)
    }

    fn weight(&self, name: &str, shape: &[usize], shapes: &Shapes) -> Result<Vec<f32>, String> {
        let Some(tensor) = self.0.iter().find(|tensor| tensor.name == name) else {
            let others = self.without_place(shapes);
            let others = if others.is_empty() { String::new() } else { format!(", but {others}") };
            return Err(format!("no tensor {name:?} of shape {shape:?}{others}"));
        };
        let found = &tensor.shape;
        match &tensor.numbers {
            Numbers::F32(values) if *found == shape => match values.iter().find(|x| !x.is_finite()) {
                Some(x) => Err(format!("the weight {x} in tensor {name:?}")),
                None => Ok(values.clone()),
            },
            numbers => Err(format!(
                "tensor {name:?} of type {} and shape {found:?}{} instead of F32 and {shape:?}",
                numbers.type_name(),
                other_order(found, shape)
            )),
        }
    }

    /// The tensors that a model of these shapes has no place for, by name and shape.
    fn without_place(&self, shapes: &Shapes) -> String {
        /// So many tensors are named in a message.
        const MOST_NAMED: usize = 3;
        let known = |name: &str| shapes.iter().any(|(known, _)| known == name);
        let others = self.0.iter().filter(|tensor| !known(&tensor.name));
        let mut others: Vec<String> =
            others.map(|tensor| format!("{:?} of shape {:?}", tensor.name, tensor.shape)).collect();
        others.sort();
        let shown = others.get(..MOST_NAMED).unwrap_or(&others).join(", ");
        match others.len().saturating_sub(MOST_NAMED) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

fn joined(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{group}/{name}") }
}

/// A remark if a shape is PyTorch's for this one: `[out, in]`, or `[out, in, height, width]`.
fn other_order(found: &[usize], expected: &[usize]) -> &'static str {
    let pytorch = match *expected {
        [inputs, outputs] => vec![outputs, inputs],
        [height, width, inputs, outputs] => vec![outputs, inputs, height, width],
        _ => return "",
    };
    if found == pytorch { " (PyTorch's order of axes, see docs/interop.md)" } else { "" }
}
