//! Values of sub-expressions, and loops over them.
//!
//! A kernel takes its closure by type, so each call site compiles to one tight loop; columns without NULL run over
//! plain slices.

use std::sync::Arc;

use manikin_expression::{Logic, Type};
use polars::prelude::{
    BooleanChunked, ChunkFull, ChunkedArray, Float64Type, Int32Type, Int64Type, IntoSeries, PlSmallStr,
    PolarsNumericType, Series, StringChunked,
};

use super::EvaluationError;
use crate::column::plain_type;

/// The value of a sub-expression: one for all rows, or a column in plain form.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// Integers and everything that is held as one.
    Integer(i64),
    Float(f64),
    Date(i32),
    Text(Arc<str>),
    List(Arc<[String]>),
    Column(Series),
}

impl Value {
    pub(super) fn booleans(values: BooleanChunked) -> Value {
        Value::Column(values.into_series())
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// One value as a series of one row.
    fn single(&self, ty: &Type) -> Series {
        let name = PlSmallStr::EMPTY;
        match self {
            Value::Column(series) => series.clone(),
            Value::Null => Series::full_null(name, 1, &plain_type(ty)),
            Value::Boolean(value) => BooleanChunked::full(name, *value, 1).into_series(),
            Value::Integer(value) => ChunkedArray::<Int64Type>::full(name, *value, 1).into_series(),
            Value::Float(value) => ChunkedArray::<Float64Type>::full(name, *value, 1).into_series(),
            Value::Date(value) => ChunkedArray::<Int32Type>::full(name, *value, 1).into_series(),
            Value::Text(text) => StringChunked::full(name, text, 1).into_series(),
            Value::List(items) => crate::column::Column::lists(&[Some(items.to_vec())]).series().clone(),
        }
    }

    /// The value on every row.
    pub(super) fn into_series(self, ty: &Type, rows: usize) -> Series {
        match self {
            Value::Column(series) => series,
            Value::Null => Series::full_null(PlSmallStr::EMPTY, rows, &plain_type(ty)),
            scalar => scalar.single(ty).new_from_index(0, rows).rechunk(),
        }
    }

    pub(super) fn not(&self) -> Value {
        match self {
            Value::Boolean(value) => Value::Boolean(!value),
            Value::Column(series) => match series.bool() {
                Ok(values) => Value::booleans(!values),
                Err(_) => Value::Null,
            },
            _ => Value::Null,
        }
    }
}

/// Joins two conditions in three-valued logic.
pub(super) fn join(operation: Logic, left: Value, right: &Value) -> Value {
    // The value that decides alone.
    let decisive = operation == Logic::Or;
    match (&left, right) {
        (Value::Boolean(value), _) if *value == decisive => left,
        (_, Value::Boolean(value)) if *value == decisive => right.clone(),
        (Value::Boolean(_), _) => right.clone(),
        (_, Value::Boolean(_)) => left,
        (Value::Column(a), Value::Column(b)) => match (a.bool(), b.bool()) {
            (Ok(a), Ok(b)) => Value::booleans(if decisive { a | b } else { a & b }),
            _ => Value::Null,
        },
        // NULL beside a column: only the deciding value is known.
        (Value::Column(known), _) | (_, Value::Column(known)) => match known.bool() {
            Ok(known) => {
                Value::booleans(known.iter().map(|value| if value == Some(decisive) { value } else { None }).collect())
            }
            Err(_) => Value::Null,
        },
        _ => Value::Null,
    }
}

/// `then` where the mask is true, else `otherwise`.
pub(super) fn choose(
    mask: &BooleanChunked,
    then: Value,
    otherwise: Value,
    ty: &Type,
    rows: usize,
) -> Result<Value, EvaluationError> {
    if rows == 0 {
        return Ok(super::empty(ty));
    }
    let chosen = then.single(ty).zip_with(mask, &otherwise.single(ty))?;
    Ok(Value::Column(chosen.rechunk()))
}

/// A type of value that kernels loop over.
pub(super) trait Native: PolarsNumericType {
    fn scalar(value: &Value) -> Option<Self::Native>;
    fn value(native: Self::Native) -> Value;
}

impl Native for Int64Type {
    fn scalar(value: &Value) -> Option<i64> {
        match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }

    fn value(native: i64) -> Value {
        Value::Integer(native)
    }
}

impl Native for Int32Type {
    fn scalar(value: &Value) -> Option<i32> {
        match value {
            Value::Date(value) => Some(*value),
            _ => None,
        }
    }

