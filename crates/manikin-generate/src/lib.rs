//! From a checked spec to rows: deterministic, parallel, in bounded memory.
//!
//! A [`Plan`] holds everything that does not depend on rows: alias tables, quantile grids, schemas, the order of
//! computation. A run cuts the subjects into blocks of a fixed size and computes each block on its own, so that the
//! rows do not depend on the number of threads or partitions; what concerns all blocks at once (exact totals, quotas
//! and counts) is settled beforehand in [`Whole`](whole::Whole).
//!
//! A learned model takes part as one more generator: codes of its attributes are allocated or drawn for all rows of an
//! entity at once (the step `Learned`), and fields decode them.
//!
//! This crate cannot reach real records: it depends on neither fitting, evaluation nor privacy.

mod block;
mod edge;
mod error;
mod generate;
mod learned;
mod plan;
mod relations;
mod run;
mod strata;
mod time;
mod truth;
mod unmet;
mod values;
mod whole;

pub use error::GenerateError;
pub use plan::{Plan, PlanOptions, SUBJECTS_PER_BLOCK};
pub use run::{Partition, Progress, Run};
pub use truth::TRUTH_TABLE;
