//! Whether values are as often missing as they really are.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Tally;
use crate::score::{Definition, Direction, Score};

/// 1 - |share of nulls in real - share of nulls in synthetic|.
pub const DEFINITION: Definition = Definition {
    name: "missing_value_similarity",
    means: "How close the shares of missing values are; 1 is the same share.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics MissingValueSimilarity",
};

/// One score a column.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    (0..comparison.width())
        .into_par_iter()
        .map(|c| {
            let (real, synthetic) =
                (&comparison.real.table.columns[c].values, &comparison.synthetic.table.columns[c].values);
            let cells = |values: &'_ crate::table::Values| {
                (0..values.len()).map(|row| Some(usize::from(values.is_null(row)))).collect::<Vec<_>>()
            };
            let tally = Tally::of(comparison, 2, cells(real).into_iter(), cells(synthetic).into_iter());
            let rate = |counts: &[u32]| f64::from(counts[1]) / (f64::from(counts[0]) + f64::from(counts[1]));
            let (about, n, method) = (vec![comparison.name(c)], comparison.rows(), comparison.interval_method());
            match tally.estimate(|a, b| 1.0 - (rate(a) - rate(b)).abs()) {
                Some(estimate) => DEFINITION
                    .score(about, estimate.value, n, method)
                    .with_interval(estimate.interval(comparison.settings.level))
                    .with_benchmark(Some(1.0 - tally.expected_variation())),
                None => DEFINITION.incomplete(about, n, method, "one side has no rows"),
            }
        })
        .collect()
}