    fn value(native: i32) -> Value {
        Value::Date(native)
    }
}

impl Native for Float64Type {
    fn scalar(value: &Value) -> Option<f64> {
        match value {
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    fn value(native: f64) -> Value {
        Value::Float(native)
    }
}

/// The column of a value in the native type; `None` for one value, or for a column of another type.
fn column<T: Native>(value: &Value) -> Option<&ChunkedArray<T>> {
    match value {
        Value::Column(series) => series.as_any().downcast_ref::<ChunkedArray<T>>(),
        _ => None,
    }
}

/// The values as one slice, when none is NULL.
fn slice<T: Native>(values: &ChunkedArray<T>) -> Option<&[T::Native]> {
    if values.null_count() == 0 { values.cont_slice().ok() } else { None }
}

fn finish<T: Native>(values: ChunkedArray<T>) -> Value
where
    ChunkedArray<T>: IntoSeries,
{
    Value::Column(values.into_series())
}

/// Applies a function that may give NULL.
pub(super) fn map<A: Native, R: Native>(a: &Value, f: impl Fn(A::Native) -> Option<R::Native>) -> Value
where
    ChunkedArray<R>: IntoSeries,
{
    let Some(values) = column::<A>(a) else {
        return A::scalar(a).and_then(f).map_or(Value::Null, R::value);
    };
    if let Some(slice) = slice(values)
        && let Some(out) = all(slice.iter().map(|x| f(*x)))
    {
        return finish(ChunkedArray::<R>::from_vec(PlSmallStr::EMPTY, out));
    }
    finish::<R>(values.iter().map(|x| x.and_then(&f)).collect())
}

/// Applies a function of two values that may give NULL.
pub(super) fn zip<A: Native, B: Native, R: Native>(
    a: &Value,
    b: &Value,
    f: impl Fn(A::Native, B::Native) -> Option<R::Native>,
) -> Value
where
    ChunkedArray<R>: IntoSeries,
{
    match (column::<A>(a), column::<B>(b)) {
        (None, _) => match A::scalar(a) {
            Some(x) => map::<B, R>(b, |y| f(x, y)),
            None => Value::Null,
        },
        (_, None) => match B::scalar(b) {
            Some(y) => map::<A, R>(a, |x| f(x, y)),
            None => Value::Null,
        },
        (Some(left), Some(right)) => {
            if let (Some(xs), Some(ys)) = (slice(left), slice(right))
                && let Some(out) = all(xs.iter().zip(ys).map(|(x, y)| f(*x, *y)))
            {
                return finish(ChunkedArray::<R>::from_vec(PlSmallStr::EMPTY, out));
            }
            finish::<R>(left.iter().zip(right.iter()).map(|(x, y)| f(x?, y?)).collect())
        }
    }
}

/// Collects while every value is there. The loop has no branch out of it, so that it stays a vector loop; a missing
/// value is rare and makes the caller start again with NULLs.
fn all<T: Copy + Default>(values: impl ExactSizeIterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut whole = true;
    let out = values
        .map(|value| {
            whole &= value.is_some();
            value.unwrap_or_default()
        })
        .collect();
    whole.then_some(out)
}

/// The values of one argument row by row, for kernels over text and lists.
pub(super) type Texts<'a> = Box<dyn Iterator<Item = Option<&'a str>> + 'a>;

/// The texts of an argument; one text repeats without end.
pub(super) fn texts(value: &Value) -> Texts<'_> {
    match value {
        Value::Text(text) => Box::new(std::iter::repeat(Some(&**text))),
        Value::Column(series) => match series.str() {
            Ok(values) => Box::new(values.iter()),
            Err(_) => Box::new(std::iter::repeat(None)),
        },
        _ => Box::new(std::iter::repeat(None)),
    }
}

/// The integers of an argument; one integer repeats without end.
pub(super) fn integers<'a>(value: &'a Value) -> Box<dyn Iterator<Item = Option<i64>> + 'a> {
    match value {
        Value::Integer(value) => Box::new(std::iter::repeat(Some(*value))),
        Value::Column(series) => match series.i64() {
            Ok(values) => Box::new(values.iter()),
            Err(_) => Box::new(std::iter::repeat(None)),
        },
        _ => Box::new(std::iter::repeat(None)),
    }
}

/// How many rows to make of some arguments: one when all are single values.
pub(super) fn span(values: &[Value]) -> Option<usize> {
    values.iter().find_map(|value| match value {
        Value::Column(series) => Some(series.len()),
        _ => None,
    })
}

/// Makes one value of a column of one row, when all arguments were single values.
pub(super) fn settle(column: Value, single: bool) -> Value {
    let Value::Column(series) = &column else {
        return column;
    };
    if !single {
        return column;
    }
    if let Ok(values) = series.bool() {
        return values.get(0).map_or(Value::Null, Value::Boolean);
    }
    if let Ok(values) = series.i64() {
        return values.get(0).map_or(Value::Null, Value::Integer);
    }
    if let Ok(values) = series.str() {
        return values.get(0).map_or(Value::Null, |text| Value::Text(text.into()));
    }
    if let Ok(values) = series.f64() {
        return values.get(0).map_or(Value::Null, Value::Float);
    }
    if let Ok(values) = series.i32() {
        return values.get(0).map_or(Value::Null, Value::Date);
    }
    Value::Null
}
