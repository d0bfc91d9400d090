//! Columns of values, built from plain vectors: the one place that knows how each type is held in memory.

use crate::error::GenerateError;
use manikin_expression::{Literal, Type};
use manikin_tables::Column;
use polars::prelude::*;

/// A map that is only looked up, never walked: its hash is fast and the same on every machine.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::FixedState>;

/// Marks "no row" in an index.
pub(crate) const NONE: u32 = u32::MAX;

/// A column of numbers of the type, rounded as the type demands; NaN becomes NULL.
pub(crate) fn from_numbers(numbers: &[f64], ty: &Type) -> Column {
    match ty {
        Type::Integer => integers(numbers, ty, round_half_away),
        Type::Decimal(scale) => {
            let factor = manikin_expression::power_of_ten(*scale) as f64;
            integers(numbers, ty, move |number| round_half_away(number * factor))
        }
        Type::Boolean => {
            let values: BooleanChunked =
                numbers.iter().map(|&number| (!number.is_nan()).then_some(number != 0.0)).collect();
            column(ty, values.into_series())
        }
        _ => {
            if numbers.iter().any(|number| number.is_nan()) {
                let values: Float64Chunked =
                    numbers.iter().map(|&number| (!number.is_nan()).then_some(number)).collect();
                column(ty, values.into_series())
            } else {
                column(ty, Float64Chunked::from_slice(PlSmallStr::EMPTY, numbers).into_series())
            }
        }
    }
}

fn integers(numbers: &[f64], ty: &Type, round: impl Fn(f64) -> f64) -> Column {
    if numbers.iter().any(|number| number.is_nan()) {
        let values: Int64Chunked =
            numbers.iter().map(|&number| (!number.is_nan()).then(|| round(number) as i64)).collect();
        column(ty, values.into_series())
    } else {
        let values: Vec<i64> = numbers.iter().map(|&number| round(number) as i64).collect();
        column(ty, Int64Chunked::from_vec(PlSmallStr::EMPTY, values).into_series())
    }
}

/// Rounds to the nearest whole number, halves away from zero.
pub(crate) fn round_half_away(number: f64) -> f64 {
    number.round()
}

/// A column of one type from its physical series.
pub(crate) fn column(ty: &Type, series: Series) -> Column {
    let rows = series.len();
    let made = Column::new(series, ty.clone());
    debug_assert!(made.is_ok(), "a series of another physical type: {made:?}");
    made.unwrap_or_else(|_| Column::nulls(rows, ty.clone()))
}

/// A column of instants (microseconds) or days, as the type says; `None` is NULL.
pub(crate) fn from_instants(values: Vec<Option<i64>>, ty: &Type) -> Column {
    const DAY: i64 = 86_400_000_000;
    let series = match ty {
        Type::Date => {
            let days: Int32Chunked =
                values.into_iter().map(|value| value.map(|micros| micros.div_euclid(DAY) as i32)).collect();
            days.into_series()
        }
        _ => Int64Chunked::from_iter(values).into_series(),
    };
    column(ty, series)
}

/// A column of text.
pub(crate) fn from_text<'a>(values: impl Iterator<Item = Option<&'a str>>, rows: usize) -> Column {
    let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows);
    for value in values {
        builder.append_option(value);
    }
    column(&Type::Text, builder.finish().into_series())
}

/// A column that holds these literals, one a row; a literal of another type is converted or NULL.
pub(crate) fn from_literals(values: &[Literal], ty: &Type) -> Column {
    let series = match ty {
        Type::Boolean => values
            .iter()
            .map(|value| match value {
                Literal::Boolean(flag) => Some(*flag),
                _ => None,
            })
            .collect::<BooleanChunked>()
            .into_series(),
        Type::Integer | Type::DateTime => {
            values.iter().map(|value| whole(value, 0)).collect::<Int64Chunked>().into_series()
        }
        Type::Decimal(scale) => values.iter().map(|value| whole(value, *scale)).collect::<Int64Chunked>().into_series(),
        Type::Date => values
            .iter()
            .map(|value| match value {
                Literal::Date(day) => Some(*day),
                _ => None,
            })
            .collect::<Int32Chunked>()
            .into_series(),
        Type::Float => values
            .iter()
            .map(|value| match value {
                Literal::Float(number) => Some(*number),
                Literal::Integer(number) => Some(*number as f64),
                Literal::Decimal { units, scale } => {
                    Some(*units as f64 / manikin_expression::power_of_ten(*scale) as f64)
                }
                _ => None,
            })
            .collect::<Float64Chunked>()
            .into_series(),
        Type::List(_) => {
            let mut builder = ListStringChunkedBuilder::new(PlSmallStr::EMPTY, values.len(), values.len());
            for value in values {
                match value {
                    Literal::List(items) => builder.append_values_iter(items.iter().map(String::as_str)),
                    _ => builder.append_null(),
                }
            }
            builder.finish().into_series()
        }
        _ => {
            let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, values.len());
            for value in values {
                match value {
                    Literal::Text(text) => builder.append_value(text),
                    _ => builder.append_null(),
                }
            }
            builder.finish().into_series()
        }
    };
    column(ty, series)
}

