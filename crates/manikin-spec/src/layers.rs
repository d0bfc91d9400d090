//! Layers: the documents that a document builds on, found, read once each, and merged in order.
//!
//! Maps merge, lists and the values of generators replace, `null` removes; the document itself comes last. What a
//! layer locks, no later one may change.

use std::io;

use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, Span, codes, nearest};

use crate::files::{Files, beside, is_absence, normal};
use crate::merge;
use crate::node::{Node, Value};
use crate::yaml;

/// Most files that a document may be made of.
const LAYER_LIMIT: usize = 256;

/// A file that a document is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// The name under which it was found.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A document with its layers merged into it.
#[derive(Debug, Default)]
pub struct Layered {
    /// The merged document, without `use`; `None` where the document itself could not be read.
    pub node: Option<Node>,
    /// The files read, lowest layer first.
    pub files: Vec<ReadFile>,
}

/// Reads a document and its layers and merges them.
///
/// # Errors
/// In the diagnostics: MK0001, MK0002 and MK0502 for files, MK0503 for layers that use each other, MK0505, MK0506,
/// those of [`yaml::load`] and those of merging (MK0501, MK0504, MK0507).
pub fn read(name: &str, files: &dyn Files, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Layered {
    let name = normal(&name.replace('\\', "/"));
    let mut layers = Layers { files, sources, diagnostics, open: Vec::new(), seen: Vec::new(), read: Vec::new() };
    let bytes = match files.read(&name, yaml::DOCUMENT_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => {
            let diagnostic = unreadable(&name, &error, files);
            layers.diagnostics.push(diagnostic);
            return Layered::default();
        }
    };
    layers.add(&name, bytes);
    let read = layers.read;
    let mut merged: Option<Node> = None;
    let mut names = Vec::new();
    let mut top_is_read = false;
    for layer in read {
        names.push(layer.file);
        top_is_read = layer.node.is_some();
        let Some(node) = layer.node else { continue };
        // The lowest layer is merged onto nothing, so that what it removes from nothing is noticed as well.
        let base = merged.get_or_insert_with(|| Node { span: node.span, value: Value::Map(Vec::new()) });
        merge::onto(base, node, diagnostics);
    }
    Layered { node: if top_is_read { merged } else { None }, files: names }
}

struct Layers<'a> {
    files: &'a dyn Files,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    /// Names of the files that are being read, outermost first.
    open: Vec<String>,
    /// Names of the files read or being read.
    seen: Vec<String>,
    read: Vec<Layer>,
}

struct Layer {
    file: ReadFile,
    node: Option<Node>,
}

