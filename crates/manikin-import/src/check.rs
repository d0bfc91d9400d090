//! An import mapping held against a spec: names resolved, paths read, expressions typed.
//!
//! The columns of tables are known only when a dataset is at hand, so for tables expressions are checked against the
//! files' own headers; for FHIR the mapping names every column itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::{Code, Diagnostic, Diagnostics, Sources, codes, nearest};
use manikin_expression::{Expression, ExpressionError, Type};
use manikin_spec::node::Node;
use manikin_spec::path;
use manikin_spec::spec::{EntityId, FieldId, Spec};

use crate::document::Form;
use crate::path::Path;
use crate::read::Import;
use crate::rows::{RowScope, Shape, World};

/// An import mapping that fits a spec.
#[derive(Debug)]
pub struct Checked {
    pub(crate) import: Import,
    pub(crate) spec: Arc<Spec>,
    /// For FHIR, the paths of each source's columns.
    pub(crate) paths: IndexMap<String, SourcePaths>,
    /// Entities that the mapping makes and the spec lacks.
    pub(crate) left_out: Vec<String>,
}

/// What joins the paths of a key made of several values.
const AND: &str = " & ";

/// The beginning of the column that counts a source's rows among those that lead to the same row by a link.
pub(crate) const ROW_OF: &str = "row_of_";

/// The paths of a FHIR source.
#[derive(Debug, Default)]
pub(crate) struct SourcePaths {
    pub(crate) each: Option<Path>,
    /// For each column the paths of its parts, and whether each starts at the item of `each`.
    pub(crate) columns: IndexMap<String, Vec<(Path, bool)>>,
}

/// The expressions of an entity.
#[derive(Debug)]
pub(crate) struct Target {
    /// The key under `entities`.
    pub(crate) name: String,
    pub(crate) entity: EntityId,
    pub(crate) source: String,
    pub(crate) condition: Option<Expression>,
    pub(crate) fields: BTreeMap<FieldId, Expression>,
}

impl Import {
    /// Holds the mapping against a spec; `sources` are those of its reading.
    ///
    /// # Errors
    /// In the diagnostics, all at once: MK1201 for names of sources, entities and fields, MK1202 for paths, and for FHIR
    /// the expressions (MK04xx). Entities that the spec lacks are left out, with a note.
    pub fn check(self, spec: &Arc<Spec>, sources: &Sources) -> (Option<Checked>, Diagnostics) {
        let mut report = Report { node: &self.node, sources, diagnostics: Diagnostics::new() };
        let mut paths = IndexMap::new();
        for (name, source) in &self.document.sources {
            if self.form() == Form::FhirR4 {
                paths.insert(name.clone(), report.paths(name, source));
            } else if source.each.is_some() || !source.columns.is_empty() {
                let key = if source.each.is_some() { "each" } else { "columns" };
                let message = format!("`{key}` is for FHIR resources; a table has the columns that it has");
                report.error(&["sources", name, key], codes::BAD_IMPORT, message, None);
            }
            for (link, _) in &source.links {
                if !self.document.sources.contains_key(link) {
                    let known: Vec<&str> = self.document.sources.keys().map(String::as_str).collect();
                    let message =
                        format!("a link is named like the source that it leads to; there is no source `{link}`");
                    report.error(&["sources", name, "links", link], codes::BAD_IMPORT, message, nearest(link, known));
                }
            }
        }
        let mut left_out = Vec::new();
        for (name, target) in &self.document.entities {
            if !self.document.sources.contains_key(&target.from) {
                let known: Vec<&str> = self.document.sources.keys().map(String::as_str).collect();
                let message = format!("there is no source `{}`", target.from);
                report.error(&["entities", name, "from"], codes::BAD_IMPORT, message, nearest(&target.from, known));
            }
            let Some(entity) = spec.entity(entity_name(name)).filter(|id| !spec[*id].hidden) else {
                left_out.push(entity_name(name).to_owned());
                continue;
            };
            for field in target.fields.keys() {
                let found = spec[entity].field(field).filter(|id| !spec[entity][*id].hidden);
                if found.is_none() {
                    let known =
                        spec[entity].fields.iter().filter(|known| !known.hidden).map(|known| known.name.as_str());
                    let message = format!("entity `{}` has no field `{field}` that is written", spec[entity].name);
                    report.error(
                        &["entities", name, "fields", field],
                        codes::BAD_IMPORT,
                        message,
                        nearest(field, known),
                    );
                }
            }
        }
        if left_out.len() == self.document.entities.len() {
            let message = "the spec has none of the entities that the mapping makes".to_owned();
            report.error(&["entities"], codes::BAD_IMPORT, message, None);
        }
        let mut diagnostics = std::mem::take(&mut report.diagnostics);
        if diagnostics.has_errors() {
            return (None, diagnostics);
        }
        left_out.dedup();
        let checked = Checked { import: self, spec: Arc::clone(spec), paths, left_out };
        if checked.import.form() == Form::FhirR4 {
            let shapes = checked.fhir_shapes();
            let mut wrong = checked.targets(&shapes, sources).err().unwrap_or_default();
            wrong.append(checked.conditions(&shapes, sources).err().unwrap_or_default());
            if wrong.has_errors() {
                diagnostics.append(wrong);
                return (None, diagnostics);
            }
        }
        (Some(checked), diagnostics)
    }
}

