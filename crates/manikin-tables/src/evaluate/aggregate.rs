//! Aggregates over children: one pass over the children's rows, in their order.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use manikin_expression::{Aggregate, Expr, Hop, Type};
use polars::prelude::{BooleanChunked, Float64Chunked, Int64Chunked, IntoSeries, NewChunkedArray, PlSmallStr, Series};

use super::kernel::Value;
use super::{EvaluationError, Frame, NO_ROW, take};

impl Frame<'_> {
    pub(super) fn aggregate(
        &self,
        kind: Aggregate,
        entity: &str,
        hops: &[Hop],
        argument: Option<&Expr>,
        filter: Option<&Expr>,
        ty: &Type,
    ) -> Result<Value, EvaluationError> {
        let children = Frame::new(self.rows, entity);
        if children.len == 0 {
            return Ok(over_none(kind, ty));
        }
        let mut parents = children.route(hops)?.as_ref().clone();
        for parent in &mut parents {
            if *parent as usize >= self.len {
                *parent = NO_ROW;
            }
        }
        if let Some(filter) = filter {
            let mask = children.value(filter)?.into_series(&Type::Boolean, children.len);
            for (parent, keep) in parents.iter_mut().zip(mask.bool()?.iter()) {
                if keep != Some(true) {
                    *parent = NO_ROW;
                }
            }
        }
        let Some(argument) = argument else {
            let counts = counts(&parents, self.len, std::iter::repeat(true));
            return Ok(Value::Column(Int64Chunked::from_vec(PlSmallStr::EMPTY, counts).into_series()));
        };
        let values = children.value(argument)?.into_series(&argument.ty(), children.len);
        let name = PlSmallStr::EMPTY;
        let result = match kind {
            Aggregate::Count => {
                let there = values.is_not_null();
                let counts = counts(&parents, self.len, there.iter().map(|there| there == Some(true)));
                Int64Chunked::from_vec(name, counts).into_series()
            }
            Aggregate::CountDistinct => {
                let counts = distinct(&parents, self.len, &values)?;
                Int64Chunked::from_vec(name, counts).into_series()
            }
            Aggregate::Sum if *ty == Type::Float => {
                let mut sums = vec![0.0; self.len];
                for (parent, value) in parents.iter().zip(values.f64()?.iter()) {
                    if let (Some(sum), Some(value)) = (sums.get_mut(*parent as usize), value) {
                        *sum += value;
                    }
                }
                Float64Chunked::from_vec(name, sums).into_series()
            }
            Aggregate::Sum => {
                let mut sums = vec![Some(0_i64); self.len];
                for (parent, value) in parents.iter().zip(values.i64()?.iter()) {
                    if let (Some(sum), Some(value)) = (sums.get_mut(*parent as usize), value) {
                        *sum = sum.and_then(|so_far| so_far.checked_add(value));
                    }
                }
                sums.into_iter().collect::<Int64Chunked>().into_series()
            }
            Aggregate::Avg => {
                let mut sums = vec![(0.0, 0_u32); self.len];
                for (parent, value) in parents.iter().zip(values.f64()?.iter()) {
                    if let (Some((sum, count)), Some(value)) = (sums.get_mut(*parent as usize), value) {
                        *sum += value;
                        *count += 1;
                    }
                }
                sums.into_iter()
                    .map(|(sum, count)| (count > 0).then(|| sum / f64::from(count)))
                    .collect::<Float64Chunked>()
                    .into_series()
            }
            Aggregate::Any | Aggregate::Every => {
                let decides = kind == Aggregate::Any;
                let mut held = vec![!decides; self.len];
                for (parent, value) in parents.iter().zip(values.bool()?.iter()) {
                    if value == Some(decides)
                        && let Some(held) = held.get_mut(*parent as usize)
                    {
                        *held = decides;
                    }
                }
                BooleanChunked::from_iter_values(name, held.into_iter()).into_series()
            }
            Aggregate::Min => take(&values, &best(&parents, self.len, &values, true)?)?,
            Aggregate::Max => take(&values, &best(&parents, self.len, &values, false)?)?,
        };
        Ok(Value::Column(result))
    }
}

