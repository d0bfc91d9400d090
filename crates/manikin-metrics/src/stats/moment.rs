//! Means, spreads and correlations, safe against overflow.

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the sample, with n - 1; 0 for one value.
    pub sd: f64,
}

/// Mean and standard deviation of finite values; `None` when there are none or they overflow.
#[must_use]
pub fn moments(values: &[f64]) -> Option<Moments> {
    let scale = values.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    if values.is_empty() || values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    if scale == 0.0 {
        return Some(Moments { mean: 0.0, sd: 0.0 });
    }
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x / scale).sum::<f64>() / n;
    let squares = values.iter().map(|x| (x / scale - mean) * (x / scale - mean)).sum::<f64>();
    let sd = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    let (mean, sd) = (mean * scale, sd * scale);
    (mean.is_finite() && sd.is_finite()).then_some(Moments { mean, sd })
}

/// Pearson's correlation of two lists of equal length; `None` when either is constant or empty.
#[must_use]
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let (ma, mb) = (moments(a)?, moments(b)?);
    if ma.sd == 0.0 || mb.sd == 0.0 {
        return None;
    }
    let n = a.len() as f64;
    let product =
        a.iter().zip(b).map(|(x, y)| (x / ma.sd - ma.mean / ma.sd) * (y / mb.sd - mb.mean / mb.sd)).sum::<f64>();
    let r = product / (n - 1.0);
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation, ties sharing the mean of their ranks; `None` when either is constant or empty.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&super::average_ranks(a), &super::average_ranks(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_agrees_with_scipy() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert!((spearman(&a, &[2.0, 1.0, 4.0, 3.0, 7.0, 5.0]).unwrap_or(0.0) - 0.828_571_428_571_428_7).abs() < 1e-12);
        assert!((spearman(&a, &[6.0, 5.0, 4.0, 3.0, 2.0, 2.0]).unwrap_or(0.0) + 0.985_610_760_609_162_3).abs() < 1e-12);
    }

    #[test]
    fn a_constant_has_no_correlation_and_huge_values_do_not_overflow() {
        assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(pearson(&[], &[]), None);
        assert_eq!(pearson(&[1e308, -1e308, 0.0], &[1.0, -1.0, 0.0]), Some(1.0));
        assert_eq!(moments(&[4.0]), Some(Moments { mean: 4.0, sd: 0.0 }));
        assert_eq!(moments(&[f64::NAN]), None);
    }
}
