//! How many records it takes before a figure can say that something is harmless.

use manikin_random::normal_quantile;

use crate::score::{Falls, Harmless, Interval, Score, Status};
use crate::stats::{clopper_pearson, clopper_pearson_upper};

/// How many cases a rate of `alpha` must be expected to show before it is read.
///
/// # Source
/// `evaluation.md`, protocol 6: fewer than 10/α cases are under-powered.
pub(crate) const CASES: f64 = 10.0;

/// The fewest records at which an observed rate of `rate` has an upper bound of at most `limit`; `None` when no number
/// of them is enough.
///
/// A limit that is itself no larger than the rate of harmless data cannot be met. With `rate` 0 the answer is about
/// 3.7/`limit` for the upper end of a 95 % interval.
#[must_use]
pub fn records_needed(rate: f64, limit: f64, level: f64) -> Option<u64> {
    let meets = |n: u64| {
        let hits = libm::ceil(rate * n as f64 - 1e-9).max(0.0) as u64;
        clopper_pearson_upper(hits, n, 0.5 * (1.0 + level)).is_some_and(|bound| bound <= limit)
    };
    // Doubling, then halving; whole hits make the bound a little uneven, so the answer holds to a few records.
    let mut high = (1..62).map(|power| 1u64 << power).find(|&n| meets(n))?;
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if meets(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Marks a score whose figure stands but says too little, and how many records would say enough.
pub(crate) fn underpowered(mut score: Score, needed: f64, reason: String) -> Score {
    if score.is_computed() {
        score.needed_n = (needed.is_finite() && needed > score.n as f64).then(|| libm::ceil(needed) as u64);
        score.status = Status::Incomplete(reason);
    }
    score
}

/// An interval from its ends.
pub(crate) fn interval(low: f64, high: f64, level: f64) -> Option<Interval> {
    (low.is_finite() && high.is_finite()).then_some(Interval { low, high, level })
}

/// The interval of `a - factor · b`, two rates with intervals of their own.
///
/// # Source
/// MOVER: Zou and Donner, Statistics in Medicine 27, 2008 (Newcombe's method 10 with other limits).
pub(crate) fn difference(a: (f64, Interval), b: (f64, Interval), factor: f64) -> Interval {
    let value = a.0 - factor * b.0;
    let square = |x: f64| x * x;
    let low = value - (square(a.0 - a.1.low) + square(factor * (b.1.high - b.0))).sqrt();
    let high = value + (square(a.1.high - a.0) + square(factor * (b.0 - b.1.low))).sqrt();
    Interval { low, high, level: a.1.level }
}

/// The share of faultless datasets that stay within what is called harmless.
///
/// ASSUMED: of a hundred clean releases one may go beyond it, so that a profile of a dozen limits seldom stops one.
pub(crate) const CLEAN: f64 = 0.99;

/// What data that repeat train no more than holdout may show, where there are so many `hits` in `n` on train and on
/// holdout, and `factor` times those of holdout are expected on train: an excess of nothing, its chance error, and its
/// interval.
///
/// Both counts say how many there are by chance. That of holdout alone is small just when the excess is large by luck:
/// of clean thirds of Adult, where 6 rows of each repeat those of another, it called 1.9 % harmful, and both together .4 %.
pub(crate) fn harmless_excess(hits: [u64; 2], n: usize, factor: f64, level: f64) -> Option<Harmless> {
    let records = n as f64;
    let hits = libm::ceil((hits[0] + hits[1]) as f64 / (1.0 + factor)).min(records) as u64;
    let rate = hits as f64 / records;
    let likely = libm::round(factor * hits as f64).min(records) as u64;
    let train = (likely as f64 / records, clopper_pearson(likely, n as u64, level)?);
    let apart = difference(train, (rate, clopper_pearson(hits, n as u64, level)?), factor);
    let half = apart.high - (train.0 - factor * rate);
    let luck = normal_quantile(CLEAN) * ((factor + factor * factor) * rate * (1.0 - rate) / records).sqrt();
    let falls = if hits == 0 { Falls::WithCount } else { Falls::WithRoot };
    Some(Harmless { value: luck, end: luck + half, settles: 0.0, falls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hits_bound_a_rate_at_about_three_over_n() {
        // 0.05 two-sided leaves 0.025 above: n = ln(0.025)/ln(0.999) = 3687.1.
        assert_eq!(records_needed(0.0, 0.001, 0.95), Some(3688));
        assert_eq!(records_needed(0.01, 0.01, 0.95), None);
        assert!(records_needed(0.01, 0.02, 0.95).is_some_and(|n| (400..900).contains(&n)));
    }
}
