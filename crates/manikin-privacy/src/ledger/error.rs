//! Why the ledger refused.

use super::Total;
use crate::{Loss, epsilon_at};

/// A refusal or failure of the ledger.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The budget does not hold what was asked.
    #[error(
        "source `{id}` has {left} left, too little for {asked}; of its total of ε {} at δ {:e}, what is left \
         would by itself be ε {:.4}; ask for less, wait for reservations to end, or have the custodian raise the total",
        .total.epsilon(), .total.delta(), epsilon_at(.left.rho, .total.conversion_delta())
    )]
    Exceeded {
        /// The source, by its declared id.
        id: String,
        /// What was asked.
        asked: Loss,
        /// What is neither charged nor set aside.
        left: Loss,
        /// The total.
        total: Total,
    },

    /// No total was set for this id.
    #[error("the ledger has no total for source `{id}`; its custodian sets one with `manikin budget`")]
    UnknownSource {
        /// The id.
        id: String,
    },

    /// The reservation cannot be charged or released any more.
    #[error("reservation {number} is {state}; make a new one")]
    NotOpen {
        /// Its number.
        number: i64,
        /// What became of it.
        state: &'static str,
    },

    /// The records are known under another id.
    #[error(
        "the records of `{id}` are those of source `{other}` (overlap {:.0} %); use that id, so that losses add \
         up, or have the custodian declare the two distinct",
        .overlap * 100.0
    )]
    SameRecords {
        /// The id that was claimed.
        id: String,
        /// The id under which they are known.
        other: String,
        /// Estimated share of the smaller population that both have; 1 for the same content.
        overlap: f64,
    },

    /// A parameter is out of range.
    #[error("{parameter} must be {expected}")]
    Parameter {
        /// In words.
        parameter: &'static str,
        /// What is allowed.
        expected: &'static str,
    },

    /// The database there is not a ledger of this version.
    #[error("this is not a budget ledger of version 1: {reason}")]
    Foreign {
        /// What was found.
        reason: String,
    },

    /// The database failed.
    #[error("the ledger could not {action}: {reason}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// The database's words.
        reason: String,
    },
}
