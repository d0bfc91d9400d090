//! An import mapping as YAML writes it.
//!
//! As for specs, these types are the single definition of the keys: the shape check, the decoder and the JSON Schema for
//! editors come from them.

use manikin_spec::document::{Named, TableSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How datasets of one form become the entities of a spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The form that is read.
    pub import: Form,
    /// What it reads, in a line.
    pub title: String,
    /// What a reader should know.
    #[serde(default)]
    pub means: Option<String>,
    /// Where the form is described.
    #[serde(default)]
    pub source: Option<String>,
    /// The spec whose entities are made unless another is given.
    #[serde(default)]
    pub spec: Option<String>,
    /// What says the version of the data, and which versions are read.
    #[serde(default)]
    pub version: Option<VersionCheck>,
    /// Lookup tables, as in a spec; expressions see them with those of the spec.
    #[serde(default)]
    pub tables: Named<TableSource>,
    /// Flat tables made of the foreign files.
    pub sources: Named<Source>,
    /// What is made of their rows: an entity, or an entity with a suffix (`lab_result.2`) where several sources fill it.
    pub entities: Named<Target>,
}

/// The form of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Form {
    /// FHIR R4 resources, a JSON object a line.
    #[default]
    #[serde(rename = "fhir-r4")]
    FhirR4,
    /// The tables of an OMOP CDM 5.4, as CSV or Parquet.
    #[serde(rename = "omop-5.4")]
    Omop54,
    /// A MEDS dataset.
    #[serde(rename = "meds-0.4")]
    Meds04,
    /// Tables of any other kind, as CSV or Parquet.
    #[serde(rename = "csv")]
    Csv,
}

/// The versions of a dataset that are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionCheck {
    /// The source whose first row says it.
    pub of: String,
    /// The column that says it.
    pub column: String,
    /// The values that are read.
    pub accept: Vec<String>,
}

/// A flat table made of foreign files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What is read: a resource type, or the name of a table without its extension, in any case.
    pub read: String,
    /// FHIR: a row for each item of this path, whose own paths begin with `item.`.
    #[serde(default)]
    pub each: Option<String>,
    /// FHIR: the columns and the paths of their values; paths joined by ` & ` make one key of several values. Tables have
    /// the columns that they have, in lower case.
    #[serde(default)]
    pub columns: Named<String>,
    /// Types of columns that are not text. A column of a table that is named here may be absent, and is null then.
    #[serde(default)]
    pub types: Named<ColumnType>,
    /// Columns whose values identify a row; each alone. The first may not repeat.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Whether rows may share a key; a link then leads to the first of them.
    #[serde(default)]
    pub repeats: bool,
    /// Only rows where this holds, a condition over the source's own columns.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// Ways to rows of other sources: the name of the source, and the column that holds one of its keys.
    #[serde(default)]
    pub links: Named<String>,
    /// Whether the dataset is refused without it.
    #[serde(default)]
    pub required: bool,
}

/// The type of a source's column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day; of a moment, its day.
    Date,
    /// A moment, as its wall clock showed it.
    Datetime,
}

/// What is made of a source's rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The source.
    pub from: String,
    /// Only of rows where this holds.
    #[serde(default, rename = "where")]
    pub condition: Option<String>,
    /// The fields of the entity, each an expression over the source's row.
    pub fields: Named<String>,
}
