//! How strongly the columns of a table go together, on the real and on the synthetic side.

use manikin_metrics::encode::Cells;
use manikin_metrics::{Pair, Table, Values};
use rayon::prelude::*;

use super::{Association, Associations};
use crate::sides::Sides;

/// Most columns of a table that are drawn.
///
/// ASSUMED: 16, beyond which names and squares cannot be read on a telephone.
const COLUMNS: usize = 16;
/// Most rows of each side, taken evenly.
///
/// ASSUMED: 50,000, at which the error of a correlation is below .005.
const ROWS: usize = 50_000;
/// Cells that numbers are cut into beside categories.
const BINS: u16 = 10;

/// The associations of every table with two columns or more.
pub(super) fn associations(sides: &Sides) -> Vec<Associations> {
    let mut found = Vec::new();
    for (id, compared) in &sides.compared {
        let Some([real, _, synthetic]) = sides.tables(*id) else { continue };
        let columns: Vec<String> = compared.columns.iter().take(COLUMNS).map(|column| column.name.clone()).collect();
        if columns.len() > 1 {
            let pairs = pairs(&thinned(real), &thinned(synthetic), columns.len());
            found.push(Associations { entity: compared.entity.clone(), columns, pairs });
        }
    }
    found
}

/// At most so many rows, evenly spread over the table.
fn thinned(table: &Table) -> Table {
    if table.rows <= ROWS {
        return table.clone();
    }
    let rows: Vec<u32> = (0..ROWS).map(|place| (place * table.rows / ROWS) as u32).collect();
    table.select(&rows)
}

fn pairs(real: &Table, synthetic: &Table, columns: usize) -> Vec<Association> {
    let ranks = |table: &Table| -> Vec<Option<Vec<f64>>> {
        let of = |column: &manikin_metrics::Column| match &column.values {
            Values::Numbers(numbers) => Some(ranked(numbers)),
            Values::Codes { .. } => None,
        };
        table.columns[..columns].par_iter().map(of).collect()
    };
    let (real_ranks, synthetic_ranks) = (ranks(real), ranks(synthetic));
    let pair = Pair { real, synthetic };
    let cells: Vec<Cells> = (0..columns).into_par_iter().map(|column| Cells::of(pair, column, BINS)).collect();
    let places: Vec<(usize, usize)> = (1..columns).flat_map(|row| (0..row).map(move |column| (row, column))).collect();
    let of = |(row, column): (usize, usize)| {
        let ranks = |side: &[Option<Vec<f64>>]| {
            side[row].as_deref().zip(side[column].as_deref()).map(|(a, b)| correlation(a, b))
        };
        let both = |table: &Table| {
            let present = |place: usize| {
                !table.columns[row].values.is_null(place) && !table.columns[column].values.is_null(place)
            };
            (0..table.rows).filter(|&place| present(place)).count() as u64
        };
        Association {
            real: ranks(&real_ranks).unwrap_or_else(|| cramers_v(&cells[row].real, &cells[column].real)),
            synthetic: ranks(&synthetic_ranks)
                .unwrap_or_else(|| cramers_v(&cells[row].synthetic, &cells[column].synthetic)),
            n: both(real).min(both(synthetic)),
        }
    };
    places.into_par_iter().map(of).collect()
}

/// The ranks of numbers, equal ones sharing their mean rank; NaN where there is none.
fn ranked(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..numbers.len() as u32).filter(|&row| !numbers[row as usize].is_nan()).collect();
    order.sort_unstable_by(|&a, &b| numbers[a as usize].total_cmp(&numbers[b as usize]));
    let mut ranks = vec![f64::NAN; numbers.len()];
    let mut start = 0;
    while start < order.len() {
        let value = numbers[order[start] as usize];
        let end = start + order[start..].iter().take_while(|&&row| numbers[row as usize] == value).count();
        // -0 and 0 are equal but not ordered alike, so a run is never empty only by the first of it.
        let end = end.max(start + 1);
        let mean = (start + end - 1) as f64 / 2.0;
        for &row in &order[start..end] {
            ranks[row as usize] = mean;
        }
        start = end;
    }
    ranks
}

