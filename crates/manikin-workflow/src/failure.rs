//! Why a verb could not be carried out: diagnostics with the texts that they point into.

use manikin_diagnostic::{Code, Diagnostic, Diagnostics, Sources, codes};
use manikin_formats::FormatError;
use manikin_generate::GenerateError;
use manikin_mapping::bulk::BulkError;
use manikin_mapping::{EncodeError, RowsError};

/// What is wrong, ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// What is wrong; at least one error.
    pub diagnostics: Diagnostics,
}

impl Failure {
    /// A failure with one diagnostic that points into no text.
    pub fn of(diagnostic: Diagnostic) -> Self {
        Self { sources: Sources::new(), diagnostics: Diagnostics::from(diagnostic) }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::of(diagnostic)
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        let mut diagnostic = Diagnostic::error(registered(error.code()), error.to_string());
        if let Some(help) = error.help() {
            diagnostic = diagnostic.help(help);
        }
        Self::of(diagnostic)
    }
}

impl From<GenerateError> for Failure {
    fn from(error: GenerateError) -> Self {
        let mut diagnostic = Diagnostic::error(codes::CANNOT_GENERATE, error.message).path(error.place);
        if let Some(help) = error.help {
            diagnostic = diagnostic.help(help);
        }
        Self::of(diagnostic)
    }
}

impl From<RowsError> for Failure {
    fn from(error: RowsError) -> Self {
        let mut diagnostic = Diagnostic::error(codes::CANNOT_GENERATE, error.message).path(error.place);
        if let Some(help) = error.help {
            diagnostic = diagnostic.help(help);
        }
        Self::of(diagnostic)
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self::of(Diagnostic::error(codes::CANNOT_GENERATE, error.to_string()).help("see the projection in the mapping"))
    }
}

impl From<BulkError> for Failure {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Encode(error) => error.into(),
            BulkError::Write(error) => error.into(),
        }
    }
}

/// The registered code of a text such as `MK0902`.
fn registered(code: &str) -> Code {
    codes::find(code).map_or(codes::CANNOT_WRITE, |entry| entry.code)
}
