//! The Jensen-Shannon distance of one column over shared cells.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Tally;
use crate::score::{Definition, Direction, Score};

/// The square root of the Jensen-Shannon divergence in bits.
pub const DEFINITION: Definition = Definition {
    name: "jensen_shannon_distance",
    means: "How well one record tells which side it is from; 0 not at all, 1 always.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Lin 1991; Endres and Schindelin 2003 (its root is a metric)",
};

/// One score a column, over quantile bins or the most frequent categories, nulls apart.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    over_cells(comparison, &DEFINITION, 1.0 / std::f64::consts::LN_2, |p, q| {
        let part = |p: f64, m: f64| if p > 0.0 { p * libm::log2(p / m) } else { 0.0 };
        let m = 0.5 * (p + q);
        0.5 * (part(p, m) + part(q, m))
    })
}

/// What sampling noise makes of the distance on average: the root of (cells - 1) / 8 (1/n + 1/m) in units of the term.
///
/// # Source
/// Both squared distances are an eighth of the χ² distance to second order: Endres and Schindelin, IEEE Transactions on
/// Information Theory 49(7), 2003.
fn fresh(cells: usize, (n, m): (u64, u64), unit: f64) -> f64 {
    let noise = 1.0 / n as f64 + 1.0 / m as f64;
    (cells.saturating_sub(1) as f64 / 8.0 * noise * unit).clamp(0.0, 1.0).sqrt()
}

/// The root of a sum over cells of a term of both shares, cut to [0, 1] against rounding.
///
/// `unit` is what the term is measured in: 1/ln 2 for bits, 1 for natural units.
pub(super) fn over_cells(
    comparison: &Comparison<'_>,
    definition: &Definition,
    unit: f64,
    term: impl Fn(f64, f64) -> f64 + Sync,
) -> Vec<Score> {
    comparison
        .cells()
        .par_iter()
        .map(|cells| {
            let side =
                |cells: &[u16]| cells.iter().map(|&cell| Some(usize::from(cell))).collect::<Vec<_>>().into_iter();
            let tally = Tally::of(comparison, cells.len(), side(&cells.real), side(&cells.synthetic));
            let method = format!("{} shared cells; {}", cells.len(), comparison.interval_method());
            let (about, n) = (vec![cells.name.clone()], comparison.rows());
            let total = |counts: &[u32]| counts.iter().map(|&c| f64::from(c)).sum::<f64>();
            let estimate = tally.estimate(|a, b| {
                let (n, m) = (total(a), total(b));
                let sum: f64 = a.iter().zip(b).map(|(&a, &b)| term(f64::from(a) / n, f64::from(b) / m)).sum();
                sum.clamp(0.0, 1.0).sqrt()
            });
            match estimate {
                Some(estimate) => definition
                    .score(about, estimate.value, n, method)
                    .with_interval(estimate.interval(comparison.settings.level))
                    .with_benchmark(Some(fresh(cells.len(), tally.totals(), unit))),
                None => definition.incomplete(about, n, method, "one side has no rows"),
            }
        })
        .collect()
}
