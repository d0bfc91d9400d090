//! Counts with discrete Gaussian noise.
//!
//! - **Unit**: a vector of `i64` in units of 2⁻²⁰ row. **Neighbours**: one patient added or removed.
//! - **Sensitivity**: Δ, in the L2 norm over the whole vector, in the same units.
//! - **Guarantee**: ρ-zCDP with ρ = Δ²/(2s²), where s is the scale in whole units.
//!
//! # Proof sketch
//! For integer vectors x, x' with ‖x - x'‖₂ ≤ Δ, independent discrete Gaussians of parameter s² on the integers have
//! Rényi divergence at most α(x_i - x'_i)²/(2s²) per coordinate, the same as continuous ones; coordinates are
//! independent, so divergences add to αΔ²/(2s²) = αρ. Saturating at the ends of `i64` and dividing by 2²⁰ are
//! post-processing. Both x and s are integers, so that no rounding separates the proof from the program. The samplers
//! work on rationals with bits of OpenSSL; ρ comes from OpenDP's map in exact rationals, rounded up.
//!
//! # Source
//! Canonne, Kamath and Steinke 2020, arXiv 2004.00010, Theorem 14; OpenDP 0.16 `make_gaussian`.

use opendp::core::Measurement;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::error::{Error, ErrorVariant, Fallible};
use opendp::measurements::make_gaussian;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::L2Distance;

use super::{MAX_UNITS, Prepared, in_rows, paid, parameter, refused, units_up};
use crate::curator::UNITS_PER_ROW;
use crate::statement::{Measured, Mechanism};
use crate::{PrivacyError, Rho};

type Gaussian = Measurement<VectorDomain<AtomDomain<i64>>, L2Distance<i64>, ZeroConcentratedDivergence, Vec<i64>>;

/// Vectors of so many cells are worth several threads: a tenth of a second of noise.
const PARALLEL_FROM: usize = 4096;

/// What [`crate::Curator::gaussian`] costs: `l2_sensitivity` in units of [`crate::UNITS_PER_ROW`], `sigma` in rows.
/// `None` for what it refuses.
///
/// ```
/// use manikin_privacy::{UNITS_PER_ROW, gaussian_cost};
/// assert_eq!(gaussian_cost(UNITS_PER_ROW, 2.0).unwrap().value(), 0.125);
/// ```
pub fn gaussian_cost(l2_sensitivity: i64, sigma: f64) -> Option<Rho> {
    cost_of_scale(l2_sensitivity, units_up(sigma)?)
}

/// The least sigma, in rows, at which [`crate::Curator::gaussian`] costs at most `rho`; `None` if no sigma does.
///
/// Planning with this instead of a square root of one's own means that the last measurement fits into what is left to
/// the unit.
pub fn gaussian_sigma(l2_sensitivity: i64, rho: Rho) -> Option<f64> {
    if l2_sensitivity < 1 || rho == Rho::ZERO {
        return None;
    }
    let mut scale = (l2_sensitivity as f64 / (2.0 * rho.value()).sqrt()).ceil().max(1.0);
    // Rounding is off by at most a unit in the last place; the loop ends at once or after a step or two.
    for _ in 0..8 {
        if scale > MAX_UNITS {
            return None;
        }
        if cost_of_scale(l2_sensitivity, scale)? <= rho {
            return Some(in_rows(scale));
        }
        scale = (scale + 1.0).max(scale.next_up());
    }
    None
}

/// ⌈Δ²/(2s²)⌉ in units of 2⁻⁴⁴, in integers.
fn cost_of_scale(l2_sensitivity: i64, scale: f64) -> Option<Rho> {
    if !(1..=1 << 40).contains(&l2_sensitivity) {
        return None;
    }
    let square = (l2_sensitivity as u128) * (l2_sensitivity as u128);
    let scale = scale as u128;
    Rho::of_units(u64::try_from((square << 43).div_ceil(scale * scale)).ok()?).filter(|rho| *rho <= Rho::MAX)
}

