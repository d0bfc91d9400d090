//! [`Session`]: where private statistics meet noise, paid for beforehand.

use std::collections::BTreeMap;

use crate::ledger::Charge;
use crate::mechanisms::{self, KeyedSensitivity, Prepared, to_fixed_point};
use crate::statement::{Guarantee, Measured, Mechanism, Statement};
use crate::{Curator, Loss, PrivacyError, Rho};

/// Measures under a charge that the ledger has already made.
///
/// Every measurement first compares its cost, from OpenDP's privacy map, with what is left of the charge, and is refused
/// if it does not fit. Then the cost is taken and recorded, and only then is noise drawn. An error while drawing ends the
/// session, since the fact of failure may depend on records.
///
/// # Guarantee
/// All measurements together, however each is chosen in the light of earlier results, satisfy ρ-zCDP with probability
/// 1 - δ, for the ρ and δ of the charge. The sum of the ρ_i is a privacy filter: the decision to refuse looks at public
/// parameters only, and Σρ_i never exceeds the ρ fixed beforehand.
///
/// # Source
/// Feldman and Zrnic 2021, arXiv 2008.11193, Theorem 4.3 (filters in Rényi divergence); Whitehouse et al. 2023, arXiv
/// 2203.05481, Theorem 1 (in approximate zCDP). The filter is our own comparison of integers instead of OpenDP's, which
/// runs a query before it refuses it.
#[derive(Debug)]
pub struct Session {
    charge: Charge,
    left: Loss,
    used: Loss,
    measurements: Vec<Measured>,
    ended: bool,
}

impl Session {
    /// Opens a session that may spend what was charged.
    pub fn begin(charge: Charge) -> Session {
        Session { left: charge.loss(), charge, used: Loss::ZERO, measurements: Vec::new(), ended: false }
    }

    /// What is left, with the δ for thresholded releases.
    pub fn left(&self) -> Loss {
        self.left
    }

    /// What was measured so far, failed measurements included.
    pub fn measurements(&self) -> &[Measured] {
        &self.measurements
    }

    /// Counts under keys that occur in the records, in rows, those below [`crate::keyed_threshold`] left out; sorted by
    /// key. Costs the Gaussian's ρ, and at most `delta` of the δ charged.
    ///
    /// # Errors
    /// As [`Curator::gaussian`].
    pub fn keyed_counts(
        &mut self,
        about: &str,
        exact: &BTreeMap<String, i64>,
        sensitivity: KeyedSensitivity,
        sigma: f64,
        delta: f64,
    ) -> Result<BTreeMap<String, f64>, PrivacyError> {
        self.open(about)?;
        self.measure(mechanisms::thresholded(about, exact, sensitivity, sigma, delta)?)
    }

    /// The index of a grid point near the quantile at `level` (0 to 1, to a thousandth).
    ///
    /// `cells[i]` is the exact weight, in units of [`crate::UNITS_PER_ROW`], between the public grid's points i - 1 and
    /// i, both ends open: one cell more than points. `sensitivity` is the most weight that one patient has in all
    /// cells, in rows. Costs ρ = epsilon²/8.
    ///
    /// # Errors
    /// As [`Curator::select`]; also fewer than two cells or a level outside 0..=1.
    pub fn quantile(
        &mut self,
        about: &str,
        cells: &[i64],
        level: f64,
        sensitivity: f64,
        epsilon: f64,
    ) -> Result<usize, PrivacyError> {
        self.open(about)?;
        self.measure(mechanisms::quantile(about, cells, level, sensitivity, epsilon)?)
    }

    /// Ends the session and gives its account.
    pub fn finish(self) -> Statement {
        Statement {
            guarantee: Guarantee::Private {
                source: self.charge.source().to_owned(),
                charge: self.charge.number(),
                charged: self.charge.loss(),
            },
            used: self.used,
            measurements: self.measurements,
        }
    }

    fn open(&self, about: &str) -> Result<(), PrivacyError> {
        if self.ended { Err(PrivacyError::Ended { about: about.to_owned() }) } else { Ok(()) }
    }

    /// Compares, takes, records, draws: in this order.
    fn measure<T>(&mut self, prepared: Prepared<'_, T>) -> Result<T, PrivacyError> {
        let Prepared { measured, draw } = prepared;
        let about = measured.about.clone();
        let Some(left) = self.left.minus(measured.loss) else {
            return Err(PrivacyError::Exceeded { about, cost: measured.loss, left: self.left });
        };
        self.left = left;
        self.used = self.used.plus(measured.loss);
        self.measurements.push(measured);
        draw().map_err(|error| {
            self.ended = true;
            PrivacyError::Failed { about, reason: format!("{:?}", error.variant) }
        })
    }
}

impl Curator for Session {
    fn gaussian(
        &mut self,
        about: &str,
        exact: &[i64],
        l2_sensitivity: i64,
        sigma: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        self.open(about)?;
        self.measure(mechanisms::gaussian(about, exact, l2_sensitivity, sigma)?)
    }

