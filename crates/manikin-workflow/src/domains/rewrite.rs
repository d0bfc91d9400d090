//! A spec's document with what was marked `origin: data` replaced by what was released, or by public rules.

use std::path::Path;

use manikin_expression::{Type, calendar};
use manikin_fit::{Answer, Question};
use manikin_spec::document::{DomainsCharge, Origin};
use manikin_spec::node::{Node, Value};
use manikin_spec::spec::{EntityId, FieldId, Learned};

use super::tables::CodeTable;
use crate::failure::Failure;
use crate::model::folder::{broken, copy_tables, key, made, set};
use crate::spec::Checked;

/// Keys of `learn:` that say what a field can hold: none of the draft's is kept.
const DOMAIN_KEYS: [&str; 8] = ["values", "edges", "from", "to", "cells", "scale", "nullable", "origin"];
/// Keys of a field that drafts take from values.
const CONTRACT_KEYS: [&str; 5] = ["required", "unique", "allowed", "range", "origin"];
/// Words of a draft's `means` that were guessed from values.
const GUESSED: &str = "guessed from the values";
/// What stands in for values that were not found, and for those that are not listed.
const REST: &str = "other";

/// The document; tables that it reads are copied into `folder`.
///
/// # Errors
///
/// - `MK1509` when the spec has no text, `MK0902` when a table cannot be copied
pub(super) fn rewritten(
    checked: &Checked,
    learned: &Learned,
    tables: &[CodeTable],
    released: &[(Question, Answer)],
    charge: &DomainsCharge,
    folder: &Path,
) -> Result<Node, Failure> {
    let mut node = checked.node.clone().ok_or_else(|| broken("the spec has no text"))?;
    let mut writer = Writer { checked, learned, tables, released, node: &mut node };
    for (question, answer) in released {
        match question {
            Question::Patients => writer.patients(answer),
            Question::Values { entity, field, .. } => writer.values(*entity, *field, answer),
            Question::Bins(entity, field) => writer.bins(*entity, *field, question, answer),
            Question::Bounds { .. } => {}
            Question::Rows { parent, child } => writer.rows(*parent, *child, question, answer),
        }
    }
    // Bounds by another field need its values.
    for (question, answer) in released {
        if let Question::Bounds { entity, field, by } = question {
            writer.bounds(*entity, *field, *by, question, answer);
        }
    }
    writer.truth_values();
    writer.levels(released);
    writer.contracts();
    writer.charge(charge);
    copy_tables(checked, &mut node, folder)?;
    Ok(node)
}

struct Writer<'a> {
    checked: &'a Checked,
    learned: &'a Learned,
    tables: &'a [CodeTable],
    released: &'a [(Question, Answer)],
    node: &'a mut Node,
}

