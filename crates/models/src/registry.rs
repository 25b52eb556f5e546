//! The registry of models: command line, reports and saved models find them here by name.

use crate::params::spec_name;
use crate::{
    Build, ConvNet, LinearModel, Mlp, Model, ModelKind, Network, NetworkSize, Params, Shape, TapeModel,
};
use std::fmt;

/// Most weights of a model, 4 GB of them.
const MOST_WEIGHTS: usize = 1 << 30;

/// The kinds of model that specs are resolved against. It is a value: a crate extends it by its own.
#[derive(Clone, Debug)]
pub struct Models {
    kinds: Vec<ModelKind>,
}

impl Models {
    /// The models of this crate; the first is the default.
    pub fn standard() -> Self {
        Self { kinds: Vec::new() }
            .with_network::<Mlp>()
            .with_network::<LinearModel>()
            .with_network::<ConvNet>()
    }

    /// This registry and one kind of model more.
    ///
    /// # Panics
    /// If there is a model of this name, or the name is not like `my-model`.
    #[track_caller]
    pub fn with(mut self, kind: ModelKind) -> Self {
        let name = kind.info().name;
        let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            !name.is_empty() && name.chars().all(well_formed),
            "the name of a model is like 'my-model', found '{name}'"
        );
        assert!(self.find(name).is_none(), "a model named '{name}' is in the registry already");
        self.kinds.push(kind);
        self
    }

    /// This registry and one [`Network`] more.
    ///
    /// # Panics
    /// As [`with`](Models::with).
    #[track_caller]
    pub fn with_network<N: Network>(self) -> Self {
        self.with(TapeModel::<N>::kind())
    }

    /// All kinds, in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &ModelKind> {
        self.kinds.iter()
    }

    /// The kind of this name.
    pub fn find(&self, name: &str) -> Option<&ModelKind> {
        self.kinds.iter().find(|kind| kind.info().name == name)
    }

    /// The model that a spec names: `mlp`, `mlp:hidden=32x16`.
    ///
    /// # Errors
    /// If there is no such model or parameter; the message lists what there is.
    pub fn parse(&self, text: &str) -> Result<ModelSpec, String> {
        let name = spec_name(text);
        let kind = self.find(name).ok_or_else(|| {
            losslab_base::unknown("model", name, self.kinds.iter().map(|kind| kind.info().name))
        })?;
        let params = Params::parse(kind.info(), text)?;
        Ok(ModelSpec { kind: kind.clone(), params })
    }
}

/// A kind of model with its parameters; prints as the text that it is parsed from.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    kind: ModelKind,
    params: Params,
}

impl ModelSpec {
    /// The kind of model.
    pub fn kind(&self) -> &ModelKind {
        &self.kind
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The same with another value of a parameter.
    ///
    /// # Errors
    /// If the model has no such parameter.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, String> {
        let spec = self.kind.info().name;
        self.params.set(name, value).map_err(|problem| format!("{spec}: {problem}"))?;
        Ok(self)
    }

    /// The least number of weights of such a model.
    ///
    /// # Errors
    /// If the parameters describe no model for such rows, or one that no memory holds.
    pub fn size(&self, shape: &Shape) -> Result<usize, String> {
        let size = self.kind.size(&self.params, shape).map_err(|problem| format!("{self}: {problem}"))?;
        match size > MOST_WEIGHTS {
            true => Err(format!("{self}: {size} weights, expected at most {MOST_WEIGHTS}")),
            false => Ok(size),
        }
    }

    /// What such a model takes in memory, estimated without taking any.
    ///
    /// # Errors
    /// As [`size`](ModelSpec::size).
    pub fn network_size(&self, shape: &Shape) -> Result<NetworkSize, String> {
        self.size(shape)?;
        self.kind.network_size(&self.params, shape).map_err(|problem| format!("{self}: {problem}"))
    }

    /// An untrained model.
    ///
    /// # Errors
    /// If the parameters describe no model for such rows.
    pub fn build(
        &self,
        shape: Shape,
        optimizer: Box<dyn losslab_autograd::optim::Optimizer<f32>>,
        rng: &mut losslab_tensor::rng::Rng,
    ) -> Result<Box<dyn Model>, String> {
        let build = Build { params: &self.params, shape, optimizer, rng };
        self.kind.build(build).map_err(|problem| format!("{self}: {problem}"))
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.info().name, self.params)
    }
}
