//! Rows found by their keys.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use manikin_expression::Type;
use xxhash_rust::xxh3::xxh3_128;

use crate::cell::cell_text;
use crate::column::Column;
use crate::evaluate::NO_ROW;

/// Rows by the hash of their key: the first row of each.
#[derive(Debug, Default)]
pub struct KeyIndex {
    rows: HashMap<u128, u32, BuildHasherDefault<Passing>>,
    /// Rows whose key an earlier row has.
    pub repeated: Vec<u32>,
    /// Rows with a key that is not whole.
    pub missing: Vec<u32>,
}

impl KeyIndex {
    /// Indexes the rows of some columns of equal length.
    pub fn new(columns: &[&Column]) -> Self {
        let mut index = Self::default();
        for (row, hash) in (0_u32..).zip(hashes(columns)) {
            match hash {
                None => index.missing.push(row),
                Some(hash) => match index.rows.entry(hash) {
                    std::collections::hash_map::Entry::Vacant(free) => {
                        free.insert(row);
                    }
                    std::collections::hash_map::Entry::Occupied(_) => index.repeated.push(row),
                },
            }
        }
        index
    }

    /// For each row of columns that hold keys, the row they point to, or [`NO_ROW`].
    pub fn find(&self, columns: &[&Column]) -> Vec<u32> {
        // Children of one row stand together, so most keys are the same as the one before.
        if let [column] = columns
            && let (Type::Text, Ok(texts)) = (column.ty(), column.series().str())
        {
            let mut rows = Vec::with_capacity(column.len());
            let mut last: Option<(&str, u32)> = None;
            for text in texts.iter() {
                let found = text.map(|text| match last {
                    Some((before, row)) if before == text => (text, row),
                    _ => (text, self.rows.get(&xxh3_128(text.as_bytes())).copied().unwrap_or(NO_ROW)),
                });
                rows.push(found.map_or(NO_ROW, |(_, row)| row));
                last = found;
            }
            return rows;
        }
        let row_of = |hash: Option<u128>| hash.and_then(|hash| self.rows.get(&hash)).copied().unwrap_or(NO_ROW);
        hashes(columns).into_iter().map(row_of).collect()
    }
}

/// A hash of each row's values, `None` where one of them is missing.
///
/// 128 bits stand for the values themselves: among ten million keys two share a hash with a probability below 1e-24.
fn hashes(columns: &[&Column]) -> Vec<Option<u128>> {
    let Some((first, others)) = columns.split_first() else { return Vec::new() };
    let mut hashes = column_hashes(first);
    for column in others {
        for (hash, other) in hashes.iter_mut().zip(column_hashes(column)) {
            *hash = match (*hash, other) {
                (Some(a), Some(b)) => {
                    let mut both = [0; 32];
                    both[..16].copy_from_slice(&a.to_le_bytes());
                    both[16..].copy_from_slice(&b.to_le_bytes());
                    Some(xxh3_128(&both))
                }
                _ => None,
            };
        }
    }
    hashes
}

fn column_hashes(column: &Column) -> Vec<Option<u128>> {
    let series = column.series();
    let whole = |value: Option<i64>| value.map(|value| xxh3_128(&value.to_le_bytes()));
    match column.ty() {
        Type::Text => {
            series.str().map(|texts| texts.iter().map(|text| text.map(|text| xxh3_128(text.as_bytes()))).collect())
        }
        Type::Integer | Type::Decimal(_) | Type::DateTime => {
            series.i64().map(|values| values.iter().map(whole).collect())
        }
        Type::Date => series.i32().map(|days| days.iter().map(|day| whole(day.map(i64::from))).collect()),
        Type::Boolean => series.bool().map(|values| values.iter().map(|value| whole(value.map(i64::from))).collect()),
        Type::Float => series.f64().map(|values| {
            // Minus zero equals zero.
            values.iter().map(|value| value.map(|value| xxh3_128(&(value + 0.0).to_le_bytes()))).collect()
        }),
        _ => {
            return (0..column.len()).map(|row| cell_text(column, row).map(|text| xxh3_128(text.as_bytes()))).collect();
        }
    }
    .unwrap_or_else(|_| vec![None; column.len()])
}

/// Takes a hash as it is.
#[derive(Default)]
struct Passing(u64);

impl Hasher for Passing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_several_columns_are_found_and_repeats_and_gaps_told() {
        let texts = Column::texts([Some("a"), Some("a"), Some("b"), None, Some("a")]);
        let numbers = Column::integers(vec![1, 2, 1, 1, 1]);
        let index = KeyIndex::new(&[&texts, &numbers]);
        assert_eq!((index.repeated.as_slice(), index.missing.as_slice()), ([4].as_slice(), [3].as_slice()));
        let wanted = Column::texts([Some("b"), Some("b"), None]);
        assert_eq!(index.find(&[&wanted, &Column::integers(vec![1, 2, 1])]), [2, NO_ROW, NO_ROW]);
    }

    #[test]
    fn keys_that_stand_together_are_found_like_any_other() {
        let index = KeyIndex::new(&[&Column::texts([Some("a"), Some("b"), Some("")])]);
        let wanted = Column::texts([Some("b"), Some("b"), None, Some("b"), Some("x"), Some("x"), Some(""), Some("a")]);
        assert_eq!(index.find(&[&wanted]), [1, 1, NO_ROW, 1, NO_ROW, NO_ROW, 2, 0]);
    }
}
