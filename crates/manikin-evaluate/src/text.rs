//! Values as numbers, and constants as values are told.

use manikin_expression::{Literal, Type, calendar, decimal_text};
use manikin_tables::Column;

/// A constant as text, comparable with [`manikin_tables::cell_text`].
pub(crate) fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => String::new(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Decimal { units, scale } => decimal_text(*units, *scale),
        Literal::Text(text) => text.clone(),
        Literal::Date(day) => calendar::date_text(*day),
        Literal::DateTime(micros) => calendar::datetime_text(*micros, 'T'),
        Literal::Interval { count, .. } => count.to_string(),
        Literal::List(items) => format!("{items:?}"),
    }
}

/// A constant as a number: days for dates, microseconds for times.
pub(crate) fn literal_number(literal: &Literal, ty: &Type) -> Option<f64> {
    match literal {
        Literal::Integer(value) => Some(*value as f64),
        Literal::Float(value) => Some(*value),
        Literal::Decimal { units, scale } => Some(*units as f64 / manikin_expression::power_of_ten(*scale) as f64),
        Literal::Date(day) if *ty == Type::DateTime => Some(f64::from(*day) * calendar::DAY as f64),
        Literal::Date(day) => Some(f64::from(*day)),
        Literal::DateTime(micros) => Some(*micros as f64),
        Literal::Text(text) => Literal::temporal(text).and_then(|found| literal_number(&found, ty)),
        _ => None,
    }
}

/// A column as numbers: days for dates, microseconds for times; `None` for a type that has no order of numbers.
pub(crate) fn numbers(column: &Column) -> Option<Vec<Option<f64>>> {
    let series = column.series();
    Some(match column.ty() {
        Type::Integer | Type::DateTime => {
            series.i64().ok()?.iter().map(|value| value.map(|value| value as f64)).collect()
        }
        Type::Decimal(scale) => {
            let one = manikin_expression::power_of_ten(*scale) as f64;
            series.i64().ok()?.iter().map(|units| units.map(|units| units as f64 / one)).collect()
        }
        Type::Float => series.f64().ok()?.iter().collect(),
        Type::Date => series.i32().ok()?.iter().map(|day| day.map(f64::from)).collect(),
        _ => return None,
    })
}
