//! [`Curator`]: what an algorithm that learns from private counts may ask, and nothing else.

use crate::{PrivacyError, Rho};

/// Fixed-point units per row, 2²⁰: a row of weight one counts this much.
///
/// Weights that are fractions of a row are rounded **down** to a unit, so that the weights of a patient's rows never
/// add up to more than the patient's share (2²⁰/7 rounded to nearest, seven times, is more than 2²⁰).
///
/// # Source
/// ASSUMED: 2²⁰ resolves one row in a million, finer than any noise in use, and leaves 2⁴³ rows of headroom in an `i64`.
pub const UNITS_PER_ROW: i64 = 1 << 20;

/// Answers questions about private records with noise, and counts what the answers cost.
///
/// An algorithm hands over exact statistics and receives noisy ones; the statistics themselves it must use for nothing
/// else. `about` names the measurement in the privacy statement: it must be public (names of fields, never values).
pub trait Curator {
    /// Noisy counts, in rows.
    ///
    /// `exact` are counts in units of [`UNITS_PER_ROW`]; `l2_sensitivity` is in the same units, the most that one
    /// patient (added or removed) can move the whole vector in the Euclidean norm; `sigma` is the standard deviation
    /// of the noise on each cell, in rows. Costs ρ = (l2_sensitivity / UNITS_PER_ROW)² / (2 sigma²).
    ///
    /// # Errors
    /// - [`PrivacyError::Exceeded`]: it would cost more than is left; nothing is measured.
    /// - [`PrivacyError::Parameter`]: a sensitivity below 1 unit, or a sigma that is not positive and finite.
    /// - [`PrivacyError::Failed`], [`PrivacyError::Ended`]: the session is over.
    fn gaussian(
        &mut self,
        about: &str,
        exact: &[i64],
        l2_sensitivity: i64,
        sigma: f64,
    ) -> Result<Vec<f64>, PrivacyError>;

    /// Noisy counts, in rows, with discrete Laplace noise.
    ///
    /// `exact` and `l1_sensitivity`, the most that one patient can move the whole vector in the sum of absolute
    /// changes, are in units of [`UNITS_PER_ROW`]; `scale`, the b of exp(-|x|/b), is in rows. Costs ρ = ε²/2 for
    /// ε = l1_sensitivity / UNITS_PER_ROW / scale: for whole marginals the Gaussian is the better bargain.
    ///
    /// # Errors
    /// As [`gaussian`](Self::gaussian), for the scale in place of sigma.
    fn laplace(
        &mut self,
        about: &str,
        exact: &[i64],
        l1_sensitivity: i64,
        scale: f64,
    ) -> Result<Vec<f64>, PrivacyError>;

    /// The index of one candidate, drawn with probability proportional to exp(epsilon · score / (2 · sensitivity)).
    ///
    /// `scores` and `sensitivity`, the most that one patient can move any single score, are in rows. Scores may go up
    /// and down together or apart: no monotonicity is assumed. A score may be off by at most 2⁻²¹ rows through
    /// floating point (sum in integers, then scale once); beyond ±2³² rows it is clamped. Costs ρ = epsilon² / 8.
    ///
    /// # Errors
    /// - [`PrivacyError::Exceeded`]: it would cost more than is left; nothing is measured.
    /// - [`PrivacyError::Parameter`]: no candidates, or a sensitivity or epsilon that is not positive and finite.
    /// - [`PrivacyError::Failed`], [`PrivacyError::Ended`]: the session is over.
    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError>;

    /// What is left to spend.
    fn remaining(&self) -> Rho;
}