impl Writer<'_> {
    fn patients(&mut self, answer: &Answer) {
        let Answer::Patients(patients) = answer else { return };
        if let Some(source) = at(self.node, &["privacy", "source"]) {
            set(source, "patients", whole(*patients));
            set(source, "origin", origin(Origin::Measured));
        }
    }

    /// The `learn:` of a field without the draft's domain, and what values that are not listed become.
    fn emptied(&mut self, entity: EntityId, field: FieldId) -> Option<(&mut Node, Option<Node>)> {
        let (entity, field) = (&self.checked.spec[entity].name, &self.checked.spec[entity][field].name);
        let learn = at(self.node, &["entities", entity, "fields", field, "learn"])?;
        let other = learn.get("other").cloned();
        let Value::Map(entries) = &mut learn.value else { return None };
        entries.retain(|(key, _)| !DOMAIN_KEYS.contains(&key.text.as_str()));
        Some((learn, other))
    }

    fn values(&mut self, entity: EntityId, field: FieldId, answer: &Answer) {
        let ty = &self.checked.spec[entity][field].ty;
        let tables = self.tables;
        let Some((learn, other)) = self.emptied(entity, field) else { return };
        let found: Vec<(Node, Vec<Option<String>>)> = match answer {
            Answer::Values(values) => values.iter().map(|(value, words)| (scalar(value, ty), words.clone())).collect(),
            _ => Vec::new(),
        };
        let rest = match (&other, ty) {
            (Some(other), _) => Some(other.clone()),
            (None, _) if !found.is_empty() => None,
            (None, Type::Text) => Some(made(Value::Text(REST.to_owned()))),
            (None, ty) if ty.is_number() => Some(whole(0)),
            (None, ty) => Some(edge_of(0.0, ty)),
        };
        if let Some(rest) = &rest {
            set(learn, "other", rest.clone());
        }
        // What is not listed becomes `other`, which is then one of the values, or NULL.
        set(learn, "nullable", made(Value::Bool(true)));
        set(learn, "origin", origin(if found.is_empty() { Origin::Data } else { Origin::Measured }));
        let table = tables.iter().find(|table| (table.entity, table.field) == (entity, field));
        let Some(table) = table else {
            let mut values: Vec<Node> = found.into_iter().map(|(value, _)| value).collect();
            values.extend(rest.filter(|rest| !values.iter().any(|value| value.same(rest))));
            set(learn, "values", list(values));
            return;
        };
        set(learn, "values", table.values());
        let widest = |question: &Question| question.widest(&self.checked.spec, self.learned);
        table.rewrite(self.node, &found, rest.as_ref(), self.released, &widest);
    }

    fn bins(&mut self, entity: EntityId, field: FieldId, question: &Question, answer: &Answer) {
        let ty = &self.checked.spec[entity][field].ty;
        let widest = question.widest(&self.checked.spec, self.learned);
        let Some((learn, _)) = self.emptied(entity, field) else { return };
        let is_offset = learn.get("since").is_some();
        let edge = |edge: &f64| if is_offset { number(*edge) } else { edge_of(*edge, ty) };
        match answer {
            Answer::Bins { edges, nullable } => {
                set(learn, "edges", list(edges.iter().map(edge).collect()));
                if *nullable {
                    set(learn, "nullable", made(Value::Bool(true)));
                }
                set(learn, "origin", origin(Origin::Measured));
            }
            _ => {
                set(learn, "edges", list(widest.iter().map(edge).collect()));
                set(learn, "origin", origin(Origin::Data));
            }
        }
    }

    /// Bounds by another field: in the table that holds them, or by value.
    fn bounds(&mut self, entity: EntityId, field: FieldId, by: FieldId, question: &Question, answer: &Answer) {
        let spec = &self.checked.spec;
        let is_tabled = self.tables.iter().any(|table| table.bounds(entity, field));
        let place = ["entities", &spec[entity].name, "fields", &spec[entity][by].name, "learn", "values"];
        let values: Vec<Node> = at(self.node, &place).map_or_else(Vec::new, |values| values.items().to_vec());
        let widest = question.widest(spec, self.learned);
        let cells = at(self.node, &["entities", &spec[entity].name, "fields", &spec[entity][field].name, "learn"])
            .and_then(|learn| learn.get("cells").cloned());
        let Some((learn, _)) = self.emptied(entity, field) else { return };
        // How finely bounds are cut is a setting, which no record tells.
        set(learn, "cells", cells.unwrap_or_else(|| whole(16)));
        // Where the other field is NULL there are no bounds.
        set(learn, "nullable", made(Value::Bool(true)));
        set(learn, "origin", origin(if *answer == Answer::Nothing { Origin::Data } else { Origin::Measured }));
        if is_tabled {
            return;
        }
        let of = |value: &str| match answer {
            Answer::Bounds { by, all } => by.get(value).copied().unwrap_or(*all),
            _ => [widest.first().copied().unwrap_or(0.0), widest.last().copied().unwrap_or(1.0)],
        };
        let own = |value: &Node| {
            let text = value.written()?;
            Some((key(text), list(of(text).iter().map(|end| number(*end)).collect())))
        };
        set(learn, "bounds", made(Value::Map(values.iter().filter_map(own).collect())));
    }

    /// The bins of a number of rows where the parent's are marked, and the cap where the child's is.
    fn rows(&mut self, parent: EntityId, child: EntityId, question: &Question, answer: &Answer) {
        let spec = &self.checked.spec;
        let widest = || question.widest(spec, self.learned).into_iter().map(|edge| edge as u64).collect();
        let edges: Vec<u64> = match answer {
            Answer::Rows { edges } => edges.clone(),
            _ => widest(),
        };
        let (above, below) = (&spec[parent].name, &spec[child].name);
        if self.is_marked(parent)
            && let Some(rows) = at(self.node, &["entities", above, "learn", "rows"])
        {
            set(rows, below, list(edges.iter().map(|edge| whole(*edge)).collect()));
        }
        let has_cap = self.learned.level(child).is_some_and(|level| level.cap.is_some());
        if has_cap
            && self.is_marked(child)
            && let Some(learn) = at(self.node, &["entities", below, "learn"])
        {
            set(learn, "at_most", whole(edges.last().copied().unwrap_or(1).max(1)));
        }
    }

    fn is_marked(&self, entity: EntityId) -> bool {
        self.learned.level(entity).is_some_and(|level| level.origin == Some(Origin::Data))
    }

    /// Truth values are public; that they may be missing is then assumed of all of them.
    fn truth_values(&mut self) {
        let spec = &self.checked.spec;
        for (name, own) in spec.entities.iter().flat_map(|entity| entity.fields.iter().map(|own| (&entity.name, own))) {
            if own.origin == Some(Origin::Data)
                && own.ty == Type::Boolean
                && let Some(learn) = at(self.node, &["entities", name, "fields", &own.name, "learn"])
            {
                set(learn, "values", list(vec![made(Value::Bool(true)), made(Value::Bool(false))]));
                set(learn, "nullable", made(Value::Bool(true)));
                set(learn, "origin", origin(Origin::Public));
            }
        }
    }

    /// The marks of entities: gone where everything that was asked of their rows was answered.
    fn levels(&mut self, released: &[(Question, Answer)]) {
        for level in self.learned.levels.iter().filter(|level| level.origin == Some(Origin::Data)) {
            let id = level.entity;
            let concerns = |question: &Question| matches!(question, Question::Rows { parent, child } if *parent == id || *child == id);
            let lacks = released.iter().any(|(question, answer)| concerns(question) && *answer == Answer::Nothing);
            if let Some(learn) = at(self.node, &["entities", &self.checked.spec[id].name, "learn"]) {
                set(learn, "origin", origin(if lacks { Origin::Data } else { Origin::Measured }));
            }
        }
    }

    /// What drafts say of values beside `learn:` goes: which values are allowed, required or unique, and their range.
    fn contracts(&mut self) {
        let Some(Node { value: Value::Map(entities), .. }) = at(self.node, &["entities"]) else { return };
        for (_, entity) in entities {
            let Some(Node { value: Value::Map(fields), .. }) = at(entity, &["fields"]) else { continue };
            for (_, field) in fields {
                if field.get("origin").and_then(Node::text) != Some("data") {
                    continue;
                }
                if let Value::Map(entries) = &mut field.value {
                    entries.retain(|(key, value)| {
                        let is_guessed = key.text == "means" && value.text().is_some_and(|text| text.contains(GUESSED));
                        !CONTRACT_KEYS.contains(&key.text.as_str()) && !is_guessed
                    });
                }
            }
        }
    }

    fn charge(&mut self, charge: &DomainsCharge) {
        let entry = [
            ("entry", made(Value::Number(charge.entry.into(), charge.entry.to_string()))),
            ("rho", number(charge.rho)),
            ("delta", number(charge.delta)),
        ];
        let entry = made(Value::Map(entry.into_iter().map(|(name, value)| (key(name), value)).collect()));
        let Some(privacy) = at(self.node, &["privacy"]) else { return };
        let mut charges = privacy.get("domains").map_or_else(Vec::new, |charges| charges.items().to_vec());
        charges.push(entry);
        set(privacy, "domains", list(charges));
    }
}

