//! How close the joint distribution of two columns is.

use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal::{self, Marginal};
use crate::score::{Definition, Direction, Score};

/// 1 - half the sum of |difference| over the joint table of two columns.
///
/// Numbers are cut at quantiles of the real data on both sides alike, and nulls are a cell of their own. SDMetrics cuts
/// each side by its own range, where one outlier takes a pair from .99995 to .10175; that value is not reproduced.
pub const DEFINITION: Definition = Definition {
    name: "contingency_similarity",
    means: "How close two columns' joint distribution is; 1 is the same. The benchmark is what sampling noise allows.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics ContingencySimilarity, with one set of bin edges for both sides",
};

/// One score a pair of columns.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    scores(comparison, comparison.pairs())
}

/// One score for each pair of a column of `left` and one of `right`: for columns that a join put side by side.
#[must_use]
pub fn across(comparison: &Comparison<'_>, left: &[usize], right: &[usize]) -> Vec<Score> {
    let inside = |&c: &usize| c < comparison.width();
    let pairs = left
        .iter()
        .copied()
        .filter(inside)
        .flat_map(|a| right.iter().copied().filter(inside).filter(move |&b| b != a).map(move |b| vec![a, b]));
    let pairs: Vec<Vec<usize>> = pairs.collect();
    scores(comparison, &marginal::compare(comparison, &pairs, None))
}

fn scores(comparison: &Comparison<'_>, marginals: &[Marginal]) -> Vec<Score> {
    let method = format!("shared quantile cells, nulls apart; {}", comparison.interval_method());
    let score = |m: &Marginal| {
        let about = m.columns.iter().map(|&c| comparison.name(c)).collect();
        match &m.accuracy {
            Some(estimate) => DEFINITION
                .score(about, estimate.value, m.rows, method.clone())
                .with_interval(estimate.interval(comparison.settings.level))
                .with_benchmark(Some(m.ceiling)),
            None => DEFINITION.incomplete(about, m.rows, method.clone(), "one side has no rows"),
        }
    };
    marginals.iter().map(score).collect()
}
