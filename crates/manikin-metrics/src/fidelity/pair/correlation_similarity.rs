//! How close the correlation of two numeric columns is.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{Resamples, average_ranks, moments};
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
    pairs.retain(|&(a, b)| [a, b].iter().all(|&c| numbers(comparison.real.table, c).is_some()));
    let (real_draws, synthetic_draws) = comparison.draws();
    let width = comparison.replicates();
    let sides = [(comparison.real.table, real_draws), (comparison.synthetic.table, synthetic_draws)];
    let needed = |c: usize| pairs.iter().any(|&(a, b)| a == c || b == c);
    let ready: Vec<[Option<Ready>; 2]> = (0..comparison.width())
        .into_par_iter()
        .map(|c| sides.map(|(table, draws)| needed(c).then(|| Ready::of(table, c, draws, width)).flatten()))
        .collect();
    let scores: Vec<[Score; 2]> = pairs
        .into_par_iter()
        .map(|(a, b)| [Coefficient::Pearson, Coefficient::Spearman].map(|c| one(comparison, (a, b), c, &ready)))
        .collect();
    scores.concat()
}

fn numbers(table: &Table, column: usize) -> Option<&[f64]> {
    match &table.columns[column].values {
        Values::Numbers(numbers) => Some(numbers),
        Values::Codes { .. } => None,
    }
}

/// A column without nulls, made ready once for all its pairs; others have complete cases of their own in each pair.
struct Ready {
    values: Standard,
    ranks: Standard,
}

/// Standardised values, with the sums of them and of their squares in each replicate.
struct Standard {
    /// Empty when the values are constant.
    z: Vec<f64>,
    sums: [Vec<f64>; 2],
}

impl Ready {
    fn of(table: &Table, column: usize, draws: &Resamples, width: usize) -> Option<Self> {
        let values = numbers(table, column)?;
        values.iter().all(|x| x.is_finite()).then(|| Self {
            values: Standard::of(values, None, draws, width),
            ranks: Standard::of(&average_ranks(values), None, draws, width),
        })
    }
}

impl Standard {
    /// `rows` are those that the values come from, or all in order.
    fn of(values: &[f64], rows: Option<&[u32]>, draws: &Resamples, width: usize) -> Self {
        let spread = moments(values).filter(|m| m.sd > 0.0);
        // Each over the deviation, not their difference: that may overflow.
        let z: Vec<f64> = spread.map(|m| values.iter().map(|x| x / m.sd - m.mean / m.sd).collect()).unwrap_or_default();
        let mut sums = [vec![0.0; width], vec![0.0; width]];
        let [first, second] = &mut sums;
        for (i, &z) in z.iter().enumerate().filter(|_| width > 0) {
            let weights = draws.weights(rows.map_or(i, |rows| rows[i] as usize));
            for ((s, t), &w) in first.iter_mut().zip(&mut *second).zip(weights) {
                let w = f64::from(w);
                *s += w * z;
                *t += w * (z * z);
            }
        }
        Self { z, sums }
    }

    /// Pearson's correlation; `None` when either side is constant.
    fn correlation(&self, other: &Self) -> Option<f64> {
        // Four sums, so that one addition need not wait for the last.
        let mut sums = [0.0; 4];
        let (a, b) = (self.z.chunks(4), other.z.chunks(4));
        for (a, b) in a.zip(b) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (x, y))| *sum += x * y);
        }
        let r = sums.iter().sum::<f64>() / (self.z.len() as f64 - 1.0);
        (r.is_finite() && !self.z.is_empty() && !other.z.is_empty()).then(|| r.clamp(-1.0, 1.0))
    }

    /// The correlation in each replicate, ranks being held as they are in the data.
    fn replicates(&self, other: &Self, rows: Option<&[u32]>, draws: &Resamples, width: usize) -> Vec<f64> {
        let (mut xy, mut n) = (vec![0.0; width], vec![0u32; width]);
        for (i, (x, y)) in self.z.iter().zip(&other.z).enumerate().filter(|_| width > 0) {
            let product = x * y;
            let weights = draws.weights(rows.map_or(i, |rows| rows[i] as usize));
            for ((sum, n), &w) in xy.iter_mut().zip(&mut n).zip(weights) {
                *sum += f64::from(w) * product;
                *n += u32::from(w);
            }
        }
        let ([x, xx], [y, yy]) = (&self.sums, &other.sums);
        let correlation = |r: usize| {
            let n = f64::from(n[r]);
            let (mx, my) = (x[r] / n, y[r] / n);
            (xy[r] / n - mx * my) / ((xx[r] / n - mx * mx) * (yy[r] / n - my * my)).sqrt()
        };
        (0..width).map(correlation).collect()
    }
}

