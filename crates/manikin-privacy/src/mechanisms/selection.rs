//! One candidate drawn by the exponential mechanism.
//!
//! - **Unit**: a vector of scores, `i64` in units of 2⁻²⁰ row. **Neighbours**: one patient added or removed.
//! - **Sensitivity**: Δ, the most that any single score moves, in the same units; scores may move apart.
//! - **Guarantee**: p_i ∝ exp(ε q_i/(2Δ)) is ε²/8-zCDP.
//!
//! # Proof sketch
//! On neighbours q_i/(scale) moves by at most Δ/scale = ε/2 up or down, and so does the logarithm of the normaliser;
//! log p_i - log p'_i lies in an interval of length 2Δ/scale = ε around some shift (bounded range). A bounded range of ε
//! implies ε²/8-zCDP. Had all scores moved in one direction only, the range would be half and the cost a quarter; scores
//! of marginal selection do not, so OpenDP's `monotonic` flag stays off.
//!
//! Scores arrive as `f64` rows and become whole units by rounding down. |⌊x⌋ - ⌊x'⌋| ≤ ⌈|x - x'|⌉, so the sensitivity is
//! ⌈Δ⌉ units; one unit is added for floating-point error of up to half a unit in each score. Clamping to ±2³² rows moves
//! scores together, never apart.
//!
//! # Source
//! McSherry and Talwar 2007, doi 10.1109/FOCS.2007.66; Dong, Durfee and Rogers 2020, arXiv 1909.13830 (bounded range);
//! Cesar and Rogers 2021, arXiv 2004.07223, Lemma 2.4 (ε²/8); OpenDP 0.16 `make_noisy_max` in zCDP.

use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_noisy_max;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::LInfDistance;

use super::{Prepared, in_rows, parameter, refused, units_up};
use crate::curator::UNITS_PER_ROW;
use crate::statement::{Measured, Mechanism};
use crate::{Loss, PrivacyError, Rho};

/// Scores beyond this many rows, 2³², are clamped.
const SCORE_ROWS: f64 = 4_294_967_296.0;

/// What [`crate::Curator::select`] costs: ρ = epsilon²/8. `None` unless `epsilon` is positive and the cost at most 512.
pub fn selection_cost(epsilon: f64) -> Option<Rho> {
    if epsilon > 0.0 { Rho::cost(epsilon * epsilon / 8.0) } else { None }
}

/// The largest epsilon at which [`crate::Curator::select`] costs at most `rho`, sqrt(8ρ) to within rounding.
pub fn selection_epsilon(rho: Rho) -> f64 {
    let mut epsilon = (8.0 * rho.value()).sqrt();
    while epsilon > 0.0 && selection_cost(epsilon).is_none_or(|cost| cost > rho) {
        epsilon = epsilon.next_down();
    }
    epsilon
}

/// Scores in rows as whole units, rounded down and clamped.
pub(crate) fn to_fixed_point(about: &str, scores: &[f64]) -> Result<Vec<i64>, PrivacyError> {
    scores
        .iter()
        .map(|score| {
            if score.is_nan() {
                // Not a property of records: exact statistics and public weights are numbers.
                return Err(parameter(about, "a score", "not a number", "a number of rows"));
            }
            Ok((score.clamp(-SCORE_ROWS, SCORE_ROWS) * UNITS_PER_ROW as f64).floor() as i64)
        })
        .collect()
}

/// `sensitivity` in rows; `scores` in units.
pub(crate) fn selection<'a>(
    about: &str,
    mechanism: Mechanism,
    scores: Vec<i64>,
    sensitivity: f64,
    epsilon: f64,
) -> Result<Prepared<'a, usize>, PrivacyError> {
    if scores.is_empty() {
        return Err(parameter(about, "the number of candidates", 0, "at least 1"));
    }
    let sensitivity_units = units_up(sensitivity)
        .filter(|_| sensitivity > 0.0 && sensitivity <= SCORE_ROWS)
        .ok_or_else(|| parameter(about, "the sensitivity", sensitivity, "positive, and at most 2^32 rows"))?
        + 1.0;
    let cost = selection_cost(epsilon)
        .filter(|_| epsilon >= 1e-9)
        .ok_or_else(|| parameter(about, "epsilon", epsilon, "from 1e-9 to 64"))?;
    let cells = scores.len();
    let d_in = sensitivity_units as i64;
    let mut scale = 2.0 * sensitivity_units / epsilon;
    // OpenDP rounds every step of its map outwards; a few parts in 10¹⁵ of more noise bring it back to the stated cost.
    for _ in 0..16 {
        let measurement = make_noisy_max(
            VectorDomain::new(AtomDomain::<i64>::default()),
            LInfDistance::<i64>::new(false),
            ZeroConcentratedDivergence,
            scale,
            false,
        )
        .map_err(refused(about))?;
        let mapped = measurement.map(&d_in).map_err(refused(about))?;
        if Rho::cost(mapped).is_some_and(|mapped| mapped <= cost) {
            let measured = Measured {
                about: about.to_owned(),
                mechanism,
                cells,
                sensitivity: in_rows(sensitivity_units),
                scale: in_rows(scale),
                threshold: None,
                loss: Loss::of_rho(cost),
            };
            return Ok(Prepared { measured, draw: Box::new(move || measurement.invoke(&scores)) });
        }
        scale *= 1.0 + 4.0 * f64::EPSILON;
    }
    Err(parameter(about, "epsilon", epsilon, "one whose cost OpenDP's map confirms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn selections_cost_an_eighth_of_epsilon_squared(epsilon in 1e-6f64..60.0, sensitivity in 1e-5f64..1e6) {
            let prepared = selection("pair", Mechanism::Exponential, vec![0, 1], sensitivity, epsilon).ok().unwrap();
            prop_assert_eq!(prepared.measured.loss.rho, Rho::cost(epsilon * epsilon / 8.0).unwrap());
        }

        #[test]
        fn the_largest_epsilon_fits(rho in 1e-9f64..500.0) {
            let rho = Rho::budget(rho).unwrap();
            let epsilon = selection_epsilon(rho);
            prop_assert!(selection_cost(epsilon).unwrap() <= rho);
            prop_assert!((epsilon / (8.0 * rho.value()).sqrt() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn fixed_point_scores_move_no_further_than_claimed(score in -1e6f64..1e6, step in -5.0f64..5.0) {
            let moved = to_fixed_point("x", &[score, score + step]).unwrap();
            let claimed = units_up(step.abs()).unwrap_or(0.0) as i64 + 1;
            prop_assert!((moved[1] - moved[0]).abs() <= claimed);
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let select = |scores: &[i64], sensitivity, epsilon| {
            selection("x", Mechanism::Exponential, scores.to_vec(), sensitivity, epsilon).err()
        };
        for (scores, sensitivity, epsilon) in [
            (&[][..], 1.0, 1.0),
            (&[1], 0.0, 1.0),
            (&[1], -1.0, 1.0),
            (&[1], f64::NAN, 1.0),
            (&[1], 1.0, 0.0),
            (&[1], 1.0, f64::NAN),
            (&[1], 1.0, 65.0),
        ] {
            assert!(matches!(select(scores, sensitivity, epsilon), Some(PrivacyError::Parameter { .. })));
        }
        assert!(to_fixed_point("x", &[f64::NAN]).is_err());
        assert_eq!(to_fixed_point("x", &[f64::INFINITY]).unwrap(), [1 << 52]);
    }
}
