//! The only place where privacy noise is drawn.
//!
//! Everything that leaves real records passes through here: mechanisms over OpenDP on fixed-point integers, each with
//! its guarantee and proof beside it; the accounting that adds them up; and the ledger that holds what a source may
//! still give away.
//!
//! ```
//! use manikin_privacy::{Curator, Fingerprint, Ledger, Loss, Rho, Session, Total, UNITS_PER_ROW, UnixSeconds};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixSeconds(1_767_225_600);
//! let mut ledger = Ledger::in_memory()?;
//! ledger.set_total("claims-2025", Total::new(3.0, 1e-9, 0.0)?, now)?;
//! let reservation = ledger.reserve("claims-2025", Loss::of_rho(Rho::budget(0.01).unwrap()), "first model", now, now.plus(3600))?;
//!
//! // The charge is on disk before the session, and with it any noise, exists.
//! let mut session = Session::begin(ledger.charge(reservation, now)?);
//! let patients = [1234 * UNITS_PER_ROW];
//! let noisy = session.gaussian("number of patients", &patients, UNITS_PER_ROW, 10.0)?;
//! assert!((noisy[0] - 1234.0).abs() < 100.0);
//! let statement = session.finish();
//! assert_eq!(statement.measurements[0].scale, 10.0);
//! # Ok(())
//! # }
//! ```
//!
//! A patient is the unit: neighbouring datasets differ by one patient with every row that descends from the patient.
//! Whoever hands exact statistics to a [`Session`] answers for their sensitivity; everything from there on is proved or
//! tested here.
//!
//! # What this does not do
//! It does not hide how long a draw takes, which depends on the noise drawn: give nobody outside a clock on a running
//! session. It does not know whether two patients are one person: where records may be linked, claim [`Rho::of_group`]. It
//! does not stop a program that holds the records from reading them; that is what the crates around it are for.

mod accounting;
mod curator;
mod delta;
mod error;
mod exact;
mod ledger;
mod mechanisms;
mod rho;
mod session;
mod statement;

pub use accounting::{delta_at, epsilon_at, gaussian_mu, rho_for};
pub use curator::{Curator, UNITS_PER_ROW};
pub use delta::{Delta, Loss};
pub use error::PrivacyError;
pub use exact::ExactSession;
pub use ledger::{
    Balance, Charge, Entry, Event, Fingerprint, Fingerprinter, Ledger, LedgerError, Reservation, Total, UnixSeconds,
};
pub use mechanisms::{
    KeyedSensitivity, gaussian_cost, gaussian_sigma, keyed_threshold, laplace_cost, selection_cost, selection_epsilon,
};
pub use rho::Rho;
pub use session::Session;
pub use statement::{Guarantee, Measured, Mechanism, Statement};
