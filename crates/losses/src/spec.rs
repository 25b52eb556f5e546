//! Spec strings: how users name a loss, and how reports print it.
//!
//! ```text
//! SPEC = loss[:key=value,...] { + modifier[:key=value,...] }
//! ```

use crate::equation::Equation;
use crate::info::{Alpha, ParamInfo};
use crate::modifiers::{self, ModifierInfo, ProbabilityEffect};
use crate::probabilities::Probabilities;
use crate::registry::{ALPHA_RANGE, ALPHA_TUNED, Registry};
use losslab_base::{Domain, unknown};
use std::fmt;
use std::sync::Arc;

/// A loss with its parameters and modifiers, as a spec string says it.
///
/// [`Display`](fmt::Display) prints the canonical spec: every parameter is written out, so that two specs
/// mean the same exactly if they print the same.
#[derive(Clone)]
pub struct Spec {
    pub(crate) loss: Arc<dyn Equation>,
    pub(crate) params: Vec<f64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) modifiers: Vec<(ModifierInfo, Vec<f64>)>,
}

/// Where a spec leaves a parameter open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// 0 is the loss, i the i-th modifier from 1.
    pub part: usize,
    /// Its place in the declaration; none is alpha.
    pub index: Option<usize>,
    /// The key in specs.
    pub name: &'static str,
    /// The values that tuning tries.
    pub tuned: Domain,
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
    /// An unknown loss, modifier or parameter (the message lists those that exist), a value that is not a
    /// number or lies outside its range, a key or modifier given twice, modifiers that contradict each other
    /// or do not suit the loss.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, SpecError> {
        let (spec, open) = Self::read(text, registry)?;
        match open.first() {
            None => Ok(spec),
            Some(place) => {
                let name = place.name;
                let problem =
                    format!("{name}=? leaves {name} open, which only tuning closes; expected a number");
                Err(SpecError { spec: text.into(), problem })
            }
        }
    }

    /// Reads a spec that may leave parameters open, `gamma=?`: they have their defaults, and their places are
    /// returned.
    pub(crate) fn read(text: &str, registry: &Registry) -> Result<(Self, Vec<Place>), SpecError> {
        Self::read_parts(text.trim(), registry).map_err(|problem| SpecError { spec: text.into(), problem })
    }

    fn read_parts(text: &str, registry: &Registry) -> Result<(Self, Vec<Place>), String> {
        let mut parts = split_parts(text).into_iter();
        let (name, arguments) = name_and_arguments(parts.next().unwrap_or_default())?;
        let names = || registry.losses().map(|loss| loss.name());
        let loss = registry.find(name).ok_or_else(|| unknown("loss", name, names()))?;
        let (params, alpha, mut open) = read_params(name, loss.params(), loss.alpha(), &arguments)?;

        let mut modifiers: Vec<(ModifierInfo, Vec<f64>)> = Vec::new();
        for part in parts {
            let (name, arguments) = name_and_arguments(part)?;
            let info = find_modifier(registry.modifiers(), name, &arguments)?;
            let earlier: Vec<ModifierInfo> = modifiers.iter().map(|(m, _)| *m).collect();
            if let Some(problem) = modifiers::conflict(registry, &**loss, &earlier, info) {
                return Err(problem);
            }
            let (params, _, places) = read_params(name, info.params, Alpha::None, &arguments)?;
            modifiers.push((*info, params));
            open.extend(places.into_iter().map(|place| Place { part: modifiers.len(), ..place }));
        }
        Ok((Self { loss: loss.clone(), params, alpha, modifiers }, open))
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

    /// What reported probabilities are worth, apart from alpha and modifiers.
    pub fn probabilities(&self) -> Probabilities {
        self.loss.probabilities(&self.params)
    }

    /// Whether reported probabilities are the true ones of so many classes where the expected loss is least,
    /// alpha and modifiers counted.
    pub fn is_proper(&self, classes: usize) -> bool {
        let unchanged = |(info, _): &(ModifierInfo, _)| info.probabilities == ProbabilityEffect::Unchanged;
        self.probabilities().are_true(classes)
            && !self.weighs_by_alpha()
            && self.modifiers.iter().all(unchanged)
    }

    /// Whether 0.5 of the reported probability may not be 0.5 of the true one where the expected loss is
    /// least: what treats the classes differently moves it, and so may a modifier of which too little is
    /// known.
    pub fn moves_threshold(&self) -> bool {
        let changes = |(info, _): &(ModifierInfo, _)| info.probabilities != ProbabilityEffect::Unchanged;
        let loss = self.loss.moves_threshold() && !self.probabilities().are_true(2);
        loss || self.weighs_by_alpha() || self.modifiers.iter().any(changes)
    }

    fn weighs_by_alpha(&self) -> bool {
        self.alpha.is_some_and(|alpha| alpha != 0.5)
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
            let is_first = |i: usize| all[..i].iter().all(|other| other.name != all[i].name);
            let names = (0..all.len()).filter(|&i| is_first(i)).map(|i| all[i].name);
            Err(unknown("modifier", name, names))
        }
        [form] => Ok(form),
        _ => forms.iter().find(fits).copied().ok_or_else(|| {
            let forms = forms.iter().map(|form| describe(form.params, Alpha::None));
            format!("{name} has one of these forms: {}", forms.collect::<Vec<_>>().join("; "))
        }),
    }
}

