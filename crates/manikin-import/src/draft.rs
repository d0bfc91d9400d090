//! A draft of a spec for tables that came without one.
//!
//! A draft says what can be seen (types, keys, relations) and what can be guessed (code systems, privacy roles), and marks
//! everything that it took from values with `origin: data`, so that a person can tell it from public knowledge. Values
//! themselves stand in it only where each is that of many rows.

mod learning;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use manikin_expression::{Type, calendar, decimal_text, plain_name};
use manikin_tables::{Column, Table, cell_text};

use crate::guess;
use learning::Learning;

/// Categories of fewer people are not listed, and columns with values of fewer get no range. Rows count where a table
/// does not say whose they are.
///
/// # Source
/// CMS cell size suppression policy: no cell of 1 to 10 is published.
const SMALLEST_CELL: usize = 11;

/// Columns with more values than this are not categories.
///
/// ASSUMED: lists of codes that people write by hand are shorter.
const MOST_CATEGORIES: usize = 50;

/// What is known of a column.
struct Profile {
    /// The name in the spec.
    name: String,
    ty: Type,
    is_required: bool,
    is_unique: bool,
    /// The values as text and how many rows or people have each; only of columns with few.
    categories: Option<BTreeMap<String, usize>>,
    /// The distinct texts, for keys and what may hold them.
    distinct: Option<BTreeSet<String>>,
    range: Option<Ends>,
    years: Option<(i32, i32)>,
}

/// The ends of a range, as YAML.
type Ends = (String, String);

/// A foreign key that was found: the column, and the table whose key it holds.
struct Relation {
    column: usize,
    to: usize,
}

/// The YAML of a spec for tables.
///
/// Names become those of a spec ([`plain_name`]). `product` names it.
#[must_use]
pub fn draft(product: &str, tables: &[Table]) -> String {
    let mut profiles: Vec<Vec<Profile>> = tables.iter().map(profiled).collect();
    let names: Vec<String> = tables.iter().map(|table| plain_name(table.entity())).collect();
    let keys: Vec<Option<usize>> = names.iter().zip(&profiles).map(|(name, columns)| key_of(name, columns)).collect();
    let relations: Vec<Vec<Relation>> =
        (0..tables.len()).map(|table| relations_of(table, &names, &profiles, &keys)).collect();
    let subject = subject_of(&names, &relations, &keys);
    let parents = parents_of(subject, &relations, &profiles);
    for (table, columns) in profiles.iter_mut().enumerate() {
        let to_people = relations[table].iter().find(|relation| Some(relation.to) == subject);
        if let Some(relation) = to_people.filter(|_| Some(table) != subject) {
            count_people(&tables[table], relation.column, columns);
        }
    }

    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "# Drafted from data by `manikin init`. What is marked `origin: data` was taken from values: replace it by what is\n\
         # publicly known, and write `origin: public`. What is marked `guessed` is for you to confirm.\n\
         manikin: 1\nproduct: {}\nversion: 0.1.0\npurpose: Drafted from a dataset; say here what the data is for.\n",
        quoted(&plain_name(product).replace('_', "-"))
    );
    let years = profiles.iter().flatten().filter(|profile| !guess::is_birth(&profile.name)).filter_map(|it| it.years);
    let years = years.reduce(|(low, high), (from, to)| (low.min(from), high.max(to)));
    if let Some((from, to)) = years {
        let _ = write!(text, "# origin: data, as whole years\nperiod: {{from: {from:04}-01-01, to: {to:04}-12-31}}\n");
    } else {
        text.push_str(
            "# the data has no dates; say what time it is from\nperiod: {from: 2025-01-01, to: 2025-12-31}\n",
        );
    }
    let learning = Learning::of(&names, &profiles, &keys, &relations, &parents, subject);
    let source = quoted(&plain_name(product).replace('_', "-"));
    if let Some(line) = subject.and_then(|subject| learning.source(&source, tables[subject].frame().height())) {
        text.push_str(&line);
    }
    text.push_str("entities:\n");
    for table in order(&parents, &relations) {
        let name = &names[table];
        let _ = writeln!(text, "  {name}:");
        let _ = writeln!(text, "    means: One row of {name}; say here what it is.");
        if Some(table) == subject {
            text.push_str("    subject: true  # guessed\n");
        }
        if let Some(parent) = parents[table] {
            let _ = writeln!(text, "    per: {}  # guessed", names[parent]);
        }
        if let Some(key) = keys[table] {
            let _ = writeln!(text, "    key: {}", profiles[table][key].name);
        }
        text.push_str("    fields:\n");
        for (place, profile) in profiles[table].iter().enumerate() {
            let target = relations[table].iter().find(|relation| relation.column == place).map(|found| found.to);
            let is_key = keys[table] == Some(place);
            let _ = writeln!(
                text,
                "      {}: {}",
                profile.name,
                field(
                    profile,
                    is_key,
                    Some(table) == subject,
                    target.map(|to| (names[to].as_str(), Some(to) == subject, learning.link(table, to))),
                    learning.field(table, place)
                )
            );
        }
        text.push_str(&learning.entity(table));
    }
    text
}

