//! A SQLite database of all entities, with keys, references and indexes.
//!
//! Dates and times are ISO 8601 text, booleans 0 and 1, decimals the nearest binary number, lists JSON text.
//! References are declared but not enforced while loading, so that defects injected on purpose arrive in the file;
//! primary keys and required columns are enforced unless the constraints are omitted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_expression::power_of_ten;
use manikin_tables::{Table, TableSchema};
use polars::prelude::DataFrame;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags};

use crate::columns::{Cells, Column, Columns};
use crate::ddl::{self, Dialect};
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Registered, Writer, WrittenFile, file_name};
use crate::sink::seal_file;
use crate::sql::check_types;
use crate::text;

/// The registry's entry.
pub(crate) const SQLITE: Registered = Registered {
    name: "sqlite",
    means: "a SQLite database of all entities; sqlite:FILE names it",
    open: |argument, options| {
        let file = file_name("sqlite", argument, "dataset.sqlite")?;
        Ok(Box::new(Sqlite { options: options.clone(), file }))
    },
};

struct Sqlite {
    options: Options,
    file: String,
}

impl Format for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        Columns::new(table)?;
        Ok(Chunk { rows: table.rows(), body: Body::Frame(table.frame().clone()) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        check_types(schemas)?;
        let path = folder.join(&self.file);
        let database = |source| FormatError::Database { path: path.clone(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(database)?;
        connection.set_prepared_statement_cache_capacity(schemas.len().max(1));
        // The file lies in a staging folder that is thrown away when the run fails, so it needs no journal of its own.
        let setup = format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN;\n{}",
            ddl::create_tables(schemas, Dialect::Sqlite, self.options.constraints)
        );
        connection.execute_batch(&setup).map_err(database)?;
        for (name, statement) in self.options.tables.iter().flat_map(|tables| &tables.sqlite) {
            if !schemas.iter().any(|schema| schema.entity == *name) {
                connection.execute_batch(statement).map_err(database)?;
            }
        }
        let inserts = schemas.iter().map(|schema| insert(schema)).collect();
        let writer =
            Database { connection, path, file: self.file.clone(), schemas: schemas.to_vec(), inserts, rows: 0 };
        Ok(Box::new(writer))
    }
}

fn insert(schema: &TableSchema) -> String {
    let names: Vec<String> = schema.columns.iter().map(|column| ddl::identifier(&column.name)).collect();
    let marks = vec!["?"; schema.columns.len()];
    format!("INSERT INTO {} ({}) VALUES ({})", ddl::identifier(&schema.entity), names.join(", "), marks.join(", "))
}

struct Database {
    connection: Connection,
    path: PathBuf,
    file: String,
    schemas: Vec<Arc<TableSchema>>,
    inserts: Vec<String>,
    rows: u64,
}

impl Database {
    fn insert(&self, statement: &str, schema: &Arc<TableSchema>, frame: DataFrame) -> Result<(), FormatError> {
        let table =
            Table::new(schema.clone(), frame).map_err(|mismatch| FormatError::Mismatch(mismatch.to_string()))?;
        let columns = Columns::new(&table)?;
        let typed = columns.typed()?;
        let database = |source| FormatError::Database { path: self.path.clone(), source };
        let mut statement = self.connection.prepare_cached(statement).map_err(database)?;
        let mut scratch = Vec::new();
        for row in 0..columns.rows() {
            for (place, column) in typed.iter().enumerate() {
                scratch.clear();
                statement.raw_bind_parameter(place + 1, value(&mut scratch, column, row)).map_err(database)?;
            }
            statement.raw_execute().map_err(database)?;
        }
        Ok(())
    }
}

impl Writer for Database {
    fn append(&mut self, table: usize, chunk: Chunk) -> Result<(), FormatError> {
        let (Some(schema), Some(statement), Body::Frame(frame)) =
            (self.schemas.get(table), self.inserts.get(table), chunk.body)
        else {
            return Err(FormatError::Mismatch(format!("table {table} of the chunk is not in the database")));
        };
        self.rows += frame.height() as u64;
        self.insert(statement, schema, frame)
    }

    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError> {
        let Self { connection, path, file, schemas, rows, .. } = *self;
        connection
            .execute_batch(&format!("{}COMMIT;", ddl::create_indexes(&schemas)))
            .map_err(|source| FormatError::Database { path: path.clone(), source })?;
        connection.close().map_err(|(_, source)| FormatError::Database { path: path.clone(), source })?;
        let sealed = seal_file(&path)?;
        let written = WrittenFile {
            entity: None,
            format: "sqlite",
            path: file,
            rows,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
        };
        Ok(vec![written])
    }
}

fn value<'a>(scratch: &'a mut Vec<u8>, column: &Column<'a>, row: usize) -> ToSqlOutput<'a> {
    if column.is_null(row) {
        return ToSqlOutput::Owned(Value::Null);
    }
    match column.cells {
        Cells::Text(texts) => return ToSqlOutput::Borrowed(ValueRef::Text(texts.value(row).as_bytes())),
        Cells::Integer(values) => return ToSqlOutput::Owned(Value::Integer(values[row])),
        Cells::Float(values) => return ToSqlOutput::Owned(Value::Real(values[row])),
        Cells::Decimal(units, scale) => {
            return ToSqlOutput::Owned(Value::Real(units[row] as f64 / power_of_ten(scale) as f64));
        }
        Cells::Boolean(bits) => return ToSqlOutput::Owned(Value::Integer(i64::from(bits.value(row)))),
        Cells::Date(days) => text::push_date(scratch, days[row]),
        Cells::DateTime(micros) => text::push_datetime(scratch, micros[row]),
        Cells::List(lists) => text::push_json_list(scratch, lists, row),
    }
    ToSqlOutput::Borrowed(ValueRef::Text(scratch))
}
