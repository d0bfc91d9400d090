//! A script that PostgreSQL, DuckDB and SQLite all run: tables with keys, rows in INSERT statements, then indexes.
//!
//! All entities go to one file, in one transaction; in each block parents stand before their children. Lists are
//! JSON in a text column.

use std::path::Path;
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};

use crate::columns::{Cells, Column, Columns, is_writable};
use crate::ddl::{self, Dialect};
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Pool, Registered, Writer, WrittenFile, file_name};
use crate::sink::Sink;
use crate::text;

/// The registry's entry.
pub(crate) const SQL: Registered = Registered {
    name: "sql",
    means: "a script of CREATE TABLE and INSERT statements; sql:FILE names it",
    open: |argument, options| {
        let file = file_name("sql", argument, "dataset.sql")?;
        Ok(Box::new(Sql { options: options.clone(), file, pool: Pool::default() }))
    },
};

/// Rows per INSERT statement: enough to spread the cost of parsing, few enough for every database's limits.
const BATCH: usize = 500;

struct Sql {
    options: Options,
    file: String,
    pool: Pool,
}

impl Format for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        let columns = Columns::new(table)?;
        let typed = columns.typed()?;
        let insert = insert_into(table.schema());
        let mut out = self.pool.take();
        let mut scratch = Vec::new();
        for row in 0..columns.rows() {
            out.extend_from_slice(if row % BATCH == 0 { insert.as_bytes() } else { b",\n" });
            out.push(b'(');
            for (place, column) in typed.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push_literal(&mut out, &mut scratch, column, row);
            }
            out.push(b')');
            if row % BATCH == BATCH - 1 || row + 1 == columns.rows() {
                out.extend_from_slice(b";\n");
            }
        }
        Ok(Chunk { rows: columns.rows(), body: Body::Bytes(out) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        check_types(schemas)?;
        let mut sink = Sink::create(folder.join(&self.file))?;
        sink.put(b"BEGIN;\n")?;
        sink.put(ddl::create_tables(schemas, Dialect::Portable, self.options.constraints).as_bytes())?;
        let foot = format!("{}COMMIT;\n", ddl::create_indexes(schemas));
        Ok(Box::new(Script { sink, foot, file: self.file.clone(), rows: 0, pool: self.pool.clone() }))
    }
}

/// Refuses tables with a column that no file holds, before any row arrives.
pub(crate) fn check_types(schemas: &[Arc<TableSchema>]) -> Result<(), FormatError> {
    for schema in schemas {
        if let Some(column) = schema.columns.iter().find(|column| !is_writable(&column.ty)) {
            return Err(FormatError::UnsupportedType {
                entity: schema.entity.clone(),
                column: column.name.clone(),
                ty: column.ty.clone(),
            });
        }
    }
    Ok(())
}

fn insert_into(schema: &TableSchema) -> String {
    let names: Vec<String> = schema.columns.iter().map(|column| ddl::identifier(&column.name)).collect();
    format!("INSERT INTO {} ({}) VALUES\n", ddl::identifier(&schema.entity), names.join(","))
}

#[inline]
fn push_literal(out: &mut Vec<u8>, scratch: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    if column.is_null(row) {
        out.extend_from_slice(b"NULL");
        return;
    }
    match column.cells {
        Cells::Text(texts) => push_text(out, texts.value(row).as_bytes()),
        Cells::Integer(values) => text::push_integer(out, values[row]),
        Cells::Float(values) => text::push_float(out, values[row]),
        Cells::Decimal(units, scale) => text::push_decimal(out, units[row], scale),
        Cells::Boolean(bits) => out.extend_from_slice(if bits.value(row) { b"TRUE" } else { b"FALSE" }),
        Cells::Date(days) => {
            out.push(b'\'');
            text::push_date(out, days[row]);
            out.push(b'\'');
        }
        Cells::DateTime(micros) => {
            out.push(b'\'');
            text::push_datetime(out, micros[row]);
            out.push(b'\'');
        }
        Cells::List(lists) => {
            scratch.clear();
            text::push_json_list(scratch, lists, row);
            push_text(out, scratch);
        }
    }
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'\'');
    let mut from = 0;
    for quote in memchr::memchr_iter(b'\'', text) {
        out.extend_from_slice(&text[from..=quote]);
        from = quote;
    }
    out.extend_from_slice(&text[from..]);
    out.push(b'\'');
}

struct Script {
    sink: Sink,
    foot: String,
    file: String,
    rows: u64,
    pool: Pool,
}

impl Writer for Script {
    fn append(&mut self, _table: usize, chunk: Chunk) -> Result<(), FormatError> {
        self.rows += chunk.rows() as u64;
        let bytes = chunk.into_bytes()?;
        self.sink.put(&bytes)?;
        self.pool.give(bytes);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError> {
        self.sink.put(self.foot.as_bytes())?;
        let sealed = self.sink.seal()?;
        Ok(vec![WrittenFile {
            entity: None,
            format: "sql",
            path: self.file,
            rows: self.rows,
            bytes: sealed.bytes,
            sha256: sealed.sha256,
        }])
    }
}