/// What one side says: its correlation, over how many rows, and the correlation in each replicate.
struct Side {
    correlation: Option<f64>,
    rows: usize,
    replicates: Vec<f64>,
}

impl Side {
    /// `None` unless both columns hold numbers.
    fn of(
        table: &Table,
        (a, b): (usize, usize),
        coefficient: Coefficient,
        ready: [&Option<Ready>; 2],
        (draws, width): (&Resamples, usize),
    ) -> Option<Self> {
        let of = |x: &Standard, y: &Standard, rows: Option<&[u32]>, n| Self {
            correlation: x.correlation(y),
            rows: n,
            replicates: x.replicates(y, rows, draws, width),
        };
        if let [Some(x), Some(y)] = ready {
            let (x, y) = match coefficient {
                Coefficient::Pearson => (&x.values, &y.values),
                Coefficient::Spearman => (&x.ranks, &y.ranks),
            };
            return Some(of(x, y, None, table.rows));
        }
        let (x, y) = (numbers(table, a)?, numbers(table, b)?);
        let pairs = (0u32..).zip(x.iter().zip(y)).filter(|(_, (x, y))| x.is_finite() && y.is_finite());
        let rows: Vec<u32> = pairs.map(|(row, _)| row).collect();
        let pick = |values: &[f64]| {
            let values: Vec<f64> = rows.iter().map(|&row| values[row as usize]).collect();
            let values = if coefficient == Coefficient::Spearman { average_ranks(&values) } else { values };
            Standard::of(&values, Some(&rows), draws, width)
        };
        Some(of(&pick(x), &pick(y), Some(&rows), rows.len()))
    }
}

fn one(
    comparison: &Comparison<'_>,
    pair @ (a, b): (usize, usize),
    coefficient: Coefficient,
    ready: &[[Option<Ready>; 2]],
) -> Score {
    let name = match coefficient {
        Coefficient::Pearson => "pearson",
        Coefficient::Spearman => "spearman",
    };
    let about = vec![comparison.name(a), comparison.name(b), name.into()];
    let width = comparison.replicates();
    let (real_draws, synthetic_draws) = comparison.draws();
    let side = |table, side: usize, draws| {
        Side::of(table, pair, coefficient, [&ready[a][side], &ready[b][side]], (draws, width))
    };
    let real = side(comparison.real.table, 0, real_draws);
    let Some((real, synthetic)) = real.zip(side(comparison.synthetic.table, 1, synthetic_draws)) else {
        return DEFINITION.incomplete(about, 0, name, "a column holds no numbers");
    };
    let n = real.rows + synthetic.rows;
    let (Some(in_real), Some(in_synthetic)) = (real.correlation, synthetic.correlation) else {
        let side = if real.correlation.is_none() { "real" } else { "synthetic" };
        let reason =
            format!("the {side} rows have no correlation: a column is constant or too few rows hold both values");
        return DEFINITION.incomplete(about, n, name, reason);
    };
    let similarity = |real: f64, synthetic: f64| 1.0 - 0.5 * (real - synthetic).abs();
    let replicates = real.replicates.iter().zip(&synthetic.replicates).map(|(&r, &s)| similarity(r, s)).collect();
    let estimate = Estimate { value: similarity(in_real, in_synthetic), replicates };
    let method =
        format!("{name}: {in_real:.4} in real, {in_synthetic:.4} in synthetic; {}", comparison.interval_method());
    DEFINITION.score(about, estimate.value, n, method).with_interval(estimate.interval(comparison.settings.level))
}
