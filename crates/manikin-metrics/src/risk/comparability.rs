//! Whether train and holdout are what a comparison needs: drawn alike, and apart.

use super::coding::Coded;
use super::folds::Folds;
use crate::Table;
use crate::score::{Definition, Direction, Score};
use crate::stats::{self, features::Cutting, tree::Boosted};

/// Whether a classifier can tell train from holdout.
pub const EXCHANGEABLE: Definition = Definition {
    name: "train_holdout_exchangeable_p",
    means: "how often chance alone would let a classifier tell train from holdout as well; a small value means that \
            they were not drawn alike, and that differences between them prove nothing",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017",
};

/// Whether train and holdout share more rows than chance explains.
pub const OVERLAP: Definition = Definition {
    name: "train_holdout_overlap_p",
    means: "how often chance alone would let as many kinds of equal rows lie in both train and holdout; below .001 the \
            holdout holds rows of train and is refused",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "own; exact under a random split of the pooled rows",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&OVERLAP, &EXCHANGEABLE];

/// The level at which a holdout is refused.
///
/// # Source
/// The demand: alpha .001.
pub const OVERLAP_ALPHA: f64 = 0.001;

/// The two-sample test of train against holdout.
#[must_use]
pub fn exchangeable(folds: &Folds<'_>) -> Vec<Score> {
    let (n, method) =
        (folds.train.rows + folds.holdout.rows, format!("cross-fitted {}; Mann-Whitney", stats::tree::BOOSTED));
    vec![match told_apart(folds.train, folds.holdout, folds.settings.seed) {
        Some((area, p)) => EXCHANGEABLE.score(Vec::new(), p, n, format!("AUC {area:.4}; {method}")),
        None => EXCHANGEABLE.incomplete(Vec::new(), n, method, "a classifier needs at least twenty rows of each"),
    }]
}

/// The overlap test of train and holdout.
#[must_use]
pub fn overlapping(folds: &Folds<'_>) -> Vec<Score> {
    let [train, holdout, _] = folds.coded();
    let found = overlap(train, holdout);
    let method = format!(
        "{} kinds of equal rows in both, {:.2} expected of {} kinds that occur more than once, under a random split",
        found.shared, found.expected, found.repeated
    );
    vec![OVERLAP.score(Vec::new(), found.p, train.rows + holdout.rows, method)]
}

/// The rows that two tables share, against what a random split of all rows gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Kinds of equal rows that lie in both.
    pub shared: usize,
    /// Kinds of rows that occur more than once in both tables together.
    pub repeated: usize,
    /// How many of those a random split puts on both sides.
    pub expected: f64,
    /// The probability of as many or more.
    pub p: f64,
}

/// Compares kinds of equal rows with a random split.
///
/// A kind of c equal rows lies in both parts unless all c fall into one. The number that do is a sum of independent
/// trials but for the fixed sizes of the parts, which matter little while the kinds are few among the rows.
pub(crate) fn overlap(train: &Coded, holdout: &Coded) -> Overlap {
    let (groups, ranges) = Coded::group(&[train, holdout]);
    let mut counts = vec![[0u32; 2]; groups.len()];
    for (side, range) in ranges.iter().enumerate() {
        for &group in &groups.groups()[range.clone()] {
            counts[group as usize][side] += 1;
        }
    }
    let (n, m) = (train.rows as f64, holdout.rows as f64);
    let one_side = |part: f64, c: u32| -> f64 {
        (0..c).map(|i| ((part - f64::from(i)) / (n + m - f64::from(i))).max(0.0)).product()
    };
    let repeated: Vec<[u32; 2]> = counts.into_iter().filter(|[a, b]| a + b > 1).collect();
    let chances: Vec<f64> =
        repeated.iter().map(|[a, b]| (1.0 - one_side(n, a + b) - one_side(m, a + b)).clamp(0.0, 1.0)).collect();
    let shared = repeated.iter().filter(|[a, b]| *a > 0 && *b > 0).count();
    Overlap { shared, repeated: repeated.len(), expected: chances.iter().sum(), p: at_least(&chances, shared) }
}

