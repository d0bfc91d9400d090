//! Identifiers of real people in synthetic texts.

use std::collections::BTreeSet;

use manikin_expression::Type;
use manikin_metrics::Score;
use manikin_metrics::risk::leaks::{self, Texts};
use manikin_spec::document::Privacy;
use manikin_spec::spec::{EntityId, FieldId};

use crate::sides::{Side, Sides};

/// One column of texts, empty where there is none.
struct Column {
    name: String,
    values: Vec<String>,
}

/// Looks for the values of the declared identifiers of train and holdout in every synthetic text that is no category,
/// and for what looks like an identifier.
pub(crate) fn leaks(sides: &Sides, level: f64) -> Vec<Score> {
    let known = |side: &Side| -> Vec<Column> {
        let mut columns = columns(sides, side, |id, field| {
            let own = &sides.spec[id][field];
            own.privacy == Some(Privacy::Identifier)
                && (own.references.is_none() || own.references == sides.spec.subject)
        });
        for column in &mut columns {
            // Looking for a value twice finds nothing more.
            let distinct: BTreeSet<String> = std::mem::take(&mut column.values).into_iter().collect();
            column.values = distinct.into_iter().filter(|value| !value.is_empty()).collect();
        }
        columns
    };
    let (train, holdout) = (known(&sides.real), known(&sides.holdout));
    let compared = |id: EntityId, field: FieldId| {
        let name = &sides.spec[id][field].name;
        sides.columns(id).is_some_and(|own| own.columns.iter().any(|column| column.name == *name))
    };
    let synthetic = columns(sides, &sides.synthetic, |id, field| {
        let own = &sides.spec[id][field];
        own.references.is_none() && !compared(id, field)
    });
    let (train, holdout, synthetic) = (of(&train), of(&holdout), of(&synthetic));
    let mut scores = leaks::leaks(&train, &holdout, &synthetic, level);
    scores.extend(leaks::beyond_chance(&train, &holdout, &synthetic));
    scores
}

fn of(columns: &[Column]) -> Vec<Texts<'_>> {
    columns.iter().map(|column| Texts { name: &column.name, values: &column.values }).collect()
}

/// The text columns of the subject and of everything below it that are wanted; without a subject, of all entities.
fn columns(sides: &Sides, side: &Side, wanted: impl Fn(EntityId, FieldId) -> bool) -> Vec<Column> {
    let spec = &sides.spec;
    let mut found = Vec::new();
    for (id, compared) in &sides.compared {
        if spec.subject.is_some() && side.patients[id.0].is_none() {
            continue;
        }
        for (place, field) in spec[*id].fields.iter().enumerate() {
            if field.ty != Type::Text || !wanted(*id, FieldId(place)) {
                continue;
            }
            let Some(texts) = side.data.field(*id, FieldId(place)).and_then(|column| column.series().str().ok()) else {
                continue;
            };
            let values = texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect();
            found.push(Column { name: format!("{}.{}", compared.entity, field.name), values });
        }
    }
    found
}
