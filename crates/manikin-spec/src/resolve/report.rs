//! Mistakes collected with their places: a path into the document and the bytes that it comes from.

use crate::node::{Node, Value};
use crate::path;
use manikin_diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span, codes, nearest};
use manikin_expression::ExpressionError;
use std::cell::RefCell;
use std::fmt;

/// A path into the document: keys, and positions in lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<String>);

impl Place {
    pub(super) fn new(parts: &[&str]) -> Self {
        Self(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    /// The place of a key, or of a position in a list, under this one.
    pub(super) fn key(&self, key: impl fmt::Display) -> Self {
        let mut parts = self.0.clone();
        parts.push(key.to_string());
        Self(parts)
    }
}

/// Where mistakes go. Shared by reference, because names are resolved while other names are.
pub(super) struct Report<'a> {
    root: &'a Node,
    sources: &'a Sources,
    items: RefCell<Diagnostics>,
}

impl<'a> Report<'a> {
    pub(super) fn new(root: &'a Node, sources: &'a Sources) -> Self {
        Self { root, sources, items: RefCell::default() }
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.items.into_inner()
    }

    pub(super) fn node(&self, place: &Place) -> Option<&'a Node> {
        match self.root.at(&place.0) {
            (node, true) => Some(node),
            _ => None,
        }
    }

    pub(super) fn span(&self, place: &Place) -> Span {
        self.root.span_of(&place.0)
    }

    pub(super) fn key_span(&self, place: &Place) -> Span {
        self.root.key_span_of(&place.0)
    }

    /// The path as text, positions of lists in brackets.
    fn path(&self, place: &Place) -> String {
        let mut parts = place.0.clone();
        for (length, part) in place.0.iter().enumerate() {
            if let (Node { value: Value::List(_), .. }, true) = self.root.at(&place.0[..length]) {
                parts[length] = format!("[{part}]");
            }
        }
        path::text(&parts)
    }

    /// Adds a diagnostic about the value at a place.
    pub(super) fn push(&self, place: &Place, diagnostic: Diagnostic) {
        let diagnostic = diagnostic.at(self.span(place)).path(self.path(place));
        self.items.borrow_mut().push(diagnostic);
    }

    /// Adds a diagnostic about the key at a place: a name, a category.
    pub(super) fn push_key(&self, place: &Place, diagnostic: Diagnostic) {
        let diagnostic = diagnostic.at(self.key_span(place)).path(self.path(place));
        self.items.borrow_mut().push(diagnostic);
    }

    pub(super) fn error(&self, place: &Place, code: Code, message: impl Into<String>) {
        self.push(place, Diagnostic::error(code, message));
    }

    /// An error with one sentence on what to do.
    pub(super) fn hint(&self, place: &Place, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.push(place, Diagnostic::error(code, message).help(help));
    }

    /// A name that leads nowhere, with the nearest that leads somewhere, or all when they are few.
    pub(super) fn unknown<'n>(
        &self,
        place: &Place,
        code: Code,
        what: &str,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        self.push(place, unknown(code, what, name, names));
    }

    /// As [`Report::unknown`], where the name is a key.
    pub(super) fn unknown_key<'n>(
        &self,
        place: &Place,
        code: Code,
        what: &str,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        self.push_key(place, unknown(code, what, name, names));
    }

    /// Adds the mistakes of an expression, each at its own words.
    pub(super) fn expression(&self, place: &Place, errors: Vec<ExpressionError>) {
        for error in errors {
            let span = match self.node(place) {
                Some(node) => node.span_within(self.sources, error.range.clone()),
                None => self.span(place),
            };
            let mut diagnostic =
                Diagnostic::error(expression_code(error.code), error.message).at(span).path(self.path(place));
            if let Some(help) = error.help {
                diagnostic = diagnostic.help(help);
            }
            self.items.borrow_mut().push(diagnostic);
        }
    }
}

fn unknown<'n>(code: Code, what: &str, name: &str, names: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    const FEW: usize = 8;
    let names: Vec<&str> = names.into_iter().collect();
    let diagnostic = Diagnostic::error(code, format!("there is no {what} `{name}`"));
    match nearest(name, names.iter().copied()) {
        Some(near) => diagnostic.suggest(Some(near)),
        None if names.is_empty() => diagnostic,
        None if names.len() <= FEW => diagnostic.help(format!("there are: {}", names.join(", "))),
        None => diagnostic,
    }
}

/// The registry's code for a code of the expression checker.
fn expression_code(code: &str) -> Code {
    use manikin_expression as error;
    match code {
        error::DOES_NOT_PARSE => codes::EXPRESSION_SYNTAX,
        error::UNSUPPORTED => codes::UNSUPPORTED_SQL,
        error::UNKNOWN_NAME => codes::UNKNOWN_NAME,
        error::WRONG_ARGUMENTS => codes::WRONG_ARGUMENT_COUNT,
        error::UNKNOWN_FUNCTION => codes::UNKNOWN_FUNCTION,
        error::AMBIGUOUS => codes::AMBIGUOUS_NAME,
        error::TOO_LARGE => codes::EXPRESSION_TOO_DEEP,
        _ => codes::TYPE_MISMATCH,
    }
}
