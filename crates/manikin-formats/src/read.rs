//! Reading a dataset's folder back: `claim.csv`, or the parts `claim/part-*.csv`, and likewise for other formats.
//!
//! With a schema, columns are typed by it: a value that is not of its column's type is reported with its row, and
//! never quietly becomes a missing one. Without a schema, types are inferred from all values. Either way columns
//! are held as [`physical_type`] says, as if they had been generated.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_expression::{Type, plain_name};
use manikin_tables::{ColumnSchema, Table, TableSchema, physical_type};
use polars::prelude::{Column, DataFrame, DataType, IpcReader, ParquetReader, PolarsResult, SerReader, TimeUnit};
use serde_json::{Map, Value};

use crate::csv_rows::{CsvRows, Field, utf8};
use crate::error::FormatError;
use crate::values::{ColumnBuilder, infer};

/// The formats that can be read, by file name extension; the first that is there is taken.
pub const READABLE: &[&str] = &["parquet", "arrow", "csv", "ndjson", "json"];

/// How text files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The byte between the fields of CSV files; `None` finds it in the header.
    pub delimiter: Option<u8>,
}

/// A table that was read against a schema, and everything in which its files differ from the schema.
#[derive(Clone, Debug)]
pub struct ReadTable {
    /// The rows; a value that did not fit is null here and listed in `violations`.
    pub table: Table,
    /// Values that are not of their column's type, by column and row.
    pub violations: Vec<TypeViolation>,
    /// Columns of the schema that the files lack; they are null in the table.
    pub missing: Vec<String>,
    /// Columns of the files that the schema lacks; they are not in the table.
    pub unexpected: Vec<String>,
}

/// A value that is not of its column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeViolation {
    /// The file.
    pub file: PathBuf,
    /// The row within the file, counted from 1 without the header.
    pub row: u64,
    /// The line at which the row starts, in text files.
    pub line: Option<u64>,
    /// The column.
    pub column: String,
    /// The value found, shortened to 80 characters.
    pub value: String,
    /// The type expected.
    pub expected: Type,
}

/// What other verbs write beside the rows: where they came from, and what is demanded of them.
const BESIDE: [&str; 4] = ["manifest.json", "import.json", "rules.json", "report.json"];

/// The entities that a folder has files of, in alphabetical order.
///
/// # Errors
///
/// - `MK0002` when the folder cannot be read
pub fn entities(folder: &Path) -> Result<Vec<String>, FormatError> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(FormatError::io("read", folder))? {
        let path = entry.map_err(FormatError::io("read", folder))?.path();
        let readable = |path: &Path| path.extension().and_then(|e| e.to_str()).is_some_and(|e| READABLE.contains(&e));
        let is_entity = if path.is_dir() { parts(&path).is_ok_and(|parts| !parts.is_empty()) } else { readable(&path) };
        let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
        let is_beside = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| BESIDE.contains(&name));
        if let Some(name) = name.and_then(|name| name.to_str()).filter(|_| is_entity && !is_beside) {
            found.insert(name.to_owned());
        }
    }
    Ok(found.into_iter().collect())
}

/// Reads an entity's files as its schema says.
///
/// # Errors
///
/// - `MK0801` when there are none
/// - `MK0804` when a typed file holds a column in a type that does not convert
/// - `MK0002` when a file cannot be read
/// - `MK0003` when a text file is not UTF-8
/// - `MK0908` when it is not well-formed
pub fn read_entity(folder: &Path, schema: &Arc<TableSchema>, options: ReadOptions) -> Result<ReadTable, FormatError> {
    read_files(&files(folder, &schema.entity)?, schema, options)
}

/// Reads an entity's files, inferring the types of columns that the files do not say.
///
/// # Errors
///
/// As for [`read_entity`].
pub fn infer_entity(folder: &Path, entity: &str, options: ReadOptions) -> Result<Table, FormatError> {
    infer_files(&files(folder, entity)?, entity, options)
}

/// Reads files that hold one table's rows, in order, as a schema says.
///
/// # Errors
///
/// As for [`read_entity`].
pub fn read_files(
    files: &[PathBuf],
    schema: &Arc<TableSchema>,
    options: ReadOptions,
) -> Result<ReadTable, FormatError> {
    let mut read = ReadTable {
        table: Table::empty(schema.clone()),
        violations: Vec::new(),
        missing: Vec::new(),
        unexpected: Vec::new(),
    };
    let mut frame = read.table.frame().clone();
    for file in files {
        let rows = read_file(file, schema, options, &mut read)?;
        frame.vstack_mut(&rows).map_err(FormatError::encoding("read", file))?;
    }
    frame.rechunk_mut();
    read.table = Table::new(schema.clone(), frame).map_err(|mismatch| FormatError::Mismatch(mismatch.to_string()))?;
    Ok(read)
}

