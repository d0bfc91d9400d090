//! Goodness-of-fit tests shared by the other modules.

use manikin_random::gamma_q;

/// The p-value of Pearson's chi-square test of counts against expected shares; cells expecting under 5 are pooled.
pub(crate) fn chi_square_p(counts: &[u64], shares: &[f64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let (mut statistic, mut cells) = (0.0, 0);
    let (mut pooled_count, mut pooled_expected) = (0.0, 0.0);
    for (count, share) in counts.iter().zip(shares) {
        let expected = share * total as f64;
        if expected < 5.0 {
            pooled_count += *count as f64;
            pooled_expected += expected;
        } else {
            statistic += (*count as f64 - expected) * (*count as f64 - expected) / expected;
            cells += 1;
        }
    }
    if pooled_expected > 0.5 {
        statistic += (pooled_count - pooled_expected) * (pooled_count - pooled_expected) / pooled_expected;
        cells += 1;
    }
    gamma_q(0.5 * (cells as f64 - 1.0), 0.5 * statistic)
}

/// The two-sample Kolmogorov-Smirnov distance, ties included.
pub(crate) fn ks_distance(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let here = a[i].min(b[j]);
        while i < a.len() && a[i] <= here {
            i += 1;
        }
        while j < b.len() && b[j] <= here {
            j += 1;
        }
        distance = distance.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    distance
}

/// The critical two-sample distance at alpha = 1e-4 (conservative for discrete samples): c = sqrt(ln(2 / alpha) / 2).
pub(crate) fn ks_critical(a: usize, b: usize) -> f64 {
    let (a, b) = (a as f64, b as f64);
    (0.5 * libm::log(2.0 / 1e-4)).sqrt() * ((a + b) / (a * b)).sqrt()
}
