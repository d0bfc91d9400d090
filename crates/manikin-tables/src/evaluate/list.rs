//! Lists of text.

use std::collections::HashSet;

use manikin_expression::Function;
use polars::prelude::{BooleanChunked, Int64Chunked, IntoSeries, ListChunked, PlSmallStr, StringChunkedBuilder};

use super::EvaluationError;
use super::kernel::{Value, integers, settle, span, texts};
use crate::column::Column;

/// The functions of a list. Items that are NULL are no items: they are found nowhere and equal nothing.
pub(super) fn call(function: Function, values: &[Value]) -> Result<Value, EvaluationError> {
    let Some(of) = values.first() else {
        return Ok(Value::Null);
    };
    let lists: ListChunked = match of {
        Value::Column(series) => series.list()?.rechunk().into_owned(),
        Value::List(items) => Column::lists(&[Some(items.to_vec())]).series().list()?.clone(),
        _ => return Ok(Value::Null),
    };
    let rows = span(values);
    // One list beside a column of items repeats.
    let turns = (0..rows.unwrap_or(1)).map(|row| if lists.len() == 1 { 0 } else { row });
    let known = lists.is_not_null();
    let inner = lists.get_inner().rechunk();
    let items = inner.str()?;
    let Some(array) = lists.downcast_iter().next() else {
        return Ok(Value::Null);
    };
    let offsets = array.offsets().as_slice();
    let part = |row: usize| match (known.get(row), offsets.get(row), offsets.get(row + 1)) {
        (Some(true), Some(from), Some(to)) => Some((*from as usize, *to as usize)),
        _ => None,
    };
    let column = match function {
        Function::Size => {
            turns.map(|row| part(row).map(|(from, to)| (to - from) as i64)).collect::<Int64Chunked>().into_series()
        }
        Function::Item => {
            let mut wanted = integers(values.get(1).unwrap_or(&Value::Null));
            let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows.unwrap_or(1));
            for row in turns {
                let place = wanted.next().flatten().and_then(|i| usize::try_from(i).ok()?.checked_sub(1));
                let found = match (part(row), place) {
                    (Some((from, to)), Some(place)) if place < to - from => items.get(from + place),
                    _ => None,
                };
                builder.append_option(found);
            }
            builder.finish().into_series()
        }
        Function::ContainsItem => {
            let wanted = texts(values.get(1).unwrap_or(&Value::Null));
            turns
                .zip(wanted)
                .map(|(row, wanted)| {
                    let ((from, to), wanted) = (part(row)?, wanted?);
                    Some((from..to).any(|at| items.get(at) == Some(wanted)))
                })
                .collect::<BooleanChunked>()
                .into_series()
        }
        _ => turns
            .map(|row| {
                let (from, to) = part(row)?;
                // Short lists, which are nearly all, are compared in place.
                Some(if to - from <= 16 {
                    (from..to).all(|at| (from..at).all(|before| items.get(before) != items.get(at)))
                } else {
                    let mut seen = HashSet::with_capacity(to - from);
                    (from..to).all(|at| seen.insert(items.get(at)))
                })
            })
            .collect::<BooleanChunked>()
            .into_series(),
    };
    Ok(settle(Value::Column(column), rows.is_none()))
}
