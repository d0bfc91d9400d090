//! CSV as RFC 4180 describes it, with LF line ends and a header row.
//!
//! - No value is an empty field; an empty text is `""`, so that both survive a round trip.
//! - A decimal has exactly its scale, a float the fewest digits that read back the same.
//! - Dates are `2025-01-31`, times `2025-01-31T08:15:00`, booleans `true` and `false`.
//! - A list is a JSON array of texts: `"[""E11.9"",""I10""]"`.

use std::path::Path;
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};

use crate::columns::{Cells, Column, Columns};
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Pool, Registered, Writer, no_argument};
use crate::sink::{EntityFiles, TextFile};
use crate::text;

/// The registry's entry.
pub(crate) const CSV: Registered = Registered {
    name: "csv",
    means: "comma-separated text (RFC 4180), one file per entity",
    open: |argument, options| {
        no_argument("csv", argument)?;
        Ok(Box::new(Csv { options: options.clone(), pool: Pool::default() }))
    },
};

struct Csv {
    options: Options,
    pool: Pool,
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        let columns = Columns::new(table)?;
        let typed = columns.typed()?;
        let mut out = self.pool.take();
        let mut scratch = Vec::new();
        for row in 0..columns.rows() {
            for column in &typed {
                push_field(&mut out, &mut scratch, column, row);
                out.push(b',');
            }
            // The last comma becomes the end of the line.
            match out.last_mut() {
                Some(last) if !typed.is_empty() => *last = b'\n',
                _ => out.push(b'\n'),
            }
        }
        Ok(Chunk { rows: columns.rows(), body: Body::Bytes(out) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        let pool = self.pool.clone();
        let open =
            move |sink, schema: &Arc<TableSchema>| TextFile::create(sink, &header(schema), b"", b"", pool.clone());
        EntityFiles::create("csv", folder, schemas, self.options.rows_per_part, Box::new(open))
    }
}

fn header(schema: &TableSchema) -> Vec<u8> {
    let mut head = Vec::new();
    for (place, column) in schema.columns.iter().enumerate() {
        if place > 0 {
            head.push(b',');
        }
        push_text(&mut head, column.name.as_bytes());
    }
    head.push(b'\n');
    head
}

#[inline]
fn push_field(out: &mut Vec<u8>, scratch: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    if column.is_null(row) {
        return;
    }
    match column.cells {
        Cells::Text(texts) => push_text(out, texts.value(row).as_bytes()),
        Cells::Integer(values) => text::push_integer(out, values[row]),
        Cells::Float(values) => text::push_float(out, values[row]),
        Cells::Decimal(units, scale) => text::push_decimal(out, units[row], scale),
        Cells::Date(days) => text::push_date(out, days[row]),
        Cells::DateTime(micros) => text::push_datetime(out, micros[row]),
        Cells::Boolean(bits) => out.extend_from_slice(if bits.value(row) { b"true" } else { b"false" }),
        Cells::List(lists) => {
            scratch.clear();
            text::push_json_list(scratch, lists, row);
            push_text(out, scratch);
        }
    }
}

/// Bytes that make quotes around a field necessary.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b',' as usize] = true;
    table[b'"' as usize] = true;
    table[b'\n' as usize] = true;
    table[b'\r' as usize] = true;
    table
};

/// Texts up to this length are searched byte by byte, which beats setting up a vector search.
const SHORT: usize = 24;

#[inline]
fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let special = match text.len() {
        0 => true,
        1..=SHORT => text.iter().any(|&byte| SPECIAL[usize::from(byte)]),
        _ => memchr::memchr3(b',', b'"', b'\n', text).is_some() || memchr::memchr(b'\r', text).is_some(),
    };
    if special {
        push_quoted(out, text);
    } else {
        out.extend_from_slice(text);
    }
}

#[cold]
fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut from = 0;
    for quote in memchr::memchr_iter(b'"', text) {
        out.extend_from_slice(&text[from..=quote]);
        from = quote;
    }
    out.extend_from_slice(&text[from..]);
    out.push(b'"');
}
