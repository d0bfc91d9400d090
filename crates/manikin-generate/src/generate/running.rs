//! Values accumulated over the subject's rows in order.

use super::Cx;
use crate::error::GenerateError;
use crate::values::{self, NONE};
use manikin_expression::Type;
use manikin_spec::spec::{Running, RunningKind};
use manikin_tables::Column;
use polars::prelude::*;

/// For each row, the rank of its value: equal values share a rank, NULL comes last.
pub(super) fn ranks(column: &Column) -> Vec<u32> {
    match column.ty() {
        Type::Text => match column.series().str() {
            Ok(texts) => dense(&texts.iter().collect::<Vec<_>>(), |text| text.is_none(), Ord::cmp),
            Err(_) => vec![0; column.series().len()],
        },
        Type::Date | Type::DateTime => dense(&values::to_instants(column), |value| value.is_none(), Ord::cmp),
        _ => dense(&values::to_numbers(column), |number| number.is_nan(), f64::total_cmp),
    }
}

fn dense<T>(values: &[T], absent: impl Fn(&T) -> bool, compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    let order_of = |a: u32, b: u32| {
        let (a, b) = (&values[a as usize], &values[b as usize]);
        absent(a).cmp(&absent(b)).then_with(|| compare(a, b))
    };
    order.sort_by(|&a, &b| order_of(a, b));
    let mut ranks = vec![0; values.len()];
    let mut rank = 0;
    for (at, &row) in order.iter().enumerate() {
        if at > 0 && order_of(order[at - 1], row).is_ne() {
            rank += 1;
        }
        ranks[row as usize] = rank;
    }
    ranks
}

impl Cx<'_> {
    /// The accumulation for every row of the entity.
    pub(super) fn running(&self, running: &Running) -> Result<Column, GenerateError> {
        let own = self.own();
        let groups: Vec<Vec<u32>> = running
            .by
            .iter()
            .map(|field| own.columns[field.0].as_ref().map_or_else(|| vec![0; own.len()], ranks))
            .collect();
        let order_ranks = match &running.order {
            Some(order) => ranks(&self.evaluate(order, None)?),
            None => vec![0; own.len()],
        };
        let group_of = |row: u32| (own.subject[row as usize], groups.iter().map(move |ranks| ranks[row as usize]));
        let same_group = |a: u32, b: u32| {
            let ((one, of_one), (other, of_other)) = (group_of(a), group_of(b));
            one == other && of_one.eq(of_other)
        };
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by(|&a, &b| {
            let ((one, of_one), (other, of_other)) = (group_of(a), group_of(b));
            one.cmp(&other)
                .then_with(|| of_one.cmp(of_other))
                .then_with(|| order_ranks[a as usize].cmp(&order_ranks[b as usize]))
                .then(a.cmp(&b))
        });
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
