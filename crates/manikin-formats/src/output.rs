//! A run's output: every block in every format asked for, encoded by many threads and appended by one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use manikin_tables::{Block, TableSchema, parents_first};

use crate::digest::RowDigest;
use crate::error::FormatError;
use crate::format::{self, Chunk, Format, Options, Writer, WrittenFile, file_name};

/// The formats of a run. Share it among the threads that encode blocks.
pub struct Output {
    formats: Vec<Box<dyn Format>>,
}

/// A block in every format of a run, with the digests of its rows.
pub struct EncodedBlock {
    index: u64,
    tables: Vec<EncodedTable>,
}

struct EncodedTable {
    rows: u64,
    digest: RowDigest,
    chunks: Vec<Chunk>,
}

/// Appends encoded blocks to the files of a run, in the order of their indexes.
pub struct OutputWriter {
    schemas: Vec<Arc<TableSchema>>,
    order: Vec<usize>,
    writers: Vec<Box<dyn Writer>>,
    totals: Vec<(u64, RowDigest)>,
    last: Option<u64>,
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The entities, in the order of the schemas.
    pub entities: Vec<WrittenEntity>,
    /// The files, format by format.
    pub files: Vec<WrittenFile>,
}

/// What a run wrote of one entity, whatever the formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenEntity {
    /// The entity's name.
    pub entity: String,
    /// Its rows.
    pub rows: u64,
    /// The digest of its rows.
    pub digest: RowDigest,
}

impl Output {
    /// The formats as a user asks for them: `csv`, `parquet`, `sqlite:claims.sqlite`.
    ///
    /// # Errors
    ///
    /// - `MK0903` when there is no such format
    /// - `MK0904` when a file name does not fit a format, or a format is named twice
    pub fn open<S: AsRef<str>>(asked: &[S], options: &Options) -> Result<Self, FormatError> {
        let mut formats = Vec::with_capacity(asked.len());
        let mut names = BTreeSet::new();
        for asked in asked {
            let format = format::open(asked.as_ref(), options)?;
            if !names.insert(format.name()) {
                return Err(FormatError::SameFile { file: format.name().to_owned() });
            }
            formats.push(format);
        }
        Ok(Self { formats })
    }

    /// Encodes a block in every format and digests its rows, on any thread.
    ///
    /// # Errors
    ///
    /// - `MK0905` for a type or a value that files cannot hold
    pub fn encode(&self, block: &Block) -> Result<EncodedBlock, FormatError> {
        let tables = block.tables.iter().map(|table| {
            let chunks = self.formats.iter().map(|format| format.encode(table)).collect::<Result<_, _>>()?;
            Ok(EncodedTable { rows: table.rows() as u64, digest: RowDigest::of(table)?, chunks })
        });
        Ok(EncodedBlock { index: block.index, tables: tables.collect::<Result<_, FormatError>>()? })
    }

    /// Opens the files of a run in a folder that exists, such as [`Staging::folder`](crate::Staging::folder).
    ///
    /// The schemas are those of every block's tables, in the same order.
    ///
    /// # Errors
    ///
    /// - `MK0902` when a file cannot be created
    /// - `MK0904` when an entity's name cannot name a file
    /// - `MK0905` for a type that files cannot hold
    pub fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<OutputWriter, FormatError> {
        for schema in schemas {
            file_name("entity", Some(&schema.entity), "")?;
        }
        let writers = self.formats.iter().map(|format| format.writer(folder, schemas)).collect::<Result<_, _>>()?;
        Ok(OutputWriter {
            schemas: schemas.to_vec(),
            order: parents_first(schemas),
            writers,
            totals: vec![(0, RowDigest::default()); schemas.len()],
            last: None,
        })
    }
}

impl EncodedBlock {
    /// The block's place in the run.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The rows of all its tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl OutputWriter {
    /// Appends a block; its index is greater than that of the block before.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    /// - `MK0906` when polars or SQLite refuses the rows
    /// - `MK0907` when the block comes out of order or has other tables than the run
    pub fn append(&mut self, block: EncodedBlock) -> Result<(), FormatError> {
        if let Some(last) = self.last.filter(|last| *last >= block.index) {
            return Err(FormatError::BlockOrder { last, found: block.index });
        }
        if block.tables.len() != self.schemas.len() {
            let (found, expected) = (block.tables.len(), self.schemas.len());
            return Err(FormatError::Mismatch(format!("a block has {found} tables, expected {expected}")));
        }
        self.last = Some(block.index);
        let mut tables: Vec<Option<EncodedTable>> = block.tables.into_iter().map(Some).collect();
        for &place in &self.order {
            let Some(table) = tables[place].take() else { continue };
            self.totals[place].0 += table.rows;
            self.totals[place].1 += table.digest;
            for (writer, chunk) in self.writers.iter_mut().zip(table.chunks) {
                writer.append(place, chunk)?;
            }
        }
        Ok(())
    }

    /// Completes every file and says what was written.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    pub fn finish(self) -> Result<Written, FormatError> {
        let mut files = Vec::new();
        for writer in self.writers {
            files.extend(writer.finish()?);
        }
        let entities = self.schemas.iter().zip(self.totals).map(|(schema, (rows, digest))| WrittenEntity {
            entity: schema.entity.clone(),
            rows,
            digest,
        });
        Ok(Written { entities: entities.collect(), files })
    }
}
