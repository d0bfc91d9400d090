//! A dataset's CSV files as a SQLite database, loaded without the program's help.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, ToSql};

use super::statistics::pearson;
use super::{csv_rows, files, scratch};

/// A generated folder and its rows in a database.
#[derive(Clone, Debug)]
pub struct Data {
    /// The folder that was generated.
    pub folder: Arc<PathBuf>,
    database: Arc<PathBuf>,
}

impl Data {
    /// Loads every CSV file of a folder as a table of the same name.
    #[track_caller]
    pub fn load(folder: &Path) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let database = scratch(&format!("{name}.test.sqlite"));
        if database.exists() {
            std::fs::remove_file(&database).expect("removed");
        }
        let mut connection = Connection::open(&database).expect("a database");
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off;").expect("settings");
        for file in files(folder) {
            if let Some(table) = file.strip_suffix(".csv") {
                load_table(&mut connection, table, &folder.join(&file));
            }
        }
        Self { folder: Arc::new(folder.to_owned()), database: Arc::new(database) }
    }

    /// Adds a CSV file from elsewhere, such as a code set, as a table.
    #[track_caller]
    pub fn with(self, table: &str, path: &Path) -> Self {
        let mut connection = Connection::open(&*self.database).expect("a database");
        load_table(&mut connection, table, path);
        self
    }

    /// Runs statements that prepare for queries, such as making an index.
    #[track_caller]
    pub fn prepared(self, sql: &str) -> Self {
        let connection = Connection::open(&*self.database).expect("a database");
        connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        self
    }

    /// A connection of its own, so that tests run side by side.
    pub fn connection(&self) -> Connection {
        Connection::open_with_flags(&*self.database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database")
    }

    /// The only value of a query.
    #[track_caller]
    pub fn one<T: FromSql>(&self, sql: &str) -> T {
        let value = self.connection().query_row(sql, [], |row| row.get(0));
        value.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// A count or a sum of whole numbers.
    #[track_caller]
    pub fn count(&self, sql: &str) -> i64 {
        self.one(sql)
    }

    /// The first column of a query.
    #[track_caller]
    pub fn column<T: FromSql>(&self, sql: &str) -> Vec<T> {
        self.rows(sql, |row| row.get(0))
    }

    /// The first two columns of a query.
    #[track_caller]
    pub fn pairs<A: FromSql, B: FromSql>(&self, sql: &str) -> Vec<(A, B)> {
        self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Every row of a query.
    #[track_caller]
    pub fn rows<T>(&self, sql: &str, read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let connection = self.connection();
        let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let rows = statement.query_map([], read).and_then(Iterator::collect);
        rows.unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// Pearson's correlation of the two columns of a query.
    #[track_caller]
    pub fn correlation(&self, sql: &str) -> f64 {
        pearson(&self.pairs(sql))
    }

    /// Fails when a query finds rows, and shows the first of them.
    #[track_caller]
    pub fn none(&self, sql: &str) {
        let found = self.rows(sql, |row| {
            let columns = row.as_ref().column_count();
            let value = |place| row.get::<_, rusqlite::types::Value>(place).map(|value| format!("{value:?}"));
            (0..columns).map(value).collect::<rusqlite::Result<Vec<_>>>()
        });
        let shown: Vec<String> = found.iter().take(5).map(|row| row.join(" | ")).collect();
        assert!(found.is_empty(), "{} rows, such as\n{}\nof {sql}", found.len(), shown.join("\n"));
    }

    /// Tables and their columns, the key first.
    pub fn tables(&self) -> Vec<(String, Vec<String>)> {
        let mut tables = Vec::new();
        for file in files(&self.folder) {
            if let Some(table) = file.strip_suffix(".csv") {
                let columns = self.column(&format!("select name from pragma_table_info('{table}')"));
                tables.push((table.to_owned(), columns));
            }
        }
        tables
    }

    /// Fails unless the first column of every table, the truth table aside, is a whole and unique key.
    #[track_caller]
    pub fn keys_are_unique(&self) {
        for (table, columns) in self.tables().iter().filter(|(table, _)| table != "edge_cases") {
            let key = &columns[0];
            self.none(&format!(
                "select {key}, count(*) from {table} group by {key} having count(*) > 1 or {key} is null"
            ));
        }
    }

    /// Fails unless every column that bears the name of another table's key holds only keys of that table, and gives
    /// the number of such columns.
    #[track_caller]
    pub fn references_resolve(&self) -> usize {
        let tables = self.tables();
        let mut references = 0;
        for (target, columns) in tables.iter().filter(|(table, _)| table != "edge_cases") {
            let key = &columns[0];
            for (table, columns) in tables.iter().filter(|(table, _)| table != target) {
                // A table's own key is no reference, whatever its name ends with.
                let others = columns.iter().skip(1);
                for column in others.filter(|column| *column == key || column.ends_with(&format!("_{key}"))) {
                    self.none(&format!(
                        "select {column} from {table} where {column} is not null \
                         and {column} not in (select {key} from {target})"
                    ));
                    references += 1;
                }
            }
        }
        references
    }
}

/// Loads a CSV file. A column whose values are all numbers as SQL writes them is numeric; what has leading zeros, such
/// as a code, stays text. An empty field is NULL.
#[track_caller]
fn load_table(connection: &mut Connection, table: &str, path: &Path) {
    let rows = csv_rows(path);
    let (header, rows) = rows.split_first().expect("a header");
    let is_numeric = |place: usize| rows.iter().all(|row| row[place].is_empty() || is_number(&row[place]));
    let numeric: Vec<bool> = (0..header.len()).map(is_numeric).collect();
    let declared =
        |(name, numeric): (&String, &bool)| format!("\"{name}\" {}", if *numeric { "numeric" } else { "text" });
    let columns: Vec<String> = header.iter().zip(&numeric).map(declared).collect();
    let transaction = connection.transaction().expect("a transaction");
    transaction.execute_batch(&format!("create table \"{table}\" ({})", columns.join(", "))).expect("a table");
    {
        let places = vec!["?"; header.len()].join(", ");
        let mut insert =
            transaction.prepare(&format!("insert into \"{table}\" values ({places})")).expect("a statement");
        for row in rows {
            let values: Vec<Option<&str>> =
                row.iter().map(|value| (!value.is_empty()).then_some(value.as_str())).collect();
            let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            insert.execute(&values[..]).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
    transaction.commit().expect("committed");
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    digits.starts_with(|first: char| first.is_ascii_digit()) && !has_leading_zero && text.parse::<f64>().is_ok()
}
