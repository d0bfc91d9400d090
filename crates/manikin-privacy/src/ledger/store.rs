//! Where entries are kept: what a database must offer.

use super::{Entry, Event, LedgerError, UnixSeconds};

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// A database with a ledger in it.
pub(super) trait Store {
    /// Runs `work` while no other connection can write, and makes what it appended durable before returning `Ok`. If
    /// `work` fails, nothing that it appended is kept.
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Page) -> Result<(), LedgerError>) -> Result<(), LedgerError>;

    /// The secret key of this ledger's fingerprints.
    fn key(&mut self) -> Result<[u8; 32], LedgerError>;
}

/// The entries, as one transaction sees them.
pub(super) trait Page {
    /// The entries of one source, or all, in order.
    fn entries(&mut self, source: Option<&str>) -> Result<Vec<Entry>, LedgerError>;

    /// Adds an entry and gives its number.
    fn append(&mut self, source: &str, at: UnixSeconds, event: &Event) -> Result<i64, LedgerError>;
}

/// A fresh key, from the operating system.
pub(super) fn fresh_key() -> Result<[u8; 32], LedgerError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| LedgerError::Store { action: "draw the ledger's key", reason: error.to_string() })?;
    Ok(key)
}
