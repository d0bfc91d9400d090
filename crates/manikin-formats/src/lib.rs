//! Tables to files and databases and back: CSV, Parquet, NDJSON, JSON, Arrow, SQL, SQLite, DuckDB and PostgreSQL.
//!
//! - [`Output`] encodes blocks in every format asked for, on many threads; its [`OutputWriter`] appends them in
//!   order, so the bytes do not depend on the threads and memory stays bounded by the blocks in flight.
//! - [`Staging`] makes the output folder appear whole or not at all.
//! - [`RowDigest`] says whether two tables hold the same rows, whatever the format, the order or the partitions.
//! - [`Manifest`] records what was made of what, and proves a folder later.
//! - [`read_entity`] and [`infer_entity`] read a folder back.
//! - [`ddl`] writes CREATE TABLE statements.
//!
//! ```
//! use std::sync::Arc;
//!
//! use manikin_expression::Type;
//! use manikin_formats::{Existing, Options, Output, Staging};
//! use manikin_tables::{Block, ColumnSchema, Table, TableSchema};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let out = place.path().join("out");
//! let schemas = [Arc::new(TableSchema::new("patient", vec![ColumnSchema::new("patient_id", Type::Text)]))];
//! let blocks = [Block { index: 0, tables: vec![Table::empty(schemas[0].clone())] }];
//!
//! let staging = Staging::begin(&out, Existing::Refuse)?;
//! let output = Output::open(&["csv", "parquet"], &Options::default())?;
//! let mut writer = output.writer(staging.folder(), &schemas)?;
//! for block in &blocks {
//!     let encoded = output.encode(block)?; // On any thread …
//!     writer.append(encoded)?; // … and appended on one, in the order of the blocks.
//! }
//! let written = writer.finish()?;
//! staging.commit()?;
//! assert_eq!(written.files[0].path, "patient.csv");
//! assert_eq!(std::fs::read_to_string(out.join("patient.csv"))?, "patient_id\n");
//! # Ok(())
//! # }
//! ```
//!
//! A format is one file and one line in [`FORMATS`].

mod arrow;
mod columns;
mod csv;
mod csv_rows;
pub mod ddl;
mod digest;
mod duckdb;
mod error;
mod format;
mod json;
mod logical;
mod manifest;
mod ndjson;
mod output;
mod parquet;
mod plain;
mod postgres;
mod read;
mod scan;
mod shaped;
mod sink;
mod sql;
mod sqlite;
mod staging;
pub mod text;
mod values;

pub use digest::RowDigest;
pub use error::FormatError;
pub use format::{
    Chunk, Constraints, DatabaseTables, FORMATS, Format, OpenFormat, Options, Registered, Writer, WrittenFile, open,
};
pub use manifest::{
    LearnedFrom, MANIFEST_FILE, Manifest, ManifestEntity, ManifestFile, ManifestStandard, ManifestTable, Origin,
    Partition, Period, Proof, Source,
};
pub use output::{EncodedBlock, Output, OutputWriter, Written, WrittenEntity};
pub use plain::PlainFile;
pub use read::{
    READABLE, ReadOptions, ReadTable, TypeViolation, entities, infer_entity, infer_files, read_entity, read_files,
};
pub use scan::{entity_files, lacking_columns, scan_files};
pub use shaped::{SealedFile, Shape, ShapedColumn, ShapedFile, ShapedRows, ShapedType};
pub use staging::{Existing, Staging};
