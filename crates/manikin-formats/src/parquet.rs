//! Parquet: columns with their logical types (decimal, date, timestamp, list), compressed, in row groups.
//!
//! A block with enough rows is encoded where it was made, as one row group. Smaller blocks are coalesced in block
//! order until a group is full, and its columns are then encoded side by side. Either way the borders of row groups
//! follow from the blocks, never from the threads. The file carries no time of creation; its metadata key
//! `manikin.spec` is the spec's digest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};
use polars::prelude::{ArrayRef, ArrowSchema, CompatLevel, DataFrame, Field, PolarsError, PolarsResult};
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, FileWriter, KeyValue, SchemaDescriptor,
    StatisticsOptions, Version, WriteOptions, ZstdLevel, array_to_columns, compress, fallible_streaming_iterator,
    get_dtype_encoding, to_parquet_schema,
};
use rayon::prelude::*;

use crate::columns::Columns;
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Registered, Writer, no_argument};
use crate::logical::{Groups, logical_frame, logical_type};
use crate::sink::{EntityFile, EntityFiles, Sealed, Sink};

/// The registry's entry.
pub(crate) const PARQUET: Registered = Registered {
    name: "parquet",
    means: "Apache Parquet, one file per entity",
    open: |argument, options| {
        no_argument("parquet", argument)?;
        Ok(Box::new(Parquet { options: options.clone() }))
    },
};

struct Parquet {
    options: Options,
}

/// The compressed pages of every column of one row group.
pub(crate) struct RowGroup {
    rows: usize,
    columns: Vec<Vec<CompressedPage>>,
}

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        // Only for its checks: a value that CSV refuses is refused here too.
        Columns::new(table)?;
        let rows = table.rows();
        let body = if rows >= self.options.rows_per_group {
            let layout = Layout::of(table.schema())?;
            Body::RowGroup(layout.encode(table.frame()).map_err(FormatError::encoding("encode", table.entity()))?)
        } else {
            Body::Frame(table.frame().clone())
        };
        Ok(Chunk { rows, body })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        let options = self.options.clone();
        let open = move |sink, schema: &Arc<TableSchema>| ParquetFile::create(sink, schema, &options);
        EntityFiles::create("parquet", folder, schemas, self.options.rows_per_part, Box::new(open))
    }
}

/// How the columns of a table are laid out in a Parquet file.
struct Layout {
    schema: Arc<TableSchema>,
    arrow: ArrowSchema,
    parquet: SchemaDescriptor,
}

impl Layout {
    fn of(schema: &Arc<TableSchema>) -> Result<Self, FormatError> {
        let arrow: ArrowSchema = schema
            .columns
            .iter()
            .map(|column| {
                let field = Field::new(column.name.as_str().into(), logical_type(&column.ty));
                (field.name().clone(), field.to_arrow(CompatLevel::newest()))
            })
            .collect();
        let parquet = to_parquet_schema(&arrow).map_err(FormatError::encoding("lay out", &schema.entity))?;
        Ok(Self { schema: schema.clone(), arrow, parquet })
    }

    /// Encodes and compresses rows as one row group.
    fn encode(&self, frame: &DataFrame) -> PolarsResult<RowGroup> {
        let arrays = logical_frame(frame, &self.schema)?.rechunk_into_arrow(CompatLevel::newest());
        encode_arrays(arrays, &self.parquet, frame.height())
    }
}

/// Encodes and compresses columns as one row group, side by side.
pub(crate) fn encode_arrays(arrays: Vec<ArrayRef>, parquet: &SchemaDescriptor, rows: usize) -> PolarsResult<RowGroup> {
    let columns = arrays
        .into_par_iter()
        .zip(parquet.fields())
        .map(|(array, field)| {
            let encodings = get_dtype_encoding(array.dtype());
            let mut pages = Vec::new();
            for leaf in array_to_columns(array, field.clone(), write_options(), &encodings)? {
                for page in leaf {
                    pages.push(compress(page?, Vec::new(), write_options().compression).map_err(PolarsError::from)?);
                }
            }
            Ok(pages)
        })
        .collect::<PolarsResult<Vec<_>>>()?;
    Ok(RowGroup { rows, columns })
}

/// Appends an encoded row group to a file.
pub(crate) fn put_group(file: &mut FileWriter<Sink>, group: &RowGroup, path: &Path) -> Result<(), FormatError> {
    let columns = DynIter::new(group.columns.iter().map(|pages| {
        let pages = fallible_streaming_iterator::convert(pages.iter().map(PolarsResult::Ok));
        Ok(DynStreamingIterator::new(pages))
    }));
    file.write(group.rows as u64, columns).map_err(FormatError::encoding("write", path))
}

pub(crate) fn write_options() -> WriteOptions {
    WriteOptions {
        statistics: StatisticsOptions::default(),
        version: Version::V1,
        // Measured on benches/writers.rs: as fast as Snappy and LZ4 and 40 % smaller; level 3 is a third slower for
        // another 10 %.
        compression: CompressionOptions::Zstd(ZstdLevel::try_new(1).ok()),
        data_page_size: None,
    }
}

struct ParquetFile {
    layout: Layout,
    path: PathBuf,
    file: FileWriter<Sink>,
    groups: Groups,
    metadata: Vec<KeyValue>,
}

impl ParquetFile {
    fn create(sink: Sink, schema: &Arc<TableSchema>, options: &Options) -> Result<Box<dyn EntityFile>, FormatError> {
        let layout = Layout::of(schema)?;
        let path = sink.path().to_owned();
        let file =
            FileWriter::new_with_parquet_schema(sink, layout.arrow.clone(), layout.parquet.clone(), write_options());
        let digest = options.spec_digest.iter();
        let metadata = digest.map(|digest| KeyValue::new("manikin.spec".to_owned(), digest.clone())).collect();
        Ok(Box::new(Self { layout, path, file, groups: Groups::new(options.rows_per_group), metadata }))
    }

    fn encode_and_put(&mut self, frame: &DataFrame) -> Result<(), FormatError> {
        let group = self.layout.encode(frame).map_err(FormatError::encoding("encode", &self.path))?;
        self.put(&group)
    }

    fn put(&mut self, group: &RowGroup) -> Result<(), FormatError> {
        put_group(&mut self.file, group, &self.path)
    }
}

impl EntityFile for ParquetFile {
    fn append(&mut self, chunk: Chunk) -> Result<(), FormatError> {
        match chunk.body {
            Body::RowGroup(group) => {
                if let Some(frame) = self.groups.take() {
                    self.encode_and_put(&frame)?;
                }
                self.put(&group)
            }
            Body::Frame(frame) => match self.groups.add(frame).map_err(FormatError::encoding("encode", &self.path))? {
                Some(full) => self.encode_and_put(&full),
                None => Ok(()),
            },
            Body::Bytes(_) => Err(FormatError::Mismatch("a chunk of text was appended to a Parquet file".to_owned())),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Sealed, FormatError> {
        if let Some(frame) = self.groups.take() {
            self.encode_and_put(&frame)?;
        }
        let metadata = std::mem::take(&mut self.metadata);
        self.file.end(Some(metadata)).map_err(FormatError::encoding("write", &self.path))?;
        self.file.into_inner().seal()
    }
}
