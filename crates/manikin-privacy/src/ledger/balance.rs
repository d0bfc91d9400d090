//! [`Balance`]: what a source has spent and left, in ρ and as (ε, δ).

use serde::Serialize;

use super::book::Book;
use super::{Total, UnixSeconds};
use crate::{Loss, epsilon_at};

/// What a source has spent, set aside and left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Balance {
    /// The source, by its declared id.
    pub source: String,
    /// The custodian's total.
    pub total: Total,
    /// Spent.
    pub charged: Loss,
    /// Set aside in open reservations that have not expired.
    pub reserved: Loss,
    /// Free to reserve: the total without both.
    pub left: Loss,
    /// The ε of all that was spent, at [`Balance::delta`]. Losses add up in ρ, not in ε.
    pub epsilon_charged: f64,
    /// The ε that a single release would have that took all of what is left, at [`Balance::delta`].
    pub epsilon_left: f64,
    /// The δ at which ε is shown, besides that of thresholded releases.
    pub delta: f64,
}

impl Balance {
    pub(super) fn of(source: &str, total: Total, book: &Book, now: UnixSeconds) -> Balance {
        let left = book.left(now);
        let delta = total.conversion_delta();
        Balance {
            source: source.to_owned(),
            total,
            charged: book.charged(),
            reserved: book.reserved(now),
            left,
            epsilon_charged: epsilon_at(book.charged().rho, delta),
            epsilon_left: epsilon_at(left.rho, delta),
            delta,
        }
    }
}
