//! What names mean: the border between expressions and the spec that surrounds them.

use crate::types::{Literal, Type};

/// Resolves names as seen from the rows of one entity.
pub trait Scope {
    /// Resolves `a.b.c` (or `c`) seen from this scope's entity to a column reached through hops.
    ///
    /// # Errors
    /// A [`ResolveError`] that says what was not found, or what the name could mean.
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError>;

    /// A child (or deeper descendant) entity, by its name, whose rows may be aggregated from here: the hops from a child's row up
    /// to this entity, and the scope of the child's rows.
    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)>;

    /// All columns of the row that a path leads to, for `cell`. An empty path, or this entity's own name, is the row
    /// itself. `None` when the path leads to no row.
    fn row(&self, path: &[&str]) -> Option<Vec<ColumnRef>> {
        let _ = path;
        None
    }

    /// A constant: `as_of`, `period_start`, `period_end` and the spec's settings.
    fn constant(&self, name: &str) -> Option<Literal>;

    /// A function of the spec's own.
    fn function(&self, name: &str) -> Option<Macro>;

    /// The columns of a lookup table.
    fn table(&self, name: &str) -> Option<TableShape>;
}

/// A column, and the way to it from the row at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// The steps from the row at hand to the column's row; empty for a column of the row itself.
    pub hops: Vec<Hop>,
    /// The entity the column belongs to.
    pub entity: String,
    /// The column's name.
    pub field: String,
    /// Its type.
    pub ty: Type,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// One step from a row to the one row it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    /// How.
    pub via: Via,
    /// The entity arrived at.
    pub entity: String,
}

/// How a row knows the other row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// To the parent entity.
    Parent,
    /// Through the foreign-key field of this name.
    Link(String),
}

/// Why a name could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveError {
    /// What was looked for and where.
    pub message: String,
    /// Names that are near, best first.
    pub suggestions: Vec<String>,
    /// Whether the name leads to several columns rather than to none.
    pub ambiguous: bool,
}

/// A function written in a spec: its call is replaced by its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// The names its body uses for the arguments.
    pub parameters: Vec<String>,
    /// An expression. Names that are not parameters are resolved where the function is called.
    pub body: String,
}

/// The columns of a lookup table. The first is its key unless `key` names another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// The key column.
    pub key: String,
    /// Names and types of the columns, in order.
    pub columns: Vec<(String, Type)>,
}
