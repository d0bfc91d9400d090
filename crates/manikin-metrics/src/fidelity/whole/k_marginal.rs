//! NIST's k-marginal score, its translation into a subsample, and the score of each subgroup.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal::{self, Marginal};
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{draws, sample_rows};

/// 500 (2 - mean over sets of k columns of the sum of |p - q|), from 0 to 1,000.
pub const DEFINITION: Definition = Definition {
    name: "k_marginal",
    means: "How close joint distributions of two or three columns are, of 1,000; the benchmark is what sampling noise \
            allows.",
    direction: Direction::Higher,
    range: (0.0, 1000.0),
    reference: "NIST SDNist k-marginal; Task et al., NIST Collaborative Research Cycle",
};

/// The share of the real rows that one would have to keep to make as large an error by sampling.
pub const SUBSAMPLE: Definition = Definition {
    name: "k_marginal_subsample",
    means: "The synthetic data is as far from the real as a random subsample of this share of it. Fresh data of the same \
            size from the same population reaches the benchmark, about a third.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "NIST SDNist, sub-sampling equivalent",
};

/// Shares of the real rows that are tried.
const SHARES: [f64; 14] = [0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// The score of pairs, of triples, the subsample of pairs, and the score of pairs in every subgroup of the settings.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let mut scores = vec![
        score(comparison, vec!["k = 2".into()], comparison.pairs()),
        score(comparison, vec!["k = 3".into()], comparison.triples()),
        subsample(comparison),
    ];
    for group in comparison.groups() {
        scores.push(score(comparison, vec!["k = 2".into(), group.name.clone()], &group.pairs));
    }
    scores
}

fn score(comparison: &Comparison<'_>, about: Vec<String>, marginals: &[Marginal]) -> Score {
    let n = marginals.iter().map(|m| m.rows).max().unwrap_or(0);
    let method =
        format!("mean over {} marginals, shared quantile cells; {}", marginals.len(), comparison.interval_method());
    let Some((accuracy, ceiling)) = marginal::mean(marginals) else {
        return DEFINITION.incomplete(about, n, method, "too few columns, or one side has no rows");
    };
    let replicates = accuracy.replicates.iter().map(|a| 1000.0 * a).collect();
    let estimate = Estimate { value: 1000.0 * accuracy.value, replicates };
    DEFINITION
        .score(about, estimate.value, n, method)
        .with_interval(estimate.interval(comparison.settings.level))
        .with_benchmark(Some(1000.0 * ceiling))
}

fn subsample(comparison: &Comparison<'_>) -> Score {
    let (n, m) = (comparison.real.table.rows, comparison.synthetic.table.rows);
    let about = vec!["k = 2".into()];
    let method = format!("interpolated between {} subsamples, seed {}", SHARES.len(), comparison.settings.seed);
    let Some((accuracy, _)) = marginal::mean(comparison.pairs()) else {
        return SUBSAMPLE.incomplete(about, n + m, method, "too few columns, or one side has no rows");
    };
    let sets = marginal::sets_of_two(comparison.width());
    let ladder: Vec<(f64, f64)> = SHARES
        .par_iter()
        .enumerate()
        .map(|(i, &share)| {
            let kept = ((share * n as f64) as usize).max(1);
            let rows = sample_rows(n, kept, &mut draws(comparison.settings.seed, "subsample", i as u64));
            (rows.len() as f64 / n as f64, sets.iter().map(|set| against_all(comparison, set, &rows)).sum::<f64>())
        })
        .map(|(share, sum)| (share, sum / sets.len() as f64))
        .collect();
    let value = translate(&ladder, accuracy.value);
    // Two fresh samples differ by 1/n + 1/m, a subsample of share x from its whole by (1 - x) / (x n).
    let fresh = 1.0 / (2.0 + n as f64 / m as f64);
    SUBSAMPLE.score(about, value, n + m, method).with_benchmark(Some(fresh))
}

/// The accuracy of some real rows against all of them.
fn against_all(comparison: &Comparison<'_>, set: &[usize], rows: &[u32]) -> f64 {
    let cells = comparison.cells();
    let (a, b) = (&cells[set[0]], &cells[set[1]]);
    let joint = |row: usize| usize::from(a.real[row]) * b.len() + usize::from(b.real[row]);
    let mut counts = vec![(0u32, 0u32); a.len() * b.len()];
    let n = a.real.len();
    (0..n).for_each(|row| counts[joint(row)].0 += 1);
    rows.iter().for_each(|&row| counts[joint(row as usize)].1 += 1);
    let gap = |&(all, some): &(u32, u32)| (f64::from(all) / n as f64 - f64::from(some) / rows.len() as f64).abs();
    1.0 - 0.5 * counts.iter().map(gap).sum::<f64>()
}

/// The share at which a ladder of (share, accuracy) reaches `accuracy`, from 0 at no rows to 1 at perfect agreement.
fn translate(ladder: &[(f64, f64)], accuracy: f64) -> f64 {
    let mut below = (0.0, 0.0);
    for &(share, reached) in ladder.iter().chain(&[(1.0, 1.0)]) {
        if reached >= accuracy {
            let step = reached - below.1;
            return if step > 0.0 { below.0 + (share - below.0) * (accuracy - below.1) / step } else { share };
        }
        // Noise may make a longer subsample worse than a shorter one: the ladder is taken as rising.
        below = (share, reached.max(below.1));
    }
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accuracy_between_two_subsamples_lies_between_their_shares() {
        let ladder = [(0.1, 0.5), (0.5, 0.9)];
        assert!((translate(&ladder, 0.7) - 0.3).abs() < 1e-12);
        assert!((translate(&ladder, 0.25) - 0.05).abs() < 1e-12);
        assert_eq!(translate(&ladder, 1.0), 1.0);
        assert_eq!(translate(&ladder, 0.0), 0.0);
    }
}
