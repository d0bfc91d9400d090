//! Business rules, in the evaluator that generation uses.

use manikin_expression::Expression;
use manikin_spec::document::Severity;
use manikin_spec::spec::EntityId;
use manikin_tables::{Dataset, violations};

use crate::structure::copies;
use crate::validate::{Demand, Judge};
use crate::validation::{Check, Kind};

/// Checks every rule of an entity.
pub(crate) fn check(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    let data = judge.data;
    let entity = &data.spec()[id];
    for rule in &entity.rules {
        let said = rule.means.clone().unwrap_or_else(|| rule.holds.text.clone());
        let mut demand = Demand::new(rule.name.clone(), Kind::Rule, "MK0810", said);
        demand.warns = rule.severity == Severity::Warning;
        match broken(data, id, &rule.holds) {
            Ok(rows) => checks.push(judge.rows(id, demand, data.rows_of(id), &rows)),
            Err(reason) => checks.push(judge.skipped(id, demand, reason)),
        }
    }
}

/// The rows of an entity that break a rule, or why it cannot be evaluated.
pub(crate) fn broken(data: &Dataset, id: EntityId, rule: &Expression) -> Result<Vec<u32>, String> {
    let entity = &data.spec()[id].name;
    if let Some(reason) = lacking(data, entity, rule) {
        return Err(reason);
    }
    // The rows that the rule's query finds in a database: see `Spec::straighten`.
    let mut holds = rule.clone();
    data.spec().straighten(id, &mut holds.root, &|of, field| data.link(of, field).is_some());
    let mut rows = violations(&holds, entity, data).map_err(|error| error.to_string())?;
    // Children point to the first row of a key: a copy of it has none to aggregate and is told by the key.
    if !rule.aggregated().is_empty() {
        let copies = copies(data, id);
        rows.retain(|row| copies.binary_search(row).is_err());
    }
    Ok(rows)
}

/// Why a rule cannot be evaluated: what it needs is hidden, or the data lacks it.
fn lacking(data: &Dataset, entity: &str, rule: &Expression) -> Option<String> {
    let spec = data.spec();
    for reference in rule.references() {
        let Some(id) = spec.entity(&reference.entity) else { continue };
        let name = format!("{}.{}", reference.entity, reference.field);
        if spec[id].hidden {
            return Some(format!("needs {name}; {} is not written", reference.entity));
        }
        if !data.is_present(id) {
            return Some(format!("needs {name}; the data has no {}", reference.entity));
        }
        match spec[id].field(&reference.field) {
            Some(field) if data.field(id, field).is_some() => {}
            Some(field) if spec[id][field].hidden => return Some(format!("needs {name}, which is not written")),
            Some(_) => return Some(format!("needs {name}, which the data lacks")),
            None if reference.field.starts_with("item.") => return Some(format!("needs {name}, which is not written")),
            None => {}
        }
    }
    for child in rule.aggregated() {
        let Some(id) = spec.entity(child) else { continue };
        if spec[id].hidden || !data.is_present(id) {
            return Some(format!("needs the rows of {child}, which the data lacks"));
        }
        if data.parent(id).is_none() {
            return Some(format!("the rows of {child} do not say which {entity} they belong to"));
        }
    }
    None
}
