//! Statistics that several metrics share: intervals, order, resampling, models.
//!
//! Everything here is a pure function, sums in row order, takes its seed as an argument and answers `None` (never a
//! NaN) where the statistic does not exist.

pub mod auc;
pub mod design;
pub mod features;
pub mod moment;
pub mod order;
pub mod proportion;
pub(crate) mod radix;
pub mod regression;
pub mod resample;
pub mod tree;

pub use moment::{Moments, moments, pearson, spearman};
pub use order::{Ranked, average_ranks, kolmogorov_distance, quantile_sorted, sorted_numbers};
pub use proportion::{WilsonRate, clopper_pearson, clopper_pearson_lower, clopper_pearson_upper, wilson};
pub use resample::{Resamples, bootstrap_interval};

use manikin_random::{Name, RunKey, Stream};

/// The random draws of one purpose: portable, and untouched by what other purposes draw.
///
/// `index` separates repetitions (replicates, trees, folds) of one purpose.
#[must_use]
pub fn draws(seed: u64, purpose: &str, index: u64) -> Stream {
    RunKey::new(seed).subject(Name::of(purpose), index).stream(Name::of("draws"))
}

/// The indices `0..n` in a random order, of which the first `k` are a simple random sample.
///
/// With `k >= n` all indices come back in their own order, unshuffled: nothing was sampled.
#[must_use]
pub fn sample_rows(n: usize, k: usize, stream: &mut Stream) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..u32::try_from(n).unwrap_or(u32::MAX)).collect();
    if k >= rows.len() {
        return rows;
    }
    for i in 0..k {
        let j = i + usize::try_from(stream.below((rows.len() - i) as u64)).unwrap_or(0);
        rows.swap(i, j);
    }
    rows.truncate(k);
    // In row order, so that memory is read forwards and sums do not depend on the order of the draw.
    rows.sort_unstable();
    rows
}