/// Reads files that hold one table's rows, inferring types.
///
/// # Errors
///
/// As for [`read_entity`].
pub fn infer_files(files: &[PathBuf], entity: &str, options: ReadOptions) -> Result<Table, FormatError> {
    let Some(first) = files.first() else {
        return Err(FormatError::EntityMissing { folder: PathBuf::new(), entity: entity.to_owned() });
    };
    let columns = match extension(first) {
        "parquet" | "arrow" => {
            let frame = binary_frame(first)?;
            let column = |column: &Column| match inferred_type(column.dtype()) {
                Some(ty) => Ok(ColumnSchema::new(column.name().as_str(), ty)),
                None => Err(wrong_type(first, column, &Type::Text)),
            };
            frame.columns().iter().map(column).collect::<Result<Vec<_>, _>>()?
        }
        "ndjson" | "json" => infer_json(files)?,
        _ => infer_csv(files, entity, options)?,
    };
    let schema = Arc::new(TableSchema::new(entity, columns));
    Ok(read_files(files, &schema, options)?.table)
}

pub(crate) fn extension(file: &Path) -> &str {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or("")
}

pub(crate) fn files(folder: &Path, entity: &str) -> Result<Vec<PathBuf>, FormatError> {
    for extension in READABLE {
        let whole = folder.join(format!("{entity}.{extension}"));
        if whole.is_file() {
            return Ok(vec![whole]);
        }
    }
    if let Some(alike) = alike(folder, entity)? {
        return Ok(vec![alike]);
    }
    let apart = folder.join(entity);
    if apart.is_dir() {
        let parts = parts(&apart)?;
        for wanted in READABLE {
            let of_format: Vec<PathBuf> = parts.iter().filter(|part| extension(part) == *wanted).cloned().collect();
            if !of_format.is_empty() {
                return Ok(of_format);
            }
        }
    }
    Err(FormatError::EntityMissing { folder: folder.to_owned(), entity: entity.to_owned() })
}

