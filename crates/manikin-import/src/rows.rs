//! The rows of sources in memory, with the ways between them.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use manikin_expression::{ColumnRef, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, Via};
use manikin_spec::spec::Spec;
use manikin_spec::table::{Table as SpecTable, Values};
use manikin_tables::{Column, LookupTable, NO_ROW, Relations};

/// The rows of one source.
#[derive(Default)]
pub(crate) struct SourceRows {
    pub(crate) rows: usize,
    pub(crate) columns: IndexMap<String, Column>,
    pub(crate) links: BTreeMap<String, Vec<u32>>,
    pub(crate) places: Places,
    /// Whether the dataset lacks it.
    pub(crate) absent: bool,
}

/// Where rows were read: files, and for each row which file and line.
#[derive(Clone, Default)]
pub(crate) struct Places {
    pub(crate) files: Vec<String>,
    /// The first row of each file.
    pub(crate) starts: Vec<u32>,
    /// The line of each row, from 1, or in files without lines its number; empty where rows are numbered as they stand.
    pub(crate) lines: Vec<u32>,
    /// Whether the files have lines.
    pub(crate) by_line: bool,
}

impl Places {
    /// The place of a row, in words.
    pub(crate) fn of(&self, row: u32) -> String {
        let file = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        let name = self.files.get(file).map_or("?", String::as_str);
        match self.lines.get(row as usize) {
            Some(line) if self.by_line => format!("{name}:{line}"),
            Some(number) => format!("{name}, row {number}"),
            None => format!("{name}, row {}", row - self.starts.get(file).copied().unwrap_or(0) + 1),
        }
    }

    /// The places of the rows that are kept.
    pub(crate) fn kept(&self, keep: &[bool]) -> Self {
        let before: Vec<u32> = std::iter::once(0)
            .chain(keep.iter().scan(0, |kept, keep| {
                *kept += u32::from(*keep);
                Some(*kept)
            }))
            .collect();
        let number = |row: usize| {
            self.lines.get(row).copied().unwrap_or_else(|| {
                let file = self.starts.partition_point(|start| *start as usize <= row).saturating_sub(1);
                row as u32 - self.starts.get(file).copied().unwrap_or(0) + 1
            })
        };
        Self {
            files: self.files.clone(),
            starts: self.starts.iter().map(|start| before.get(*start as usize).copied().unwrap_or(0)).collect(),
            lines: (0..keep.len()).filter(|row| keep[*row]).map(number).collect(),
            by_line: self.by_line,
        }
    }
}

/// All sources, as expressions see them.
pub(crate) struct Rows {
    pub(crate) sources: IndexMap<String, SourceRows>,
    pub(crate) lookups: BTreeMap<String, LookupTable>,
}

impl Relations for Rows {
    fn rows(&self, entity: &str) -> usize {
        self.sources.get(entity).map_or(0, |source| source.rows)
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        self.sources.get(entity)?.columns.get(field)
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        match &hop.via {
            Via::Link(name) => self.sources.get(entity)?.links.get(name).map(Vec::as_slice),
            Via::Parent => None,
        }
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.lookups.get(name)
    }
}

/// Rows by the text of a key.
pub(crate) struct Keys {
    rows: foldhash::HashMap<u64, Vec<u32>>,
}

impl Keys {
    /// The rows of a column by their texts; the first pair of rows with one text, where there is one.
    pub(crate) fn of(texts: &[Option<&str>]) -> (Self, Option<(u32, u32)>) {
        let mut keys = Self { rows: foldhash::HashMap::default() };
        let mut twice = None;
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let held = keys.rows.entry(hash(text)).or_default();
            if twice.is_none()
                && let Some(first) = held.iter().find(|first| texts[**first as usize] == Some(text))
            {
                twice = Some((*first, row as u32));
            }
            held.push(row as u32);
        }
        (keys, twice)
    }

    /// The first row with a text.
    pub(crate) fn find(&self, text: &str, texts: &[Option<&str>]) -> Option<u32> {
        let held = self.rows.get(&hash(text))?;
        held.iter().copied().find(|row| texts[*row as usize] == Some(text))
    }
}

