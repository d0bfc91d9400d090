//! Picking an index by weight from one uniform draw.

use crate::weight::{WeightError, checked_sum};

/// A table that picks an index in constant time, whatever the number of weights.
///
/// The pick is not monotone in the draw; where a copula drives the choice use [`Cumulative`].
///
/// ```
/// use manikin_random::Alias;
/// let payer = Alias::new(&[70.0, 20.0, 10.0])?;
/// assert!(payer.pick(0.42) < 3);
/// # Ok::<(), manikin_random::WeightError>(())
/// ```
///
/// # Source
/// Walker, ACM TOMS 3(3), 1977; construction by Vose, IEEE Transactions on Software Engineering 17(9), 1991.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    /// The share of this column that is its own index.
    keep: f64,
    /// The index of the rest of the column.
    other: u32,
}

impl Alias {
    /// Builds the table in index order, so equal weights give equal tables everywhere.
    ///
    /// # Errors
    /// A [`WeightError`] when there is no weight, one is negative or not finite, or none is positive.
    pub fn new(weights: &[f64]) -> Result<Self, WeightError> {
        let sum = checked_sum(weights)?;
        let n = weights.len() as f64;
        let mut keep: Vec<f64> = weights.iter().map(|w| w / sum * n).collect();
        let mut columns: Vec<Column> = (0..weights.len()).map(|i| Column { keep: 1.0, other: i as u32 }).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|&i| keep[i as usize] < 1.0);
        while let (Some(&s), Some(&l)) = (small.last(), large.last()) {
            small.pop();
            columns[s as usize] = Column { keep: keep[s as usize], other: l };
            keep[l as usize] -= 1.0 - keep[s as usize];
            if keep[l as usize] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        // Rounding can leave a column without a donor. It is whole then, except that a weight of zero stays unpickable.
        let heaviest = heaviest(weights);
        for s in small {
            if weights[s as usize] == 0.0 {
                columns[s as usize] = Column { keep: 0.0, other: heaviest as u32 };
            }
        }
        Ok(Self { columns })
    }

    /// The index that the uniform draw `u` in [0, 1) picks. An index of weight zero is never picked.
    #[inline]
    pub fn pick(&self, u: f64) -> usize {
        let position = u * self.columns.len() as f64;
        // The cast saturates, so no u can leave the table.
        let index = (position as usize).min(self.columns.len() - 1);
        let column = self.columns[index];
        if position - (index as f64) < column.keep { index } else { column.other as usize }
    }

    /// The number of weights.
    pub fn count(&self) -> usize {
        self.columns.len()
    }
}

/// Picks an index by inverting the cumulative weights: monotone in the draw, in logarithmic time.
#[derive(Clone, Debug, PartialEq)]
pub struct Cumulative {
    sums: Vec<f64>,
    last: usize,
}

impl Cumulative {
    /// Sums the weights in index order.
    ///
    /// # Errors
    /// A [`WeightError`] when there is no weight, one is negative or not finite, or none is positive.
    pub fn new(weights: &[f64]) -> Result<Self, WeightError> {
        checked_sum(weights)?;
        let mut sum = 0.0;
        let sums = weights.iter().map(|w| {
            sum += w;
            sum
        });
        let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
        Ok(Self { sums: sums.collect(), last })
    }

    /// The index that the uniform draw `u` in [0, 1) picks; never one of weight zero, never falling as `u` grows.
    #[inline]
    pub fn pick(&self, u: f64) -> usize {
        let target = u * self.sums[self.last];
        self.sums.partition_point(|sum| *sum <= target).min(self.last)
    }

    /// The number of weights.
    pub fn count(&self) -> usize {
        self.sums.len()
    }
}

fn heaviest(weights: &[f64]) -> usize {
    (0..weights.len()).rev().max_by(|&a, &b| weights[a].total_cmp(&weights[b])).unwrap_or(0)
}
