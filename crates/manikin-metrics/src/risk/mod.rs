//! Re-identification risk: attacks on synthetic rows, and measures of disclosure.

pub mod attacks;
pub(crate) mod boxes;
pub(crate) mod coding;
pub(crate) mod distinct;
pub mod folds;
pub mod matches;
pub mod membership;
pub mod nearest;
pub mod power;
pub mod roc;
pub mod ruler;
#[cfg(test)]
pub(crate) mod toy;

pub use attacks::{ATTACKS, Attack};
pub use folds::{Folds, Settings};
pub use membership::{Bank, Curve};
pub use nearest::{Index, Neighbours, Search};
pub use power::records_needed;
pub use roc::{LIMITS, Named, Roc, epsilon_lower_bound, maximum};
pub use ruler::Ruler;
