//! Edge cases: which rows they take, and what they do to them.

use crate::block::Rows;
use crate::error::GenerateError;
use crate::generate::Cx;
use crate::plan::Plan;
use crate::relations::column_of;
use crate::truth::Change;
use crate::values::{self, NONE};
use crate::whole::Whole;
use manikin_expression::Expression;
use manikin_random::Name;
use manikin_spec::spec::{Action, EdgeCase, EntityId, FieldId, Selection};
use manikin_tables::{Column, cell_text};
use std::collections::BTreeSet;

/// A row that an edge case could take, with the draw that decides: the smallest draws of the dataset are taken.
pub(crate) struct Candidate {
    /// The draw.
    pub(crate) draw: u128,
    /// The row within its block.
    pub(crate) row: u32,
}

fn name_of(case: &EdgeCase) -> Name {
    Name::of(&format!("edge_case/{}", case.name))
}

/// Rows for which an edge case's condition holds, with their draws.
pub(crate) fn candidates(plan: &Plan, rows: &Rows, case: &EdgeCase) -> Result<Vec<Candidate>, GenerateError> {
    let own = &rows.entities[case.entity.0];
    let mask = match &case.condition {
        Some(condition) => {
            let place = format!("edge_cases.{}.where", case.name);
            values::to_mask(&column_of(plan, rows, case.entity, condition, &place)?)
        }
        None => vec![true; own.len()],
    };
    // What is empty already cannot be cleared.
    let present: Vec<&Column> = match &case.action {
        Action::Clear(fields) => fields.iter().filter_map(|field| own.columns[field.0].as_ref()).collect(),
        _ => Vec::new(),
    };
    let clears = matches!(case.action, Action::Clear(_));
    let present: Vec<_> = present.iter().map(|column| column.series().is_not_null()).collect();
    let has_value = |row: usize| !clears || present.iter().any(|column| column.get(row) == Some(true));
    let name = name_of(case);
    Ok((0..own.len())
        .filter(|row| mask[*row] && has_value(*row))
        .map(|row| Candidate { draw: own.address[row].bits(name), row: row as u32 })
        .collect())
}

/// The rows that an edge case takes in this block.
fn taken(plan: &Plan, whole: &Whole, rows: &Rows, index: usize) -> Result<Vec<u32>, GenerateError> {
    let case = &plan.spec.edge_cases[index];
    match case.selection {
        Selection::Count(_) => Ok(whole.selected(index, rows.index)),
        Selection::Rate(rate) => {
            let own = &rows.entities[case.entity.0];
            let name = name_of(case);
            let found = candidates(plan, rows, case)?;
            Ok(found
                .into_iter()
                .filter(|candidate| own.address[candidate.row as usize].uniform(name) < rate)
                .map(|candidate| candidate.row)
                .collect())
        }
    }
}

/// Applies the `set` actions on a field that has just been computed.
pub(crate) fn set(
    plan: &Plan,
    whole: &Whole,
    rows: &mut Rows,
    entity: EntityId,
    field: FieldId,
) -> Result<(), GenerateError> {
    for (index, case) in plan.spec.edge_cases.iter().enumerate() {
        let Action::Set(changes) = &case.action else { continue };
        if case.entity != entity {
            continue;
        }
        let Some((_, expression)) = changes.iter().find(|(changed, _)| *changed == field) else { continue };
        // While the whole dataset's choice is still being made, the field stands as it was drawn.
        if !whole.is_decided(plan, index) {
            continue;
        }
        let chosen = taken(plan, whole, rows, index)?;
        change(plan, rows, index, (field, expression), &chosen, "set")?;
    }
    Ok(())
}

