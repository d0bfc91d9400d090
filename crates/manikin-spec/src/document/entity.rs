//! Entities: the governed objects, their rows, fields and rules.

use super::{Count, EntityLearn, Field, Locked, Named, OneOrMany};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys that say how many rows an entity has; a layer that gives one replaces the other.
pub const ROW_KEYS: &[&str] = &["count", "each"];

/// One kind of row: a patient, an encounter, a claim line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Entity {
    /// What one row is, so that two people count the same things.
    pub means: Option<String>,
    /// Title for people; the name unless given.
    pub title: Option<String>,
    /// Who answers for it, and which fields they watch.
    pub steward: Option<Steward>,
    /// Classification, such as `clinical` or `financial`.
    pub classification: Option<String>,
    /// The unit of generation, such as the patient: exactly one entity of a spec.
    pub subject: Option<bool>,
    /// The parent entity: these rows belong to one row of it.
    pub per: Option<String>,
    /// The field or fields that identify a row.
    pub key: Option<OneOrMany>,
    /// Computed but not written: latent states, wide rows that are unpivoted.
    pub hidden: Option<bool>,
    /// Rows per parent, or in all.
    pub count: Option<RowCount>,
    /// One row per row of a table.
    pub each: Option<Each>,
    /// Rows where this is not true are discarded before anything else sees them.
    pub keep: Option<String>,
    /// Field that orders the rows within their parent.
    pub sort: Option<String>,
    /// Correlations between fields of one row.
    pub correlate: Vec<Correlate>,
    /// Contract: how many rows a parent may have.
    pub cardinality: Option<Cardinality>,
    /// The fields, in the order in which they are written.
    pub fields: Named<Field>,
    /// What holds for every row; a rule fails only when false, an unknown (NULL) passes.
    pub rules: Named<Rule>,
    /// How the rows are learned from real records.
    pub learn: Option<EntityLearn>,
    /// Layers above may not change what is locked.
    pub locked: Option<Locked>,
}

/// Who answers for an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steward {
    /// Role, such as `clinical data steward`.
    pub role: Option<String>,
    /// Where to reach them.
    pub contact: Option<String>,
    /// The three or four fields they watch.
    pub watch: Vec<String>,
}

/// Rows per parent: a number, an expression, or a distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RowCount {
    /// This many.
    Fixed(u64),
    /// As many as the expression says.
    Expression(String),
    /// As many as the distribution gives, or a total spread over the parents.
    Drawn(Box<Count>),
}

/// One row per row of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The table.
    pub table: String,
    /// Only table rows whose column equals the expression (over the parent's fields); an empty cell matches anything.
    #[serde(rename = "match", default)]
    pub matching: Named<String>,
    /// Only where this holds, over the parent's fields and `item.column`.
    #[serde(default)]
    pub when: Option<String>,
}

/// Correlations between the latent normals of fields of one row (a Gaussian copula).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correlate {
    /// The fields, each drawn from a distribution, quantiles or a choice.
    pub fields: Vec<String>,
    /// Correlation of pairs, written `a ~ b`, from -1 to 1; pairs not given are 0.
    #[serde(default)]
    pub pairs: Named<f64>,
    /// Pairs from a table.
    #[serde(default)]
    pub from: Option<CorrelationTable>,
    /// Where the figures come from.
    #[serde(default)]
    pub source: Option<String>,
}

/// Columns of a table of correlations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrelationTable {
    /// The table.
    pub table: String,
    /// Column of the one field's name.
    pub a: String,
    /// Column of the other field's name.
    pub b: String,
    /// Column of the correlation.
    pub r: String,
}

/// How many rows a parent may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cardinality {
    /// At least.
    pub min: Option<u64>,
    /// At most.
    pub max: Option<u64>,
}

/// What holds for every row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Rule {
    /// The expression.
    Short(String),
    /// The expression with its meaning.
    Long(LongRule),
}

/// A rule with its meaning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongRule {
    /// The expression that holds.
    pub holds: String,
    /// Why it must hold, in words.
    #[serde(default)]
    pub means: Option<String>,
    /// Where the rule comes from.
    #[serde(default)]
    pub source: Option<String>,
    /// Whether breaking it fails a validation.
    #[serde(default)]
    pub severity: Severity,
    /// Layers above may not change what is locked.
    #[serde(default)]
    pub locked: Option<Locked>,
}

/// Whether breaking a rule fails a validation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It fails.
    #[default]
    Error,
    /// It is reported and passes.
    Warning,
}

impl Rule {
    /// The expression.
    #[must_use]
    pub fn holds(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(rule) => &rule.holds,
        }
    }
}

/// A total spread over the parents: how unevenly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Spread {
    /// As evenly as whole rows allow.
    Even {},
    /// Each row to a parent at random.
    Multinomial {},
    /// Parents differ by a gamma-distributed rate.
    Gamma {
        /// Shape: small is uneven (1 gives an exponential), large is even.
        shape: f64,
    },
}
