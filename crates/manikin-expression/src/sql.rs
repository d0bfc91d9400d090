//! Expressions as SQL: for DuckDB, PostgreSQL, SQLite and Spark, with the joins they need.

/// A database that rules are rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// DuckDB 1.1 or later.
    DuckDb,
    /// PostgreSQL 14 or later.
    Postgres,
    /// SQLite 3.46 or later, with its mathematical functions. Booleans are 0 and 1, decimals scaled integers inside
    /// an expression, dates ISO text, moments ISO text to the millisecond, lists JSON text.
    Sqlite,
    /// Spark SQL 3.4 or later.
    Spark,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 4] = [
        Dialect::DuckDb,
        Dialect::Postgres,
        Dialect::Sqlite,
        Dialect::Spark,
    ];

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
