//! Exact splits: totals and quotas that hold to the row, whatever the partitioning.

mod assign;
mod draw;
mod quota;
mod total;

pub use assign::{Affinity, assign_weighted};
pub use draw::{beta_binomial, binomial, hypergeometric, largest_remainder, multivariate_hypergeometric};
pub use quota::{QuotaError, QuotaSplit, shuffle_quota};
pub use total::{SplitError, Spread, TotalSplit};

/// The size of the left part of a node of `size` units: the largest power of two below it.
///
/// Left parts are then perfect trees, so a node is named by its first unit and its size, and growing a tree to the
/// right leaves the borders of its left nodes where they are.
fn left_size(size: u64) -> u64 {
    debug_assert!(size > 1);
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}
