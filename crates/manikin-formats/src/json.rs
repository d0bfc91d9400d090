//! JSON: each entity's file is one array with one object per row; see [`ndjson`](crate::ndjson) for the values.

use std::path::Path;
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};

use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Pool, Registered, Writer, no_argument};
use crate::ndjson;
use crate::sink::{EntityFiles, TextFile};

/// The registry's entry.
pub(crate) const JSON: Registered = Registered {
    name: "json",
    means: "one JSON array of objects, one file per entity",
    open: |argument, options| {
        no_argument("json", argument)?;
        Ok(Box::new(Json { options: options.clone(), pool: Pool::default() }))
    },
};

struct Json {
    options: Options,
    pool: Pool,
}

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        let mut out = self.pool.take();
        let rows = ndjson::push_rows(&mut out, table, b",\n")?;
        Ok(Chunk { rows, body: Body::Bytes(out) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        let pool = self.pool.clone();
        let open = move |sink, _: &Arc<TableSchema>| TextFile::create(sink, b"[\n", b",\n", b"\n]\n", pool.clone());
        EntityFiles::create("json", folder, schemas, self.options.rows_per_part, Box::new(open))
    }
}
