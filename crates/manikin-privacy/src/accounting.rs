//! From zCDP to (ε, δ) and back.
//!
//! Inside, everything is ρ ([`Rho`]); people are shown (ε, δ). One conversion is official: the tight one of Canonne,
//! Kamath and Steinke. Errors of floating point fall on the safe side: a δ or ε shown is never too small, a budget
//! granted never too large.
//!
//! # Proof sketch
//! A ρ-zCDP mechanism has Rényi divergence at most αρ at every order α > 1. For any event, Hölder's inequality at order
//! α bounds what e^ε times the neighbour's probability leaves over by
//! exp((α - 1)(αρ - ε) + α ln(1 - 1/α)) / (α - 1). Every α gives a valid bound; the best is where the derivative of the
//! logarithm, (2α - 1)ρ - ε + ln(1 - 1/α), is zero, and it grows with α, so bisection finds it. An inexact α costs
//! accuracy, never validity.
//!
//! # Source
//! Canonne, Kamath and Steinke 2020, arXiv 2004.00010, Corollary 13 (equation 5).

use crate::Rho;

/// Relative slack on δ that covers the rounding of the few operations behind it: exponents stay below 10⁴, so their
/// error is below 1e-11.
const SLACK: f64 = 1e-11;

/// The smallest δ for which the tight conversion shows that ρ-zCDP implies (ε, δ)-differential privacy, at most 1.
///
/// `epsilon` must not be negative; a negative one or NaN gives 1, which claims nothing.
///
/// ```
/// use manikin_privacy::{Rho, delta_at};
/// let delta = delta_at(Rho::cost(0.0149730577).unwrap(), 1.0);
/// assert!((delta / 1e-9 - 1.0).abs() < 1e-6);
/// ```
pub fn delta_at(rho: Rho, epsilon: f64) -> f64 {
    if epsilon.is_nan() || epsilon < 0.0 {
        return 1.0;
    }
    if rho == Rho::ZERO || epsilon == f64::INFINITY {
        return 0.0;
    }
    let rho = rho.value();
    let (mut low, mut high) = (1.01, (epsilon + 1.0) / (2.0 * rho) + 2.0);
    loop {
        let alpha = low + (high - low) / 2.0;
        if alpha <= low || alpha >= high {
            break;
        }
        if (2.0 * alpha - 1.0) * rho - epsilon + libm::log1p(-1.0 / alpha) < 0.0 {
            low = alpha;
        } else {
            high = alpha;
        }
    }
    let alpha = high;
    let exponent = (alpha - 1.0) * (alpha * rho - epsilon) + alpha * libm::log1p(-1.0 / alpha);
    (libm::exp(exponent) / (alpha - 1.0) * (1.0 + SLACK)).min(1.0)
}

/// The smallest ε shown at `delta` for a loss of ρ; infinite for a `delta` that is not positive (unless nothing was
/// lost) or NaN.
pub fn epsilon_at(rho: Rho, delta: f64) -> f64 {
    if rho == Rho::ZERO {
        return 0.0;
    }
    if delta.is_nan() || delta <= 0.0 {
        return f64::INFINITY;
    }
    if delta_at(rho, 0.0) <= delta {
        return 0.0;
    }
    // The looser classical conversion, ε = ρ + 2 sqrt(ρ ln(1/δ)), is an upper end.
    let rho_value = rho.value();
    let log = -libm::log(delta);
    let (mut low, mut high) = (0.0, rho_value + 2.0 * (rho_value * log.max(0.0)).sqrt() + 1e-9);
    while delta_at(rho, high) > delta {
        high *= 2.0;
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if delta_at(rho, middle) <= delta {
            high = middle;
        } else {
            low = middle;
        }
    }
}

