//! Mistakes collected with their places while a mapping is held against a spec.

use manikin_diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span, codes, nearest};
use manikin_expression::{Expression, ExpressionError};
use manikin_spec::node::Node;
use manikin_spec::path;

/// Where mistakes go, and the path of the place being checked.
pub(crate) struct Report<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) diagnostics: Diagnostics,
    path: Vec<String>,
    /// Fields, as `entity.field`, that the conditions around the place being checked ask for.
    pub(crate) guarded: Vec<String>,
    /// How many alternatives stand around the place being checked, of which another counts where one is NULL.
    pub(crate) alternatives: usize,
    /// Errors that say more than that the spec lacks a name.
    pub(crate) beyond_names: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(sources: &'a Sources, path: &[&str]) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { sources, diagnostics: Diagnostics::new(), path, guarded: Vec::new(), alternatives: 0, beyond_names: 0 }
    }

    pub(crate) fn enter(&mut self, part: impl Into<String>) {
        self.path.push(part.into());
    }

    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// Adds the fields that a condition around the next places asks for.
    pub(crate) fn guard(&mut self, condition: &Expression) {
        let fields = condition.references().into_iter().map(|column| format!("{}.{}", column.entity, column.field));
        self.guarded.extend(fields);
    }

    /// Adds a mistake at a place.
    pub(crate) fn push(&mut self, span: Span, diagnostic: Diagnostic) {
        let is_name = [codes::UNKNOWN_NAME, codes::UNREACHABLE, codes::UNKNOWN_ENTITY].contains(&diagnostic.code);
        self.beyond_names += usize::from(!is_name);
        self.lack(span, diagnostic);
    }

    /// Adds that something is missing because the spec lacks a name.
    pub(crate) fn lack(&mut self, span: Span, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.at(span).path(path::text(&self.path)));
    }

    pub(crate) fn error(&mut self, span: Span, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.push(span, Diagnostic::error(code, message).help(help));
    }

    /// A name that leads nowhere, with the nearest that leads somewhere, or all when they are few.
    pub(crate) fn unknown<'n>(
        &mut self,
        span: Span,
        code: Code,
        message: String,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        self.push(span, unknown(code, message, name, names));
    }

    /// Adds the mistakes of an expression that stands in a scalar from its byte `start`, each at its own words.
    pub(crate) fn expression(&mut self, node: &Node, start: usize, errors: Vec<ExpressionError>) {
        for error in errors {
            let range = error.range.start + start..error.range.end + start;
            let mut diagnostic = Diagnostic::error(expression_code(error.code), error.message);
            if let Some(help) = error.help {
                diagnostic = diagnostic.help(help);
            }
            self.push(node.span_within(self.sources, range), diagnostic);
        }
    }
}

fn unknown<'n>(code: Code, message: String, name: &str, names: impl IntoIterator<Item = &'n str>) -> Diagnostic {
    const FEW: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let diagnostic = Diagnostic::error(code, message);
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
