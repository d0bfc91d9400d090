//! The sizes of tables, children per parent, and the first visits of patients.

use std::collections::BTreeMap;

use manikin_metrics::Values;
use manikin_metrics::table::NULL_CODE;
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::NO_ROW;

use super::{Cell, Counts, Distribution, Flow, Holds, Journeys, TableRows};
use crate::assessment::{ColumnKind, Compared};
use crate::sides::{Side, Sides};

/// Most foreign keys whose children are drawn.
const RELATIONS: usize = 12;
/// Upper ends of the cells of children per parent.
///
/// ASSUMED: Fibonacci numbers, fine where most parents are and coarse in the tail.
const CHILDREN: [u64; 10] = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55];
/// Visits of a patient that are followed.
const VISITS: usize = 3;
/// Kinds of visit that can be told apart in a drawing.
const KINDS: std::ops::RangeInclusive<usize> = 2..=30;

/// The size of every table.
pub(super) fn tables(sides: &Sides) -> Vec<TableRows> {
    let subject = sides.spec.subject;
    let rows = |side: &Side, id: EntityId| side.data.rows_of(id) as u64;
    sides
        .compared
        .iter()
        .map(|(id, compared)| {
            let per_patient = subject.filter(|subject| subject != id && sides.real.patients[id.0].is_some());
            let rate = |side: &Side, subject| rows(side, *id) as f64 / rows(side, subject).max(1) as f64;
            TableRows {
                entity: compared.entity.clone(),
                rows: sides.counts(|side| rows(side, *id)),
                per_patient: per_patient
                    .map(|subject| [&sides.real, &sides.holdout, &sides.synthetic].map(|side| rate(side, subject))),
                columns: compared.columns.len() as u64,
            }
        })
        .collect()
}

/// Children per parent, along every foreign key to a table that belongs to patients.
pub(super) fn children(sides: &Sides) -> Vec<Distribution> {
    let mut distributions = Vec::new();
    for (child, compared) in &sides.compared {
        for (place, field) in sides.spec[*child].fields.iter().enumerate() {
            let Some(parent) = field.references else { continue };
            let belongs = Some(parent) == sides.spec.subject || sides.real.patients[parent.0].is_some();
            let is_there = |side: &Side| side.data.link(*child, FieldId(place)).is_some();
            if belongs && [&sides.real, &sides.holdout, &sides.synthetic].into_iter().all(is_there) {
                let cells = families(sides, *child, FieldId(place), parent);
                let name = &sides.spec[parent].name;
                distributions.push(Distribution::new(name, &compared.entity, ColumnKind::Number, None, cells));
            }
        }
    }
    distributions.truncate(RELATIONS);
    distributions
}

fn families(sides: &Sides, child: EntityId, field: FieldId, parent: EntityId) -> Vec<Cell> {
    let mut counts = vec![Counts::default(); CHILDREN.len() + 1];
    for (place, side) in [&sides.real, &sides.holdout, &sides.synthetic].into_iter().enumerate() {
        let mut sizes = vec![0_u64; side.data.rows_of(parent)];
        for &parent in side.data.link(child, field).unwrap_or_default() {
            if let Some(size) = sizes.get_mut(parent as usize) {
                *size += 1;
            }
        }
        for size in sizes {
            *counts[CHILDREN.partition_point(|&end| end < size)].of(place) += 1;
        }
    }
    let last = counts.iter().rposition(|counts| *counts != Counts::default()).unwrap_or(0);
    counts
        .into_iter()
        .enumerate()
        .take(last + 1)
        .map(|(place, counts)| {
            let from = if place == 0 { 0 } else { CHILDREN[place - 1] + 1 };
            let label = match CHILDREN.get(place) {
                None => format!("{from} and more"),
                Some(to) if *to == from => to.to_string(),
                Some(to) => format!("{from} to {to}"),
            };
            // Children are counted, not measured: each cell stands by itself.
            Cell { label, holds: Holds::Tally, counts }
        })
        .collect()
}

