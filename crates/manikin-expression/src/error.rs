//! What is wrong with an expression, and where in its text.

use std::fmt;
use std::ops::Range;

/// The text does not parse as SQL.
pub const DOES_NOT_PARSE: &str = "MK0401";
/// The SQL is outside the listed subset.
pub const UNSUPPORTED: &str = "MK0402";
/// A name leads to no column, entity, table or constant.
pub const UNKNOWN_NAME: &str = "MK0403";
/// A value has the wrong type.
pub const TYPE_MISMATCH: &str = "MK0404";
/// A function was given the wrong arguments.
pub const WRONG_ARGUMENTS: &str = "MK0405";
/// There is no such function.
pub const UNKNOWN_FUNCTION: &str = "MK0406";
/// A name leads to more than one thing.
pub const AMBIGUOUS: &str = "MK0407";
/// The expression is too long or nests too deeply.
pub const TOO_LARGE: &str = "MK0409";

/// One mistake in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// The stable code, `MK04xx`.
    pub code: &'static str,
    /// What was found and what was expected.
    pub message: String,
    /// Where, in bytes of the expression's text.
    pub range: Range<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

impl ExpressionError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, range: &Range<usize>) -> Self {
        ExpressionError { code, message: message.into(), range: range.clone(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {} (at {}..{})", self.code, self.message, self.range.start, self.range.end)?;
        match &self.help {
            Some(help) => write!(f, "; help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// The name nearest to `wanted`, when one is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}
