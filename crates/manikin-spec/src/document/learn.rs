//! What `fit` learns from real records, and what about them is public: sources, domains, caps, models.

use super::{Named, Scalar, Scale};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is public about the real records that the spec is fitted to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySettings {
    /// The body of real records; the privacy unit is the subject with all rows that descend from it.
    pub source: Option<PrivateSource>,
    /// What the ledger was charged for settings that are marked `origin: measured`; written by `manikin domains`.
    pub domains: Vec<DomainsCharge>,
}

/// A charge for learning domains from the records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainsCharge {
    /// The ledger's number of the charge.
    pub entry: i64,
    /// What was charged, in ρ of zero-concentrated differential privacy.
    pub rho: f64,
    /// The part of δ that was charged, for releases that show only what is frequent.
    #[serde(default)]
    pub delta: f64,
}

/// A body of real records, by what is public about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivateSource {
    /// The id under which its custodian declared it.
    pub id: String,
    /// Its public size in subjects: a round figure that anyone may know, never the exact count.
    pub patients: u64,
    /// Where these settings come from: `fit` refuses `data`.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// Where a public setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Read off the records, and so not yet public: a person looks at it and replaces it, or `manikin domains` pays.
    Data,
    /// Learned from the records with noise, and paid for: `privacy.domains` names the ledger's entry.
    Measured,
    /// Public knowledge.
    Public,
}

/// How a field is learned: what it can hold, which is public, in one of the forms `values`, `edges`, `from` with `to`
/// and `cells`, `since` with `edges`, or `by` with `bounds` and `cells`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldLearn {
    /// These values, or those of a table's column.
    pub values: Option<LearnedValues>,
    /// Bins between these rising edges; each holds its lower edge, the last one its upper edge as well.
    pub edges: Option<Vec<Scalar>>,
    /// Lower end of bins of one width.
    pub from: Option<Scalar>,
    /// Upper end of bins of one width, included.
    pub to: Option<Scalar>,
    /// How many bins between `from` and `to`, or between the bounds.
    #[schemars(range(min = 1, max = 65535))]
    pub cells: Option<u32>,
    /// Bins of one width on the plain or on the logarithmic scale; plain unless given.
    pub scale: Option<Scale>,
    /// The offset to another time is learned: an expression such as `start` or `patient.birthdate`, or `previous` for
    /// this field of the row before.
    pub since: Option<String>,
    /// With `since: previous`: the time that the first row is measured from, an expression.
    pub first: Option<String>,
    /// Unit of the offset's edges; days unless given.
    pub unit: Option<TimeUnit>,
    /// Another learned field of the row, whose value has bounds.
    pub by: Option<String>,
    /// Smallest and largest value, by the values of the field that `by` names.
    pub bounds: Option<LearnedBounds>,
    /// Whether NULL is one more value; without, NULL becomes `other`, or the first value.
    pub nullable: Option<bool>,
    /// What values that are not listed become; without, NULL where the field is nullable, else the first value.
    pub other: Option<Scalar>,
    /// Where these settings come from: `fit` refuses `data`.
    pub origin: Option<Origin>,
}

/// The values that a field can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LearnedValues {
    /// These.
    Here(Vec<Scalar>),
    /// Those of a table's column, each once.
    Table(TableColumnName),
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableColumnName {
    /// The table.
    pub table: String,
    /// The column; the table's key unless given.
    #[serde(default)]
    pub column: Option<String>,
}

/// Bounds by the value of another field; a value without bounds leaves the field NULL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LearnedBounds {
    /// From a table.
    Table(BoundsTable),
    /// By value.
    Here(Named<[f64; 2]>),
}

/// Columns of a table of bounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundsTable {
    /// The table.
    pub table: String,
    /// Column of the value.
    pub key: String,
    /// Column of the smallest value.
    pub low: String,
    /// Column of the largest value.
    pub high: String,
}

/// Unit of a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of 24 hours.
    Days,
    /// Weeks.
    Weeks,
}

/// How an entity's rows are learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntityLearn {
    /// For child entities: public bins of their number of rows per row of this entity, as rising edges.
    pub rows: Named<Vec<u64>>,
    /// Most rows of one parent that are looked at, a random window of them.
    #[schemars(range(min = 1))]
    pub at_most: Option<u64>,
    /// The field that orders the rows within their parent; what the row before held is then known to the next.
    pub order: Option<String>,
    /// Learned fields of ancestors that the rows may depend on, as `patient.gender`, or `patient.rows.encounter` for a
    /// number of rows; all of the parent and of the subject unless given.
    pub given: Option<Vec<String>>,
    /// Groups of attributes that are always measured together.
    pub together: Vec<Vec<String>>,
    /// Share of the privacy budget relative to other entities; 1 unless given.
    pub share: Option<f64>,
    /// Where these settings come from: `fit` refuses `data`.
    pub origin: Option<Origin>,
}

/// The learned model that the values of learned fields come from; written by `fit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelReference {
    /// Parquet file of the potentials, relative to the file that names it.
    pub potentials: String,
    /// Whether noise protects the records that it was learned from.
    pub private: bool,
    /// ε of the whole model.
    #[serde(default)]
    pub epsilon: Option<f64>,
    /// δ of the whole model.
    #[serde(default)]
    pub delta: Option<f64>,
    /// ρ of the whole model, in zero-concentrated differential privacy.
    #[serde(default)]
    pub rho: Option<f64>,
    /// Estimated number of subjects, the number generated unless told otherwise.
    pub rows: u64,
}
