//! A digest of a table's rows that does not depend on format, order, parts or partitions.
//!
//! # Definition
//!
//! Each row becomes bytes, column by column in the order of the schema:
//!
//! | value | bytes |
//! |---|---|
//! | none | `00` |
//! | boolean | `01`, then `00` or `01` |
//! | integer | `02`, then 8 bytes, little-endian two's complement |
//! | float | `03`, then 8 bytes, IEEE 754 binary64 little-endian; negative zero as zero |
//! | decimal of scale *s* | `04`, then the value times 10^*s* as an integer |
//! | text | `05`, then its length in UTF-8 bytes as 4 bytes little-endian, then the bytes |
//! | date | `06`, then days since 1970-01-01 as 4 bytes little-endian |
//! | datetime | `07`, then microseconds since 1970-01-01T00:00:00 as 8 bytes little-endian |
//! | list | `08`, then the number of elements as 4 bytes little-endian, then each element as a text or none |
//!
//! The row's hash is XXH3-128 (seed 0) of these bytes. The digest is the sum of the hashes of all rows modulo 2^128,
//! written as 32 lower-case hexadecimal digits, most significant first. So the digests of partitions add up to the
//! digest of the whole, and a row that is there twice counts twice.
//!
//! It finds differences; it is no seal against forgery. For that the manifest has the SHA-256 of every file.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use manikin_tables::Table;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

use crate::columns::{Cells, Column, Columns};
use crate::error::FormatError;

/// The sum of the hashes of rows; zero for no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RowDigest(u128);

impl RowDigest {
    /// The digest of a table's rows.
    ///
    /// # Errors
    ///
    /// - `MK0905` for a type or a value that files cannot hold
    pub fn of(table: &Table) -> Result<Self, FormatError> {
        let columns = Columns::new(table)?;
        let typed = columns.typed()?;
        let mut sum = 0_u128;
        let mut bytes = Vec::with_capacity(256);
        for row in 0..columns.rows() {
            bytes.clear();
            for column in &typed {
                push(&mut bytes, column, row);
            }
            sum = sum.wrapping_add(xxh3_128(&bytes));
        }
        Ok(Self(sum))
    }
}

#[inline]
fn push(bytes: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    if column.is_null(row) {
        bytes.push(0);
        return;
    }
    match column.cells {
        Cells::Boolean(bits) => bytes.extend_from_slice(&[1, u8::from(bits.value(row))]),
        Cells::Integer(values) => push_eight(bytes, 2, values[row].to_le_bytes()),
        // Adding zero turns negative zero into zero and changes nothing else.
        Cells::Float(values) => push_eight(bytes, 3, (values[row] + 0.0).to_le_bytes()),
        Cells::Decimal(units, _) => push_eight(bytes, 4, units[row].to_le_bytes()),
        Cells::Text(texts) => push_text(bytes, texts.value(row)),
        Cells::Date(days) => {
            let [a, b, c, d] = days[row].to_le_bytes();
            bytes.extend_from_slice(&[6, a, b, c, d]);
        }
        Cells::DateTime(micros) => push_eight(bytes, 7, micros[row].to_le_bytes()),
        Cells::List(lists) => {
            let elements = lists.elements(row);
            let [a, b, c, d] = (elements.len() as u32).to_le_bytes();
            bytes.extend_from_slice(&[8, a, b, c, d]);
            for element in elements {
                match element {
                    Some(text) => push_text(bytes, text),
                    None => bytes.push(0),
                }
            }
        }
    }
}

#[inline]
fn push_eight(bytes: &mut Vec<u8>, tag: u8, value: [u8; 8]) {
    bytes.push(tag);
    bytes.extend_from_slice(&value);
}

#[inline]
fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(5);
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

impl Add for RowDigest {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl AddAssign for RowDigest {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for RowDigest {
    fn sum<I: Iterator<Item = Self>>(digests: I) -> Self {
        digests.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for RowDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for RowDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(sum) if plain => Ok(Self(sum)),
            _ => Err("a row digest is 32 hexadecimal digits"),
        }
    }
}

impl Serialize for RowDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RowDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
