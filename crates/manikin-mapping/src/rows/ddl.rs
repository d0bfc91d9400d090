//! The tables of a standard in a database, those without rows among them.

use indexmap::IndexMap;
use manikin_expression::Type;
use manikin_formats::DatabaseTables;
use manikin_formats::ddl::identifier;

use crate::checked::{ColumnDef, TableDef};

/// CREATE TABLE statements for every table of a definition, with types, required columns and primary keys. Foreign keys
/// are left to the user: a database that has a vocabulary of its own declares them to that.
///
/// # Source
/// OHDSI CommonDataModel 5.4, the DDL for PostgreSQL and DuckDB: `integer`, `numeric`, `varchar(n)`, `text`, `date`,
/// `timestamp`. SQLite takes the same words.
pub fn database_tables(definition: &IndexMap<String, TableDef>) -> DatabaseTables {
    let script = |float: &str| definition.values().map(|table| create(table, float)).collect();
    let sqlite = definition.values().map(|table| (table.name.clone(), create(table, "REAL"))).collect();
    DatabaseTables { duckdb: script("DOUBLE"), postgres: script("NUMERIC"), sqlite }
}

fn create(table: &TableDef, float: &str) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| line(column, float)).collect();
    let key: Vec<String> =
        table.columns.iter().filter(|column| column.primary_key).map(|column| identifier(&column.name)).collect();
    if !key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    format!("CREATE TABLE {} (\n  {}\n);\n", identifier(&table.name), lines.join(",\n  "))
}

fn line(column: &ColumnDef, float: &str) -> String {
    let ty = match (&column.ty, column.max_length) {
        (Type::Integer, _) => "INTEGER".to_owned(),
        (Type::Float | Type::Decimal(_), _) => float.to_owned(),
        (Type::Date, _) => "DATE".to_owned(),
        (Type::DateTime, _) => "TIMESTAMP".to_owned(),
        (Type::Boolean, _) => "BOOLEAN".to_owned(),
        (_, Some(length)) => format!("VARCHAR({length})"),
        (_, None) => "TEXT".to_owned(),
    };
    let required = if column.required { " NOT NULL" } else { "" };
    format!("{} {ty}{required}", identifier(&column.name))
}