/// The probability that at least `hits` of independent trials succeed: exact up to some thousand trials that are not
/// certain, by the normal approximation beyond.
pub(crate) fn at_least(chances: &[f64], hits: usize) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if chances.len() > 4000 {
        let mean: f64 = chances.iter().sum();
        let variance: f64 = chances.iter().map(|p| p * (1.0 - p)).sum();
        if variance <= 0.0 {
            return if hits as f64 > mean + 0.5 { 0.0 } else { 1.0 };
        }
        return 1.0 - manikin_random::normal_cdf((hits as f64 - 0.5 - mean) / variance.sqrt());
    }
    let mut counts = vec![0.0; chances.len() + 1];
    counts[0] = 1.0;
    for (trial, p) in chances.iter().enumerate() {
        for hits in (0..=trial + 1).rev() {
            let before = if hits > 0 { counts[hits - 1] } else { 0.0 };
            counts[hits] = counts[hits] * (1.0 - p) + before * p;
        }
    }
    counts[hits.min(counts.len())..].iter().sum::<f64>().clamp(0.0, 1.0)
}

/// The most rows of each table that are told apart.
///
/// ASSUMED: 100,000, at which an area is known to .002.
const MOST: usize = 100_000;

/// The area under the curve of a cross-fitted classifier of two tables, and its one-sided p-value.
fn told_apart(a: &Table, b: &Table, seed: u64) -> Option<(f64, f64)> {
    if a.rows < 20 || b.rows < 20 {
        return None;
    }
    let some = |table: &Table, purpose| {
        table.select(&stats::sample_rows(table.rows, MOST, &mut stats::draws(seed, purpose, 0)))
    };
    let (a, b) = (&some(a, "exchangeability first"), &some(b, "exchangeability second"));
    let cutting = Cutting::of(&[a, b], &[]);
    let features = cutting.apply(a).stacked(&cutting.apply(b));
    let second: Vec<bool> = (0..features.rows).map(|row| row >= a.rows).collect();
    let mut stream = stats::draws(seed, "exchangeability", 0);
    // Each half is judged by the other half's classifier, and the areas are added with their variances.
    let mut half = vec![false; features.rows];
    stats::sample_rows(a.rows, a.rows / 2, &mut stream).into_iter().for_each(|row| half[row as usize] = true);
    stats::sample_rows(b.rows, b.rows / 2, &mut stream).into_iter().for_each(|row| half[a.rows + row as usize] = true);
    let (mut areas, mut variance) = (0.0, 0.0);
    for side in [false, true] {
        let learned: Vec<u32> = (0..features.rows as u32).filter(|&row| half[row as usize] != side).collect();
        let model = Boosted::fit(&features, &second, &learned)?;
        let judged: Vec<usize> = (0..features.rows).filter(|&row| half[row] == side).collect();
        let of = |class: bool| -> Vec<f64> {
            judged.iter().filter(|&&row| second[row] == class).map(|&row| model.score(&features, row)).collect()
        };
        let (positive, negative) = (of(true), of(false));
        let (m, n) = (positive.len() as f64, negative.len() as f64);
        let scores: Vec<f64> = positive.iter().chain(&negative).copied().collect();
        areas += 0.5 * super::Roc::new(&scores, positive.len()).area()?;
        variance += 0.25 * (m + n + 1.0) / (12.0 * m * n);
    }
    Some((areas, 1.0 - manikin_random::normal_cdf((areas - 0.5) / variance.sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::coding::{code, stack, take};
    use crate::risk::toy::adult;

    #[test]
    fn chances_of_sums_are_those_of_the_binomial() {
        // 3 or more of 4 at a half: 5/16.
        assert!((at_least(&[0.5; 4], 3) - 5.0 / 16.0).abs() < 1e-12);
        assert_eq!(at_least(&[], 0), 1.0);
        assert!(at_least(&[], 1) < 1e-12);
    }

    #[test]
    fn the_adult_folds_share_eight_rows_by_nature_and_pass_but_not_with_forty_more() {
        let Some([train, holdout, _]) = adult() else { return };
        let p = |holdout: &Table| {
            let coded = code(&[&train, holdout]);
            overlap(&coded[0], &coded[1])
        };
        let clean = p(&holdout);
        assert_eq!(clean.shared, 8);
        assert!(clean.p > 0.01, "{clean:?}");
        let kept = take(&holdout, &(40..holdout.rows).collect::<Vec<_>>());
        let copied = stack(&kept, &take(&train, &(0..40).collect::<Vec<_>>()));
        assert!(p(&copied).p < OVERLAP_ALPHA, "{:?}", p(&copied));
    }
}
