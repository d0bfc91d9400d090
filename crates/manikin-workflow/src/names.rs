//! Names of tables and columns in the terms of a standard, such as FHIR or OMOP, from YAML under `standards/names/`.
//!
//! A mapping renames; it does not restructure. What it does not name keeps its own name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, codes, nearest};
use manikin_spec::files::{Disk, Files};
use manikin_spec::node::Node;
use manikin_spec::yaml;
use manikin_tables::TableSchema;

use crate::failure::Failure;
use crate::library::{SpecFiles, built_in, built_in_names};

/// Where mappings lie.
const FOLDER: &str = "standards/names/";

/// Names by entity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    entities: BTreeMap<String, EntityNames>,
}

#[derive(Clone, Debug, Default)]
struct EntityNames {
    table: Option<String>,
    columns: BTreeMap<String, String>,
}

/// The mappings that are built in.
pub fn name_mappings() -> Vec<&'static str> {
    built_in_names(FOLDER)
}

impl Names {
    /// Reads a mapping by its name, or by the path of a YAML file.
    ///
    /// # Errors
    ///
    /// - `MK0911` when there is none, or it gives two columns of a table one name
    /// - the diagnostics of its YAML
    pub(crate) fn read(asked: &str, files: &SpecFiles) -> Result<Self, Failure> {
        let (name, bytes) = if Path::new(asked).is_file() {
            let read = Disk::current().read(asked, yaml::DOCUMENT_LIMIT);
            let refused = |error: std::io::Error| {
                Failure::from(Diagnostic::error(codes::FILE_UNREADABLE, format!("`{asked}`: {error}")))
            };
            (asked.to_owned(), read.map_err(refused)?)
        } else {
            let name = format!("{FOLDER}{asked}.yaml");
            match files.read(&name, yaml::DOCUMENT_LIMIT).ok().or_else(|| built_in(&name).map(<[u8]>::to_vec)) {
                Some(bytes) => (name, bytes),
                None => return Err(unknown(asked)),
            }
        };
        let mut sources = Sources::new();
        let (node, mut diagnostics) = yaml::load(&name, bytes, &mut sources);
        let names = node.map(|node| Self::of(&node, &mut diagnostics)).unwrap_or_default();
        if diagnostics.has_errors() { Err(Failure { sources, diagnostics }) } else { Ok(names) }
    }

    fn of(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut names = Self::default();
        for (key, value) in node.entries() {
            if !["title", "means", "source", "entities"].contains(&key.text.as_str()) {
                diagnostics.push(
                    Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown key `{}`", key.text))
                        .at(key.span)
                        .help("a mapping has `title`, `means`, `source` and `entities`"),
                );
            }
            if key.text != "entities" {
                continue;
            }
            for (entity, value) in value.entries() {
                let mut own = EntityNames {
                    table: value.get("name").and_then(Node::text).map(str::to_owned),
                    ..EntityNames::default()
                };
                let mut seen = BTreeSet::new();
                for (column, name) in value.get("columns").map_or(&[][..], Node::entries) {
                    let Some(text) = name.text() else {
                        let message = format!("a column's name is text, found {}", name.kind());
                        diagnostics.push(Diagnostic::error(codes::WRONG_TYPE, message).at(name.span));
                        continue;
                    };
                    if !seen.insert(text.to_owned()) {
                        let message = format!("two columns of `{}` would be named `{text}`", entity.text);
                        diagnostics.push(Diagnostic::error(codes::BAD_OPTION, message).at(name.span));
                    }
                    own.columns.insert(column.text.clone(), text.to_owned());
                }
                names.entities.insert(entity.text.clone(), own);
            }
        }
        names
    }

    /// A schema under its new names, references included.
    pub(crate) fn rename(&self, schema: &Arc<TableSchema>) -> Arc<TableSchema> {
        let mut renamed = TableSchema::clone(schema);
        let entity = &schema.entity;
        renamed.entity = self.table(entity);
        renamed.parent = schema.parent.as_ref().map(|parent| self.table(parent));
        renamed.key = schema.key.iter().map(|key| self.column(entity, key)).collect();
        for column in &mut renamed.columns {
            column.name = self.column(entity, &column.name);
            if let Some(target) = &mut column.references {
                target.field = self.column(&target.entity, &target.field);
                target.entity = self.table(&target.entity);
            }
        }
        Arc::new(renamed)
    }

    fn table(&self, entity: &str) -> String {
        let name = self.entities.get(entity).and_then(|names| names.table.clone());
        name.unwrap_or_else(|| entity.to_owned())
    }

    fn column(&self, entity: &str, column: &str) -> String {
        let name = self.entities.get(entity).and_then(|names| names.columns.get(column));
        name.map_or_else(|| column.to_owned(), Clone::clone)
    }
}

fn unknown(asked: &str) -> Failure {
    let known = name_mappings();
    let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("there is no mapping of names `{asked}`"));
    match nearest(asked, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("the mappings are {}; or give the path of a YAML file", known.join(", "))),
    }
    .into()
}
