//! The truth table of a synthetic dataset: which violations its edge cases were made to be.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use manikin_expression::Type;
use manikin_formats::{ReadOptions, infer_entity};
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::{Dataset, NO_ROW, Table, cell_text};

/// The name of the truth table's file, without its ending.
pub(crate) const TRUTH_TABLE: &str = "edge_cases";

/// Keys of rows that an edge case changed, by the check that they are expected to break and by entity.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    broken: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Expected {
    /// Reads the truth table beside the data; nothing is expected where there is none.
    pub(crate) fn read(folder: &Path) -> Self {
        let Ok(table) = infer_entity(folder, TRUTH_TABLE, ReadOptions::default()) else { return Self::default() };
        let [Some(entities), Some(keys), Some(breaks)] = ["entity", "key", "breaks"].map(|name| texts(&table, name))
        else {
            return Self::default();
        };
        let mut expected = Self::default();
        for ((entity, key), breaks) in entities.into_iter().zip(keys).zip(breaks) {
            for broken in breaks.split('|').filter(|broken| !broken.is_empty()) {
                let by_entity = expected.broken.entry(broken.to_owned()).or_default();
                by_entity.entry(entity.clone()).or_default().insert(key.clone());
            }
        }
        expected
    }

    /// Which of some violating rows of an entity are expected to break one of these checks.
    pub(crate) fn of(&self, data: &Dataset, id: EntityId, checks: &[String], rows: &[u32]) -> Vec<bool> {
        let mut expected = vec![false; rows.len()];
        for by_entity in checks.iter().filter_map(|check| self.broken.get(check)) {
            for (entity, keys) in by_entity {
                let Some(changed) = data.spec().entity(entity) else { continue };
                if changed == id {
                    for (row, expected) in rows.iter().zip(&mut expected) {
                        *expected |= data.key_text(id, *row as usize).is_some_and(|key| keys.contains(&key));
                    }
                    continue;
                }
                let touched = touched(data, changed, keys, id);
                for (row, expected) in rows.iter().zip(&mut expected) {
                    *expected |= touched.contains(row);
                }
            }
        }
        expected
    }
}

/// A column as text, whatever type was inferred for it.
fn texts(table: &Table, name: &str) -> Option<Vec<String>> {
    let ty = table.schema().column(name)?.ty.clone();
    let column = table.frame().column(name).ok()?.as_materialized_series().clone();
    if ty == Type::Text {
        return Some(column.str().ok()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect());
    }
    let column = manikin_tables::Column::new(column, ty).ok()?;
    Some((0..column.len()).map(|row| cell_text(&column, row).unwrap_or_default()).collect())
}

/// The rows of an entity that belong to, own, or are tied by a key to changed rows of another entity.
fn touched(data: &Dataset, changed: EntityId, keys: &BTreeSet<String>, id: EntityId) -> HashSet<u32> {
    let is_changed: Vec<bool> = (0..data.rows_of(changed))
        .map(|row| data.key_text(changed, row).is_some_and(|key| keys.contains(&key)))
        .collect();
    let mut touched = HashSet::new();
    let forwards = |ways: Vec<Vec<u32>>, touched: &mut HashSet<u32>| {
        for way in ways {
            for (row, target) in (0_u32..).zip(way) {
                if is_changed.get(target as usize) == Some(&true) {
                    touched.insert(row);
                }
            }
        }
    };
    forwards(ways(data, id, changed), &mut touched);
    for way in ways(data, changed, id) {
        for (row, target) in way.into_iter().enumerate() {
            if is_changed[row] && target != NO_ROW {
                touched.insert(target);
            }
        }
    }
    touched
}

/// For each row of `from`, the row of `to` that it leads to: through its ancestors, or through a key.
fn ways(data: &Dataset, from: EntityId, to: EntityId) -> Vec<Vec<u32>> {
    let mut ways = Vec::new();
    let follow = |route: &[u32], step: &[u32]| -> Vec<u32> {
        route.iter().map(|row| step.get(*row as usize).copied().unwrap_or(NO_ROW)).collect()
    };
    let mut route: Vec<u32> = (0..data.rows_of(from) as u32).collect();
    let mut at = from;
    loop {
        for field in 0..data.spec()[at].fields.len() {
            if data.spec()[at].fields[field].references == Some(to)
                && let Some(link) = data.link(at, FieldId(field))
            {
                ways.push(follow(&route, link));
            }
        }
        let (Some(above), Some(step)) = (data.spec()[at].parent, data.parent(at)) else { break };
        route = follow(&route, step);
        at = above;
    }
    ways
}
