//! Reading an import mapping: its shape and its tables.

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, codes};
use manikin_spec::digest::sha256;
use manikin_spec::files::Files;
use manikin_spec::node::Node;
use manikin_spec::table::{self, Table};
use manikin_spec::{shape, yaml};

use crate::document::{Document, Form};

/// An import mapping as its file says it, not yet held against a spec.
#[derive(Debug)]
pub struct Import {
    /// Its name, as it was asked for.
    pub name: String,
    /// SHA-256 of its file, in hexadecimal.
    pub digest: String,
    pub(crate) document: Document,
    pub(crate) node: Node,
    pub(crate) tables: IndexMap<String, Table>,
}

/// What reading gives: as much as could be read, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// The texts that diagnostics point into.
    pub sources: Sources,
    /// What is wrong, in this phase.
    pub diagnostics: Diagnostics,
    /// The mapping; `None` where it is wrong.
    pub import: Option<Import>,
}

/// The JSON Schema of an import mapping, as editors use it.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

impl Import {
    /// Reads the import mapping of a name.
    ///
    /// # Errors
    /// In the diagnostics of the reading, all at once: a file that is missing or no YAML (MK00xx), keys and values of the
    /// wrong shape (MK01xx), tables (MK0014 to MK0017).
    pub fn read(name: &str, files: &dyn Files) -> Reading {
        let mut reading = Reading::default();
        let bytes = match files.read(name, yaml::DOCUMENT_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let (code, message) = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        (codes::FILE_NOT_FOUND, format!("there is no import mapping `{name}`"))
                    }
                    _ => (codes::FILE_UNREADABLE, format!("`{name}` cannot be read: {error}")),
                };
                reading.diagnostics.push(Diagnostic::error(code, message));
                return reading;
            }
        };
        let digest = sha256(&bytes);
        let (node, found) = yaml::load(name, bytes, &mut reading.sources);
        reading.diagnostics.append(found);
        let Some(node) = node else { return reading };
        let what = format!("an import mapping, `{name}`,");
        let Some(document) = shape::document::<Document>(&node, &what, &schema(), &mut reading.diagnostics) else {
            return reading;
        };
        let mut tables = IndexMap::new();
        for (table, source) in &document.tables {
            let place = node.at(&["tables", table]).0;
            let read = table::read(table, source, place, files, &mut reading.sources, &mut reading.diagnostics);
            if let Some((read, _)) = read {
                tables.insert(table.clone(), read);
            }
        }
        if !reading.diagnostics.has_errors() {
            reading.import = Some(Self { name: name.to_owned(), digest, document, node, tables });
        }
        reading
    }

    /// The form that it reads.
    #[must_use]
    pub fn form(&self) -> Form {
        self.document.import
    }

    /// The spec whose entities it makes unless another is given.
    #[must_use]
    pub fn spec(&self) -> Option<&str> {
        self.document.spec.as_deref()
    }

    /// What it reads that a dataset must have, by the names that files have without extension.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.document.sources.values().filter(|source| source.required).map(|source| source.read.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a change to the types: `MANIKIN_UPDATE=1 cargo test -p manikin-import schema`.
    #[test]
    fn the_schema_in_the_specs_folder_follows_from_the_types() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/import.schema.json");
        let schema = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("MANIKIN_UPDATE").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == schema, "specs/import.schema.json is out of date: run this test with MANIKIN_UPDATE=1");
    }
}
