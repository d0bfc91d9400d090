//! Why nothing was learned.

use std::fmt;

use manikin_diagnostic::{Code, codes};
use manikin_formats::FormatError;
use manikin_marginals::LearnError;

/// A fault of the request, never of a record: its text comes from the spec, the options and the names of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitError {
    /// The stable code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl FitError {
    pub(crate) fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }

    /// A file that could not be read. What its reader says may name a line, and which line it is depends on records,
    /// so only faults that hold for a whole file are passed on.
    pub(crate) fn reading(entity: &str, error: &FormatError) -> Self {
        match error {
            FormatError::ColumnType { column, found, expected, .. } => Self::new(
                codes::RECORDS_UNREADABLE,
                format!("column {column} of {entity} is {found}, expected {expected}"),
                "give the field the type that the file has, or convert the file",
            ),
            FormatError::Io { action, source, .. } => Self::new(
                codes::RECORDS_UNREADABLE,
                format!("cannot {action} the table {entity}: {}", source.kind()),
                "see that the files are there and can be read",
            ),
            _ => Self::new(
                codes::RECORDS_UNREADABLE,
                format!("the table {entity} cannot be read"),
                "`manikin validate` says what is wrong with the file, and where",
            ),
        }
    }

    pub(crate) fn learning(entity: &str, error: &LearnError) -> Self {
        match error {
            LearnError::TooLarge { needed, allowed } => Self::new(
                codes::MODEL_TOO_LARGE,
                format!("what is learned together of {entity} needs {needed} cells, at most {allowed} are allowed"),
                "raise --max-model-mb, group values, or take fewer attributes `together`",
            ),
            // The words of other errors come from public parameters, apart from those of the records' reader, which
            // are this crate's own.
            other => Self::new(
                codes::NOT_LEARNED,
                format!("{entity} could not be learned: {other}"),
                "what was charged stays charged; with more budget there are more measurements",
            ),
        }
    }
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for FitError {}
