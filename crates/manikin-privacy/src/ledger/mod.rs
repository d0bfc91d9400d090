//! The budget ledger: what each source may still give away.
//!
//! A **source** is a body of real records under an id that its custodian declared. The custodian sets its **total**; a
//! run **reserves** part of what is left, **charges** its reservation before any noise is drawn, or **releases** it
//! unused; a reservation that is neither **expires**. Entries are only ever appended. All runs over one source compose:
//! their losses add up in zCDP, and people are shown (ε, δ).
//!
//! # What holds, and why
//! - *Never overspent.* Every change happens inside one write transaction that locks the whole ledger, reads the source's
//!   entries, decides, and appends. Charges and open reservations never exceed the total when a reservation is granted.
//! - *Never less than was released.* [`Charge`] exists only after the transaction that records it is durable, and a
//!   [`crate::Session`] exists only for a [`Charge`]. A crash in between leaves a charge without a release.
//! - *Clocks may disagree.* What counts as expired is decided once, by an entry. A process whose clock is behind finds
//!   that entry and cannot charge what another has been given.
//!
//! SQLite (one file) is the default; PostgreSQL serves a team. The file holds the key of its fingerprints and is private:
//! it belongs beside the records, not beside the models.

mod balance;
mod book;
mod entry;
mod error;
mod fingerprint;
mod postgres;
mod sqlite;
mod store;

use std::path::Path;

pub use balance::Balance;
pub use entry::{Entry, Event, Total, UnixSeconds};
pub use error::LedgerError;
pub use fingerprint::{Fingerprint, Fingerprinter};

use book::Book;
use store::{Page, Store};

use crate::Loss;

/// Share of the smaller population's patients found in the other from which two bodies of records count as the same.
///
/// # Source
/// ASSUMED: half. Two extracts of one population overlap far more; populations that merely share numbers such as
/// 1, 2, 3 are told apart by the custodian ([`Ledger::declare_distinct`]).
const SAME_POPULATION: f64 = 0.5;

/// The ledger of a custodian.
pub struct Ledger {
    store: Box<dyn Store + Send>,
}

/// Part of a source's budget, set aside. Charge it or release it; dropped, it stays set aside until it expires.
#[derive(Debug)]
#[must_use = "a reservation holds budget back until it is charged, released or expires"]
pub struct Reservation {
    source: String,
    number: i64,
    loss: Loss,
}

impl Reservation {
    /// The ledger's number of it, by which [`Ledger::reservation`] finds it again.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The source, by its declared id.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What is set aside.
    pub fn loss(&self) -> Loss {
        self.loss
    }
}

/// Proof that a loss is recorded durably: the only thing that opens a [`crate::Session`].
#[derive(Debug)]
#[must_use = "what was charged is spent, used or not"]
pub struct Charge {
    source: String,
    number: i64,
    loss: Loss,
}

impl Charge {
    /// The source, by its declared id.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The ledger's number of the charge.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// What was charged.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    #[cfg(test)]
    pub(crate) fn for_tests(source: &str, number: i64, loss: Loss) -> Charge {
        Charge { source: source.to_owned(), number, loss }
    }
}

impl Ledger {
    /// Opens the SQLite file at `path`, and creates it (readable by its owner alone) if there is none.
    ///
    /// The file must be on a local disk: SQLite's log is not safe on network file systems.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: the file cannot be opened or written.
    /// - [`LedgerError::Foreign`]: it is not a ledger, or one of another version.
    pub fn open(path: &Path) -> Result<Ledger, LedgerError> {
        Ok(Ledger { store: Box::new(sqlite::Sqlite::open(path)?) })
    }

    /// A ledger in memory that ends with the program: for tests and examples.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: SQLite refused.
    pub fn in_memory() -> Result<Ledger, LedgerError> {
        Ok(Ledger { store: Box::new(sqlite::Sqlite::in_memory()?) })
    }

    /// Connects to PostgreSQL (`host=… dbname=…` or `postgresql://…`), and creates the ledger's tables in schema
    /// `manikin_ledger` if there are none. A connection to another machine is encrypted and its certificate checked,
    /// unless the address says `sslmode=disable`.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: no connection, or no right to create or write the tables.
    /// - [`LedgerError::Foreign`]: the ledger there is of another version.
    pub fn connect(address: &str) -> Result<Ledger, LedgerError> {
        Ok(Ledger { store: Box::new(postgres::Postgres::connect(address)?) })
    }

