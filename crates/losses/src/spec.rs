//! Spec strings: how users name a loss, and how reports print it.
//!
//! ```text
//! SPEC = loss[:key=value,...] { + modifier[:key=value,...] }
//! ```

use crate::equation::Equation;
use crate::info::{Alpha, ParamInfo};
use crate::modifiers::{self, ModifierInfo};
use crate::registry::{ALPHA_RANGE, Registry};
use std::fmt;
use std::sync::Arc;

/// A loss with its parameters and modifiers, as a spec string says it.
///
/// [`Display`](fmt::Display) prints the canonical spec: every parameter is written out, so that two specs mean the same
/// exactly if they print the same.
#[derive(Clone)]
pub struct Spec {
    pub(crate) loss: Arc<dyn Equation>,
    pub(crate) params: Vec<f64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) modifiers: Vec<(ModifierInfo, Vec<f64>)>,
}

/// What is wrong with a spec, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("loss spec '{spec}': {problem}")]
pub struct SpecError {
    /// The spec as it was typed.
    pub spec: String,
    /// What is wrong.
    pub problem: String,
}

impl Spec {
    /// Reads a spec, e.g. `focal:gamma=2,alpha=0.25` or `ce+class-balanced`.
    ///
    /// # Errors
    /// An unknown loss, modifier or parameter (the message lists those that exist), a value that is not
    /// a number or lies outside its range, a key or modifier given twice, modifiers that contradict each other
    /// or do not suit the loss.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, SpecError> {
        Self::read(text.trim(), registry).map_err(|problem| SpecError { spec: text.into(), problem })
    }

    fn read(text: &str, registry: &Registry) -> Result<Self, String> {
        let mut parts = split_parts(text).into_iter();
        let (name, arguments) = name_and_arguments(parts.next().unwrap_or_default())?;
        let names = || list(registry.losses().map(|l| l.name()));
        let loss =
            registry.find(name).ok_or_else(|| format!("there is no loss '{name}'; there are {}", names()))?;
        let (params, alpha) = read_params(name, loss.params(), loss.alpha(), &arguments)?;

        let mut modifiers: Vec<(ModifierInfo, Vec<f64>)> = Vec::new();
        for part in parts {
            let (name, arguments) = name_and_arguments(part)?;
            let info = find_modifier(registry.modifiers(), name, &arguments)?;
            let earlier: Vec<ModifierInfo> = modifiers.iter().map(|(m, _)| *m).collect();
            if let Some(problem) = modifiers::conflict(&**loss, &earlier, info) {
                return Err(problem);
            }
            modifiers.push((*info, read_params(name, info.params, Alpha::None, &arguments)?.0));
        }
        Ok(Self { loss: loss.clone(), params, alpha, modifiers })
    }

    /// The loss, as the registry declares it.
    pub fn loss(&self) -> &dyn Equation {
        &*self.loss
    }

    /// The value of every parameter of the equation, in the order of its declaration.
    pub fn params(&self) -> &[f64] {
        &self.params
    }

    /// The class-balancing weight of the positive class, if there is one.
    pub fn alpha(&self) -> Option<f64> {
        self.alpha
    }

    /// The modifiers, with the values of their parameters.
    pub fn modifiers(&self) -> impl Iterator<Item = (&ModifierInfo, &[f64])> {
        self.modifiers.iter().map(|(info, params)| (info, &params[..]))
    }
}

/// The loss and its modifiers: cut at each `+` but that of an exponent, as in `gamma=1e+0`.
fn split_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, _) in text.match_indices('+') {
        let value = text[start..i].rsplit(['=', ',']).next().unwrap_or_default();
        let mantissa = value.strip_suffix(['e', 'E']).filter(|_| text[start..i].contains('='));
        if mantissa.is_none_or(|mantissa| mantissa.trim().parse::<f64>().is_err()) {
            parts.push(text[start..i].trim());
            start = i + 1;
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// `name`, and its `(key, value)` pairs.
type NameAndArguments<'a> = (&'a str, Vec<(&'a str, &'a str)>);

/// Splits `name:key=value,key=value`.
fn name_and_arguments(part: &str) -> Result<NameAndArguments<'_>, String> {
    let (name, rest) = match part.split_once(':') {
        Some((name, rest)) => (name.trim(), Some(rest)),
        None => (part, None),
    };
    if name.is_empty() {
        return Err("a name is missing; a spec is loss[:key=value,...]{+modifier[:key=value,...]}".into());
    }
    let mut arguments = Vec::new();
    for pair in rest.into_iter().flat_map(|rest| rest.split(',')) {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("'{}' is not key=value", pair.trim()))?;
        arguments.push((key.trim(), value.trim()));
    }
    Ok((name, arguments))
}

