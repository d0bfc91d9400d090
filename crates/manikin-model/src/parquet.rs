//! Frames of text, numbers and lists to Parquet bytes and back.

use crate::ModelFileError;
use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, ListPrimitiveChunkedBuilder, ListStringChunkedBuilder, ParquetReader,
    ParquetWriter, PlSmallStr, PolarsResult, SerReader,
};
use polars::prelude::{Float64Type, ListBuilderTrait};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most numbers read from one file: 2 GiB of them, far beyond any model that fits a machine's memory twice.
pub(crate) const MOST: u64 = 1 << 28;

/// One file, while it is read or written.
pub(crate) struct File(pub(crate) &'static str);

pub(crate) fn texts(name: &str, values: &[&str]) -> Column {
    Column::new(name.into(), values)
}

pub(crate) fn numbers(name: &str, values: &[f64]) -> Column {
    Column::new(name.into(), values)
}

pub(crate) fn text_lists(name: &str, values: &[Vec<&str>]) -> Column {
    let total = values.iter().map(Vec::len).sum();
    let mut builder = ListStringChunkedBuilder::new(PlSmallStr::from_str(name), values.len(), total);
    for list in values {
        builder.append_values_iter(list.iter().copied());
    }
    builder.finish().into_column()
}

pub(crate) fn number_lists<'a>(name: &str, values: impl ExactSizeIterator<Item = &'a [f64]>) -> Column {
    let mut builder = ListPrimitiveChunkedBuilder::<Float64Type>::new(
        PlSmallStr::from_str(name),
        values.len(),
        values.len() * 8,
        DataType::Float64,
    );
    for list in values {
        builder.append_slice(list);
    }
    builder.finish().into_column()
}

impl File {
    pub(crate) fn refused(&self, found: impl std::fmt::Display) -> ModelFileError {
        ModelFileError::NotReadable { file: self.0, found: found.to_string() }
    }

    pub(crate) fn write(&self, columns: Vec<Column>) -> Result<Vec<u8>, ModelFileError> {
        let rows = columns.first().map_or(0, Column::len);
        let mut frame = DataFrame::new(rows, columns).map_err(|error| self.refused(error))?;
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame).map_err(|error| self.refused(error))?;
        Ok(bytes)
    }

    /// The frame of a file with these columns, in this order. Decoders of damaged files may panic; that is an error of
    /// the file like others, and how much they may be told to hold is bounded beforehand.
    pub(crate) fn read(&self, bytes: &[u8], columns: &[(&str, DataType)]) -> Result<DataFrame, ModelFileError> {
        let whole = |read: &dyn Fn() -> PolarsResult<DataFrame>| match catch_unwind(AssertUnwindSafe(read)) {
            Ok(read) => read.map_err(|error| self.refused(error)),
            Err(_) => Err(self.refused("it is damaged")),
        };
        let claimed = catch_unwind(AssertUnwindSafe(|| -> PolarsResult<u64> {
            let mut reader = ParquetReader::new(Cursor::new(bytes));
            let metadata = reader.get_metadata()?;
            let pages = metadata.row_groups.iter().flat_map(|group| group.parquet_columns());
            let held = pages.map(|page| {
                let size = u64::try_from(page.uncompressed_size()).unwrap_or(u64::MAX);
                // A value takes a bit at least, however well it is packed.
                (size / 8).max(u64::try_from(page.num_values()).unwrap_or(u64::MAX))
            });
            Ok(held.fold(metadata.num_rows as u64, u64::saturating_add))
        }));
        let claimed = match claimed {
            Ok(claimed) => claimed.map_err(|error| self.refused(error))?,
            Err(_) => return Err(self.refused("it is damaged")),
        };
        if claimed > MOST {
            return Err(ModelFileError::TooLarge { file: self.0, found: claimed, most: MOST });
        }
        let frame = whole(&|| {
            ParquetReader::new(Cursor::new(bytes)).read_parallel(polars::prelude::ParallelStrategy::None).finish()
        })?;
        let found: Vec<(&str, &DataType)> =
            frame.columns().iter().map(|column| (column.name().as_str(), column.dtype())).collect();
        let as_expected = found.len() == columns.len()
            && found.iter().zip(columns).all(|((name, dtype), (expected, ty))| name == expected && *dtype == ty);
        if !as_expected {
            return Err(self.refused(format!("its columns are {found:?}")));
        }
        if let Some(column) = frame.columns().iter().find(|column| column.null_count() > 0) {
            return Err(self.refused(format!("column `{}` has missing values", column.name())));
        }
        Ok(frame)
    }

    pub(crate) fn texts_of(&self, frame: &DataFrame, column: &str) -> Result<Vec<String>, ModelFileError> {
        let column = frame.column(column).map_err(|error| self.refused(error))?;
        let texts = column.str().map_err(|error| self.refused(error))?;
        Ok(texts.iter().flatten().map(str::to_owned).collect())
    }

    pub(crate) fn numbers_of(&self, frame: &DataFrame, column: &str) -> Result<Vec<f64>, ModelFileError> {
        let column = frame.column(column).map_err(|error| self.refused(error))?;
        Ok(column.f64().map_err(|error| self.refused(error))?.into_no_null_iter().collect())
    }

    pub(crate) fn text_lists_of(&self, frame: &DataFrame, column: &str) -> Result<Vec<Vec<String>>, ModelFileError> {
        let lists = frame.column(column).and_then(Column::list).map_err(|error| self.refused(error))?;
        let mut found = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            let list = lists.get_as_series(row).ok_or_else(|| self.refused("a list is missing"))?;
            let texts = list.str().map_err(|error| self.refused(error))?;
            let texts: Option<Vec<String>> = texts.iter().map(|text| text.map(str::to_owned)).collect();
            found.push(texts.ok_or_else(|| self.refused("a name is missing"))?);
        }
        Ok(found)
    }

    pub(crate) fn number_lists_of(&self, frame: &DataFrame, column: &str) -> Result<Vec<Vec<f64>>, ModelFileError> {
        let lists = frame.column(column).and_then(Column::list).map_err(|error| self.refused(error))?;
        let mut found = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            let list = lists.get_as_series(row).ok_or_else(|| self.refused("a list is missing"))?;
            let numbers = list.f64().map_err(|error| self.refused(error))?;
            let numbers: Option<Vec<f64>> = numbers.iter().collect();
            found.push(numbers.ok_or_else(|| self.refused("a number is missing"))?);
        }
        Ok(found)
    }
}
