//! The few statistics that the suites need, written plainly.

/// Pearson's correlation.
pub fn pearson(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let (mean_a, mean_b) =
        (pairs.iter().map(|pair| pair.0).sum::<f64>() / count, pairs.iter().map(|pair| pair.1).sum::<f64>() / count);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a) * (a - mean_a);
        bb += (b - mean_b) * (b - mean_b);
    }
    ab / (aa * bb).sqrt()
}

/// The arithmetic mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// A quantile, linear between order statistics.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Standard normal quantile of a two-sided alpha of 1e-3.
pub const Z_1E3: f64 = 3.2905;

/// Standard normal quantile of a two-sided alpha of 1e-6, for claims that are tested many at a time.
pub const Z_1E6: f64 = 4.8916;

/// Fails unless a count of successes among trials is one that a share explains: Wilson's interval of the observed share
/// at a normal quantile holds the share, give or take a tolerance for what the share is not meant to say exactly.
#[track_caller]
pub fn assert_share(what: &str, successes: i64, trials: i64, share: f64, z: f64, tolerance: f64) {
    let (count, observed) = (trials as f64, successes as f64 / trials as f64);
    let centre = (observed + z * z / (2.0 * count)) / (1.0 + z * z / count);
    let half = z * (observed * (1.0 - observed) / count + z * z / (4.0 * count * count)).sqrt() / (1.0 + z * z / count);
    let fits = share >= centre - half - tolerance && share <= centre + half + tolerance;
    assert!(
        fits,
        "{what}: {successes} of {trials} is {observed:.4}, expected {share:.4} within {half:.4} + {tolerance}"
    );
}

/// Fails unless a value lies between two bounds.
#[track_caller]
pub fn assert_between(what: &str, value: f64, low: f64, high: f64) {
    assert!((low..=high).contains(&value), "{what} is {value:.4}, expected {low} to {high}");
}

/// Within-subject coefficient of variation: the root of the mean of the squared coefficients between consecutive values
/// of one person, which a slow course hardly moves.
pub fn within_subject_cv(series: &[Vec<f64>]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for values in series {
        for pair in values.windows(2) {
            let middle = (pair[0] + pair[1]) / 2.0;
            let ratio = (pair[0] - pair[1]) / middle;
            sum += ratio * ratio / 2.0;
            pairs += 1.0;
        }
    }
    (sum / pairs).sqrt()
}
