//! Keys, foreign keys and the number of children.

use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::{Dataset, NO_ROW};

use crate::validate::{Demand, Judge};
use crate::validation::{Check, Kind};

/// Checks that concern rows among each other.
pub(crate) fn check(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    key(judge, id, checks);
    references(judge, id, checks);
    cardinality(judge, id, checks);
}

fn key(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    let data = judge.data;
    let entity = &data.spec()[id];
    if entity.key.is_empty() {
        return;
    }
    let names: Vec<&str> = entity.key.iter().map(|key| entity[*key].name.as_str()).collect();
    let mut demand = Demand::new("key", Kind::Key, "MK0806", format!("{} is whole and unique", names.join(", ")));
    demand.also = vec![format!("{}.key", entity.name)];
    for name in &names {
        demand.also.push(format!("{}.{name}.unique", entity.name));
        demand.also.push(format!("{}.{name}.required", entity.name));
    }
    match data.keys(id) {
        Some(keys) => {
            let mut rows: Vec<u32> = keys.repeated.iter().chain(&keys.missing).copied().collect();
            rows.sort_unstable();
            checks.push(judge.rows(id, demand, data.rows_of(id), &rows));
        }
        None => checks.push(judge.skipped(id, demand, format!("the data has no column {}", names.join(", ")))),
    }
}

fn references(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    let data = judge.data;
    let spec = data.spec();
    for (place, field) in spec[id].fields.iter().enumerate() {
        let Some(target) = field.references.filter(|_| !field.hidden) else { continue };
        let into = &spec[target].name;
        let mut demand =
            Demand::new(format!("{}.reference", field.name), Kind::Reference, "MK0809", format!("is found in {into}"));
        demand.field = Some(FieldId(place));
        let Some(values) = data.field(id, FieldId(place)) else { continue };
        if spec[target].hidden {
            checks.push(judge.skipped(id, demand, format!("{into} is not written")));
            continue;
        }
        let Some(link) = data.link(id, FieldId(place)) else {
            checks.push(judge.skipped(id, demand, format!("the data has no {into} to look in")));
            continue;
        };
        let present = values.series().is_not_null();
        let lost: Vec<u32> = (0_u32..)
            .zip(link)
            .zip(present.iter())
            .filter(|((_, to), present)| **to == NO_ROW && *present == Some(true))
            .map(|((row, _), _)| row)
            .collect();
        checks.push(judge.rows(id, demand, values.len() - values.null_count(), &lost));
    }
}

fn cardinality(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    let data = judge.data;
    let spec = data.spec();
    let (Some((min, max)), Some(parent)) = (spec[id].cardinality, spec[id].parent) else { return };
    let (child, above) = (&spec[id].name, &spec[parent].name);
    let range = match max {
        Some(max) if max == min => format!("exactly {min}"),
        Some(max) => format!("{min} to {max}"),
        None => format!("at least {min}"),
    };
    let mut demand = Demand::new(
        "cardinality",
        Kind::Cardinality,
        "MK0813",
        format!("{range} {child} per {above}; the keys are those of {above}"),
    );
    demand.also = vec![format!("{child}.cardinality")];
    if spec[parent].hidden {
        checks.push(judge.skipped(id, demand, format!("{above} is not written")));
        return;
    }
    let Some(parents) = data.parent(id) else {
        checks.push(judge.skipped(id, demand, format!("the rows do not say which {above} they belong to")));
        return;
    };
    let mut counts = vec![0_u64; data.rows_of(parent)];
    for row in parents {
        if let Some(count) = counts.get_mut(*row as usize) {
            *count += 1;
        }
    }
    // Children point to the first row of a key, so its copies have none of their own.
    let copies = copies(data, parent);
    let wrong: Vec<u32> = (0_u32..)
        .zip(&counts)
        .filter(|(row, count)| {
            (**count < min || max.is_some_and(|max| **count > max)) && copies.binary_search(row).is_err()
        })
        .map(|(row, _)| row)
        .collect();
    let mut check = judge.rows(parent, demand, counts.len(), &wrong);
    check.entity.clone_from(child);
    checks.push(check);
}

/// Rows whose key an earlier row has, in order.
pub(crate) fn copies(data: &Dataset, id: EntityId) -> &[u32] {
    data.keys(id).map_or(&[], |keys| keys.repeated.as_slice())
}
