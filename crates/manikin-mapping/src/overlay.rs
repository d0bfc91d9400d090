//! What a mapping adds to the rows of a spec: its lookup tables, and the rows of lists and places in them.

use std::collections::BTreeMap;

use manikin_expression::{Hop, Via};
use manikin_tables::{Column, LookupTable, Relations};

use crate::checked::Checked;

/// The rows of a spec as a mapping's expressions see them.
pub struct Overlay<'a> {
    rows: &'a dyn Relations,
    lookups: &'a BTreeMap<String, LookupTable>,
    columns: BTreeMap<(String, String), Column>,
    added: BTreeMap<String, Added>,
}

/// Rows that no entity has: each belongs to a row of one that has.
struct Added {
    rows: usize,
    above: Vec<u32>,
}

impl Checked {
    /// The rows of a block or a dataset as the mapping's expressions see them.
    pub fn overlay<'a>(&'a self, rows: &'a dyn Relations) -> Overlay<'a> {
        Overlay { rows, lookups: &self.lookups, columns: BTreeMap::new(), added: BTreeMap::new() }
    }
}

impl Overlay<'_> {
    /// Adds a column to an entity, or to rows that were added.
    pub(crate) fn add_column(&mut self, entity: &str, field: &str, column: Column) {
        self.columns.insert((entity.to_owned(), field.to_owned()), column);
    }

    /// Adds rows under a name of their own; `above` is the row that each belongs to.
    pub(crate) fn add_rows(&mut self, name: &str, above: Vec<u32>) {
        self.added.insert(name.to_owned(), Added { rows: above.len(), above });
    }
}

impl Relations for Overlay<'_> {
    fn rows(&self, entity: &str) -> usize {
        self.added.get(entity).map_or_else(|| self.rows.rows(entity), |added| added.rows)
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        // Most columns are the rows' own; only those that start with a sign no field has are ours.
        if self.columns.is_empty() {
            return self.rows.column(entity, field);
        }
        self.columns.get(&(entity.to_owned(), field.to_owned())).or_else(|| self.rows.column(entity, field))
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        match self.added.get(entity) {
            Some(added) => (hop.via == Via::Parent).then_some(&added.above),
            None => self.rows.hop(entity, hop),
        }
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.lookups.get(name).or_else(|| self.rows.table(name))
    }
}
