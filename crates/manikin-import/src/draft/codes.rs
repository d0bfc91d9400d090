//! Columns of codes: which values are listed, and which columns a code brings with it, such as its description.

use std::collections::BTreeMap;

use manikin_expression::Type;

use super::sheet::{Codes, NONE, Sheet};
use super::tables::DraftedTable;
use super::{MOST_CATEGORIES, SMALLEST_CELL, numbers};
use crate::guess;

/// Values of one column that are listed; the others count as one.
///
/// ASSUMED: enough for the codes that matter, few enough that pairs with them can be learned.
const MOST_LISTED: usize = 300;
/// Columns are listed where this share of their rows, as one in so many, has a value of enough people.
const LEAST_COVERED: usize = 2;
/// People for each value that is listed: the noise of fewer would drown it.
const PEOPLE_PER_VALUE: usize = 10;
/// What becomes of the values that are not listed.
pub(super) const REST: &str = "other";
/// How much of a column's order its code must explain for its bounds to be those of the code.
///
/// ASSUMED: half.
const LEAST_EXPLAINED: f64 = 0.5;

/// A column of codes with what hangs on it.
pub(super) struct Coded {
    pub(super) place: usize,
    /// The values that are listed.
    labels: Vec<u32>,
    /// Whether there are others.
    has_rest: bool,
    /// The columns that follow from it, and their value for each that is listed, and for the rest.
    pub(super) dependents: Vec<Dependent>,
    /// The columns of numbers whose bounds depend on it.
    pub(super) bounded: Vec<Bounded>,
    /// The columns that nearly follow from it.
    pub(super) partners: Vec<usize>,
}

/// A column that follows from a code.
pub(super) struct Dependent {
    pub(super) place: usize,
    values: Vec<Option<String>>,
}

/// A column whose bounds follow from a code.
pub(super) struct Bounded {
    pub(super) place: usize,
    ends: Vec<(f64, f64)>,
}

impl Coded {
    /// The name of its table; `None` where its values are listed in place.
    pub(super) fn table(&self, sheet: &Sheet) -> Option<String> {
        let has_more = !(self.dependents.is_empty() && self.bounded.is_empty());
        (has_more || self.labels.len() > MOST_CATEGORIES)
            .then(|| format!("{}_{}", sheet.name, sheet.columns[self.place].name))
    }

    /// What it can hold, as `learn:` says it.
    pub(super) fn domain(&self, sheet: &Sheet) -> String {
        let profile = &sheet.columns[self.place];
        let values = match self.table(sheet) {
            Some(table) => format!("values: {{table: {table}, column: {}}}", profile.name),
            None => {
                let labels: Vec<String> = self.texts(sheet).map(super::quoted).collect();
                format!("values: [{}]", labels.join(", "))
            }
        };
        let other = if self.has_rest { format!(", other: {REST}") } else { String::new() };
        let nullable = if profile.is_required { "" } else { ", nullable: true" };
        format!("{values}{other}{nullable}, origin: data")
    }

    /// The table of its values and of what hangs on them.
    pub(super) fn drafted(&self, sheet: &Sheet) -> Option<DraftedTable> {
        let name = self.table(sheet)?;
        let key = sheet.columns[self.place].name.clone();
        let mut columns = vec![(key.clone(), true)];
        let mut rows: Vec<Vec<Option<String>>> = self.texts(sheet).map(|text| vec![Some(text.to_owned())]).collect();
        for dependent in &self.dependents {
            let profile = &sheet.columns[dependent.place];
            columns.push((profile.name.clone(), is_text(sheet, dependent.place)));
            rows.iter_mut().zip(&dependent.values).for_each(|(row, value)| row.push(value.clone()));
        }
        for bounded in &self.bounded {
            let profile = &sheet.columns[bounded.place];
            columns.push((format!("{}_low", profile.name), false));
            columns.push((format!("{}_high", profile.name), false));
            for (row, (low, high)) in rows.iter_mut().zip(&bounded.ends) {
                row.push(Some(numbers::number_text(*low, &profile.ty)));
                row.push(Some(numbers::number_text(*high, &profile.ty)));
            }
        }
        let means = format!("Values of {key} of {}, each that of at least {SMALLEST_CELL} people.", sheet.name);
        Some(DraftedTable { name, means, key, columns, rows })
    }