/// The one file whose name becomes the entity's, as `PERSON.csv` becomes `person`.
fn alike(folder: &Path, entity: &str) -> Result<Option<PathBuf>, FormatError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(FormatError::io("read", folder))? {
        let path = entry.map_err(FormatError::io("read", folder))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if READABLE.contains(&extension(&path)) && stem.is_some_and(|stem| plain_name(stem) == entity) {
            found.push(path);
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The files `part-*` of readable formats in a folder, in order.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder).map_err(FormatError::io("read", folder))? {
        let path = entry.map_err(FormatError::io("read", folder))?.path();
        let named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("part-"));
        if named && READABLE.contains(&extension(&path)) {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

fn read_file(
    file: &Path,
    schema: &TableSchema,
    options: ReadOptions,
    read: &mut ReadTable,
) -> Result<DataFrame, FormatError> {
    match extension(file) {
        "parquet" | "arrow" => read_binary(file, schema, read),
        "ndjson" | "json" => read_json(file, schema, read),
        _ => read_csv(file, schema, options, read),
    }
}

pub(crate) fn bytes_of(file: &Path) -> Result<Vec<u8>, FormatError> {
    fs::read(file).map_err(FormatError::io("read", file))
}

pub(crate) fn builders(schema: &TableSchema) -> Vec<ColumnBuilder> {
    schema.columns.iter().map(|column| ColumnBuilder::new(&column.name, &column.ty)).collect()
}

pub(crate) fn frame_of(builders: Vec<ColumnBuilder>, rows: usize, file: &Path) -> Result<DataFrame, FormatError> {
    let columns = builders.into_iter().map(ColumnBuilder::finish).collect::<PolarsResult<Vec<_>>>();
    columns.and_then(|columns| DataFrame::new(rows, columns)).map_err(FormatError::encoding("read", file))
}

pub(crate) fn note(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

fn violation(file: &Path, row: u64, line: Option<u64>, column: &ColumnSchema, value: &str) -> TypeViolation {
    TypeViolation {
        file: file.to_owned(),
        row,
        line,
        column: column.name.clone(),
        value: value.chars().take(80).collect(),
        expected: column.ty.clone(),
    }
}

pub(crate) fn csv_header<'a>(
    rows: &mut CsvRows<'a>,
    fields: &mut Vec<Field<'a>>,
    file: &Path,
) -> Result<Vec<String>, FormatError> {
    if !rows.next(fields)? {
        return Err(FormatError::Header {
            file: file.to_owned(),
            problem: "the file is empty, expected a header".to_owned(),
        });
    }
    let names: Vec<String> = fields.iter().map(|field| field.text.to_string()).collect();
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(names),
        Some(twice) => {
            Err(FormatError::Header { file: file.to_owned(), problem: format!("column {twice:?} is named twice") })
        }
    }
}

/// Calls `each` with every row of data, its number and its line.
fn csv_rows<'a>(
    rows: &mut CsvRows<'a>,
    fields: &mut Vec<Field<'a>>,
    width: usize,
    file: &Path,
    mut each: impl FnMut(u64, u64, &[Field<'a>]),
) -> Result<u64, FormatError> {
    let mut row = 0;
    let mut line = rows.line();
    while rows.next(fields)? {
        // An empty line is a row without a value when there is one column, and nothing otherwise.
        let blank = width > 1 && fields.len() == 1 && fields[0].text.is_empty() && !fields[0].quoted;
        if !blank {
            if fields.len() != width {
                return Err(FormatError::Ragged { file: file.to_owned(), line, found: fields.len(), expected: width });
            }
            row += 1;
            each(row, line, fields);
        }
        line = rows.line();
    }
    Ok(row)
}

fn read_csv(
    file: &Path,
    schema: &TableSchema,
    options: ReadOptions,
    read: &mut ReadTable,
) -> Result<DataFrame, FormatError> {
    let bytes = bytes_of(file)?;
    let mut rows = CsvRows::new(&bytes, file, options.delimiter)?;
    let mut fields = Vec::new();
    let names = csv_header(&mut rows, &mut fields, file)?;
    let places = places(schema, &names);
    let is_read = |place: &usize| places.contains(&Some(*place));
    (0..names.len()).filter(|place| !is_read(place)).for_each(|place| note(&mut read.unexpected, &names[place]));
    for (column, place) in schema.columns.iter().zip(&places) {
        if place.is_none() {
            note(&mut read.missing, &column.name);
        }
    }
    let mut builders = builders(schema);
    let violations = &mut read.violations;
    let count = csv_rows(&mut rows, &mut fields, names.len(), file, |row, line, fields| {
        for ((builder, column), place) in builders.iter_mut().zip(&schema.columns).zip(&places) {
            let Some(field) = place.map(|place| &fields[place]) else {
                builder.push_null();
                continue;
            };
            if field.text.is_empty() && !(field.quoted && column.ty == Type::Text) {
                builder.push_null();
            } else if builder.push_text(&field.text).is_err() {
                violations.push(violation(file, row, Some(line), column, &field.text));
            }
        }
    })?;
    frame_of(builders, count as usize, file)
}

/// Where each column of a schema stands among a file's: under its own name, or under one that becomes it, as `BIRTHDATE`
/// becomes `birthdate`.
pub(crate) fn places(schema: &TableSchema, names: &[String]) -> Vec<Option<usize>> {
    let exact = |column: &ColumnSchema| names.iter().position(|name| *name == column.name);
    let alike = |column: &ColumnSchema| {
        let mut places = (0..names.len()).filter(|place| plain_name(&names[*place]) == column.name);
        places.next().filter(|place| schema.column(&names[*place]).is_none() && places.next().is_none())
    };
    schema.columns.iter().map(|column| exact(column).or_else(|| alike(column))).collect()
}

fn infer_csv(files: &[PathBuf], entity: &str, options: ReadOptions) -> Result<Vec<ColumnSchema>, FormatError> {
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let bytes = bytes_of(file)?;
        let mut rows = CsvRows::new(&bytes, file, options.delimiter)?;
        csv_header(&mut rows, &mut Vec::new(), file)?.iter().for_each(|name| note(&mut names, name));
    }
    let texts: Vec<ColumnSchema> = names.into_iter().map(|name| ColumnSchema::new(name, Type::Text)).collect();
    let all = read_files(files, &Arc::new(TableSchema::new(entity, texts.clone())), options)?;
    let mut columns = texts;
    for (column, found) in columns.iter_mut().zip(all.table.frame().columns()) {
        let texts = found.as_materialized_series().str().map_err(FormatError::encoding("read", entity))?;
        let present: Vec<&str> = texts.iter().flatten().filter(|text| !text.is_empty()).collect();
        column.ty = infer(&present);
    }
    Ok(columns)
}

/// Calls `each` with every object of an NDJSON or JSON file, its number and, in NDJSON, its line.
pub(crate) fn json_rows(
    file: &Path,
    mut each: impl FnMut(u64, Option<u64>, &Map<String, Value>),
) -> Result<u64, FormatError> {
    let bytes = bytes_of(file)?;
    let text = utf8(&bytes, file)?;
    let syntax = |line: u64, error: serde_json::Error| FormatError::Syntax {
        file: file.to_owned(),
        line,
        problem: error.to_string(),
    };
    let mut row = 0;
    if extension(file) == "json" {
        let objects: Vec<Map<String, Value>> =
            serde_json::from_str(text).map_err(|error| syntax(error.line() as u64, error))?;
        for object in &objects {
            row += 1;
            each(row, None, object);
        }
        return Ok(row);
    }
    for (line, text) in (1_u64..).zip(text.lines()) {
        if !text.trim().is_empty() {
            let object = serde_json::from_str(text).map_err(|error| syntax(line, error))?;
            row += 1;
            each(row, Some(line), &object);
        }
    }
    Ok(row)
}

fn read_json(file: &Path, schema: &TableSchema, read: &mut ReadTable) -> Result<DataFrame, FormatError> {
    let mut builders = builders(schema);
    let mut present = vec![false; schema.columns.len()];
    let ReadTable { violations, unexpected, missing, .. } = read;
    let rows = json_rows(file, |row, line, object| {
        for (place, (builder, column)) in builders.iter_mut().zip(&schema.columns).enumerate() {
            let Some(value) = object.get(&column.name) else {
                builder.push_null();
                continue;
            };
            present[place] = true;
            if builder.push_json(value).is_err() {
                violations.push(violation(file, row, line, column, &value.to_string()));
            }
        }
        object.keys().filter(|name| schema.column(name).is_none()).for_each(|name| note(unexpected, name));
    })?;
    for (column, _) in schema.columns.iter().zip(present).filter(|(_, present)| rows > 0 && !present) {
        note(missing, &column.name);
    }
    frame_of(builders, rows as usize, file)
}

fn infer_json(files: &[PathBuf]) -> Result<Vec<ColumnSchema>, FormatError> {
    let mut names: Vec<String> = Vec::new();
    let mut texts: Vec<Vec<String>> = Vec::new();
    let mut strings: Vec<bool> = Vec::new();
    for file in files {
        json_rows(file, |_, _, object| {
            for (name, value) in object {
                let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    texts.push(Vec::new());
                    strings.push(false);
                    names.len() - 1
                });
                match value {
                    Value::Null => {}
                    Value::String(text) => {
                        strings[place] = true;
                        texts[place].push(text.clone());
                    }
                    other => texts[place].push(other.to_string()),
                }
            }
        })?;
    }
    let column = |(name, (texts, string)): (String, (Vec<String>, bool))| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let ty = match (infer(&texts), string) {
            (found @ (Type::Date | Type::DateTime), _) => found,
            // Text that looks like a number is still text.
            (_, true) => Type::Text,
            // JSON numbers have no scale.
            (Type::Decimal(_), false) => Type::Float,
            (found, false) => found,
        };
        ColumnSchema::new(name, ty)
    };
    Ok(names.into_iter().zip(texts.into_iter().zip(strings)).map(column).collect())
}

