//! The spec document as YAML writes it: plain serde values, no positions.
//!
//! These types are the language's single definition. The JSON Schema that editors use, the shape check that reports
//! every mistake with its place, and the decoder all come from them, so a key exists here or nowhere. What a
//! document *means* (names resolved, expressions typed) is [`crate::resolve`].

mod edge_case;
mod entity;
mod field;
mod learn;
mod pattern;
mod scalar;
mod table;

pub use edge_case::*;
pub use entity::*;
pub use field::*;
pub use learn::*;
pub use pattern::*;
pub use scalar::*;
pub use table::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names keep the order in which the document gives them.
pub type Named<T> = indexmap::IndexMap<String, T>;

/// A Manikin spec: what a health dataset is, how to generate it, and what any dataset is checked against.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Version of the spec language: 1.
    #[schemars(range(min = 1, max = 1))]
    pub manikin: Option<u32>,
    /// Short name of the data product, in lower case with hyphens.
    pub product: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Version of this product's spec, such as 1.0.0.
    pub version: Option<String>,
    /// What the data is for, in a sentence or two.
    pub purpose: Option<String>,
    /// Business domain that the product belongs to.
    pub domain: Option<String>,
    /// Who answers for the product.
    pub owner: Option<Contact>,
    /// What consumers can count on.
    pub sla: Option<ServiceLevel>,
    /// Fields that consumers depend on most, as `entity.field`.
    pub critical_fields: Vec<String>,
    /// Teams or systems that use the product.
    pub consumers: Vec<String>,
    /// Products and sources that this one depends on.
    pub depends_on: Vec<String>,
    /// Who may read the product.
    pub access: Option<Access>,
    /// How long releases are kept, such as `7 years`.
    pub retention: Option<String>,
    /// Classification of the whole product, such as `synthetic`.
    pub classification: Option<String>,
    /// Licence of the data.
    pub licence: Option<String>,
    /// First and last day that the data covers.
    pub period: Option<Period>,
    /// The day the data is seen from; the last day of the period unless given. There is no `now()`.
    pub as_of: Option<String>,
    /// Seed of generation: the same spec and seed give the same data.
    pub seed: Option<u64>,
    /// Layers that this spec builds on, lowest first: names in the library or paths relative to this file.
    #[serde(rename = "use")]
    pub layers: Vec<String>,
    /// Constants that expressions may name.
    pub settings: Named<Scalar>,
    /// Code sets and parameter tables.
    pub tables: Named<TableSource>,
    /// Expressions with parameters, expanded where they are used.
    pub functions: Named<Function>,
    /// Relative rates over the week and the year.
    pub patterns: Named<Pattern>,
    /// The governed objects.
    pub entities: Named<Entity>,
    /// Defects and outliers to inject, each listed in the truth table.
    pub edge_cases: Named<EdgeCase>,
    /// What is public about the real records that the spec is fitted to.
    pub privacy: Option<PrivacySettings>,
    /// The learned model that the values of learned fields come from; written by `fit`.
    pub model: Option<ModelReference>,
    /// Layers above may not change what is locked: everything here, or the keys listed.
    pub locked: Option<Locked>,
}

/// Role and address of the people who answer for something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// Role, such as `clinical data steward`.
    pub role: Option<String>,
    /// Name of the person or team.
    pub name: Option<String>,
    /// Where to reach them.
    pub contact: Option<String>,
}

/// What consumers can count on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceLevel {
    /// A release is never older than this many days.
    pub freshness_days: Option<u32>,
    /// Availability in words, such as `99.5 % in office hours`.
    pub availability: Option<String>,
    /// How fast questions are answered.
    pub support: Option<String>,
}

/// Who may read the product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Roles with read access.
    pub roles: Vec<String>,
}

/// First and last day of a period, both included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    pub to: String,
    /// Where the two come from as far as privacy goes: `fit` refuses `data`.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// An expression with parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Parameter names, in order.
    #[serde(default)]
    pub of: Vec<String>,
    /// The expression over the parameters.
    pub is: String,
    /// What it computes.
    #[serde(default)]
    pub means: Option<String>,
    /// Where the formula comes from.
    #[serde(default)]
    pub source: Option<String>,
}

/// What a layer protects from the layers above it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Locked {
    /// Everything in the map that says it.
    All(bool),
    /// These keys of the map.
    Keys(Vec<String>),
}
