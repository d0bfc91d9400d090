//! A table's columns as plain typed arrays, checked once, so that row loops neither convert nor fail.

use std::borrow::Cow;

use manikin_expression::{Type, calendar};
use manikin_tables::Table;
use polars_arrow::array::{Array, BooleanArray, ListArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::bitmap::Bitmap;

use crate::error::FormatError;

/// The columns of a table, each in one piece.
pub(crate) struct Columns {
    arrays: Vec<Box<dyn Array>>,
    types: Vec<Type>,
    rows: usize,
}

/// One column: where it is null, and its values.
pub(crate) struct Column<'a> {
    /// Set bits are values; absent when nothing is null.
    pub(crate) validity: Option<&'a Bitmap>,
    pub(crate) cells: Cells<'a>,
}

/// A column's values by type; the value at a null is meaningless.
#[derive(Clone, Copy)]
pub(crate) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Integer(&'a [i64]),
    Float(&'a [f64]),
    Decimal(&'a [i64], u8),
    Text(&'a Utf8ViewArray),
    Date(&'a [i32]),
    DateTime(&'a [i64]),
    List(Lists<'a>),
}

/// A column of lists of texts.
#[derive(Clone, Copy)]
pub(crate) struct Lists<'a> {
    offsets: &'a [i64],
    values: &'a Utf8ViewArray,
}

impl Columns {
    /// The columns of a table.
    ///
    /// # Errors
    ///
    /// - `MK0908` for a type that no format holds
    /// - `MK0909` for a float that is not finite, or a date outside years 1 to 9999
    pub(crate) fn new(table: &Table) -> Result<Self, FormatError> {
        let schema = table.schema();
        let mut arrays = Vec::with_capacity(schema.columns.len());
        let mut types = Vec::with_capacity(schema.columns.len());
        for (column, expected) in table.frame().columns().iter().zip(&schema.columns) {
            if !is_writable(&expected.ty) {
                return Err(FormatError::UnsupportedType {
                    entity: schema.entity.clone(),
                    column: expected.name.clone(),
                    ty: expected.ty.clone(),
                });
            }
            let series = column.as_materialized_series();
            let series = if series.n_chunks() == 1 { Cow::Borrowed(series) } else { Cow::Owned(series.rechunk()) };
            let Some(array) = series.chunks().first() else {
                return Err(FormatError::Mismatch(format!("column {} has no chunk", expected.name)));
            };
            arrays.push(array.clone());
            types.push(expected.ty.clone());
        }
        let columns = Self { arrays, types, rows: table.rows() };
        columns.check(table)?;
        Ok(columns)
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The typed columns, in the order of the schema.
    ///
    /// # Errors
    ///
    /// - `MK0914` when an array is not of its column's type, which [`Table::new`] rules out
    pub(crate) fn typed(&self) -> Result<Vec<Column<'_>>, FormatError> {
        self.arrays
            .iter()
            .zip(&self.types)
            .map(|(array, ty)| {
                typed(array.as_ref(), ty).ok_or_else(|| FormatError::Mismatch(format!("array is not {ty}")))
            })
            .collect()
    }

    fn check(&self, table: &Table) -> Result<(), FormatError> {
        for (column, expected) in self.typed()?.iter().zip(&table.schema().columns) {
            let (bad, problem) = match column.cells {
                Cells::Float(values) => (column.find(values, |value| !value.is_finite()), "is not a finite number"),
                Cells::Date(values) => (
                    column.find(values, |day| !day_in_range(i64::from(*day))),
                    "days from 1970 is outside years 1 to 9999",
                ),
                Cells::DateTime(values) => (
                    column.find(values, |micros| !day_in_range(micros.div_euclid(calendar::DAY))),
                    "microseconds from 1970 is outside years 1 to 9999",
                ),
                _ => continue,
            };
            if let Some((row, value)) = bad {
                return Err(FormatError::Value {
                    entity: table.entity().to_owned(),
                    column: expected.name.clone(),
                    row: row + 1,
                    value,
                    problem,
                });
            }
        }
        Ok(())
    }
}

impl Column<'_> {
    /// Whether the row has no value.
    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self.validity {
            None => false,
            Some(bits) => !bits.get_bit(row),
        }
    }

    fn find<T: std::fmt::Debug>(&self, values: &[T], bad: impl Fn(&T) -> bool) -> Option<(usize, String)> {
        let row = values.iter().enumerate().position(|(row, value)| bad(value) && !self.is_null(row))?;
        Some((row, format!("{:?}", values[row])))
    }
}

impl<'a> Lists<'a> {
    /// The elements of a row's list.
    #[inline]
    pub(crate) fn elements(self, row: usize) -> impl ExactSizeIterator<Item = Option<&'a str>> {
        let (from, to) = (self.offsets[row] as usize, self.offsets[row + 1] as usize);
        let values = self.values;
        (from..to).map(move |place| values.get(place))
    }
}

fn typed<'a>(array: &'a dyn Array, ty: &Type) -> Option<Column<'a>> {
    let any = array.as_any();
    let cells = match ty {
        Type::Boolean => Cells::Boolean(any.downcast_ref()?),
        Type::Integer => Cells::Integer(any.downcast_ref::<PrimitiveArray<i64>>()?.values()),
        Type::Float => Cells::Float(any.downcast_ref::<PrimitiveArray<f64>>()?.values()),
        Type::Decimal(scale) => Cells::Decimal(any.downcast_ref::<PrimitiveArray<i64>>()?.values(), *scale),
        Type::Text => Cells::Text(any.downcast_ref()?),
        Type::Date => Cells::Date(any.downcast_ref::<PrimitiveArray<i32>>()?.values()),
        Type::DateTime => Cells::DateTime(any.downcast_ref::<PrimitiveArray<i64>>()?.values()),
        Type::List(_) => {
            let lists: &ListArray<i64> = any.downcast_ref()?;
            Cells::List(Lists { offsets: lists.offsets().as_slice(), values: lists.values().as_any().downcast_ref()? })
        }
        Type::Interval(_) | Type::Null => return None,
    };
    Some(Column { validity: array.validity().filter(|bits| bits.unset_bits() > 0), cells })
}

/// Whether files hold values of the type.
pub(crate) fn is_writable(ty: &Type) -> bool {
    match ty {
        Type::List(of) => **of == Type::Text,
        Type::Interval(_) | Type::Null => false,
        Type::Decimal(scale) => *scale <= MAX_SCALE,
        _ => true,
    }
}

/// The largest scale that 64-bit units can hold with a digit before the point.
pub(crate) const MAX_SCALE: u8 = 18;

fn day_in_range(day: i64) -> bool {
    calendar::in_range(day).is_some()
}
