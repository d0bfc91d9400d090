//! [`Entry`]: one line of the ledger.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, LedgerError};
use crate::{Delta, Loss, Rho, rho_for};

/// Seconds since 1970-01-01 00:00 UTC. The ledger has no clock of its own: the time is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// This many seconds later.
    #[must_use]
    pub fn plus(self, seconds: i64) -> UnixSeconds {
        UnixSeconds(self.0.saturating_add(seconds))
    }
}

/// The budget of a source, as its custodian states it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Total {
    epsilon: f64,
    delta: f64,
    loss: Loss,
}

impl Total {
    /// (ε, δ) for everything that ever leaves the source, of which `delta_for_thresholds` is kept for thresholded
    /// releases (0 if there are none). The rest of δ turns ε into ρ by the tight conversion.
    ///
    /// # Errors
    /// - [`LedgerError::Parameter`]: an ε that is not positive and finite, a δ not between 0 and 1, or a part for
    ///   thresholds that leaves nothing of δ.
    pub fn new(epsilon: f64, delta: f64, delta_for_thresholds: f64) -> Result<Total, LedgerError> {
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(LedgerError::Parameter { parameter: "ε", expected: "a positive number" });
        }
        if !(delta > 0.0 && delta < 1.0) {
            return Err(LedgerError::Parameter { parameter: "δ", expected: "between 0 and 1" });
        }
        if !(delta_for_thresholds >= 0.0 && delta_for_thresholds < delta) {
            return Err(LedgerError::Parameter {
                parameter: "the part of δ for thresholded releases",
                expected: "at least 0 and less than δ",
            });
        }
        let rho = rho_for(epsilon, delta - delta_for_thresholds);
        let thresholds = Delta::budget(delta_for_thresholds).unwrap_or(Delta::ZERO);
        Ok(Total { epsilon, delta, loss: Loss { rho, delta: thresholds } })
    }

    /// As it was recorded.
    pub(super) fn recorded(epsilon: f64, delta: f64, loss: Loss) -> Total {
        Total { epsilon, delta, loss }
    }

    /// The ε of the total.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// The whole δ of the total.
    pub fn delta(&self) -> f64 {
        self.delta
    }

    /// The part of δ that turns ρ into ε.
    pub fn conversion_delta(&self) -> f64 {
        self.delta - self.loss.delta.value()
    }

    /// The total as it is spent.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The ρ of the total.
    pub fn rho(&self) -> Rho {
        self.loss.rho
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The custodian set the total.
    Total(Total),
    /// Part of the budget was set aside.
    Reserved {
        /// How much.
        loss: Loss,
        /// Until when.
        expires: UnixSeconds,
        /// For what, in public words.
        about: String,
    },
    /// A reservation was spent.
    Charged {
        /// The number of the reservation's entry.
        reservation: i64,
    },
    /// A reservation was given back unused.
    Released {
        /// The number of the reservation's entry.
        reservation: i64,
    },
    /// A reservation was found expired.
    Expired {
        /// The number of the reservation's entry.
        reservation: i64,
    },
    /// Records were seen under this id.
    Records(#[serde(skip)] Fingerprint),
    /// The custodian declared this source distinct from another.
    Distinct {
        /// The other.
        other: String,
    },
}

/// One line of the ledger. As text it shows no fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Its number, growing through the whole ledger.
    pub number: i64,
    /// The source, by its declared id.
    pub source: String,
    /// When, by the clock of the process that wrote it.
    pub at: UnixSeconds,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// An entry as both databases store it: a kind and nullable columns.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) rho: Option<i64>,
    pub(super) delta: Option<i64>,
    pub(super) epsilon_shown: Option<f64>,
    pub(super) delta_shown: Option<f64>,
    pub(super) refers: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) about: Option<String>,
    pub(super) fingerprint: Option<Vec<u8>>,
}

