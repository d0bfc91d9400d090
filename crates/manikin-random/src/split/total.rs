//! An exact total spread over units, any range of which can be computed alone.

use core::fmt;
use core::ops::Range;

use super::draw::{beta_binomial, binomial, hypergeometric};
use super::left_size;
use crate::address::{Address, Name};

/// How unequal the units' counts are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// As equal as possible: counts differ by at most one; which units have the larger one is random.
    Even,
    /// Every item above the minimum falls on a unit at random (Poisson-like counts).
    Multinomial,
    /// Units differ in how many they attract, by gamma weights of this shape (negative-binomial-like counts; the
    /// smaller the shape the more unequal). This is the Dirichlet-multinomial distribution.
    Gamma {
        /// Shape of the weights, above 0.
        shape: f64,
    },
}

/// A total that is spread over units `0..units`, each with at least `min` and at most `max`.
///
/// The units form a binary tree: a node of `n > 1` units has the largest power of two below `n` on its left and the
/// rest on its right. Its count is split in two by a draw at the node's own address, so a range costs
/// O(log units + range) and any partition of the units gives the same counts. Bounds are kept by moving a draw to the
/// nearest split that leaves both sides feasible, which a tight `max` makes visible as piled-up counts at the bounds.
///
/// ```
/// use manikin_random::{Name, RunKey, Spread, TotalSplit};
/// let claims = TotalSplit::new(1000, 200, 1, None, Spread::Gamma { shape: 1.2 })?;
/// let key = RunKey::new(7).address().child(Name::of("claim.count"), 0);
/// let counts = claims.for_range(key, 0..200);
/// assert_eq!(counts.iter().sum::<u64>(), 1000);
/// assert_eq!(claims.for_range(key, 50..60), counts[50..60]);
/// # Ok::<(), manikin_random::SplitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TotalSplit {
    total: u64,
    units: u64,
    min: u64,
    max: Option<u64>,
    spread: Spread,
}

/// Why a total cannot be spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitError {
    /// The units' minimums already exceed the total.
    TooFew {
        /// The total.
        total: u64,
        /// Number of units.
        units: u64,
        /// Least count of a unit.
        min: u64,
    },
    /// The units' maximums do not reach the total.
    TooMany {
        /// The total.
        total: u64,
        /// Number of units.
        units: u64,
        /// Greatest count of a unit.
        max: u64,
    },
    /// A total above 0 and no unit to give it to.
    NoUnits {
        /// The total.
        total: u64,
    },
    /// A gamma shape that is not a finite number above 0.
    Shape {
        /// The shape found.
        found: f64,
    },
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { total, units, min } => {
                write!(f, "a total of {total} is too small for {units} units with at least {min} each")
            }
            Self::TooMany { total, units, max } => {
                write!(f, "a total of {total} is too large for {units} units with at most {max} each")
            }
            Self::NoUnits { total } => write!(f, "a total of {total} needs at least one unit"),
            Self::Shape { found } => write!(f, "the gamma shape must be a finite number above 0, found {found}"),
        }
    }
}

impl core::error::Error for SplitError {}

/// A node of the tree: its first unit, its number of units and its count.
#[derive(Clone, Copy)]
struct Node {
    start: u64,
    size: u64,
    count: u64,
}

const NODE: Name = Name::of("total split node");
const LEFT: Name = Name::of("left");

impl TotalSplit {
    /// Checks that the split exists.
    ///
    /// # Errors
    /// A [`SplitError`] when the bounds cannot hold together with the total, or the shape is not above 0.
    pub fn new(total: u64, units: u64, min: u64, max: Option<u64>, spread: Spread) -> Result<Self, SplitError> {
        if let Spread::Gamma { shape } = spread
            && !(shape.is_finite() && shape > 0.0)
        {
            return Err(SplitError::Shape { found: shape });
        }
        if units == 0 && total > 0 {
            return Err(SplitError::NoUnits { total });
        }
        if u128::from(units) * u128::from(min) > u128::from(total) {
            return Err(SplitError::TooFew { total, units, min });
        }
        if let Some(max) = max.filter(|max| u128::from(units) * u128::from(*max) < u128::from(total)) {
            return Err(SplitError::TooMany { total, units, max });
        }
        Ok(Self { total, units, min, max, spread })
    }

    /// The total.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The number of units.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// The counts of the units in `range`, in order; the part of the range beyond the last unit has none.
    pub fn for_range(&self, key: Address, range: Range<u64>) -> Vec<u64> {
        let range = range.start.min(self.units)..range.end.min(self.units);
        let mut counts = Vec::with_capacity(range.end.saturating_sub(range.start) as usize);
        if !range.is_empty() {
            self.descend(key, Node { start: 0, size: self.units, count: self.total }, &range, &mut counts);
        }
        counts
    }

    fn descend(&self, key: Address, node: Node, range: &Range<u64>, counts: &mut Vec<u64>) {
        if node.start >= range.end || node.start + node.size <= range.start {
            return;
        }
        if node.size == 1 {
            counts.push(node.count);
            return;
        }
        let size = left_size(node.size);
        let count = self.left_count(key, node, size);
        self.descend(key, Node { start: node.start, size, count }, range, counts);
        let right = Node { start: node.start + size, size: node.size - size, count: node.count - count };
        self.descend(key, right, range, counts);
    }

    /// Draws the count of the left part of a node.
    fn left_count(&self, key: Address, node: Node, left: u64) -> u64 {
        let right = node.size - left;
        // Feasibility of the node keeps `size * min <= count`, so these products cannot overflow; `max` saturates.
        let least = |units: u64| units * self.min;
        let most = |units: u64| self.max.map_or(u64::MAX, |max| units.saturating_mul(max));
        let lowest = least(left).max(node.count.saturating_sub(most(right)));
        let highest = most(left).min(node.count - least(right));
        if lowest >= highest {
            return lowest;
        }
        let mut stream = key.child(NODE.numbered(node.size), node.start).stream(LEFT);
        let drawn = match self.spread {
            Spread::Even => {
                let each = node.count / node.size;
                left * each + hypergeometric(&mut stream, node.size, node.count - each * node.size, left)
            }
            Spread::Multinomial => {
                least(left) + binomial(&mut stream, node.count - least(node.size), left as f64 / node.size as f64)
            }
            Spread::Gamma { shape } => {
                let free = node.count - least(node.size);
                least(left) + beta_binomial(&mut stream, free, shape * left as f64, shape * right as f64)
            }
        };
        drawn.max(lowest).min(highest)
    }
}
