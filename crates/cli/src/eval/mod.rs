//! `losslab eval`: one loss on logits and targets given as JSON, so that anyone can check another
//! implementation against this one.
//!
//! ```text
//! in   {"logits": [...], "targets": [...], "class_counts": [...], "weights": [...], "valid": [...]}
//! out  {"loss": x or [...], "grad": [...], "hess": [...], "dparams": {"gamma": x, ...}}
//! ```
//!
//! Sigmoid head: logits are a list or rows, targets 0 or 1 (0 to 1 where the loss takes soft targets) of the
//! same shape. Softmax head: logits are rows, targets a class index per row. Non-finite numbers are the
//! strings "NaN", "inf" and "-inf", in both directions.

mod input;
mod output;

use super::emit;
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use input::{Input, Truth};
use losslab_losses::{
    Batch, BatchError, Criterion, Head, Normalizer, Reduction, Registry, Scalar, Spec, Targets,
};
use losslab_tensor::Isa;
use output::{Number, Numbers, Output};
use serde::Serialize;
use std::io::Read;

/// What stands below the options in `losslab eval --help`.
const FORMAT: &str = "\
Reads {\"logits\": [..], \"targets\": [..]} from standard input, with \"class_counts\", \"weights\" and
\"valid\" if wanted; writes {\"loss\": .., \"grad\": [..], \"hess\": [..], \"dparams\": {..}}. grad is the
derivative of the reduced loss in each logit (of the sum for --reduction none), hess the second one, the
diagonal of the Hessian (null for a loss of the whole batch, such as dice), dparams the derivative of the same
number in each parameter of the loss. Non-finite numbers are the strings \"NaN\", \"inf\" and \"-inf\".";