/// A Parquet or Arrow file's frame. Decoders of damaged files may panic; that is an error of the file like others.
pub(crate) fn binary_frame(file: &Path) -> Result<DataFrame, FormatError> {
    let open = File::open(file).map_err(FormatError::io("read", file))?;
    let parquet = extension(file) == "parquet";
    let read = || if parquet { ParquetReader::new(open).finish() } else { IpcReader::new(open).finish() };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(frame) => frame.map_err(FormatError::encoding("read", file)),
        Err(_) => Err(FormatError::Header { file: file.to_owned(), problem: "the file is damaged".to_owned() }),
    }
}

fn read_binary(file: &Path, schema: &TableSchema, read: &mut ReadTable) -> Result<DataFrame, FormatError> {
    let frame = binary_frame(file)?;
    let names: Vec<String> = frame.columns().iter().map(|column| column.name().to_string()).collect();
    let places = places(schema, &names);
    for (_, name) in names.iter().enumerate().filter(|(place, _)| !places.contains(&Some(*place))) {
        note(&mut read.unexpected, name);
    }
    let mut columns = Vec::with_capacity(schema.columns.len());
    for (expected, place) in schema.columns.iter().zip(&places) {
        let physical = physical_type(&expected.ty);
        match place.map(|place| &frame.columns()[place]) {
            None => {
                note(&mut read.missing, &expected.name);
                columns.push(Column::full_null(expected.name.as_str().into(), frame.height(), &physical));
            }
            Some(found) => columns.push(convert(file, found, expected, &mut read.violations)?),
        }
    }
    DataFrame::new(frame.height(), columns).map_err(FormatError::encoding("read", file))
}