/// The form of the modifier that has these parameters; without any, its first form.
fn find_modifier<'a>(
    all: &'a [ModifierInfo],
    name: &str,
    arguments: &[(&str, &str)],
) -> Result<&'a ModifierInfo, String> {
    let forms: Vec<&ModifierInfo> = all.iter().filter(|m| m.name == name).collect();
    let has = |form: &ModifierInfo, key: &str| form.params.iter().any(|p| p.name == key);
    let fits = |form: &&&ModifierInfo| arguments.iter().all(|&(key, _)| has(form, key));
    match forms[..] {
        [] => {
            let mut names: Vec<&str> = all.iter().map(|m| m.name).collect();
            names.dedup();
            Err(format!("there is no modifier '{name}'; there are {}", names.join(", ")))
        }
        [form] => Ok(form),
        _ => forms.iter().find(fits).copied().ok_or_else(|| {
            let forms = forms.iter().map(|form| describe(form.params, Alpha::None));
            format!("{name} has one of these forms: {}", forms.collect::<Vec<_>>().join("; "))
        }),
    }
}

/// The values of `params`, and alpha, from `key=value` pairs; what is not given takes its default.
fn read_params(
    owner: &str,
    params: &[ParamInfo],
    alpha: Alpha,
    arguments: &[(&str, &str)],
) -> Result<(Vec<f64>, Option<f64>), String> {
    let mut values: Vec<f64> = params.iter().map(|p| p.default).collect();
    let mut alpha_value = match alpha {
        Alpha::Default(value) => Some(value),
        Alpha::None | Alpha::Optional => None,
    };
    for (i, &(key, text)) in arguments.iter().enumerate() {
        if arguments[..i].iter().any(|&(earlier, _)| earlier == key) {
            return Err(format!("{owner}: '{key}' is given twice"));
        }
        let index = params.iter().position(|p| p.name == key);
        let range = match index {
            Some(index) => params[index].range,
            None if key == "alpha" && alpha != Alpha::None => ALPHA_RANGE,
            None => {
                return Err(format!("{owner} has no parameter '{key}'; it has {}", describe(params, alpha)));
            }
        };
        let value: f64 = text.parse().map_err(|_| format!("{owner}: {key}='{text}' is not a number"))?;
        if !range.contains(value) {
            return Err(format!("{owner}: {key}={text} lies outside {range}"));
        }
        // Kernels hold parameters in f32: one that overflows or vanishes there would be another one.
        let single = value as f32;
        if single.is_infinite() || (single == 0.0 && value != 0.0) {
            return Err(format!("{owner}: {key}={text} is beyond the range of f32"));
        }
        match index {
            Some(index) => values[index] = value,
            None => alpha_value = Some(value),
        }
    }
    Ok((values, alpha_value))
}

/// "gamma in [0, inf) and alpha in [0, 1]", or "none".
fn describe(params: &[ParamInfo], alpha: Alpha) -> String {
    let own = params.iter().map(|p| format!("{} in {}", p.name, p.range));
    let alpha = (alpha != Alpha::None).then(|| format!("alpha in {ALPHA_RANGE}"));
    let all: Vec<String> = own.chain(alpha).collect();
    if all.is_empty() { "none".into() } else { all.join(" and ") }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alpha = self.alpha.map(|alpha| ("alpha", alpha));
        write_part(f, self.loss.name(), pairs(self.loss.params(), &self.params).chain(alpha))?;
        for (info, params) in &self.modifiers {
            f.write_str("+")?;
            write_part(f, info.name, pairs(info.params, params))?;
        }
        Ok(())
    }
}

fn pairs<'a>(infos: &'a [ParamInfo], values: &'a [f64]) -> impl Iterator<Item = (&'a str, f64)> {
    infos.iter().zip(values).map(|(info, &value)| (info.name, value))
}

fn write_part<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    params: impl Iterator<Item = (&'a str, f64)>,
) -> fmt::Result {
    f.write_str(name)?;
    for (i, (key, value)) in params.enumerate() {
        write!(f, "{}{key}={value}", if i == 0 { ':' } else { ',' })?;
    }
    Ok(())
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
