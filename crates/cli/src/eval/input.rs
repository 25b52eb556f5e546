//! What `losslab eval` reads: JSON into numbers of known shapes, or one clear message.

use anyhow::{anyhow, bail, ensure};
use losslab_losses::Head;
use serde::Deserialize;
use serde_json::Value;

/// A batch whose parts have the same length.
#[derive(Debug)]
pub(super) struct Input {
    /// Row by row.
    pub logits: Vec<f64>,
    /// Logits per row, where the logits were given as rows.
    pub columns: Option<usize>,
    pub truth: Truth,
    pub class_counts: Option<Vec<u64>>,
    pub weights: Option<Vec<f64>>,
    /// 1 or 0.
    pub valid: Option<Vec<f64>>,
}

/// The targets.
#[derive(Debug)]
pub(super) enum Truth {
    /// Sigmoid: a number per logit.
    Numbers(Vec<f64>),
    /// Softmax: a class per row.
    Classes { targets: Vec<u32>, classes: usize },
}

/// The JSON object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    logits: Value,
    targets: Value,
    class_counts: Option<Value>,
    weights: Option<Value>,
    valid: Option<Value>,
}

impl Input {
    /// Reads a batch for this head.
    pub fn read(text: &[u8], head: Head) -> anyhow::Result<Self> {
        // Not left to serde, which also takes a list for an object.
        let found = match text.trim_ascii_start().first() {
            Some(b'{') => None,
            Some(_) => Some("something else"),
            None => Some("nothing"),
        };
        if let Some(found) = found {
            bail!("found {found}, expected a JSON object like {{\"logits\": [0.5], \"targets\": [1]}}");
        }
        let document: Document = serde_json::from_slice(text).map_err(|error| syntax(&error, text))?;
        let logits = Array::read("logits", &document.logits, number)?;
        ensure!(!logits.values.is_empty(), "logits: found an empty list, expected at least one number");
        let shape = match (head, logits.columns) {
            (Head::Sigmoid, _) => Shape { rows: logits.rows(), columns: logits.columns },
            (Head::Softmax, Some(_)) => Shape { rows: logits.rows(), columns: None },
            (Head::Softmax, None) => {
                bail!("logits: found {}, expected rows with a logit per class (softmax)", logits.describe())
            }
        };
        let optional = |name, value: Option<&Value>, read: Reader| {
            value.map(|value| shape.check(name, Array::read(name, value, read)?)).transpose()
        };
        let weights = optional("weights", document.weights.as_ref(), number)?;
        let valid = optional("valid", document.valid.as_ref(), mark)?;
        let targets = shape.check("targets", Array::read("targets", &document.targets, number)?)?;
        let counts = document.class_counts.as_ref();
        let (truth, classes) = match (head, logits.columns) {
            (Head::Softmax, Some(classes)) => {
                let targets = class_indices(&targets, valid.as_deref())?;
                (Truth::Classes { targets, classes }, classes)
            }
            _ => (Truth::Numbers(targets), 2),
        };
        let class_counts = counts.map(|value| class_counts(value, classes, head)).transpose()?;
        Ok(Self { logits: logits.values, columns: logits.columns, truth, class_counts, weights, valid })
    }

    /// Rounds all numbers.
    pub fn round(&mut self, round: impl Fn(f64) -> f64) {
        let targets = match &mut self.truth {
            Truth::Numbers(targets) => Some(targets),
            Truth::Classes { .. } => None,
        };
        for numbers in [Some(&mut self.logits), targets, self.weights.as_mut()].into_iter().flatten() {
            numbers.iter_mut().for_each(|x| *x = round(*x));
        }
    }
}

/// What is wrong with the text as JSON, or as an object with our keys.
fn syntax(error: &serde_json::Error, text: &[u8]) -> anyhow::Error {
    // What other programs write as numbers.
    let foreign =
        ["NaN", "Infinity"].into_iter().find(|word| text.windows(word.len()).any(|w| w == word.as_bytes()));
    match foreign {
        Some(_) if error.is_syntax() => {
            anyhow!("{error}; non-finite numbers are the strings \"NaN\", \"inf\" and \"-inf\"")
        }
        _ => anyhow!("{error}"),
    }
}

/// Reads one entry of a list, or says what was expected.
type Reader = fn(&Value) -> Result<f64, &'static str>;