/// The values of `params`, alpha, and what `key=?` leaves open.
type Values = (Vec<f64>, Option<f64>, Vec<Place>);

/// Reads `key=value` pairs; what is not given or open takes its default.
fn read_params(
    owner: &str,
    params: &[ParamInfo],
    alpha: Alpha,
    arguments: &[(&str, &str)],
) -> Result<Values, String> {
    let mut open = Vec::new();
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
        let (name, range, tuned) = match index {
            Some(index) => (params[index].name, params[index].range, params[index].tuned),
            None if key == "alpha" && alpha != Alpha::None => ("alpha", ALPHA_RANGE, Some(ALPHA_TUNED)),
            None => {
                return Err(format!("{owner} has no parameter '{key}'; it has {}", describe(params, alpha)));
            }
        };
        if text == "?" {
            let cannot = || format!("{owner}: {key} cannot be tuned; expected a number");
            let tuned = tuned.ok_or_else(cannot)?;
            open.push(Place { part: 0, index, name, tuned });
            continue;
        }
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
    Ok((values, alpha_value, open))
}

/// "gamma in [0, inf) and alpha in [0, 1]", or "none".
fn describe(params: &[ParamInfo], alpha: Alpha) -> String {
    let own = params.iter().map(|p| format!("{} in {}", p.name, p.range));
    let alpha = (alpha != Alpha::None).then(|| format!("alpha in {ALPHA_RANGE}"));
    let all: Vec<String> = own.chain(alpha).collect();
    if all.is_empty() { "none".into() } else { all.join(" and ") }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &[])
    }
}

impl Spec {
    /// Writes the canonical spec, with a question mark in these places.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, open: &[Place]) -> fmt::Result {
        let opened = |part: usize| open.iter().filter(move |place| place.part == part);
        let alpha = self.alpha.map(|alpha| alpha.to_string());
        let alpha = if opened(0).any(|place| place.index.is_none()) { Some("?".into()) } else { alpha };
        write_part(f, self.loss.name(), pairs(self.loss.params(), &self.params, opened(0)), alpha)?;
        for (part, (info, params)) in self.modifiers.iter().enumerate() {
            f.write_str("+")?;
            write_part(f, info.name, pairs(info.params, params, opened(part + 1)), None)?;
        }
        Ok(())
    }
}

/// `key=value` of every parameter.
fn pairs<'a>(
    infos: &[ParamInfo],
    values: &[f64],
    open: impl Iterator<Item = &'a Place> + Clone,
) -> Vec<String> {
    let is_open = |index: usize| open.clone().any(|place| place.index == Some(index));
    let pair = |(i, (info, value)): (usize, (&ParamInfo, &f64))| match is_open(i) {
        true => format!("{}=?", info.name),
        false => format!("{}={value}", info.name),
    };
    infos.iter().zip(values).enumerate().map(pair).collect()
}

fn write_part(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    mut pairs: Vec<String>,
    alpha: Option<String>,
) -> fmt::Result {
    pairs.extend(alpha.map(|alpha| format!("alpha={alpha}")));
    f.write_str(name)?;
    if pairs.is_empty() { Ok(()) } else { write!(f, ":{}", pairs.join(",")) }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
