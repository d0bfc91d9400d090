//! The rows that a mapping sees: one block's tables with the rows that are made once for a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_expression::Hop;
use manikin_spec::spec::{EntityId, EntityScope};
use manikin_tables::{Block, Column, Dataset, LookupTable, NO_ROW, Relations};

use crate::checked::Checked;

/// The name under which expressions of a projection `from: $run` know its one row; it is no entity's.
pub const RUN: &str = "$run";

/// What every block of a run shares: the reference entities, related and indexed once, and the lookup tables.
pub struct Shared {
    mapping: Arc<Checked>,
    reference: Dataset,
}

impl Shared {
    /// Takes the block of the reference entities, block 0.
    pub fn new(mapping: Arc<Checked>, reference: &Block) -> Self {
        let spec = mapping.spec.clone();
        let once = reference
            .tables
            .iter()
            .filter(|table| spec.entity(table.entity()).is_some_and(|id| spec[id].scope == EntityScope::Reference));
        let reference = Dataset::new(spec.clone(), once, &BTreeMap::new());
        Self { mapping, reference }
    }

    /// The mapping.
    pub fn mapping(&self) -> &Arc<Checked> {
        &self.mapping
    }

    /// The rows of a block beside those of the reference entities.
    pub fn records(&self, block: &Block) -> Records<'_> {
        Records { shared: self, data: self.reference.with(&block.tables), block: block.index }
    }
}

/// One block's rows, those of the reference entities and the lookup tables of spec and mapping.
pub struct Records<'a> {
    shared: &'a Shared,
    data: Dataset,
    block: u64,
}

impl Records<'_> {
    /// The mapping.
    pub fn mapping(&self) -> &Checked {
        &self.shared.mapping
    }

    /// The place of the block in the run; 0 is that of the reference entities.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// The tables, related.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Whether an entity's rows are made with this block, and not once for all or with the other blocks.
    pub fn is_here(&self, entity: EntityId) -> bool {
        (self.block == 0) == self.is_reference(entity)
    }

    /// Whether an entity's rows are made once for the run.
    pub fn is_reference(&self, entity: EntityId) -> bool {
        self.shared.mapping.spec[entity].scope == EntityScope::Reference
    }

    /// Where each row of an entity arrives after some hops, [`NO_ROW`] where a row leads nowhere; `None` when the rows
    /// do not say.
    pub fn route(&self, entity: EntityId, hops: &[Hop]) -> Option<Vec<u32>> {
        let spec = &self.shared.mapping.spec;
        let mut at = entity;
        let mut route: Option<Vec<u32>> = None;
        for hop in hops {
            let step = self.hop(&spec[at].name, hop)?;
            route = Some(match route {
                None => step.to_vec(),
                Some(rows) => rows.into_iter().map(|row| step.get(row as usize).copied().unwrap_or(NO_ROW)).collect(),
            });
            at = spec.entity(&hop.entity)?;
        }
        Some(route.unwrap_or_else(|| (0..self.data.rows_of(entity) as u32).collect()))
    }

    /// The subject that each row of an entity belongs to, as its row among the block's subjects; `None` for reference
    /// entities and where the rows do not say.
    pub fn subjects(&self, entity: EntityId) -> Option<Vec<u32>> {
        self.ancestors(entity, self.shared.mapping.spec.subject?)
    }

    /// The row of an ancestor above each row of an entity; `None` where it is none and where the rows do not say.
    pub fn ancestors(&self, entity: EntityId, ancestor: EntityId) -> Option<Vec<u32>> {
        let spec = &self.shared.mapping.spec;
        let mut at = entity;
        let mut route: Option<Vec<u32>> = None;
        while at != ancestor {
            let step = self.data.parent(at)?;
            route = Some(match route {
                None => step.to_vec(),
                Some(rows) => rows.into_iter().map(|row| step.get(row as usize).copied().unwrap_or(NO_ROW)).collect(),
            });
            // A parent that is not written is stood in for by its own parent's rows, one each.
            at = spec[at].parent?;
        }
        Some(route.unwrap_or_else(|| (0..self.data.rows_of(entity) as u32).collect()))
    }
}

impl Relations for Records<'_> {
    fn rows(&self, entity: &str) -> usize {
        if entity == RUN { usize::from(self.block == 0) } else { self.data.rows(entity) }
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        self.data.column(entity, field)
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        self.data.hop(entity, hop)
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        // A mapping's own table comes first, as in its checks.
        self.shared.mapping.lookups.get(name).or_else(|| self.data.table(name))
    }
}