/// The type that a column of a typed file becomes when no schema says otherwise.
fn inferred_type(dtype: &DataType) -> Option<Type> {
    match dtype {
        DataType::Boolean => Some(Type::Boolean),
        dtype if dtype.is_integer() => Some(Type::Integer),
        DataType::Float32 | DataType::Float64 => Some(Type::Float),
        DataType::Decimal(_, scale) => u8::try_from(*scale).ok().map(Type::Decimal),
        DataType::String | DataType::Null => Some(Type::Text),
        dtype if dtype.is_categorical() || dtype.is_enum() => Some(Type::Text),
        DataType::Date => Some(Type::Date),
        DataType::Datetime(_, None) => Some(Type::DateTime),
        DataType::List(of) if **of == DataType::String => Some(Type::List(Box::new(Type::Text))),
        _ => None,
    }
}

/// A column of a typed file as [`physical_type`] holds it.
pub(crate) fn convert(
    file: &Path,
    found: &Column,
    expected: &ColumnSchema,
    violations: &mut Vec<TypeViolation>,
) -> Result<Column, FormatError> {
    let read = FormatError::encoding("read", file);
    let physical = physical_type(&expected.ty);
    match (found.dtype(), &expected.ty) {
        (DataType::Null, _) => Ok(Column::full_null(found.name().clone(), found.len(), &physical)),
        (DataType::Decimal(_, scale), Type::Decimal(wanted)) if *scale <= usize::from(*wanted) => found
            .cast(&DataType::Decimal(38, usize::from(*wanted)))
            .and_then(|decimal| decimal.to_physical_repr().strict_cast(&physical))
            .map_err(read),
        (dtype, Type::Decimal(_)) if dtype.is_integer() || dtype.is_float() => {
            through_texts(file, found, expected, violations)
        }
        (dtype, Type::Integer) if dtype.is_integer() => found.strict_cast(&physical).map_err(read),
        (dtype, Type::Float) if dtype.is_integer() || dtype.is_float() => found.cast(&physical).map_err(read),
        (DataType::Datetime(unit, None), Type::DateTime) if *unit != TimeUnit::Microseconds => {
            found.cast(&physical).map_err(read)
        }
        (dtype, Type::Text) if dtype.is_categorical() || dtype.is_enum() => found.cast(&physical).map_err(read),
        (dtype, _) if *dtype == physical => Ok(found.clone()),
        _ => Err(wrong_type(file, found, &expected.ty)),
    }
}

/// Numbers as decimals: exactly, or as violations.
fn through_texts(
    file: &Path,
    found: &Column,
    expected: &ColumnSchema,
    violations: &mut Vec<TypeViolation>,
) -> Result<Column, FormatError> {
    let integer = found.dtype().is_integer();
    let wide = if integer { DataType::Int64 } else { DataType::Float64 };
    let numbers = found.strict_cast(&wide).map_err(FormatError::encoding("read", file))?;
    let series = numbers.as_materialized_series();
    let texts: Vec<Option<String>> = if integer {
        let values = series.i64().map_err(FormatError::encoding("read", file))?;
        values.iter().map(|value| value.map(|value| value.to_string())).collect()
    } else {
        let values = series.f64().map_err(FormatError::encoding("read", file))?;
        values.iter().map(|value| value.map(|value| value.to_string())).collect()
    };
    let mut builder = ColumnBuilder::new(&expected.name, &expected.ty);
    for (row, text) in (1_u64..).zip(&texts) {
        match text {
            None => builder.push_null(),
            Some(text) => {
                if builder.push_text(text).is_err() {
                    violations.push(violation(file, row, None, expected, text));
                }
            }
        }
    }
    builder.finish().map_err(FormatError::encoding("read", file))
}

fn wrong_type(file: &Path, found: &Column, expected: &Type) -> FormatError {
    FormatError::ColumnType {
        file: file.to_owned(),
        column: found.name().to_string(),
        found: found.dtype().to_string(),
        expected: expected.clone(),
    }
}
