//! Tables that a draft made of records: a list of codes, with words and bounds for each.

use std::collections::BTreeMap;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::Expr;
use manikin_fit::{Answer, Question};
use manikin_spec::document::Origin;
use manikin_spec::node::{Node, Value};
use manikin_spec::spec::{EntityId, FieldId, Generator};

use super::rewrite::{at, list, number, origin};
use crate::failure::Failure;
use crate::model::folder::{key, made, set};
use crate::spec::Checked;

/// What a table of codes is used for.
#[derive(Debug)]
pub(super) struct CodeTable {
    name: String,
    /// Whose values it lists.
    pub(super) entity: EntityId,
    pub(super) field: FieldId,
    /// The column of the codes.
    column: String,
    /// Columns of fields that are looked up by the code.
    pub(super) follows: Vec<(String, FieldId)>,
    /// Numbers whose bounds it holds, with the columns of the lower and the upper one.
    bounds: Vec<(FieldId, String, String)>,
}

/// The tables that are marked `origin: data`.
///
/// # Errors
///
/// - `MK1503` when one is more than a list of one field's codes with words and bounds
pub(super) fn code_tables(checked: &Checked) -> Result<Vec<CodeTable>, Failure> {
    let tables = checked.spec.tables.values().filter(|table| table.origin == Some(Origin::Data));
    tables.map(|table| code_table(checked, table)).collect()
}

fn code_table(checked: &Checked, table: &manikin_spec::table::Table) -> Result<CodeTable, Failure> {
    let refuse = |problem: &str| -> Failure {
        let message = format!("the table {} was taken from the records, and {problem}", table.name);
        let help =
            "write `origin: public` if it is the same for everybody and anyone may know it, or replace it by what is";
        let diagnostic = Diagnostic::error(codes::TAKEN_FROM_RECORDS, message).path(format!("tables.{}", table.name));
        Failure { sources: checked.sources.clone(), diagnostics: diagnostic.help(help).into() }
    };
    let spec = &checked.spec;
    let learn = |entity: EntityId, field: FieldId, path: &[&str]| {
        let place = ["entities", &spec[entity].name, "fields", &spec[entity][field].name, "learn"];
        let (node, is_there) = checked.node.as_ref()?.at(&[&place[..], path].concat());
        is_there.then(|| node.text()).flatten()
    };
    let all = (0..spec.entities.len()).map(EntityId);
    let fields = all.flat_map(|entity| (0..spec[entity].fields.len()).map(move |field| (entity, FieldId(field))));
    let fields: Vec<(EntityId, FieldId)> = fields.collect();
    let uses = |path: &[&str]| -> Vec<(EntityId, FieldId)> {
        let is_use = |place: &&(EntityId, FieldId)| learn(place.0, place.1, path) == Some(table.name.as_str());
        fields.iter().filter(is_use).copied().collect()
    };
    let [(entity, field)] = uses(&["values", "table"])[..] else {
        return Err(refuse("it is not the list of one field's values"));
    };
    if spec[entity][field].origin != Some(Origin::Data) {
        return Err(refuse("the field that it lists the values of is not marked"));
    }
    let column = learn(entity, field, &["values", "column"]).map(str::to_owned).or_else(|| table.key.clone());
    let column = column.ok_or_else(|| refuse("it has no key"))?;
    let bounded = uses(&["bounds", "table"]);
    let mut bounds = Vec::new();
    for (own, number) in bounded {
        let end = |name: &str| learn(own, number, &["bounds", name]).map(str::to_owned);
        let (Some(low), Some(high)) = (end("low"), end("high")) else { continue };
        if own != entity || spec[own][number].origin != Some(Origin::Data) {
            return Err(refuse("bounds of a field that is not marked are in it"));
        }
        bounds.push((number, low, high));
    }
    let mut follows = Vec::new();
    for own in table.columns.iter().map(|own| &own.name).filter(|own| **own != column) {
        if bounds.iter().any(|(_, low, high)| low == own || high == own) {
            continue;
        }
        let is_looked_up = |field: &&FieldId| match &spec[entity][**field].generator {
            Some(Generator::Derive(expression)) => {
                matches!(&expression.root, Expr::Lookup { table: of, column, .. } if *of == table.name && column == own)
            }
            _ => false,
        };
        let own_fields: Vec<FieldId> = (0..spec[entity].fields.len()).map(FieldId).collect();
        match own_fields.iter().find(is_looked_up) {
            Some(field) => follows.push((own.clone(), *field)),
            None if is_named(checked, &[&table.name, own]) => {
                return Err(refuse(&format!("its column {own} is no word for a code of that field's row")));
            }
            // What nothing uses is left out.
            None => {}
        }
    }
    Ok(CodeTable { name: table.name.clone(), entity, field, column, follows, bounds })
}

