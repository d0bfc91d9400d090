//! [`Rho`], an amount of privacy loss, counted in integers so that sums are exact in any order.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount of zero-concentrated differential privacy (zCDP): what a measurement costs, a budget holds, a source has
/// left.
///
/// A mechanism M satisfies ρ-zCDP when the Rényi divergence of order α between its outputs on any two neighbouring
/// datasets is at most ρα, for every α > 1. Loss composes by addition, also when later measurements are chosen by
/// looking at earlier results, as long as the total was fixed beforehand (a privacy filter).
///
/// Stored as a whole number of units of 2⁻⁴⁴ (5.7e-14), from nothing to [`Rho::MAX`]. Sums are therefore exact and do
/// not depend on the order, which a ledger that several processes write to needs. Costs are rounded **up** to a unit
/// and budgets **down**, so that rounding never gives privacy away.
///
/// ```
/// use manikin_privacy::Rho;
/// let budget = Rho::budget(0.015).unwrap();
/// let cost = Rho::cost(0.010).unwrap();
/// assert!(budget.minus(cost).is_some());
/// assert!(budget.minus(cost.plus(cost)).is_none());
/// ```
///
/// # Source
/// Bun and Steinke 2016, arXiv 1605.02065, Definition 1.1 and Lemma 2.3; filters: Feldman and Zrnic 2021,
/// arXiv 2008.11193.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "f64")]
pub struct Rho(u64);

/// Units per ρ of one: 2⁴⁴.
const UNITS: f64 = 17_592_186_044_416.0;

impl Rho {
    /// No loss at all.
    pub const ZERO: Rho = Rho(0);

    /// The largest amount, ρ = 512 (about ε = 700 at δ = 1e-9), so that every amount is exact as an `f64` as well.
    pub const MAX: Rho = Rho(512 << 44);

    /// What a measurement of this ρ costs, rounded up to a unit; `None` for a negative number, NaN, or more than
    /// [`Rho::MAX`].
    pub fn cost(rho: f64) -> Option<Rho> {
        Rho::from_units((rho * UNITS).ceil())
    }

    /// A budget of this ρ, rounded down to a unit; `None` as for [`Rho::cost`].
    pub fn budget(rho: f64) -> Option<Rho> {
        Rho::from_units((rho * UNITS).floor())
    }

    /// The amount as a number, exactly.
    pub fn value(self) -> f64 {
        self.0 as f64 / UNITS
    }

    /// Both amounts together, at most [`Rho::MAX`] (which no budget exceeds, so a capped sum never fits into one).
    #[must_use]
    pub fn plus(self, other: Rho) -> Rho {
        // A sum beyond the cap keeps one unit more than the cap, so that it is refused even by a budget of the cap.
        Rho((self.0 + other.0).min(Rho::MAX.0 + 1))
    }

    /// What is left after `other`; `None` if `other` is more.
    #[must_use]
    pub fn minus(self, other: Rho) -> Option<Rho> {
        self.0.checked_sub(other.0).map(Rho)
    }

    /// The loss of a group of `size` neighbouring units together: `size²` times this amount, capped as sums are.
    ///
    /// Use it where one person may appear as several patients (records of linked or duplicated patients).
    ///
    /// # Source
    /// Bun and Steinke 2016, arXiv 1605.02065, Proposition 1.9 (group privacy).
    #[must_use]
    pub fn of_group(self, size: u32) -> Rho {
        let square = u128::from(size) * u128::from(size);
        let units = u128::from(self.0).saturating_mul(square).min(u128::from(Rho::MAX.0 + 1));
        Rho(units as u64)
    }

    /// The part `share` of this amount, rounded down to a unit; `share` is clamped to 0..=1 (NaN counts as 0).
    #[must_use]
    pub fn share(self, share: f64) -> Rho {
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        Rho(((self.0 as f64 * share).floor() as u64).min(self.0))
    }

