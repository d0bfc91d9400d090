//! The different rows of a table, each with the rows that are equal to it.

use std::collections::HashMap;

use crate::{Table, Values};

/// Groups of equal rows, in the order of their first rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distinct {
    starts: Vec<u32>,
    rows: Vec<u32>,
    groups: Vec<u32>,
}

impl Distinct {
    /// Groups rows by the group of each, numbered in the order of first appearance.
    fn new(groups: Vec<u32>, count: usize) -> Self {
        let mut starts = vec![0u32; count + 1];
        for &group in &groups {
            starts[group as usize + 1] += 1;
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let (mut next, mut rows) = (starts.clone(), vec![0; groups.len()]);
        for (row, &group) in (0u32..).zip(&groups) {
            rows[next[group as usize] as usize] = row;
            next[group as usize] += 1;
        }
        Self { starts, rows, groups }
    }

    /// The number of different rows.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a group, in ascending order.
    pub(crate) fn members(&self, group: u32) -> &[u32] {
        &self.rows[self.starts[group as usize] as usize..self.starts[group as usize + 1] as usize]
    }

    /// The first row of a group.
    pub(crate) fn first(&self, group: u32) -> u32 {
        self.members(group)[0]
    }

    /// The group of each row.
    pub(crate) fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// The number of rows of each group.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.starts.windows(2).map(|pair| (pair[1] - pair[0]) as usize)
    }
}

/// The different rows of `table`.
pub(crate) fn distinct(table: &Table) -> Distinct {
    let columns: Vec<Vec<u32>> = table.columns.iter().map(|column| column_codes(&column.values)).collect();
    let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
    groups(&columns, table.rows)
}

/// The different rows of columns of codes.
pub(crate) fn groups(columns: &[&[u32]], rows: usize) -> Distinct {
    let (mut current, mut count) = (vec![0u32; rows], usize::from(rows > 0));
    for column in columns {
        count = refine(&mut current, column);
    }
    Distinct::new(current, count)
}

/// Splits groups by a further column; the new groups are numbered in the order of first appearance.
pub(crate) fn refine(current: &mut [u32], column: &[u32]) -> usize {
    let mut numbers: HashMap<u64, u32, Mixing> = HashMap::with_capacity_and_hasher(1024, Mixing);
    for (group, &code) in current.iter_mut().zip(column) {
        let next = numbers.len() as u32;
        *group = *numbers.entry(u64::from(*group) << 32 | u64::from(code)).or_insert(next);
    }
    numbers.len()
}

/// A code for every different value of a column, in the order of first appearance.
fn column_codes(values: &Values) -> Vec<u32> {
    match values {
        Values::Codes { codes, .. } => codes.clone(),
        Values::Numbers(numbers) => {
            let mut known: HashMap<u64, u32, Mixing> = HashMap::with_hasher(Mixing);
            numbers
                .iter()
                .map(|&number| {
                    let next = known.len() as u32;
                    *known.entry(number_bits(number)).or_insert(next)
                })
                .collect()
        }
    }
}

/// The bits of a number, one for each different value: all NaN are one, and so are both zeros.
pub(crate) fn number_bits(number: f64) -> u64 {
    if number.is_nan() { u64::MAX } else { (number + 0.0).to_bits() }
}

/// Spreads the bits of a word.
///
/// # Source
/// The finalizer of MurmurHash3 (Appleby, public domain).
pub(crate) fn mix(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// Hashes words by mixing their bits; the maps are looked up, never walked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mixing;

/// The state of [`Mixing`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mixed(u64);

impl std::hash::BuildHasher for Mixing {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(0)
    }
}

impl std::hash::Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ word);
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{codes, numbers, table};

    #[test]
    fn equal_rows_are_one_group_and_nulls_are_equal() {
        let rows = table([numbers("n", [1.0, f64::NAN, 0.0, f64::NAN, -0.0]), codes("c", ["a", "", "b", "", "b"])]);
        let found = distinct(&rows);
        assert_eq!(found.groups(), [0, 1, 2, 1, 2]);
        assert_eq!(found.members(1), [1, 3]);
        assert_eq!(found.sizes().collect::<Vec<_>>(), [1, 2, 2]);
        assert_eq!(distinct(&Table::default()).len(), 0);
    }
}
