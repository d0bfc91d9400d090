//! Values accumulated over the subject's rows in order.

use super::Cx;
use crate::error::GenerateError;
use crate::values::{self, Map, NONE};
use manikin_expression::Type;
use manikin_spec::spec::{Running, RunningKind};
use manikin_tables::Column;
use polars::prelude::*;

/// For each row, a number that orders it as its value does; NULL comes last.
pub(super) fn order_keys(column: &Column) -> Vec<u64> {
    // The bits of a signed number are ordered like an unsigned one's once the sign is turned round.
    let signed = |value: i64| (value as u64) ^ (1 << 63);
    match column.ty() {
        Type::Text => match column.series().str() {
            Ok(texts) => ranks(&texts.iter().collect::<Vec<_>>()),
            Err(_) => vec![0; column.len()],
        },
        Type::Date | Type::DateTime => {
            values::to_instants(column).into_iter().map(|value| value.map_or(u64::MAX, signed)).collect()
        }
        Type::Integer | Type::Decimal(_) => match column.series().i64() {
            Ok(units) => units.iter().map(|value| value.map_or(u64::MAX, signed)).collect(),
            Err(_) => vec![0; column.len()],
        },
        _ => values::to_numbers(column)
            .into_iter()
            .map(|number| {
                let bits = number.to_bits() as i64;
                // Negative floats are ordered the other way round.
                if number.is_nan() { u64::MAX } else { signed(bits ^ (((bits >> 63) as u64) >> 1) as i64) }
            })
            .collect(),
    }
}

/// The rank of each text among the different ones; NULL is last.
fn ranks(texts: &[Option<&str>]) -> Vec<u64> {
    let mut different: Vec<&str> = texts.iter().flatten().copied().collect();
    different.sort_unstable();
    different.dedup();
    texts
        .iter()
        .map(|text| match text {
            Some(text) => different.binary_search(text).map_or(0, |rank| rank as u64),
            None => u64::MAX,
        })
        .collect()
}

/// The same number for the same value, in order of appearance.
fn group_keys(column: &Column) -> Vec<u64> {
    if *column.ty() != Type::Text {
        return order_keys(column);
    }
    let Ok(texts) = column.series().str() else { return vec![0; column.len()] };
    let mut numbers: Map<&str, u64> = Map::default();
    let mut last: Option<(&str, u64)> = None;
    texts
        .iter()
        .map(|text| match (text, last) {
            (None, _) => u64::MAX,
            (Some(text), Some((before, number))) if text == before => number,
            (Some(text), _) => {
                let next = numbers.len() as u64;
                let number = *numbers.entry(text).or_insert(next);
                last = Some((text, number));
                number
            }
        })
        .collect()
}

impl Cx<'_> {
    /// The accumulation for every row of the entity.
    pub(super) fn running(&self, running: &Running) -> Result<Column, GenerateError> {
        let own = self.own();
        let group = self.groups_of(running);
        let keys = match &running.order {
            Some(order) => order_keys(&self.evaluate(order, None)?),
            None => vec![0; own.len()],
        };
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by_key(|&row| (group[row as usize], keys[row as usize]));
        let same_group = |a: u32, b: u32| group[a as usize] == group[b as usize];
        let of = match &running.of {
            Some(of) => self.evaluate(of, None)?,
            None => values::nulls(&Type::Integer, own.len()),
        };
        match running.kind {
            RunningKind::Number => {
                let mut numbers = vec![0_i64; own.len()];
                let mut number = 0;
                for (at, &row) in order.iter().enumerate() {
                    number = if at > 0 && same_group(order[at - 1], row) { number + 1 } else { 1 };
                    numbers[row as usize] = number;
                }
                Ok(values::column(&Type::Integer, Int64Chunked::from_vec(PlSmallStr::EMPTY, numbers).into_series()))
            }
            RunningKind::Previous | RunningKind::First => {
                let mut reached = vec![NONE; own.len()];
                let mut first = NONE;
                for (at, &row) in order.iter().enumerate() {
                    let continues = at > 0 && same_group(order[at - 1], row);
                    if !continues {
                        first = row;
                    }
                    reached[row as usize] = match running.kind {
                        RunningKind::First => first,
                        _ if continues => order[at - 1],
                        _ => NONE,
                    };
                }
                Ok(values::gather(&of, &reached))
            }
            RunningKind::Sum | RunningKind::Min | RunningKind::Max => self.accumulate(running, &of, &order, same_group),
        }
    }

    /// The accumulation that each row belongs to: numbered by subject and the fields that separate them.
    fn groups_of(&self, running: &Running) -> Vec<u64> {
        let own = self.own();
        let mut group: Vec<u64> = own.subject.iter().map(|&subject| u64::from(subject)).collect();
        for field in &running.by {
            let Some(column) = &own.columns[field.0] else { continue };
            let mut numbers: Map<(u64, u64), u64> = Map::default();
            for (group, key) in group.iter_mut().zip(group_keys(column)) {
                let next = numbers.len() as u64;
                *group = *numbers.entry((*group, key)).or_insert(next);
            }
        }
        group
    }

    /// Sums in whole units where the type has them, so that money is exact.
    fn accumulate(
        &self,
        running: &Running,
        of: &Column,
        order: &[u32],
        same_group: impl Fn(u32, u32) -> bool,
    ) -> Result<Column, GenerateError> {
        let whole = matches!(of.ty(), Type::Integer | Type::Decimal(_) | Type::Date | Type::DateTime);
        let units: Vec<Option<i64>> = match of.ty() {
            Type::Integer | Type::Decimal(_) => {
                let integers = of.series().i64().map_err(|error| GenerateError::new(self.place, error.to_string()))?;
                integers.iter().collect()
            }
            Type::Date | Type::DateTime => values::to_instants(of),
            _ => Vec::new(),
        };
        let numbers = if whole { Vec::new() } else { values::to_numbers(of) };
        let mut sums = vec![None; of.series().len()];
        let mut floats = vec![f64::NAN; of.series().len()];
        let empty = (running.kind == RunningKind::Sum).then_some(0_i64);
        let (mut total, mut float) = (empty, empty.map_or(f64::NAN, |_| 0.0));
        for (at, &row) in order.iter().enumerate() {
            if at == 0 || !same_group(order[at - 1], row) {
                (total, float) = (empty, empty.map_or(f64::NAN, |_| 0.0));
            }
            let row = row as usize;
            if running.before {
                (sums[row], floats[row]) = (total, float);
            }
            if whole {
                if let Some(value) = units[row] {
                    total = Some(match (running.kind, total) {
                        (RunningKind::Sum, Some(total)) => total.saturating_add(value),
                        (RunningKind::Min, Some(total)) => total.min(value),
                        (RunningKind::Max, Some(total)) => total.max(value),
                        (_, _) => value,
                    });
                }
            } else if !numbers[row].is_nan() {
                let value = numbers[row];
                float = match running.kind {
                    RunningKind::Sum => float + value,
                    RunningKind::Min => {
                        if float.is_nan() {
                            value
                        } else {
                            float.min(value)
                        }
                    }
                    _ => {
                        if float.is_nan() {
                            value
                        } else {
                            float.max(value)
                        }
                    }
                };
            }
            if !running.before {
                (sums[row], floats[row]) = (total, float);
            }
        }
        Ok(if matches!(of.ty(), Type::Date | Type::DateTime) {
            values::from_instants(sums, of.ty())
        } else if whole {
            values::column(of.ty(), Int64Chunked::from_iter(sums).into_series())
        } else {
            values::from_numbers(&floats, &Type::Float)
        })
    }
}
