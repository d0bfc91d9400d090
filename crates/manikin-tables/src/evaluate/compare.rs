//! Comparisons and membership.

use std::collections::HashSet;

use manikin_expression::{Comparison, Logic, Type};
use polars::prelude::{BooleanChunked, ChunkCompareEq, ChunkCompareIneq, ChunkFull, PlSmallStr, Series};

use super::EvaluationError;
use super::kernel::{Value, join};
use crate::column::plain_type;

/// Calls the comparison's method on two sides of the same kind.
macro_rules! dispatch {
    ($operation:expr, $left:expr, $right:expr) => {
        match $operation {
            Comparison::Equal => $left.equal($right),
            Comparison::NotEqual => $left.not_equal($right),
            Comparison::Less => $left.lt($right),
            Comparison::LessOrEqual => $left.lt_eq($right),
            Comparison::Greater => $left.gt($right),
            Comparison::GreaterOrEqual => $left.gt_eq($right),
        }
    };
}

fn holds<T: PartialOrd>(operation: Comparison, left: &T, right: &T) -> bool {
    match operation {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(operation: Comparison) -> Comparison {
    match operation {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// Compares two values of one type. Texts compare by code points; NaN equals itself and is the greatest float.
pub(super) fn compare(
    operation: Comparison,
    left: &Value,
    right: &Value,
    ty: &Type,
    rows: usize,
) -> Result<Value, EvaluationError> {
    Ok(match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Boolean(a), Value::Boolean(b)) => Value::Boolean(holds(operation, a, b)),
        (Value::Integer(a), Value::Integer(b)) => Value::Boolean(holds(operation, a, b)),
        (Value::Float(a), Value::Float(b)) => Value::Boolean(holds(operation, a, b)),
        (Value::Date(a), Value::Date(b)) => Value::Boolean(holds(operation, a, b)),
        (Value::Text(a), Value::Text(b)) => Value::Boolean(holds(operation, a, b)),
        (Value::Column(a), Value::Column(b)) => Value::booleans(columns(operation, a, b)?),
        (Value::Column(a), b) => with_scalar(operation, a, b, ty, rows)?,
        (a, Value::Column(b)) => with_scalar(mirrored(operation), b, a, ty, rows)?,
        _ => Value::Null,
    })
}

fn columns(operation: Comparison, a: &Series, b: &Series) -> Result<BooleanChunked, EvaluationError> {
    if let (Ok(a), Ok(b)) = (a.i64(), b.i64()) {
        return Ok(dispatch!(operation, a, b));
    }
    if let (Ok(a), Ok(b)) = (a.f64(), b.f64()) {
        return Ok(dispatch!(operation, a, b));
    }
    if let (Ok(a), Ok(b)) = (a.str(), b.str()) {
        return Ok(dispatch!(operation, a, b));
    }
    if let (Ok(a), Ok(b)) = (a.i32(), b.i32()) {
        return Ok(dispatch!(operation, a, b));
    }
    let (a, b) = (a.bool()?, b.bool()?);
    Ok(dispatch!(operation, a, b))
}

fn with_scalar(
    operation: Comparison,
    column: &Series,
    scalar: &Value,
    ty: &Type,
    rows: usize,
) -> Result<Value, EvaluationError> {
    let mask = match scalar {
        Value::Integer(value) => dispatch!(operation, column.i64()?, *value),
        Value::Float(value) => dispatch!(operation, column.f64()?, *value),
        Value::Date(value) => dispatch!(operation, column.i32()?, *value),
        Value::Text(text) => {
            let text: &str = text;
            dispatch!(operation, column.str()?, text)
        }
        other => columns(operation, column, &other.clone().into_series(ty, rows))?,
    };
    Ok(Value::booleans(mask))
}

/// Whether a value is among others: NULL when it is not found and one of them is NULL.
pub(super) fn within(of: &Value, items: &[Value], ty: &Type, rows: usize) -> Result<Value, EvaluationError> {
    let column = match of {
        Value::Column(column) if items.iter().all(|item| !matches!(item, Value::Column(_))) => column,
        _ => {
            let mut found = Value::Boolean(false);
            for item in items {
                found = join(Logic::Or, found, &compare(Comparison::Equal, of, item, ty, rows)?);
            }
            return Ok(found);
        }
    };
    let missing = if items.iter().any(Value::is_null) { None } else { Some(false) };
    let answer = |found: bool| if found { Some(true) } else { missing };
    let mask: BooleanChunked = if let Ok(values) = column.str() {
        let set: HashSet<&str> =
            items.iter().filter_map(|item| if let Value::Text(text) = item { Some(&**text) } else { None }).collect();
        values.iter().map(|value| value.and_then(|value| answer(set.contains(value)))).collect()
    } else if let Ok(values) = column.i64() {
        let set: HashSet<i64> = items
            .iter()
            .filter_map(|item| if let Value::Integer(value) = item { Some(*value) } else { None })
            .collect();
        values.iter().map(|value| value.and_then(|value| answer(set.contains(&value)))).collect()
    } else if let Ok(values) = column.i32() {
        let set: HashSet<i32> =
            items.iter().filter_map(|item| if let Value::Date(value) = item { Some(*value) } else { None }).collect();
        values.iter().map(|value| value.and_then(|value| answer(set.contains(&value)))).collect()
    } else {
        let mut found = BooleanChunked::full(PlSmallStr::EMPTY, false, rows);
        for item in items {
            let item = item.clone().into_series(ty, rows).cast(&plain_type(ty))?;
            found = found | columns(Comparison::Equal, column, &item)?;
        }
        found
    };
    Ok(Value::booleans(mask))
}