impl Layers<'_> {
    /// Reads a file's layers, then the file.
    fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.open.push(name.to_owned());
        self.seen.push(name.to_owned());
        let file = ReadFile { name: name.to_owned(), sha256: crate::digest::sha256(&bytes) };
        let (node, found) = yaml::load(name, bytes, self.sources);
        self.diagnostics.append(found);
        let mut node = node;
        if let Some(read) = &mut node {
            match &mut read.value {
                Value::Map(entries) => {
                    if let Some(at) = entries.iter().position(|(key, _)| key.text == "use") {
                        let (_, used) = entries.remove(at);
                        self.layers_of(name, &used);
                    }
                }
                _ => {
                    let kind = read.kind();
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::NOT_A_MAP,
                            format!("a document is a map of keys; `{name}` holds {kind}"),
                        )
                        .at(read.span)
                        .help("start with `manikin: 1`"),
                    );
                    node = None;
                }
            }
        }
        self.open.pop();
        self.read.push(Layer { file, node });
    }

    fn layers_of(&mut self, name: &str, used: &Node) {
        let names: Vec<&Node> = match &used.value {
            Value::List(items) => items.iter().collect(),
            Value::Text(_) => vec![used],
            Value::Null => Vec::new(),
            _ => {
                self.diagnostics.push(bad_use(used));
                return;
            }
        };
        for layer in names {
            let Some(wanted) = layer.text() else {
                self.diagnostics.push(bad_use(layer));
                continue;
            };
            self.layer(name, wanted, layer.span);
        }
    }

    fn layer(&mut self, from: &str, wanted: &str, span: Span) {
        let candidates = candidates(from, wanted);
        if let Some(known) = candidates.iter().find(|name| self.open.contains(name)) {
            let start = self.open.iter().position(|name| name == known).unwrap_or(0);
            let mut circle: Vec<&str> = self.open[start..].iter().map(String::as_str).collect();
            circle.push(known);
            self.diagnostics.push(
                Diagnostic::error(codes::USE_CYCLE, format!("layer `{wanted}` uses itself: {}", circle.join(" → ")))
                    .at(span)
                    .path("use"),
            );
            return;
        }
        for name in &candidates {
            if self.seen.contains(name) {
                return;
            }
            match self.files.read(name, yaml::DOCUMENT_LIMIT) {
                Ok(bytes) => {
                    if self.seen.len() >= LAYER_LIMIT {
                        self.diagnostics.push(
                            Diagnostic::error(
                                codes::TOO_MANY_LAYERS,
                                format!("the document is made of more than {LAYER_LIMIT} files"),
                            )
                            .at(span)
                            .path("use"),
                        );
                        return;
                    }
                    self.add(&name.clone(), bytes);
                    return;
                }
                Err(error) if is_absence(&error) => {}
                Err(error) => {
                    let diagnostic = unreadable(name, &error, self.files).at(span).path("use");
                    self.diagnostics.push(diagnostic);
                    return;
                }
            }
        }
        let names = self.files.names();
        let known = names.iter().filter_map(|name| name.strip_suffix(".yaml"));
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_LAYER, format!("layer `{wanted}` is not found"))
            .at(span)
            .path("use")
            .suggest(nearest(wanted, known));
        if diagnostic.help.is_empty() {
            diagnostic = diagnostic.help(format!("looked for {}", in_words(&candidates)));
        }
        self.diagnostics.push(diagnostic);
    }
}

/// The names under which a layer may be found: beside the file that uses it, then in the library.
fn candidates(from: &str, wanted: &str) -> Vec<String> {
    let mut names = Vec::new();
    let has_ending = wanted.ends_with(".yaml") || wanted.ends_with(".yml");
    for name in [beside(from, wanted), normal(wanted)] {
        let forms = if has_ending { vec![name] } else { vec![format!("{name}.yaml"), format!("{name}.yml"), name] };
        for form in forms {
            if !names.contains(&form) {
                names.push(form);
            }
        }
    }
    names
}

/// Reads a file that a document names, such as a table's: beside the file that names it, then in the library.
///
/// # Errors
/// The last error; [`io::ErrorKind::NotFound`] where neither place has it.
pub(crate) fn read_named(from: &str, wanted: &str, limit: u64, files: &dyn Files) -> (String, io::Result<Vec<u8>>) {
    let near = beside(from, wanted);
    let found = files.read(&near, limit);
    match &found {
        Err(error) if is_absence(error) => {
            let far = normal(wanted);
            match files.read(&far, limit) {
                Err(error) if is_absence(&error) => (near, found),
                other => (far, other),
            }
        }
        _ => (near, found),
    }
}

/// A file that was not found or cannot be read.
pub(crate) fn unreadable(name: &str, error: &io::Error, files: &dyn Files) -> Diagnostic {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let names = files.names();
            let diagnostic = Diagnostic::error(codes::FILE_NOT_FOUND, format!("file `{name}` is not found"));
            match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => diagnostic.suggest(Some(near)),
                None => diagnostic.help("files are looked for at this path, beside the spec and in the library"),
            }
        }
        io::ErrorKind::FileTooLarge => yaml::too_large(name),
        io::ErrorKind::IsADirectory => {
            Diagnostic::error(codes::FILE_UNREADABLE, format!("`{name}` is a folder, not a file"))
                .help("name the file in it that you mean")
        }
        _ => Diagnostic::error(codes::FILE_UNREADABLE, format!("file `{name}` cannot be read: {error}")),
    }
}

fn bad_use(node: &Node) -> Diagnostic {
    Diagnostic::error(codes::BAD_USE, format!("`use` is a list of names, found {}", node.kind()))
        .at(node.span)
        .path("use")
        .help("write `use: [library/us/claims]`")
}

fn in_words(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
