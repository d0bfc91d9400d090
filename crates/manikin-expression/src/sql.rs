//! Expressions as SQL: for DuckDB, PostgreSQL, SQLite and Spark, with the joins they need.
//!
//! The rendered text follows the same rules as evaluation on columns: three-valued logic, divisions of floats, NULL for
//! a division by zero. Two differences remain, because a database cannot be told otherwise: an integer or decimal
//! beyond its range is an error there and NULL here, and texts inside `least` and `greatest` follow PostgreSQL's
//! collation.

mod query;
mod render;

use crate::scope::Hop;

pub use query::{RenderError, Sql, render, rule_query};

/// How the rows of a spec are stored in a database.
pub trait Naming {
    /// The SQL of an entity's table, already quoted, such as `"claim"` or `read_csv('claim.csv')`.
    fn table(&self, entity: &str, dialect: Dialect) -> String {
        dialect.identifier(entity)
    }

    /// The name of a field's column, not yet quoted.
    fn column(&self, entity: &str, field: &str) -> String {
        let _ = entity;
        field.to_owned()
    }

    /// The columns that identify a row, not yet quoted; the whole row when there are none.
    fn key(&self, entity: &str) -> Vec<String>;

    /// What joins a row to the row that a hop leads to: pairs of a column here and the column there.
    fn hop(&self, entity: &str, hop: &Hop) -> Vec<(String, String)>;

    /// How lists are stored. SQLite always has JSON text.
    fn lists(&self) -> Lists {
        Lists::Native
    }

    /// The SQL of a lookup table, already quoted.
    fn lookup_table(&self, table: &str, dialect: Dialect) -> String {
        dialect.identifier(table)
    }

    /// A column that numbers a lookup table's rows, where more than one row may match; the first is taken.
    fn lookup_order(&self, table: &str) -> Option<String> {
        let _ = table;
        None
    }
}

/// How lists are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// As the database's own lists.
    Native,
    /// As the text of a JSON array.
    Json,
}

/// A database that rules are rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// DuckDB 1.1 or later.
    DuckDb,
    /// PostgreSQL 14 or later.
    Postgres,
    /// SQLite 3.38 or later, with its mathematical functions. Booleans are 0 and 1, decimals scaled integers inside
    /// an expression, dates ISO text, moments ISO text to the millisecond, lists JSON text.
    Sqlite,
    /// Spark SQL 3.4 or later.
    Spark,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 4] = [Dialect::DuckDb, Dialect::Postgres, Dialect::Sqlite, Dialect::Spark];

    /// The name people use for it on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::DuckDb => "duckdb",
            Dialect::Postgres => "postgres",
            Dialect::Sqlite => "sqlite",
            Dialect::Spark => "spark",
        }
    }

    /// The type of a 64-bit float.
    pub(crate) fn double(self) -> &'static str {
        match self {
            Dialect::Postgres => "DOUBLE PRECISION",
            Dialect::DuckDb | Dialect::Spark => "DOUBLE",
            Dialect::Sqlite => "REAL",
        }
    }

    /// An identifier, quoted.
    pub fn identifier(self, name: &str) -> String {
        match self {
            Dialect::Spark => format!("`{}`", name.replace('`', "``")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A text literal.
    pub fn text(self, text: &str) -> String {
        match self {
            Dialect::Spark => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }
}
