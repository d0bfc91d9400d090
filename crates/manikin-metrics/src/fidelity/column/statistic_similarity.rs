//! Whether mean, median and standard deviation agree.

use super::ks_complement::Merged;
use super::{Numbers, each_number, finite, left_out, total};
use crate::fidelity::comparison::Comparison;
use crate::fidelity::tally::Estimate;
use crate::score::{Definition, Direction, Score};
use crate::stats::{moments, quantile_sorted};

/// max(0, 1 - |statistic of real - statistic of synthetic| / range of real).
pub const DEFINITION: Definition = Definition {
    name: "statistic_similarity",
    means: "How close a mean, median or standard deviation is, as a share of the real range; 1 is the same.",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics StatisticSimilarity",
};

/// The statistics that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The median.
    Median,
    /// The standard deviation, with n - 1.
    StandardDeviation,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mean, Self::Median, Self::StandardDeviation];

    /// The name by which a score tells its statistic.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::StandardDeviation => "std",
        }
    }

    /// The statistic of sorted values; `None` where it does not exist.
    #[must_use]
    pub fn of(self, sorted: &[f64]) -> Option<f64> {
        match self {
            Self::Mean => moments(sorted).map(|m| m.mean),
            Self::Median => quantile_sorted(sorted, 0.5),
            Self::StandardDeviation => (sorted.len() > 1).then(|| moments(sorted).map(|m| m.sd)).flatten(),
        }
    }
}

/// Three scores a numeric column.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    each_number(comparison, |numbers| {
        let resampled = resample(comparison, numbers);
        Statistic::ALL.iter().map(|&statistic| one(comparison, numbers, statistic, &resampled)).collect()
    })
}

/// The similarity of one statistic of sorted values; `None` on a constant real side or where it does not exist.
#[must_use]
pub fn similarity(real: &[f64], synthetic: &[f64], statistic: Statistic) -> Option<f64> {
    let (low, high) = (*real.first()?, *real.last()?);
    similar(statistic.of(real)?, statistic.of(synthetic)?, (low, high))
}

fn similar(real: f64, synthetic: f64, (low, high): (f64, f64)) -> Option<f64> {
    let value = 1.0 - ((real / 2.0 - synthetic / 2.0) / (high / 2.0 - low / 2.0)).abs();
    (low < high && !value.is_nan()).then_some(value.max(0.0))
}

fn one(comparison: &Comparison<'_>, numbers: &Numbers<'_>, statistic: Statistic, resampled: &[[[f64; 2]; 3]]) -> Score {
    let about = vec![numbers.about[0].clone(), statistic.name().into()];
    let (real, synthetic) = match finite(numbers, &DEFINITION) {
        Ok(sides) => sides,
        Err(score) => return Score { about, ..*score },
    };
    let n = total(&real, &synthetic);
    let method = format!("{}; {}", left_out(&real, &synthetic), comparison.interval_method());
    let ends = (real.values[0], real.values[real.values.len() - 1]);
    let Some(value) = similarity(&real.values, &synthetic.values, statistic) else {
        let reason = "all real values are equal, or there are too few values for the statistic";
        return DEFINITION.incomplete(about, n, method, reason);
    };
    let replicates = resampled.iter().map(|r| similar(r[statistic as usize][0], r[statistic as usize][1], ends));
    let estimate = Estimate { value, replicates: replicates.map(|r| r.unwrap_or(f64::NAN)).collect() };
    DEFINITION.score(about, value, n, method).with_interval(estimate.interval(comparison.settings.level))
}

/// For each replicate mean, median and standard deviation of both sides.
fn resample(comparison: &Comparison<'_>, numbers: &Numbers<'_>) -> Vec<[[f64; 2]; 3]> {
    let width = comparison.replicates();
    if width == 0 {
        return Vec::new();
    }
    let (real_draws, synthetic_draws) = comparison.draws();
    let merged = Merged::of(numbers);
    let mut result = vec![[[f64::NAN; 2]; 3]; width];
    for (side, draws) in [(0, real_draws), (1, synthetic_draws)] {
        let values: Vec<_> = merged.0.iter().filter(|v| v.synthetic == (side == 1)).collect();
        // Sums of deviations from the plain mean, in units of the largest value, keep their digits and do not overflow.
        let scale = values.iter().fold(f64::MIN_POSITIVE, |most, v| most.max(v.value.abs()));
        let centre = values.iter().map(|v| v.value / scale).sum::<f64>() / values.len() as f64;
        let (mut n, mut sums, mut squares) = (vec![0u32; width], vec![0.0; width], vec![0.0; width]);
        for v in &values {
            let d = v.value / scale - centre;
            let weights = draws.weights(v.row as usize);
            for r in 0..width {
                let weight = f64::from(weights[r]);
                n[r] += u32::from(weights[r]);
                sums[r] += weight * d;
                squares[r] += weight * d * d;
            }
        }
        let (mut passed, mut medians) = (vec![0u32; width], vec![f64::NAN; width]);
        for v in &values {
            draws.add(v.row as usize, &mut passed);
            for r in 0..width {
                if medians[r].is_nan() && 2 * u64::from(passed[r]) >= u64::from(n[r]) && n[r] > 0 {
                    medians[r] = v.value;
                }
            }
        }
        for r in 0..width {
            let count = f64::from(n[r]);
            let mean = sums[r] / count;
            let variance = (squares[r] - count * mean * mean) / (count - 1.0);
            result[r][Statistic::Mean as usize][side] = (mean + centre) * scale;
            result[r][Statistic::Median as usize][side] = medians[r];
            result[r][Statistic::StandardDeviation as usize][side] = variance.max(0.0).sqrt() * scale;
        }
    }
    result
}
