//! Re-identification risk: attacks on synthetic rows, and measures of disclosure.

pub mod adversarial;
pub mod attacks;
pub mod audit;
pub(crate) mod boxes;
pub mod cap;
pub mod classes;
pub(crate) mod coding;
pub mod comparability;
pub mod disclosure;
pub(crate) mod distinct;
pub mod folds;
pub mod identity;
pub mod inference;
pub mod linkability;
pub mod matches;
pub mod membership;
pub mod nearest;
pub mod population;
pub(crate) mod postings;
pub mod power;
pub mod residual;
pub mod roc;
pub mod roles;
pub mod ruler;
pub mod singling_out;
#[cfg(test)]
pub(crate) mod toy;

pub use attacks::{ATTACKS, Attack};
pub use folds::{Folds, Settings};
pub use membership::{Bank, Curve};
pub use nearest::{Index, Neighbours, Search};
pub use power::records_needed;
pub use roc::{LIMITS, Named, Roc, epsilon_lower_bound, maximum};
pub use roles::Roles;
pub use ruler::Ruler;