/// The arguments of `losslab eval`.
#[derive(Args, Debug)]
#[command(after_help = FORMAT)]
pub struct Arguments {
    /// The loss, e.g. focal:gamma=2,alpha=0.25
    #[arg(long, value_name = "SPEC")]
    loss: String,
    /// sigmoid: a list of logits (or rows) and as many targets; softmax: rows of logits and a class index per
    /// row
    #[arg(long, value_name = "NAME", value_enum, default_value_t = HeadName::Sigmoid, hide_possible_values = true)]
    head: HeadName,
    /// none, mean or sum
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ReductionName::Mean, hide_possible_values = true)]
    reduction: ReductionName,
    /// What a mean divides by: elements, samples, positives (at least 1) or weight-sum [default: elements]
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true, hide_default_value = true)]
    normalizer: Option<NormalizerName>,
    /// f32 or f64: what is computed in; inputs are rounded to it first
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Dtype::F32, hide_possible_values = true)]
    dtype: Dtype,
    /// Instruction set of the f32 kernels: baseline, avx2+fma or avx512 [default: the machine's best]
    #[arg(long, value_name = "NAME", value_parser = isa)]
    isa: Option<Isa>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HeadName {
    Sigmoid,
    Softmax,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ReductionName {
    None,
    Mean,
    Sum,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NormalizerName {
    Elements,
    Samples,
    Positives,
    WeightSum,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dtype {
    F32,
    F64,
}

/// An instruction set by its name; "avx2" will do for "avx2+fma".
fn isa(text: &str) -> Result<Isa, String> {
    let name = if text == "avx2" { "avx2+fma" } else { text };
    let best = Isa::ALL.into_iter().rfind(|isa| isa.is_available()).unwrap_or(Isa::Baseline);
    match Isa::ALL.into_iter().find(|isa| isa.name() == name) {
        None => Err(format!("there are {}", Isa::ALL.map(Isa::name).join(", "))),
        Some(isa) if !isa.is_available() => Err(format!("this machine's best is {}", best.name())),
        Some(isa) => Ok(isa),
    }
}

/// Runs the command.
pub fn run(registry: &Registry, arguments: Arguments) -> anyhow::Result<()> {
    let spec = Spec::parse(&arguments.loss, registry).context("--loss")?;
    let (head, reduction) = (arguments.head(), arguments.reduction()?);
    if let Some(isa) = arguments.isa {
        isa.force();
    }
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text).context("standard input")?;
    emit(&format!("{}\n", answer(&spec, head, reduction, arguments.dtype, &text)?))
}

/// The answer to this text, in JSON.
fn answer(
    spec: &Spec,
    head: Head,
    reduction: Reduction,
    dtype: Dtype,
    text: &[u8],
) -> anyhow::Result<String> {
    let mut input = Input::read(text, head).context("standard input")?;
    let criterion = bind(spec, head, reduction, &input)?;
    let json = match dtype {
        Dtype::F32 => {
            input.round(|x| f64::from(x as f32));
            serde_json::to_string(&evaluate::<f32>(&criterion, &input).context("standard input")?)
        }
        Dtype::F64 => serde_json::to_string(&evaluate::<f64>(&criterion, &input).context("standard input")?),
    };
    Ok(json?)
}

/// A line with a spec and the JSON below it, answered for either head: what the fuzz target runs.
pub fn fuzz(registry: &Registry, bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |&byte| byte == b'\n');
    let (spec, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(spec) = Spec::parse(&String::from_utf8_lossy(spec), registry) else { return };
    for head in [Head::Sigmoid, Head::Softmax] {
        for (reduction, dtype) in
            [(Reduction::None, Dtype::F32), (Reduction::Mean(Normalizer::Positives), Dtype::F64)]
        {
            let _ = answer(&spec, head, reduction, dtype, text);
        }
    }
}

impl Arguments {
    fn head(&self) -> Head {
        match self.head {
            HeadName::Sigmoid => Head::Sigmoid,
            HeadName::Softmax => Head::Softmax,
        }
    }

    fn reduction(&self) -> anyhow::Result<Reduction> {
        if self.normalizer.is_some() && self.reduction != ReductionName::Mean {
            bail!("--normalizer says what a mean divides by: it needs --reduction mean");
        }
        Ok(match self.reduction {
            ReductionName::None => Reduction::None,
            ReductionName::Sum => Reduction::Sum,
            ReductionName::Mean => {
                Reduction::Mean(match self.normalizer.unwrap_or(NormalizerName::Elements) {
                    NormalizerName::Elements => Normalizer::Elements,
                    NormalizerName::Samples => Normalizer::Samples,
                    NormalizerName::Positives => Normalizer::Positives,
                    NormalizerName::WeightSum => Normalizer::WeightSum,
                })
            }
        })
    }
}

/// Binds the spec to the counts of the input. They may be missing where nothing looks at them, which shows in
/// that classes without examples are not refused.
fn bind(spec: &Spec, head: Head, reduction: Reduction, input: &Input) -> anyhow::Result<Criterion> {
    let classes = match input.truth {
        Truth::Numbers(_) => 2,
        Truth::Classes { classes, .. } => classes,
    };
    let with = |counts: &[u64]| Criterion::new(spec, head, counts, reduction);
    match &input.class_counts {
        Some(counts) => Ok(with(counts)?),
        None => with(&vec![0; classes]).map_err(|problem| match with(&vec![1; classes]) {
            Ok(_) => {
                anyhow!("standard input: {spec} needs \"class_counts\", the number of examples of each class")
            }
            Err(_) => problem.into(),
        }),
    }
}

/// Loss and gradient; second derivatives, and the derivatives in the parameters, are always computed in f64.
fn evaluate<T: Scalar + Serialize>(criterion: &Criterion, input: &Input) -> Result<Output<T>, BatchError> {
    let convert = |x: &[f64]| x.iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>();
    let logits = convert(&input.logits);
    let numbers = match &input.truth {
        Truth::Numbers(targets) => convert(targets),
        Truth::Classes { .. } => Vec::new(),
    };
    let weights = input.weights.as_deref().map(convert);
    let valid = input.valid.as_deref().map(convert);
    let batch = Batch {
        logits: &logits,
        targets: input.targets(&numbers),
        weights: weights.as_deref(),
        valid: valid.as_deref(),
    };
    let mut grad = vec![T::default(); logits.len()];
    let loss = if criterion.reduction() == Reduction::None {
        let mut values = vec![T::default(); input.losses()];
        criterion.evaluate(&batch, Some(&mut values), &mut grad)?;
        let columns = input.columns.filter(|_| criterion.head() == Head::Sigmoid);
        Numbers::shaped(&values, columns)
    } else {
        Numbers::One(Number(criterion.evaluate(&batch, None, &mut grad)?))
    };
    let hess = match criterion.second_derivatives(&input.batch()) {
        Ok(second) => Some(Numbers::shaped(&convert(&second.diagonal), input.columns)),
        Err(BatchError::NoMargin { .. }) => None,
        Err(error) => return Err(error),
    };
    let dparams = criterion.param_gradient(&input.batch())?;
    Ok(Output {
        loss,
        grad: Numbers::shaped(&grad, input.columns),
        hess,
        dparams: dparams.into_iter().map(|(name, x)| (name, Number(T::from_f64(x)))).collect(),
    })
}

impl Input {
    /// The number of losses: elements (sigmoid) or rows (softmax).
    fn losses(&self) -> usize {
        match &self.truth {
            Truth::Numbers(targets) => targets.len(),
            Truth::Classes { targets, .. } => targets.len(),
        }
    }

    /// The targets, `numbers` being those of a sigmoid head.
    fn targets<'a, T>(&'a self, numbers: &'a [T]) -> Targets<'a, T> {
        match &self.truth {
            Truth::Numbers(_) => Targets::Sigmoid { targets: numbers, columns: self.columns.unwrap_or(1) },
            Truth::Classes { targets, classes } => Targets::Softmax { targets, classes: *classes },
        }
    }

    /// Everything, in f64.
    fn batch(&self) -> Batch<'_, f64> {
        let numbers = match &self.truth {
            Truth::Numbers(targets) => &targets[..],
            Truth::Classes { .. } => &[],
        };
        Batch {
            logits: &self.logits,
            targets: self.targets(numbers),
            weights: self.weights.as_deref(),
            valid: self.valid.as_deref(),
        }
    }
}
