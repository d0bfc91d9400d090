//! The rows of a block while they are being computed.

use crate::plan::Plan;
use crate::values::{self, NONE};
use manikin_random::Address;
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::Column;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All rows of one range of subjects, or of the reference entities.
pub(crate) struct Rows {
    /// The place of the block in the run: 0 for the reference entities, then blocks of subjects from 1.
    pub(crate) index: u64,
    /// The rows of the reference entities, which every block of subjects may read.
    pub(crate) reference: Option<Arc<Rows>>,
    /// By entity; those of the other scope stay empty.
    pub(crate) entities: Vec<EntityRows>,
    /// Changes made by edge cases so far.
    pub(crate) truth: Vec<crate::truth::Change>,
}

/// The rows of one entity in a block.
#[derive(Clone, Default)]
pub(crate) struct EntityRows {
    /// Where each row's random values live.
    pub(crate) address: Vec<Address>,
    /// The row's number among its siblings, as it was made.
    pub(crate) sibling: Vec<u32>,
    /// The row of the parent entity.
    pub(crate) parent: Vec<u32>,
    /// The root row above each row, counted within the block.
    pub(crate) subject: Vec<u32>,
    /// Columns computed so far, by field.
    pub(crate) columns: Vec<Option<Column>>,
    /// Rows reached through link fields, by field.
    pub(crate) links: BTreeMap<FieldId, Vec<u32>>,
    /// Columns of the table that `each` goes over, by name.
    pub(crate) items: BTreeMap<String, Column>,
    /// Correlated normals, by field.
    pub(crate) normals: BTreeMap<FieldId, Vec<f64>>,
    /// What a model says of each row: a column of codes for each attribute of the entity's level.
    pub(crate) codes: crate::learned::Codes,
}

impl EntityRows {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.address.len()
    }

    /// Keeps these rows, in this order.
    pub(crate) fn reorder(&mut self, rows: &[u32]) {
        let pick = |from: &[u32]| rows.iter().map(|&row| from[row as usize]).collect::<Vec<u32>>();
        self.address = rows.iter().map(|&row| self.address[row as usize]).collect();
        self.sibling = pick(&self.sibling);
        self.parent = pick(&self.parent);
        self.subject = pick(&self.subject);
        for column in self.columns.iter_mut().flatten() {
            *column = values::gather(column, rows);
        }
        for link in self.links.values_mut() {
            *link = pick(link);
        }
        for item in self.items.values_mut() {
            *item = values::gather(item, rows);
        }
        for codes in &mut self.codes {
            *codes = rows.iter().map(|&row| codes[row as usize]).collect();
        }
        for normals in self.normals.values_mut() {
            *normals = rows.iter().map(|&row| normals[row as usize]).collect();
        }
    }
}

impl Rows {
    /// A block without rows.
    pub(crate) fn empty(plan: &Plan, index: u64, reference: Option<Arc<Rows>>) -> Self {
        let entities = plan
            .spec
            .entities
            .iter()
            .map(|entity| EntityRows { columns: vec![None; entity.fields.len()], ..EntityRows::default() })
            .collect();
        Self { index, reference, entities, truth: Vec::new() }
    }

    /// The rows of an entity, of this block or of the reference entities.
    pub(crate) fn entity(&self, plan: &Plan, id: EntityId) -> &EntityRows {
        match &self.reference {
            Some(reference) if plan.is_reference(id) => &reference.entities[id.0],
            _ => &self.entities[id.0],
        }
    }

    /// The row of an ancestor above each row of an entity.
    pub(crate) fn ancestor(&self, plan: &Plan, mut from: EntityId, to: EntityId) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..self.entities[from.0].len() as u32).collect();
        while from != to {
            let Some(parent) = plan.spec[from].parent else { break };
            let up = &self.entity(plan, from).parent;
            for row in &mut rows {
                if *row != NONE {
                    *row = up[*row as usize];
                }
            }
            from = parent;
        }
        rows
    }
}
