//! Values as text.

use manikin_expression::{Type, calendar, decimal_text};

use crate::column::Column;

/// The value of a row as text, as the text formats write it; `None` for no value.
pub fn cell_text(column: &Column, row: usize) -> Option<String> {
    let series = column.series();
    match column.ty() {
        Type::Text => series.str().ok()?.get(row).map(str::to_owned),
        Type::Boolean => series.bool().ok()?.get(row).map(|value| value.to_string()),
        Type::Float => series.f64().ok()?.get(row).map(|value| value.to_string()),
        Type::Date => series.i32().ok()?.get(row).map(calendar::date_text),
        Type::DateTime => series.i64().ok()?.get(row).map(|micros| calendar::datetime_text(micros, 'T')),
        Type::Decimal(scale) => series.i64().ok()?.get(row).map(|units| decimal_text(units, *scale)),
        Type::Integer => series.i64().ok()?.get(row).map(|value| value.to_string()),
        Type::List(_) => {
            let items = series.list().ok()?.get_as_series(row)?;
            let items: Vec<String> =
                items.str().ok()?.iter().map(|item| format!("{:?}", item.unwrap_or_default())).collect();
            Some(format!("[{}]", items.join(",")))
        }
        Type::Interval(_) | Type::Null => None,
    }
}
