//! One mistake, warning or note.

use serde::Serialize;

use crate::{Code, Span};

/// How bad it is: errors stop the verb, warnings and notes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is made from a document with an error.
    Error,
    /// Probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A replacement of one span that mends the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// The text to put there.
    pub replacement: String,
}

/// One thing wrong: what was found, what was expected, where, and what to do about it.
///
/// Built up from [`Diagnostic::error`], [`Diagnostic::warning`] or [`Diagnostic::note`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `MK0203`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One line: what is wrong.
    pub message: String,
    /// The place in the document, such as `entities.claim.fields.status.choice.Paid`; empty where there is none.
    pub path: String,
    /// The place in a file, where known.
    pub span: Option<Span>,
    /// A few words written under the place, such as `got -9`.
    pub label: String,
    /// What the reader can do, one sentence each.
    pub help: Vec<String>,
    /// Other places that matter, each with a few words.
    pub related: Vec<(Span, String)>,
    /// A replacement that mends the mistake.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A mistake that stops the verb.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Something that is probably not meant.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Something worth knowing.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            path: String::new(),
            span: None,
            label: String::new(),
            help: Vec::new(),
            related: Vec::new(),
            fix: None,
        }
    }

    /// The place in a file: a [`Span`], or an `Option` of one.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into();
        self
    }

    /// The place in the document, in dots: `entities.claim.fields.status`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// A few words under the place, such as `got -9`.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a sentence on what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds `did you mean …?` where a near name was found; see [`crate::nearest`].
    #[must_use]
    pub fn suggest(mut self, nearest: Option<&str>) -> Self {
        if let Some(name) = nearest {
            self.help.push(format!("did you mean `{name}`?"));
        }
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// The replacement that mends the mistake.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }
}