fn number(value: &Value) -> Result<f64, &'static str> {
    let special = match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        _ => None,
    };
    value.as_f64().or(special).ok_or("a number, \"NaN\", \"inf\" or \"-inf\"")
}

fn mark(value: &Value) -> Result<f64, &'static str> {
    match (value.as_bool(), value.as_f64()) {
        (Some(valid), _) => Ok(f64::from(u8::from(valid))),
        (None, Some(x)) if x == 0.0 || x == 1.0 => Ok(x),
        _ => Err("true, false, 1 or 0"),
    }
}

/// Class indices; a row that is not valid may have any.
fn class_indices(targets: &[f64], valid: Option<&[f64]>) -> anyhow::Result<Vec<u32>> {
    let index = |(i, &x): (usize, &f64)| {
        if valid.and_then(|valid| valid.get(i)) == Some(&0.0) {
            return Ok(0);
        }
        let is_index = x.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&x);
        ensure!(is_index, "targets[{i}]: found {x}, expected a class: 0, 1, 2, ..");
        Ok(x as u32)
    };
    targets.iter().enumerate().map(index).collect()
}

fn class_counts(value: &Value, classes: usize, head: Head) -> anyhow::Result<Vec<u64>> {
    let array = Array::read("class_counts", value, |value| value.as_f64().ok_or("a whole number"))?;
    let what = match head {
        Head::Sigmoid => "negatives and positives",
        Head::Softmax => "one per class",
    };
    if array.columns.is_some() || array.values.len() != classes {
        bail!("class_counts: found {}, expected a list of {classes} ({what})", array.describe());
    }
    let count = |(i, &x): (usize, &f64)| {
        // Above 2^53 not every whole number is a double.
        let is_count = x.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&x);
        ensure!(is_count, "class_counts[{i}]: found {x}, expected a whole number from 0 on");
        Ok(x as u64)
    };
    array.values.iter().enumerate().map(count).collect()
}

/// A list of numbers, or rows of equal length.
struct Array {
    values: Vec<f64>,
    columns: Option<usize>,
}

impl Array {
    fn read(name: &str, value: &Value, read: Reader) -> anyhow::Result<Self> {
        let Value::Array(items) = value else {
            bail!("{name}: found {}, expected a list", describe(value));
        };
        if !matches!(items.first(), Some(Value::Array(_))) {
            return Ok(Self { values: entries(name, items, read)?, columns: None });
        }
        let (mut values, mut columns) = (Vec::new(), None);
        for (i, item) in items.iter().enumerate() {
            let Value::Array(row) = item else {
                bail!("{name}[{i}]: found {}, expected a row as before", describe(item));
            };
            let expected = *columns.get_or_insert(row.len());
            ensure!(expected > 0, "{name}[{i}]: found an empty row, expected at least one number");
            if row.len() != expected {
                bail!("{name}[{i}]: found a row of {}, expected {expected} as in {name}[0]", row.len());
            }
            values.extend(entries(&format!("{name}[{i}]"), row, read)?);
        }
        Ok(Self { values, columns })
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns.unwrap_or(1)
    }

    fn describe(&self) -> String {
        Shape { rows: self.rows(), columns: self.columns }.describe()
    }
}

fn entries(name: &str, items: &[Value], read: Reader) -> anyhow::Result<Vec<f64>> {
    let entry = |(i, item)| {
        read(item).map_err(|expected| anyhow!("{name}[{i}]: found {}, expected {expected}", describe(item)))
    };
    items.iter().enumerate().map(entry).collect()
}

/// The shape that targets, weights and marks must have.
struct Shape {
    rows: usize,
    columns: Option<usize>,
}

impl Shape {
    fn check(&self, name: &str, array: Array) -> anyhow::Result<Vec<f64>> {
        if (array.rows(), array.columns) != (self.rows, self.columns) {
            bail!("{name}: found {}, expected {} to go with the logits", array.describe(), self.describe());
        }
        Ok(array.values)
    }

    fn describe(&self) -> String {
        match self.columns {
            None => format!("a list of {}", self.rows),
            Some(columns) => format!("{} rows of {columns}", self.rows),
        }
    }
}

/// A value in a message, not longer than a few words.
fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.chars().count() > 20 => "a text".into(),
        other => other.to_string(),
    }
}