    /// Sets the total of a source, and declares the source if it is new. A later total replaces an earlier one; it may
    /// be less than what is charged already, and then nothing is left.
    ///
    /// # Errors
    /// - [`LedgerError::Parameter`]: an id that is empty or longer than 200 bytes.
    /// - [`LedgerError::Store`]: nothing was recorded.
    pub fn set_total(&mut self, source: &str, total: Total, now: UnixSeconds) -> Result<(), LedgerError> {
        if source.trim().is_empty() || source.len() > 200 {
            return Err(LedgerError::Parameter { parameter: "the id of the source", expected: "1 to 200 bytes" });
        }
        self.write(|page| page.append(source, now, &Event::Total(total)).map(drop))
    }

    /// Sets `loss` aside until `expires`. What has expired by `now` is given back first.
    ///
    /// # Errors
    /// - [`LedgerError::UnknownSource`]: no total was set.
    /// - [`LedgerError::Exceeded`]: less is left.
    /// - [`LedgerError::Parameter`]: no loss at all, or an expiry that is not after `now`.
    /// - [`LedgerError::Store`]: nothing was recorded.
    pub fn reserve(
        &mut self,
        source: &str,
        loss: Loss,
        about: &str,
        now: UnixSeconds,
        expires: UnixSeconds,
    ) -> Result<Reservation, LedgerError> {
        if loss == Loss::ZERO {
            return Err(LedgerError::Parameter { parameter: "the loss to reserve", expected: "more than nothing" });
        }
        if expires <= now {
            return Err(LedgerError::Parameter { parameter: "the expiry", expected: "after the present" });
        }
        self.write(|page| {
            let mut book = read(page, source)?;
            let total = book.total().ok_or_else(|| LedgerError::UnknownSource { id: source.to_owned() })?;
            for number in book.expired_by(now) {
                append(page, &mut book, source, now, Event::Expired { reservation: number })?;
            }
            let left = book.left(now);
            if left.minus(loss).is_none() {
                // The expiries just recorded stay; only the reservation is refused.
                return Ok(Err(LedgerError::Exceeded { id: source.to_owned(), asked: loss, left, total }));
            }
            let number = page.append(source, now, &Event::Reserved { loss, expires, about: about.to_owned() })?;
            Ok(Ok(Reservation { source: source.to_owned(), number, loss }))
        })?
    }

    /// Finds an open reservation again by its number, as another process does that was given it.
    ///
    /// # Errors
    /// - [`LedgerError::NotOpen`]: there is none, or it was charged, released or expired.
    /// - [`LedgerError::Store`]: the ledger could not be read.
    pub fn reservation(&mut self, number: i64) -> Result<Reservation, LedgerError> {
        self.write(|page| {
            let entries = page.entries(None)?;
            let source = entries.iter().find(|entry| entry.number == number).map(|entry| entry.source.clone());
            let source = source.ok_or(LedgerError::NotOpen { number, state: "unknown" })?;
            let loss = Book::of(entries.iter().filter(|entry| entry.source == source)).open(number)?.loss;
            Ok(Reservation { source, number, loss })
        })
    }

    /// Spends a reservation. When this returns the charge is durable; only then may noise be drawn.
    ///
    /// # Errors
    /// - [`LedgerError::NotOpen`]: it was charged or released by another process, or has expired by `now`.
    /// - [`LedgerError::Exceeded`]: the custodian has lowered the total since, and it holds this charge no more.
    /// - [`LedgerError::Store`]: it is not known whether the charge was recorded; nothing may be released for it. The
    ///   entries tell.
    pub fn charge(&mut self, reservation: Reservation, now: UnixSeconds) -> Result<Charge, LedgerError> {
        let Reservation { source, number, loss } = reservation;
        let number = self.write(|page| {
            let book = read(page, &source)?;
            if book.open(number)?.expires <= now {
                return Err(LedgerError::NotOpen { number, state: "expired" });
            }
            // The custodian may have lowered the total since the reservation was granted.
            let total = book.total().ok_or_else(|| LedgerError::UnknownSource { id: source.clone() })?;
            let left = total.loss().minus(book.charged()).unwrap_or_default();
            if left.minus(loss).is_none() {
                return Err(LedgerError::Exceeded { id: source.clone(), asked: loss, left, total });
            }
            page.append(&source, now, &Event::Charged { reservation: number })
        })?;
        Ok(Charge { source, number, loss })
    }

    /// Gives an unused reservation back.
    ///
    /// # Errors
    /// - [`LedgerError::NotOpen`]: it was charged, released or expired already.
    /// - [`LedgerError::Store`]: it stays set aside until it expires.
    pub fn release(&mut self, reservation: Reservation, now: UnixSeconds) -> Result<(), LedgerError> {
        let Reservation { source, number, .. } = reservation;
        self.write(|page| {
            read(page, &source)?.open(number)?;
            page.append(&source, now, &Event::Released { reservation: number }).map(drop)
        })
    }

