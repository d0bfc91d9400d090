//! Rows kept for learning, with keys that lead nowhere but to the same patient's rows.
//!
//! Everything here looks at one patient's rows at a time: whose a row is, which row above it belongs to, which of two
//! rows with one key is taken. So a patient who joins or leaves changes nothing about what is kept of others.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use manikin_expression::Type;
use manikin_spec::spec::{EntityId, FieldId, Spec};
use manikin_tables::{NO_ROW, Table, cell_text};
use polars::prelude::Series;

use crate::needs::{Needs, key_of};

/// The rows of an entity that are learned from.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Their places in the table.
    pub(crate) rows: Vec<u32>,
    /// Whose they are: the patient's place among the kept ones.
    pub(crate) patient: Vec<u32>,
    /// The row that they belong to, among the kept ones of the parent entity.
    pub(crate) parent: Vec<u32>,
    /// For each foreign key to another private entity, the kept row there or [`NO_ROW`].
    pub(crate) links: BTreeMap<FieldId, Vec<u32>>,
}

/// The patients met so far in pieces of the subject's table.
#[derive(Default)]
pub(crate) struct Patients {
    hash: Keyed,
    seen: HashSet<u128>,
}

/// A hash of 128 bits under a key that nobody knows: values that collide cannot be prepared.
#[derive(Default)]
struct Keyed([RandomState; 2]);

impl Keyed {
    fn of(&self, bytes: &[u8]) -> u128 {
        let [high, low] = self.0.each_ref().map(|state| u128::from(state.hash_one(bytes)));
        high << 64 | low
    }
}

/// The tables that were read, by entity, with the columns that their files lack.
pub(crate) type Tables = BTreeMap<EntityId, (Table, Vec<String>)>;

impl Patients {
    /// The rows of every private entity that are kept: those with a whole key that no earlier row of the same patient
    /// has, whose patient and parent are there. `met` is given the key of each patient that is kept.
    pub(crate) fn keep(
        &mut self,
        spec: &Spec,
        needs: &Needs,
        tables: &Tables,
        met: &mut dyn FnMut(&str),
    ) -> BTreeMap<EntityId, Kept> {
        let mut kept = BTreeMap::new();
        let Some((subject, others)) = needs.private.split_first() else { return kept };
        let Some(table) = tables.get(subject) else { return kept };
        let (own, patients) = self.subjects(spec, *subject, table, met);
        // By patient and key, the kept row of each entity.
        let mut index: BTreeMap<EntityId, HashMap<(u32, u128), u32>> = BTreeMap::new();
        kept.insert(*subject, own);
        for id in others {
            if let Some(table) = tables.get(id) {
                let (own, keys) = self.descendants(spec, *id, *subject, table, &patients, &index);
                kept.insert(*id, own);
                index.insert(*id, keys);
            }
        }
        self.link(spec, needs, *subject, tables, &index, &mut kept);
        kept
    }

    /// The patients of a piece, and their places by key.
    fn subjects(
        &mut self,
        spec: &Spec,
        id: EntityId,
        (table, lacking): &(Table, Vec<String>),
        met: &mut dyn FnMut(&str),
    ) -> (Kept, HashMap<u128, u32>) {
        let mut own = Kept::default();
        let mut places = HashMap::new();
        let keys = self.keys(spec, id, &spec[id].key, table, lacking);
        let text = spec[id].key.first().and_then(|key| column_of(spec, id, *key, table));
        for row in 0..table.rows() {
            if let Some(keys) = &keys {
                let Some(key) = keys[row].filter(|key| self.seen.insert(*key)) else { continue };
                places.insert(key, own.rows.len() as u32);
                if let Some(text) = text.as_ref().and_then(|column| cell_text(column, row)) {
                    met(&text);
                }
            }
            own.patient.push(own.rows.len() as u32);
            own.rows.push(row as u32);
        }
        (own, places)
    }

