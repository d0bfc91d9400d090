//! The only place where privacy noise is drawn.
//!
//! Everything that leaves real records passes through here: mechanisms over OpenDP on fixed-point integers, each with
//! its guarantee and proof beside it; the accounting that adds them up; and the ledger that holds what a source may
//! still give away.

mod curator;
mod error;
mod rho;

pub use curator::{Curator, UNITS_PER_ROW};
pub use error::PrivacyError;
pub use rho::Rho;
