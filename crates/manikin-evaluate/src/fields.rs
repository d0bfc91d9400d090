//! What the contract says of single fields.

use std::collections::BTreeSet;

use manikin_expression::{Type, calendar};
use manikin_spec::spec::{EntityId, Field, FieldId};
use manikin_tables::{Column, KeyIndex, cell_text};

use crate::text::{literal_number, literal_text, numbers};
use crate::validate::{Demand, Judge};
use crate::validation::{Check, Kind};

/// Checks every field of an entity that the data has.
pub(crate) fn check(judge: &Judge<'_>, id: EntityId, checks: &mut Vec<Check>) {
    let spec = judge.data.spec().clone();
    for (place, field) in spec[id].fields.iter().enumerate() {
        let Some(column) = judge.data.field(id, FieldId(place)) else { continue };
        let one = One { judge, id, place: FieldId(place), field, column };
        let is_key = spec[id].key == [FieldId(place)];
        one.required_and_unique(is_key, checks);
        one.range(checks);
        one.codes(checks);
        one.length(checks);
        one.completeness(checks);
        one.freshness(checks);
    }
}

struct One<'a> {
    judge: &'a Judge<'a>,
    id: EntityId,
    place: FieldId,
    field: &'a Field,
    column: &'a Column,
}

impl One<'_> {
    fn demand(&self, of: &str, kind: Kind, code: &'static str, detail: String) -> Demand {
        let mut demand = Demand::new(format!("{}.{of}", self.field.name), kind, code, detail);
        demand.field = Some(self.place);
        demand
    }

    /// A key of one field is required and unique by itself; its own check tells.
    fn required_and_unique(&self, is_key: bool, checks: &mut Vec<Check>) {
        if is_key {
            return;
        }
        if self.field.contract.required {
            let demand = self.demand("required", Kind::Required, "MK0805", "has a value".to_owned());
            let nulls = self.column.series().is_null();
            let rows: Vec<u32> =
                (0_u32..).zip(nulls.iter()).filter(|(_, null)| *null == Some(true)).map(|(row, _)| row).collect();
            checks.push(self.judge.rows(self.id, demand, self.column.len(), &rows));
        }
        if self.field.contract.unique {
            let demand = self.demand("unique", Kind::Unique, "MK0806", "has each value once".to_owned());
            let index = KeyIndex::new(&[self.column]);
            checks.push(self.judge.rows(self.id, demand, self.present(), &index.repeated));
        }
    }

    fn range(&self, checks: &mut Vec<Check>) {
        let contract = &self.field.contract;
        let bound = |literal: &Option<_>| literal.as_ref().and_then(|literal| literal_number(literal, &self.field.ty));
        let (min, max) = (bound(&contract.min), bound(&contract.max));
        if min.is_none() && max.is_none() {
            return;
        }
        let said = |literal: &Option<_>| literal.as_ref().map_or("…".to_owned(), literal_text);
        let detail = format!("lies from {} to {}", said(&contract.min), said(&contract.max));
        let demand = self.demand("range", Kind::Range, "MK0807", detail);
        let Some(values) = numbers(self.column) else { return };
        let outside = |value: f64| min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max);
        let rows: Vec<u32> =
            (0_u32..).zip(&values).filter(|(_, value)| value.is_some_and(outside)).map(|(row, _)| row).collect();
        checks.push(self.judge.rows(self.id, demand, self.present(), &rows));
    }

    fn codes(&self, checks: &mut Vec<Check>) {
        let contract = &self.field.contract;
        if let Some(allowed) = &contract.allowed {
            let known: BTreeSet<String> = allowed.iter().map(literal_text).collect();
            let mut demand = self.demand("allowed", Kind::Code, "MK0808", format!("is one of {}", shortened(&known)));
            demand.also.push(format!("{}.{}.code", self.judge.data.spec()[self.id].name, self.field.name));
            checks.push(self.judge.rows(self.id, demand, self.present(), &self.unknown(&known)));
        }
        if let Some(name) = &contract.code {
            let demand = self.demand("code", Kind::Code, "MK0808", format!("is a code of {name}"));
            let spec = self.judge.data.spec();
            let codes = spec.tables.get(name).and_then(|table| {
                let key = table.key.as_deref().or_else(|| table.column_names().next())?;
                let column = table.column(key)?;
                Some((0..column.values.len()).filter_map(|row| column.values.text(row)).collect::<BTreeSet<String>>())
            });
            checks.push(match codes {
                Some(codes) => self.judge.rows(self.id, demand, self.present(), &self.unknown(&codes)),
                None => self.judge.skipped(self.id, demand, format!("the table {name} has no rows")),
            });
        }
    }

    /// Rows with a value, or with an item of a list, that is not known.
    fn unknown(&self, known: &BTreeSet<String>) -> Vec<u32> {
        let known: std::collections::HashSet<&str> = known.iter().map(String::as_str).collect();
        let series = self.column.series();
        let rows = |bad: &mut dyn Iterator<Item = bool>| -> Vec<u32> {
            (0_u32..).zip(bad).filter(|(_, bad)| *bad).map(|(row, _)| row).collect()
        };
        match self.column.ty() {
            Type::Text => match series.str() {
                Ok(texts) => rows(&mut texts.iter().map(|text| text.is_some_and(|text| !known.contains(text)))),
                Err(_) => Vec::new(),
            },
            Type::List(_) => match series.list() {
                Ok(lists) => rows(&mut (0..lists.len()).map(|row| {
                    let items = lists.get_as_series(row);
                    let items = items.as_ref().and_then(|items| items.str().ok());
                    items.is_some_and(|items| items.iter().flatten().any(|item| !known.contains(item)))
                })),
                Err(_) => Vec::new(),
            },
            _ => rows(
                &mut (0..self.column.len())
                    .map(|row| cell_text(self.column, row).is_some_and(|text| !known.contains(text.as_str()))),
            ),
        }
    }

    fn length(&self, checks: &mut Vec<Check>) {
        let Some(limit) = self.field.contract.length else { return };
        let demand = self.demand("length", Kind::Length, "MK0814", format!("has at most {limit} characters"));
        let Ok(texts) = self.column.series().str() else { return };
        let limit = limit as usize;
        let long = |text: &str| text.len() > limit && text.chars().count() > limit;
        let rows: Vec<u32> =
            (0_u32..).zip(texts.iter()).filter(|(_, text)| text.is_some_and(long)).map(|(row, _)| row).collect();
        checks.push(self.judge.rows(self.id, demand, self.present(), &rows));
    }

    fn completeness(&self, checks: &mut Vec<Check>) {
        let Some(wanted) = self.field.contract.completeness else { return };
        let rows = self.column.len();
        let share = if rows == 0 { 1.0 } else { self.present() as f64 / rows as f64 };
        let detail = format!("{:.2} % have a value, at least {:.2} % expected", share * 100.0, wanted * 100.0);
        let demand = self.demand("completeness", Kind::Completeness, "MK0811", detail);
        let lacking = if share < wanted { self.column.null_count() as u64 } else { 0 };
        checks.push(self.judge.count(self.id, demand, rows, lacking));
    }

    fn freshness(&self, checks: &mut Vec<Check>) {
        let Some(days) = self.field.contract.fresh_days else { return };
        let as_of = self.judge.data.spec().as_of;
        let newest = match self.column.ty() {
            Type::Date => self.column.series().i32().ok().and_then(|days| days.iter().flatten().max()),
            Type::DateTime => {
                let newest = self.column.series().i64().ok().and_then(|micros| micros.iter().flatten().max());
                newest.and_then(|micros| i32::try_from(micros.div_euclid(calendar::DAY)).ok())
            }
            _ => return,
        };
        let wanted = format!("at most {days} days before {}", calendar::date_text(as_of));
        let (detail, late) = match newest {
            None => (format!("there is no value; expected {wanted}"), 1),
            Some(newest) => {
                let late = i64::from(as_of) - i64::from(newest) > i64::from(days);
                (format!("the newest is {}, expected {wanted}", calendar::date_text(newest)), u64::from(late))
            }
        };
        let demand = self.demand("freshness", Kind::Freshness, "MK0812", detail);
        checks.push(self.judge.count(self.id, demand, self.present(), late));
    }

    fn present(&self) -> usize {
        self.column.len() - self.column.null_count()
    }
}

fn shortened(values: &BTreeSet<String>) -> String {
    let some: Vec<&str> = values.iter().take(6).map(String::as_str).collect();
    let more = if values.len() > some.len() { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}
