//! The regularised incomplete beta function, its inverse, and Student's t, which is a beta in disguise.

use crate::saddle::log_binomial_mass;
use crate::solve::invert_log_concave;

/// The probability that a beta variable with shapes `alpha` and `beta` is at most `x`.
///
/// Relative error about 1e-12 where the result is not near 1. NaN unless both shapes are positive.
///
/// # Source
/// NIST DLMF 8.17.22, continued fraction, on the side of the mean where it converges fast (8.17.4).
pub fn beta_regularised(alpha: f64, beta: f64, x: f64) -> f64 {
    incomplete(alpha, beta, x, 1.0 - x).0
}

/// The value below which a beta variable with shapes `alpha` and `beta` falls with probability `p`.
///
/// 0 at `p <= 0`, 1 at `p >= 1`. Increasing in `p` up to rounding; relative error about 1e-12.
///
/// # Source
/// Newton's method on the logarithm of the smaller tail in log-odds; start by Abramowitz and Stegun 26.5.22.
pub fn beta_quantile(alpha: f64, beta: f64, p: f64) -> f64 {
    if !(alpha > 0.0 && beta > 0.0) || p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    logistic(log_odds_quantile(alpha, beta, p, 1.0 - p))
}

/// The probability that Student's t with `df` degrees of freedom is at most `x`.
///
/// # Source
/// Abramowitz and Stegun 26.5.27.
pub fn student_t_cdf(df: f64, x: f64) -> f64 {
    if df > LARGE_DF {
        // The inverse of the expansion of the quantile, to the same order.
        return crate::normal::normal_cdf(x - (x * x * x + x) / (4.0 * df));
    }
    let square = x * x;
    if x.is_nan() || square == f64::INFINITY {
        return if x.is_nan() { x } else { f64::from(u8::from(x > 0.0)) };
    }
    let (outer, inner) = (df / (df + square), square / (df + square));
    let tail = 0.5 * incomplete(0.5 * df, 0.5, outer, inner).0;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Above this Student's t is a normal with the first term of its expansion; the next term is below 1e-13.
const LARGE_DF: f64 = 1e8;

/// The value below which Student's t with `df` degrees of freedom falls with probability `p`.
///
/// # Source
/// As [`student_t_cdf`]; for more than 10^8 degrees of freedom Abramowitz and Stegun 26.7.5, first term.
pub fn student_t_quantile(df: f64, p: f64) -> f64 {
    if df <= 0.0 || df.is_nan() || p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    if p == 0.5 {
        return 0.0;
    }
    if df > LARGE_DF {
        let z = crate::normal::normal_quantile(p);
        return z + (z * z * z + z) / (4.0 * df);
    }
    let tail = p.min(1.0 - p);
    // df / (df + t^2) is beta(df / 2, 1 / 2), so t^2 / df is its odds turned over.
    let log_odds = log_odds_quantile(0.5 * df, 0.5, 2.0 * tail, 1.0 - 2.0 * tail);
    let size = df.sqrt() * libm::exp(-0.5 * log_odds);
    if p < 0.5 { -size } else { size }
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// The log-odds of the quantile with lower probability `p` and upper probability `q`, both positive.
fn log_odds_quantile(alpha: f64, beta: f64, p: f64, q: f64) -> f64 {
    // Near 0 the lower tail is x^a / (a B(a, b)), near 1 the upper one likewise: exact to rounding below e^-37.
    let log_beta = log_beta(alpha, beta);
    let near_zero = (libm::log(p) + libm::log(alpha) + log_beta) / alpha;
    if near_zero < -37.0 - libm::log(1.0 + beta) {
        return near_zero;
    }
    let near_one = (libm::log(q) + libm::log(beta) + log_beta) / beta;
    if near_one < -37.0 - libm::log(1.0 + alpha) {
        return -near_one;
    }
    let start = if alpha >= 1.0 && beta >= 1.0 {
        let z = -crate::normal::normal_quantile(p);
        let (ra, rb) = (1.0 / (2.0 * alpha - 1.0), 1.0 / (2.0 * beta - 1.0));
        let h = 2.0 / (ra + rb);
        let l = (z * z - 3.0) / 6.0;
        let w = z * (l + h).max(0.0).sqrt() / h - (rb - ra) * (l + 5.0 / 6.0 - 2.0 / (3.0 * h));
        libm::log(alpha / beta) - 2.0 * w
    } else if near_zero < -1.0 {
        near_zero
    } else if near_one < -1.0 {
        -near_one
    } else {
        0.0
    };
    invert_log_concave((p, q), start, (-800.0, 800.0), |t| {
        let (x, y) = (logistic(t), logistic(-t));
        let (lower, upper) = incomplete(alpha, beta, x, y);
        let density = libm::exp(log_binomial_mass(alpha, beta, x, y)) * (alpha / (alpha + beta)) * beta;
        (lower, upper, density)
    })
}

fn log_beta(alpha: f64, beta: f64) -> f64 {
    // From x^a y^b / B(a, b) = mass * a b / (a + b) at x = 1/2.
    let n = alpha + beta;
    let mass = log_binomial_mass(alpha, beta, 0.5, 0.5);
    -core::f64::consts::LN_2 * n - mass - libm::log(alpha / n) - libm::log(beta)
}

/// The lower and the upper regularised incomplete beta function at `x = 1 - y`.
pub(crate) fn incomplete(alpha: f64, beta: f64, x: f64, y: f64) -> (f64, f64) {
    if !(alpha > 0.0 && beta > 0.0) || x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let n = alpha + beta;
    let mass = libm::exp(log_binomial_mass(alpha, beta, x, y));
    if x * (n + 2.0) <= alpha + 1.0 {
        let lower = (mass * (beta / n) * fraction(alpha, beta, x)).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (mass * (alpha / n) * fraction(beta, alpha, y)).min(1.0);
        (1.0 - upper, upper)
    }
}

/// The continued fraction by the modified Lentz algorithm; about `sqrt(max(a, b))` rounds, for shapes up to 10^9.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) / (a + 1.0) * x);
    let mut h = d;
    let mut m = 0.0;
    for _ in 0..100_000 {
        m += 1.0;
        let even = m * ((b - m) / (a + 2.0 * m - 1.0)) * (x / (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        h *= d * c;
        let odd = -((a + m) / (a + 2.0 * m)) * ((a + b + m) / (a + 2.0 * m + 1.0)) * x;
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    h
}
