//! The bootstrap by cluster: how often each patient is drawn in each replicate.
//!
//! All metrics of one comparison share the same draws, so that a replicate is one coherent dataset, and a mean over
//! columns has an interval of its own. Weights lie side by side for all replicates of a row, so that a metric walks its
//! rows once and adds all replicates at each.

use manikin_random::normal_quantile;

use super::draws;
use crate::score::Interval;

/// How often each row counts in each replicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Resamples {
    replicates: usize,
    /// The cluster of each row, from 0; empty when each row is its own.
    cluster_of: Vec<u32>,
    /// For each cluster, how often each replicate drew it.
    counts: Vec<u8>,
    clusters: usize,
}

impl Resamples {
    /// Draws `replicates` times as many clusters as there are, with replacement.
    ///
    /// `clusters` names the cluster (patient) of each row by any number; without it each row is drawn by itself.
    /// `purpose` keeps the draws of one table apart from another's. A cluster drawn more than 255 times in one
    /// replicate counts 255 times, which happens only when there is nothing to resample.
    #[must_use]
    pub fn new(rows: usize, clusters: Option<&[u32]>, replicates: usize, seed: u64, purpose: &str) -> Self {
        let (cluster_of, count) = match clusters {
            Some(ids) if ids.len() == rows => dense(ids),
            _ => (Vec::new(), rows),
        };
        let mut counts = vec![0u8; count * replicates];
        for replicate in 0..replicates {
            let mut stream = draws(seed, purpose, replicate as u64);
            for _ in 0..count {
                let cluster = usize::try_from(stream.below(count as u64)).unwrap_or(0);
                let cell = &mut counts[cluster * replicates + replicate];
                *cell = cell.saturating_add(1);
            }
        }
        Self { replicates, cluster_of, counts, clusters: count }
    }

    /// The number of replicates.
    #[must_use]
    pub fn replicates(&self) -> usize {
        self.replicates
    }

    /// The number of clusters that are drawn from.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// How often `row` counts in each replicate.
    #[must_use]
    pub fn weights(&self, row: usize) -> &[u8] {
        let cluster = self.cluster_of.get(row).map_or(row, |&cluster| cluster as usize);
        &self.counts[cluster * self.replicates..(cluster + 1) * self.replicates]
    }

    /// Adds the weights of `row` to one total for each replicate.
    #[inline]
    pub fn add(&self, row: usize, totals: &mut [u32]) {
        for (total, &weight) in totals.iter_mut().zip(self.weights(row)) {
            *total += u32::from(weight);
        }
    }
}

/// Cluster ids as numbers from 0, in order of first appearance in sorted id order, and how many there are.
fn dense(ids: &[u32]) -> (Vec<u32>, usize) {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let place = |id: &u32| u32::try_from(sorted.partition_point(|other| other < id)).unwrap_or(u32::MAX);
    (ids.iter().map(place).collect(), sorted.len())
}

/// The interval `value` ± z times the standard deviation of the replicates.
///
/// Distances between distributions are biased upward by resampling noise, so a percentile interval would lie beside
/// the estimate; the standard deviation does not have that fault. `None` with fewer than ten finite replicates.
///
/// # Source
/// Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3 (the standard normal interval);
/// clusters drawn whole: Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
#[must_use]
pub fn bootstrap_interval(value: f64, replicates: &[f64], level: f64) -> Option<Interval> {
    let finite: Vec<f64> = replicates.iter().copied().filter(|x| x.is_finite()).collect();
    if finite.len() < 10 || !value.is_finite() || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let variance = finite.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (finite.len() - 1) as f64;
    let half = normal_quantile(0.5 * (1.0 + level)) * variance.sqrt();
    half.is_finite().then_some(Interval { low: value - half, high: value + half, level })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replicate_draws_as_many_clusters_as_there_are_and_keeps_them_whole() {
        let ids = [7, 7, 7, 2, 2, 9];
        let resamples = Resamples::new(ids.len(), Some(&ids), 40, 1, "test");
        assert_eq!(resamples.clusters(), 3);
        for replicate in 0..40 {
            let drawn: u32 = [0, 3, 5].iter().map(|&row| u32::from(resamples.weights(row)[replicate])).sum();
            assert_eq!(drawn, 3);
            assert_eq!(resamples.weights(0)[replicate], resamples.weights(2)[replicate]);
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_theory_says() {
        // 400 values of variance 1/12: the standard error is 0.01443.
        let mut stream = draws(3, "values", 0);
        let values: Vec<f64> = (0..400).map(|_| stream.uniform()).collect();
        let resamples = Resamples::new(values.len(), None, 400, 3, "test");
        let mut sums = vec![0.0; 400];
        for (row, value) in values.iter().enumerate() {
            for (sum, &weight) in sums.iter_mut().zip(resamples.weights(row)) {
                *sum += f64::from(weight) * value / 400.0;
            }
        }
        let interval = bootstrap_interval(0.5, &sums, 0.95).expect("an interval");
        let half = 0.5 * (interval.high - interval.low);
        // Relative error of a standard deviation from 400 replicates is 3.5 %; four of those (alpha 1e-4).
        assert!((half / (1.96 * 0.014_43) - 1.0).abs() < 0.14 + 0.05, "{half}");
    }

    #[test]
    fn whole_clusters_make_wider_intervals_than_rows() {
        let ids: Vec<u32> = (0..400).map(|row| row / 20).collect();
        let spread = |clusters: Option<&[u32]>| {
            let resamples = Resamples::new(400, clusters, 200, 5, "test");
            let mut sums = vec![0.0; 200];
            for row in 0..400 {
                for (sum, &weight) in sums.iter_mut().zip(resamples.weights(row)) {
                    *sum += f64::from(weight) * f64::from(row as u32 / 20 % 2) / 400.0;
                }
            }
            let interval = bootstrap_interval(0.5, &sums, 0.95).expect("an interval");
            interval.high - interval.low
        };
        assert!(spread(Some(&ids)) > 3.0 * spread(None));
    }

    #[test]
    fn nothing_to_resample_gives_no_interval() {
        assert_eq!(bootstrap_interval(f64::NAN, &[0.0; 50], 0.95), None);
        assert_eq!(bootstrap_interval(0.5, &[f64::NAN; 50], 0.95), None);
        assert_eq!(Resamples::new(0, None, 10, 1, "test").clusters(), 0);
    }
}
