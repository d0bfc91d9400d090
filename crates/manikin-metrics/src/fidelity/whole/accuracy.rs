//! Accuracy of one, two and three columns, beside the ceiling that sampling noise leaves.

use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal::{self, Marginal};
use crate::score::{Definition, Direction, Score};

/// 1 - total variation distance over shared cells, averaged over sets of columns.
///
/// mostlyai-qa cuts at quantiles of the real data too; here values beyond the real range have cells of their own.
pub const DEFINITION: Definition = Definition {
    name: "accuracy",
    means: "How close distributions of one, two or three columns are on average; the benchmark is what sampling noise \
            allows at this size. Good is near the benchmark; above it is suspiciously close.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "mostlyai-qa accuracy; Platzer and Reutterer, Frontiers in Big Data 4, 2021",
};

/// The worst sets of three columns that have a score of their own.
const WORST: usize = 10;

/// A mean over columns, pairs and triples; a score for each column; a score for each of the ten worst triples.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let ones = marginal::compare(comparison, &marginal::sets_of_one(comparison.width()), None);
    let (pairs, triples) = (comparison.pairs(), comparison.triples());
    let mut scores = vec![
        overall(comparison, "univariate", &ones, ones.len()),
        overall(comparison, "bivariate", pairs, pairs.len()),
        overall(comparison, "trivariate", triples, choose_three(comparison.width())),
    ];
    scores.extend(ones.iter().map(|m| single(comparison, m)));
    let mut worst: Vec<&Marginal> = triples.iter().filter(|m| m.accuracy.is_some()).collect();
    let value = |m: &Marginal| m.accuracy.as_ref().map_or(0.0, |estimate| estimate.value) - m.ceiling;
    worst.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.columns.cmp(&b.columns)));
    scores.extend(worst.into_iter().take(WORST).map(|m| single(comparison, m)));
    scores
}

/// The number of sets of three columns.
pub(crate) fn choose_three(width: usize) -> usize {
    width * width.saturating_sub(1) * width.saturating_sub(2) / 6
}

fn overall(comparison: &Comparison<'_>, order: &str, marginals: &[Marginal], of: usize) -> Score {
    let (about, n) = (vec![order.to_owned()], comparison.rows());
    let sets = if marginals.len() < of {
        format!("{} of {of} sets sampled", marginals.len())
    } else {
        format!("all {of} sets")
    };
    let method = format!("mean over {sets} of columns, shared quantile cells; {}", comparison.interval_method());
    match marginal::mean(marginals) {
        Some((estimate, ceiling)) => DEFINITION
            .score(about, estimate.value, n, method)
            .with_interval(estimate.interval(comparison.settings.level))
            .with_benchmark(Some(ceiling)),
        None => DEFINITION.incomplete(about, n, method, "too few columns, or one side has no rows"),
    }
}

fn single(comparison: &Comparison<'_>, m: &Marginal) -> Score {
    let about = m.columns.iter().map(|&c| comparison.name(c)).collect();
    let method = format!("shared quantile cells, nulls apart; {}", comparison.interval_method());
    match &m.accuracy {
        Some(estimate) => DEFINITION
            .score(about, estimate.value, m.rows, method)
            .with_interval(estimate.interval(comparison.settings.level))
            .with_benchmark(Some(m.ceiling)),
        None => DEFINITION.incomplete(about, m.rows, method, "one side has no rows"),
    }
}