fn hash(text: &str) -> u64 {
    FixedState::default().hash_one(text)
}

/// For each row the row that its key leads to, and how many keys lead nowhere.
pub(crate) fn link(from: &[Option<&str>], to: &[(Keys, Vec<Option<&str>>)]) -> (Vec<u32>, u64) {
    let mut dangling = 0;
    let rows = from
        .iter()
        .map(|text| {
            let Some(text) = text else { return NO_ROW };
            let found = to.iter().find_map(|(keys, texts)| keys.find(text, texts));
            dangling += u64::from(found.is_none());
            found.unwrap_or(NO_ROW)
        })
        .collect();
    (rows, dangling)
}

/// What a source's rows look like before they are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) columns: IndexMap<String, Type>,
    /// The sources that links lead to, by the name of the link.
    pub(crate) links: IndexMap<String, String>,
    /// Whether the dataset lacks the table, so that nothing is known of its columns: each is text, and has no rows.
    pub(crate) absent: bool,
}

/// Everything that the expressions of an import may name.
pub(crate) struct World<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) tables: &'a IndexMap<String, SpecTable>,
    pub(crate) shapes: &'a IndexMap<String, Shape>,
}

/// The names that are seen from the rows of a source.
pub(crate) struct RowScope<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) source: &'a str,
}

impl Scope for RowScope<'_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let refuse = |message: String, name: &str, known: Vec<&str>| {
            let suggestions = manikin_diagnostic::nearest(name, known).map(str::to_owned).into_iter().collect();
            Err(ResolveError { message, suggestions, ambiguous: false })
        };
        let Some((name, way)) = path.split_last() else {
            return refuse("a name is expected".to_owned(), "", Vec::new());
        };
        let (mut at, mut hops) = (self.source, Vec::new());
        for part in way {
            let shape = &self.world.shapes[at];
            match shape.links.get_key_value(*part) {
                Some((link, to)) => {
                    hops.push(Hop { via: Via::Link(link.clone()), entity: to.clone() });
                    at = to;
                }
                None => {
                    let known = shape.links.keys().map(String::as_str).collect();
                    return refuse(format!("source `{at}` has no link `{part}`"), part, known);
                }
            }
        }
        let shape = &self.world.shapes[at];
        match shape.columns.get(*name) {
            Some(ty) => {
                Ok(ColumnRef { hops, entity: at.to_owned(), field: (*name).to_owned(), ty: ty.clone(), nullable: true })
            }
            None if shape.absent => {
                let (entity, field) = (at.to_owned(), (*name).to_owned());
                Ok(ColumnRef { hops, entity, field, ty: Type::Text, nullable: true })
            }
            None => {
                let known = shape.columns.keys().map(String::as_str).collect();
                refuse(format!("source `{at}` has no column `{name}`"), name, known)
            }
        }
    }

    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        let (source, shape) = self.world.shapes.get_key_value(name)?;
        let mut ways = shape.links.iter().filter(|(_, to)| *to == self.source);
        let (link, to) = ways.next().filter(|_| ways.next().is_none())?;
        let hop = Hop { via: Via::Link(link.clone()), entity: to.clone() };
        Some((vec![hop], Box::new(RowScope { world: self.world, source })))
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        self.world.spec.constants.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let function = self.world.spec.document.functions.get(name)?;
        Some(Macro { parameters: function.of.clone(), body: function.is.clone() })
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        let table =
            self.world.tables.get(name).or_else(|| self.world.spec.tables.get(name).map(std::sync::Arc::as_ref))?;
        let columns: Vec<(String, Type)> =
            table.columns.iter().map(|column| (column.name.clone(), value_type(&column.values))).collect();
        let key = table.key.clone().or_else(|| columns.first().map(|(name, _)| name.clone()))?;
        Some(TableShape { key, columns })
    }
}

fn value_type(values: &Values) -> Type {
    match values {
        Values::Integer(_) => Type::Integer,
        Values::Number(_) => Type::Float,
        Values::Text(_) => Type::Text,
        Values::Boolean(_) => Type::Boolean,
        Values::Date(_) => Type::Date,
    }
}
