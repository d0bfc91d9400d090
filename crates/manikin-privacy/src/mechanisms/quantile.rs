//! A quantile, as a point of a public grid.
//!
//! - **Unit**: weights of the cells between the points of a public grid, `i64` in units of 2⁻²⁰ row.
//!   **Neighbours**: one patient added or removed.
//! - **Sensitivity**: Δ, the most weight that one patient has in all cells together (L1), in rows. A patient with many
//!   rows shares a weight of one row among them.
//! - **Guarantee**: the exponential mechanism's, ε²/8-zCDP.
//!
//! # Proof sketch
//! With B the weight below grid point g and A the weight above, the score is -|(1 - a)B - aA| for the level a: zero where
//! the share below is a. A patient adds b ≥ 0 to B and c ≥ 0 to A with b + c ≤ Δ, so the inner number moves by at most
//! max(a, 1 - a)·Δ ≤ Δ, and the absolute value by no more. The level is a whole number of thousandths, so scores are
//! computed in integers: the score is kept times 1000/1000, rounded down once, which adds at most a unit (the extra unit
//! of the selection covers it).
//!
//! # Source
//! Smith 2011, doi 10.1145/1993636.1993743; the score is that of OpenDP 0.16 `make_private_quantile`, on weights.

use super::{Prepared, parameter, selection};
use crate::PrivacyError;
use crate::statement::Mechanism;

/// Parts of a level: thousandths.
const PARTS: i128 = 1000;

/// The score of each grid point, in units. `cells[i]` is the weight between point i - 1 and point i, with open ends:
/// one cell more than there are points.
fn quantile_scores(about: &str, cells: &[i64], level: f64) -> Result<Vec<i64>, PrivacyError> {
    if cells.len() < 2 {
        return Err(parameter(about, "the number of cells", cells.len(), "at least 2 (one more than grid points)"));
    }
    if !(0.0..=1.0).contains(&level) {
        return Err(parameter(about, "the level", level, "from 0 to 1"));
    }
    let level = (level * PARTS as f64).round() as i128;
    let total: i128 = cells.iter().map(|weight| i128::from(*weight)).sum();
    let mut below = 0i128;
    Ok(cells[..cells.len() - 1]
        .iter()
        .map(|weight| {
            below += i128::from(*weight);
            let imbalance = ((PARTS - level) * below - level * (total - below)).abs();
            // Saturating keeps distances: it is a clamp.
            -i64::try_from(imbalance / PARTS).unwrap_or(i64::MAX)
        })
        .collect())
}

/// The index of the grid point drawn. `sensitivity` is in rows.
pub(crate) fn quantile<'a>(
    about: &str,
    cells: &[i64],
    level: f64,
    sensitivity: f64,
    epsilon: f64,
) -> Result<Prepared<'a, usize>, PrivacyError> {
    selection(about, Mechanism::Quantile, quantile_scores(about, cells, level)?, sensitivity, epsilon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UNITS_PER_ROW;
    use proptest::prelude::*;

    proptest! {
        /// Exact sensitivity on random histograms with one patient's rows taken away.
        #[test]
        fn one_patient_moves_no_score_further_than_the_weight_held(
            cells in prop::collection::vec(0i64..1 << 30, 2..20),
            patient in prop::collection::vec(0usize..20, 1..8),
            level in 0.0f64..=1.0,
        ) {
            let without = cells.clone();
            let mut with = cells;
            let weight = UNITS_PER_ROW / patient.len() as i64;
            for cell in &patient {
                let cell = cell % with.len();
                with[cell] += weight;
            }
            let (with, without) = (quantile_scores("x", &with, level).unwrap(), quantile_scores("x", &without, level).unwrap());
            for (a, b) in with.iter().zip(&without) {
                prop_assert!((a - b).abs() <= UNITS_PER_ROW + 1);
            }
        }
    }

    #[test]
    fn the_best_score_is_at_the_quantile() {
        let cells = [10, 20, 40, 20, 10, 0].map(|rows| rows * UNITS_PER_ROW);
        let best = |level: f64| {
            let scores = quantile_scores("x", &cells, level).unwrap();
            (0..scores.len()).max_by_key(|i| (scores[*i], usize::MAX - i)).unwrap()
        };
        assert_eq!(best(0.1), 0);
        assert_eq!(best(0.3), 1);
        assert_eq!(best(0.7), 2);
        assert_eq!(best(1.0), 4);
    }

    #[test]
    fn levels_and_grids_out_of_range_are_refused() {
        assert!(quantile_scores("x", &[1], 0.5).is_err());
        assert!(quantile_scores("x", &[1, 2], 1.5).is_err());
        assert!(quantile_scores("x", &[1, 2], f64::NAN).is_err());
    }
}