    fn codes<'a>(&self, sheet: &'a Sheet) -> Option<&'a Codes> {
        sheet.columns[self.place].codes.as_ref()
    }

    fn texts<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = &'a str> {
        let labels = self.labels.iter().filter_map(|code| Some(self.codes(sheet)?.labels[*code as usize].as_str()));
        let is_listed = |text: &str| {
            self.labels.iter().any(|code| self.codes(sheet).is_some_and(|codes| codes.labels[*code as usize] == text))
        };
        let rest = (self.has_rest && !is_listed(REST)).then_some(REST);
        labels.chain(rest)
    }
}

/// Whether a column's values are names rather than amounts: text, or digits that are a code.
pub(super) fn is_text(sheet: &Sheet, place: usize) -> bool {
    let profile = &sheet.columns[place];
    match profile.ty {
        Type::Text => true,
        Type::Integer => guess::is_area(&profile.name) || guess::code_system(profile, &profile.distinct).is_some(),
        _ => false,
    }
}

/// The columns of codes among some columns of a table, with what hangs on each; no column is in two places.
pub(super) fn coded(sheet: &Sheet, open: &[usize]) -> Vec<Coded> {
    let mut found: Vec<Coded> = open.iter().filter_map(|place| listed(sheet, *place)).collect();
    // Codes before their names, and what is finer before what is coarser.
    let rank = |one: &Coded| {
        let is_code = guess::is_code(&sheet.columns[one.place].name);
        let labels = one.codes(sheet).map_or(0, |codes| codes.labels.len());
        (!is_code, std::cmp::Reverse(labels), one.place)
    };
    found.sort_by_key(rank);
    let mut taken: Vec<usize> = Vec::new();
    let mut bases: Vec<Coded> = Vec::new();
    for mut base in found {
        if taken.contains(&base.place) {
            continue;
        }
        taken.push(base.place);
        if base.labels.len() > 1 {
            for place in open.iter().copied() {
                if taken.contains(&place) || bases.iter().any(|base| base.place == place) {
                    continue;
                }
                match follows(sheet, &base, place) {
                    Some(Follows::Always(dependent)) => {
                        taken.push(place);
                        base.dependents.push(dependent);
                    }
                    Some(Follows::Mostly) if is_text(sheet, place) => base.partners.push(place),
                    _ => {}
                }
            }
        }
        bases.push(base);
    }
    bound(sheet, open, &mut bases, &taken);
    bases.sort_by_key(|base| base.place);
    bases
}

/// A column whose values are listed, where enough of them are those of enough people.
fn listed(sheet: &Sheet, place: usize) -> Option<Coded> {
    let codes = sheet.columns[place].codes.as_ref().filter(|_| is_text(sheet, place))?;
    let mut people = sheet.people.clone();
    people.sort_unstable();
    people.dedup();
    let labels = codes.frequent(MOST_LISTED.min(people.len() / PEOPLE_PER_VALUE).max(MOST_CATEGORIES));
    let counts = codes.counts();
    let covered: usize = labels.iter().map(|code| counts[*code as usize]).sum();
    let present: usize = counts.iter().sum();
    let has_rest = covered < present;
    (covered > 0 && covered * LEAST_COVERED >= present).then(|| Coded {
        place,
        labels,
        has_rest,
        dependents: Vec::new(),
        bounded: Vec::new(),
        partners: Vec::new(),
    })
}

/// How a column follows from a code.
enum Follows {
    Always(Dependent),
    Mostly,
}

