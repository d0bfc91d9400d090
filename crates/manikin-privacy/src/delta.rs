//! [`Delta`], a probability of failure, and [`Loss`], a ρ together with one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Rho, epsilon_at};

/// A probability δ, counted in integers (units of 2⁻⁶², 2.2e-19) as [`Rho`] is, so that sums are exact in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Delta(u64);

const ONE: u64 = 1 << 62;

impl Delta {
    /// No failure at all.
    pub const ZERO: Delta = Delta(0);

    /// What a measurement that fails with this probability costs, rounded up to a unit; `None` outside 0..=1.
    pub fn cost(delta: f64) -> Option<Delta> {
        (0.0..=1.0).contains(&delta).then(|| Delta((delta * ONE as f64).ceil() as u64))
    }

    /// A budget, rounded down to a unit; `None` outside 0..=1.
    pub fn budget(delta: f64) -> Option<Delta> {
        (0.0..=1.0).contains(&delta).then(|| Delta((delta * ONE as f64).floor() as u64))
    }

    /// The probability as a number, to the nearest.
    pub fn value(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// Both together; a sum past 1 stays one unit past it and fits no budget.
    #[must_use]
    pub fn plus(self, other: Delta) -> Delta {
        Delta((self.0 + other.0).min(ONE + 1))
    }

    /// What is left after `other`; `None` if `other` is more.
    #[must_use]
    pub fn minus(self, other: Delta) -> Option<Delta> {
        self.0.checked_sub(other.0).map(Delta)
    }

    /// As the ledger stores it.
    pub(crate) fn units(self) -> u64 {
        self.0
    }

    /// From the ledger; `None` past 1 and its one unit more.
    pub(crate) fn of_units(units: u64) -> Option<Delta> {
        (units <= ONE + 1).then_some(Delta(units))
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("0") } else { write!(f, "{:.3e}", self.value()) }
    }
}

impl From<Delta> for f64 {
    fn from(delta: Delta) -> f64 {
        delta.value()
    }
}

impl TryFrom<f64> for Delta {
    type Error = &'static str;

    fn try_from(delta: f64) -> Result<Delta, Self::Error> {
        (0.0..=1.0)
            .contains(&delta)
            .then(|| Delta((delta * ONE as f64).round() as u64))
            .ok_or("δ is a number from 0 to 1")
    }
}

/// Approximate zCDP: ρ, except with probability δ. The δ is that of thresholded releases alone; the one that comes from
/// showing ρ as (ε, δ) is added when it is shown.
///
/// # Source
/// Bun and Steinke 2016, arXiv 1605.02065, Definition 8.1 and Lemma 8.2 (composition adds both).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Loss {
    /// The concentrated part.
    pub rho: Rho,
    /// The probability that the concentrated part does not hold.
    pub delta: Delta,
}

impl Loss {
    /// Nothing.
    pub const ZERO: Loss = Loss { rho: Rho::ZERO, delta: Delta::ZERO };

    /// A loss without a probability of failure.
    pub fn of_rho(rho: Rho) -> Loss {
        Loss { rho, delta: Delta::ZERO }
    }

    /// The ε that this loss is shown as at `delta` in all, of which its own δ takes its part first; infinite if that
    /// leaves nothing.
    ///
    /// ```
    /// use manikin_privacy::{Delta, Loss, Rho};
    /// let loss = Loss { rho: Rho::cost(0.0149730577).unwrap(), delta: Delta::cost(1e-9).unwrap() };
    /// assert!((loss.epsilon_at(2e-9) - 1.0).abs() < 1e-6);
    /// assert_eq!(loss.epsilon_at(1e-9), f64::INFINITY);
    /// ```
    pub fn epsilon_at(self, delta: f64) -> f64 {
        epsilon_at(self.rho, delta - self.delta.value())
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Loss) -> Loss {
        Loss { rho: self.rho.plus(other.rho), delta: self.delta.plus(other.delta) }
    }

    /// What is left after `other`; `None` if either part of `other` is more.
    #[must_use]
    pub fn minus(self, other: Loss) -> Option<Loss> {
        Some(Loss { rho: self.rho.minus(other.rho)?, delta: self.delta.minus(other.delta)? })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ρ {}", self.rho)?;
        if self.delta == Delta::ZERO { Ok(()) } else { write!(f, " with δ {}", self.delta) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn costs_round_up_and_budgets_down(delta in 0.0f64..=1.0) {
            prop_assert!(Delta::budget(delta).unwrap() <= Delta::cost(delta).unwrap());
            prop_assert!(Delta::cost(delta).unwrap().0 - Delta::budget(delta).unwrap().0 <= 1);
        }
    }

    #[test]
    fn probabilities_past_one_fit_no_budget() {
        let one = Delta::budget(1.0).unwrap();
        assert_eq!(one.minus(one.plus(one)), None);
        assert_eq!(Delta::cost(1.1), None);
        assert_eq!(Delta::cost(-0.1), None);
        assert_eq!(Delta::cost(f64::NAN), None);
    }

    #[test]
    fn a_loss_fits_only_if_both_parts_do() {
        let budget = Loss { rho: Rho::budget(1.0).unwrap(), delta: Delta::budget(1e-9).unwrap() };
        let much_delta = Loss { rho: Rho::cost(0.5).unwrap(), delta: Delta::cost(1e-8).unwrap() };
        assert_eq!(budget.minus(much_delta), None);
        assert!(budget.minus(Loss::of_rho(Rho::cost(1.0).unwrap())).is_some());
    }
}
