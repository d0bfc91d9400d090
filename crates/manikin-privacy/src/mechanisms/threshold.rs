//! Counts under keys that are found in the records: local codes, for which there is no public list.
//!
//! - **Unit**: a map from key to a count, `i64` in units of 2⁻²⁰ row, with the keys that occur and no others.
//!   **Neighbours**: one patient added or removed.
//! - **Sensitivity**: a patient touches at most `keys` keys, moves the vector of counts by at most `l2` in the L2 norm
//!   and any single count by at most `largest`.
//! - **Guarantee**: ρ-zCDP with ρ = l2²/(2s²), except with probability δ that a key shows which only one patient has.
//!
//! # Proof sketch
//! On keys that both neighbours have, this is the discrete Gaussian mechanism followed by post-processing. A key that
//! only one of them has counts at most `largest` there; it shows only if its noise is at least threshold - `largest`.
//! There are at most `keys` such keys and their noise is independent, so the probability that any shows is at most
//! 1 - (1 - tail)^keys = δ. Without that event, outputs are distributed as on the common keys. Keys are returned sorted,
//! so that nothing of their order in the records remains.
//!
//! # Source
//! Korolova et al. 2009, doi 10.1145/1526709.1526733; Rogers 2023, arXiv 2309.09170; Canonne, Kamath and Steinke 2020,
//! arXiv 2004.00010 (tails); OpenDP 0.16 `make_gaussian_threshold`.

use std::collections::{BTreeMap, HashMap};

use opendp::core::Measurement;
use opendp::domains::{AtomDomain, MapDomain};
use opendp::measurements::make_gaussian_threshold;
use opendp::measures::{Approximate, ZeroConcentratedDivergence};
use opendp::metrics::{AbsoluteDistance, L02InfDistance};

use super::{Prepared, in_rows, paid, parameter, refused, units_up};
use crate::curator::UNITS_PER_ROW;
use crate::statement::{Measured, Mechanism};
use crate::{Delta, Loss, PrivacyError};

/// How far one patient moves keyed counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedSensitivity {
    /// The most keys that one patient has.
    pub keys: u32,
    /// The most that one patient moves the vector of counts in the L2 norm, in units of [`crate::UNITS_PER_ROW`].
    pub l2: i64,
    /// The most that one patient moves any single count, in the same units.
    pub largest: i64,
}

type Keyed = Measurement<
    MapDomain<AtomDomain<String>, AtomDomain<i64>>,
    L02InfDistance<AbsoluteDistance<i64>>,
    Approximate<ZeroConcentratedDivergence>,
    HashMap<String, i64>,
>;

/// The least threshold, in rows, at which a key that only one patient has shows with probability at most `delta`;
/// `None` for parameters that [`crate::Session::keyed_counts`] refuses.
pub fn keyed_threshold(sensitivity: KeyedSensitivity, sigma: f64, delta: f64) -> Option<f64> {
    least_threshold("", sensitivity, sigma, delta).ok().map(|(threshold, _)| in_rows(threshold as f64))
}

fn measurement(
    about: &str,
    sensitivity: KeyedSensitivity,
    scale: f64,
    threshold: i64,
) -> Result<(Keyed, (f64, f64)), PrivacyError> {
    let measurement: Keyed = make_gaussian_threshold(
        MapDomain::new(AtomDomain::<String>::default(), AtomDomain::<i64>::default()),
        L02InfDistance::default(),
        scale,
        threshold,
        None,
    )
    .map_err(refused(about))?;
    let loss = measurement.map(&(sensitivity.keys, sensitivity.l2, sensitivity.largest)).map_err(refused(about))?;
    Ok((measurement, loss))
}

