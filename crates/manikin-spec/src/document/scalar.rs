//! The small values that YAML writes: scalars, numbers that may be expressions, percentages, data types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plain value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// true or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Text; a date is text of the form `YYYY-MM-DD`.
    Text(String),
}

impl Scalar {
    /// The value as text, as a choice key or an allowed code is compared.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}

/// A number, a percentage such as `2%`, or an expression over the row's fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Parameter {
    /// A number.
    Number(f64),
    /// A percentage or an expression.
    Text(String),
}

/// A weight: a number, or a percentage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Weight {
    /// A relative weight.
    Number(f64),
    /// A percentage such as `85%`; then all weights are, and they sum to 100 %.
    Percent(String),
}

/// Reads `85%` or `0.5 %` as a fraction.
#[must_use]
pub fn percentage(text: &str) -> Option<f64> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain {
        return None;
    }
    number.parse::<f64>().ok().map(|value| value / 100.0)
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A floating-point number.
    Number,
    /// A decimal with the scale that `decimals` gives (2 unless given).
    Decimal,
    /// true or false.
    Boolean,
    /// A calendar day.
    Date,
    /// A local date and time.
    Datetime,
    /// A list of text values.
    List,
}

/// One value or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One name.
    One(String),
    /// Several names.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The names.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names.iter().map(String::as_str).collect(),
        }
    }
}
