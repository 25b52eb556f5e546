//! What a model declares of itself, and the parameters of a model's spec: `mlp:hidden=64x64`.

use std::fmt;
use std::str::FromStr;

/// What a kind of model declares of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// The name in specs: lower case, words joined by hyphens.
    pub name: &'static str,
    /// The name in sentences.
    pub title: &'static str,
    /// What it computes, in one line.
    pub description: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// Its parameters.
    pub params: &'static [ModelParam],
}

/// A parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelParam {
    /// The key in specs.
    pub name: &'static str,
    /// The value where a spec does not give it, as text.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// The values of all parameters of a model, those not given at their defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params(Vec<(ModelParam, String)>);

impl Params {
    /// The defaults.
    pub fn default_of(info: &ModelInfo) -> Self {
        Self(info.params.iter().map(|param| (*param, param.default.to_owned())).collect())
    }

    /// The parameters behind the name in a spec: those of `mlp:hidden=64x64`, the defaults in `mlp`.
    ///
    /// # Errors
    /// If one is not of the form `key=value`, unknown, or given twice.
    pub fn parse(info: &ModelInfo, spec: &str) -> Result<Self, String> {
        let mut params = Self::default_of(info);
        let Some((name, given)) = spec.split_once(':') else { return Ok(params) };
        let mut seen: Vec<&str> = Vec::new();
        for part in given.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("{spec}: found '{part}', expected parameters such as {name}:key=value"));
            };
            if seen.contains(&key) {
                return Err(format!("{spec}: {key} is given twice"));
            }
            seen.push(key);
            params.set(key, value).map_err(|problem| format!("{spec}: {problem}"))?;
        }
        Ok(params)
    }

    /// Sets a parameter.
    ///
    /// # Errors
    /// If the model has no such parameter; the message lists those that it has.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match self.0.iter_mut().find(|(param, _)| param.name == name) {
            Some((_, old)) => value.clone_into(old),
            None => return Err(losslab_base::unknown("parameter", name, self.0.iter().map(|(p, _)| p.name))),
        }
        Ok(())
    }

    /// The text of a parameter.
    ///
    /// # Panics
    /// If the model declares no such parameter.
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        match self.0.iter().find(|(param, _)| param.name == name) {
            Some((_, value)) => value,
            None => panic!("a model asks for its parameter '{name}', which it does not declare"),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// If the text is none.
    ///
    /// # Panics
    /// As [`text`](Params::text).
    #[track_caller]
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let text = self.text(name);
        text.parse().map_err(|_| format!("{name}={text}: expected a number"))
    }

    /// A list of counts above 0, written `64x64`, or `none`.
    ///
    /// # Errors
    /// If the text is no such list.
    ///
    /// # Panics
    /// As [`text`](Params::text).
    #[track_caller]
    pub fn counts(&self, name: &str) -> Result<Vec<usize>, String> {
        let text = self.text(name);
        if text == "none" {
            return Ok(Vec::new());
        }
        let count = |part: &str| part.parse().ok().filter(|&count: &usize| count > 0);
        let counts: Option<Vec<usize>> = text.split('x').map(count).collect();
        counts
            .ok_or_else(|| format!("{name}={text}: expected whole numbers from 1 on such as 64x64, or none"))
    }
}

/// The name in a spec: `mlp` of `mlp:hidden=64x64`.
pub fn spec_name(spec: &str) -> &str {
    spec.split_once(':').map_or(spec, |(name, _)| name)
}

/// The parameters that differ from their defaults, as `:hidden=32`.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self.0.iter().filter(|(param, value)| value != param.default);
        for (i, (param, value)) in changed.enumerate() {
            write!(f, "{}{}={value}", if i == 0 { ':' } else { ',' }, param.name)?;
        }
        Ok(())
    }
}
