//! Inverting a distribution function whose density is log-concave in the unknown.

/// Finds `t` with lower probability `p` and upper probability `q = 1 - p`.
///
/// `evaluate(t)` gives the lower probability, the upper probability and the density at `t`. Newton's method runs on
/// the logarithm of the smaller tail. When the density is log-concave so are both tails, and Newton's method then
/// converges from any start without overshooting twice; the bracket guards rounding and flat far tails. Log-gamma and
/// log-odds-beta variables are log-concave for every shape, which is why the callers solve for those.
///
/// # Source
/// Log-concavity of distribution functions: Bagnoli and Bergstrom, Log-concave probability and its applications,
/// Economic Theory 26, 2005, theorem 1.
pub(crate) fn invert_log_concave(
    (p, q): (f64, f64),
    start: f64,
    (mut low, mut high): (f64, f64),
    evaluate: impl Fn(f64) -> (f64, f64, f64),
) -> f64 {
    // The step below which Newton's quadratic convergence leaves an error under one unit in the last place.
    const CLOSE: f64 = 1e-10;
    let lower_tail = p <= q;
    let target = if lower_tail { p } else { q };
    let mut t = start.max(low).min(high);
    for _ in 0..200 {
        let (lower, upper, density) = evaluate(t);
        let tail = if lower_tail { lower } else { upper };
        let excess = (tail - target) / target;
        if excess == 0.0 {
            return t;
        }
        if (excess < 0.0) == lower_tail {
            low = t;
        } else {
            high = t;
        }
        let log_ratio = if excess.abs() < 0.5 { libm::log1p(excess) } else { libm::log(tail / target) };
        let step = log_ratio * tail / density;
        let newton = if lower_tail { t - step } else { t + step };
        if step.abs() <= CLOSE {
            return newton;
        }
        // Written so that a NaN step (density 0) also takes the bisection.
        let next = if newton > low && newton < high { newton } else { low + 0.5 * (high - low) };
        if next == t || high - low <= f64::EPSILON * t.abs() {
            return next;
        }
        t = next;
    }
    t
}
