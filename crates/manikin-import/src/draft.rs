//! A draft of a spec for tables that came without one.
//!
//! A draft says what can be seen (types, keys, relations) and what can be guessed (code systems, privacy roles), and marks
//! everything that it took from values with `origin: data`, so that a person can tell it from public knowledge. Values
//! themselves stand in it only where each is that of many people.

mod codes;
mod learning;
mod numbers;
mod relations;
mod sheet;
mod tables;
mod times;

use std::fmt::Write;

use manikin_expression::{Type, plain_name};
use manikin_tables::Table;

use crate::guess;
use learning::Learning;
use sheet::{Profile, Relation, Sheet};
pub use tables::DraftedTable;

/// Categories of fewer people are not listed, and columns with values of fewer get no range. Rows count where a table
/// does not say whose they are.
///
/// # Source
/// CMS cell size suppression policy: no cell of 1 to 10 is published.
const SMALLEST_CELL: usize = 11;

/// Columns with more values than this are not listed in place.
///
/// ASSUMED: lists of codes that people write by hand are shorter.
const MOST_CATEGORIES: usize = 50;

/// A drafted spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The YAML.
    pub spec: String,
    /// The tables that it names, files beside it; none where they stand in the YAML.
    pub tables: Vec<DraftedTable>,
    /// How many places are marked `origin: data`.
    pub marks: usize,
}

/// Drafts a spec for tables.
///
/// Names become those of a spec ([`plain_name`]). `product` names it. Tables of values become CSV files in `folder`,
/// relative to the spec, or rows in the YAML without one.
#[must_use]
pub fn draft(product: &str, tables: &[Table], folder: Option<&str>) -> Draft {
    let (sheets, subject) = sheets(tables);
    let learning = Learning::of(&sheets, subject);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "# Drafted from data by `manikin init`. What is marked `origin: data` was taken from values: replace it by what is\n\
         # publicly known, and write `origin: public`. What is marked `guessed` is for you to confirm.\n\
         manikin: 1\nproduct: {}\nversion: 0.1.0\npurpose: Drafted from a dataset; say here what the data is for.\n",
        quoted(&plain_name(product).replace('_', "-"))
    );
    if let Some((from, to)) = learning.years() {
        let _ = writeln!(text, "# whole years\nperiod: {{from: {from:04}-01-01, to: {to:04}-12-31, origin: data}}");
    } else {
        text.push_str(
            "# the data has no dates; say what time it is from\nperiod: {from: 2025-01-01, to: 2025-12-31}\n",
        );
    }
    let source = quoted(&plain_name(product).replace('_', "-"));
    if let Some(line) = learning.source(&source) {
        text.push_str(&line);
    }
    if !learning.tables().is_empty() {
        text.push_str("tables:\n");
        learning.tables().iter().for_each(|table| text.push_str(&table.entry(folder)));
    }
    text.push_str("entities:\n");
    for table in relations::order(&sheets) {
        let sheet = &sheets[table];
        let name = &sheet.name;
        let _ = writeln!(text, "  {name}:");
        let _ = writeln!(text, "    means: One row of {name}; say here what it is.");
        if Some(table) == subject {
            text.push_str("    subject: true  # guessed\n");
        }
        if let Some(parent) = sheet.parent {
            let _ = writeln!(text, "    per: {}  # guessed", sheets[parent].name);
        }
        text.push_str(&learning.rows(table));
        if let Some(key) = sheet.key {
            let _ = writeln!(text, "    key: {}", sheet.columns[key].name);
        }
        text.push_str("    fields:\n");
        let (left_out, drafted): (Vec<usize>, Vec<usize>) =
            (0..sheet.columns.len()).partition(|place| learning.is_left_out(table, *place));
        if !left_out.is_empty() {
            let names: Vec<&str> = left_out.iter().map(|place| sheet.columns[*place].name.as_str()).collect();
            let names = names.join(", ");
            let _ = writeln!(text, "      # left out, since figures may have been counted from records: {names}");
        }
        for place in drafted {
            let profile = &sheet.columns[place];
            let _ = writeln!(text, "      {}: {}", profile.name, field(&sheets, subject, &learning, table, place));
        }
        text.push_str(&learning.entity(table));
    }
    let marks = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.matches("origin: data").count());
    Draft { marks: marks.sum(), tables: learning.tables().to_vec(), spec: text }
}

