//! A checked spec: names resolved, expressions typed, the order of computation fixed.
//!
//! [`crate::resolve`] makes it from a [`Document`](crate::document::Document); whoever holds a [`Spec`] holds one
//! without mistakes. Entities and fields are addressed by [`EntityId`] and [`FieldId`], which index the lists here.

mod contract;
mod generator;
mod learned;
mod step;
mod visit;
mod way;

pub use contract::*;
pub use generator::*;
pub use learned::*;
pub use step::*;

use crate::document::{Document, Origin, Privacy};
use crate::table::Table;
use manikin_expression::{Expression, Literal, Type};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Index of an entity in [`Spec::entities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub usize);

/// Index of a field in its entity's [`Entity::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub usize);

/// A spec that has been checked.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The merged document, for everything that is only described.
    pub document: Document,
    /// Short name of the product.
    pub product: String,
    /// Hex SHA-256 over the canonical document and every table.
    pub digest: String,
    /// Every file that was read, with its SHA-256, in order of reading.
    pub files: Vec<(String, String)>,
    /// First and last day, as days since 1970-01-01, both included.
    pub period: (i32, i32),
    /// The day the data is seen from, as days since 1970-01-01.
    pub as_of: i32,
    /// Seed of generation.
    pub seed: u64,
    /// `as_of`, `period_start`, `period_end` and the settings.
    pub constants: BTreeMap<String, Literal>,
    /// Tables by name.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Patterns by name, ready to draw from.
    pub patterns: BTreeMap<String, Week>,
    /// Entities, every parent before its children.
    pub entities: Vec<Entity>,
    /// The unit of generation; `None` where nothing is generated per subject.
    pub subject: Option<EntityId>,
    /// What is computed, in an order in which everything needed comes first. Steps of reference entities come first.
    pub steps: Vec<Step>,
    /// For each step, the positions of the earlier steps that it needs directly.
    pub needs: Vec<Vec<usize>>,
    /// Edge cases in document order.
    pub edge_cases: Vec<EdgeCase>,
    /// What is learned from real records; `None` where nothing is.
    pub learned: Option<Learned>,
}

/// An entity whose names are resolved.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// Whether its rows belong to a subject, or are made once for all.
    pub scope: EntityScope,
    /// The parent entity.
    pub parent: Option<EntityId>,
    /// The fields of the key; empty for an entity without one.
    pub key: Vec<FieldId>,
    /// Computed but not written.
    pub hidden: bool,
    /// Where the rows come from.
    pub rows: Rows,
    /// Rows where this is not true are discarded.
    pub keep: Option<Expression>,
    /// The field that orders the rows within their parent.
    pub sort: Option<FieldId>,
    /// Groups of correlated fields; a field is in one group at most.
    pub correlations: Vec<Correlation>,
    /// Rows a parent may have, by contract.
    pub cardinality: Option<(u64, Option<u64>)>,
    /// Fields in document order.
    pub fields: Vec<Field>,
    /// Business rules in document order.
    pub rules: Vec<Rule>,
}

impl Entity {
    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|field| field.name == name).map(FieldId)
    }
}

impl Spec {
    /// The entity of this name.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<EntityId> {
        self.entities.iter().position(|entity| entity.name == name).map(EntityId)
    }
}

impl std::ops::Index<EntityId> for Spec {
    type Output = Entity;
    fn index(&self, id: EntityId) -> &Entity {
        &self.entities[id.0]
    }
}

impl std::ops::Index<FieldId> for Entity {
    type Output = Field;
    fn index(&self, id: FieldId) -> &Field {
        &self.fields[id.0]
    }
}

/// Whether an entity's rows belong to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityScope {
    /// Made once, before any subject: facilities, providers, payers.
    Reference,
    /// The subject itself.
    Subject,
    /// Descends from the subject.
    Descendant,
}