/// The largest ρ that implies (ε, δ)-differential privacy; nothing for parameters that are not positive numbers.
///
/// ```
/// use manikin_privacy::rho_for;
/// assert!((rho_for(1.0, 1e-9).value() - 0.0149730577).abs() < 1e-9);
/// ```
pub fn rho_for(epsilon: f64, delta: f64) -> Rho {
    if !(epsilon > 0.0 && delta > 0.0) {
        return Rho::ZERO;
    }
    let (mut low, mut high) = (Rho::ZERO, Rho::MAX);
    if delta_at(high, epsilon) <= delta {
        return high;
    }
    while let Some(middle) = low.between(high) {
        if delta_at(middle, epsilon) <= delta {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The μ of Gaussian differential privacy that a loss of ρ by Gaussian noise alone would have, sqrt(2ρ): for
/// information and for audits. Nothing is granted on it, since the curve is proved for continuous noise only.
///
/// # Source
/// Dong, Roth and Su 2022, arXiv 1905.02383, Theorem 2.7 and Corollary 3.3.
pub fn gaussian_mu(rho: Rho) -> f64 {
    (2.0 * rho.value()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opendp::combinators::{make_fix_delta, make_zCDP_to_approxDP};
    use opendp::domains::{AtomDomain, VectorDomain};
    use opendp::measurements::make_gaussian;
    use opendp::measures::ZeroConcentratedDivergence;
    use opendp::metrics::L2Distance;
    use proptest::prelude::*;

    fn rho(value: f64) -> Rho {
        Rho::cost(value).unwrap()
    }

    /// Figures from outside this project: the budgets that published comparisons of AIM, MST and SWIFT start from.
    #[test]
    fn budgets_are_the_published_ones() {
        for (epsilon, delta, published, tolerance) in
            [(1.0, 1e-9, 0.014_973_057_7, 1e-10), (1.0, 1e-6, 0.024_356, 5e-7), (10.0, 1e-9, 1.090_79, 5e-6)]
        {
            let found = rho_for(epsilon, delta).value();
            assert!((found - published).abs() <= tolerance, "ε {epsilon}, δ {delta}: {found}, not {published}");
        }
    }

    /// OpenDP's conversion rounds every step outwards; ours has a slack. They agree to 1e-9, relatively.
    #[test]
    fn conversions_agree_with_those_of_opendp() {
        for sigma in [0.5, 1.0, 5.0, 40.0, 1000.0] {
            let measurement = make_gaussian::<_, _, ZeroConcentratedDivergence>(
                VectorDomain::new(AtomDomain::<i64>::default()),
                L2Distance::<i64>::default(),
                sigma,
                None,
            )
            .unwrap();
            let loss = rho(measurement.map(&1).unwrap());
            let curve = make_zCDP_to_approxDP(measurement).unwrap();
            for delta in [1e-3, 1e-6, 1e-9, 1e-12] {
                let theirs = make_fix_delta(&curve, delta).unwrap().map(&1).unwrap().0;
                let ours = epsilon_at(loss, delta);
                // At σ = 1000 the smallest ε is 0 for δ = 1e-3.
                assert!((ours - theirs).abs() <= 1e-7 * theirs.max(1e-3), "σ {sigma}, δ {delta}: {ours}, not {theirs}");
            }
            for epsilon in [0.1, 1.0, 10.0] {
                let theirs = curve.map(&1).unwrap().delta(epsilon).unwrap();
                let ours = delta_at(loss, epsilon);
                if theirs > 1e-300 {
                    assert!((ours / theirs - 1.0).abs() < 1e-6, "σ {sigma}, ε {epsilon}: {ours}, not {theirs}");
                }
            }
        }
    }

    /// The minimum over a dense grid of orders is an oracle: bisection is at most as large, up to the slack.
    #[test]
    fn the_order_found_is_the_best_one() {
        for (loss, epsilon) in [(0.0149730577, 1.0), (0.5, 3.0), (1.09, 10.0), (3.0, 2.0)] {
            let best = (1..200_000)
                .map(|i| 1.01 + f64::from(i) * 0.002)
                .map(|a: f64| libm::exp((a - 1.0) * (a * loss - epsilon) + a * libm::log(1.0 - 1.0 / a)) / (a - 1.0))
                .fold(1.0, f64::min);
            assert!(delta_at(rho(loss), epsilon) <= best * (1.0 + 1e-9));
            assert!(delta_at(rho(loss), epsilon) >= best * (1.0 - 1e-3));
        }
    }

    #[test]
    fn numbers_out_of_range_claim_nothing() {
        assert_eq!(delta_at(rho(0.1), -1.0), 1.0);
        assert_eq!(delta_at(rho(0.1), f64::NAN), 1.0);
        assert_eq!(delta_at(Rho::ZERO, 0.0), 0.0);
        assert_eq!(delta_at(rho(0.1), f64::INFINITY), 0.0);
        assert_eq!(epsilon_at(rho(0.1), 0.0), f64::INFINITY);
        assert_eq!(epsilon_at(rho(0.1), f64::NAN), f64::INFINITY);
        assert_eq!(epsilon_at(Rho::ZERO, 0.0), 0.0);
        for (epsilon, delta) in [(0.0, 1e-9), (1.0, 0.0), (f64::NAN, 1e-9), (1.0, f64::NAN)] {
            assert_eq!(rho_for(epsilon, delta), Rho::ZERO);
        }
        assert!(epsilon_at(Rho::MAX, 1e-9).is_finite());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn delta_falls_with_epsilon_and_rises_with_rho(loss in 1e-5f64..5.0, more in 1.001f64..3.0, epsilon in 0.01f64..20.0) {
            let here = delta_at(rho(loss), epsilon);
            prop_assert!(delta_at(rho(loss), epsilon * more) <= here * (1.0 + 1e-9));
            prop_assert!(delta_at(rho(loss * more), epsilon) >= here * (1.0 - 1e-9));
        }

        #[test]
        fn a_budget_gives_back_its_epsilon(epsilon in 0.01f64..20.0, exponent in 3.0f64..15.0) {
            let delta = libm::pow(10.0, -exponent);
            let budget = rho_for(epsilon, delta);
            prop_assert!(delta_at(budget, epsilon) <= delta);
            let shown = epsilon_at(budget, delta);
            prop_assert!(shown <= epsilon && shown >= epsilon * (1.0 - 1e-6), "{} became {}", epsilon, shown);
        }

        #[test]
        fn the_next_unit_would_be_too_much(epsilon in 0.01f64..20.0, exponent in 3.0f64..15.0) {
            let delta = libm::pow(10.0, -exponent);
            let over = Rho::cost(rho_for(epsilon, delta).value() * (1.0 + 1e-7) + 1e-12).unwrap();
            prop_assert!(delta_at(over, epsilon) > delta);
        }

        #[test]
        fn the_tight_conversion_beats_the_classical_one(loss in 1e-4f64..5.0, exponent in 3.0f64..15.0) {
            let delta = libm::pow(10.0, -exponent);
            let classical = loss + 2.0 * (loss * -libm::log(delta)).sqrt();
            prop_assert!(epsilon_at(rho(loss), delta) < classical + 1e-9);
        }
    }
}
