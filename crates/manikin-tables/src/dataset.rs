//! Tables in memory with the relations between their rows.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use manikin_expression::{Hop, Type, Via};
use manikin_spec::spec::{EntityId, FieldId, Generator, Spec};

use crate::block::Table;
use crate::cell::cell_text;
use crate::column::Column;
use crate::evaluate::{LookupTable, NO_ROW, Relations};
use crate::key::KeyIndex;
use crate::spec_table::lookup_table;

/// The tables of a spec's entities with the rows that each row belongs and points to.
///
/// It holds what is there: an entity or a field that is hidden, or that the files lack, is no part of it, and an
/// expression that needs it cannot be evaluated.
pub struct Dataset {
    spec: Arc<Spec>,
    entities: Vec<Arc<EntityRows>>,
    lookups: Arc<BTreeMap<String, LookupTable>>,
}

#[derive(Clone, Default)]
struct EntityRows {
    is_present: bool,
    rows: usize,
    columns: Vec<Option<Column>>,
    /// Found when they are first asked for: most entities are pointed to by nothing.
    keys: OnceLock<Option<Arc<KeyIndex>>>,
    parent: Option<Vec<u32>>,
    links: BTreeMap<String, Vec<u32>>,
    /// The position of each row within its parent, from 1.
    position: Option<Column>,
}

impl Dataset {
    /// Relates tables. Columns named in `lacking`, by entity, are filled with nothing and are left out.
    ///
    /// A table of no entity of the spec is left out.
    pub fn new<'a>(
        spec: Arc<Spec>,
        tables: impl IntoIterator<Item = &'a Table>,
        lacking: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let mut dataset = Self::related(spec, tables, lacking);
        dataset.lookups = Arc::new(lookups(&dataset.spec));
        dataset
    }

    /// As [`new`](Self::new), for following relations alone: expressions that look values up cannot be evaluated.
    pub fn related<'a>(
        spec: Arc<Spec>,
        tables: impl IntoIterator<Item = &'a Table>,
        lacking: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let nothing = spec
            .entities
            .iter()
            .map(|entity| Arc::new(EntityRows { columns: vec![None; entity.fields.len()], ..EntityRows::default() }))
            .collect();
        Self { lookups: Arc::default(), spec, entities: nothing }.extended(tables, lacking)
    }

    /// The same rows with more tables beside them.
    ///
    /// What is there already is shared, its keys and relations are not found anew: so the rows that are made once for
    /// a run can be joined to each block of subjects. A table of an entity that has one already is left out.
    #[must_use]
    pub fn with<'a>(&self, tables: impl IntoIterator<Item = &'a Table>) -> Self {
        let same = Self { spec: self.spec.clone(), entities: self.entities.clone(), lookups: self.lookups.clone() };
        same.extended(tables, &BTreeMap::new())
    }

    fn extended<'a>(
        mut self,
        tables: impl IntoIterator<Item = &'a Table>,
        lacking: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let held: Vec<bool> = self.entities.iter().map(|own| own.is_present).collect();
        for table in tables {
            let Some(id) = self.spec.entity(table.entity()).filter(|id| !held[id.0]) else { continue };
            let lacking = lacking.get(table.entity()).map_or(&[] as &[String], Vec::as_slice);
            self.entities[id.0] = Arc::new(EntityRows::of(&self.spec, id, table, lacking));
        }
        for (index, held) in held.into_iter().enumerate() {
            if !held {
                self.relate(EntityId(index));
            }
        }
        self
    }

    /// The spec that the tables belong to.
    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// Whether there is a table of an entity.
    pub fn is_present(&self, id: EntityId) -> bool {
        self.entities[id.0].is_present
    }

    /// How many rows an entity has.
    pub fn rows_of(&self, id: EntityId) -> usize {
        self.entities[id.0].rows
    }

    /// The values of a field, where they are there.
    pub fn field(&self, id: EntityId, field: FieldId) -> Option<&Column> {
        self.entities[id.0].columns[field.0].as_ref()
    }

    /// For each row, the row of the parent entity or [`NO_ROW`]; `None` where the rows do not say.
    ///
    /// A parent that is not written is stood in for by the rows of its own parent.
    pub fn parent(&self, id: EntityId) -> Option<&[u32]> {
        self.entities[id.0].parent.as_deref()
    }

    /// For each row, the row that a foreign key points to or [`NO_ROW`]; `None` where it is not known.
    pub fn link(&self, id: EntityId, field: FieldId) -> Option<&[u32]> {
        self.entities[id.0].links.get(&self.spec[id][field].name).map(Vec::as_slice)
    }

    /// The key of a row as text, its parts joined by `|`; `None` where the entity has no key or it is not there.
    pub fn key_text(&self, id: EntityId, row: usize) -> Option<String> {
        let key = &self.spec[id].key;
        if key.is_empty() {
            return None;
        }
        let parts: Option<Vec<String>> =
            key.iter().map(|key| Some(cell_text(self.field(id, *key)?, row).unwrap_or_default())).collect();
        parts.map(|parts| parts.join("|"))
    }

    /// The rows of an entity by their keys, where it has a key that is there.
    pub fn keys(&self, id: EntityId) -> Option<&KeyIndex> {
        let own = &self.entities[id.0];
        let find = || {
            let key: Option<Vec<&Column>> = self.spec[id].key.iter().map(|key| own.columns[key.0].as_ref()).collect();
            key.filter(|key| !key.is_empty()).map(|key| Arc::new(KeyIndex::new(&key)))
        };
        own.keys.get_or_init(find).as_deref()
    }

    /// The nearest ancestor that is written, and the field of an entity that holds its key.
    fn parent_field(spec: &Spec, id: EntityId) -> Option<(EntityId, FieldId)> {
        let mut above = spec[id].parent?;
        while spec[above].hidden {
            above = spec[above].parent?;
        }
        let is_key_of = |generator: &Option<Generator>| matches!(generator, Some(Generator::KeyOf(of)) if *of == above);
        let fields = &spec[id].fields;
        let place = fields
            .iter()
            .position(|field| is_key_of(&field.generator))
            .or_else(|| fields.iter().position(|field| field.references == Some(above)));
        place.map(|place| (above, FieldId(place)))
    }

    fn relate(&mut self, id: EntityId) {
        let spec = self.spec.clone();
        let mut own = EntityRows::clone(&self.entities[id.0]);
        if spec[id].hidden && !own.is_present {
            own.stand_in(spec[id].parent.map_or(0, |parent| self.rows_of(parent)));
            self.entities[id.0] = Arc::new(own);
            return;
        }
        let mut links = BTreeMap::new();
        for (place, field) in spec[id].fields.iter().enumerate() {
            let Some(target) = field.references.filter(|target| spec[*target].key.len() == 1) else { continue };
            if let (Some(values), Some(keys)) = (self.field(id, FieldId(place)), self.keys(target)) {
                links.insert(field.name.clone(), keys.find(&[values]));
            }
        }
        let above = Self::parent_field(&spec, id);
        own.parent = above.and_then(|(_, field)| links.get(&spec[id][field].name).cloned());
        if above.map(|(above, _)| above) == spec[id].parent {
            own.position = positions(own.parent.as_deref(), own.rows);
        }
        own.links = links;
        self.entities[id.0] = Arc::new(own);
    }
}