impl Row {
    pub(super) fn of(event: &Event) -> Row {
        let kind = |kind: &str| Row { kind: kind.to_owned(), ..Row::default() };
        let amount = |loss: &Loss, row: Row| Row {
            rho: Some(loss.rho.units() as i64),
            delta: Some(loss.delta.units() as i64),
            ..row
        };
        match event {
            Event::Total(total) => amount(
                &total.loss,
                Row { epsilon_shown: Some(total.epsilon), delta_shown: Some(total.delta), ..kind("total") },
            ),
            Event::Reserved { loss, expires, about } => {
                amount(loss, Row { expires: Some(expires.0), about: Some(about.clone()), ..kind("reserved") })
            }
            Event::Charged { reservation } => Row { refers: Some(*reservation), ..kind("charged") },
            Event::Released { reservation } => Row { refers: Some(*reservation), ..kind("released") },
            Event::Expired { reservation } => Row { refers: Some(*reservation), ..kind("expired") },
            Event::Records(fingerprint) => Row { fingerprint: Some(fingerprint.to_bytes()), ..kind("records") },
            Event::Distinct { other } => Row { about: Some(other.clone()), ..kind("distinct") },
        }
    }

    pub(super) fn event(self) -> Result<Event, LedgerError> {
        let foreign = |what: &str| LedgerError::Foreign { reason: format!("an entry `{}` without {what}", self.kind) };
        let loss = || {
            let units = |units: Option<i64>| units.and_then(|units| u64::try_from(units).ok());
            let rho = units(self.rho).and_then(Rho::of_units).ok_or_else(|| foreign("a valid ρ"))?;
            let delta = units(self.delta).and_then(Delta::of_units).ok_or_else(|| foreign("a valid δ"))?;
            Ok(Loss { rho, delta })
        };
        let refers = || self.refers.ok_or_else(|| foreign("a reservation"));
        let about = || self.about.clone().ok_or_else(|| foreign("words"));
        Ok(match self.kind.as_str() {
            "total" => Event::Total(Total::recorded(
                self.epsilon_shown.ok_or_else(|| foreign("ε"))?,
                self.delta_shown.ok_or_else(|| foreign("δ"))?,
                loss()?,
            )),
            "reserved" => Event::Reserved {
                loss: loss()?,
                expires: UnixSeconds(self.expires.ok_or_else(|| foreign("an expiry"))?),
                about: about()?,
            },
            "charged" => Event::Charged { reservation: refers()? },
            "released" => Event::Released { reservation: refers()? },
            "expired" => Event::Expired { reservation: refers()? },
            "records" => Event::Records(
                self.fingerprint
                    .as_deref()
                    .and_then(Fingerprint::from_bytes)
                    .ok_or_else(|| foreign("a fingerprint"))?,
            ),
            "distinct" => Event::Distinct { other: about()? },
            _ => return Err(foreign("a known kind")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_database() {
        let total = Total::new(3.0, 1e-6, 1e-7).unwrap();
        let loss = Loss { rho: Rho::MAX, delta: Delta::cost(0.3).unwrap() };
        for event in [
            Event::Total(total),
            Event::Reserved { loss, expires: UnixSeconds(-5), about: "größe".to_owned() },
            Event::Charged { reservation: 3 },
            Event::Released { reservation: 4 },
            Event::Expired { reservation: 5 },
            Event::Distinct { other: "b".to_owned() },
        ] {
            assert_eq!(Row::of(&event).event().unwrap(), event);
        }
    }

    #[test]
    fn broken_rows_are_refused() {
        for kind in ["", "total", "reserved", "charged", "records", "distinct", "other"] {
            let row = Row { kind: kind.to_owned(), rho: Some(-1), delta: Some(i64::MAX), ..Row::default() };
            assert!(matches!(row.event(), Err(LedgerError::Foreign { .. })), "{kind}");
        }
    }

    #[test]
    fn a_total_without_sense_is_refused() {
        for (epsilon, delta, thresholds) in [
            (0.0, 1e-9, 0.0),
            (-1.0, 1e-9, 0.0),
            (f64::NAN, 1e-9, 0.0),
            (f64::INFINITY, 1e-9, 0.0),
            (1.0, 0.0, 0.0),
            (1.0, 1.0, 0.0),
            (1.0, 1e-9, 1e-9),
            (1.0, 1e-9, -1.0),
            (1.0, 1e-9, f64::NAN),
        ] {
            assert!(matches!(Total::new(epsilon, delta, thresholds), Err(LedgerError::Parameter { .. })));
        }
    }

    #[test]
    fn the_part_of_delta_kept_for_thresholds_is_not_converted() {
        let whole = Total::new(1.0, 1e-6, 0.0).unwrap();
        let split = Total::new(1.0, 1e-6, 5e-7).unwrap();
        assert!(split.rho() < whole.rho());
        assert!((split.conversion_delta() - 5e-7).abs() < 1e-12);
    }
}