/// The first visits of patients: of the table whose name says so, or the first one with times and kinds.
pub(super) fn journeys(sides: &Sides) -> Option<Journeys> {
    let subject = sides.spec.subject?;
    let mut visits: Vec<(usize, Visits)> = sides
        .compared
        .iter()
        .filter(|(id, _)| *id != subject && sides.real.patients[id.0].is_some())
        .filter_map(|(id, compared)| Visits::of(sides, *id, compared))
        .map(|visits| {
            let names = ["encounter", "visit", "admission", "stay", "claim", "event"];
            (names.iter().position(|name| visits.entity.contains(name)).unwrap_or(names.len()), visits)
        })
        .collect();
    // Stable: among tables that say as little, the first of the spec.
    visits.sort_by_key(|(rank, _)| *rank);
    let visits = visits.into_iter().next()?.1;
    let mut flows: BTreeMap<(u8, String, Option<String>), Counts> = BTreeMap::new();
    let mut patients = Counts::default();
    for (place, side) in [&sides.real, &sides.holdout, &sides.synthetic].into_iter().enumerate() {
        for kinds in visits.of_patients(side) {
            *patients.of(place) += 1;
            for (visit, kind) in kinds.iter().enumerate().take(VISITS - 1) {
                let key = (visit as u8 + 1, kind.clone(), kinds.get(visit + 1).cloned());
                *flows.entry(key).or_default().of(place) += 1;
            }
        }
    }
    let flows = flows.into_iter().map(|((visit, from, to), patients)| Flow { visit, from, to, patients }).collect();
    Some(Journeys { entity: visits.entity, column: visits.column, patients, flows })
}

/// A table whose rows are visits.
struct Visits {
    id: EntityId,
    entity: String,
    column: String,
    /// The places of the columns that say when, and of what kind.
    time: usize,
    kind: usize,
}

impl Visits {
    fn of(sides: &Sides, id: EntityId, compared: &Compared) -> Option<Self> {
        let [real, ..] = sides.tables(id)?;
        let is_time = |place: &usize| matches!(compared.columns[*place].kind, ColumnKind::Date | ColumnKind::Time);
        let sorted = sides.spec[id].sort.map(|field| sides.spec[id][field].name.clone());
        let places = || 0..compared.columns.len();
        let time = places()
            .filter(is_time)
            .find(|place| Some(&compared.columns[*place].name) == sorted.as_ref())
            .or_else(|| places().find(is_time))?;
        let kinds = |place: usize| match &real.columns.get(place)?.values {
            Values::Codes { labels, .. } if KINDS.contains(&labels.len()) => Some(place),
            _ => None,
        };
        let says_kind = |place: &usize| {
            ["class", "type", "kind", "setting"].iter().any(|word| compared.columns[*place].name.contains(word))
        };
        let kind = places().filter_map(kinds).find(says_kind).or_else(|| places().find_map(kinds))?;
        Some(Self { id, entity: compared.entity.clone(), column: compared.columns[kind].name.clone(), time, kind })
    }

    /// The kinds of the first visits of every patient who has one, in the order of time.
    fn of_patients(&self, side: &Side) -> Vec<Vec<String>> {
        let (Some(table), Some(owners)) = (side.tables[self.id.0].as_ref(), side.patients[self.id.0].as_ref()) else {
            return Vec::new();
        };
        let (Values::Numbers(times), Values::Codes { codes, labels }) =
            (&table.columns[self.time].values, &table.columns[self.kind].values)
        else {
            return Vec::new();
        };
        let mut rows: Vec<u32> = (0..table.rows as u32)
            .filter(|&row| owners[row as usize] != NO_ROW && !times[row as usize].is_nan())
            .collect();
        rows.sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            owners[a].cmp(&owners[b]).then(times[a].total_cmp(&times[b])).then(a.cmp(&b))
        });
        rows.chunk_by(|&a, &b| owners[a as usize] == owners[b as usize])
            .map(|visits| {
                let kind = |row: &u32| match codes[*row as usize] {
                    NULL_CODE => "unknown".to_owned(),
                    code => labels.get(code as usize).cloned().unwrap_or_default(),
                };
                visits.iter().take(VISITS).map(kind).collect()
            })
            .collect()
    }
}
