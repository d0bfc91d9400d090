//! Parquet files whose columns are exactly those that a standard names: widths, nullability and kinds of text included.
//!
//! The rows of this program's own tables go through [`Output`](crate::Output); this is for files whose readers check
//! the Arrow schema, such as MEDS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{ArrowSchema, CompatLevel, DataFrame, DataType, PolarsResult, TimeUnit};
use polars_arrow::datatypes::{ArrowDataType, Field, TimeUnit as ArrowTimeUnit};
use polars_parquet::write::{FileWriter, SchemaDescriptor, to_parquet_schema};

use crate::error::FormatError;
use crate::logical::Groups;
use crate::parquet::{RowGroup, encode_arrays, put_group, write_options};
use crate::sink::{Sealed, Sink};

/// What a file holds in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapedType {
    /// Arrow `int64`.
    Integer,
    /// Arrow `float`: 32 bits. Values are rounded to the nearest.
    Single,
    /// Arrow `double`.
    Double,
    /// Arrow `bool`.
    Boolean,
    /// Arrow `string`.
    Text,
    /// Arrow `large_string`.
    LargeText,
    /// Arrow `timestamp[us]` without zone.
    Moment,
    /// Arrow `list<string>`.
    Texts,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapedColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub ty: ShapedType,
    /// Whether the file declares that every row has a value.
    pub required: bool,
}

/// The shape of a file.
#[derive(Clone, Debug)]
pub struct Shape {
    name: String,
    columns: Arc<[ShapedColumn]>,
    arrow: ArrowSchema,
    parquet: SchemaDescriptor,
}

/// Rows that are encoded, or wait to be coalesced with others.
pub struct ShapedRows {
    rows: usize,
    body: Body,
}

enum Body {
    Group(RowGroup),
    Frame(DataFrame),
}

impl Shape {
    /// A shape of columns; the name is for messages.
    ///
    /// # Errors
    ///
    /// - `MK0906` when Parquet cannot hold it
    pub fn new(name: impl Into<String>, columns: Vec<ShapedColumn>) -> Result<Self, FormatError> {
        let name = name.into();
        let field = |column: &ShapedColumn| {
            let field = Field::new(column.name.as_str().into(), arrow_type(column.ty), !column.required);
            (field.name.clone(), field)
        };
        let arrow: ArrowSchema = columns.iter().map(field).collect();
        let parquet = to_parquet_schema(&arrow).map_err(FormatError::encoding("lay out", name.as_str()))?;
        Ok(Self { name, columns: columns.into(), arrow, parquet })
    }

    /// Prepares rows on any thread: encodes them where there are at least `rows_per_group`, so that they become a row
    /// group of their own.
    ///
    /// The frame has the shape's columns in its order: whole numbers as `Int64`, both kinds of floats as `Float64`,
    /// moments as `Datetime(µs)` and so on.
    ///
    /// # Errors
    ///
    /// - `MK0907` when the frame has other columns
    /// - `MK0906` when polars refuses the rows
    pub fn prepare(&self, frame: DataFrame, rows_per_group: usize) -> Result<ShapedRows, FormatError> {
        let is_same = |(found, expected): (&polars::prelude::Column, &ShapedColumn)| {
            found.name().as_str() == expected.name && (!expected.required || found.null_count() == 0)
        };
        if frame.width() != self.columns.len() || !frame.columns().iter().zip(self.columns.iter()).all(is_same) {
            return Err(FormatError::Mismatch(format!("a frame of {} has other columns than its file", self.name)));
        }
        let rows = frame.height();
        let body = if rows >= rows_per_group.max(1) { Body::Group(self.encode(&frame)?) } else { Body::Frame(frame) };
        Ok(ShapedRows { rows, body })
    }

    fn encode(&self, frame: &DataFrame) -> Result<RowGroup, FormatError> {
        self.try_encode(frame).map_err(FormatError::encoding("encode", self.name.as_str()))
    }

