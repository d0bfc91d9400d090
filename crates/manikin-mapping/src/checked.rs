//! A mapping that was checked against a spec: names resolved, expressions typed.
//!
//! Projections are addressed by [`ProjectionId`], entities by the spec's [`EntityId`]. Expressions are seen from the
//! rows of their projection's entity and refer to written fields only, so that they can be evaluated on generated
//! rows and on a dataset read from files alike.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_expression::{Expression, Hop, Literal, Type};
use manikin_spec::spec::{EntityId, Spec};
use manikin_spec::table::Table;
use manikin_tables::LookupTable;

use crate::tree::Body;

/// Which standard a mapping is for: what its definition looks like, and which engine carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standard {
    /// FHIR R4 resources.
    FhirR4,
    /// Tables of the OMOP common data model 5.4.
    Omop54,
    /// Events of the Medical Event Data Standard 0.4.
    Meds04,
}

impl Standard {
    /// Every standard, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::FhirR4, Self::Omop54, Self::Meds04];

    /// The name that `mapping:` gives, which is also the folder of the built-in mapping.
    pub fn name(self) -> &'static str {
        match self {
            Self::FhirR4 => "fhir-r4",
            Self::Omop54 => "omop-5.4",
            Self::Meds04 => "meds-0.4",
        }
    }

    /// The word that `--to` takes.
    pub fn word(self) -> &'static str {
        match self {
            Self::FhirR4 => "fhir",
            Self::Omop54 => "omop",
            Self::Meds04 => "meds",
        }
    }

    /// The standard of a name or of a word of `--to`.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standard| standard.name() == name || standard.word() == name)
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Index of a projection in [`Checked::projections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectionId(pub usize);

/// A mapping without mistakes, for one spec.
#[derive(Debug)]
pub struct Checked {
    /// The standard.
    pub standard: Standard,
    /// The mapping's own version.
    pub version: String,
    /// What it makes, in a line.
    pub title: String,
    /// SHA-256 of everything that the mapping is made of, in hexadecimal.
    pub digest: String,
    /// The spec whose rows are projected.
    pub spec: Arc<Spec>,
    /// The projections, in the order of the files and of each file.
    pub projections: Vec<Projection>,
    /// Projections that the spec has no rows for, and the entity that it lacks.
    pub left_out: Vec<(String, String)>,
    /// The mapping's own lookup tables as read, by name.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// The mapping's own lookup tables, ready to be looked into; those of the spec come with the rows.
    pub lookups: BTreeMap<String, LookupTable>,
    /// The mapping's settings.
    pub settings: BTreeMap<String, Literal>,
    /// The tables that the definition describes (OMOP) or the one table of events (MEDS), each with all its columns.
    pub definition: IndexMap<String, TableDef>,
    /// Shares of subjects by split, summing to 1 (MEDS).
    pub splits: Vec<(String, f64)>,
}

/// What is made of the rows of one entity.
#[derive(Clone, Debug)]
pub struct Projection {
    /// The name that references and keys use.
    pub name: String,
    /// The resource type, the table, or `event` or `subject`.
    pub to: String,
    /// What it is made of.
    pub from: From,
    /// Only rows where this is true.
    pub filter: Option<Expression>,
    /// The text that names a row within the projection: what ids are made of. The entity's key unless given.
    pub id: Option<Expression>,
    /// What is written.
    pub content: Content,
    /// What a code means, for lists of the codes used (MEDS).
    pub description: Option<Expression>,
    /// The codes above a code (MEDS): text, or a list of text.
    pub parent_codes: Option<Expression>,
}

/// Where the rows of a projection come from.
#[derive(Clone, Debug)]
pub enum From {
    /// The rows of an entity.
    Entity(EntityId),
    /// Exactly one row in the whole run.
    Run,
    /// The rows of a lookup table of the mapping or the spec, as they are.
    Table(String),
    /// Spans of another projection's rows joined over short gaps.
    Era(Era),
}

/// Which spans are joined to eras.
#[derive(Clone, Debug)]
pub struct Era {
    /// The table that the spans are rows of; projections fill it.
    pub of: String,
    /// Its columns that rows of one era agree in. Rows where one is NULL or 0 are left out.
    pub by: Vec<String>,
    /// For each of them the table that its values are first looked up in.
    pub through: Vec<Option<Through>>,
    /// Its column of first days.
    pub start: String,
    /// Its column of last days; the first day where it is NULL.
    pub end: String,
    /// Spans join where at most so many days lie between them.
    pub gap_days: i64,
}

/// A lookup table of whole numbers that stand for others.
#[derive(Clone, Debug)]
pub struct Through {
    /// The table.
    pub table: String,
    /// Its column that the values stand in.
    pub from: String,
    /// Its column of what they stand for.
    pub to: String,
}

/// What a projection writes.
#[derive(Clone, Debug)]
pub enum Content {
    /// A resource (FHIR).
    Body(Body),
    /// Columns, in the order of the definition; those not named are NULL and not here.
    Columns(Vec<(ColumnDef, Cell)>),
}

/// A table of a standard.
#[derive(Clone, Debug, PartialEq)]
pub struct TableDef {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnDef>,
}

/// A column of a standard's table.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDef {
    /// Its name.
    pub name: String,
    /// The type of its values; what a cell gives already has it.
    pub ty: Type,
    /// Whether every row must have a value.
    pub required: bool,
    /// Whether it is the table's primary key.
    pub primary_key: bool,
    /// The table whose primary key it holds.
    pub foreign_key: Option<String>,
    /// Most characters of a text.
    pub max_length: Option<usize>,
}

/// What stands in a column.
#[derive(Clone, Debug)]
pub enum Cell {
    /// An expression of the column's type.
    Expression(Expression),
    /// The same value in every row.
    Literal(Literal),
    /// The integer key of the row that a projection makes of the row at the end of the hops; NULL where there is none.
    Key {
        /// The projection.
        projection: ProjectionId,
        /// The way from the row at hand to a row of that projection's entity.
        hops: Vec<Hop>,
    },
    /// The first that is not NULL.
    First(Vec<Cell>),
    /// A property of the era.
    Era(EraValue),
    /// The column of this name of the lookup table ([`From::Table`]).
    Column(String),
}

/// A property of an era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraValue {
    /// The value of a column of [`Era::by`], by its place there.
    By(usize),
    /// The first day.
    Start,
    /// The last day.
    End,
    /// How many rows were joined.
    Count,
    /// Days from the first to the last, both included.
    Days,
    /// Days between the first and the last that no row covers.
    GapDays,
}

impl Checked {
    /// The projection of a name.
    pub fn projection(&self, name: &str) -> Option<ProjectionId> {
        self.projections.iter().position(|projection| projection.name == name).map(ProjectionId)
    }
}

impl std::ops::Index<ProjectionId> for Checked {
    type Output = Projection;
    fn index(&self, id: ProjectionId) -> &Projection {
        &self.projections[id.0]
    }
}
