//! Newline-delimited JSON: one object per row, its members in the order of the schema, no value written as `null`.
//!
//! Decimals are JSON numbers with exactly their scale; dates and times are ISO 8601 texts; lists are arrays.

use std::path::Path;
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};

use crate::columns::{Cells, Column, Columns};
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Pool, Registered, Writer, no_argument};
use crate::sink::{EntityFiles, TextFile};
use crate::text;

/// The registry's entry.
pub(crate) const NDJSON: Registered = Registered {
    name: "ndjson",
    means: "one JSON object per line, one file per entity",
    open: |argument, options| {
        no_argument("ndjson", argument)?;
        Ok(Box::new(Ndjson { options: options.clone(), pool: Pool::default() }))
    },
};

struct Ndjson {
    options: Options,
    pool: Pool,
}

impl Format for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        let mut out = self.pool.take();
        let rows = push_rows(&mut out, table, b"\n")?;
        if rows > 0 {
            out.push(b'\n');
        }
        Ok(Chunk { rows, body: Body::Bytes(out) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        let pool = self.pool.clone();
        let open = move |sink, _: &Arc<TableSchema>| TextFile::create(sink, b"", b"", b"", pool.clone());
        EntityFiles::create("ndjson", folder, schemas, self.options.rows_per_part, Box::new(open))
    }
}

/// Appends every row as a JSON object, with something between rows, and says how many there are.
pub(crate) fn push_rows(out: &mut Vec<u8>, table: &Table, between: &[u8]) -> Result<usize, FormatError> {
    let columns = Columns::new(table)?;
    let typed = columns.typed()?;
    let names = member_names(table.schema());
    for row in 0..columns.rows() {
        if row > 0 {
            out.extend_from_slice(between);
        }
        out.push(b'{');
        for (column, name) in typed.iter().zip(&names) {
            out.extend_from_slice(name);
            push_value(out, column, row);
        }
        out.push(b'}');
    }
    Ok(columns.rows())
}

/// What stands before each value: `"claim_id":`, with a comma before every one but the first.
fn member_names(schema: &TableSchema) -> Vec<Vec<u8>> {
    let name = |(place, column): (usize, &manikin_tables::ColumnSchema)| {
        let mut name = if place > 0 { vec![b','] } else { Vec::new() };
        text::push_json_text(&mut name, &column.name);
        name.push(b':');
        name
    };
    schema.columns.iter().enumerate().map(name).collect()
}

#[inline]
fn push_value(out: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match column.cells {
        Cells::Text(texts) => text::push_json_text(out, texts.value(row)),
        Cells::Integer(values) => text::push_integer(out, values[row]),
        Cells::Float(values) => text::push_float(out, values[row]),
        Cells::Decimal(units, scale) => text::push_decimal(out, units[row], scale),
        Cells::Date(days) => {
            out.push(b'"');
            text::push_date(out, days[row]);
            out.push(b'"');
        }
        Cells::DateTime(micros) => {
            out.push(b'"');
            text::push_datetime(out, micros[row]);
            out.push(b'"');
        }
        Cells::Boolean(bits) => out.extend_from_slice(if bits.value(row) { b"true" } else { b"false" }),
        Cells::List(lists) => text::push_json_list(out, lists, row),
    }
}
