//! The regularised incomplete gamma functions and their inverse.

use crate::saddle::{deviance, poisson_mass};
use crate::solve::invert_log_concave;

/// The probability that a gamma variable of this shape and scale 1 is at most `x`.
///
/// Relative error about 1e-13 where the result is not near 1. NaN unless `shape > 0`.
///
/// # Source
/// NIST DLMF 8.11.4 (series, `x < shape + 1`), 8.9.2 (continued fraction, otherwise), 8.12 (uniform expansion by
/// Temme, `shape >= 10^5`).
pub fn gamma_p(shape: f64, x: f64) -> f64 {
    incomplete(shape, x).0
}

/// The probability that a gamma variable of this shape and scale 1 exceeds `x`: `1 - gamma_p`, without cancellation.
pub fn gamma_q(shape: f64, x: f64) -> f64 {
    incomplete(shape, x).1
}

/// The value below which a gamma variable of this shape and scale 1 falls with probability `p`.
///
/// 0 at `p <= 0`, infinity at `p >= 1`. Increasing in `p` up to rounding; relative error about 1e-13.
///
/// # Source
/// Newton's method on the logarithm of the smaller tail; start by Wilson and Hilferty, PNAS 17, 1931.
pub fn gamma_quantile(shape: f64, p: f64) -> f64 {
    if shape <= 0.0 || shape.is_nan() || p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    // Near zero P(a, x) = x^a / a! (1 - a x / (a + 1) + ...), so below e^-37 the first term is exact to rounding.
    let log_small = (libm::log(p) + libm::lgamma(shape + 1.0)) / shape;
    if log_small < -37.0 {
        return libm::exp(log_small);
    }
    let z = crate::normal::normal_quantile(p);
    let ninth = 1.0 / (9.0 * shape);
    let cube_root = 1.0 - ninth + z * ninth.sqrt();
    let start = if shape > 0.5 && cube_root > 0.1 { libm::log(shape) + 3.0 * libm::log(cube_root) } else { log_small };
    let log_x = invert_log_concave((p, 1.0 - p), start, (-45.0, 710.0), |log_x| {
        let x = libm::exp(log_x);
        let (lower, upper) = incomplete(shape, x);
        (lower, upper, shape * poisson_mass(shape, x))
    });
    libm::exp(log_x)
}

/// The lower and the upper regularised incomplete gamma function.
fn incomplete(shape: f64, x: f64) -> (f64, f64) {
    if shape <= 0.0 || shape.is_nan() || x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if shape >= 1e5 {
        return uniform_expansion(shape, x);
    }
    let mass = poisson_mass(shape, x);
    if x < shape + 1.0 {
        let lower = (mass * series(shape, x)).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (mass * shape * fraction(shape, x)).min(1.0);
        (1.0 - upper, upper)
    }
}

/// `1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...`
fn series(shape: f64, x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    let mut a = shape;
    // The shape is below 10^5 and x near it at most, so a few thousand terms settle it.
    for _ in 0..100_000 {
        a += 1.0;
        term *= x / a;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The continued fraction of the upper function, by the modified Lentz algorithm.
fn fraction(shape: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / nonzero(b);
    let mut h = d;
    let mut i = 0.0;
    // It converges in about sqrt(shape) rounds, and the shape is below 10^5 here.
    for _ in 0..100_000 {
        i += 1.0;
        let an = -i * (i - shape);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b);
        c = nonzero(b + an / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    h
}

/// Temme's expansion with the terms of order 0, 1 and 2. Where a tail is not 0 in double precision `|eta| < 0.13` for
/// these shapes, so the omitted powers of eta are below 1e-12 of a correction that is itself below 0.002.
fn uniform_expansion(shape: f64, x: f64) -> (f64, f64) {
    let exponent = deviance(shape, x);
    let eta = (2.0 * exponent / shape).sqrt() * if x < shape { -1.0 } else { 1.0 };
    if eta.abs() > 0.15 {
        return if x < shape { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let order = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * eta + c);
    let correction = order(&[
        -1.0 / 3.0,
        1.0 / 12.0,
        -2.0 / 135.0,
        1.0 / 864.0,
        1.0 / 2835.0,
        -139.0 / 777_600.0,
        1.0 / 25_515.0,
        -571.0 / 261_273_600.0,
    ]) + (order(&[-1.0 / 540.0, -1.0 / 288.0, 1.0 / 378.0, -77.0 / 77_760.0])
        + order(&[25.0 / 6048.0, -139.0 / 51_840.0]) / shape)
        / shape;
    let remainder = libm::exp(-exponent) / (core::f64::consts::TAU * shape).sqrt() * correction;
    let root = exponent.sqrt() * if x < shape { -1.0 } else { 1.0 };
    let lower = (0.5 * libm::erfc(-root) - remainder).clamp(0.0, 1.0);
    let upper = (0.5 * libm::erfc(root) + remainder).clamp(0.0, 1.0);
    (lower, upper)
}