pub(crate) fn gaussian<'a>(
    about: &str,
    exact: &'a [i64],
    l2_sensitivity: i64,
    sigma: f64,
) -> Result<Prepared<'a, Vec<f64>>, PrivacyError> {
    if !(1..=1 << 40).contains(&l2_sensitivity) {
        return Err(parameter(about, "the L2 sensitivity", l2_sensitivity, "from 1 to 2^40 units of 2^-20 row"));
    }
    let scale = units_up(sigma).ok_or_else(|| parameter(about, "sigma", sigma, "positive, and at most 2^40 rows"))?;
    let measurement = measurement(scale).map_err(refused(about))?;
    let loss = paid(about, measurement.map(&l2_sensitivity).map_err(refused(about))?)?;
    let measured = Measured {
        about: about.to_owned(),
        mechanism: Mechanism::DiscreteGaussian,
        cells: exact.len(),
        sensitivity: in_rows(l2_sensitivity as f64),
        scale: in_rows(scale),
        threshold: None,
        loss,
    };
    let draw = Box::new(move || {
        let noisy =
            if exact.len() < PARALLEL_FROM { measurement.invoke(&exact.to_vec())? } else { in_parallel(exact, scale)? };
        Ok(noisy.into_iter().map(|units| units as f64 / UNITS_PER_ROW as f64).collect())
    });
    Ok(Prepared { measured, draw })
}

/// Noise on every cell, with `scale` in units.
fn measurement(scale: f64) -> Fallible<Gaussian> {
    make_gaussian(VectorDomain::new(AtomDomain::default()), L2Distance::default(), scale, None)
}

/// The same noise, drawn by several threads. Each has a measurement of its own, since OpenDP's cannot be sent; noise of
/// different cells is independent, so that parts measured apart are distributed as the whole, whose cost is charged.
fn in_parallel(exact: &[i64], scale: f64) -> Fallible<Vec<i64>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts: Vec<_> = exact
            .chunks(exact.len().div_ceil(threads))
            .map(|part| scope.spawn(move || measurement(scale)?.invoke(&part.to_vec())))
            .collect();
        let mut noisy = Vec::with_capacity(exact.len());
        for part in parts {
            noisy.extend(part.join().map_err(|_| Error::from(ErrorVariant::FailedFunction))??);
        }
        Ok(noisy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_cost_planned_is_the_cost_of_opendp(sensitivity in 1i64..1 << 30, sigma in 1e-3f64..1e6) {
            let planned = gaussian_cost(sensitivity, sigma);
            match gaussian("cells", &[], sensitivity, sigma) {
                Ok(prepared) => prop_assert_eq!(planned, Some(prepared.measured.loss.rho)),
                Err(_) => prop_assert_eq!(planned, None),
            }
        }

        #[test]
        fn the_least_sigma_fits_and_the_next_smaller_does_not(sensitivity in 1i64..1 << 30, rho in 1e-9f64..10.0) {
            let rho = Rho::budget(rho).unwrap();
            let sigma = gaussian_sigma(sensitivity, rho).unwrap();
            prop_assert!(gaussian_cost(sensitivity, sigma).unwrap() <= rho);
            let units = sigma * UNITS_PER_ROW as f64;
            prop_assert_eq!(units, units.ceil());
            if units > 1.0 {
                let smaller = gaussian_cost(sensitivity, (units * (1.0 - 1e-6) - 1.0).max(1.0) / UNITS_PER_ROW as f64);
                prop_assert!(smaller.is_none_or(|cost| cost >= rho));
            }
        }
    }

    #[test]
    fn sigmas_and_sensitivities_out_of_range_are_refused() {
        for (sensitivity, sigma) in [
            (0, 1.0),
            (-1, 1.0),
            (1 << 41, 1.0),
            (1, 0.0),
            (1, -1.0),
            (1, f64::NAN),
            (1, f64::INFINITY),
            (1 << 40, 1e-3),
        ] {
            assert!(matches!(gaussian("x", &[0], sensitivity, sigma), Err(PrivacyError::Parameter { .. })));
            assert_eq!(gaussian_cost(sensitivity, sigma), None);
        }
    }

    #[test]
    fn one_row_at_sigma_two_costs_an_eighth() {
        let prepared = gaussian("cells", &[0; 3], UNITS_PER_ROW, 2.0).ok().unwrap();
        assert_eq!(prepared.measured.loss.rho.value(), 0.125);
        assert_eq!((prepared.measured.scale, prepared.measured.sensitivity), (2.0, 1.0));
    }
}
