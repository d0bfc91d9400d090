//! Tables and their columns, as generators and expressions name them.

use super::report::Place;
use super::{Resolver, describe};
use crate::document::DataType;
use crate::table::{Table, TableColumn};
use manikin_diagnostic::codes;
use manikin_expression::{TableShape, Type};
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// The table of a name. One that could not be read was reported when it was.
    pub(super) fn table(&self, name: &str, place: &Place) -> Option<&Table> {
        let found = self.tables.get(name).map(AsRef::as_ref);
        if found.is_none() && !self.document.tables.contains_key(name) {
            let names = self.document.tables.keys().map(String::as_str);
            self.report.unknown(place, codes::UNKNOWN_TABLE, "table", name, names);
        }
        found
    }

    /// The columns of a table; its key is its first column unless it names another.
    pub(super) fn table_shape(&self, name: &str) -> Option<TableShape> {
        let table = self.tables.get(name)?;
        let columns: Vec<(String, Type)> =
            table.columns.iter().map(|column| (column.name.clone(), type_of(column))).collect();
        let key = table.key.clone().or_else(|| columns.first().map(|(name, _)| name.clone()))?;
        Some(TableShape { key, columns })
    }

    fn column<'t>(&self, table: &'t Table, name: &str, place: &Place, is_key: bool) -> Option<&'t TableColumn> {
        let found = table.column(name);
        if found.is_none() {
            let what = format!("column of `{}` named", table.name);
            if is_key {
                self.report.unknown_key(place, codes::UNKNOWN_COLUMN, &what, name, table.column_names());
            } else {
                self.report.unknown(place, codes::UNKNOWN_COLUMN, &what, name, table.column_names());
            }
        }
        found
    }

    /// The type of a column that a value of the document names.
    pub(super) fn column_type(&self, table: &str, name: &str, place: &Place) -> Option<Type> {
        self.column(self.tables.get(table)?, name, place, false).map(type_of)
    }

    /// The type of a column that a key of the document names.
    pub(super) fn column_type_of_key(&self, table: &str, name: &str, place: &Place) -> Option<Type> {
        self.column(self.tables.get(table)?, name, place, true).map(type_of)
    }

    /// The numbers of a column.
    pub(super) fn numeric_column(&self, table: &Table, name: &str, place: &Place) -> Option<Vec<Option<f64>>> {
        let column = self.column(table, name, place, false)?;
        if !type_of(column).is_number() {
            let message = format!("numbers are needed; `{name}` of `{}` is {}", table.name, describe(&type_of(column)));
            self.report.error(place, codes::TYPE_MISMATCH, message);
            return None;
        }
        Some((0..table.rows).map(|row| column.values.number(row)).collect())
    }

    /// A column of weights: numbers from 0, of which one at least is above.
    pub(super) fn weight_column(&self, table: &Table, name: &str, place: &Place) -> Option<String> {
        let weights = self.numeric_column(table, name, place)?;
        if let Some(row) = weights.iter().position(|weight| weight.is_some_and(|weight| weight < 0.0)) {
            let message = format!("the weight in row {} of `{}` is negative", row + 1, table.name);
            self.report.error(place, codes::NEGATIVE_WEIGHT, message);
            return None;
        }
        if table.rows > 0 && !weights.iter().flatten().any(|weight| *weight > 0.0) {
            let message = format!("no row of `{}` has a weight above 0", table.name);
            self.report.error(place, codes::NO_WEIGHT, message);
            return None;
        }
        Some(name.to_owned())
    }

    /// The codes of a table, as text; `None` for a place that waits for a user's file.
    pub(super) fn key_values(&self, table: &Table) -> Option<BTreeSet<String>> {
        let column = table.column(table.key.as_deref()?)?;
        let codes: BTreeSet<String> = (0..table.rows).filter_map(|row| column.values.text(row)).collect();
        (!codes.is_empty()).then_some(codes)
    }

    /// Says so where a column, whose values a field takes, holds something that is no code of the field's table.
    pub(super) fn check_code_column(&self, table: &Table, column: &str, code: &str, place: &Place) {
        let Some(codes) = self.tables.get(code).and_then(|table| self.key_values(table)) else { return };
        let Some(values) = table.column(column).map(|column| &column.values) else { return };
        let wrong: BTreeSet<String> =
            (0..table.rows).filter_map(|row| values.text(row)).filter(|text| !codes.contains(text)).collect();
        if let Some(first) = wrong.first() {
            let message = match wrong.len() {
                1 => format!("`{first}` in column `{column}` of `{}` is not a code of `{code}`", table.name),
                several => {
                    let name = &table.name;
                    format!(
                        "{several} values in column `{column}` of `{name}`, such as `{first}`, are not codes of `{code}`"
                    )
                }
            };
            self.report.error(place, codes::UNKNOWN_CODE, message);
        }
    }
}

/// The type of a column's values in expressions.
fn type_of(column: &TableColumn) -> Type {
    match column.values.data_type() {
        DataType::Integer => Type::Integer,
        DataType::Number | DataType::Decimal => Type::Float,
        DataType::Boolean => Type::Boolean,
        DataType::Date => Type::Date,
        DataType::Text | DataType::Datetime | DataType::List => Type::Text,
    }
}
