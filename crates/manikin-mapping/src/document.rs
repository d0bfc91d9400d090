//! A mapping as YAML writes it.
//!
//! As for specs, these types are the single definition of the keys: the shape check, the decoder and the JSON Schema for
//! editors come from them. Trees and cells are free-form here; [`crate::body`] and [`crate::columns`] check them.

use manikin_spec::document::{Named, Scalar, TableSource, Weight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Any;

/// `mapping.yaml`: what the mapping is, and what its other files share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The standard.
    pub mapping: StandardName,
    /// The mapping's own version.
    pub version: String,
    /// What it makes, in a line.
    pub title: String,
    /// What a reader should know.
    #[serde(default)]
    pub means: Option<String>,
    /// Where its codes and shapes come from.
    #[serde(default)]
    pub source: Option<String>,
    /// The CSV file that says what the standard allows; not for MEDS.
    #[serde(default)]
    pub definition: Option<String>,
    /// Lookup tables, as in a spec; expressions see them with those of the spec.
    #[serde(default)]
    pub tables: Named<TableSource>,
    /// Constants that expressions may name.
    #[serde(default)]
    pub settings: Named<Scalar>,
    /// Trees that projections put in place with `$use` (FHIR).
    #[serde(default)]
    pub fragments: Named<Any>,
    /// Elements of `meta` of every resource (FHIR).
    #[serde(default)]
    pub meta: Option<Any>,
    /// Shares of subjects by split (MEDS).
    #[serde(default)]
    pub splits: Named<Weight>,
    /// Columns beside those of the standard, with their types (MEDS).
    #[serde(default)]
    pub extra_columns: Named<ExtraType>,
    /// What is made of the rows, by name.
    #[serde(default)]
    pub projections: Named<ProjectionSource>,
}

/// Any other file of the folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// What a reader should know.
    pub means: Option<String>,
    /// Where its codes and shapes come from.
    pub source: Option<String>,
    /// Lookup tables, as in a spec.
    pub tables: Named<TableSource>,
    /// Trees that projections put in place with `$use` (FHIR).
    pub fragments: Named<Any>,
    /// What is made of the rows, by name.
    pub projections: Named<ProjectionSource>,
}

/// The standard that a mapping is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StandardName {
    /// FHIR R4.
    #[default]
    #[serde(rename = "fhir-r4")]
    FhirR4,
    /// OMOP CDM 5.4.
    #[serde(rename = "omop-5.4")]
    Omop54,
    /// MEDS 0.4.
    #[serde(rename = "meds-0.4")]
    Meds04,
}

/// The type of an extra column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExtraType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A floating-point number.
    Number,
    /// true or false.
    Boolean,
}

/// What is made of the rows of one entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectionSource {
    /// The resource type, the table, or `event` or `subject`.
    pub to: String,
    /// The entity whose rows it is made of, with `?` before it where a spec may lack it; `$run` for one row, or `$table NAME` for a lookup table as it is (OMOP).
    #[serde(default)]
    pub from: Option<String>,
    /// Only rows where this SQL condition is true.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// Leave the projection out where the spec lacks a name that it needs.
    #[serde(default)]
    pub optional: bool,
    /// What a reader should know.
    #[serde(default)]
    pub means: Option<String>,
    /// Where its codes and shapes come from.
    #[serde(default)]
    pub source: Option<String>,
    /// The profiles that the resource claims (FHIR).
    #[serde(default)]
    pub profiles: Vec<String>,
    /// The text that ids are made of: the entity's key unless given.
    #[serde(default)]
    pub id: Option<Any>,
    /// The resource (FHIR).
    #[serde(default)]
    pub body: Option<Any>,
    /// The columns (OMOP and MEDS).
    #[serde(default)]
    pub columns: Option<Named<Any>>,
    /// Spans of another table's rows joined over short gaps (OMOP).
    #[serde(default)]
    pub era: Option<EraSource>,
    /// What the code means (MEDS).
    #[serde(default)]
    pub description: Option<Any>,
    /// The codes above the code, a text or a list of text (MEDS).
    #[serde(default)]
    pub parent_codes: Option<Any>,
}

/// A table of whole numbers that stand for others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThroughSource {
    /// The lookup table.
    pub table: String,
    /// Its column that the values stand in.
    pub from: String,
    /// Its column of what they stand for; spans whose value is not in the table are left out.
    pub to: String,
}

/// Which spans are joined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EraSource {
    /// The table that the spans are rows of.
    pub of: String,
    /// Its columns that rows of one era agree in.
    pub by: Vec<String>,
    /// Columns of `by` whose values are first looked up in a table, such as the ingredient of a drug.
    #[serde(default)]
    pub through: Named<ThroughSource>,
    /// Its column of first days.
    pub start: String,
    /// Its column of last days.
    pub end: String,
    /// Spans join where at most so many days lie between them.
    #[schemars(range(min = 0, max = 36525))]
    pub gap_days: i64,
}
