//! Texts of a mapping that are expressions.

use std::borrow::Cow;

use manikin_spec::node::{Node, Value};

/// An SQL text within a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sql<'n> {
    /// The expression.
    pub(crate) text: &'n str,
    /// The byte of the scalar at which it starts.
    pub(crate) start: usize,
    /// Whether it may name what the spec lacks, and is then NULL: `=? expression`.
    pub(crate) lenient: bool,
}

impl<'n> Sql<'n> {
    /// A text that begins with one `=`.
    pub(crate) fn marked(text: &'n str) -> Option<Self> {
        let rest = text.strip_prefix('=').filter(|rest| !rest.starts_with('='))?;
        Some(Self::after(rest, 1))
    }

    /// A text that is SQL anyway; a `=` before it is allowed.
    pub(crate) fn plain(text: &'n str) -> Self {
        match text.strip_prefix('=') {
            Some(rest) => Self::after(rest, 1),
            None => Self::after(text, 0),
        }
    }

    fn after(text: &'n str, start: usize) -> Self {
        match text.strip_prefix('?') {
            Some(rest) => Self { text: rest, start: start + 1, lenient: true },
            None => Self { text, start, lenient: false },
        }
    }
}

/// The expression that a scalar of a tree or column is, where it is one.
pub(crate) fn expression(node: &Node) -> Option<Sql<'_>> {
    match &node.value {
        Value::Text(text) => Sql::marked(text),
        _ => None,
    }
}

/// A text that is itself: `==x` stands for `=x`.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("==") {
        Some(rest) => Cow::Owned(format!("={rest}")),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_equals_sign_marks_an_expression_and_two_stand_for_one() {
        assert_eq!(Sql::marked("= a"), Some(Sql { text: " a", start: 1, lenient: false }));
        assert_eq!(Sql::marked("=? a"), Some(Sql { text: " a", start: 2, lenient: true }));
        assert_eq!(Sql::marked("==a"), None);
        assert_eq!(Sql::marked("a"), None);
        assert_eq!(unescaped("==a"), "=a");
    }
}
