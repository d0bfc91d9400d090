//! The folder of a learned model: written by `fit`, read by `model show` and `refit`, generated from as any spec.

mod describe;
pub(crate) mod folder;
mod refit;
mod statement;
pub(crate) mod yaml;

pub use describe::{LevelSummary, ModelSummary, PieceSummary, describe_model};
pub use folder::{MODEL_SPEC, Written};
pub use refit::{RefitRequest, refit};
pub use statement::{Cap, MeasuredDomains, PrivacyStatement};

pub(crate) use folder::write_model;
pub(crate) use statement::{NEIGHBOURS, UNIT};