/// Applies everything that acts last, in document order; a value that one case has changed is left to it.
/// Returns the rows to write twice.
pub(crate) fn finish(
    plan: &Plan,
    whole: &Whole,
    rows: &mut Rows,
    wanted: &[bool],
) -> Result<Vec<(EntityId, u32)>, GenerateError> {
    let mut used: BTreeSet<(EntityId, u32, Option<FieldId>)> = BTreeSet::new();
    let mut twice = Vec::new();
    let mut plans: Vec<(usize, Vec<u32>)> = Vec::new();
    for (index, case) in plan.spec.edge_cases.iter().enumerate() {
        let here = plan.is_reference(case.entity) == rows.reference.is_none() && wanted[case.entity.0];
        if here && !matches!(case.action, Action::Set(_)) {
            plans.push((index, taken(plan, whole, rows, index)?));
        }
    }
    // Rows counted over the whole dataset come first: their number is promised.
    plans.sort_by_key(|(index, _)| matches!(plan.spec.edge_cases[*index].selection, Selection::Rate(_)));
    for (index, chosen) in plans {
        let case = &plan.spec.edge_cases[index];
        let fields = cells(case);
        let free: Vec<u32> = chosen
            .into_iter()
            .filter(|row| fields.iter().all(|field| !used.contains(&(case.entity, *row, *field))))
            .collect();
        for row in &free {
            used.extend(fields.iter().map(|field| (case.entity, *row, *field)));
        }
        match &case.action {
            Action::Clear(fields) => {
                for field in fields {
                    clear(plan, rows, index, *field, &free);
                }
            }
            Action::Corrupt(changes) => {
                for (field, expression) in changes {
                    change(plan, rows, index, (*field, expression), &free, "corrupt")?;
                }
            }
            Action::Duplicate => {
                for row in free {
                    rows.truth.push(Change {
                        case: index,
                        entity: case.entity,
                        row,
                        field: None,
                        kind: "duplicate",
                        before: None,
                        after: None,
                    });
                    twice.push((case.entity, row));
                }
            }
            Action::Set(_) => {}
        }
    }
    rows.truth.sort_by_key(|change| (change.entity, change.row, change.case));
    Ok(twice)
}

/// The cells of a row that a case changes; `None` stands for the row itself.
pub(crate) fn cells(case: &EdgeCase) -> Vec<Option<FieldId>> {
    match &case.action {
        Action::Set(changes) | Action::Corrupt(changes) => changes.iter().map(|(field, _)| Some(*field)).collect(),
        Action::Clear(fields) => fields.iter().map(|field| Some(*field)).collect(),
        Action::Duplicate => vec![None],
    }
}

fn change(
    plan: &Plan,
    rows: &mut Rows,
    index: usize,
    (field, expression): (FieldId, &Expression),
    chosen: &[u32],
    kind: &'static str,
) -> Result<(), GenerateError> {
    if chosen.is_empty() {
        return Ok(());
    }
    let case = &plan.spec.edge_cases[index];
    let described = &plan.spec[case.entity][field];
    let place = format!("edge_cases.{}.{}", case.name, described.name);
    let cx = Cx { plan, rows, entity: case.entity, name: Name::of(&place), place: &place, normals: None };
    let new = values::convert(cx.evaluate(expression, Some(chosen))?, &described.ty);
    let Some(old) = rows.entities[case.entity.0].columns[field.0].take() else { return Ok(()) };
    for (at, &row) in chosen.iter().enumerate() {
        rows.truth.push(Change {
            case: index,
            entity: case.entity,
            row,
            field: Some(described.name.clone()),
            kind,
            before: cell_text(&old, row as usize),
            after: cell_text(&new, at),
        });
    }
    rows.entities[case.entity.0].columns[field.0] = Some(scatter(old, &new, chosen, &place)?);
    Ok(())
}

fn clear(plan: &Plan, rows: &mut Rows, index: usize, field: FieldId, chosen: &[u32]) {
    let case = &plan.spec.edge_cases[index];
    let Some(old) = rows.entities[case.entity.0].columns[field.0].take() else { return };
    let mut kept: Vec<u32> = (0..old.series().len() as u32).collect();
    for &row in chosen {
        rows.truth.push(Change {
            case: index,
            entity: case.entity,
            row,
            field: Some(plan.spec[case.entity][field].name.clone()),
            kind: "clear",
            before: cell_text(&old, row as usize),
            after: None,
        });
        kept[row as usize] = NONE;
    }
    rows.entities[case.entity.0].columns[field.0] = Some(values::gather(&old, &kept));
}

/// A column with new values at some rows.
fn scatter(old: Column, new: &Column, chosen: &[u32], place: &str) -> Result<Column, GenerateError> {
    let rows = old.series().len() as u32;
    let mut order: Vec<u32> = (0..rows).collect();
    for (at, &row) in chosen.iter().enumerate() {
        order[row as usize] = rows + at as u32;
    }
    Ok(values::gather(&values::stacked(old, new, place)?, &order))
}

/// Moves what is noted about rows along when rows are discarded or ordered anew.
pub(crate) fn follow(rows: &mut Rows, entity: EntityId, order: &[u32]) {
    if rows.truth.iter().all(|change| change.entity != entity) {
        return;
    }
    let mut now = vec![NONE; rows.entities[entity.0].len()];
    for (at, &row) in order.iter().enumerate() {
        now[row as usize] = at as u32;
    }
    for change in rows.truth.iter_mut().filter(|change| change.entity == entity) {
        change.row = now[change.row as usize];
    }
    rows.truth.retain(|change| change.row != NONE);
}
