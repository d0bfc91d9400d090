//! Typed columns as metrics see them: numbers, or codes into a list of labels that all three datasets share.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use manikin_expression::{Type, calendar};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Column as Encoded, Table, Values};
use manikin_spec::document::Privacy;
use manikin_spec::spec::{EntityId, Field, FieldId, Generator, Spec};
use manikin_tables::Column;

use crate::assessment::{ColumnKind, Compared, ComparedColumn, LeftOut, Role};
use crate::sides::Side;
use crate::text::numbers;

/// Microseconds in a second.
const SECOND: f64 = 1e6;

/// A text column is taken for free text or an identifier, not for categories, when more than half of its real values
/// are different and there are more than so many.
///
/// ASSUMED: 50, so that small tables keep their categories.
const FEW: usize = 50;

/// Encodes every entity that all three sides hold, and says of each column whether it is compared.
pub(crate) fn encode(spec: &Spec, sides: &mut [Side; 3], notes: &mut Vec<String>) -> Vec<(EntityId, Compared)> {
    let mut compared = Vec::new();
    for id in (0..spec.entities.len()).map(EntityId) {
        if !sides.iter().all(|side| side.data.is_present(id)) {
            continue;
        }
        let entity = &spec[id];
        let mut of = Compared { entity: entity.name.clone(), columns: Vec::new(), left_out: Vec::new() };
        let mut tables: [Table; 3] =
            std::array::from_fn(|side| Table { columns: Vec::new(), rows: sides[side].data.rows_of(id) });
        for (place, field) in entity.fields.iter().enumerate() {
            let columns = [0, 1, 2].map(|side| sides[side].data.field(id, FieldId(place)));
            let [Some(real), Some(holdout), Some(synthetic)] = columns else { continue };
            let encoded = match not_compared(spec, id, FieldId(place), field) {
                Some(why) => Err(why),
                None => column(&[real, holdout, synthetic], notes, &format!("{}.{}", entity.name, field.name)),
            };
            match encoded {
                Ok((kind, values)) => {
                    for (table, values) in tables.iter_mut().zip(values) {
                        table.columns.push(Encoded { name: field.name.clone(), values });
                    }
                    let role = match field.privacy {
                        Some(Privacy::QuasiIdentifier) => Some(Role::QuasiIdentifier),
                        Some(Privacy::Sensitive) => Some(Role::Sensitive),
                        _ => None,
                    };
                    let unit = field.unit.clone();
                    of.columns.push(ComparedColumn { name: field.name.clone(), kind, role, unit });
                }
                Err(why) => of.left_out.push(LeftOut { column: field.name.clone(), why }),
            }
        }
        for (side, table) in sides.iter_mut().zip(tables) {
            side.tables[id.0] = Some(table);
        }
        compared.push((id, of));
    }
    compared
}

/// Why a field is not compared whatever its values are.
fn not_compared(spec: &Spec, id: EntityId, place: FieldId, field: &Field) -> Option<String> {
    if spec[id].key.contains(&place) {
        return Some("it is a key".into());
    }
    if let Some(target) = field.references {
        return Some(format!("it is a key of {}, compared as a relation", spec[target].name));
    }
    if matches!(field.generator, Some(Generator::KeyOf(_))) {
        return Some("it is a key of another entity".into());
    }
    if field.privacy == Some(Privacy::Identifier) {
        return Some("it is an identifier, looked for in the synthetic texts".into());
    }
    match field.ty {
        Type::List(_) => Some("it holds lists".into()),
        Type::Interval(_) | Type::Null => Some("it holds neither numbers nor categories".into()),
        _ => None,
    }
}

/// The values of a column on the three sides, or why they cannot be compared.
fn column(columns: &[&Column; 3], notes: &mut Vec<String>, name: &str) -> Result<(ColumnKind, [Values; 3]), String> {
    let is_void = |column: &Column| !column.is_empty() && column.null_count() == column.len();
    for (column, side) in columns.iter().zip(["real", "holdout", "synthetic"]) {
        if is_void(column) && (side == "real" || !is_void(columns[0])) {
            notes.push(format!("{name} has no value in the {side} data"));
        }
    }
    let kind = match columns[0].ty() {
        Type::Boolean => {
            let labels: Arc<[String]> = ["false".to_owned(), "true".to_owned()].into();
            return Ok((
                ColumnKind::Category,
                columns.map(|column| {
                    let code = |value: Option<bool>| value.map_or(NULL_CODE, u32::from);
                    let codes = match column.series().bool() {
                        Ok(values) => values.iter().map(code).collect(),
                        Err(_) => vec![NULL_CODE; column.len()],
                    };
                    Values::Codes { codes, labels: labels.clone() }
                }),
            ));
        }
        Type::Text => return categories(columns, notes, name).map(|values| (ColumnKind::Category, values)),
        Type::Date => ColumnKind::Date,
        Type::DateTime => ColumnKind::Time,
        _ => ColumnKind::Number,
    };
    let scale = if kind == ColumnKind::Time { SECOND } else { 1.0 };
    let mut values = columns.map(|column| {
        let found = numbers(column).unwrap_or_default();
        Values::Numbers(found.into_iter().map(|value| value.map_or(f64::NAN, |value| value / scale)).collect())
    });
    for (values, column) in values.iter_mut().zip(columns) {
        if values.len() != column.len() {
            *values = Values::Numbers(vec![f64::NAN; column.len()]);
        }
    }
    spans(&values, kind, notes, name);
    Ok((kind, values))
}

