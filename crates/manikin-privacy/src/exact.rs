//! [`ExactSession`]: the same questions answered without noise, for comparison inside the walls. **Not private.**

use crate::curator::UNITS_PER_ROW;
use crate::mechanisms::{gaussian_cost, laplace_cost, selection_cost};
use crate::statement::{Guarantee, Measured, Mechanism, Statement};
use crate::{Curator, Loss, PrivacyError, Rho};

/// Answers exactly. Its statement says [`Guarantee::None`] and lists every measurement as [`Mechanism::Exact`] with a
/// noise scale of 0, so that no model made with it passes for a private one.
///
/// It keeps the budget that a private session would have, so that an algorithm asks the same number of questions.
#[derive(Debug)]
pub struct ExactSession {
    as_if: Rho,
    left: Rho,
    measurements: Vec<Measured>,
}

impl ExactSession {
    /// Opens a session that counts as if it spent `as_if`. It needs no charge and writes nothing to a ledger.
    pub fn without_privacy(as_if: Rho) -> ExactSession {
        ExactSession { as_if, left: as_if, measurements: Vec::new() }
    }

    /// Ends the session; the statement claims nothing.
    pub fn finish(self) -> Statement {
        let used = self.as_if.minus(self.left).unwrap_or(self.as_if);
        Statement {
            guarantee: Guarantee::None { as_if: Loss::of_rho(self.as_if) },
            used: Loss::of_rho(used),
            measurements: self.measurements,
        }
    }

    fn record(&mut self, about: &str, cells: usize, sensitivity: f64, cost: Option<Rho>) -> Result<(), PrivacyError> {
        let cost = cost.ok_or_else(|| PrivacyError::Parameter {
            about: about.to_owned(),
            parameter: "sensitivity or noise",
            found: "a value out of range".to_owned(),
            expected: "what a private session accepts",
        })?;
        self.left = self.left.minus(cost).ok_or_else(|| PrivacyError::Exceeded {
            about: about.to_owned(),
            cost: Loss::of_rho(cost),
            left: Loss::of_rho(self.left),
        })?;
        self.measurements.push(Measured {
            about: about.to_owned(),
            mechanism: Mechanism::Exact,
            cells,
            sensitivity,
            scale: 0.0,
            threshold: None,
            loss: Loss::of_rho(cost),
        });
        Ok(())
    }
}

impl Curator for ExactSession {
    fn gaussian(
        &mut self,
        about: &str,
        exact: &[i64],
        l2_sensitivity: i64,
        sigma: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        let cost = gaussian_cost(l2_sensitivity, sigma);
        self.record(about, exact.len(), l2_sensitivity as f64 / UNITS_PER_ROW as f64, cost)?;
        Ok(in_rows(exact))
    }

    fn laplace(
        &mut self,
        about: &str,
        exact: &[i64],
        l1_sensitivity: i64,
        scale: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        let cost = laplace_cost(l1_sensitivity, scale);
        self.record(about, exact.len(), l1_sensitivity as f64 / UNITS_PER_ROW as f64, cost)?;
        Ok(in_rows(exact))
    }

    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        let cost = selection_cost(epsilon).filter(|_| sensitivity > 0.0 && !scores.is_empty());
        self.record(about, scores.len(), sensitivity, cost)?;
        let mut best = 0;
        for (index, score) in scores.iter().enumerate() {
            if *score > scores[best] {
                best = index;
            }
        }
        Ok(best)
    }

    fn remaining(&self) -> Rho {
        self.left
    }
}

fn in_rows(exact: &[i64]) -> Vec<f64> {
    exact.iter().map(|units| *units as f64 / UNITS_PER_ROW as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_answers_are_marked_and_claim_nothing() {
        let mut session = ExactSession::without_privacy(Rho::budget(1.0).unwrap());
        assert_eq!(session.gaussian("cells", &[UNITS_PER_ROW, 0], UNITS_PER_ROW, 2.0).unwrap(), [1.0, 0.0]);
        assert_eq!(session.select("pair", &[1.0, 3.0, 3.0], 1.0, 1.0).unwrap(), 1);
        let statement = session.finish();
        assert!(!statement.is_private());
        assert!(statement.measurements.iter().all(|m| m.mechanism == Mechanism::Exact && m.scale == 0.0));
        let text = serde_json::to_string(&statement).unwrap();
        assert!(text.starts_with(r#"{"guarantee":"none""#), "{text}");
    }

    #[test]
    fn exact_sessions_ask_as_many_questions_as_private_ones() {
        let mut session = ExactSession::without_privacy(Rho::budget(0.25).unwrap());
        session.gaussian("a", &[0], UNITS_PER_ROW, 2.0).unwrap();
        session.gaussian("b", &[0], UNITS_PER_ROW, 2.0).unwrap();
        assert!(matches!(session.gaussian("c", &[0], UNITS_PER_ROW, 2.0), Err(PrivacyError::Exceeded { .. })));
        assert!(matches!(session.select("d", &[], 1.0, 1.0), Err(PrivacyError::Parameter { .. })));
    }
}
