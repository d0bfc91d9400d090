//! Arrow IPC files (Feather 2), uncompressed so that readers can map them into memory.
//!
//! Texts and lists use the layouts of the first Arrow versions, which every reader knows, and record batches follow
//! from the blocks as Parquet's row groups do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_tables::{Table, TableSchema};
use polars::prelude::{ArrowSchema, CompatLevel, DataFrame, Field};
use polars_arrow::io::ipc::write::{FileWriter, WriteOptions};
use polars_arrow::record_batch::RecordBatch;

use crate::columns::Columns;
use crate::error::FormatError;
use crate::format::{Body, Chunk, Format, Options, Registered, Writer, no_argument};
use crate::logical::{Groups, logical_frame, logical_type};
use crate::sink::{EntityFile, EntityFiles, Sealed, Sink};

/// The registry's entry.
pub(crate) const ARROW: Registered = Registered {
    name: "arrow",
    means: "Apache Arrow IPC (Feather 2), one file per entity",
    open: |argument, options| {
        no_argument("arrow", argument)?;
        Ok(Box::new(Arrow { options: options.clone() }))
    },
};

struct Arrow {
    options: Options,
}

impl Format for Arrow {
    fn name(&self) -> &'static str {
        "arrow"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        // Only for its checks: a value that CSV refuses is refused here too.
        Columns::new(table)?;
        Ok(Chunk { rows: table.rows(), body: Body::Frame(table.frame().clone()) })
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        let rows_per_group = self.options.rows_per_group;
        let open = move |sink, schema: &Arc<TableSchema>| ArrowFile::create(sink, schema, rows_per_group);
        EntityFiles::create("arrow", folder, schemas, self.options.rows_per_part, Box::new(open))
    }
}

struct ArrowFile {
    schema: Arc<TableSchema>,
    arrow: Arc<ArrowSchema>,
    path: PathBuf,
    file: FileWriter<Sink>,
    groups: Groups,
}

impl ArrowFile {
    fn create(
        sink: Sink,
        schema: &Arc<TableSchema>,
        rows_per_group: usize,
    ) -> Result<Box<dyn EntityFile>, FormatError> {
        let arrow: ArrowSchema = schema
            .columns
            .iter()
            .map(|column| {
                let field = Field::new(column.name.as_str().into(), logical_type(&column.ty));
                (field.name().clone(), field.to_arrow(CompatLevel::oldest()))
            })
            .collect();
        let arrow = Arc::new(arrow);
        let path = sink.path().to_owned();
        let file = FileWriter::try_new(sink, arrow.clone(), None, WriteOptions { compression: None })
            .map_err(FormatError::encoding("write", &path))?;
        Ok(Box::new(Self { schema: schema.clone(), arrow, path, file, groups: Groups::new(rows_per_group) }))
    }

    fn put(&mut self, frame: &DataFrame) -> Result<(), FormatError> {
        let Self { schema, arrow, path, file, .. } = self;
        logical_frame(frame, schema)
            .map(|logical| logical.rechunk_into_arrow(CompatLevel::oldest()))
            .and_then(|arrays| RecordBatch::try_new(frame.height(), arrow.clone(), arrays))
            .and_then(|batch| file.write(&batch, None))
            .map_err(FormatError::encoding("write", path.as_path()))
    }
}

impl EntityFile for ArrowFile {
    fn append(&mut self, chunk: Chunk) -> Result<(), FormatError> {
        let Body::Frame(frame) = chunk.body else {
            return Err(FormatError::Mismatch("a chunk of another format was appended to an Arrow file".to_owned()));
        };
        match self.groups.add(frame).map_err(FormatError::encoding("encode", &self.path))? {
            Some(full) => self.put(&full),
            None => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Sealed, FormatError> {
        if let Some(frame) = self.groups.take() {
            self.put(&frame)?;
        }
        self.file.finish().map_err(FormatError::encoding("write", &self.path))?;
        self.file.into_inner().seal()
    }
}
