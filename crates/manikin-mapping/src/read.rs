//! Reading a mapping: the files of its folder, their shape, its tables, the definition of its standard.

use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, Span, codes};
use manikin_expression::{Literal, Type};
use manikin_spec::digest::sha256;
use manikin_spec::document::{Named, Scalar, TableSource, Weight, percentage};
use manikin_spec::files::{Files, beside, normal};
use manikin_spec::node::Node;
use manikin_spec::table::{self, Table};
use manikin_spec::{path, shape, yaml};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::checked::{ColumnDef, Standard, TableDef};
use crate::definition::{self, Elements};
use crate::document::{ExtraType, Head, Part, ProjectionSource, StandardName};

/// The file that says what a mapping is.
pub const HEAD: &str = "mapping.yaml";
/// The file of the folder that says how datasets are read back; no part of the mapping itself.
pub const IMPORT: &str = "import.yaml";

/// A mapping as its files say it, not yet held against a spec.
#[derive(Debug)]
pub struct Mapping {
    /// The standard that it is for.
    pub standard: Standard,
    /// Its own version.
    pub version: String,
    /// What it makes, in a line.
    pub title: String,
    /// SHA-256 of its files, in hexadecimal.
    pub digest: String,
    /// Names and SHA-256 of its files, in the order of reading.
    pub files: Vec<(String, String)>,
    pub(crate) head_span: Span,
    pub(crate) tables: IndexMap<String, Arc<Table>>,
    pub(crate) settings: IndexMap<String, Literal>,
    pub(crate) fragments: IndexMap<String, Node>,
    pub(crate) meta: Option<Node>,
    pub(crate) elements: Elements,
    pub(crate) definition: IndexMap<String, TableDef>,
    pub(crate) splits: Vec<(String, f64)>,
    pub(crate) projections: IndexMap<String, Source>,
}

/// A projection as written, with its place.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) document: ProjectionSource,
    pub(crate) node: Node,
    pub(crate) name_span: Span,
}

/// What reading a mapping gives: as much as could be read, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Reading {
    /// The texts that diagnostics point into.
    pub sources: Sources,
    /// What is wrong, in this phase.
    pub diagnostics: Diagnostics,
    /// The mapping; `None` where its files are wrong.
    pub mapping: Option<Mapping>,
}

/// The JSON Schema of `mapping.yaml`, as editors use it.
pub fn head_schema() -> serde_json::Value {
    schemars::schema_for!(Head).to_value()
}

/// The JSON Schema of the other files of a mapping.
pub fn part_schema() -> serde_json::Value {
    schemars::schema_for!(Part).to_value()
}

impl Mapping {
    /// Reads the mapping of a folder: `mapping.yaml`, then every other YAML file in it, by name.
    ///
    /// # Errors
    /// In the diagnostics of the reading, all at once: files that are missing or no YAML (MK00xx), keys and values of
    /// the wrong shape (MK01xx), names given twice (MK0307), tables (MK0014 to MK0017), a definition that cannot be
    /// read (MK1112).
    pub fn read(folder: &str, files: &dyn Files) -> Reading {
        let mut reader = Reader { files, read: Vec::new(), reading: Reading::default() };
        let mapping = reader.mapping(&normal(&folder.replace('\\', "/")));
        let mut reading = reader.reading;
        reading.mapping = mapping.filter(|_| !reading.diagnostics.has_errors());
        reading
    }

