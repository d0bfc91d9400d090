//! Whether synthetic numbers stay within what was really seen.

use super::{each_number, finite, left_out};
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};
use crate::stats::wilson;

/// The share of non-null synthetic values between the least and the greatest real one.
pub const DEFINITION: Definition = Definition {
    name: "boundary_adherence",
    means: "The share of synthetic values within the real range; 1 means none lies outside.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics BoundaryAdherence",
};

/// One score a numeric column; the interval is Wilson's, given the real range.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_number(comparison, |numbers| {
        let (real, synthetic) = match finite(numbers, &DEFINITION) {
            Ok(sides) => sides,
            Err(score) => return vec![*score],
        };
        let (low, high) = (real.values[0], real.values[real.values.len() - 1]);
        // An infinite value is outside any range, so it counts as a value here.
        let n = synthetic.values.len() + synthetic.infinite;
        let inside = synthetic.values.iter().filter(|&&x| low <= x && x <= high).count();
        let level = comparison.settings.level;
        let interval = wilson(inside as u64, n as u64, level).map(|rate| rate.interval(level));
        let method = format!("{}; Wilson interval given the real range", left_out(&real, &synthetic));
        vec![DEFINITION.score(numbers.about.clone(), inside as f64 / n as f64, n, method).with_interval(interval)]
    })
}