/// A number in units of a scale.
fn whole(value: &Literal, scale: u8) -> Option<i64> {
    let factor = manikin_expression::power_of_ten(scale);
    match value {
        Literal::Integer(number) => number.checked_mul(factor),
        Literal::Float(number) => Some(round_half_away(number * factor as f64) as i64),
        Literal::DateTime(micros) => Some(*micros),
        Literal::Decimal { units, scale: from } => {
            let from = manikin_expression::power_of_ten(*from);
            Some((i128::from(*units) * i128::from(factor) / i128::from(from)) as i64)
        }
        _ => None,
    }
}

/// The values at these rows; [`NONE`] gives NULL.
pub(crate) fn gather(from: &Column, rows: &[u32]) -> Column {
    column(from.ty(), gather_series(from.series(), rows))
}

fn gather_series(series: &Series, rows: &[u32]) -> Series {
    let index = if rows.contains(&NONE) {
        rows.iter().map(|&row| (row != NONE).then_some(row)).collect::<IdxCa>()
    } else {
        IdxCa::from_slice(PlSmallStr::EMPTY, rows)
    };
    // Every index comes from the rows of the same block, so it is within bounds.
    series.take(&index).unwrap_or_else(|_| Series::full_null(series.name().clone(), rows.len(), series.dtype()))
}

/// The numbers of a numeric or boolean column; NULL is NaN. Decimals count in their unit.
pub(crate) fn to_numbers(from: &Column) -> Vec<f64> {
    match from.ty() {
        Type::Decimal(scale) => {
            let factor = manikin_expression::power_of_ten(*scale) as f64;
            from.series().i64().map_or_else(
                |_| vec![f64::NAN; from.series().len()],
                |values| values.iter().map(|value| value.map_or(f64::NAN, |units| units as f64 / factor)).collect(),
            )
        }
        Type::Boolean => from.series().bool().map_or_else(
            |_| vec![f64::NAN; from.series().len()],
            |values| values.iter().map(|value| value.map_or(f64::NAN, |flag| f64::from(u8::from(flag)))).collect(),
        ),
        _ => match from.series().cast(&DataType::Float64) {
            Ok(series) => match series.f64() {
                Ok(values) => values.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
                Err(_) => vec![f64::NAN; from.series().len()],
            },
            Err(_) => vec![f64::NAN; from.series().len()],
        },
    }
}

/// Instants in microseconds of a date or datetime column.
pub(crate) fn to_instants(from: &Column) -> Vec<Option<i64>> {
    const DAY: i64 = 86_400_000_000;
    match from.ty() {
        Type::Date => match from.series().i32() {
            Ok(days) => days.iter().map(|day| day.map(|day| i64::from(day) * DAY)).collect(),
            Err(_) => vec![None; from.series().len()],
        },
        _ => match from.series().i64() {
            Ok(values) => values.iter().collect(),
            Err(_) => vec![None; from.series().len()],
        },
    }
}

/// Which rows of a boolean column are true.
pub(crate) fn to_mask(from: &Column) -> Vec<bool> {
    match from.series().bool() {
        Ok(values) => values.iter().map(|value| value == Some(true)).collect(),
        Err(_) => vec![false; from.series().len()],
    }
}

/// A column of one value.
pub(crate) fn repeat(value: &Literal, ty: &Type, rows: usize) -> Column {
    let one = from_literals(std::slice::from_ref(value), ty);
    column(ty, one.series().new_from_index(0, rows))
}

/// A column of NULLs.
pub(crate) fn nulls(ty: &Type, rows: usize) -> Column {
    repeat(&Literal::Null, ty, rows)
}

/// Converts a computed column to the type of the field it is for.
pub(crate) fn convert(from: Column, ty: &Type) -> Column {
    if from.ty() == ty {
        return from;
    }
    match (from.ty(), ty) {
        (Type::Null, _) => nulls(ty, from.series().len()),
        (Type::Date | Type::DateTime, Type::Date | Type::DateTime) => from_instants(to_instants(&from), ty),
        (Type::Decimal(have), Type::Decimal(want)) if have <= want => {
            let factor = manikin_expression::power_of_ten(want - have);
            match from.series().i64() {
                Ok(units) => column(ty, units.apply_values(|units| units.saturating_mul(factor)).into_series()),
                Err(_) => nulls(ty, from.series().len()),
            }
        }
        (Type::Integer, Type::Decimal(scale)) => {
            let factor = manikin_expression::power_of_ten(*scale);
            match from.series().i64() {
                Ok(values) => column(ty, values.apply_values(|value| value.saturating_mul(factor)).into_series()),
                Err(_) => nulls(ty, from.series().len()),
            }
        }
        (
            Type::Integer | Type::Float | Type::Decimal(_) | Type::Boolean,
            Type::Integer | Type::Float | Type::Decimal(_),
        ) => from_numbers(&to_numbers(&from), ty),
        (_, Type::Text) => match from.series().cast(&DataType::String) {
            Ok(series) => column(ty, series),
            Err(_) => nulls(ty, from.series().len()),
        },
        _ => nulls(ty, from.series().len()),
    }
}

/// One column below the other, of the same type.
pub(crate) fn stacked(above: Column, below: &Column, place: &str) -> Result<Column, GenerateError> {
    let mut series = above.series().clone();
    series.append(below.series()).map_err(|error| GenerateError::new(place, error.to_string()))?;
    Ok(column(above.ty(), series))
}
