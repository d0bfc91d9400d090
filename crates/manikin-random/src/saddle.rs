//! Binomial and Poisson probabilities without cancellation, for whole and real counts.
//!
//! A difference of log-gammas loses all its digits when counts are large (at 10^12 the absolute error is near 0.004).
//! Loader's saddle-point form keeps about 14 digits at any size; the hypergeometric sampler and the prefactors of the
//! incomplete gamma and beta functions rest on it.
//!
//! # Source
//! Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.

const LN_TAU: f64 = 1.837_877_066_409_345_3;
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// The error of Stirling's formula: `ln z! - (z + 1/2) ln z + z - ln(2 pi) / 2`, for `z > 0`.
fn stirling_error(z: f64) -> f64 {
    if z <= 15.0 {
        return libm::lgamma(z + 1.0) - (z + 0.5) * libm::log(z) + z - HALF_LN_TAU;
    }
    let r = 1.0 / (z * z);
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360_360.0 * r) * r) * r) * r) * r)
        / z
}

/// The deviance `x ln(x / mean) + mean - x`, without cancellation where `x` is near `mean`; both positive.
pub(crate) fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    let v = difference / (x + mean);
    let v2 = v * v;
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    let mut j = 1.0;
    // At most |v| = 0.1, so 20 terms are plenty; the bound is for infinities, whose sum never settles.
    for _ in 0..100 {
        term *= v2;
        j += 2.0;
        let next = sum + term / j;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `mean^x e^-mean / x!` for real `x >= 0` and `mean > 0`.
pub(crate) fn poisson_mass(x: f64, mean: f64) -> f64 {
    if x < 1.0 || mean < 1e-290 {
        return libm::exp(x * libm::log(mean) - mean - libm::lgamma(x + 1.0));
    }
    libm::exp(-stirling_error(x) - deviance(x, mean) - 0.5 * (LN_TAU + libm::log(x)))
}

/// The logarithm of `n! / (x! y!) p^x q^y` with `n = x + y`, for real `x, y >= 0` and `p + q = 1`, both positive.
pub(crate) fn log_binomial_mass(x: f64, y: f64, p: f64, q: f64) -> f64 {
    let log_share = |share: f64, other: f64| {
        if other < 0.5 { libm::log1p(-other) } else { libm::log(share) }
    };
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { y * log_share(q, p) } else { x * log_share(p, q) } * if x + y == 0.0 { 0.0 } else { 1.0 };
    }
    let n = x + y;
    let (small, large) = if x < y { (x, y) } else { (y, x) };
    stirling_error(n)
        - stirling_error(x)
        - stirling_error(y)
        - deviance(x, n * p)
        - deviance(y, n * q)
        - 0.5 * (LN_TAU + libm::log(small) + libm::log(large / n))
}