/// Pearson's correlation of two columns of ranks, over rows with both.
///
/// # Source
/// Spearman, American Journal of Psychology 15, 1904, with mean ranks for ties.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let both = || a.iter().zip(b).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    let n = both().count() as f64;
    if n < 2.0 {
        return None;
    }
    let (sum_a, sum_b) = both().fold((0.0, 0.0), |(p, q), (x, y)| (p + x, q + y));
    let (mean_a, mean_b) = (sum_a / n, sum_b / n);
    let (mut covariance, mut spread_a, mut spread_b) = (0.0, 0.0, 0.0);
    for (x, y) in both() {
        covariance += (x - mean_a) * (y - mean_b);
        spread_a += (x - mean_a) * (x - mean_a);
        spread_b += (y - mean_b) * (y - mean_b);
    }
    (spread_a > 0.0 && spread_b > 0.0).then(|| (covariance / (spread_a * spread_b).sqrt()).clamp(-1.0, 1.0))
}

/// Cramér's V, corrected for its bias.
///
/// # Source
/// Bergsma, A bias-correction for Cramér's V and Tschuprow's T, Journal of the Korean Statistical Society 42, 2013,
/// equations 5 and 7.
fn cramers_v(a: &[u16], b: &[u16]) -> Option<f64> {
    let size = |codes: &[u16]| codes.iter().max().map_or(0, |&code| usize::from(code) + 1);
    let (rows, columns) = (size(a), size(b));
    let mut counts = vec![0_u64; rows * columns];
    for (&x, &y) in a.iter().zip(b) {
        counts[usize::from(x) * columns + usize::from(y)] += 1;
    }
    let n = a.len().min(b.len()) as f64;
    let of_row: Vec<f64> =
        (0..rows).map(|row| counts[row * columns..(row + 1) * columns].iter().sum::<u64>() as f64).collect();
    let of_column: Vec<f64> =
        (0..columns).map(|column| (0..rows).map(|row| counts[row * columns + column]).sum::<u64>() as f64).collect();
    let used = |totals: &[f64]| totals.iter().filter(|total| **total > 0.0).count() as f64;
    let (used_rows, used_columns) = (used(&of_row), used(&of_column));
    if n < 2.0 || used_rows < 2.0 || used_columns < 2.0 {
        return None;
    }
    let mut square = -1.0;
    for row in 0..rows {
        for column in 0..columns {
            let count = counts[row * columns + column] as f64;
            if count > 0.0 {
                square += count * count / (of_row[row] * of_column[column]);
            }
        }
    }
    let corrected = (square - (used_rows - 1.0) * (used_columns - 1.0) / (n - 1.0)).max(0.0);
    let size = |used: f64| used - (used - 1.0) * (used - 1.0) / (n - 1.0);
    let most = (size(used_rows) - 1.0).min(size(used_columns) - 1.0);
    (most > 0.0).then(|| (corrected / most).sqrt().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_sees_order_alone_and_shares_ties() {
        assert_eq!(ranked(&[3.0, 1.0, f64::NAN, 3.0])[0], 1.5);
        let (a, b) = (ranked(&[1.0, 2.0, 3.0, 4.0]), ranked(&[1.0, 8.0, 27.0, 1e9]));
        assert_eq!(correlation(&a, &b), Some(1.0));
        assert_eq!(correlation(&a, &ranked(&[5.0, 5.0, 5.0, 5.0])), None);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: by hand 4.5 / sqrt(4.5 * 5).
        let tied = correlation(&ranked(&[1.0, 2.0, 2.0, 3.0]), &a).expect("a correlation");
        assert!((tied - 4.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12, "{tied}");
    }

    #[test]
    fn cramers_v_is_one_for_the_same_column_and_nothing_for_independent_ones() {
        let a: Vec<u16> = (0..600).map(|n| n % 3).collect();
        let b: Vec<u16> = (0..600).map(|n| (n / 3) % 4).collect();
        assert!((cramers_v(&a, &a).expect("a V") - 1.0).abs() < 1e-9);
        assert_eq!(cramers_v(&a, &b), Some(0.0));
        assert_eq!(cramers_v(&a, &[0; 600]), None);
    }
}
