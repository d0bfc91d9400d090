//! What can be wrong with a list of weights.

use core::fmt;

/// Why a list of weights cannot be drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightError {
    /// There is no weight at all.
    Empty,
    /// A weight is negative, infinite or not a number.
    NotAWeight {
        /// Its position in the list, from 0.
        index: usize,
        /// What was found there.
        found: f64,
    },
    /// All weights are zero, or their sum overflows.
    NoMass {
        /// The sum of the weights.
        sum: f64,
    },
    /// There are more weights than a table can index (2^32 - 1).
    TooMany {
        /// How many there are.
        found: usize,
    },
}

impl fmt::Display for WeightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there are no weights; give at least one"),
            Self::NotAWeight { index, found } => {
                write!(f, "weight {index} is {found}; a weight must be a finite number of at least 0")
            }
            Self::NoMass { sum } => write!(f, "the weights sum to {sum}; at least one must be positive, all finite"),
            Self::TooMany { found } => {
                write!(f, "{found} weights are too many; at most {}", u32::MAX)
            }
        }
    }
}

impl core::error::Error for WeightError {}

/// The sum of valid weights, in index order.
pub(crate) fn checked_sum(weights: &[f64]) -> Result<f64, WeightError> {
    if weights.is_empty() {
        return Err(WeightError::Empty);
    }
    if weights.len() >= u32::MAX as usize {
        return Err(WeightError::TooMany { found: weights.len() });
    }
    if let Some((index, &found)) = weights.iter().enumerate().find(|(_, w)| !(w.is_finite() && **w >= 0.0)) {
        return Err(WeightError::NotAWeight { index, found });
    }
    let sum: f64 = weights.iter().sum();
    if sum > 0.0 && sum.is_finite() { Ok(sum) } else { Err(WeightError::NoMass { sum }) }
}
