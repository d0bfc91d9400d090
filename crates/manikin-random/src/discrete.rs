//! Quantiles of counts: the smallest whole number whose cumulative probability reaches the draw.

use crate::beta::incomplete;
use crate::gamma::gamma_q;
use crate::normal::normal_quantile;
use crate::saddle::{log_binomial_mass, poisson_mass};

/// Means below this are searched from zero, one multiplication and one division a step.
const SEARCH_FROM_ZERO: f64 = 20.0;

pub(crate) fn poisson_cdf(mean: f64, k: f64) -> f64 {
    if k < 0.0 { 0.0 } else { gamma_q(k.floor() + 1.0, mean) }
}

#[inline]
pub(crate) fn poisson_quantile(mean: f64, u: f64) -> f64 {
    if mean < SEARCH_FROM_ZERO {
        return climb(u, libm::exp(-mean), |k| mean / k);
    }
    let sd = mean.sqrt();
    invert(u, guess(u, mean, sd, 1.0 / sd), f64::INFINITY, |k| poisson_cdf(mean, k), |k| poisson_mass(k, mean))
}

/// `size` is `1 / dispersion`.
pub(crate) fn negative_binomial_cdf(mean: f64, size: f64, k: f64) -> f64 {
    if k < 0.0 {
        return 0.0;
    }
    incomplete(size, k.floor() + 1.0, size / (size + mean), mean / (size + mean)).0
}

pub(crate) fn negative_binomial_quantile(mean: f64, size: f64, u: f64) -> f64 {
    let (p, q) = (size / (size + mean), mean / (size + mean));
    // A tail is about 40 / p long; a very long one is not climbed step by step.
    if mean < SEARCH_FROM_ZERO && p > 1e-3 {
        return climb(u, libm::exp(-size * libm::log1p(mean / size)), |k| (k - 1.0 + size) / k * q);
    }
    let sd = (mean / p).sqrt();
    let mass = |k: f64| libm::exp(log_binomial_mass(size, k, p, q)) * (size / (size + k));
    invert(
        u,
        guess(u, mean, sd, (1.0 + q) / (size * q).sqrt()),
        f64::INFINITY,
        |k| negative_binomial_cdf(mean, size, k),
        mass,
    )
}

pub(crate) fn binomial_cdf(n: f64, p: f64, k: f64) -> f64 {
    let k = k.floor();
    if k < 0.0 {
        0.0
    } else if k >= n {
        1.0
    } else {
        incomplete(k + 1.0, n - k, p, 1.0 - p).1
    }
}

pub(crate) fn binomial_quantile(n: f64, p: f64, u: f64) -> f64 {
    if p <= 0.0 || n <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    let q = 1.0 - p;
    if n * p < SEARCH_FROM_ZERO {
        let odds = p / q;
        return climb(u, libm::exp(n * libm::log1p(-p)), |k| (n - k + 1.0) / k * odds).min(n);
    }
    if n * q < SEARCH_FROM_ZERO {
        // Failures are searched instead: the quantile is n minus theirs at 1 - u.
        let odds = q / p;
        return n - climb(1.0 - u, libm::exp(n * libm::log(p)), |k| (n - k + 1.0) / k * odds).min(n);
    }
    let sd = (n * p * q).sqrt();
    let mass = |k: f64| libm::exp(log_binomial_mass(k, n - k, p, q));
    invert(u, guess(u, n * p, sd, (q - p) / sd), n, |k| binomial_cdf(n, p, k), mass)
}

/// Adds masses from zero until they reach `u`; `ratio(k)` is the mass at `k` over the mass at `k - 1`.
#[inline]
fn climb(u: f64, at_zero: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let mut mass = at_zero;
    let mut sum = mass;
    let mut k = 0.0;
    while sum < u {
        k += 1.0;
        mass *= ratio(k);
        let next = sum + mass;
        // In the last 1e-16 of probability the sum stops growing: no draw can tell larger counts apart.
        if next == sum {
            break;
        }
        sum = next;
    }
    k
}

/// The Cornish-Fisher approximation with the skewness term.
fn guess(u: f64, mean: f64, sd: f64, skewness: f64) -> f64 {
    let z = normal_quantile(u);
    (mean + sd * (z + (z * z - 1.0) * skewness / 6.0)).floor()
}

/// Newton steps between a falling upper and a rising lower bracket, until they are neighbours.
fn invert(u: f64, start: f64, max: f64, cdf: impl Fn(f64) -> f64, mass: impl Fn(f64) -> f64) -> f64 {
    let (mut below, mut reaching) = (-1.0, max);
    let mut k = start.max(0.0).min(max);
    for _ in 0..300 {
        let reached = cdf(k);
        if reached >= u {
            reaching = k;
        } else {
            below = k;
        }
        if reaching - below <= 1.0 {
            break;
        }
        let step = (u - reached) / mass(k);
        let next = if reached >= u { (k + step).floor().min(k - 1.0) } else { (k + step).ceil().max(k + 1.0) };
        // A NaN or a step out of the bracket takes the middle instead.
        k = if next > below && next < reaching {
            next
        } else if reaching == f64::INFINITY {
            2.0 * k + 10.0
        } else {
            (below + 0.5 * (reaching - below)).floor().max(below + 1.0)
        };
    }
    reaching
}