impl Checked {
    /// The spec whose entities are made.
    #[must_use]
    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    fn fhir_shapes(&self) -> IndexMap<String, Shape> {
        let columns = self.paths.iter().map(|(name, paths)| {
            let types = &self.import.document.sources[name].types;
            let columns = paths.columns.keys().map(|column| {
                let ty = types.get(column).map_or(Type::Text, |ty| ty.ty());
                (column.clone(), ty)
            });
            let number = std::iter::once((crate::run::ROW.to_owned(), Type::Integer));
            (name.clone(), columns.chain(number).collect())
        });
        self.shapes(columns.map(|(name, columns)| (name, (columns, false))).collect())
    }

    /// The sources' columns, and whether the dataset lacks them, with the ways between them.
    pub(crate) fn shapes(&self, columns: IndexMap<String, (IndexMap<String, Type>, bool)>) -> IndexMap<String, Shape> {
        let has_links = columns.keys().cloned().collect::<Vec<_>>();
        columns
            .into_iter()
            .map(|(name, (columns, absent))| {
                let links = &self.import.document.sources[&name].links;
                let links: IndexMap<String, String> = links
                    .keys()
                    .filter(|link| has_links.contains(link))
                    .map(|link| (link.clone(), link.clone()))
                    .collect();
                let numbers = links.keys().map(|link| (format!("{ROW_OF}{link}"), Type::Integer));
                let shape = Shape { columns: columns.into_iter().chain(numbers).collect(), links, absent };
                (name, shape)
            })
            .collect()
    }

    /// The conditions of the sources that have one, typed over the sources' own columns.
    pub(crate) fn conditions(
        &self,
        shapes: &IndexMap<String, Shape>,
        sources: &Sources,
    ) -> Result<IndexMap<String, Expression>, Diagnostics> {
        let alone: IndexMap<String, Shape> = shapes
            .iter()
            .map(|(name, shape)| {
                let columns = shape.columns.iter().filter(|(column, _)| !column.starts_with(ROW_OF));
                let columns = columns.map(|(column, ty)| (column.clone(), ty.clone())).collect();
                (name.clone(), Shape { columns, links: IndexMap::new(), absent: shape.absent })
            })
            .collect();
        let world = World { spec: &self.spec, tables: &self.import.tables, shapes: &alone };
        let mut report = Report { node: &self.import.node, sources, diagnostics: Diagnostics::new() };
        let mut conditions = IndexMap::new();
        for (name, source) in &self.import.document.sources {
            let (Some(text), Some((source, _))) = (&source.condition, alone.get_key_value(name)) else { continue };
            let checked = manikin_expression::check_as(text, &RowScope { world: &world, source }, &Type::Boolean);
            if let Some(condition) = report.checked(&["sources", name, "where"], checked) {
                conditions.insert(name.clone(), condition);
            }
        }
        if report.diagnostics.has_errors() { Err(report.diagnostics) } else { Ok(conditions) }
    }

