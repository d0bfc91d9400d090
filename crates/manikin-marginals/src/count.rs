//! Exact marginal counts in whole numbers, from columns of codes, chunk by chunk.

use crate::domain::{AttributeSet, Domain};
use rayon::prelude::*;

/// One row of weight 1, in the unit of all exact counts: 2^-20 rows.
///
/// Weights are rounded *down* to this unit by whoever makes them, so that a patient's weights never add up to more
/// than was claimed.
pub const ROW: i64 = 1 << 20;

/// A column of codes.
#[derive(Clone, Copy, Debug)]
pub enum Codes<'a> {
    /// Codes of at most two bytes.
    Narrow(&'a [u16]),
    /// Codes of any size.
    Wide(&'a [u32]),
}

impl Codes<'_> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Some rows of a table: one column of codes for each attribute of the domain, in order.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The columns; one that is missing counts as code 0 throughout.
    pub columns: &'a [Codes<'a>],
    /// The rows' weights in units of [`ROW`]; every row has weight 1 when there are none.
    pub weights: Option<&'a [u32]>,
    /// The number of rows; what a column lacks counts as code 0.
    pub rows: usize,
}

/// Why records could not be read: what their reader says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records could not be read: {0}")]
pub struct ScanError(pub String);

/// Records that can be read from the start as often as needed, in chunks of any size.
pub trait Records {
    /// Gives every chunk to `visit`, once each and in any order.
    ///
    /// # Errors
    /// [`ScanError`] when the source fails, for a reason that does not depend on what the records hold.
    fn scan(&self, visit: &mut dyn FnMut(&Chunk<'_>)) -> Result<(), ScanError>;
}

/// Records in memory, as columns of two-byte codes, every row of weight 1.
impl Records for Vec<Vec<u16>> {
    fn scan(&self, visit: &mut dyn FnMut(&Chunk<'_>)) -> Result<(), ScanError> {
        let columns: Vec<_> = self.iter().map(|column| Codes::Narrow(column)).collect();
        visit(&Chunk { columns: &columns, weights: None, rows: self.first().map_or(0, Vec::len) });
        Ok(())
    }
}

/// Exact weighted counts over some sets of attributes, added to chunk by chunk: memory is that of the counts.
///
/// A code at or above its attribute's size counts as the last value, silently: a message, an error or a missing row
/// would depend on a record.
#[derive(Clone, Debug)]
pub struct Counter {
    sizes: Vec<u32>,
    sets: Vec<AttributeSet>,
    counts: Vec<Vec<i64>>,
}

impl Counter {
    /// A counter of zeros over these sets of attributes.
    pub fn new(domain: &Domain, sets: &[AttributeSet]) -> Self {
        Self {
            sizes: domain.attributes().iter().map(|attribute| attribute.size).collect(),
            sets: sets.to_vec(),
            counts: sets.iter().map(|set| vec![0; domain.cells(set) as usize]).collect(),
        }
    }

    /// Adds the rows of a chunk, sets in parallel.
    pub fn add(&mut self, chunk: &Chunk<'_>) {
        const BATCH: usize = 8_192;
        let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(BATCH); self.sizes.len()];
        let mut start = 0;
        while start < chunk.rows {
            let rows = BATCH.min(chunk.rows - start);
            for (attribute, into) in codes.iter_mut().enumerate() {
                let last = self.sizes[attribute] - 1;
                into.clear();
                match chunk.columns.get(attribute) {
                    Some(Codes::Narrow(column)) => {
                        into.extend(column.iter().skip(start).take(rows).map(|code| u32::from(*code).min(last)));
                    }
                    Some(Codes::Wide(column)) => {
                        into.extend(column.iter().skip(start).take(rows).map(|code| (*code).min(last)));
                    }
                    None => {}
                }
                into.resize(rows, 0);
            }
            let weights = chunk.weights.map(|weights| {
                let slice = weights.get(start..).unwrap_or(&[]);
                &slice[..rows.min(slice.len())]
            });
            let sizes = &self.sizes;
            self.sets.par_iter().zip(self.counts.par_iter_mut()).with_min_len(16).for_each_init(
                || vec![0u32; BATCH],
                |cells, (set, counts)| count_batch(sizes, set, &codes, weights, &mut cells[..rows], counts),
            );
            start += rows;
        }
    }

    /// The counts of each set, in the order of the sets, in units of [`ROW`].
    pub fn finish(self) -> Vec<Vec<i64>> {
        self.counts
    }

    /// Counts all records over `sets`.
    ///
    /// # Errors
    /// As [`Records::scan`].
    pub fn count<R: Records + ?Sized>(
        domain: &Domain,
        sets: &[AttributeSet],
        records: &R,
    ) -> Result<Vec<Vec<i64>>, ScanError> {
        let mut counter = Self::new(domain, sets);
        records.scan(&mut |chunk| counter.add(chunk))?;
        Ok(counter.finish())
    }
}

fn count_batch(
    sizes: &[u32],
    set: &AttributeSet,
    codes: &[Vec<u32>],
    weights: Option<&[u32]>,
    cells: &mut [u32],
    counts: &mut [i64],
) {
    cells.fill(0);
    for attribute in set.iter().filter(|a| *a < sizes.len()) {
        let size = sizes[attribute];
        for (cell, code) in cells.iter_mut().zip(&codes[attribute]) {
            *cell = *cell * size + code;
        }
    }
    match weights {
        None => cells.iter().for_each(|cell| counts[*cell as usize] += ROW),
        Some(weights) => {
            cells.iter().zip(weights).for_each(|(cell, weight)| counts[*cell as usize] += i64::from(*weight));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_patient_moves_every_marginal_by_at_most_their_weight(
            rows in proptest::collection::vec((0u16..9, 0u16..9, 0u16..9, 1u32..8), 1..40), patient in 0usize..40,
        ) {
            // Row i belongs to patient i % 5, whose k rows weigh 2^20 / k each, rounded down.
            let domain = Domain::new([("a", 3), ("b", 4), ("c", 2)]).unwrap();
            let sets: Vec<_> = domain.all().subsets();
            let count = |leave_out: usize| {
                let kept: Vec<_> = rows.iter().enumerate().filter(|(i, _)| i % 5 != leave_out).collect();
                let column = |f: fn(&(u16, u16, u16, u32)) -> u16| kept.iter().map(|(_, r)| f(r)).collect::<Vec<_>>();
                let (a, b, c) = (column(|r| r.0), column(|r| r.1), column(|r| r.2));
                let weights: Vec<u32> = kept
                    .iter()
                    .map(|(i, _)| (1 << 20) / (0..rows.len()).filter(|j| j % 5 == i % 5).count() as u32)
                    .collect();
                let mut counter = Counter::new(&domain, &sets);
                let columns = [Codes::Narrow(&a), Codes::Narrow(&b), Codes::Narrow(&c)];
                counter.add(&Chunk { columns: &columns, weights: Some(&weights), rows: kept.len() });
                counter.finish()
            };
            for (with, without) in count(usize::MAX).iter().zip(count(patient % 5)) {
                let l1: i64 = with.iter().zip(&without).map(|(x, y)| (x - y).abs()).sum();
                let l2_squared: i64 = with.iter().zip(&without).map(|(x, y)| (x - y) * (x - y)).sum();
                prop_assert!(l1 <= ROW && l2_squared <= ROW * ROW);
            }
        }
    }

    #[test]
    fn chunks_add_up_and_codes_out_of_the_domain_count_as_the_last() {
        let domain = Domain::new([("a", 2), ("b", 3)]).unwrap();
        let sets = [domain.all(), AttributeSet::of(&[1])];
        let (a, b) = ([0u16, 1, 700, 1], [0u32, 2, 1, u32::MAX]);
        let mut counter = Counter::new(&domain, &sets);
        for range in [0..1, 1..4] {
            let columns = [Codes::Narrow(&a[range.clone()]), Codes::Wide(&b[range.clone()])];
            counter.add(&Chunk { columns: &columns, weights: None, rows: range.len() });
        }
        let counts = counter.finish();
        assert_eq!(counts[0], [ROW, 0, 0, 0, ROW, 2 * ROW]);
        assert_eq!(counts[1], [ROW, ROW, 2 * ROW]);
    }
}
