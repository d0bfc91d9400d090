//! What the contract demands of fields and rows.

use crate::document::Severity;
use manikin_expression::{Expression, Literal};

/// What the contract demands of a field's values.
#[derive(Clone, Debug, Default)]
pub struct FieldContract {
    /// Never NULL.
    pub required: bool,
    /// No value occurs twice.
    pub unique: bool,
    /// Smallest value allowed.
    pub min: Option<Literal>,
    /// Largest value allowed.
    pub max: Option<Literal>,
    /// The values allowed; of a list, of its items.
    pub allowed: Option<Vec<Literal>>,
    /// Table of the codes allowed; of a list, of its items.
    pub code: Option<String>,
    /// Longest text allowed, in characters.
    pub length: Option<u32>,
    /// At least this share of values is present.
    pub completeness: Option<f64>,
    /// The newest value is at most this many days before `as_of`.
    pub fresh_days: Option<u32>,
}

/// A business rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What holds for every row; fails only when false.
    pub holds: Expression,
    /// Why, in words.
    pub means: Option<String>,
    /// Whether breaking it fails a validation.
    pub severity: Severity,
}
