//! Why a measurement did not happen.

use crate::Loss;

/// Why a session refused a measurement. Nothing about the records is in any message.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivacyError {
    /// The measurement costs more than the session has left. Nothing was measured; the session goes on.
    #[error("`{about}` would cost {cost}, but {left} is left; spend less on it, or reserve more from the ledger")]
    Exceeded {
        /// What was to be measured.
        about: String,
        /// What it would have cost.
        cost: Loss,
        /// What the session has left.
        left: Loss,
    },

    /// A public parameter is outside its range. Nothing was measured; the session goes on.
    #[error("`{about}`: {parameter} is {found}, but must be {expected}")]
    Parameter {
        /// What was to be measured.
        about: String,
        /// The parameter in words.
        parameter: &'static str,
        /// The value given.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },

    /// The mechanism failed after its cost was taken. The session is over: what the failure may have shown is
    /// covered by the cost, and nothing further is measured.
    #[error("`{about}` failed while it was measured, so the session has ended: {reason}")]
    Failed {
        /// What was measured.
        about: String,
        /// What kind of failure; before anything was drawn, in OpenDP's own words.
        reason: String,
    },

    /// An earlier measurement failed and ended the session.
    #[error("`{about}` was not measured: an earlier failure ended the session; charge a new one")]
    Ended {
        /// What was to be measured.
        about: String,
    },
}