/// A column as one that follows from a code, if it does: nearly every row of a code has the same value.
fn follows(sheet: &Sheet, base: &Coded, place: usize) -> Option<Follows> {
    let (from, to) = (base.codes(sheet)?, sheet.columns[place].codes.as_ref()?);
    if matches!(sheet.columns[place].ty, Type::Boolean) || to.labels.len() > from.labels.len().max(2) * 2 {
        return None;
    }
    let mut pairs: Vec<(u32, u32)> = from.rows.iter().copied().zip(to.rows.iter().copied()).collect();
    pairs.sort_unstable();
    // The value that most rows of each code have, NULL being one, and how many have another.
    let mut modes: BTreeMap<u32, u32> = BTreeMap::new();
    let mut wrong = 0;
    for rows in pairs.chunk_by(|a, b| a.0 == b.0) {
        let most = rows.chunk_by(|a, b| a == b).max_by_key(|run| run.len())?;
        // A missing code has no value.
        let value = if rows[0].0 == NONE { NONE } else { most[0].1 };
        let others = rows.iter().filter(|(_, own)| *own != value).count();
        if rows[0].0 == NONE || base.labels.contains(&rows[0].0) {
            wrong += others;
        }
        modes.insert(rows[0].0, value);
    }
    let counts = to.counts();
    let most = counts.iter().copied().max()?;
    let varied = pairs.len() - most;
    if wrong * 200 > pairs.len() || wrong * 20 > varied {
        return (wrong * 10 <= pairs.len() && wrong * 4 <= varied).then_some(Follows::Mostly);
    }
    let text = |code: u32| (code != NONE).then(|| to.labels[code as usize].clone());
    let mut values: Vec<Option<String>> =
        base.labels.iter().map(|code| modes.get(code).and_then(|value| text(*value))).collect();
    // Values of fewer people stay out, whatever code they go with.
    let is_rare = |value: &Option<String>| {
        value.as_ref().is_some_and(|value| to.labels.binary_search(value).is_ok_and(|at| to.people[at] < SMALLEST_CELL))
    };
    if values.iter().any(is_rare) {
        return None;
    }
    let usual = counts.iter().position(|count| *count == most).filter(|_| most * 10 >= pairs.len() * 9);
    let rest = match usual {
        Some(usual) => Some(to.labels[usual].clone()),
        None => is_text(sheet, place).then(|| REST.to_owned()),
    };
    if base.has_rest && rest.is_none() && sheet.columns[place].is_required {
        return None;
    }
    values.push(rest);
    Some(Follows::Always(Dependent { place, values }))
}

/// Gives numbers bounds by the code that explains most of them.
fn bound(sheet: &Sheet, open: &[usize], bases: &mut [Coded], taken: &[usize]) {
    for place in open.iter().copied().filter(|place| !taken.contains(place)) {
        let profile = &sheet.columns[place];
        let is_whole = match profile.ty {
            Type::Decimal(scale) if scale > 0 => true,
            Type::Float => false,
            _ => continue,
        };
        if profile.numbers.len() != sheet.rows || is_often_nothing(&profile.numbers) {
            continue;
        }
        let best = bases
            .iter_mut()
            .filter(|base| base.labels.len() > 1)
            .filter(|base| sheet.columns[base.place].is_required || !profile.is_required)
            .filter_map(|base| Some((numbers::explained(base.codes(sheet)?, &profile.numbers), base)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((share, base)) = best else { continue };
        if share < LEAST_EXPLAINED {
            continue;
        }
        let Some(codes) = base.codes(sheet) else { continue };
        let Some(overall) = numbers::bounds(profile.numbers.clone(), is_whole) else { continue };
        let mut by_code: Vec<Vec<f64>> = vec![Vec::new(); codes.labels.len()];
        for (code, value) in codes.rows.iter().zip(&profile.numbers).filter(|(code, _)| **code != NONE) {
            by_code[*code as usize].push(*value);
        }
        let ends = base.labels.iter().map(|code| {
            let values = std::mem::take(&mut by_code[*code as usize]);
            numbers::bounds(values, is_whole).unwrap_or(overall)
        });
        let ends = ends.chain([overall]).collect();
        base.bounded.push(Bounded { place, ends });
    }
}

/// Whether many values are 0, which bounds would blur.
fn is_often_nothing(numbers: &[f64]) -> bool {
    numbers.iter().filter(|value| **value == 0.0).count() * 20 >= numbers.len()
}
