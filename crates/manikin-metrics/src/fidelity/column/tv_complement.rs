//! How close two distributions of categories are.

use super::each_code;
use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Tally;
use crate::score::{Definition, Direction, Score};
use crate::table::NULL_CODE;

/// 1 - half the sum over categories of |p_real - p_synthetic|, null being a category.
///
/// SDMetrics puts a small positive count where the real data has none of a category, which moves its value by about
/// 1e-7; here the definition stands as it is.
pub const DEFINITION: Definition = Definition {
    name: "tv_complement",
    means: "The share of records whose category both sides agree on in number; 1 is the same distribution.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics TVComplement; total variation distance",
};

/// One score a column of codes, over all its categories however many.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_code(comparison, |codes| {
        let method = format!("every category, null as one of them; {}", comparison.interval_method());
        let n = codes.real.len() + codes.synthetic.len();
        let cell =
            |&code: &u32| Some(if code == NULL_CODE { codes.domain + 1 } else { (code as usize).min(codes.domain) });
        let tally =
            Tally::of(comparison, codes.domain + 2, codes.real.iter().map(cell), codes.synthetic.iter().map(cell));
        match tally.total_variation() {
            Some(mut estimate) => {
                estimate.complement();
                DEFINITION
                    .score(codes.about.clone(), estimate.value, n, method)
                    .with_interval(estimate.interval(comparison.settings.level))
                    .with_benchmark(Some(1.0 - tally.expected_variation()))
            }
            None => DEFINITION.incomplete(codes.about.clone(), n, method, "one side has no rows"),
        }
    })
}