    fn laplace(
        &mut self,
        about: &str,
        exact: &[i64],
        l1_sensitivity: i64,
        scale: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        self.open(about)?;
        self.measure(mechanisms::laplace(about, exact, l1_sensitivity, scale)?)
    }

    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.open(about)?;
        let scores = to_fixed_point(about, scores)?;
        self.measure(mechanisms::selection(about, Mechanism::Exponential, scores, sensitivity, epsilon)?)
    }

    fn remaining(&self) -> Rho {
        self.left.rho
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Charge;
    use crate::{Delta, UNITS_PER_ROW, gaussian_cost, gaussian_sigma};

    fn session(rho: f64, delta: f64) -> Session {
        let loss = Loss { rho: Rho::budget(rho).unwrap(), delta: Delta::budget(delta).unwrap() };
        Session::begin(Charge::for_tests("source", 7, loss))
    }

    #[test]
    fn what_does_not_fit_is_refused_and_costs_nothing() {
        let mut session = session(0.125, 0.0);
        let refused = session.gaussian("cells", &[0], UNITS_PER_ROW, 1.99).unwrap_err();
        assert!(matches!(refused, PrivacyError::Exceeded { .. }));
        assert_eq!(session.remaining().value(), 0.125);
        assert!(session.measurements().is_empty());
        session.gaussian("cells", &[0], UNITS_PER_ROW, 2.0).unwrap();
        assert_eq!(session.remaining(), Rho::ZERO);
        assert!(session.select("pair", &[1.0], 1.0, 1e-3).is_err());
    }

    #[test]
    fn the_last_measurement_can_use_up_what_is_left() {
        let mut session = session(0.0149730577, 0.0);
        session.select("pair", &[1.0, 2.0], 1.0, 0.01).unwrap();
        let sigma = gaussian_sigma(UNITS_PER_ROW, session.remaining()).unwrap();
        session.gaussian("cells", &[0; 4], UNITS_PER_ROW, sigma).unwrap();
        assert!(session.remaining().value() < 1e-7);
    }

    #[test]
    fn the_statement_lists_every_measurement_with_its_cost() {
        let mut session = session(10.0, 1e-6);
        session.gaussian("a", &[0; 3], UNITS_PER_ROW, 4.0).unwrap();
        session.laplace("b", &[0; 2], UNITS_PER_ROW, 4.0).unwrap();
        session.select("c", &[0.0; 5], 1.0, 0.5).unwrap();
        session.quantile("d", &[UNITS_PER_ROW; 9], 0.5, 1.0, 0.5).unwrap();
        let keys = BTreeMap::from([("K1".to_owned(), 1000 * UNITS_PER_ROW)]);
        let sensitivity = KeyedSensitivity { keys: 1, l2: UNITS_PER_ROW, largest: UNITS_PER_ROW };
        let found = session.keyed_counts("e", &keys, sensitivity, 2.0, 1e-7).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["K1"]);
        let statement = session.finish();
        assert!(statement.is_private());
        let names: Vec<_> = statement.measurements.iter().map(|m| (m.about.as_str(), m.mechanism)).collect();
        assert_eq!(
            names,
            [
                ("a", Mechanism::DiscreteGaussian),
                ("b", Mechanism::DiscreteLaplace),
                ("c", Mechanism::Exponential),
                ("d", Mechanism::Quantile),
                ("e", Mechanism::ThresholdedGaussian)
            ]
        );
        let sum = statement.measurements.iter().fold(Loss::ZERO, |sum, m| sum.plus(m.loss));
        assert_eq!(sum, statement.used);
        assert_eq!(statement.measurements[0].loss.rho, gaussian_cost(UNITS_PER_ROW, 4.0).unwrap());
        let text = serde_json::to_string(&statement).unwrap();
        assert!(text.contains(r#""guarantee":"private","source":"source","charge":7"#), "{text}");
        assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
    }

    #[test]
    fn a_failure_while_drawing_ends_the_session_and_stays_charged() {
        let mut session = session(1.0, 0.0);
        let prepared: Prepared<'_, ()> = Prepared {
            measured: mechanisms::gaussian("cells", &[], UNITS_PER_ROW, 2.0).ok().unwrap().measured,
            draw: Box::new(|| {
                Err(opendp::error::Error {
                    variant: opendp::error::ErrorVariant::FailedFunction,
                    message: Some("with a value of 17".to_owned()),
                    backtrace: std::backtrace::Backtrace::disabled(),
                })
            }),
        };
        let failed = session.measure(prepared).unwrap_err();
        assert!(matches!(failed, PrivacyError::Failed { .. }));
        assert!(!failed.to_string().contains("17"), "the library's message may hold a value: {failed}");
        assert_eq!(session.remaining().value(), 0.875);
        assert!(matches!(session.gaussian("next", &[0], UNITS_PER_ROW, 9.0), Err(PrivacyError::Ended { .. })));
        assert!(matches!(session.select("next", &[0.0], 1.0, 0.1), Err(PrivacyError::Ended { .. })));
    }

    #[test]
    fn delta_is_spent_by_thresholds_only_and_never_past_the_charge() {
        let mut session = session(10.0, 1e-9);
        let keys = BTreeMap::new();
        let sensitivity = KeyedSensitivity { keys: 1, l2: UNITS_PER_ROW, largest: UNITS_PER_ROW };
        session.gaussian("a", &[0], UNITS_PER_ROW, 4.0).unwrap();
        session.keyed_counts("b", &keys, sensitivity, 2.0, 0.9e-9).unwrap();
        let refused = session.keyed_counts("c", &keys, sensitivity, 2.0, 0.9e-9).unwrap_err();
        assert!(matches!(refused, PrivacyError::Exceeded { .. }));
    }
}