    /// The names of the projections, in order.
    pub fn projection_names(&self) -> impl Iterator<Item = &str> {
        self.projections.keys().map(String::as_str)
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    read: Vec<(String, String)>,
    reading: Reading,
}

/// What the files of a mapping have in common.
#[derive(Default)]
struct Shared {
    tables: IndexMap<String, Arc<Table>>,
    fragments: IndexMap<String, Node>,
    projections: IndexMap<String, Source>,
}

impl Reader<'_> {
    fn mapping(&mut self, folder: &str) -> Option<Mapping> {
        let in_folder = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let head_name = in_folder(HEAD);
        let bytes = match self.files.read(&head_name, yaml::DOCUMENT_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let diagnostic = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        Diagnostic::error(codes::FILE_NOT_FOUND, format!("there is no mapping in `{folder}`"))
                            .help("a mapping is a folder that holds a file `mapping.yaml`")
                    }
                    _ => {
                        Diagnostic::error(codes::FILE_UNREADABLE, format!("file `{head_name}` cannot be read: {error}"))
                    }
                };
                self.reading.diagnostics.push(diagnostic);
                return None;
            }
        };
        let head = self.document::<Head>(&head_name, bytes);
        let mut shared = Shared::default();
        if let Some((head, node)) = &head {
            self.tables(&head.tables, node, &mut shared);
            self.named(&head.projections, node, &mut shared);
        }
        let is_part = |name: &String| {
            (name.ends_with(".yaml") || name.ends_with(".yml"))
                && name != HEAD
                && name != IMPORT
                && !name.starts_with('.')
        };
        for name in self.files.list(folder).into_iter().filter(is_part) {
            let name = in_folder(&name);
            match self.files.read(&name, yaml::DOCUMENT_LIMIT) {
                Ok(bytes) => {
                    if let Some((part, node)) = self.document::<Part>(&name, bytes) {
                        self.tables(&part.tables, &node, &mut shared);
                        self.named(&part.projections, &node, &mut shared);
                    }
                }
                Err(error) => self
                    .reading
                    .diagnostics
                    .push(Diagnostic::error(codes::FILE_UNREADABLE, format!("file `{name}` cannot be read: {error}"))),
            }
        }
        let (head, node) = head?;
        let standard = match head.mapping {
            StandardName::FhirR4 => Standard::FhirR4,
            StandardName::Omop54 => Standard::Omop54,
            StandardName::Meds04 => Standard::Meds04,
        };
        let (elements, definition) = self.definition(standard, &head, &node, &head_name);
        let splits = self.splits(&head.splits, &node, standard);
        let listed: Vec<String> = self.read.iter().map(|(_, sha256)| sha256.clone()).collect();
        let settings = head.settings.iter().map(|(name, value)| (name.clone(), literal(value))).collect();
        Some(Mapping {
            standard,
            version: head.version,
            title: head.title,
            digest: sha256(listed.join("\n").as_bytes()),
            files: std::mem::take(&mut self.read),
            head_span: node.key_span_of(&["mapping"]),
            tables: shared.tables,
            settings,
            fragments: shared.fragments,
            meta: node.get("meta").cloned(),
            elements,
            definition,
            splits,
            projections: shared.projections,
        })
    }

    /// A file as a document of a type, and as a tree with places.
    fn document<T: JsonSchema + DeserializeOwned>(&mut self, name: &str, bytes: Vec<u8>) -> Option<(T, Node)> {
        self.read.push((name.to_owned(), sha256(&bytes)));
        let (node, found) = yaml::load(name, bytes, &mut self.reading.sources);
        self.reading.diagnostics.append(found);
        let node = node?;
        let what = format!("a file of a mapping, `{name}`,");
        let schema = schemars::schema_for!(T).to_value();
        let document = shape::document(&node, &what, &schema, &mut self.reading.diagnostics)?;
        Some((document, node))
    }

    fn tables(&mut self, tables: &Named<TableSource>, node: &Node, shared: &mut Shared) {
        for (name, source) in tables {
            let place = node.at(&["tables", name]).0;
            let Reading { sources, diagnostics, .. } = &mut self.reading;
            let Some((table, file)) = table::read(name, source, place, self.files, sources, diagnostics) else {
                continue;
            };
            if let Some(file) = file {
                self.read.push((file.name, file.sha256));
            }
            if shared.tables.insert(name.clone(), Arc::new(table)).is_some() {
                self.twice("table", name, &["tables", name], node);
            }
        }
    }

    fn named(&mut self, projections: &Named<ProjectionSource>, node: &Node, shared: &mut Shared) {
        for (key, tree) in node.get("fragments").map(Node::entries).unwrap_or_default() {
            if shared.fragments.insert(key.text.clone(), tree.clone()).is_some() {
                self.twice("fragment", &key.text, &["fragments", &key.text], node);
            }
        }
        for (name, document) in projections {
            let place = &["projections", name.as_str()];
            let source = Source {
                document: document.clone(),
                node: node.at(place).0.clone(),
                name_span: node.key_span_of(place),
            };
            if shared.projections.insert(name.clone(), source).is_some() {
                self.twice("projection", name, place, node);
            }
        }
    }

    fn twice(&mut self, what: &str, name: &str, place: &[&str], node: &Node) {
        let message = format!("there are two of {what} `{name}` in the mapping's files");
        let diagnostic = Diagnostic::error(codes::DUPLICATE_NAME, message)
            .at(node.key_span_of(place))
            .path(path::text(place))
            .help("give one of them another name");
        self.reading.diagnostics.push(diagnostic);
    }

    fn definition(
        &mut self,
        standard: Standard,
        head: &Head,
        node: &Node,
        head_name: &str,
    ) -> (Elements, IndexMap<String, TableDef>) {
        if standard == Standard::Meds04 {
            return (Elements::default(), events(&head.extra_columns));
        }
        let nothing = || (Elements::default(), IndexMap::new());
        let Some(file) = &head.definition else {
            let diagnostic = Diagnostic::error(codes::MISSING_KEY, "key `definition` is missing")
                .at(node.key_span_of(&["mapping"]))
                .help("name the CSV file that says what the standard allows: `definition: elements.csv`");
            self.reading.diagnostics.push(diagnostic);
            return nothing();
        };
        let name = beside(head_name, file);
        let span = node.span_of(&["definition"]);
        let bytes = match self.files.read(&name, definition::LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let message = format!("the definition `{name}` cannot be read: {error}");
                let diagnostic = Diagnostic::error(codes::FILE_NOT_FOUND, message).at(span).path("definition");
                self.reading.diagnostics.push(diagnostic);
                return nothing();
            }
        };
        self.read.push((name.clone(), sha256(&bytes)));
        let read = match standard {
            Standard::FhirR4 => Elements::read(&bytes).map(|elements| (elements, IndexMap::new())),
            _ => definition::tables(&bytes).map(|tables| (Elements::default(), tables)),
        };
        read.unwrap_or_else(|why| {
            let message = format!("the definition `{name}` cannot be used: {why}");
            let diagnostic = Diagnostic::error(codes::BAD_DEFINITION, message).at(span).path("definition");
            self.reading.diagnostics.push(diagnostic);
            nothing()
        })
    }

    fn splits(&mut self, splits: &Named<Weight>, node: &Node, standard: Standard) -> Vec<(String, f64)> {
        let share = |weight: &Weight| match weight {
            Weight::Number(number) => Some(*number),
            Weight::Percent(text) => percentage(text),
        };
        let shares: Option<Vec<(String, f64)>> =
            splits.iter().map(|(name, weight)| Some((name.clone(), share(weight)?))).collect();
        let sum: f64 = shares.iter().flatten().map(|(_, share)| share).sum();
        let right =
            shares.is_some() && (sum - 1.0).abs() < 1e-9 && shares.iter().flatten().all(|(_, share)| *share >= 0.0);
        if !right && (standard == Standard::Meds04 || !splits.is_empty()) {
            let diagnostic = Diagnostic::error(codes::BAD_SPLITS, "the shares of the splits do not sum to 100 %")
                .at(node.span_of(&["splits"]))
                .path("splits")
                .help("write `splits: {train: 80%, tuning: 10%, held_out: 10%}`");
            self.reading.diagnostics.push(diagnostic);
        }
        shares.unwrap_or_default()
    }
}

