//! The folder of a learned model: written by `fit`, read by `model show` and `refit`, generated from as any spec.

mod describe;
mod folder;
mod refit;
mod statement;
mod yaml;

pub use describe::{LevelSummary, ModelSummary, PieceSummary, describe_model};
pub use folder::{MODEL_SPEC, Written};
pub use refit::{RefitRequest, refit};
pub use statement::{Cap, PrivacyStatement};

pub(crate) use folder::write_model;
pub(crate) use statement::{NEIGHBOURS, UNIT};
