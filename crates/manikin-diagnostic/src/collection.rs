//! Diagnostics collected over a verb: counted, ordered, shown.

use serde_json::{Value, json};

use crate::{Color, Diagnostic, Severity, Sources, Span, render};

/// Most diagnostics kept: nobody reads more, and a broken file of millions of values must not fill the memory.
const KEPT: usize = 1000;

/// Diagnostics in the order they were found, which [`Diagnostics::sorted`], the rendering and the JSON put into the
/// order of files and positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// How many more were found than are kept.
    left_out: usize,
    /// Whether one of those is an error.
    left_out_errors: bool,
}

impl Diagnostics {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. Those after the first 1,000 are only counted.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.left_out += 1;
            self.left_out_errors |= diagnostic.severity == Severity::Error;
        } else {
            self.items.push(diagnostic);
        }
    }

    /// Whether further ones are only counted, so that no work need go into their wording.
    pub fn is_full(&self) -> bool {
        self.items.len() >= KEPT
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Diagnostics) {
        self.left_out += other.left_out;
        self.left_out_errors |= other.left_out_errors;
        self.extend(other.items);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.left_out_errors || self.items.iter().any(|item| item.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are, repeated ones included.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// All of them, as found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Ordered by file and position (those without a place first), each once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.items.iter().collect();
        sorted.sort_by(|a, b| order(a).cmp(&order(b)));
        sorted.dedup();
        sorted
    }

    /// `3 errors, 1 warning`, or `no problems`; notes are not counted.
    pub fn summary(&self) -> String {
        let sorted = self.sorted();
        let of = |severity| sorted.iter().filter(|item| item.severity == severity).count();
        let counted = |n: usize, word: &str| match n {
            0 => None,
            1 => Some(format!("1 {word}")),
            _ => Some(format!("{n} {word}s")),
        };
        let parts: Vec<String> = [counted(of(Severity::Error), "error"), counted(of(Severity::Warning), "warning")]
            .into_iter()
            .flatten()
            .collect();
        if self.left_out > 0 {
            format!("{}, and {} more not shown", parts.join(", "), self.left_out)
        } else if parts.is_empty() {
            "no problems".to_owned()
        } else {
            parts.join(", ")
        }
    }

    /// All of them as text in the style of rustc, a blank line after each, the summary last; empty when there are none.
    pub fn render(&self, sources: &Sources, color: Color) -> String {
        if self.items.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        for item in self.sorted() {
            text.push_str(&render::render(item, sources, color));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// All of them for machines: `{diagnostics: […], errors: n, warnings: n, left_out: n}`, each with `code`, `severity`,
    /// `message`, `path` and, where known, `file`, `line`, `column`, `end`, `label`, `help`, `related` and `fix`.
    /// Lines and columns count from 1, columns in characters; `end` is just past the last character.
    pub fn to_json(&self, sources: &Sources) -> Value {
        let sorted = self.sorted();
        let of = |severity| sorted.iter().filter(|item| item.severity == severity).count();
        json!({
            "errors": of(Severity::Error),
            "warnings": of(Severity::Warning),
            "left_out": self.left_out,
            "diagnostics": sorted.iter().map(|item| to_json(item, sources)).collect::<Vec<_>>(),
        })
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(items: I) -> Self {
        let mut all = Self::new();
        all.extend(items);
        all
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(item: Diagnostic) -> Self {
        let mut all = Self::new();
        all.push(item);
        all
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// Everything that tells two diagnostics apart, so that equal ones come to lie together.
fn order(item: &Diagnostic) -> impl Ord + '_ {
    (
        item.span,
        item.severity,
        item.code,
        &item.path,
        &item.message,
        &item.label,
        &item.help,
        &item.related,
        item.fix.as_ref().map(|fix| (fix.span, &fix.replacement)),
    )
}

fn to_json(item: &Diagnostic, sources: &Sources) -> Value {
    let mut value = json!({
        "code": item.code.as_str(),
        "severity": item.severity,
        "message": item.message,
        "path": item.path,
    });
    if let Some(span) = item.span {
        add(&mut value, place(span, sources));
    }
    if !item.label.is_empty() {
        value["label"] = json!(item.label);
    }
    if !item.help.is_empty() {
        value["help"] = json!(item.help);
    }
    if !item.related.is_empty() {
        let related = item.related.iter().map(|(span, message)| {
            let mut value = json!({ "message": message });
            add(&mut value, place(*span, sources));
            value
        });
        value["related"] = related.collect();
    }
    if let Some(fix) = &item.fix {
        let mut fixed = json!({ "replacement": fix.replacement });
        add(&mut fixed, place(fix.span, sources));
        value["fix"] = fixed;
    }
    value
}

fn place(span: Span, sources: &Sources) -> Value {
    let start = sources.position(span.file, span.start as usize);
    json!({
        "file": sources.name(span.file),
        "line": start.line,
        "column": start.column,
        "end": sources.position(span.file, span.end as usize),
    })
}

fn add(value: &mut Value, more: Value) {
    if let (Value::Object(map), Value::Object(more)) = (value, more) {
        map.extend(more);
    }
}
