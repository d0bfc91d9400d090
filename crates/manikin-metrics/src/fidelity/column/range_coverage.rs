//! Whether synthetic numbers reach the ends of what was really seen.

use super::{each_number, finite, left_out, total};
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};

/// 1 less the uncovered share of the real range at its lower and its upper end.
pub const DEFINITION: Definition = Definition {
    name: "range_coverage",
    means: "The share of the real range that synthetic values span; 1 is all of it. Full coverage copies the extremes' \
            scale, so it is no goal for identifying outliers.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics RangeCoverage",
};

/// One score a numeric column; without interval, since extremes cannot be resampled.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_number(comparison, |numbers| {
        let (real, synthetic) = match finite(numbers, &DEFINITION) {
            Ok(sides) => sides,
            Err(score) => return vec![*score],
        };
        let (n, method) = (total(&real, &synthetic), left_out(&real, &synthetic));
        let ends = |values: &[f64]| (values[0], values[values.len() - 1]);
        let ((low, high), (from, to)) = (ends(&real.values), ends(&synthetic.values));
        if low == high {
            let reason = "all real values are equal, so there is no range to cover";
            return vec![DEFINITION.incomplete(numbers.about.clone(), n, method, reason)];
        }
        // Halves first, so that huge ranges do not overflow.
        let span = high / 2.0 - low / 2.0;
        let missed_low = ((from / 2.0 - low / 2.0) / span).max(0.0);
        let missed_high = ((high / 2.0 - to / 2.0) / span).max(0.0);
        let value = (1.0 - missed_low - missed_high).max(0.0);
        vec![DEFINITION.score(numbers.about.clone(), value, n, method)]
    })
}
