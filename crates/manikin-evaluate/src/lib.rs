//! Datasets checked against their contract: the spec that describes them.
//!
//! [`validate`] reads a folder of files as the tables of a spec and checks types, keys, references, required and
//! unique values, ranges, codes, completeness, freshness, cardinality and every business rule. Rules run in the same
//! evaluator as generation, so the same rows are found.
//!
//! A [`Dataset`] is tables in memory with the relations between their rows, found by hashing keys.

mod dataset;
mod expected;
mod fields;
mod key;
mod rules;
mod schema;
mod structure;
mod text;
mod validate;
mod validation;

pub use dataset::Dataset;
pub use schema::table_schema;
pub use text::cell_text;
pub use validate::{ValidateOptions, validate};
pub use validation::{Check, Evidence, Example, Kind, Status, Validation};
