//! How close the correlation of two numeric columns is.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{Resamples, average_ranks, moments, pearson};
use crate::table::{Table, Values};

/// 1 - |correlation in real - correlation in synthetic| / 2, over rows where both values are finite.
pub const DEFINITION: Definition = Definition {
    name: "correlation_similarity",
    means: "How close two columns' correlation is; 1 is the same, 0 the opposite.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics CorrelationSimilarity",
};

/// Which correlation is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coefficient {
    /// Pearson's product-moment correlation.
    Pearson,
    /// Spearman's rank correlation, ties at their mean rank.
    Spearman,
}

/// Two scores a pair of numeric columns: Pearson's and Spearman's.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let all: Vec<usize> = (0..comparison.width()).collect();
    let pairs = all.iter().flat_map(|&a| all.iter().filter(move |&&b| b > a).map(move |&b| (a, b)));
    scores(comparison, pairs.collect())
}

/// Two scores for each pair of a numeric column of `left` and one of `right`: for columns that a join put side by side.
#[must_use]
pub fn across(comparison: &Comparison<'_>, left: &[usize], right: &[usize]) -> Vec<Score> {
    let inside = |&c: &usize| c < comparison.width();
    let pairs = left
        .iter()
        .copied()
        .filter(inside)
        .flat_map(|a| right.iter().copied().filter(inside).filter(move |&b| b != a).map(move |b| (a, b)));
    scores(comparison, pairs.collect())
}

fn scores(comparison: &Comparison<'_>, mut pairs: Vec<(usize, usize)>) -> Vec<Score> {
    comparison.draws();
    pairs.retain(|&(a, b)| [a, b].iter().all(|&c| numbers(comparison.real.table, c).is_some()));
    let sides = [comparison.real.table, comparison.synthetic.table];
    let ranks: Vec<[Option<Vec<f64>>; 2]> = (0..comparison.width())
        .into_par_iter()
        .map(|c| {
            // Ranks of a complete column serve all its pairs; otherwise each pair has complete cases of its own.
            sides.map(|table| {
                let values = numbers(table, c)?;
                let needed = pairs.iter().any(|&(a, b)| a == c || b == c);
                (needed && values.iter().all(|x| x.is_finite())).then(|| average_ranks(values))
            })
        })
        .collect();
    let scores: Vec<[Score; 2]> = pairs
        .into_par_iter()
        .map(|(a, b)| [Coefficient::Pearson, Coefficient::Spearman].map(|c| one(comparison, (a, b), c, &ranks)))
        .collect();
    scores.concat()
}

fn numbers(table: &Table, column: usize) -> Option<&[f64]> {
    match &table.columns[column].values {
        Values::Numbers(numbers) => Some(numbers),
        Values::Codes { .. } => None,
    }
}

/// Complete cases of two columns on one side: their values or ranks, and their rows.
struct Cases {
    a: Vec<f64>,
    b: Vec<f64>,
    rows: Vec<u32>,
}

impl Cases {
    fn of(table: &Table, (a, b): (usize, usize), rank: bool, ranks: [&Option<Vec<f64>>; 2]) -> Option<Self> {
        let (x, y) = (numbers(table, a)?, numbers(table, b)?);
        let rows: Vec<u32> = (0u32..)
            .zip(x.iter().zip(y))
            .filter(|(_, (x, y))| x.is_finite() && y.is_finite())
            .map(|(r, _)| r)
            .collect();
        if let (true, [Some(a), Some(b)]) = (rank, ranks) {
            return Some(Self { a: a.clone(), b: b.clone(), rows });
        }
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<_>>();
        let (x, y) = (pick(x), pick(y));
        Some(if rank { Self { a: average_ranks(&x), b: average_ranks(&y), rows } } else { Self { a: x, b: y, rows } })
    }

    /// The correlation in each replicate, ranks being held as they are in the data.
    fn replicates(&self, draws: &Resamples, width: usize) -> Option<Vec<f64>> {
        let (ma, mb) = (moments(&self.a)?, moments(&self.b)?);
        let mut sums = [(); 6].map(|()| vec![0.0; width]);
        for (i, &row) in self.rows.iter().enumerate() {
            let (x, y) = (self.a[i] / ma.sd - ma.mean / ma.sd, self.b[i] / mb.sd - mb.mean / mb.sd);
            let terms = [1.0, x, y, x * x, y * y, x * y];
            let weights = draws.weights(row as usize);
            for (sum, term) in sums.iter_mut().zip(terms) {
                for (s, &w) in sum.iter_mut().zip(weights) {
                    *s += f64::from(w) * term;
                }
            }
        }
        let [n, x, y, xx, yy, xy] = sums;
        let correlation = |r: usize| {
            let (mx, my) = (x[r] / n[r], y[r] / n[r]);
            (xy[r] / n[r] - mx * my) / ((xx[r] / n[r] - mx * mx) * (yy[r] / n[r] - my * my)).sqrt()
        };
        Some((0..width).map(correlation).collect())
    }
}

fn one(
    comparison: &Comparison<'_>,
    (a, b): (usize, usize),
    coefficient: Coefficient,
    ranks: &[[Option<Vec<f64>>; 2]],
) -> Score {
    let (rank, name) = match coefficient {
        Coefficient::Pearson => (false, "pearson"),
        Coefficient::Spearman => (true, "spearman"),
    };
    let about = vec![comparison.name(a), comparison.name(b), name.into()];
    let side = |table, side: usize| Cases::of(table, (a, b), rank, [&ranks[a][side], &ranks[b][side]]);
    let (Some(real), Some(synthetic)) = (side(comparison.real.table, 0), side(comparison.synthetic.table, 1)) else {
        return DEFINITION.incomplete(about, 0, name, "a column holds no numbers");
    };
    let n = real.rows.len() + synthetic.rows.len();
    let found = [("real", pearson(&real.a, &real.b)), ("synthetic", pearson(&synthetic.a, &synthetic.b))];
    let [(_, Some(in_real)), (_, Some(in_synthetic))] = found else {
        let side = if found[0].1.is_none() { found[0].0 } else { found[1].0 };
        let reason =
            format!("the {side} rows have no correlation: a column is constant or too few rows hold both values");
        return DEFINITION.incomplete(about, n, name, reason);
    };
    let similarity = |real: f64, synthetic: f64| 1.0 - 0.5 * (real - synthetic).abs();
    let width = comparison.replicates();
    let (real_draws, synthetic_draws) = comparison.draws();
    let replicates = real.replicates(real_draws, width).zip(synthetic.replicates(synthetic_draws, width));
    let replicates = replicates.map(|(r, s)| r.iter().zip(&s).map(|(&r, &s)| similarity(r, s)).collect());
    let estimate = Estimate { value: similarity(in_real, in_synthetic), replicates: replicates.unwrap_or_default() };
    let method =
        format!("{name}: {in_real:.4} in real, {in_synthetic:.4} in synthetic; {}", comparison.interval_method());
    DEFINITION.score(about, estimate.value, n, method).with_interval(estimate.interval(comparison.settings.level))
}
