//! Datasets checked against their contract: the spec that describes them.
//!
//! [`validate`] reads a folder of files as the tables of a spec and checks types, keys, references, required and
//! unique values, ranges, codes, completeness, freshness, cardinality and every business rule. Rules run in the same
//! evaluator as generation, so the same rows are found.

pub mod assessment;
mod expected;
mod fields;
pub mod plots;
mod rules;
mod sides;
mod structure;
mod text;
mod validate;
mod validation;

pub use assessment::Assessment;
pub use sides::{Side, Sides};
pub use validate::{ValidateOptions, validate};
pub use validation::{Check, Evidence, Example, Kind, Status, Validation};