/// A field as one line of YAML.
fn field(
    profile: &Profile,
    is_key: bool,
    of_subject: bool,
    target: Option<(&str, bool, &str)>,
    learn: Option<String>,
) -> String {
    let mut keys = Vec::new();
    let mut of_data = false;
    let is_open = target.is_none() && !is_key;
    let system = if is_open { guess::code_system(profile, &profile.distinct) } else { None };
    match &profile.ty {
        // Codes that look like numbers are no numbers.
        _ if system.is_some() => keys.push("type: text".to_owned()),
        Type::Decimal(scale) => keys.push(format!("type: decimal, decimals: {scale}")),
        ty => keys.push(format!("type: {}", type_name(ty))),
    }
    if profile.is_required {
        keys.push("required: true".to_owned());
        of_data |= !is_key;
    }
    if profile.is_unique && !is_key && guess::is_identifier(&profile.name) {
        keys.push("unique: true".to_owned());
        of_data = true;
    }
    let mut privacy = guess::privacy(&profile.name);
    if let Some((entity, is_subject, link)) = target {
        keys.push(format!("{link}: {entity}"));
        privacy = if is_subject { Some("identifier") } else { None };
    } else if is_key {
        privacy = if of_subject { Some("identifier") } else { None };
    }
    if let Some(system) = system {
        keys.push(format!("means: {}", quoted(&format!("Code of {system}; guessed from the values."))));
        privacy = privacy.or(Some("sensitive"));
        of_data = true;
    }
    if is_open && system.is_none() && privacy != Some("identifier") {
        if let Some(categories) = listed(profile) {
            keys.push(format!("allowed: [{}]", categories.join(", ")));
            of_data = true;
        } else if let Some((low, high)) = &profile.range {
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
    keys.extend(learn);
    let guessed = if privacy.is_some() || target.is_some() { "  # guessed" } else { "" };
    format!("{{{}}}{guessed}", keys.join(", "))
}

/// Counts people in the place of rows: one of them may have many.
fn count_people(table: &Table, of: usize, profiles: &mut [Profile]) {
    let column = |place: usize| {
        let ty = table.schema().columns.get(place)?.ty.clone();
        Column::new(table.frame().columns().get(place)?.as_materialized_series().clone(), ty).ok()
    };
    let Some(people) = column(of) else { return };
    let people: Vec<Option<String>> = (0..people.len()).map(|row| cell_text(&people, row)).collect();
    for (place, profile) in profiles.iter_mut().enumerate() {
        let Some(values) = column(place) else { continue };
        if let Some(categories) = &mut profile.categories {
            let mut by_category: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
            for (row, person) in people.iter().enumerate() {
                if let (Some(person), Some(category)) = (person, cell_text(&values, row)) {
                    by_category.entry(category).or_default().insert(person);
                }
            }
            for (category, count) in categories {
                *count = by_category.get(category).map_or(0, BTreeSet::len);
            }
        }
        if profile.range.is_some() {
            let null = values.series().is_null();
            let present = people.iter().zip(null.iter()).filter(|(_, null)| *null != Some(true));
            let with_value: BTreeSet<&str> = present.filter_map(|(person, _)| person.as_deref()).collect();
            profile.range = profile.range.take().filter(|_| with_value.len() >= SMALLEST_CELL);
        }
    }
}

/// The categories of a column, where every one is that of enough people.
fn listed(profile: &Profile) -> Option<Vec<String>> {
    if !matches!(profile.ty, Type::Text) {
        return None;
    }
    let categories = profile.categories.as_ref()?;
    let is_listed = !categories.is_empty() && categories.values().all(|rows| *rows >= SMALLEST_CELL);
    is_listed.then(|| categories.keys().map(|category| quoted(category)).collect())
}

fn profiled(table: &Table) -> Vec<Profile> {
    let mut seen = BTreeSet::new();
    let mut profiles = Vec::new();
    for (schema, column) in table.schema().columns.iter().zip(table.frame().columns()) {
        let series = column.as_materialized_series().clone();
        let Ok(column) = Column::new(series, schema.ty.clone()) else { continue };
        let mut name = plain_name(&schema.name);
        while !seen.insert(name.clone()) {
            name.push_str("_2");
        }
        profiles.push(profile(name, &column));
    }
    profiles
}

fn profile(name: String, column: &Column) -> Profile {
    let ty = column.ty().clone();
    let rows = column.len();
    let present = rows - column.null_count();
    let mut distinct: Option<BTreeMap<String, usize>> = match ty {
        Type::Text | Type::Integer | Type::Boolean => Some(BTreeMap::new()),
        _ => None,
    };
    if let Some(counts) = &mut distinct {
        for row in 0..rows {
            if let Some(text) = cell_text(column, row) {
                *counts.entry(text).or_default() += 1;
            }
        }
    }
    let (range, years) = extremes(column);
    // The extremes of few values are those of people who can be found.
    let range = range.filter(|_| present >= SMALLEST_CELL);
    Profile {
        name,
        is_required: rows > 0 && present == rows,
        is_unique: present > 1 && distinct.as_ref().is_some_and(|counts| counts.len() == present),
        categories: distinct.clone().filter(|counts| counts.len() <= MOST_CATEGORIES),
        distinct: distinct.map(|counts| counts.into_keys().collect()),
        range,
        years,
        ty,
    }
}

/// The least and the greatest value, moved outward to a round one, and the years of days and moments.
fn extremes(column: &Column) -> (Option<Ends>, Option<(i32, i32)>) {
    let series = column.series();
    let whole = || -> Option<(i64, i64)> {
        let values = series.i64().ok()?;
        Some((values.iter().flatten().min()?, values.iter().flatten().max()?))
    };
    let year = |day: i32| calendar::civil(day).0;
    match column.ty() {
        Type::Integer => {
            let Some((low, high)) = whole() else { return (None, None) };
            let (low, high) = (outward(low as f64, false), outward(high as f64, true));
            (Some((format!("{low}"), format!("{high}"))), None)
        }
        Type::Decimal(scale) => {
            let Some((low, high)) = whole() else { return (None, None) };
            let (low, high) = (outward(low as f64, false) as i64, outward(high as f64, true) as i64);
            (Some((decimal_text(low, *scale), decimal_text(high, *scale))), None)
        }
        Type::Float => {
            let Ok(values) = series.f64() else { return (None, None) };
            let values: Vec<f64> = values.iter().flatten().collect();
            let low = values.iter().copied().reduce(f64::min).map(|low| outward(low, false));
            let high = values.iter().copied().reduce(f64::max).map(|high| outward(high, true));
            (low.zip(high).map(|(low, high)| (format!("{low:?}"), format!("{high:?}"))), None)
        }
        Type::Date => {
            let Ok(values) = series.i32() else { return (None, None) };
            let days = values.iter().flatten().min().zip(values.iter().flatten().max());
            let years = days.map(|(low, high)| (year(low), year(high)));
            (years.map(|(low, high)| (format!("\"{low:04}-01-01\""), format!("\"{high:04}-12-31\""))), years)
        }
        Type::DateTime => {
            const DAY: i64 = 86_400_000_000;
            let years = whole().and_then(|(low, high)| {
                let day = |micros: i64| i32::try_from(micros.div_euclid(DAY)).ok();
                Some((year(day(low)?), year(day(high)?)))
            });
            (None, years)
        }
        _ => (None, None),
    }
}

/// A number moved away from zero, or towards it, to one of two digits, so that the extreme of one row is not told.
fn outward(value: f64, up: bool) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let mut step = 1.0;
    while value.abs() / step >= 100.0 {
        step *= 10.0;
    }
    while value.abs() / step < 10.0 && step > 1e-9 {
        step /= 10.0;
    }
    let scaled = value / step;
    let moved = if up { scaled.ceil() } else { scaled.floor() } * step;
    // Steps below one leave digits of rounding behind.
    if step < 1.0 { (moved / step).round() / (1.0 / step).round() } else { moved }
}

/// The column that tells the rows of a table apart.
fn key_of(table: &str, columns: &[Profile]) -> Option<usize> {
    let could_be = |profile: &&Profile| profile.is_unique && profile.is_required && profile.ty != Type::Boolean;
    let named = |profile: &Profile| guess::key_likeness(table, &profile.name);
    let best = columns.iter().filter(could_be).map(named).max().filter(|likeness| *likeness > 0)?;
    columns.iter().position(|profile| could_be(&profile) && named(profile) == best)
}

/// The foreign keys of a table: columns whose values are all keys of another table, and whose name or values fit no
/// other better.
fn relations_of(table: usize, names: &[String], profiles: &[Vec<Profile>], keys: &[Option<usize>]) -> Vec<Relation> {
    let mut found = Vec::new();
    for (place, profile) in profiles[table].iter().enumerate() {
        let Some(values) = profile.distinct.as_ref().filter(|values| !values.is_empty()) else { continue };
        let mut best: Option<(usize, usize)> = None;
        for (other, key) in keys.iter().enumerate().filter(|(other, _)| *other != table) {
            let Some(key) = key else { continue };
            let target = &profiles[other][*key];
            let Some(held) = target.distinct.as_ref().filter(|_| target.ty == profile.ty) else { continue };
            let likeness = guess::link_likeness(&names[other], &target.name, &profile.name);
            // Numbers coincide by chance: for them the name must say it too.
            let wanted = if profile.ty == Type::Integer || values.iter().any(|value| value.len() < 6) { 1 } else { 0 };
            if likeness >= wanted
                && best.is_none_or(|(_, known)| likeness > known)
                && values.iter().all(|value| held.contains(value))
            {
                best = Some((other, likeness));
            }
        }
        if let Some((to, _)) = best {
            found.push(Relation { column: place, to });
        }
    }
    found
}

/// The table of people: the one that is named so, or the one that most others refer to.
fn subject_of(names: &[String], relations: &[Vec<Relation>], keys: &[Option<usize>]) -> Option<usize> {
    let referred = |to: usize| relations.iter().flatten().filter(|relation| relation.to == to).count();
    let named = (0..names.len()).filter(|table| guess::is_person(&names[*table]) && keys[*table].is_some());
    named.max_by_key(|table| referred(*table)).or_else(|| {
        let referred_to = (0..names.len()).filter(|table| referred(*table) > 0 && relations[*table].is_empty());
        referred_to.max_by_key(|table| referred(*table))
    })
}

/// For each table the one that its rows belong to: the farthest from the subject among those that it always refers to
/// and that descend from the subject.
fn parents_of(subject: Option<usize>, relations: &[Vec<Relation>], profiles: &[Vec<Profile>]) -> Vec<Option<usize>> {
    let mut parents = vec![None; relations.len()];
    let Some(subject) = subject else { return parents };
    let mut depth: Vec<Option<usize>> = vec![None; relations.len()];
    depth[subject] = Some(0);
    // Each round settles the tables one step further away; a circle of tables settles nothing and ends.
    for round in 0..relations.len() {
        for table in (0..relations.len()).filter(|table| *table != subject) {
            let always = relations[table].iter().filter(|found| profiles[table][found.column].is_required);
            let above = always.filter_map(|found| Some((depth[found.to]?, found.to))).filter(|(_, to)| *to != table);
            let Some((deep, to)) = above.max_by_key(|(deep, _)| *deep).filter(|(deep, _)| *deep == round) else {
                continue;
            };
            if !descends(to, table, &parents) {
                depth[table] = Some(deep + 1);
                parents[table] = Some(to);
            }
        }
    }
    parents
}

fn descends(mut table: usize, from: usize, parents: &[Option<usize>]) -> bool {
    loop {
        if table == from {
            return true;
        }
        match parents[table] {
            Some(above) => table = above,
            None => return false,
        }
    }
}

/// The tables, each after its parent and, where they make no circle, after those it refers to.
fn order(parents: &[Option<usize>], relations: &[Vec<Relation>]) -> Vec<usize> {
    let mut placed: Vec<usize> = Vec::new();
    while placed.len() < parents.len() {
        let waits = |table: usize, strict: bool| {
            let parent = parents[table].is_some_and(|parent| !placed.contains(&parent));
            parent || (strict && relations[table].iter().any(|found| !placed.contains(&found.to)))
        };
        let open: Vec<usize> = (0..parents.len()).filter(|table| !placed.contains(table)).collect();
        let next = open
            .iter()
            .find(|table| !waits(**table, true))
            .or_else(|| open.iter().find(|table| !waits(**table, false)));
        match next.or(open.first()) {
            Some(next) => placed.push(*next),
            None => break,
        }
    }
    placed
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

impl guess::Values for Profile {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_text(&self) -> bool {
        matches!(self.ty, Type::Text | Type::Integer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_moved_outward_to_two_digits() {
        for (value, up, moved) in [
            (123.0, true, 130.0),
            (123.0, false, 120.0),
            (-123.0, false, -130.0),
            (7.0, true, 7.0),
            (0.34, true, 0.34),
            (0.0, true, 0.0),
        ] {
            assert_eq!(outward(value, up), moved, "{value}");
        }
        assert!(outward(0.123_4, true) >= 0.123_4 && outward(0.123_4, false) <= 0.123_4);
    }

    #[test]
    fn texts_that_yaml_would_read_as_something_else_are_quoted() {
        for (text, written) in
            [("abc", "abc"), ("no", "\"no\""), ("1", "\"1\""), ("a b", "\"a b\""), ("", "\"\""), ("a\"b", "\"a\\\"b\"")]
        {
            assert_eq!(quoted(text), written);
        }
    }
}