    fn try_encode(&self, frame: &DataFrame) -> PolarsResult<RowGroup> {
        let columns = frame.columns().iter().zip(self.columns.iter()).map(|(column, shaped)| {
            let wanted = frame_type(shaped.ty);
            if *column.dtype() == wanted { Ok(column.rechunk()) } else { column.rechunk().strict_cast(&wanted) }
        });
        let fitted = DataFrame::new(frame.height(), columns.collect::<PolarsResult<Vec<_>>>()?)?;
        encode_arrays(fitted.rechunk_into_arrow(CompatLevel::newest()), &self.parquet, frame.height())
    }
}

impl ShapedRows {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// A file of a shape that is being written.
pub struct ShapedFile {
    shape: Shape,
    path: PathBuf,
    file: FileWriter<Sink>,
    groups: Groups,
    rows: u64,
}

/// A file that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFile {
    /// Its rows; 0 for a file that holds none.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl ShapedFile {
    /// Creates a file, which must not exist. Rows that are not encoded yet are coalesced to groups of `rows_per_group`.
    ///
    /// # Errors
    ///
    /// - `MK0902` when it cannot be created
    pub fn create(path: &Path, shape: &Shape, rows_per_group: usize) -> Result<Self, FormatError> {
        let sink = Sink::create(path.to_owned())?;
        let file =
            FileWriter::new_with_parquet_schema(sink, shape.arrow.clone(), shape.parquet.clone(), write_options());
        let groups = Groups::new(rows_per_group);
        Ok(Self { shape: shape.clone(), path: path.to_owned(), file, groups, rows: 0 })
    }

    /// Appends rows.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    /// - `MK0906` when polars refuses the rows
    pub fn append(&mut self, rows: ShapedRows) -> Result<(), FormatError> {
        self.rows += rows.rows as u64;
        match rows.body {
            Body::Group(group) => {
                self.flush()?;
                put_group(&mut self.file, &group, &self.path)
            }
            Body::Frame(frame) => match self.groups.add(frame).map_err(FormatError::encoding("encode", &self.path))? {
                Some(full) => put_group(&mut self.file, &self.shape.encode(&full)?, &self.path),
                None => Ok(()),
            },
        }
    }

    /// Appends rows that are not prepared; see [`Shape::prepare`].
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append) and [`Shape::prepare`].
    pub fn append_frame(&mut self, frame: DataFrame) -> Result<(), FormatError> {
        let rows = self.shape.prepare(frame, usize::MAX)?;
        self.append(rows)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Completes the file.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    pub fn finish(mut self) -> Result<SealedFile, FormatError> {
        self.flush()?;
        self.file.end(None).map_err(FormatError::encoding("write", &self.path))?;
        let Sealed { bytes, sha256 } = self.file.into_inner().seal()?;
        Ok(SealedFile { rows: self.rows, bytes, sha256 })
    }

    fn flush(&mut self) -> Result<(), FormatError> {
        match self.groups.take() {
            Some(frame) => put_group(&mut self.file, &self.shape.encode(&frame)?, &self.path),
            None => Ok(()),
        }
    }
}

fn arrow_type(ty: ShapedType) -> ArrowDataType {
    match ty {
        ShapedType::Integer => ArrowDataType::Int64,
        ShapedType::Single => ArrowDataType::Float32,
        ShapedType::Double => ArrowDataType::Float64,
        ShapedType::Boolean => ArrowDataType::Boolean,
        ShapedType::Text => ArrowDataType::Utf8,
        ShapedType::LargeText => ArrowDataType::LargeUtf8,
        ShapedType::Moment => ArrowDataType::Timestamp(ArrowTimeUnit::Microsecond, None),
        ShapedType::Texts => ArrowDataType::List(Box::new(Field::new("item".into(), ArrowDataType::Utf8, true))),
    }
}

fn frame_type(ty: ShapedType) -> DataType {
    match ty {
        ShapedType::Integer => DataType::Int64,
        ShapedType::Single => DataType::Float32,
        ShapedType::Double => DataType::Float64,
        ShapedType::Boolean => DataType::Boolean,
        ShapedType::Text | ShapedType::LargeText => DataType::String,
        ShapedType::Moment => DataType::Datetime(TimeUnit::Microseconds, None),
        ShapedType::Texts => DataType::List(Box::new(DataType::String)),
    }
}