/// Whether an expression of the spec quotes all of these names.
fn is_named(checked: &Checked, names: &[&str]) -> bool {
    fn texts<'a>(node: &'a Node, each: &mut dyn FnMut(&'a str)) {
        match &node.value {
            Value::Text(text) => each(text),
            Value::List(items) => items.iter().for_each(|item| texts(item, each)),
            Value::Map(entries) => entries.iter().for_each(|(_, value)| texts(value, each)),
            Value::Null | Value::Bool(_) | Value::Number(..) => {}
        }
    }
    let mut found = false;
    if let Some(node) = &checked.node {
        texts(node, &mut |text| found |= names.iter().all(|name| text.contains(&format!("'{name}'"))));
    }
    found
}

impl CodeTable {
    /// Whether it holds the bounds of a field.
    pub(super) fn bounds(&self, entity: EntityId, field: FieldId) -> bool {
        self.entity == entity && self.bounds.iter().any(|(own, ..)| *own == field)
    }

    /// What the field that it lists says of its values.
    pub(super) fn values(&self) -> Node {
        let text = |text: &str| made(Value::Text(text.to_owned()));
        made(Value::Map(vec![(key("table"), text(&self.name)), (key("column"), text(&self.column))]))
    }

    /// Puts the rows that were released in the place of the draft's: `values` in order, each with its words; `rest` is the
    /// value of those that are not listed.
    pub(super) fn rewrite(
        &self,
        node: &mut Node,
        values: &[(Node, Vec<Option<String>>)],
        rest: Option<&Node>,
        released: &[(Question, Answer)],
        widest: &dyn Fn(&Question) -> Vec<f64>,
    ) {
        let mut lacks = values.is_empty();
        let mut rows: Vec<Vec<(String, Node)>> = Vec::new();
        for (value, words) in values {
            let words = self
                .follows
                .iter()
                .zip(words)
                .filter_map(|((column, _), word)| Some((column.clone(), made(Value::Text(word.clone()?)))));
            rows.push([(self.column.clone(), value.clone())].into_iter().chain(words).collect());
        }
        if let Some(rest) = rest.filter(|rest| !values.iter().any(|(value, _)| value.same(rest))) {
            // Nothing is known of what is not listed but that it is not.
            let words = self.follows.iter().map(|(column, _)| (column.clone(), rest.clone()));
            rows.push([(self.column.clone(), rest.clone())].into_iter().chain(words).collect());
        }
        for (number_field, low, high) in &self.bounds {
            let found = released.iter().find(|(question, _)| {
                matches!(question, Question::Bounds { entity, field, .. } if *entity == self.entity && field == number_field)
            });
            let Some((question, answer)) = found else { continue };
            let nothing = BTreeMap::new();
            let (by, all) = match (answer, widest(question).as_slice()) {
                (Answer::Bounds { by, all }, _) => (by, *all),
                (_, [least, most]) => (&nothing, [*least, *most]),
                _ => continue,
            };
            lacks |= *answer == Answer::Nothing;
            for row in &mut rows {
                let own = row.first().and_then(|(_, value)| by.get(value.written()?)).copied().unwrap_or(all);
                row.push((low.clone(), number(own[0])));
                row.push((high.clone(), number(own[1])));
            }
        }
        let Some(table) = at(node, &["tables", &self.name]) else { return };
        if let Value::Map(entries) = &mut table.value {
            entries.retain(|(key, _)| !["csv", "rows", "means"].contains(&key.text.as_str()));
        }
        let kept = |name: &str| name == self.column || self.follows.iter().any(|(column, _)| column == name);
        if let Some(Node { value: Value::Map(types), .. }) = at(table, &["columns"]) {
            types.retain(|(key, _)| kept(&key.text));
        }
        let row = |row: Vec<(String, Node)>| {
            made(Value::Map(row.into_iter().map(|(name, value)| (key(&name), value)).collect()))
        };
        set(table, "rows", list(rows.into_iter().map(row).collect()));
        set(table, "origin", origin(if lacks { Origin::Data } else { Origin::Measured }));
    }
}
