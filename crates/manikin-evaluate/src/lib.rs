//! Datasets checked against their contract: the spec that describes them.
//!
//! [`validate`] reads a folder of files as the tables of a spec and checks types, keys, references, required and
//! unique values, ranges, codes, completeness, freshness, cardinality and every business rule. Rules run in the same
//! evaluator as generation, so the same rows are found.
//!
//! [`Sides::read`] reads real, holdout and synthetic data alike, and [`assess`] says how useful and how risky the
//! synthetic data are: an [`Assessment`], its figures held to the limits of a [`Profile`].

mod assess;
pub mod assessment;
mod encode;
mod expected;
mod fields;
mod histories;
mod joins;
mod judgement;
mod outcomes;
pub mod plots;
pub mod profile;
mod rules;
mod sides;
mod structure;
mod text;
mod texts;
mod validate;
mod validation;
pub mod wire;

pub use assess::{QUICK, Settings, Unwatched, Watch, assess, names};
pub use assessment::Assessment;
pub use profile::Profile;
pub use sides::{Places, Refusal, Side, Sides};
pub use validate::{ValidateOptions, validate};
pub use validation::{Check, Evidence, Example, Kind, Status, Validation};
