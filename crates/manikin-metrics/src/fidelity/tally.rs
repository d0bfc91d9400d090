//! Counts of shared cells on both sides, in the data and in every replicate.

use super::comparison::Comparison;
use crate::score::Interval;
use crate::stats::{Resamples, bootstrap_interval};

/// How many rows of each side are in each cell.
pub(crate) struct Tally {
    pub(crate) real: Vec<u32>,
    pub(crate) synthetic: Vec<u32>,
    /// Replicates of each cell side by side; empty without resampling.
    real_replicates: Vec<u32>,
    synthetic_replicates: Vec<u32>,
    replicates: usize,
}

/// A value and what the replicates make of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) replicates: Vec<f64>,
}

impl Estimate {
    pub(crate) fn interval(&self, level: f64) -> Option<Interval> {
        bootstrap_interval(self.value, &self.replicates, level)
    }

    /// Turns a distance in [0, 1] into a similarity.
    pub(crate) fn complement(&mut self) {
        self.value = 1.0 - self.value;
        self.replicates.iter_mut().for_each(|x| *x = 1.0 - *x);
    }

    /// The mean of several estimates that share their replicates; `None` of none.
    pub(crate) fn mean(all: &[Self]) -> Option<Self> {
        let n = all.len() as f64;
        let replicates = all.iter().map(|e| e.replicates.len()).min()?;
        Some(Self {
            value: all.iter().map(|e| e.value).sum::<f64>() / n,
            replicates: (0..replicates).map(|r| all.iter().map(|e| e.replicates[r]).sum::<f64>() / n).collect(),
        })
    }
}

impl Tally {
    /// Counts `cells` cells; a row whose cell is `None` counts nowhere.
    pub(crate) fn of(
        comparison: &Comparison<'_>,
        cells: usize,
        real: impl Iterator<Item = Option<usize>>,
        synthetic: impl Iterator<Item = Option<usize>>,
    ) -> Self {
        let (real_draws, synthetic_draws) = comparison.draws();
        let replicates = comparison.replicates();
        let (real, real_replicates) = count(cells, real, real_draws, replicates);
        let (synthetic, synthetic_replicates) = count(cells, synthetic, synthetic_draws, replicates);
        Self { real, synthetic, real_replicates, synthetic_replicates, replicates }
    }

    /// From counts and their replicates, those of a cell side by side.
    pub(crate) fn new(real: (Vec<u32>, Vec<u32>), synthetic: (Vec<u32>, Vec<u32>), replicates: usize) -> Self {
        Self {
            real: real.0,
            synthetic: synthetic.0,
            real_replicates: real.1,
            synthetic_replicates: synthetic.1,
            replicates,
        }
    }

    /// The counts of one cell in each replicate, real and synthetic.
    pub(crate) fn cell_replicates(&self, cell: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let at = cell * self.replicates..(cell + 1) * self.replicates;
        self.real_replicates[at.clone()].iter().copied().zip(self.synthetic_replicates[at].iter().copied())
    }

    /// The number of rows counted on each side.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let total = |counts: &[u32]| counts.iter().map(|&c| u64::from(c)).sum();
        (total(&self.real), total(&self.synthetic))
    }

    /// A statistic of the two lists of counts, and of each replicate's. `None` when either side is empty.
    pub(crate) fn estimate(&self, statistic: impl Fn(&[u32], &[u32]) -> f64) -> Option<Estimate> {
        let (n, m) = self.totals();
        if n == 0 || m == 0 {
            return None;
        }
        let cells = self.real.len();
        let (mut a, mut b) = (vec![0; cells], vec![0; cells]);
        let replicates = (0..self.replicates).map(|r| {
            for cell in 0..cells {
                a[cell] = self.real_replicates[cell * self.replicates + r];
                b[cell] = self.synthetic_replicates[cell * self.replicates + r];
            }
            statistic(&a, &b)
        });
        let replicates = replicates.collect();
        Some(Estimate { value: statistic(&self.real, &self.synthetic), replicates })
    }

    /// The total variation distance, half the sum of |p - q|, as [`Tally::estimate`] but for all replicates at once.
    pub(crate) fn total_variation(&self) -> Option<Estimate> {
        let (n, m) = self.totals();
        if n == 0 || m == 0 {
            return None;
        }
        let pairs = self.real.iter().zip(&self.synthetic);
        let value = 0.5 * pairs.map(|(&a, &b)| (f64::from(a) / n as f64 - f64::from(b) / m as f64).abs()).sum::<f64>();
        let width = self.replicates;
        let (mut ns, mut ms) = (vec![0u64; width], vec![0u64; width]);
        for (counts, totals) in [(&self.real_replicates, &mut ns), (&self.synthetic_replicates, &mut ms)] {
            for cell in counts.chunks_exact(width.max(1)) {
                totals.iter_mut().zip(cell).for_each(|(total, &count)| *total += u64::from(count));
            }
        }
        let inverse = |totals: &[u64]| totals.iter().map(|&t| 1.0 / t as f64).collect::<Vec<_>>();
        let (ns, ms) = (inverse(&ns), inverse(&ms));
        let mut sums = vec![0.0; width];
        let cells = self.real_replicates.chunks_exact(width.max(1));
        for (a, b) in cells.zip(self.synthetic_replicates.chunks_exact(width.max(1))) {
            for r in 0..width {
                sums[r] += (f64::from(a[r]) * ns[r] - f64::from(b[r]) * ms[r]).abs();
            }
        }
        Some(Estimate { value, replicates: sums.into_iter().map(|sum| 0.5 * sum).collect() })
    }

    /// The total variation that two faultless samples of these sizes show on average.
    ///
    /// # Source
    /// Half of expected L1 = Σ sqrt((2/π)(p(1-p)/n + p(1-p)/m)), the mean of |a normal|, with p the real shares: the
    /// sampling-noise ceiling of mostlyai-qa. Rows of one patient are taken as independent.
    pub(crate) fn expected_variation(&self) -> f64 {
        let (n, m) = self.totals();
        let (n, m) = (n as f64, m as f64);
        let shares = self.real.iter().map(|&count| f64::from(count) / n);
        0.5 * shares.map(|p| (2.0 / std::f64::consts::PI * (p * (1.0 - p) * (1.0 / n + 1.0 / m))).sqrt()).sum::<f64>()
    }
}

fn count(
    cells: usize,
    rows: impl Iterator<Item = Option<usize>>,
    draws: &Resamples,
    replicates: usize,
) -> (Vec<u32>, Vec<u32>) {
    let mut counts = vec![0u32; cells];
    let mut resampled = vec![0u32; cells * replicates];
    for (row, cell) in rows.enumerate() {
        let Some(cell) = cell else { continue };
        counts[cell] += 1;
        if replicates > 0 {
            draws.add(row, &mut resampled[cell * replicates..(cell + 1) * replicates]);
        }
    }
    (counts, resampled)
}
