//! What can go wrong between tables and files, each with a stable code and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use manikin_expression::Type;

/// Why a dataset could not be written, read or proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// MK0901: the output folder exists and holds something.
    #[error("{} already exists and is not empty", folder.display())]
    FolderNotEmpty {
        /// The output folder.
        folder: PathBuf,
    },
    /// MK0901: the output folder is to be replaced, but holds what no run wrote.
    #[error("{} holds files but no manifest, so manikin did not make it and does not replace it", folder.display())]
    FolderOfOthers {
        /// The output folder.
        folder: PathBuf,
    },
    /// MK0902: the output path names a file.
    #[error("{} is a file, expected a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// MK0002 or MK0902: the operating system refused to read, or to write, a file or folder.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// MK0902: the output path has no last part that could name a folder.
    #[error("{} does not name a folder that can be created", path.display())]
    Unnamed {
        /// The path.
        path: PathBuf,
    },
    /// MK0903: there is no format of this name.
    #[error("there is no format {found:?}")]
    UnknownFormat {
        /// What was asked for.
        found: String,
        /// The formats there are.
        known: String,
    },
    /// MK0904: a file name given to a format is not a plain name, or the format takes none.
    #[error("format {format:?} cannot write to {file:?}")]
    FileName {
        /// The format.
        format: &'static str,
        /// The name given.
        file: String,
        /// What the format expects.
        expected: &'static str,
    },
    /// MK0905: a column's type cannot be written.
    #[error("column {entity}.{column} is {ty}, which no file format holds")]
    UnsupportedType {
        /// The entity.
        entity: String,
        /// The column.
        column: String,
        /// Its type.
        ty: Type,
    },
    /// MK0905: a value is outside what every format can hold.
    #[error("{entity}.{column}, row {row} of its block: {value} {problem}")]
    Value {
        /// The entity.
        entity: String,
        /// The column.
        column: String,
        /// The row within the block, counted from 1.
        row: usize,
        /// The value found.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// MK0904: two formats would write the same file.
    #[error("formats would write {file} twice")]
    SameFile {
        /// The file or format named twice.
        file: String,
    },
    /// MK0907: blocks arrived out of order, which would make the bytes depend on the threads.
    #[error("block {found} was appended after block {last}")]
    BlockOrder {
        /// The block appended before.
        last: u64,
        /// The block that came.
        found: u64,
    },
    /// MK0906: polars could not encode or decode a table.
    #[error("cannot {action} {}: {source}", path.display())]
    Encoding {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file, or the entity's name while there is no file yet.
        path: PathBuf,
        /// Polars' answer.
        source: polars::error::PolarsError,
    },
    /// MK0906: the database refused a statement.
    #[error("cannot write {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// MK0912: a program that a format needs is not there, or failed.
    #[error("the program {program} cannot be used: {problem}")]
    Program {
        /// The program.
        program: String,
        /// What happened.
        problem: String,
        /// What to do.
        help: String,
    },
    /// MK0912: a database server refused.
    #[error("the database refuses: {problem}")]
    Server {
        /// Its answer.
        problem: String,
        /// What to do.
        help: String,
    },
    /// MK0907: a table does not fit its schema, a mistake of the program.
    #[error("internal: {0}")]
    Mismatch(String),
    /// MK0801: no file of an entity was found.
    #[error("no file of {entity:?} in {}", folder.display())]
    EntityMissing {
        /// The folder searched.
        folder: PathBuf,
        /// The entity.
        entity: String,
    },
    /// MK0003: a text file is not UTF-8.
    #[error("{}:{line}: not UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// MK0908: a row has more or fewer fields than the header.
    #[error("{}:{line}: {found} fields, expected {expected}", file.display())]
    Ragged {
        /// The file.
        file: PathBuf,
        /// The line where the row starts, counted from 1.
        line: u64,
        /// Its fields.
        found: usize,
        /// The header's fields.
        expected: usize,
    },
    /// MK0908: a quote is opened and never closed, or text follows a closed one.
    #[error("{}:{line}: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        problem: String,
    },
    /// MK0908: a file has no header, or names a column twice.
    #[error("{}: {problem}", file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// MK0804: a typed file holds a column in a type that does not convert to the expected one.
    #[error("{}: column {column:?} is {found}, expected {expected}", file.display())]
    ColumnType {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
        /// The type found, in polars' words.
        found: String,
        /// The type expected.
        expected: Type,
    },
    /// MK0909: the manifest is not one, or of a version that this program does not know.
    #[error("{}: {problem}", file.display())]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl FormatError {
    /// The stable code, such as `MK0901`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FolderNotEmpty { .. } | Self::FolderOfOthers { .. } => "MK0901",
            Self::Io { action: "read", .. } => "MK0002",
            Self::NotUtf8 { .. } => "MK0003",
            Self::NotAFolder { .. } | Self::Io { .. } | Self::Unnamed { .. } => "MK0902",
            Self::UnknownFormat { .. } => "MK0903",
            Self::FileName { .. } | Self::SameFile { .. } => "MK0904",
            Self::UnsupportedType { .. } | Self::Value { .. } => "MK0905",
            Self::Encoding { .. } | Self::Database { .. } => "MK0906",
            Self::BlockOrder { .. } | Self::Mismatch(_) => "MK0907",
            Self::Program { .. } | Self::Server { .. } => "MK0912",
            Self::Ragged { .. } | Self::Syntax { .. } | Self::Header { .. } => "MK0908",
            Self::Manifest { .. } => "MK0909",
            Self::EntityMissing { .. } => "MK0801",
            Self::ColumnType { .. } => "MK0804",
        }
    }

    /// What the reader can do about it, where there is something.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::FolderOfOthers { .. } => "name another folder, or empty this one yourself".to_owned(),
            Self::FolderNotEmpty { .. } => "name another folder, or ask to overwrite this one".to_owned(),
            Self::NotAFolder { .. } => "name a folder; each entity becomes a file in it".to_owned(),
            Self::Io { source, path, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied if self.code() != "MK0902" => {
                    format!("you may not read there; change the permissions of {}", path.display())
                }
                io::ErrorKind::PermissionDenied => {
                    format!(
                        "you may not write there; choose another place or change the permissions of {}",
                        path.display()
                    )
                }
                io::ErrorKind::StorageFull => {
                    "free some space on the disk; nothing unfinished is left behind".to_owned()
                }
                io::ErrorKind::ReadOnlyFilesystem => {
                    "the file system is mounted read-only; choose another place".to_owned()
                }
                _ if self.code() == "MK0902" => "choose another place".to_owned(),
                _ => return None,
            },
            Self::Unnamed { .. } => "name a new folder, such as ./out".to_owned(),
            Self::UnknownFormat { known, .. } => format!("the formats are {known}"),
            Self::FileName { expected, .. } => (*expected).to_owned(),
            Self::Program { help, .. } | Self::Server { help, .. } => help.clone(),
            Self::UnsupportedType { .. } => {
                "use a boolean, integer, float, decimal, text, date, datetime or list of text".to_owned()
            }
            Self::Value { .. } => "leave the value out (null), or bound the field's values".to_owned(),
            Self::SameFile { .. } => "name each format once".to_owned(),
            Self::Database { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ConstraintViolation) => {
                    "the rows break a key or a required column; leave the constraints out for data with such defects"
                        .to_owned()
                }
                _ => return None,
            },
            Self::EntityMissing { entity, .. } => {
                format!(
                    "expected {entity}.csv, .parquet, .ndjson or .arrow, or a folder {entity} with part-*.csv and so on"
                )
            }
            Self::NotUtf8 { .. } => "convert the file first: iconv -f LATIN1 -t UTF-8".to_owned(),
            Self::Ragged { .. } => "check the delimiter, and that fields holding it are in double quotes".to_owned(),
            Self::Syntax { .. } => "inside a quoted field a double quote is written twice".to_owned(),
            Self::Header { .. } => "the first line names the columns, each once".to_owned(),
            Self::BlockOrder { .. } | Self::Mismatch(_) => "this is a defect of manikin; please report it".to_owned(),
            Self::Encoding { .. } | Self::ColumnType { .. } | Self::Manifest { .. } => return None,
        };
        Some(help)
    }

    /// An answer of the operating system about a path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// An answer of polars about a file or an entity.
    pub(crate) fn encoding(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(polars::error::PolarsError) -> Self {
        let path = path.into();
        move |source| Self::Encoding { action, path, source }
    }
}