    /// What a source has spent, set aside and left at `now`.
    ///
    /// # Errors
    /// - [`LedgerError::UnknownSource`]: no total was set.
    /// - [`LedgerError::Store`]: the ledger could not be read.
    pub fn balance(&mut self, source: &str, now: UnixSeconds) -> Result<Balance, LedgerError> {
        self.write(|page| {
            let book = read(page, source)?;
            let total = book.total().ok_or_else(|| LedgerError::UnknownSource { id: source.to_owned() })?;
            Ok(Balance::of(source, total, &book, now))
        })
    }

    /// The ids of all sources, sorted.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: the ledger could not be read.
    pub fn sources(&mut self) -> Result<Vec<String>, LedgerError> {
        let entries = self.write(|page| page.entries(None))?;
        let ids: std::collections::BTreeSet<String> = entries.into_iter().map(|entry| entry.source).collect();
        Ok(ids.into_iter().collect())
    }

    /// Everything that was recorded about a source, in order.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: the ledger could not be read.
    pub fn entries(&mut self, source: &str) -> Result<Vec<Entry>, LedgerError> {
        self.write(|page| page.entries(Some(source)))
    }

    /// Takes fingerprints with this ledger's key.
    ///
    /// # Errors
    /// - [`LedgerError::Store`]: the key could not be read.
    pub fn fingerprinter(&mut self) -> Result<Fingerprinter, LedgerError> {
        Ok(Fingerprinter::with_key(self.store.key()?))
    }

    /// Checks that records belong to the source they claim, and remembers their fingerprint under it.
    ///
    /// Call it before reserving, with the private tables alone: public dimensions are the same everywhere. The answer
    /// depends on records and is for the custodian's side only.
    ///
    /// # Errors
    /// - [`LedgerError::SameRecords`]: another source holds the same content or mostly the same patients. Use its id, so
    ///   that the losses add up, or have the custodian declare the two distinct.
    /// - [`LedgerError::UnknownSource`]: no total was set.
    /// - [`LedgerError::Store`]: nothing was recorded.
    pub fn admit(&mut self, source: &str, records: &Fingerprint, now: UnixSeconds) -> Result<(), LedgerError> {
        self.write(|page| {
            let entries = page.entries(None)?;
            let mut mine = Book::of(entries.iter().filter(|entry| entry.source == source));
            if mine.total().is_none() {
                return Err(LedgerError::UnknownSource { id: source.to_owned() });
            }
            let others: std::collections::BTreeSet<&str> =
                entries.iter().map(|entry| entry.source.as_str()).filter(|other| *other != source).collect();
            for other in others {
                let theirs = Book::of(entries.iter().filter(|entry| entry.source == other));
                if mine.is_distinct_from(other) || theirs.is_distinct_from(source) {
                    continue;
                }
                let overlap = theirs.overlap(records);
                if overlap >= SAME_POPULATION {
                    return Err(LedgerError::SameRecords { id: source.to_owned(), other: other.to_owned(), overlap });
                }
            }
            if !mine.knows(records) {
                append(page, &mut mine, source, now, Event::Records(records.clone()))?;
            }
            Ok(())
        })
    }

    /// The custodian's word that two sources hold different people, although their fingerprints look alike.
    ///
    /// # Errors
    /// - [`LedgerError::UnknownSource`]: one of the two has no total.
    /// - [`LedgerError::Store`]: nothing was recorded.
    pub fn declare_distinct(&mut self, source: &str, other: &str, now: UnixSeconds) -> Result<(), LedgerError> {
        self.write(|page| {
            for id in [source, other] {
                if read(page, id)?.total().is_none() {
                    return Err(LedgerError::UnknownSource { id: id.to_owned() });
                }
            }
            page.append(source, now, &Event::Distinct { other: other.to_owned() }).map(drop)
        })
    }

    /// Runs `work` in one write transaction; it is kept only if `work` succeeds.
    fn write<T>(&mut self, mut work: impl FnMut(&mut dyn Page) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let mut answer = None;
        self.store.write(&mut |page| {
            answer = Some(work(page)?);
            Ok(())
        })?;
        answer.ok_or_else(|| LedgerError::Store { action: "run a transaction", reason: "it did not run".to_owned() })
    }
}

impl std::fmt::Debug for Ledger {
    /// Not the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

fn read(page: &mut dyn Page, source: &str) -> Result<Book, LedgerError> {
    Ok(Book::of(page.entries(Some(source))?.iter()))
}

fn append(
    page: &mut dyn Page,
    book: &mut Book,
    source: &str,
    now: UnixSeconds,
    event: Event,
) -> Result<(), LedgerError> {
    let number = page.append(source, now, &event)?;
    book.take(&Entry { number, source: source.to_owned(), at: now, event });
    Ok(())
}