    fn descendants(
        &self,
        spec: &Spec,
        id: EntityId,
        subject: EntityId,
        (table, lacking): &(Table, Vec<String>),
        patients: &HashMap<u128, u32>,
        index: &BTreeMap<EntityId, HashMap<(u32, u128), u32>>,
    ) -> (Kept, HashMap<(u32, u128), u32>) {
        let entity = &spec[id];
        let of = |target| key_of(entity, target).and_then(|field| self.keys(spec, id, &[field], table, lacking));
        let whose = of(subject);
        let above = entity.parent.filter(|parent| *parent != subject);
        let to_parent = above.and_then(of);
        let keys = self.keys(spec, id, &entity.key, table, lacking);
        let mut own = Kept::default();
        let mut places = HashMap::new();
        for row in 0..table.rows() {
            let key_in = |keys: &Option<Vec<Option<u128>>>| keys.as_ref().and_then(|keys| keys[row]);
            let Some(patient) = key_in(&whose).and_then(|key| patients.get(&key).copied()) else { continue };
            let parent = match above {
                None => Some(patient),
                Some(above) => {
                    let rows = index.get(&above);
                    key_in(&to_parent).and_then(|key| rows.and_then(|rows| rows.get(&(patient, key)).copied()))
                }
            };
            let Some(parent) = parent else { continue };
            if keys.is_some() {
                let Some(key) = key_in(&keys) else { continue };
                if places.contains_key(&(patient, key)) {
                    continue;
                }
                places.insert((patient, key), own.rows.len() as u32);
            }
            own.rows.push(row as u32);
            own.patient.push(patient);
            own.parent.push(parent);
        }
        (own, places)
    }

    /// Follows the other foreign keys to private rows, within each patient.
    fn link(
        &self,
        spec: &Spec,
        needs: &Needs,
        subject: EntityId,
        tables: &Tables,
        index: &BTreeMap<EntityId, HashMap<(u32, u128), u32>>,
        kept: &mut BTreeMap<EntityId, Kept>,
    ) {
        for id in &needs.private {
            let Some((table, lacking)) = tables.get(id) else { continue };
            for field in needs.read.get(id).into_iter().flatten() {
                let Some(target) = spec[*id][*field].references.filter(|target| needs.private.contains(target)) else {
                    continue;
                };
                let Some(own) = kept.get_mut(id) else { continue };
                let rows = if target == subject {
                    own.patient.clone()
                } else {
                    let keys = self.keys(spec, *id, &[*field], table, lacking);
                    let found = |(row, patient): (&u32, &u32)| {
                        let key = keys.as_ref().and_then(|keys| keys[*row as usize])?;
                        index.get(&target)?.get(&(*patient, key)).copied()
                    };
                    let pairs = own.rows.iter().zip(&own.patient);
                    pairs.map(|pair| found(pair).unwrap_or(NO_ROW)).collect()
                };
                own.links.insert(*field, rows);
            }
        }
    }

    /// The keys of a table's rows, `None` where a part is missing; nothing at all where the file lacks a column.
    fn keys(
        &self,
        spec: &Spec,
        id: EntityId,
        fields: &[FieldId],
        table: &Table,
        lacking: &[String],
    ) -> Option<Vec<Option<u128>>> {
        let is_here = |field: &FieldId| !lacking.contains(&spec[id][*field].name);
        if fields.is_empty() || !fields.iter().all(is_here) {
            return None;
        }
        let mut parts = fields.iter().map(|field| Some(self.hashes(&column_of(spec, id, *field, table)?)));
        let mut keys = parts.next()??;
        for part in parts {
            for (key, other) in keys.iter_mut().zip(part?) {
                *key = key.zip(other).map(|(a, b)| {
                    let mut both = [0; 32];
                    both[..16].copy_from_slice(&a.to_le_bytes());
                    both[16..].copy_from_slice(&b.to_le_bytes());
                    self.hash.of(&both)
                });
            }
        }
        Some(keys)
    }

    fn hashes(&self, column: &manikin_tables::Column) -> Vec<Option<u128>> {
        match (column.ty(), column.series().str()) {
            (Type::Text, Ok(texts)) => {
                texts.iter().map(|text| text.map(|text| self.hash.of(text.as_bytes()))).collect()
            }
            _ => {
                (0..column.len()).map(|row| cell_text(column, row).map(|text| self.hash.of(text.as_bytes()))).collect()
            }
        }
    }
}

/// A column of a table that was read.
pub(crate) fn column_of(spec: &Spec, id: EntityId, field: FieldId, table: &Table) -> Option<manikin_tables::Column> {
    let field = &spec[id][field];
    let series: &Series = table.frame().column(&field.name).ok()?.as_materialized_series();
    manikin_tables::Column::new(series.clone(), field.ty.clone()).ok()
}
