//! The only crate that learns from real records: private tables to levels of codes, levels to models.
//!
//! [`Extract::find`] checks what a spec asks of the records; [`Extract::read`] prepares each patient's rows;
//! [`learn_levels`] asks a curator about them. The curator alone answers with numbers; nothing else here says anything
//! that depends on a record: not a message, a count, or an error.
//!
//! # Unit
//! Neighbouring records differ by one patient with every row that descends from the patient. Each step of the
//! preparation looks at one patient's rows alone: whose a row is, which of two rows with one key is taken, which window
//! of rows is looked at, what derived fields are, and how much a row weighs. So a patient's rows change nothing about
//! the codes and weights of others.
//!
//! # Sensitivity
//! Every patient counts once at the subject's level, and the weights of a patient's rows at each other level add up to
//! at most one row, rounded down to 2^-20. So any marginal moves by at most one row in L1, and in L2, when a patient
//! joins or leaves: [`manikin_marginals::Sensitivity::ROW`], whatever the caps are. Caps bound what a patient's rows can
//! say, not how far they reach.
//!
//! # Order
//! Subject first, then each level below its parent (the cascade): an ancestor's attributes, the number of siblings and
//! the row before are attributes of the level, so that its distribution can be conditioned on them.
//!
//! The derivation and the proof in full: docs/fitting.md.

mod audit;
mod domains;
mod error;
mod extract;
mod learn;
mod levels;
mod local;
mod needs;
mod portion;
mod view;
mod weights;

pub use audit::{Canaries, CountNoise};
pub use domains::{Answer, BUCKET_SIGMAS, Counts, Question, ask, questions};
pub use error::FitError;
pub use extract::{Extract, Prepared};
pub use learn::{FitMethod, LearnOptions, LearnedLevel, check_size, domain_of, learn_levels};
pub use levels::LevelRows;

/// Is told how a fit goes on. What it is told is public: names of the spec, and what is left of the budget.
pub trait Progress: Sync {
    /// A table is read.
    fn reading(&self, entity: &str) {
        let _ = entity;
    }

    /// A level begins, one of so many.
    fn learning(&self, entity: &str, index: usize, of: usize) {
        let _ = (entity, index, of);
    }

    /// Something was measured; this share of the budget is spent, 0 to 1.
    fn measured(&self, about: &str, spent: f64) {
        let _ = (about, spent);
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