impl EntityRows {
    fn of(spec: &Spec, id: EntityId, table: &Table, lacking: &[String]) -> Self {
        let mut columns = vec![None; spec[id].fields.len()];
        for column in table.frame().columns() {
            let name = column.name().as_str();
            let Some(field) = spec[id].field(name).filter(|_| !lacking.iter().any(|lack| lack == name)) else {
                continue;
            };
            columns[field.0] = Column::new(column.as_materialized_series().clone(), spec[id][field].ty.clone()).ok();
        }
        Self { is_present: true, rows: table.rows(), columns, ..Self::default() }
    }

    /// Rows of an entity that is not written: those of its parent stand in for them, one each, so that ways through it
    /// lead on. It has no columns, so nothing can be asked of the rows themselves.
    fn stand_in(&mut self, rows: usize) {
        self.rows = rows;
        self.parent = Some((0..rows as u32).collect());
    }
}

/// The position of each row among the rows of its parent, in the order of the table; without parents, of the table.
fn positions(parent: Option<&[u32]>, rows: usize) -> Option<Column> {
    let Some(parent) = parent else {
        return Some(Column::integers((1..=rows as i64).collect()));
    };
    let parents = parent.iter().filter(|row| **row != NO_ROW).max().map_or(0, |row| *row as usize + 1);
    let mut seen = vec![0_i64; parents];
    let next = parent.iter().map(|row| {
        let count = seen.get_mut(*row as usize)?;
        *count += 1;
        Some(*count)
    });
    Some(Column::units(next.collect::<Vec<_>>(), Type::Integer))
}

/// The tables of a spec, ready to be looked into; one that cannot be is left out, and what needs it is skipped.
fn lookups(spec: &Spec) -> BTreeMap<String, LookupTable> {
    spec.tables.iter().filter_map(|(name, table)| Some((name.clone(), lookup_table(table).ok()?))).collect()
}

impl Relations for Dataset {
    fn rows(&self, entity: &str) -> usize {
        self.spec.entity(entity).map_or(0, |id| self.rows_of(id))
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        let id = self.spec.entity(entity)?;
        match self.spec[id].field(field) {
            Some(field) => self.field(id, field),
            None if field == "row" => self.entities[id.0].position.as_ref(),
            None => None,
        }
    }

    fn hop(&self, entity: &str, hop: &Hop) -> Option<&[u32]> {
        let id = self.spec.entity(entity)?;
        match &hop.via {
            Via::Parent => self.parent(id),
            Via::Link(field) => self.link(id, self.spec[id].field(field)?),
        }
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.lookups.get(name)
    }
}
