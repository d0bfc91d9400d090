//! [`Book`]: the state of one source, folded from its entries. No database here, so that its rules can be tested alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Event, Fingerprint, LedgerError, Total, UnixSeconds};
use crate::Loss;

/// An open reservation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Open {
    pub(super) loss: Loss,
    pub(super) expires: UnixSeconds,
}

/// The state of one source.
#[derive(Debug, Default)]
pub(super) struct Book {
    total: Option<Total>,
    charged: Loss,
    open: BTreeMap<i64, Open>,
    closed: BTreeMap<i64, &'static str>,
    seen: Vec<Fingerprint>,
    distinct: BTreeSet<String>,
}

impl Book {
    /// Folds the entries of one source, in order.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Book {
        let mut book = Book::default();
        for entry in entries {
            book.take(entry);
        }
        book
    }

    /// Takes one more entry.
    pub(super) fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Total(total) => self.total = Some(*total),
            Event::Reserved { loss, expires, .. } => {
                self.open.insert(entry.number, Open { loss: *loss, expires: *expires });
            }
            Event::Charged { reservation } => {
                // A charge of what is not open cannot be written; should one appear, only the sum of charges counts.
                if let Some(open) = self.close(*reservation, "charged already") {
                    self.charged = self.charged.plus(open.loss);
                }
            }
            Event::Released { reservation } => drop(self.close(*reservation, "released already")),
            Event::Expired { reservation } => drop(self.close(*reservation, "expired")),
            Event::Records(fingerprint) => self.seen.push(fingerprint.clone()),
            Event::Distinct { other } => drop(self.distinct.insert(other.clone())),
        }
    }

    fn close(&mut self, number: i64, state: &'static str) -> Option<Open> {
        let open = self.open.remove(&number);
        self.closed.insert(number, state);
        open
    }

    pub(super) fn total(&self) -> Option<Total> {
        self.total
    }

    pub(super) fn charged(&self) -> Loss {
        self.charged
    }

    /// What is set aside in reservations that have not expired by `now`.
    pub(super) fn reserved(&self, now: UnixSeconds) -> Loss {
        self.open.values().filter(|open| open.expires > now).fold(Loss::ZERO, |sum, open| sum.plus(open.loss))
    }

    /// Neither charged nor set aside at `now`; nothing if the total was lowered below that.
    pub(super) fn left(&self, now: UnixSeconds) -> Loss {
        let total = self.total.map_or(Loss::ZERO, |total| total.loss());
        let taken = self.charged.plus(self.reserved(now));
        Loss {
            rho: total.rho.minus(taken.rho).unwrap_or_default(),
            delta: total.delta.minus(taken.delta).unwrap_or_default(),
        }
    }

    /// The numbers of open reservations past their expiry.
    pub(super) fn expired_by(&self, now: UnixSeconds) -> Vec<i64> {
        self.open.iter().filter(|(_, open)| open.expires <= now).map(|(number, _)| *number).collect()
    }

    /// An open reservation.
    pub(super) fn open(&self, number: i64) -> Result<Open, LedgerError> {
        self.open.get(&number).copied().ok_or_else(|| LedgerError::NotOpen {
            number,
            state: self.closed.get(&number).copied().unwrap_or("unknown"),
        })
    }

    /// Whether these very records were seen before.
    pub(super) fn knows(&self, records: &Fingerprint) -> bool {
        self.seen.contains(records)
    }

    /// The largest overlap with any records seen under this source.
    pub(super) fn overlap(&self, records: &Fingerprint) -> f64 {
        self.seen.iter().map(|seen| seen.overlap(records)).fold(0.0, f64::max)
    }

    pub(super) fn is_distinct_from(&self, other: &str) -> bool {
        self.distinct.contains(other)
    }
}
