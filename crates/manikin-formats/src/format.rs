//! What a format is, and the registry of formats.
//!
//! A format turns a table into a [`Chunk`] on any thread, and its [`Writer`] appends chunks in the order of their
//! blocks. Bytes depend on the blocks alone, and no more than the chunks in flight is held in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};

use manikin_tables::{Table, TableSchema};
use polars::prelude::DataFrame;

use crate::error::FormatError;
use crate::parquet::RowGroup;
use crate::staging::Existing;
use crate::{arrow, csv, duckdb, json, ndjson, parquet, postgres, sql, sqlite};

/// The formats, in the order in which they are listed to people.
pub const FORMATS: &[Registered] = &[
    csv::CSV,
    parquet::PARQUET,
    ndjson::NDJSON,
    json::JSON,
    arrow::ARROW,
    sql::SQL,
    sqlite::SQLITE,
    duckdb::DUCKDB,
    postgres::POSTGRES,
    postgres::POSTGRESQL,
];

/// Makes a format, with what the user wrote after `name:`.
pub type OpenFormat = fn(argument: Option<&str>, options: &Options) -> Result<Box<dyn Format>, FormatError>;

/// A format in the registry.
pub struct Registered {
    /// The name by which a user asks for it.
    pub name: &'static str,
    /// What its files are, in one phrase.
    pub means: &'static str,
    /// Makes it, with what the user wrote after `name:`.
    pub open: OpenFormat,
}

/// What holds for every format of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Whether databases and scripts declare keys and required columns.
    pub constraints: Constraints,
    /// Begin a new part once a file holds this many rows; a file never ends within a block. `None`: one file.
    pub rows_per_part: Option<u64>,
    /// Coalesce blocks until a Parquet row group or an Arrow record batch holds this many rows.
    pub rows_per_group: usize,
    /// The spec's digest, for formats whose files have a place for it.
    pub spec_digest: Option<String>,
    /// The tables of a database, where a standard says what they are; made from the schemas otherwise.
    pub tables: Option<DatabaseTables>,
    /// The schema of a PostgreSQL database that rows go to unless its address names one.
    pub schema: String,
    /// What to do when that schema is there already.
    pub existing: Existing,
}

/// Statements that make the tables of a database, those without rows among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseTables {
    /// For DuckDB.
    pub duckdb: String,
    /// For PostgreSQL.
    pub postgres: String,
    /// For SQLite, by table: those that rows are written to have their keys and relations and are made from the schemas.
    pub sqlite: Vec<(String, String)>,
}

impl Default for Options {
    /// Constraints declared, one file per entity, groups of 131,072 rows.
    fn default() -> Self {
        // ASSUMED: 2^17 rows keep a group of a dozen columns near 10 MB, which readers skip and spread well.
        Self {
            constraints: Constraints::Declared,
            rows_per_part: None,
            rows_per_group: 1 << 17,
            spec_digest: None,
            tables: None,
            schema: "manikin".to_owned(),
            existing: Existing::Refuse,
        }
    }
}

/// Whether tables in databases and scripts declare their keys, references and required columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraints {
    /// They do; rows that break them are refused.
    Declared,
    /// They do not, so that data with duplicated keys or missing values on purpose loads.
    Omitted,
}

/// One way of writing tables as files.
pub trait Format: Send + Sync {
    /// The format's name, as in the registry.
    fn name(&self) -> &'static str;

    /// Encodes one block's table, on any thread.
    ///
    /// # Errors
    ///
    /// - `MK0905` for a type or a value that files cannot hold
    fn encode(&self, table: &Table) -> Result<Chunk, FormatError>;

    /// Opens the writer that appends the chunks of all tables into a folder, which exists.
    ///
    /// # Errors
    ///
    /// - `MK0902` when a file cannot be created
    /// - `MK0905` for a type that files cannot hold
    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError>;
}

/// Appends encoded tables to files; one thread, in the order of the blocks.
pub trait Writer: Send {
    /// Appends a chunk of the table at this place among the schemas that the writer was opened with.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    /// - `MK0906` when polars or SQLite refuses the rows
    fn append(&mut self, table: usize, chunk: Chunk) -> Result<(), FormatError>;

    /// Completes the files and says what was written.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError>;
}

/// One block's table, encoded.
pub struct Chunk {
    pub(crate) rows: usize,
    pub(crate) body: Body,
}

/// What a chunk holds: as much of the work as a worker can do alone.
pub(crate) enum Body {
    /// Text, ready to be appended.
    Bytes(Vec<u8>),
    /// Rows to be coalesced or inserted by the writer.
    Frame(DataFrame),
    /// A whole Parquet row group.
    RowGroup(RowGroup),
}

impl Chunk {
    /// The number of rows encoded.
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, FormatError> {
        match self.body {
            Body::Bytes(bytes) => Ok(bytes),
            _ => Err(FormatError::Mismatch("a chunk of another format was appended".to_owned())),
        }
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// The entity whose rows it holds; `None` for a file of all entities.
    pub entity: Option<String>,
    /// The format's name.
    pub format: &'static str,
    /// Its path under the output folder, with `/` between parts.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Makes a format from what a user wrote: `csv`, `sqlite` or `sqlite:claims.sqlite`.
///
/// # Errors
///
/// - `MK0903` when there is no such format
/// - `MK0904` when the part after the colon is not a plain file name, or the format takes none
pub fn open(asked: &str, options: &Options) -> Result<Box<dyn Format>, FormatError> {
    let (name, argument) = match asked.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (asked, None),
    };
    match FORMATS.iter().find(|format| format.name == name) {
        Some(format) => (format.open)(argument, options),
        None => {
            let known: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
            Err(FormatError::UnknownFormat { found: name.to_owned(), known: known.join(", ") })
        }
    }
}

/// Refuses an argument to a format that takes none.
pub(crate) fn no_argument(format: &'static str, argument: Option<&str>) -> Result<(), FormatError> {
    match argument {
        None => Ok(()),
        Some(file) => Err(FormatError::FileName {
            format,
            file: file.to_owned(),
            expected: "each entity becomes a file named like it; write the format without a colon",
        }),
    }
}

/// The plain file name given to a format that writes one file of all entities.
pub(crate) fn file_name(format: &'static str, argument: Option<&str>, default: &str) -> Result<String, FormatError> {
    let file = argument.unwrap_or(default);
    let plain = !file.is_empty() && file != "." && file != ".." && !file.contains(['/', '\\', '\0']);
    if plain {
        Ok(file.to_owned())
    } else {
        Err(FormatError::FileName {
            format,
            file: file.to_owned(),
            expected: "give a plain file name; it is written into the output folder",
        })
    }
}

/// Buffers that go back from the writer to the encoders, so that chunks are not allocated anew.
#[derive(Clone, Default)]
pub(crate) struct Pool {
    buffers: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Pool {
    /// An empty buffer, with the room of an earlier chunk where there is one.
    pub(crate) fn take(&self) -> Vec<u8> {
        // A poisoned lock only means that another thread panicked between two calls; the buffers are still good.
        let mut buffers = self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        buffers.pop().unwrap_or_default()
    }

    /// Takes a buffer back.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        const KEPT: usize = 64;
        buffer.clear();
        let mut buffers = self.buffers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if buffers.len() < KEPT {
            buffers.push(buffer);
        }
    }
}
