//! Intervals around a proportion.

use manikin_random::{beta_quantile, normal_quantile};

use crate::score::Interval;

/// The two-sided exact interval for `hits` of `n` at `level`, such as 0.95.
///
/// `None` when `n` is 0, `hits` exceeds `n`, or the level is not strictly between 0 and 1.
///
/// # Source
/// Clopper and Pearson, Biometrika 26(4), 1934; as quantiles of the beta distribution.
#[must_use]
pub fn clopper_pearson(hits: u64, n: u64, level: f64) -> Option<Interval> {
    let side = 1.0 - 0.5 * (1.0 - level);
    let low = clopper_pearson_lower(hits, n, side)?;
    let high = clopper_pearson_upper(hits, n, side)?;
    Some(Interval { low, high, level })
}

/// The one-sided exact lower bound for `hits` of `n`: at `confidence`, the proportion is at least this.
#[must_use]
pub fn clopper_pearson_lower(hits: u64, n: u64, confidence: f64) -> Option<f64> {
    check(hits, n, confidence)?;
    Some(if hits == 0 { 0.0 } else { beta_quantile(hits as f64, (n - hits) as f64 + 1.0, 1.0 - confidence) })
}

/// The one-sided exact upper bound for `hits` of `n`: at `confidence`, the proportion is at most this.
///
/// Zero hits in `n` bound the proportion only at about 3/n for 95 %.
#[must_use]
pub fn clopper_pearson_upper(hits: u64, n: u64, confidence: f64) -> Option<f64> {
    check(hits, n, confidence)?;
    Some(if hits == n { 1.0 } else { beta_quantile(hits as f64 + 1.0, (n - hits) as f64, confidence) })
}

/// Wilson's estimate of a proportion: the middle of his interval and half its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WilsonRate {
    /// The middle, (s + z²/2) / (n + z²).
    pub rate: f64,
    /// Half the width, z / (n + z²) · sqrt(s (n - s) / n + z² / 4).
    pub error: f64,
}

impl WilsonRate {
    /// The interval, cut to [0, 1].
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        Interval { low: (self.rate - self.error).max(0.0), high: (self.rate + self.error).min(1.0), level }
    }
}

/// Wilson's score interval for `hits` of `n` at `level`; a level of 0 gives the plain proportion with no width.
///
/// `None` when `n` is 0, `hits` exceeds `n`, or the level is not in [0, 1).
///
/// # Source
/// Wilson, Journal of the American Statistical Association 22, 1927.
#[must_use]
pub fn wilson(hits: u64, n: u64, level: f64) -> Option<WilsonRate> {
    if n == 0 || hits > n || !(0.0..1.0).contains(&level) {
        return None;
    }
    let z = normal_quantile(0.5 * (1.0 + level));
    let (s, n) = (hits as f64, n as f64);
    let rate = (s + 0.5 * z * z) / (n + z * z);
    let error = z / (n + z * z) * (s * (n - s) / n + 0.25 * z * z).sqrt();
    Some(WilsonRate { rate, error })
}

fn check(hits: u64, n: u64, confidence: f64) -> Option<()> {
    (n > 0 && hits <= n && confidence > 0.0 && confidence < 1.0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, DiscreteCDF};

    #[test]
    fn the_exact_bounds_leave_exactly_the_tails_they_promise() {
        for (hits, n) in [(1, 10), (3, 8), (5, 500), (40, 500), (499, 500), (145, 16_281)] {
            let interval = clopper_pearson(hits, n, 0.95).expect("a proportion");
            // P(X >= hits | low) = P(X <= hits | high) = 2.5 %.
            let above = 1.0 - Binomial::new(interval.low, n).expect("binomial").cdf(hits - 1);
            let below = Binomial::new(interval.high, n).expect("binomial").cdf(hits);
            assert!((above - 0.025).abs() < 1e-9, "{hits} of {n}: {above}");
            assert!((below - 0.025).abs() < 1e-9, "{hits} of {n}: {below}");
        }
    }

    #[test]
    fn no_hits_bound_the_rate_at_about_three_over_n() {
        let bound = clopper_pearson_upper(0, 1000, 0.95).expect("a proportion");
        assert!((bound - 0.002_991).abs() < 1e-5, "{bound}");
        assert_eq!(clopper_pearson_lower(0, 1000, 0.95), Some(0.0));
        assert_eq!(clopper_pearson_upper(7, 7, 0.95), Some(1.0));
    }

    #[test]
    fn wilson_agrees_with_anonymeter() {
        let zero = wilson(0, 1000, 0.95).expect("a proportion");
        assert!((zero.rate - 0.001_913_379_242_777_561_7).abs() < 1e-12);
        assert!((zero.error - 0.001_913_379_242_777_561_7).abs() < 1e-12);
        assert_eq!(wilson(1, 4, 0.0), Some(WilsonRate { rate: 0.25, error: 0.0 }));
    }

    #[test]
    fn impossible_arguments_have_no_interval() {
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
        assert_eq!(clopper_pearson(1, 2, 1.0), None);
        assert_eq!(clopper_pearson(1, 2, f64::NAN), None);
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(wilson(1, 2, f64::NAN), None);
    }
}
