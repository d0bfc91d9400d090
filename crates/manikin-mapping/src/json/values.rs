//! The values of an expression, typed once per block, so that writing a row neither converts nor fails.

use manikin_expression::Type;
use manikin_formats::text::{push_date, push_decimal, push_float, push_integer, push_json_text};
use manikin_tables::Column;
use polars_arrow::array::{Array, BooleanArray, ListArray, PrimitiveArray, StaticArray, Utf8ViewArray};

/// A column's values in one piece.
pub(super) enum Values<'c> {
    /// NULL in every row.
    Nothing,
    Boolean(&'c BooleanArray),
    Integer(&'c PrimitiveArray<i64>),
    Decimal(&'c PrimitiveArray<i64>, u8),
    Float(&'c PrimitiveArray<f64>),
    Text(&'c Utf8ViewArray),
    Date(&'c PrimitiveArray<i32>),
    Lists(&'c ListArray<i64>, &'c Utf8ViewArray),
}

impl<'c> Values<'c> {
    /// The values of a column.
    pub(super) fn new(column: &'c Column) -> Self {
        let Some(array) = column.series().chunks().first() else { return Self::Nothing };
        if array.null_count() == array.len() {
            return Self::Nothing;
        }
        typed(array.as_ref(), column.ty()).unwrap_or(Self::Nothing)
    }

    /// Whether a condition is true.
    #[inline]
    pub(super) fn is_true(&self, row: usize) -> bool {
        matches!(self, Self::Boolean(values) if row < values.len() && values.get(row) == Some(true))
    }

    /// The units of an integer, a decimal or a moment.
    #[inline]
    pub(super) fn units(&self, row: usize) -> Option<i64> {
        match self {
            Self::Integer(values) | Self::Decimal(values, _) => get(values, row),
            _ => None,
        }
    }

    /// The text of a row.
    #[inline]
    pub(super) fn text(&self, row: usize) -> Option<&'c str> {
        match self {
            Self::Text(values) if row < values.len() => values.get(row),
            _ => None,
        }
    }

    /// The texts of a row's list that are there; empty ones are none.
    pub(super) fn items(&self, row: usize) -> impl Iterator<Item = &'c str> + use<'c> {
        let range = match self {
            Self::Lists(lists, _) if row < lists.len() && lists.is_valid(row) => {
                let (start, end) = lists.offsets().start_end(row);
                start..end
            }
            _ => 0..0,
        };
        let values = match self {
            Self::Lists(_, values) => Some(*values),
            _ => None,
        };
        range.filter_map(move |at| values?.get(at)).filter(|text| !text.is_empty())
    }

    /// Appends a key and the value of a row as JSON with a comma, or nothing where it is NULL; says which.
    ///
    /// FHIR has no empty texts, so an empty text is NULL.
    #[inline]
    pub(super) fn push(&self, out: &mut Vec<u8>, key: &[u8], row: usize) -> bool {
        match self {
            Self::Nothing => return false,
            Self::Text(_) => {
                let Some(text) = self.text(row).filter(|text| !text.is_empty()) else { return false };
                out.extend_from_slice(key);
                push_json_text(out, text);
            }
            Self::Integer(values) => {
                let Some(value) = get(values, row) else { return false };
                out.extend_from_slice(key);
                push_integer(out, value);
            }
            Self::Decimal(values, scale) => {
                let Some(units) = get(values, row) else { return false };
                out.extend_from_slice(key);
                push_decimal(out, units, *scale);
            }
            Self::Float(values) => {
                let Some(value) = get(values, row).filter(|value| value.is_finite()) else { return false };
                out.extend_from_slice(key);
                push_float(out, value);
            }
            Self::Date(values) => {
                let Some(day) = get(values, row) else { return false };
                out.extend_from_slice(key);
                out.push(b'"');
                push_date(out, day);
                out.push(b'"');
            }
            Self::Boolean(values) => {
                let Some(value) = (row < values.len()).then(|| values.get(row)).flatten() else { return false };
                out.extend_from_slice(key);
                out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            Self::Lists(..) => {
                let start = out.len();
                out.extend_from_slice(key);
                out.push(b'[');
                let before = out.len();
                for text in self.items(row) {
                    push_json_text(out, text);
                    out.push(b',');
                }
                if out.len() == before {
                    out.truncate(start);
                    return false;
                }
                super::program::shut(out, b']');
            }
        }
        out.push(b',');
        true
    }
}

#[inline]
fn get<T: polars_arrow::types::NativeType>(values: &PrimitiveArray<T>, row: usize) -> Option<T> {
    if row < values.len() { values.get(row) } else { None }
}

fn typed<'c>(array: &'c dyn Array, ty: &Type) -> Option<Values<'c>> {
    let any = array.as_any();
    Some(match ty {
        Type::Boolean => Values::Boolean(any.downcast_ref()?),
        Type::Integer | Type::DateTime => Values::Integer(any.downcast_ref()?),
        Type::Decimal(scale) => Values::Decimal(any.downcast_ref()?, *scale),
        Type::Float => Values::Float(any.downcast_ref()?),
        Type::Text => Values::Text(any.downcast_ref()?),
        Type::Date => Values::Date(any.downcast_ref()?),
        Type::List(_) => {
            let lists: &ListArray<i64> = any.downcast_ref()?;
            Values::Lists(lists, lists.values().as_any().downcast_ref()?)
        }
        Type::Interval(_) | Type::Null => return None,
    })
}
