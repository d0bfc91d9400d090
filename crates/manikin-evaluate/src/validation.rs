//! What checking a dataset gives: one [`Check`] per thing checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a dataset was found to be, measured against its contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validation {
    /// The product's name in the spec.
    pub product: String,
    /// The digest of the spec that the data was checked against.
    pub spec_digest: String,
    /// What the folder says about itself.
    pub evidence: Evidence,
    /// The checks, entity by entity in the order of the spec.
    pub checks: Vec<Check>,
}

/// Whether the rows are known to be synthetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A manifest says so, and every file is the one that it names.
    Synthetic,
    /// There is a manifest, but a file is not the one that it names.
    ManifestBroken,
    /// There is no manifest: the rows may be of real people.
    Unproven,
}

/// One thing checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The entity.
    pub entity: String,
    /// The field or rule, and what of it: `status.required`, `balances`.
    pub name: String,
    /// What kind of check it is.
    pub kind: Kind,
    /// How it came out.
    pub status: Status,
    /// The code of `manikin explain`.
    pub code: &'static str,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows, values or columns that are not as they should be.
    pub violations: u64,
    /// Those of them that the truth table of a synthetic dataset lists.
    pub expected: u64,
    /// What was demanded, or why the check was left out.
    pub detail: String,
    /// Some of the violations; empty where rows must not be shown.
    pub examples: Vec<Example>,
}

/// What kind of check it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Files and columns are there.
    Structure,
    /// Values are of their field's type.
    Type,
    /// Keys are whole and unique.
    Key,
    /// Foreign keys resolve.
    Reference,
    /// Required values are there.
    Required,
    /// Values do not repeat.
    Unique,
    /// Values are within their range.
    Range,
    /// Values are among those allowed, or codes of a table.
    Code,
    /// Texts are not too long.
    Length,
    /// Enough values are there.
    Completeness,
    /// The newest value is new enough.
    Freshness,
    /// Parents have as many rows as they may.
    Cardinality,
    /// A business rule holds.
    Rule,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing but what the truth table lists.
    Pass,
    /// Violations of something that only warns.
    Warn,
    /// Violations.
    Fail,
    /// Not checked; the detail says why.
    Skipped,
}

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The row's key, parts joined by `|`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The row in the table, counted from 1 without the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The value found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Validation {
    /// How many checks came out so.
    pub fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// Whether the data is as its contract says.
    pub fn holds(&self) -> bool {
        self.count(Status::Fail) == 0
    }
}
