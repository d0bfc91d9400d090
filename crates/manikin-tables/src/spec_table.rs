//! A spec's tables as columns.

use crate::column::Column;
use crate::evaluate::{EvaluationError, LookupTable};
use jiff::civil::Date;
use manikin_expression::Type;
use manikin_spec::table::{Table, TableColumn, Values};

/// The column of a spec's table.
pub fn table_column(column: &TableColumn) -> Column {
    match &column.values {
        Values::Integer(values) => Column::units(values.iter().copied(), Type::Integer),
        Values::Number(values) => Column::optional_floats(values.iter().copied()),
        Values::Text(values) => Column::texts(values.iter().map(Option::as_deref)),
        Values::Boolean(values) => Column::booleans(values.iter().copied()),
        Values::Date(values) => Column::dates(values.iter().map(|date| date.map(days))),
    }
}

/// A spec's table, for `lookup` and `in_table`.
///
/// # Errors
/// As [`LookupTable::new`]; the columns of a table that was read have one length.
pub fn lookup_table(table: &Table) -> Result<LookupTable, EvaluationError> {
    let columns = table.columns.iter().map(|column| (column.name.clone(), table_column(column))).collect();
    LookupTable::new(&table.name, columns)
}

fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    // Within the years -9999 to 9999 the difference has no more than seven digits.
    epoch.until(date).map_or(0, |span| span.get_days())
}
