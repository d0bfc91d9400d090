//! Tables in CSV or Parquet files, as they are: column names in lower case, CSV values as text.

use std::fs::File;
use std::path::Path as FilePath;

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, codes};
use manikin_formats::ReadOptions;
use manikin_tables::Column;

use crate::account::{Account, Unread};
use crate::check::Checked;
use crate::fhir::{Texts, files};
use crate::rows::Places;
use crate::run::ImportError;

/// The rows of a table as they were read.
#[derive(Clone)]
pub(crate) enum Raw {
    /// Texts, to be converted.
    Texts(Texts),
    /// Columns that the file itself types.
    Typed {
        /// By name, in lower case.
        columns: IndexMap<String, Column>,
        /// Where they stand.
        places: Places,
        /// How many.
        rows: usize,
    },
}

/// Reads the tables that the mapping's sources name. A source whose table is not there is left out.
pub(crate) fn read(
    checked: &Checked,
    folder: &FilePath,
    account: &mut Account,
) -> Result<IndexMap<String, Raw>, ImportError> {
    let found = files(folder)?;
    let mut used = vec![false; found.len()];
    let mut raw: IndexMap<String, Raw> = IndexMap::new();
    for (name, source) in &checked.import.document.sources {
        let of_table = |path: &str| {
            let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
            let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
            let is_part = folders.split('/').any(|folder| folder.eq_ignore_ascii_case(&source.read));
            let is_table = ["csv", "parquet"].contains(&extension);
            is_table && (stem.eq_ignore_ascii_case(&source.read) || is_part)
        };
        let mut files = Vec::new();
        for (place, (path, file)) in found.iter().enumerate() {
            if of_table(file) {
                used[place] = true;
                files.push((path.as_path(), file.as_str()));
            }
        }
        if files.is_empty() {
            if source.required {
                let message = format!("{} has no table `{}`", folder.display(), source.read);
                let help = format!("expected {0}.csv or {0}.parquet, in any case", source.read);
                return Err(Diagnostic::error(codes::SOURCE_MISSING, message).help(help).into());
            }
            continue;
        }
        let of_same = |other: &&String| checked.import.document.sources[*other].read.eq_ignore_ascii_case(&source.read);
        if let Some(other) = raw.keys().find(of_same) {
            let same: Raw = raw[other].clone();
            raw.insert(name.clone(), same);
            continue;
        }
        let is_csv = files.iter().all(|(_, file)| file.ends_with(".csv"));
        raw.insert(name.clone(), if is_csv { Raw::Texts(csv(&files)?) } else { typed(&source.read, &files)? });
    }
    for ((_, file), _) in found.iter().zip(&used).filter(|(_, used)| !**used) {
        let kind = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        if ["csv", "parquet"].contains(&kind) {
            account.unread.push(Unread { what: file.clone(), count: 1, why: "no source reads this table" });
        } else {
            account.passes_over(file);
        }
    }
    Ok(raw)
}

/// CSV files of one table, with the columns of the first.
fn csv(files: &[(&FilePath, &str)]) -> Result<Texts, ImportError> {
    let mut texts = Texts::default();
    texts.places.by_line = true;
    for (path, name) in files {
        texts.places.files.push((*name).to_owned());
        texts.places.starts.push(texts.rows as u32);
        let file = File::open(path).map_err(|error| ImportError::unreadable(path, &error))?;
        let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(false).from_reader(file);
        let header = reader.headers().map_err(|error| broken(name, &error))?.clone();
        let columns: Vec<String> =
            header.iter().map(|column| column.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
        if texts.columns.is_empty() {
            for (place, column) in columns.iter().enumerate() {
                if column.is_empty() || texts.columns.insert(column.clone(), Vec::new()).is_some() {
                    let message = format!("{name}: column {} has no name of its own: `{column}`", place + 1);
                    return Err(Diagnostic::error(codes::COLUMN_UNEXPECTED, message)
                        .help("give each column of the header a name that no other has")
                        .into());
                }
            }
        } else if !texts.columns.keys().eq(columns.iter()) {
            let message = format!("{name} has other columns than {}", files[0].1);
            return Err(Diagnostic::error(codes::COLUMN_UNEXPECTED, message).into());
        }
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| broken(name, &error))? {
            for (values, value) in texts.columns.values_mut().zip(&record) {
                values.push(Some(value).filter(|value| !value.is_empty()).map(str::to_owned));
            }
            texts.places.lines.push(record.position().map_or(0, |position| position.line() as u32));
            texts.rows += 1;
        }
    }
    Ok(texts)
}

/// What is wrong with a CSV file, with its line.
fn broken(name: &str, error: &csv::Error) -> ImportError {
    let line = error.position().map(|position| position.line());
    let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            let diagnostic = Diagnostic::error(codes::NOT_UTF8, format!("{place}: the line is not UTF-8"));
            diagnostic.help("convert the file to UTF-8").into()
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let message = format!("{place}: the row has {len} fields where the header has {expected_len}");
            Diagnostic::error(codes::BAD_TEXT_FILE, message).help("was the file cut off, or a quote left open?").into()
        }
        _ => Diagnostic::error(codes::BAD_TEXT_FILE, format!("{place}: {error}")).into(),
    }
}

/// Parquet files of one table.
fn typed(table: &str, files: &[(&FilePath, &str)]) -> Result<Raw, ImportError> {
    let paths: Vec<_> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let read = manikin_formats::infer_files(&paths, table, ReadOptions::default())?;
    let mut columns = IndexMap::new();
    for (schema, column) in read.schema().columns.iter().zip(read.frame().columns()) {
        let series = column.as_materialized_series().clone();
        let held = Column::new(series, schema.ty.clone()).map_err(|error| {
            Diagnostic::error(codes::WRONG_COLUMN_TYPE, format!("{table}.{}: {error}", schema.name))
        })?;
        columns.insert(schema.name.to_lowercase(), held);
    }
    let places = Places { files: vec![files[0].1.to_owned()], starts: vec![0], ..Places::default() };
    Ok(Raw::Typed { columns, places, rows: read.rows() })
}
