//! Reading a table piece by piece, with no word about its values: what learning from real records is given.
//!
//! Unlike [`read_files`](crate::read_files) nothing is reported about a record. A value that is not of its column's type
//! is null, a row that has another number of fields than the header is left out, bytes that are not UTF-8 are replaced.
//! Only what holds for a whole file is an error. Parquet is read one row group at a time, so a file may be larger than
//! memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_tables::{Table, TableSchema, physical_type};
use polars::prelude::{Column, DataFrame, DataType, ParquetReader, PolarsResult, SerReader};
use polars_parquet::parquet::metadata::FileMetadata;

use crate::csv_rows::CsvRows;
use crate::error::FormatError;
use crate::read::{
    ReadOptions, binary_frame, builders, bytes_of, convert, csv_header, extension, files, frame_of, json_rows, places,
};
use crate::values::ColumnBuilder;

/// The most rows of a piece.
///
/// # Source
/// ASSUMED: a million rows of twenty columns are some hundred megabytes; row groups of other writers are as large.
const MOST_ROWS: usize = 1 << 20;

/// The files that hold an entity's rows in a folder.
///
/// # Errors
///
/// - `MK0801` when there are none
/// - `MK0902` when the folder cannot be read
pub fn entity_files(folder: &Path, entity: &str) -> Result<Vec<PathBuf>, FormatError> {
    files(folder, entity)
}

/// The columns of a schema that some files lack, by their headers. JSON has none, so nothing is lacking there.
///
/// # Errors
///
/// - `MK0902` when a file cannot be read
/// - `MK0908` when it has no header, or is not well-formed
pub fn lacking_columns(files: &[PathBuf], schema: &Arc<TableSchema>) -> Result<Vec<String>, FormatError> {
    let mut lacking: Vec<String> = Vec::new();
    for file in files {
        let found = match extension(file) {
            "parquet" => parquet_header(file)?.0,
            "arrow" => names_of(&binary_frame(file)?),
            "ndjson" | "json" => continue,
            _ => csv_names(file)?,
        };
        for (column, place) in schema.columns.iter().zip(places(schema, &found)) {
            if place.is_none() && !lacking.contains(&column.name) {
                lacking.push(column.name.clone());
            }
        }
    }
    Ok(lacking)
}

/// Gives the rows of some files to `each`, in order, as tables of at most about a million rows.
///
/// Every table has all columns of the schema; those that the files lack are null.
///
/// # Errors
///
/// - `MK0804` when a typed file holds a column in a type that does not convert
/// - `MK0902` when a file cannot be read
/// - `MK0908` when it is not well-formed; the message may name a line, and so depend on a record
/// - whatever `each` fails with
pub fn scan_files(
    files: &[PathBuf],
    schema: &Arc<TableSchema>,
    each: &mut dyn FnMut(Table) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    for file in files {
        let mut give = |frame: DataFrame| {
            let table = Table::new(schema.clone(), frame);
            each(table.map_err(|mismatch| FormatError::Mismatch(mismatch.to_string()))?)
        };
        match extension(file) {
            "parquet" => scan_parquet(file, schema, &mut give)?,
            "arrow" => give(fitted(file, &binary_frame(file)?, schema)?)?,
            "ndjson" | "json" => scan_json(file, schema, &mut give)?,
            _ => scan_csv(file, schema, &mut give)?,
        }
    }
    Ok(())
}

type Give<'a> = &'a mut dyn FnMut(DataFrame) -> Result<(), FormatError>;

/// The names in the header of a CSV file, from its first line.
fn csv_names(file: &Path) -> Result<Vec<String>, FormatError> {
    let open = File::open(file).map_err(FormatError::io("read", file))?;
    let mut line = Vec::new();
    BufReader::new(open).read_until(b'\n', &mut line).map_err(FormatError::io("read", file))?;
    let text = String::from_utf8_lossy(&line);
    csv_header(&mut CsvRows::of(&text, file, None), &mut Vec::new(), file)
}