/// The tables with what was found of them, and which of them is of people.
fn sheets(tables: &[Table]) -> (Vec<Sheet>, Option<usize>) {
    let mut profiles: Vec<Vec<Profile>> = tables.iter().map(sheet::profiled).collect();
    let names: Vec<String> = tables.iter().map(|table| plain_name(table.entity())).collect();
    let keys: Vec<Option<usize>> =
        names.iter().zip(&profiles).map(|(name, columns)| relations::key_of(name, columns)).collect();
    let found: Vec<Vec<Relation>> =
        (0..tables.len()).map(|table| relations::relations_of(table, &names, &profiles, &keys)).collect();
    let subject = relations::subject_of(&names, &found, &keys);
    let parents = relations::parents_of(subject, &found, &profiles);
    let mut sheets: Vec<Sheet> = Vec::new();
    for (at, ((table, name), relations)) in tables.iter().zip(names).zip(found).enumerate() {
        let to = |wanted: Option<usize>| relations.iter().find(|relation| Some(relation.to) == wanted);
        let to_people = to(subject).filter(|_| Some(at) != subject).map(|relation| relation.column);
        let people = sheet::people_of(table, to_people);
        let mut columns = std::mem::take(&mut profiles[at]);
        sheet::count_people(&people, &mut columns);
        let above = parents[at].and_then(|parent| {
            let (column, key) = (to(Some(parent))?.column, keys[parent]?);
            Some(sheet::above(table, column, &tables[parent], key))
        });
        sheets.push(Sheet {
            name,
            rows: table.frame().height(),
            columns,
            key: keys[at],
            parent: parents[at],
            above: above.unwrap_or_default(),
            people,
            relations,
        });
    }
    (sheets, subject)
}

/// A field as one line of YAML.
fn field(sheets: &[Sheet], subject: Option<usize>, learning: &Learning<'_>, table: usize, place: usize) -> String {
    let (sheet, profile) = (&sheets[table], &sheets[table].columns[place]);
    let target = sheet.relations.iter().find(|relation| relation.column == place).map(|found| found.to);
    let (is_key, of_subject) = (sheet.key == Some(place), Some(table) == subject);
    let mut keys = Vec::new();
    let mut of_data = false;
    let is_open = target.is_none() && !is_key;
    let system = if is_open { guess::code_system(profile, &profile.distinct) } else { None };
    match &profile.ty {
        // Codes that look like numbers are no numbers.
        _ if is_open && codes::is_text(sheet, place) => keys.push("type: text".to_owned()),
        Type::Decimal(scale) => keys.push(format!("type: decimal, decimals: {scale}")),
        ty => keys.push(format!("type: {}", type_name(ty))),
    }
    if profile.is_required {
        keys.push("required: true".to_owned());
        of_data |= !is_key;
    }
    if profile.is_unique && !is_key && guess::is_identifier(&profile.name) && !learning.is_invented(table, place) {
        keys.push("unique: true".to_owned());
        of_data = true;
    }
    let mut privacy = guess::privacy(&profile.name);
    if let Some(to) = target {
        if !learning.is_linked(table, place) {
            keys.push(format!("{}: {}", learning.link(table, to), sheets[to].name));
        }
        privacy = if Some(to) == subject { Some("identifier") } else { None };
    } else if is_key {
        privacy = if of_subject { Some("identifier") } else { None };
    }
    if let Some(system) = system {
        keys.push(format!("means: {}", quoted(&format!("Code of {system}; guessed from the values."))));
        privacy = privacy.or(Some("sensitive"));
        of_data = true;
    }
    // What is measured from another time is where that time is.
    let is_ranged = !codes::is_text(sheet, place) && !learning.is_measured_from(table, place);
    if is_open && system.is_none() && privacy != Some("identifier") {
        if let Some(categories) = listed(profile) {
            keys.push(format!("allowed: [{}]", categories.join(", ")));
            of_data = true;
        } else if let Some((low, high)) = profile.range.as_ref().filter(|_| is_ranged) {
            keys.push(format!("range: [{low}, {high}]"));
            of_data = true;
        }
    }
    if let Some(privacy) = privacy {
        keys.push(format!("privacy: {privacy}"));
    }
    if of_data {
        keys.push("origin: data".to_owned());
    }
    keys.extend(learning.field(table, place));
    let guessed = if privacy.is_some() || target.is_some() { "  # guessed" } else { "" };
    format!("{{{}}}{guessed}", keys.join(", "))
}

/// The categories of a column, where every one is that of enough people.
fn listed(profile: &Profile) -> Option<Vec<String>> {
    if !matches!(profile.ty, Type::Text) {
        return None;
    }
    let codes = profile.codes.as_ref().filter(|codes| codes.labels.len() <= MOST_CATEGORIES)?;
    let is_listed = !codes.labels.is_empty() && codes.people.iter().all(|people| *people >= SMALLEST_CELL);
    is_listed.then(|| codes.labels.iter().map(|category| quoted(category)).collect())
}

fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Float => "number",
        Type::Date => "date",
        Type::DateTime => "datetime",
        Type::List(_) => "list",
        _ => "text",
    }
}

/// A text as a YAML scalar.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_yaml_would_read_as_something_else_are_quoted() {
        for (text, written) in
            [("abc", "abc"), ("no", "\"no\""), ("1", "\"1\""), ("a b", "\"a b\""), ("", "\"\""), ("a\"b", "\"a\\\"b\"")]
        {
            assert_eq!(quoted(text), written);
        }
    }
}