    /// The amount halfway to `other`, or `None` if no amount lies between.
    pub(crate) fn between(self, other: Rho) -> Option<Rho> {
        let middle = self.0 + other.0.saturating_sub(self.0) / 2;
        (middle > self.0 && middle < other.0).then_some(Rho(middle))
    }

    /// The amount as a whole number of units of 2⁻⁴⁴, as the ledger stores it.
    pub(crate) fn units(self) -> u64 {
        self.0
    }

    /// An amount from the ledger; `None` for more than the cap and its one unit past.
    pub(crate) fn of_units(units: u64) -> Option<Rho> {
        (units <= Rho::MAX.0 + 1).then_some(Rho(units))
    }

    fn from_units(units: f64) -> Option<Rho> {
        // NaN fails the comparison.
        (units >= 0.0 && units <= Rho::MAX.0 as f64).then_some(Rho(units as u64))
    }
}

impl fmt::Display for Rho {
    /// Ten decimals, trailing zeros dropped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.10}", self.value());
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Sum for Rho {
    fn sum<I: Iterator<Item = Rho>>(amounts: I) -> Rho {
        amounts.fold(Rho::ZERO, Rho::plus)
    }
}

impl From<Rho> for f64 {
    fn from(rho: Rho) -> f64 {
        rho.value()
    }
}

impl TryFrom<f64> for Rho {
    type Error = &'static str;

    /// To the nearest unit: amounts are written exactly, and readers may lose the last bit of a number.
    fn try_from(rho: f64) -> Result<Rho, Self::Error> {
        Rho::from_units((rho * UNITS).round()).ok_or("ρ is a number from 0 to 512")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn costs_round_up_and_budgets_down_by_less_than_a_unit(rho in 0.0f64..512.0) {
            let (cost, budget) = (Rho::cost(rho).unwrap(), Rho::budget(rho).unwrap());
            prop_assert!(budget.value() <= rho && rho <= cost.value());
            prop_assert!(cost.0 - budget.0 <= 1);
        }

        #[test]
        fn an_amount_survives_as_a_number(units in 0u64..=Rho::MAX.0) {
            let rho = Rho(units);
            prop_assert_eq!(Rho::cost(rho.value()), Some(rho));
            prop_assert_eq!(Rho::budget(rho.value()), Some(rho));
        }

        #[test]
        fn what_was_added_can_be_taken_away(a in 0u64..Rho::MAX.0 / 2, b in 0u64..Rho::MAX.0 / 2) {
            let (a, b) = (Rho(a), Rho(b));
            prop_assert_eq!(a.plus(b), b.plus(a));
            prop_assert_eq!(a.plus(b).minus(b), Some(a));
        }

        #[test]
        fn shares_together_never_exceed_the_whole(units in 0u64..=Rho::MAX.0, share in 0.0f64..=1.0) {
            let rho = Rho(units);
            prop_assert!(rho.share(share).plus(rho.share(1.0 - share)) <= rho);
        }
    }

    #[test]
    fn numbers_that_are_no_loss_are_refused() {
        for rho in [-1e-9, f64::NAN, f64::INFINITY, 512.1] {
            assert_eq!(Rho::cost(rho), None);
            assert_eq!(Rho::budget(rho), None);
        }
    }

    #[test]
    fn a_sum_past_the_cap_fits_no_budget() {
        let over = Rho::MAX.plus(Rho::cost(1.0).unwrap());
        assert!(Rho::MAX.minus(over).is_none());
        assert!(over.plus(over) > Rho::MAX);
        assert!(Rho::cost(300.0).unwrap().of_group(u32::MAX) > Rho::MAX);
    }

    #[test]
    fn a_group_costs_the_square_of_its_size() {
        let rho = Rho::cost(0.25).unwrap();
        assert_eq!(rho.of_group(3).value(), 2.25);
    }

    #[test]
    fn amounts_print_without_trailing_zeros() {
        assert_eq!(Rho::cost(0.25).unwrap().to_string(), "0.25");
        assert_eq!(Rho::ZERO.to_string(), "0");
    }
}
