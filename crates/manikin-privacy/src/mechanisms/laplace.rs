//! Counts with discrete Laplace noise.
//!
//! - **Unit**: a vector of `i64` in units of 2⁻²⁰ row. **Neighbours**: one patient added or removed.
//! - **Sensitivity**: Δ, in the L1 norm over the whole vector, in the same units.
//! - **Guarantee**: pure ε = Δ/b for the scale b in whole units; charged as ρ = ε²/2.
//!
//! # Proof sketch
//! P(X = x) ∝ exp(-|x|/b) on the integers, so the ratio of two shifted vectors' probabilities is at most
//! exp(‖x - x'‖₁/b) ≤ exp(ε). Pure ε-DP implies ε²/2-zCDP.
//!
//! # Source
//! Ghosh, Roughgarden and Sundararajan 2009, arXiv 0811.2841; Bun and Steinke 2016, arXiv 1605.02065, Proposition 1.4;
//! OpenDP 0.16 `make_laplace`, `make_pureDP_to_zCDP`.

use opendp::combinators::make_pureDP_to_zCDP;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_laplace;
use opendp::measures::MaxDivergence;
use opendp::metrics::L1Distance;

use super::{Prepared, in_rows, paid, parameter, refused, units_up};
use crate::curator::UNITS_PER_ROW;
use crate::statement::{Measured, Mechanism};
use crate::{PrivacyError, Rho};

/// What [`crate::Curator::laplace`] costs: `l1_sensitivity` in units of [`crate::UNITS_PER_ROW`], the scale in rows.
/// `None` for what it refuses.
pub fn laplace_cost(l1_sensitivity: i64, scale: f64) -> Option<Rho> {
    laplace("", &[], l1_sensitivity, scale).ok().map(|prepared| prepared.measured.loss.rho)
}

pub(crate) fn laplace<'a>(
    about: &str,
    exact: &'a [i64],
    l1_sensitivity: i64,
    scale: f64,
) -> Result<Prepared<'a, Vec<f64>>, PrivacyError> {
    if !(1..=1 << 40).contains(&l1_sensitivity) {
        return Err(parameter(about, "the L1 sensitivity", l1_sensitivity, "from 1 to 2^40 units of 2^-20 row"));
    }
    let scale =
        units_up(scale).ok_or_else(|| parameter(about, "the scale", scale, "positive, and at most 2^40 rows"))?;
    let measurement = make_laplace::<_, _, MaxDivergence>(
        VectorDomain::new(AtomDomain::<i64>::default()),
        L1Distance::<i64>::default(),
        scale,
        None,
    )
    .and_then(make_pureDP_to_zCDP)
    .map_err(refused(about))?;
    let loss = paid(about, measurement.map(&l1_sensitivity).map_err(refused(about))?)?;
    let measured = Measured {
        about: about.to_owned(),
        mechanism: Mechanism::DiscreteLaplace,
        cells: exact.len(),
        sensitivity: in_rows(l1_sensitivity as f64),
        scale: in_rows(scale),
        threshold: None,
        loss,
    };
    let draw = Box::new(move || {
        let noisy = measurement.invoke(&exact.to_vec())?;
        Ok(noisy.into_iter().map(|units| units as f64 / UNITS_PER_ROW as f64).collect())
    });
    Ok(Prepared { measured, draw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_epsilon_is_charged_as_half_its_square() {
        // ε = 1/4.
        assert_eq!(laplace_cost(UNITS_PER_ROW, 4.0).unwrap().value(), 1.0 / 32.0);
        assert_eq!(laplace_cost(2 * UNITS_PER_ROW, 4.0).unwrap().value(), 1.0 / 8.0);
    }

    #[test]
    fn scales_and_sensitivities_out_of_range_are_refused() {
        for (sensitivity, scale) in [(0, 1.0), (1, 0.0), (1, f64::NAN), (1 << 40, 1e-6)] {
            assert_eq!(laplace_cost(sensitivity, scale), None);
        }
    }
}
