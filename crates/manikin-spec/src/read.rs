//! Reading a spec: its layers merged, its shape checked, its tables read, its digest taken.

use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, codes};
use serde_json::Value as Json;

use crate::document::{Document, GENERATOR_KEYS, ModelReference};
use crate::files::Files;
use crate::layers::{self, ReadFile};
use crate::node::{Node, Value};
use crate::table::{self, Table};
use crate::{digest, path, shape};

/// What reading a spec gives: as much as could be read, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// The texts that diagnostics point into.
    pub sources: Sources,
    /// What is wrong, in this phase.
    pub diagnostics: Diagnostics,
    /// The document with its layers merged; `None` where its shape is wrong.
    pub document: Option<Document>,
    /// The merged document as a tree with places; `None` where it could not be read.
    pub node: Option<Node>,
    /// The tables that could be read, by name.
    pub tables: IndexMap<String, Table>,
    /// The potentials of the model that the document names, as they lie in the file.
    pub potentials: Option<Arc<[u8]>>,
    /// SHA-256 of the merged document, its tables and its model, in hexadecimal; `None` where there are errors.
    pub digest: Option<String>,
    /// The files that the document is made of: its layers, lowest first, then itself, then its tables.
    pub files: Vec<ReadFile>,
}

/// The JSON Schema of a spec document, as editors use it.
pub fn schema() -> Json {
    schemars::schema_for!(Document).to_value()
}

/// Reads the spec of a name and everything that it is made of.
///
/// `files` is where the spec, its layers and its tables are found: usually the disk, then the built-in library, as a
/// [`crate::files::Search`].
///
/// # Errors
/// In the diagnostics of the reading, all mistakes at once: those of [`layers::read`], of [`shape::check`] and of
/// tables; MK0105 a field with several generators.
pub fn read(name: &str, files: &dyn Files) -> Reading {
    let mut reading = Reading::default();
    let layered = layers::read(name, files, &mut reading.sources, &mut reading.diagnostics);
    reading.files = layered.files;
    let Some(node) = layered.node else {
        return reading;
    };
    let before = reading.diagnostics.len();
    let json = shape::check(&node, &schema(), &mut reading.diagnostics);
    several_generators(&node, &mut Vec::new(), &mut reading.diagnostics);
    let shape_is_wrong = reading.diagnostics.iter().skip(before).any(|diagnostic| {
        diagnostic.severity == manikin_diagnostic::Severity::Error && diagnostic.code != codes::SEVERAL_GENERATORS
    });
    if !shape_is_wrong {
        match shape::decode::<Document>(json.clone()) {
            Ok(document) => reading.document = Some(document),
            Err(diagnostic) => reading.diagnostics.push(diagnostic.at(node.span)),
        }
    }
    if let Some(document) = &reading.document {
        for (name, source) in &document.tables {
            let place = node.at(&["tables", name]).0;
            let read = table::read(name, source, place, files, &mut reading.sources, &mut reading.diagnostics);
            if let Some((table, file)) = read {
                reading.files.extend(file.filter(|file| !reading.files.contains(file)));
                reading.tables.insert(name.clone(), table);
            }
        }
        let mut model = None;
        if let Some(reference) = &document.model
            && let Some((bytes, file)) =
                read_potentials(reference, &node, files, &reading.sources, &mut reading.diagnostics)
        {
            model = Some(file.sha256.clone());
            reading.files.push(file);
            reading.potentials = Some(bytes.into());
        }
        if !reading.diagnostics.has_errors() {
            let tables = reading
                .tables
                .iter()
                .filter_map(|(name, table)| table.sha256.as_deref().map(|sha256| (name.as_str(), sha256)));
            reading.digest = Some(digest::of(&json, tables, model.as_deref()));
        }
    }
    reading.node = Some(node);
    reading
}

/// Largest file of potentials read, in bytes.
const POTENTIALS_LIMIT: u64 = 1 << 30;

/// The potentials of a model: bytes, whose sense is made where they are used.
fn read_potentials(
    reference: &ModelReference,
    node: &Node,
    files: &dyn Files,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<(Vec<u8>, ReadFile)> {
    let place = ["model", "potentials"];
    let span = node.span_of(&place);
    let (name, bytes) = layers::read_named(sources.name(span.file), &reference.potentials, POTENTIALS_LIMIT, files);
    match bytes {
        Ok(bytes) => {
            let file = ReadFile { name, sha256: digest::sha256(&bytes) };
            Some((bytes, file))
        }
        Err(error) => {
            let diagnostic = match error.kind() {
                std::io::ErrorKind::FileTooLarge => {
                    Diagnostic::error(codes::TOO_LARGE, format!("`{name}` is larger than a model may be (1 GiB)"))
                }
                _ => layers::unreadable(&name, &error, files),
            };
            diagnostics.push(diagnostic.at(span).path(path::text(&place.map(str::to_owned))));
            None
        }
    }
}

/// Places that take one generator, `*` standing for any name.
const ONE_GENERATOR: &[&str] = &["entities", "*", "fields", "*"];

/// Finds fields, cases and list items with more than one generator.
fn several_generators(node: &Node, place: &mut Vec<String>, diagnostics: &mut Diagnostics) {
    if place.len() == ONE_GENERATOR.len() {
        one_generator(node, place, diagnostics);
        return;
    }
    let form = ONE_GENERATOR[place.len()];
    for (key, value) in node.entries() {
        if form == "*" || key.text == form {
            place.push(key.text.clone());
            several_generators(value, place, diagnostics);
            place.pop();
        }
    }
}

fn one_generator(node: &Node, place: &mut Vec<String>, diagnostics: &mut Diagnostics) {
    let given: Vec<_> = node
        .entries()
        .iter()
        .filter(|(key, value)| GENERATOR_KEYS.contains(&key.text.as_str()) && value.value != Value::Null)
        .collect();
    if let [(first, _), (second, _), ..] = given.as_slice() {
        diagnostics.push(
            Diagnostic::error(
                codes::SEVERAL_GENERATORS,
                format!("`{}` and `{}` are both generators; a field has one", first.text, second.text),
            )
            .at(second.span)
            .path(path::text(place))
            .label("the second one")
            .related(first.span, "the first one")
            .help("keep one of them; to choose by a condition, use `cases`"),
        );
    }
    for (key, value) in &given {
        match (key.text.as_str(), &value.value) {
            ("cases", Value::List(cases)) => {
                for (at, case) in cases.iter().enumerate() {
                    place.extend(["cases".to_owned(), format!("[{at}]")]);
                    one_generator(case, place, diagnostics);
                    place.truncate(place.len() - 2);
                }
            }
            ("list", Value::Map(_)) => {
                if let Some(item) = value.get("of") {
                    place.extend(["list".to_owned(), "of".to_owned()]);
                    one_generator(item, place, diagnostics);
                    place.truncate(place.len() - 2);
                }
            }
            _ => {}
        }
    }
}
