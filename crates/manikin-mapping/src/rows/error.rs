//! What can go wrong while rows are projected.

use std::fmt;

/// A mapping that is well formed but cannot be carried out on these rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsError {
    /// Projection and column, as `measurement_lab.value_as_number`.
    pub place: String,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl RowsError {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for RowsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)?;
        match &self.help {
            Some(help) => write!(formatter, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RowsError {}