/// The threshold in units, and the scale.
fn least_threshold(
    about: &str,
    sensitivity: KeyedSensitivity,
    sigma: f64,
    delta: f64,
) -> Result<(i64, f64), PrivacyError> {
    let KeyedSensitivity { keys, l2, largest } = sensitivity;
    let expected = "from 1 to 2^40 units of 2^-20 row";
    if !(1..=1 << 40).contains(&l2) {
        return Err(parameter(about, "the L2 sensitivity", l2, expected));
    }
    if !(1..=1 << 40).contains(&largest) {
        return Err(parameter(about, "the sensitivity of a single count", largest, expected));
    }
    if keys == 0 {
        return Err(parameter(about, "the most keys of a patient", keys, "at least 1"));
    }
    if !(1e-30..1.0).contains(&delta) {
        return Err(parameter(about, "δ", delta, "from 1e-30 to 1"));
    }
    let scale = units_up(sigma).ok_or_else(|| parameter(about, "sigma", sigma, "positive, and at most 2^40 rows"))?;
    // At 16 standard deviations the tail of one key is below 1e-57.
    let (mut low, mut high) = (largest, largest + (16.0 * scale).min((1i64 << 61) as f64) as i64 + 1);
    if measurement(about, sensitivity, scale, high)?.1.1 > delta {
        return Err(parameter(about, "δ", delta, "more: it cannot be reached with so many keys"));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if measurement(about, sensitivity, scale, middle)?.1.1 <= delta {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok((high, scale))
}

pub(crate) fn thresholded<'a>(
    about: &str,
    exact: &'a BTreeMap<String, i64>,
    sensitivity: KeyedSensitivity,
    sigma: f64,
    delta: f64,
) -> Result<Prepared<'a, BTreeMap<String, f64>>, PrivacyError> {
    let (threshold, scale) = least_threshold(about, sensitivity, sigma, delta)?;
    let (measurement, (rho, tail)) = measurement(about, sensitivity, scale, threshold)?;
    let loss = Loss {
        rho: paid(about, rho)?.rho,
        delta: Delta::cost(tail).ok_or_else(|| parameter(about, "δ", tail, "from 0 to 1"))?,
    };
    let measured = Measured {
        about: about.to_owned(),
        mechanism: Mechanism::ThresholdedGaussian,
        cells: 0,
        sensitivity: in_rows(sensitivity.l2 as f64),
        scale: in_rows(scale),
        threshold: Some(in_rows(threshold as f64)),
        loss,
    };
    let draw = Box::new(move || {
        let exact: HashMap<String, i64> = exact.iter().map(|(key, count)| (key.clone(), *count)).collect();
        let noisy = measurement.invoke(&exact)?;
        Ok(noisy.into_iter().map(|(key, units)| (key, units as f64 / UNITS_PER_ROW as f64)).collect())
    });
    Ok(Prepared { measured, draw })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i64 = UNITS_PER_ROW;

    #[test]
    fn the_threshold_is_where_the_tail_of_the_noise_meets_delta() {
        // One key, σ = 10 rows: P(N(0, 10²) ≥ t) = 1e-6 at t = 47.534; the key itself counts 1.
        let one = KeyedSensitivity { keys: 1, l2: ONE, largest: ONE };
        let threshold = keyed_threshold(one, 10.0, 1e-6).unwrap();
        assert!((threshold - 48.534).abs() < 0.01, "{threshold}");
        // Ten keys share the δ: 1e-7 each, t = 51.993.
        let ten = KeyedSensitivity { keys: 10, l2: 4 * ONE, largest: ONE };
        let threshold = keyed_threshold(ten, 10.0, 1e-6).unwrap();
        assert!((threshold - 52.993).abs() < 0.01, "{threshold}");
    }

    #[test]
    fn the_delta_charged_is_at_most_the_one_asked_for() {
        let counts = BTreeMap::new();
        let sensitivity = KeyedSensitivity { keys: 3, l2: 2 * ONE, largest: ONE };
        let prepared = thresholded("codes", &counts, sensitivity, 5.0, 1e-9).ok().unwrap();
        let loss = prepared.measured.loss;
        assert!(loss.delta.value() <= 1e-9 && loss.delta.value() > 0.9e-9);
        // √3 keys of one row each move the vector less than the 2 claimed; OpenDP uses the smaller bound.
        assert!(loss.rho.value() <= 4.0 / 50.0 && loss.rho.value() >= 2.99 / 50.0);
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let good = KeyedSensitivity { keys: 1, l2: ONE, largest: ONE };
        for (sensitivity, sigma, delta) in [
            (KeyedSensitivity { keys: 0, ..good }, 1.0, 1e-6),
            (KeyedSensitivity { l2: 0, ..good }, 1.0, 1e-6),
            (KeyedSensitivity { largest: -1, ..good }, 1.0, 1e-6),
            (good, 0.0, 1e-6),
            (good, f64::NAN, 1e-6),
            (good, 1.0, 0.0),
            (good, 1.0, 1.0),
            (good, 1.0, f64::NAN),
        ] {
            assert_eq!(keyed_threshold(sensitivity, sigma, delta), None);
        }
    }
}