/// A setting as a constant: an ISO date is a date.
fn literal(scalar: &Scalar) -> Literal {
    match scalar {
        Scalar::Boolean(value) => Literal::Boolean(*value),
        Scalar::Integer(value) => Literal::Integer(*value),
        Scalar::Number(value) => Literal::Float(*value),
        Scalar::Text(value) => Literal::temporal(value).unwrap_or_else(|| Literal::Text(value.clone())),
    }
}

/// The tables that a MEDS projection fills.
///
/// # Source
/// MEDS 0.4.1, `meds.schema.DataSchema`.
fn events(extra: &Named<ExtraType>) -> IndexMap<String, TableDef> {
    let column = |name: &str, ty: Type, required: bool| ColumnDef {
        name: name.to_owned(),
        ty,
        required,
        primary_key: false,
        foreign_key: None,
        max_length: None,
    };
    let mut columns = vec![
        column("time", Type::DateTime, false),
        column("code", Type::Text, true),
        column("numeric_value", Type::Float, false),
        column("text_value", Type::Text, false),
    ];
    columns.extend(extra.iter().map(|(name, ty)| {
        let ty = match ty {
            ExtraType::Text => Type::Text,
            ExtraType::Integer => Type::Integer,
            ExtraType::Number => Type::Float,
            ExtraType::Boolean => Type::Boolean,
        };
        column(name, ty, false)
    }));
    let table = |name: &str, columns| (name.to_owned(), TableDef { name: name.to_owned(), columns });
    [table("subject", Vec::new()), table("event", columns)].into()
}