/// The value under keys of maps.
pub(super) fn at<'a>(node: &'a mut Node, path: &[&str]) -> Option<&'a mut Node> {
    let mut node = node;
    for name in path {
        let Value::Map(entries) = &mut node.value else { return None };
        node = &mut entries.iter_mut().find(|(key, _)| key.text == *name)?.1;
    }
    Some(node)
}

pub(super) fn origin(origin: Origin) -> Node {
    let word = match origin {
        Origin::Data => "data",
        Origin::Measured => "measured",
        Origin::Public => "public",
    };
    made(Value::Text(word.to_owned()))
}

pub(super) fn list(items: Vec<Node>) -> Node {
    made(Value::List(items))
}

fn whole(value: u64) -> Node {
    made(Value::Number(value.into(), value.to_string()))
}

pub(super) fn number(value: f64) -> Node {
    let number = serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into());
    made(Value::Number(number, value.to_string()))
}

/// A released value of a field, from its text.
fn scalar(text: &str, ty: &Type) -> Node {
    match (ty.is_number(), text.parse::<serde_json::Number>()) {
        (true, Ok(number)) => made(Value::Number(number, text.to_owned())),
        _ => made(Value::Text(text.to_owned())),
    }
}

/// An end of a bin: a day or time as such, anything else as a number.
fn edge_of(value: f64, ty: &Type) -> Node {
    match ty {
        Type::Date => made(Value::Text(calendar::date_text(value as i32))),
        Type::DateTime => made(Value::Text(calendar::datetime_text(value as i64, 'T'))),
        _ => number(value),
    }
}