/// The aggregate of no rows.
fn over_none(kind: Aggregate, ty: &Type) -> Value {
    match kind {
        Aggregate::Count | Aggregate::CountDistinct => Value::Integer(0),
        Aggregate::Sum if *ty == Type::Float => Value::Float(0.0),
        Aggregate::Sum => Value::Integer(0),
        Aggregate::Any => Value::Boolean(false),
        Aggregate::Every => Value::Boolean(true),
        Aggregate::Min | Aggregate::Max | Aggregate::Avg => Value::Null,
    }
}

fn counts(parents: &[u32], rows: usize, takes_part: impl Iterator<Item = bool>) -> Vec<i64> {
    let mut counts = vec![0_i64; rows];
    for (parent, takes_part) in parents.iter().zip(takes_part) {
        if let Some(count) = counts.get_mut(*parent as usize) {
            *count += i64::from(takes_part);
        }
    }
    counts
}

/// How many different values each parent's children have.
fn distinct(parents: &[u32], rows: usize, values: &Series) -> Result<Vec<i64>, EvaluationError> {
    fn count<T: Hash + Eq>(parents: &[u32], rows: usize, values: impl Iterator<Item = Option<T>>) -> Vec<i64> {
        let mut numbers: HashMap<T, u32> = HashMap::new();
        let mut seen: HashSet<(u32, u32)> = HashSet::new();
        let mut counts = vec![0_i64; rows];
        for (parent, value) in parents.iter().zip(values) {
            if let (Some(count), Some(value)) = (counts.get_mut(*parent as usize), value) {
                let next = numbers.len() as u32;
                let number = *numbers.entry(value).or_insert(next);
                *count += i64::from(seen.insert((*parent, number)));
            }
        }
        counts
    }
    if let Ok(values) = values.i64() {
        return Ok(count(parents, rows, values.iter()));
    }
    if let Ok(values) = values.str() {
        return Ok(count(parents, rows, values.iter()));
    }
    if let Ok(values) = values.i32() {
        return Ok(count(parents, rows, values.iter()));
    }
    if let Ok(values) = values.f64() {
        // +0.0 joins the two zeros.
        return Ok(count(parents, rows, values.iter().map(|value| value.map(|value| (value + 0.0).to_bits()))));
    }
    Ok(count(parents, rows, values.bool()?.iter()))
}

/// The child row with the least or greatest value for each parent; the first of equals.
fn best(parents: &[u32], rows: usize, values: &Series, least: bool) -> Result<Vec<u32>, EvaluationError> {
    fn run<T: PartialOrd + Copy>(
        parents: &[u32],
        rows: usize,
        values: impl Iterator<Item = Option<T>>,
        least: bool,
    ) -> Vec<u32> {
        let mut best: Vec<Option<(T, u32)>> = vec![None; rows];
        for ((parent, value), row) in parents.iter().zip(values).zip(0_u32..) {
            if let (Some(slot), Some(value)) = (best.get_mut(*parent as usize), value) {
                let better = match slot {
                    None => true,
                    Some((so_far, _)) if least => value < *so_far,
                    Some((so_far, _)) => value > *so_far,
                };
                if better {
                    *slot = Some((value, row));
                }
            }
        }
        best.into_iter().map(|slot| slot.map_or(NO_ROW, |(_, row)| row)).collect()
    }
    if let Ok(values) = values.i64() {
        return Ok(run(parents, rows, values.iter(), least));
    }
    if let Ok(values) = values.f64() {
        return Ok(run(parents, rows, values.iter(), least));
    }
    if let Ok(values) = values.i32() {
        return Ok(run(parents, rows, values.iter(), least));
    }
    if let Ok(values) = values.str() {
        return Ok(run(parents, rows, values.iter(), least));
    }
    Ok(run(parents, rows, values.bool()?.iter(), least))
}