fn scan_csv(file: &Path, schema: &Arc<TableSchema>, give: Give<'_>) -> Result<(), FormatError> {
    let bytes = bytes_of(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut rows = CsvRows::of(&text, file, ReadOptions::default().delimiter);
    let mut fields = Vec::new();
    let names = csv_header(&mut rows, &mut fields, file)?;
    let places = places(schema, &names);
    let mut own = builders(schema);
    let mut count = 0;
    while rows.next(&mut fields)? {
        if fields.len() != names.len() {
            continue;
        }
        for (builder, place) in own.iter_mut().zip(&places) {
            match place.map(|place| &fields[place]) {
                Some(field) if !field.text.is_empty() || field.quoted => push(builder, &field.text),
                _ => builder.push_null(),
            }
        }
        count += 1;
        if count == MOST_ROWS {
            give(frame_of(std::mem::replace(&mut own, builders(schema)), count, file)?)?;
            count = 0;
        }
    }
    give(frame_of(own, count, file)?)
}

/// A value that does not fit is null; the builder puts it there itself.
fn push(builder: &mut ColumnBuilder, text: &str) {
    let _ = builder.push_text(text);
}

fn scan_json(file: &Path, schema: &Arc<TableSchema>, give: Give<'_>) -> Result<(), FormatError> {
    let mut own = builders(schema);
    let rows = json_rows(file, |_, _, object| {
        for (builder, column) in own.iter_mut().zip(&schema.columns) {
            match object.get(&column.name) {
                None => builder.push_null(),
                Some(value) => drop(builder.push_json(value)),
            }
        }
    })?;
    give(frame_of(own, rows as usize, file)?)
}

/// The names of a Parquet file's columns, and where its rows are.
fn parquet_header(file: &Path) -> Result<(Vec<String>, Arc<FileMetadata>), FormatError> {
    let mut reader = ParquetReader::new(File::open(file).map_err(FormatError::io("read", file))?);
    let known = catch_unwind(AssertUnwindSafe(|| -> PolarsResult<_> {
        let names: Vec<String> = reader.schema()?.iter_names().map(ToString::to_string).collect();
        Ok((names, reader.get_metadata()?.clone()))
    }));
    known.map_err(|_| damaged(file))?.map_err(FormatError::encoding("read", file))
}

fn damaged(file: &Path) -> FormatError {
    FormatError::Header { file: file.to_owned(), problem: "the file is damaged".to_owned() }
}

fn scan_parquet(file: &Path, schema: &Arc<TableSchema>, give: Give<'_>) -> Result<(), FormatError> {
    let open = || File::open(file).map_err(FormatError::io("read", file));
    let (names, metadata) = parquet_header(file)?;
    let wanted: Vec<usize> = places(schema, &names).into_iter().flatten().collect();
    let mut from = 0;
    for group in &metadata.row_groups {
        let end = from + group.num_rows();
        while from < end {
            let rows = (end - from).min(MOST_ROWS);
            let (reader, own) = (open()?, metadata.clone());
            let read = catch_unwind(AssertUnwindSafe(|| {
                let mut reader = ParquetReader::new(reader).with_slice(Some((from, rows)));
                reader.set_metadata(own);
                reader.with_projection(Some(wanted.clone())).finish()
            }));
            let frame = read.map_err(|_| damaged(file))?.map_err(FormatError::encoding("read", file))?;
            give(fitted(file, &frame, schema)?)?;
            from += rows;
        }
    }
    if from == 0 {
        give(Table::empty(schema.clone()).into_frame())?;
    }
    Ok(())
}

fn names_of(frame: &DataFrame) -> Vec<String> {
    frame.columns().iter().map(|column| column.name().to_string()).collect()
}

/// A frame with the schema's columns, in its order and of its types.
fn fitted(file: &Path, frame: &DataFrame, schema: &TableSchema) -> Result<DataFrame, FormatError> {
    let mut columns = Vec::with_capacity(schema.columns.len());
    for (expected, place) in schema.columns.iter().zip(places(schema, &names_of(frame))) {
        let column = match place.map(|place| &frame.columns()[place]) {
            None => {
                let ty = physical_type(&expected.ty);
                Column::full_null(expected.name.as_str().into(), frame.height(), &ty)
            }
            Some(found) => {
                // Numbers beyond 63 bits become null here; the strict conversion would say that there are some.
                let narrow = (*found.dtype() == DataType::UInt64).then(|| found.cast(&DataType::Int64));
                let narrow = narrow.transpose().map_err(FormatError::encoding("read", file))?;
                let mut column = convert(file, narrow.as_ref().unwrap_or(found), expected, &mut Vec::new())?;
                column.rename(expected.name.as_str().into());
                column
            }
        };
        columns.push(column);
    }
    DataFrame::new(frame.height(), columns).map_err(FormatError::encoding("read", file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_expression::Type;
    use manikin_tables::ColumnSchema;

    #[test]
    fn values_and_rows_that_do_not_fit_are_left_out_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("patient.csv");
        std::fs::write(&path, b"ID,age\nA,1\nB,old\nC\n\xff,3,4\nD,4\n\xffE,5\n".as_slice()).unwrap();
        let columns = [("id", Type::Text), ("age", Type::Integer), ("sex", Type::Text)];
        let columns = columns.map(|(name, ty)| ColumnSchema::new(name, ty)).to_vec();
        let schema = Arc::new(TableSchema::new("patient", columns));
        let mut ages = Vec::new();
        let files = entity_files(folder.path(), "patient").unwrap();
        let scanned = scan_files(&files, &schema, &mut |table| {
            ages.extend(table.frame().columns()[1].as_materialized_series().i64().unwrap().iter());
            Ok(())
        });
        scanned.unwrap();
        assert_eq!(lacking_columns(&files, &schema).unwrap(), ["sex"]);
        assert_eq!(ages, [Some(1), None, Some(4), Some(5)]);
    }
}
