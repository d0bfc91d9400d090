//! Exact quotas of categories over ranges of rows.

use core::fmt;

use super::draw::multivariate_hypergeometric;
use super::left_size;
use crate::address::{Address, Name};

/// How many rows of each category there are in all; split at random, and exactly, over ranges of known sizes.
///
/// ```
/// use manikin_random::{Name, QuotaSplit, RunKey};
/// let status = QuotaSplit { quotas: vec![850, 100, 50] };
/// let key = RunKey::new(7).address().child(Name::of("claim.status"), 0);
/// let blocks = status.for_ranges(key, &[400, 350, 250])?;
/// assert_eq!(blocks[1].iter().sum::<u64>(), 350);
/// assert_eq!(blocks.iter().map(|block| block[2]).sum::<u64>(), 50);
/// # Ok::<(), manikin_random::QuotaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaSplit {
    /// The number of rows of each category.
    pub quotas: Vec<u64>,
}

/// Why quotas cannot be met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QuotaError {
    /// The quotas do not sum to the number of rows.
    Sum {
        /// The sum of the quotas.
        quotas: u128,
        /// The number of rows (the sum of the ranges' or units' sizes).
        rows: u128,
    },
    /// An affinity that is negative or not finite.
    NotAnAffinity {
        /// The unit.
        unit: usize,
        /// The category.
        category: usize,
        /// The affinity found.
        found: f64,
    },
    /// A unit that has no category it may take, among those with a quota.
    NoCategory {
        /// The unit.
        unit: usize,
        /// Its size.
        size: u64,
    },
    /// A category whose quota exceeds what all units that may take it add up to.
    Unreachable {
        /// The category.
        category: usize,
        /// Its quota.
        quota: u64,
        /// The summed size of the units that may take it.
        available: u128,
    },
    /// A category that units with no other choice overfill.
    Overfilled {
        /// The category.
        category: usize,
        /// Its quota.
        quota: u64,
        /// The summed size of the units that can take no other.
        forced: u128,
    },
    /// A unit larger than every quota it may take.
    TooLarge {
        /// The unit.
        unit: usize,
        /// Its size.
        size: u64,
        /// The largest quota it may take.
        quota: u64,
    },
    /// No arrangement that meets the quotas was found. If all units have size 1 there is none; else the sizes do not
    /// seem to add up to the quotas.
    NoArrangement {
        /// A category that holds too much in the nearest arrangement found.
        category: usize,
        /// By how much.
        excess: u64,
        /// A category that holds too little there.
        short: usize,
        /// Whether every unit has size 0 or 1, which makes the finding a proof.
        proven: bool,
    },
}

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum { quotas, rows } => {
                write!(f, "the quotas sum to {quotas}, but there are {rows} rows")
            }
            Self::NotAnAffinity { unit, category, found } => {
                write!(f, "the affinity of unit {unit} to category {category} is {found}; it must be at least 0")
            }
            Self::NoCategory { unit, size } => {
                write!(f, "unit {unit} (size {size}) may take no category that has a quota")
            }
            Self::Unreachable { category, quota, available } => write!(
                f,
                "category {category} has a quota of {quota}, but the units that may take it add up to {available}"
            ),
            Self::Overfilled { category, quota, forced } => write!(
                f,
                "category {category} has a quota of {quota}, but units that may take no other add up to {forced}"
            ),
            Self::TooLarge { unit, size, quota } => {
                write!(f, "unit {unit} has size {size}, above every quota it may take (at most {quota})")
            }
            Self::NoArrangement { category, excess, short, proven } => {
                write!(
                    f,
                    "no arrangement {}: category {category} keeps {excess} too many that category {short} lacks",
                    if *proven { "meets the quotas" } else { "was found that meets the quotas" }
                )
            }
        }
    }
}

impl core::error::Error for QuotaError {}

const NODE: Name = Name::of("quota split node");
const LEFT: Name = Name::of("left");
const SHUFFLE: Name = Name::of("quota shuffle");

impl QuotaSplit {
    /// How many rows of each category each range has, given the ranges' sizes.
    ///
    /// Down a binary tree over the ranges (the same shape as [`TotalSplit`](super::TotalSplit)'s), each node split by
    /// a multivariate hypergeometric draw: the distribution is that of rows shuffled as a whole.
    ///
    /// # Errors
    /// [`QuotaError::Sum`] when the quotas do not sum to the sizes.
    pub fn for_ranges(&self, key: Address, sizes: &[u64]) -> Result<Vec<Vec<u64>>, QuotaError> {
        let sum = |numbers: &[u64]| numbers.iter().map(|n| u128::from(*n)).sum::<u128>();
        let (quotas, rows) = (sum(&self.quotas), sum(sizes));
        if quotas != rows || rows > u128::from(u64::MAX) {
            return Err(QuotaError::Sum { quotas, rows });
        }
        let mut counts = Vec::with_capacity(sizes.len());
        if !sizes.is_empty() {
            descend(key, 0, sizes, self.quotas.clone(), &mut counts);
        }
        Ok(counts)
    }
}

fn descend(key: Address, start: u64, sizes: &[u64], quotas: Vec<u64>, counts: &mut Vec<Vec<u64>>) {
    if sizes.len() == 1 {
        counts.push(quotas);
        return;
    }
    let middle = left_size(sizes.len() as u64);
    let (left, right) = sizes.split_at(middle as usize);
    let mut stream = key.child(NODE.numbered(sizes.len() as u64), start).stream(LEFT);
    let left_quotas = multivariate_hypergeometric(&mut stream, &quotas, left.iter().sum());
    let right_quotas = quotas.iter().zip(&left_quotas).map(|(all, left)| all - left).collect();
    descend(key, start, left, left_quotas, counts);
    descend(key, start + middle, right, right_quotas, counts);
}

/// A random arrangement of the rows of a range: category `c` occurs `counts[c]` times.
///
/// # Source
/// Fisher and Yates 1938; Durstenfeld, Algorithm 235, Communications of the ACM 7, 1964.
pub fn shuffle_quota(key: Address, counts: &[u64]) -> Vec<u32> {
    let mut rows: Vec<u32> =
        counts.iter().enumerate().flat_map(|(c, &n)| core::iter::repeat_n(c as u32, n as usize)).collect();
    let mut stream = key.stream(SHUFFLE);
    for i in (1..rows.len()).rev() {
        rows.swap(i, stream.below(i as u64 + 1) as usize);
    }
    rows
}