/// Where an entity's rows come from.
#[derive(Clone, Debug)]
pub enum Rows {
    /// This many in all; only where there is no parent.
    Fixed(u64),
    /// Drawn for each parent row.
    PerParent(Count),
    /// A total spread over the parent rows.
    Total {
        /// Rows in all.
        total: u64,
        /// How unevenly.
        spread: Spread,
        /// At least this many per parent.
        min: u64,
        /// At most this many per parent.
        max: Option<u64>,
    },
    /// One per row of a table, for each parent row (or once, where there is no parent).
    Each {
        /// The table.
        table: String,
        /// Table columns that equal an expression on the parent row; an empty cell matches anything.
        matching: Vec<(String, Expression)>,
        /// Only where this holds, over the parent's fields and `item.column`.
        when: Option<Expression>,
    },
    /// As many as the model says for each parent row: [`AttributeKind::Rows`] of the parent's level.
    Learned,
    /// Only described: rows come from elsewhere (or it has no generator).
    External,
}

/// How unevenly a total is spread over the parents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// As evenly as whole rows allow.
    Even,
    /// Each row to a parent at random.
    Multinomial,
    /// Parents differ by a gamma-distributed rate.
    Gamma {
        /// Shape of the rate.
        shape: f64,
    },
}

/// A number of rows or items drawn per row.
#[derive(Clone, Debug)]
pub struct Count {
    /// What draws it; a numeric generator.
    pub generator: Generator,
    /// At least.
    pub min: u64,
    /// At most.
    pub max: Option<u64>,
}

/// A field whose names are resolved.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Type of its values.
    pub ty: Type,
    /// What makes the values; `None` where the field is only described.
    pub generator: Option<Generator>,
    /// What a learned field can hold; with a model its generator is [`Generator::Learned`].
    pub learn: Option<FieldDomain>,
    /// Where the field's public settings come from.
    pub origin: Option<Origin>,
    /// How often the value is missing.
    pub missing: Option<Missing>,
    /// A choice whose weights hold exactly.
    pub exact: Option<Exact>,
    /// Computed but not written.
    pub hidden: bool,
    /// The entity whose key this field holds.
    pub references: Option<EntityId>,
    /// What the contract demands.
    pub contract: FieldContract,
    /// UCUM unit.
    pub unit: Option<String>,
    /// Privacy role.
    pub privacy: Option<Privacy>,
}

/// How often a value is missing.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Probability.
    pub rate: Parameter,
    /// Only where this holds.
    pub when: Option<Expression>,
}

/// Over what a choice's weights hold exactly.
#[derive(Clone, Debug)]
pub enum Exact {
    /// Over the entity's own rows.
    Own,
    /// Over the rows of another entity.
    Of {
        /// A child, or an entity that links here.
        entity: EntityId,
        /// The field of that entity that links here; `None` for a child.
        link: Option<FieldId>,
        /// Factor on the weight of each value of the choice, per row.
        affinity: Vec<Option<Expression>>,
    },
}

/// Correlated fields of one row.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// The fields, in the order in which they are mixed.
    pub fields: Vec<FieldId>,
    /// Correlations of the latent normals, by positions in `fields`.
    pub pairs: Vec<(usize, usize, f64)>,
}

/// An edge case whose names are resolved.
#[derive(Clone, Debug)]
pub struct EdgeCase {
    /// Its name.
    pub name: String,
    /// Entity whose rows are changed.
    pub entity: EntityId,
    /// Which rows.
    pub selection: Selection,
    /// Only rows where this holds.
    pub condition: Option<Expression>,
    /// What is done to them.
    pub action: Action,
    /// The rules that it breaks, as `entity.rule` or `entity.field.required`; empty for a realistic outlier.
    pub breaks: Vec<String>,
}

/// Which rows an edge case takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selection {
    /// Exactly this many of the whole dataset.
    Count(u64),
    /// Each with this probability.
    Rate(f64),
}

/// What an edge case does to a row.
#[derive(Clone, Debug)]
pub enum Action {
    /// New values before the dependents are computed.
    Set(Vec<(FieldId, Expression)>),
    /// No value, after everything else.
    Clear(Vec<FieldId>),
    /// Wrong values, after everything else.
    Corrupt(Vec<(FieldId, Expression)>),
    /// The row twice, after everything else.
    Duplicate,
}