/// The share of synthetic dates that may lie outside the real ones before it is noted.
///
/// ASSUMED: a hundredth; a few lie outside by chance, about two of n.
const OUTSIDE: f64 = 0.01;

/// Notes numbers and dates of which the synthetic data know a single one, and dates that lie outside the real ones.
fn spans(values: &[Values; 3], kind: ColumnKind, notes: &mut Vec<String>, name: &str) {
    let known = |side: usize| {
        let Values::Numbers(numbers) = &values[side] else { return Vec::new() };
        numbers.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<f64>>()
    };
    let (real, synthetic) = (known(0), known(2));
    let span = |of: &[f64]| of.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let ((low, high), (least, most)) = (span(&real), span(&synthetic));
    if synthetic.len() > 1 && least >= most && low < high {
        notes.push(format!("{name} has one value only in the synthetic data"));
    }
    let days = match kind {
        ColumnKind::Date => 1.0,
        ColumnKind::Time => 86_400.0,
        _ => return,
    };
    let outside = synthetic.iter().filter(|&&x| x < low || x > high).count();
    if !real.is_empty() && outside as f64 > (OUTSIDE * synthetic.len() as f64).max(1.0) {
        let day = |x: f64| calendar::date_text((x / days).floor() as i32);
        notes.push(format!(
            "{outside} of {} dates of {name} in the synthetic data lie outside the real ones, {} to {}: they go from {} to {}",
            synthetic.len(),
            day(low),
            day(high),
            day(least),
            day(most)
        ));
    }
}

/// Texts as codes of labels in alphabetical order, or why they are not categories.
fn categories(columns: &[&Column; 3], notes: &mut Vec<String>, name: &str) -> Result<[Values; 3], String> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut labels: Vec<&str> = Vec::new();
    let mut counts = [0usize; 3];
    let mut coded: [Vec<u32>; 3] = Default::default();
    for (side, column) in columns.iter().enumerate() {
        let Ok(texts) = column.series().str() else { return Err("its values are no texts".into()) };
        let mut codes = Vec::with_capacity(column.len());
        for text in texts.iter() {
            // An empty text says as little as none.
            codes.push(match text.filter(|text| !text.is_empty()) {
                None => NULL_CODE,
                Some(text) => {
                    counts[side] += 1;
                    *seen.entry(text).or_insert_with(|| {
                        labels.push(text);
                        labels.len() as u32 - 1
                    })
                }
            });
        }
        coded[side] = codes;
        let distinct = labels.len();
        if side == 0 && distinct > FEW && 2 * distinct > counts[0] {
            return Err(format!(
                "{distinct} of {} real values are different: free text or an identifier, looked for in the synthetic \
                 texts",
                counts[0]
            ));
        }
    }
    spellings(&labels, &coded, notes, name);
    let mut order: Vec<u32> = (0..labels.len() as u32).collect();
    order.sort_by_key(|&code| labels[code as usize]);
    let mut place = vec![0u32; labels.len()];
    for (rank, &code) in (0u32..).zip(&order) {
        place[code as usize] = rank;
    }
    let sorted: Arc<[String]> = order.iter().map(|&code| labels[code as usize].to_owned()).collect();
    Ok(coded.map(|mut codes| {
        for code in codes.iter_mut().filter(|code| **code != NULL_CODE) {
            *code = place[*code as usize];
        }
        Values::Codes { codes, labels: sorted.clone() }
    }))
}

/// Notes categories of the synthetic side that differ from real ones only in case, blanks or punctuation, and columns
/// that share no category at all. Only what stands in the synthetic data is shown.
fn spellings(labels: &[&str], coded: &[Vec<u32>; 3], notes: &mut Vec<String>, name: &str) {
    let of = |side: usize| -> BTreeSet<u32> { coded[side].iter().copied().filter(|code| *code != NULL_CODE).collect() };
    let (real, synthetic) = (of(0), of(2));
    // Points and digits carry meaning (10.0 is not 100): only case, and what stands between words, may differ.
    let plain = |code: u32| -> String {
        let words = labels[code as usize].split(|c: char| c.is_whitespace() || c == '_' || c == '-');
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
    };
    let known: HashSet<String> = real.iter().map(|&code| plain(code)).collect();
    let close: Vec<&str> = synthetic
        .difference(&real)
        .filter(|code| known.contains(&plain(**code)))
        .map(|&code| labels[code as usize])
        .collect();
    if let Some(first) = close.first() {
        notes.push(format!(
            "{} categories of {name} in the synthetic data differ from real ones only in spelling, such as `{first}`: \
             write them as the real data does",
            close.len()
        ));
    } else if !real.is_empty() && !synthetic.is_empty() && real.is_disjoint(&synthetic) {
        notes.push(format!("{name}: no category of the synthetic data occurs in the real data"));
    }
}
