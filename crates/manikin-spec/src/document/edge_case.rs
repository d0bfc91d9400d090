//! Edge cases: outliers along a patient's own course, and defects that break a named rule.

use super::{Named, OneOrMany, Parameter, Weight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows to change, and how. Every change is listed in the truth table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeCase {
    /// What the case is.
    #[serde(default)]
    pub means: Option<String>,
    /// Entity whose rows are changed.
    pub entity: String,
    /// Exactly this many rows of the whole dataset.
    #[serde(default)]
    pub count: Option<u64>,
    /// Each row with this probability.
    #[serde(default)]
    pub rate: Option<Weight>,
    /// Only rows where this holds.
    #[serde(rename = "where", default)]
    pub condition: Option<String>,
    /// New values, set before the fields that depend on them: dependents follow and no rule breaks.
    #[serde(default)]
    pub set: Option<Named<Parameter>>,
    /// Fields that lose their value, after everything else.
    #[serde(default)]
    pub clear: Option<OneOrMany>,
    /// Wrong values, written after everything else: dependents do not follow.
    #[serde(default)]
    pub corrupt: Option<Named<Parameter>>,
    /// Writes the row twice.
    #[serde(default)]
    pub duplicate: Option<bool>,
    /// Rules that the case breaks, as `entity.rule` or `entity.field.required` (also `unique`, `code`, `range`).
    #[serde(default)]
    pub breaks: Option<OneOrMany>,
    /// Layers above may not change what is locked.
    #[serde(default)]
    pub locked: Option<super::Locked>,
}
