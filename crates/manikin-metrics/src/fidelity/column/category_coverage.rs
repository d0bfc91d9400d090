//! Whether every real category is there in the synthetic data.

use super::category_adherence::seen;
use super::each_code;
use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};

/// The share of the real categories that occur in the synthetic data.
pub const DEFINITION: Definition = Definition {
    name: "category_coverage",
    means: "The share of real categories that occur; 1 is all of them. Covering categories of very few patients is a \
            risk, not a merit.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CategoryCoverage",
};

/// One score a column of codes, nulls left out; n is the number of real categories.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_code(comparison, |codes| {
        let (real, synthetic) = (seen(codes.real, codes.domain), seen(codes.synthetic, codes.domain));
        let n = real.iter().filter(|&&there| there).count();
        let method = "nulls left out; n counts real categories";
        if n == 0 {
            let reason = "no real value is there: the column is empty or null throughout";
            return DEFINITION.incomplete(codes.about.clone(), n, method, reason);
        }
        let both = real.iter().zip(&synthetic).filter(|&(&a, &b)| a && b).count();
        DEFINITION.score(codes.about.clone(), both as f64 / n as f64, n, method)
    })
}