    /// The expressions of every entity, typed over sources of these shapes. What is made of a source that is not there
    /// is left out.
    pub(crate) fn targets(
        &self,
        shapes: &IndexMap<String, Shape>,
        sources: &Sources,
    ) -> Result<Vec<Target>, Diagnostics> {
        let world = World { spec: &self.spec, tables: &self.import.tables, shapes };
        let mut report = Report { node: &self.import.node, sources, diagnostics: Diagnostics::new() };
        let mut targets = Vec::new();
        for (name, target) in &self.import.document.entities {
            let Some(entity) = self.spec.entity(entity_name(name)) else { continue };
            let Some((source, shape)) = shapes.get_key_value(&target.from) else { continue };
            if shape.absent {
                continue;
            }
            let scope = RowScope { world: &world, source };
            let condition = target.condition.as_ref().and_then(|text| {
                let checked = manikin_expression::check_as(text, &scope, &Type::Boolean);
                report.checked(&["entities", name, "where"], checked)
            });
            let mut fields = BTreeMap::new();
            for (field, text) in &target.fields {
                let Some(id) = self.spec[entity].field(field) else { continue };
                let checked = manikin_expression::check(text, &scope);
                if let Some(expression) = report.checked(&["entities", name, "fields", field], checked) {
                    fields.insert(id, expression);
                }
            }
            targets.push(Target { name: name.clone(), entity, source: source.clone(), condition, fields });
        }
        if report.diagnostics.has_errors() { Err(report.diagnostics) } else { Ok(targets) }
    }
}

/// The entity that a key under `entities` names: `lab_result.2` is another part of `lab_result`.
fn entity_name(key: &str) -> &str {
    key.split_once('.').map_or(key, |(entity, _)| entity)
}

struct Report<'a> {
    node: &'a Node,
    sources: &'a Sources,
    diagnostics: Diagnostics,
}

impl Report<'_> {
    fn error(&mut self, place: &[&str], code: Code, message: String, near: Option<&str>) {
        let diagnostic = Diagnostic::error(code, message).at(self.node.span_of(place)).path(path::text(place));
        self.diagnostics.push(match near {
            Some(near) => diagnostic.suggest(Some(near)),
            None => diagnostic,
        });
    }

    fn paths(&mut self, name: &str, source: &crate::document::Source) -> SourcePaths {
        let mut paths = SourcePaths::default();
        let read = |report: &mut Self, place: &[&str], text: &str, offset: usize| match Path::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                let at = offset + error.at;
                let span = report.node.at(place).0.span_within(report.sources, at..at + 1);
                let diagnostic = Diagnostic::error(codes::BAD_PATH, error.message).at(span).path(path::text(place));
                report.diagnostics.push(diagnostic);
                None
            }
        };
        paths.each = source.each.as_deref().and_then(|each| read(self, &["sources", name, "each"], each, 0));
        for (column, text) in &source.columns {
            let (mut parts, mut offset) = (Vec::new(), 0);
            for part in text.split(AND) {
                let read = read(self, &["sources", name, "columns", column], part, offset);
                offset += part.len() + AND.len();
                let Some(path) = read else { continue };
                let of_item = source.each.is_some() && path.first() == "item";
                match if of_item { path.rest() } else { Some(path) } {
                    Some(path) => parts.push((path, of_item)),
                    None => {
                        let message = "`item` is a whole object; name an element of it: `item.code`".to_owned();
                        self.error(&["sources", name, "columns", column], codes::BAD_PATH, message, None);
                    }
                }
            }
            paths.columns.insert(column.clone(), parts);
        }
        let known: Vec<&str> = source.columns.keys().map(String::as_str).collect();
        let named = source.keys.iter().chain(source.links.values()).chain(source.types.keys());
        for column in named.filter(|column| !source.columns.contains_key(*column)) {
            let message = format!("source `{name}` has no column `{column}`");
            self.error(&["sources", name], codes::BAD_IMPORT, message, nearest(column, known.iter().copied()));
        }
        paths
    }

    fn checked(&mut self, place: &[&str], checked: Result<Expression, Vec<ExpressionError>>) -> Option<Expression> {
        let errors = match checked {
            Ok(expression) => return Some(expression),
            Err(errors) => errors,
        };
        let node = self.node.at(place).0;
        for error in errors {
            let code = codes::find(error.code).map_or(codes::BAD_IMPORT, |entry| entry.code);
            let mut diagnostic = Diagnostic::error(code, error.message)
                .at(node.span_within(self.sources, error.range))
                .path(path::text(place));
            if let Some(help) = error.help {
                diagnostic = diagnostic.help(help);
            }
            self.diagnostics.push(diagnostic);
        }
        None
    }
}
