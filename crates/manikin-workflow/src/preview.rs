//! `preview`: a few related rows of a few subjects.

use std::collections::BTreeMap;

use manikin_spec::spec::{EntityId, EntityScope, FieldId};
use manikin_tables::{Dataset, NO_ROW, cell_text};

use crate::failure::Failure;
use crate::layout::unknown_entity;
use crate::sample::sample;
use crate::spec::Checked;

/// A few rows of one entity, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewTable {
    /// The entity.
    pub entity: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows; an empty text is no value.
    pub rows: Vec<Vec<String>>,
    /// Rows of the entity in the sample.
    pub of: usize,
}

/// Generates a few subjects and shows rows that belong to each other: at most `rows` of each entity, or of one alone.
///
/// The values are those of a run with so few subjects. Where nothing is exact they are also those of the first
/// subjects of a whole run; totals and quotas scale along, and edge cases are left out.
///
/// # Errors
///
/// - `MK0910` when the spec cannot be carried out
/// - `MK0911` when the entity is not in the spec
pub fn preview(
    checked: &Checked,
    entity: Option<&str>,
    rows: usize,
    seed: Option<u64>,
) -> Result<Vec<PreviewTable>, Failure> {
    let spec = &checked.spec;
    let visible = || spec.entities.iter().filter(|entity| !entity.hidden).map(|entity| entity.name.as_str());
    if let Some(name) = entity
        && !visible().any(|known| known == name)
    {
        return Err(unknown_entity(name, visible()));
    }
    // A few subjects more than rows, for some have no rows of an entity.
    let sample = sample(spec, (rows as u64).max(4) * 2, seed)?;
    let data = Dataset::related(sample.spec.clone(), &sample.tables, &BTreeMap::new());
    let shown = related(&data, entity.and_then(|name| spec.entity(name)), rows);
    let mut tables = Vec::new();
    for (index, own) in spec.entities.iter().enumerate() {
        if own.hidden || entity.is_some_and(|name| name != own.name) {
            continue;
        }
        let id = EntityId(index);
        let fields: Vec<FieldId> =
            (0..own.fields.len()).map(FieldId).filter(|field| data.field(id, *field).is_some()).collect();
        let cells = |row: &u32| {
            let cell = |field: &FieldId| data.field(id, *field).and_then(|column| cell_text(column, *row as usize));
            fields.iter().map(|field| cell(field).unwrap_or_default()).collect()
        };
        tables.push(PreviewTable {
            entity: own.name.clone(),
            columns: fields.iter().map(|field| own[*field].name.clone()).collect(),
            rows: shown[index].iter().map(cells).collect(),
            of: data.rows_of(id),
        });
    }
    Ok(tables)
}

/// Rows of each entity that belong to each other: subjects first, then their descendants, then what those point to.
///
/// Where one entity is asked for, its own first rows are taken.
fn related(data: &Dataset, asked: Option<EntityId>, rows: usize) -> Vec<Vec<u32>> {
    let spec = data.spec();
    let mut shown: Vec<Vec<u32>> = vec![Vec::new(); spec.entities.len()];
    for index in 0..spec.entities.len() {
        let id = EntityId(index);
        let all = 0..data.rows_of(id) as u32;
        let parent = spec[id].parent.filter(|parent| !shown[parent.0].is_empty() && asked.is_none());
        shown[index] = match (parent, data.parent(id)) {
            (Some(parent), Some(above)) => {
                let belongs = |row: &u32| shown[parent.0].contains(&above[*row as usize]);
                all.filter(belongs).take(rows).collect()
            }
            _ => all.take(rows).collect(),
        };
    }
    if asked.is_some() {
        return shown;
    }
    for index in 0..spec.entities.len() {
        let id = EntityId(index);
        if spec[id].scope != EntityScope::Reference {
            continue;
        }
        let mut pointed: Vec<u32> = Vec::new();
        for (from, entity) in spec.entities.iter().enumerate() {
            for (field, _) in entity.fields.iter().enumerate().filter(|(_, field)| field.references == Some(id)) {
                let link = data.link(EntityId(from), FieldId(field)).unwrap_or_default();
                pointed
                    .extend(shown[from].iter().filter_map(|row| link.get(*row as usize)).filter(|row| **row != NO_ROW));
            }
        }
        pointed.sort_unstable();
        pointed.dedup();
        pointed.truncate(rows);
        if !pointed.is_empty() {
            shown[index] = pointed;
        }
    }
    shown
}
