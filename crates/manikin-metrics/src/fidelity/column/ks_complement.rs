//! How close two distributions of numbers are, by the greatest gap between them.

use super::{Numbers, each_number, finite, left_out, noise, total};
use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::kolmogorov_distance;
use crate::stats::radix::{sort_by_word, word};

/// 1 - sup |F_real - F_synthetic| over non-null values.
pub const DEFINITION: Definition = Definition {
    name: "ks_complement",
    means: "How far apart the shares of records below any value are at most; 1 is the same distribution, 0 no overlap.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics KSComplement; Kolmogorov 1933, Smirnov 1948",
};

/// The mean of Kolmogorov's distribution, sqrt(π/2) ln 2: what sampling noise makes of continuous values on average. With
/// many equal values noise makes less.
///
/// # Source
/// Marsaglia, Tsang and Wang, Journal of Statistical Software 8(18), 2003.
const MEAN_GAP: f64 = 0.868_731_160_636_159_7;

/// One score a numeric column. Date columns are numbers too.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_number(comparison, |numbers| vec![score(comparison, numbers, &DEFINITION)])
}

/// The score of one column under the name of `definition`.
pub(crate) fn score(comparison: &Comparison<'_>, numbers: &Numbers<'_>, definition: &Definition) -> Score {
    let (real, synthetic) = match finite(numbers, definition) {
        Ok(sides) => sides,
        Err(score) => return *score,
    };
    let distance = kolmogorov_distance(&real.values, &synthetic.values).unwrap_or(f64::NAN);
    let estimate = Estimate { value: 1.0 - distance, replicates: replicates(comparison, numbers) };
    let method = format!("empirical distributions, {}; {}", left_out(&real, &synthetic), comparison.interval_method());
    definition
        .score(numbers.about.clone(), estimate.value, total(&real, &synthetic), method)
        .with_interval(estimate.interval(comparison.settings.level))
        .with_benchmark(Some(1.0 - MEAN_GAP * noise(real.values.len(), synthetic.values.len()).sqrt()))
}

/// The complement in each replicate: one walk through both sides' sorted values, all replicates at each step.
fn replicates(comparison: &Comparison<'_>, numbers: &Numbers<'_>) -> Vec<f64> {
    let width = comparison.replicates();
    if width == 0 {
        return Vec::new();
    }
    let (real_draws, synthetic_draws) = comparison.draws();
    let merged = Merged::of(numbers);
    let (mut n, mut m) = (vec![0u32; width], vec![0u32; width]);
    for value in &merged.0 {
        let (draws, totals) = if value.synthetic { (synthetic_draws, &mut m) } else { (real_draws, &mut n) };
        draws.add(value.row as usize, totals);
    }
    let inverse = |totals: &[u32]| totals.iter().map(|&t| 1.0 / f64::from(t)).collect::<Vec<_>>();
    let (per_real, per_synthetic) = (inverse(&n), inverse(&m));
    let (mut a, mut b) = (vec![0u32; width], vec![0u32; width]);
    let mut most = vec![0.0f64; width];
    for group in merged.0.chunk_by(|x, y| x.value == y.value) {
        for value in group {
            let (draws, totals) = if value.synthetic { (synthetic_draws, &mut b) } else { (real_draws, &mut a) };
            draws.add(value.row as usize, totals);
        }
        for r in 0..width {
            let gap = (f64::from(a[r]) * per_real[r] - f64::from(b[r]) * per_synthetic[r]).abs();
            // A replicate that drew no value of one side has no distance; NaN is never greater and stays out.
            most[r] = if gap > most[r] { gap } else { most[r] };
        }
    }
    most.into_iter().map(|gap| 1.0 - gap).collect()
}

/// The finite values of both sides in order.
pub(super) struct Merged(pub(super) Vec<Ordered>);

/// A value, its row and its side.
#[derive(Clone, Copy)]
pub(super) struct Ordered {
    pub(super) value: f64,
    pub(super) row: u32,
    pub(super) synthetic: bool,
}

impl Merged {
    pub(super) fn of(numbers: &Numbers<'_>) -> Self {
        let side = |values: &[f64], synthetic| {
            (0u32..)
                .zip(values.to_vec())
                .filter(|(_, value)| value.is_finite())
                .map(move |(row, value)| Ordered { value, row, synthetic })
                .collect::<Vec<_>>()
        };
        let mut all = [side(numbers.real, false), side(numbers.synthetic, true)].concat();
        // Equal values stay in the order of sides and rows.
        sort_by_word(&mut all, |one| word(one.value));
        Self(all)
    }
}
