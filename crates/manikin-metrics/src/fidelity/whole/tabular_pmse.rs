//! pMSE from contingency tables instead of a model.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal::{sets_of_one, sets_of_two};
use crate::score::{Definition, Direction, Score};

/// Voas and Williamson's statistic over its degrees of freedom: the tabular pMSE over its expectation.
///
/// pMSE = VW c (1 - c)² / N with VW = pMSE N / (c (1 - c)²), and VW has as many degrees of freedom as there are
/// occupied cells, less one.
pub const DEFINITION: Definition = Definition {
    name: "tabular_s_pmse",
    means: "How far a table of one or two columns is from the real one, over what a correct synthesiser has on average: \
            1 is perfect, the benchmark is what fresh data has.",
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    reference: "Raab, Nowok and Dibben, arXiv 2109.12717; Voas and Williamson 2001",
};

/// The worst pairs that have a score of their own.
const WORST: usize = 20;

/// A score for each column, the mean over pairs, and the twenty worst pairs.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let cells = comparison.cells();
    let (n, m) = (comparison.real.table.rows, comparison.synthetic.table.rows);
    let c = m as f64 / (n + m) as f64;
    let score = |about: Vec<String>, value: Option<f64>, method: &str| match value {
        Some(value) => DEFINITION.score(about, value, n + m, method).with_benchmark(Some(1.0 / (1.0 - c))),
        None => DEFINITION.incomplete(about, n + m, method, "one side has no rows, or all records share one cell"),
    };
    let ratio = |set: &Vec<usize>| {
        let count = set.iter().map(|&c| cells[c].len()).product();
        let (mut real, mut synthetic) = (vec![0u32; count], vec![0u32; count]);
        let joint = |row: usize, side: fn(&crate::encode::Cells) -> &[u16]| {
            set.iter().fold(0, |cell, &c| cell * cells[c].len() + usize::from(side(&cells[c])[row]))
        };
        (0..n).for_each(|row| real[joint(row, |c| &c.real)] += 1);
        (0..m).for_each(|row| synthetic[joint(row, |c| &c.synthetic)] += 1);
        s_pmse(&real, &synthetic)
    };
    let mut scores = Vec::new();
    for set in sets_of_one(comparison.width()) {
        scores.push(score(vec![comparison.name(set[0])], ratio(&set), "shared quantile cells, nulls apart"));
    }
    let sets = sets_of_two(comparison.width());
    let mut pairs: Vec<(Vec<usize>, f64)> =
        sets.into_par_iter().filter_map(|set| ratio(&set).map(|value| (set, value))).collect();
    let mean = pairs.iter().map(|(_, value)| value).sum::<f64>() / pairs.len() as f64;
    let method = format!("mean over {} pairs of columns, shared quantile cells", pairs.len());
    scores.push(score(vec!["pairs".into()], (!pairs.is_empty()).then_some(mean), &method));
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (set, value) in pairs.into_iter().take(WORST) {
        let about = set.iter().map(|&c| comparison.name(c)).collect();
        scores.push(score(about, Some(value), "shared quantile cells, nulls apart"));
    }
    scores
}

/// VW / df of two tables of counts over the same cells. `None` on an empty side or a single occupied cell.
#[must_use]
pub fn s_pmse(real: &[u32], synthetic: &[u32]) -> Option<f64> {
    let total = |counts: &[u32]| counts.iter().map(|&c| f64::from(c)).sum::<f64>();
    let (n, m) = (total(real), total(synthetic));
    if n == 0.0 || m == 0.0 {
        return None;
    }
    let c = m / (n + m);
    let occupied = real.iter().zip(synthetic).filter(|&(&r, &s)| r + s > 0);
    let (mut squares, mut cells) = (0.0, 0.0);
    for (&r, &s) in occupied {
        let (r, s) = (f64::from(r), f64::from(s));
        let propensity = s / (r + s);
        squares += (r + s) * (propensity - c) * (propensity - c);
        cells += 1.0;
    }
    (cells > 1.0).then(|| squares / (c * (1.0 - c) * (1.0 - c)) / (cells - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_equal_size_give_twice_the_squared_gap_over_the_sum() {
        // VW = 2 (30 - 20)² / 50 + 2 (20 - 30)² / 50 = 8, one degree of freedom.
        assert!((s_pmse(&[30, 20], &[20, 30]).unwrap_or(0.0) - 8.0).abs() < 1e-12);
        assert_eq!(s_pmse(&[30, 20, 0], &[30, 20, 0]), Some(0.0));
        assert_eq!(s_pmse(&[30, 0], &[20, 0]), None);
        assert_eq!(s_pmse(&[], &[]), None);
    }
}
