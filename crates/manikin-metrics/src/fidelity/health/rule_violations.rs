//! How often clinical rules are broken, in real and in synthetic records.

use manikin_random::beta_quantile;

use crate::fidelity::comparison::Settings;
use crate::score::{Definition, Direction, Interval, Score};

/// The share of synthetic records, among those that a rule applies to, that break it.
pub const RATE: Definition = Definition {
    name: "rule_violation_rate",
    means: "The share of records that break the rule; the benchmark is the same share of real records. A hard rule allows \
            none.",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "clinical-rule violations: Yan et al., Nature Communications 13, 2022; intervals by Korn and Graubard 1998",
};

/// The synthetic rate less the real one.
pub const EXCESS: Definition = Definition {
    name: "rule_violation_excess",
    means: "How much more often the rule is broken than in real records; 0 is as often.",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "difference of proportions, interval by Newcombe, Statistics in Medicine 17, 1998, method 10",
};

/// What a rule said of one side's records.
#[derive(Debug, Clone, Copy)]
pub struct Outcomes<'a> {
    /// For each record whether it breaks the rule; `None` where the rule does not apply.
    pub broken: &'a [Option<bool>],
    /// The cluster (patient) of each record; without it each record is its own.
    pub clusters: Option<&'a [u32]>,
}

/// Two scores of one rule: the synthetic rate, and its excess over the real one.
#[must_use]
pub fn compute(rule: &str, real: Outcomes<'_>, synthetic: Outcomes<'_>, settings: &Settings) -> Vec<Score> {
    let about = vec![rule.to_owned()];
    let (in_real, in_synthetic) = (Rate::of(real, settings.level), Rate::of(synthetic, settings.level));
    let n = in_synthetic.as_ref().map_or(0, |rate| rate.records);
    let method = "exact interval, with the effective number of records where patients have several";
    let Some(made) = in_synthetic else {
        let reason = "the rule applies to no synthetic record";
        return [&RATE, &EXCESS].iter().map(|d| d.incomplete(about.clone(), n, method, reason)).collect();
    };
    let rate = RATE
        .score(about.clone(), made.rate, n, method)
        .with_interval(made.interval)
        .with_benchmark(in_real.as_ref().map(|rate| rate.rate));
    let excess = match in_real {
        None => EXCESS.incomplete(about, n, method, "the rule applies to no real record"),
        Some(real) => {
            let interval = made.interval.zip(real.interval).map(|(a, b)| {
                let d = made.rate - real.rate;
                let root = |x: f64, y: f64| (x * x + y * y).sqrt();
                Interval {
                    low: d - root(made.rate - a.low, b.high - real.rate),
                    high: d + root(a.high - made.rate, real.rate - b.low),
                    level: settings.level,
                }
            });
            let method = format!("{method}; of {} real records", real.records);
            EXCESS.score(about, made.rate - real.rate, n + real.records, method).with_interval(interval)
        }
    };
    vec![rate, excess]
}

struct Rate {
    rate: f64,
    records: usize,
    interval: Option<Interval>,
}

impl Rate {
    /// The rate, and the exact interval for the effective number of records.
    ///
    /// # Source
    /// Korn and Graubard, Survey Methodology 24(2), 1998: Clopper and Pearson's bounds at the effective sample size.
    /// The design effect is that of Kish from the variance between clusters, at least 1; where nothing or everything
    /// is broken it cannot be seen and each cluster counts as one record, the least that is safe.
    fn of(outcomes: Outcomes<'_>, level: f64) -> Option<Self> {
        let applies: Vec<(u32, bool)> = (0u32..)
            .zip(outcomes.broken)
            .filter_map(|(row, broken)| {
                let cluster = outcomes.clusters.and_then(|ids| ids.get(row as usize)).copied().unwrap_or(row);
                broken.map(|broken| (cluster, broken))
            })
            .collect();
        let records = applies.len();
        if records == 0 {
            return None;
        }
        let mut sorted = applies;
        sorted.sort_unstable();
        let n = records as f64;
        let hits = sorted.iter().filter(|&&(_, broken)| broken).count() as f64;
        let rate = hits / n;
        let clusters: Vec<(f64, f64)> = sorted
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| (group.len() as f64, group.iter().filter(|&&(_, broken)| broken).count() as f64))
            .collect();
        let g = clusters.len() as f64;
        let effective = if rate == 0.0 || rate == 1.0 || g < 2.0 {
            g
        } else {
            let between: f64 = clusters.iter().map(|(size, hits)| (hits - rate * size) * (hits - rate * size)).sum();
            let variance = between * g / (g - 1.0) / (n * n);
            n / (variance / (rate * (1.0 - rate) / n)).max(1.0)
        };
        let (x, tail) = (rate * effective, 0.5 * (1.0 - level));
        let low = if x > 0.0 { beta_quantile(x, effective - x + 1.0, tail) } else { 0.0 };
        let high = if rate < 1.0 { beta_quantile(x + 1.0, effective - x, 1.0 - tail) } else { 1.0 };
        let interval = (level > 0.0 && level < 1.0).then_some(Interval { low, high, level });
        Some(Self { rate, records, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::clopper_pearson;

    fn outcomes(hits: usize, n: usize) -> Vec<Option<bool>> {
        (0..n).map(|row| Some(row < hits)).chain([None, None]).collect()
    }

    #[test]
    fn independent_records_have_the_exact_interval() {
        let (real, made) = (outcomes(0, 100), outcomes(3, 200));
        let side = |broken| Outcomes { broken, clusters: None };
        let scores = compute("r", side(&real), side(&made), &Settings::default());
        let (found, exact) = (scores[0].interval.expect("an interval"), clopper_pearson(3, 200, 0.95).expect("one"));
        // The design effect of singletons is n / (n - 1), which widens by a hair.
        assert!((found.high - exact.high).abs() < 5e-4 && (found.low - exact.low).abs() < 5e-4);
        assert_eq!(scores[0].value, Some(0.015));
        assert_eq!(scores[0].benchmark, Some(0.0));
        assert_eq!(scores[1].value, Some(0.015));
    }

    #[test]
    fn records_of_few_patients_say_less() {
        let made = outcomes(0, 200);
        let clusters: Vec<u32> = (0..202).map(|row| row / 20).collect();
        let side = |clusters| Outcomes { broken: &made, clusters };
        let high = |clusters| {
            compute("r", side(clusters), side(clusters), &Settings::default())[0].interval.map_or(0.0, |i| i.high)
        };
        assert!((high(None) - 0.018).abs() < 1e-3);
        assert!((high(Some(&clusters[..])) - 0.308).abs() < 1e-3);
    }
}
