//! Foreign keys to rows of entities that are no ancestors.

use super::{Cx, Output};
use crate::error::GenerateError;
use crate::plan::LinkPlan;
use crate::relations::column_of;
use crate::strata::{ABSENT, Atom, Matcher};
use crate::values::{self, Map, NONE};
use manikin_expression::Type;
use manikin_random::Cumulative;
use manikin_spec::document::Choose;

/// Target rows that match on all columns that must be equal.
struct Group {
    rows: Vec<u32>,
    /// Draws by weight, where there are weights.
    weighted: Option<Cumulative>,
}

impl Cx<'_> {
    /// A row of another entity for each row at hand; NULL where none fits.
    pub(super) fn link(&self, link: &LinkPlan, rows: &[u32]) -> Result<Output, GenerateError> {
        let groups = self.groups(link)?;
        let target = self.rows.entity(self.plan, link.to);
        let select = Some(rows);
        let mut keys: Vec<Vec<Atom>> = Vec::new();
        for (matcher, (_, expression)) in groups.matchers.iter().zip(&link.matching) {
            keys.push(matcher.atoms(&self.evaluate(expression, select)?));
        }
        let mut within = Vec::new();
        for (expression, low, high) in &link.within {
            let bound = |field: &manikin_spec::spec::FieldId| {
                target.columns[field.0].as_ref().map_or_else(|| vec![f64::NAN; target.len()], numbers)
            };
            within.push((numbers(&self.evaluate(expression, select)?), bound(low), bound(high)));
        }
        let subject = &self.own().subject;
        let mut key = vec![0; keys.len() + 1];
        let mut fitting: Vec<u32> = Vec::new();
        let mut links = Vec::with_capacity(rows.len());
        for (at, &row) in rows.iter().enumerate() {
            key[0] = if groups.by_subject { Atom::from(subject[row as usize]) } else { 0 };
            for (slot, atoms) in key[1..].iter_mut().zip(&keys) {
                *slot = atoms[at];
            }
            let Some(group) = groups.groups.get(key.as_slice()).filter(|_| !key[1..].contains(&ABSENT)) else {
                links.push(NONE);
                continue;
            };
            if within.is_empty() {
                links.push(self.choose(link.choose, &group.rows, group.weighted.as_ref(), row));
                continue;
            }
            fitting.clear();
            fitting.extend(group.rows.iter().filter(|&&candidate| {
                let candidate = candidate as usize;
                within.iter().all(|(values, low, high)| {
                    let value = values[at];
                    !value.is_nan()
                        && (low[candidate].is_nan() || low[candidate] <= value)
                        && (high[candidate].is_nan() || value <= high[candidate])
                })
            }));
            let weighted = groups.weights.as_ref().and_then(|weights| {
                let of: Vec<f64> = fitting.iter().map(|&row| weights[row as usize]).collect();
                Cumulative::new(&of).ok()
            });
            links.push(self.choose(link.choose, &fitting, weighted.as_ref(), row));
        }
        let key = self.plan.spec[link.to].key.first();
        let column = match key.and_then(|key| target.columns[key.0].as_ref()) {
            Some(column) => values::gather(column, &links),
            None => values::nulls(&Type::Text, rows.len()),
        };
        Ok(Output { column, links: Some(links) })
    }

    fn choose(&self, choose: Choose, rows: &[u32], weighted: Option<&Cumulative>, row: u32) -> u32 {
        let found = match choose {
            Choose::First => rows.first(),
            Choose::Last => rows.last(),
            Choose::Random => {
                let uniform = self.uniform(row as usize);
                match weighted {
                    Some(weighted) => rows.get(weighted.pick(uniform)),
                    None => rows.get((uniform * rows.len() as f64) as usize),
                }
            }
        };
        found.copied().unwrap_or(NONE)
    }

    fn groups(&self, link: &LinkPlan) -> Result<Groups, GenerateError> {
        let target = self.rows.entity(self.plan, link.to);
        let by_subject = !self.plan.is_reference(link.to);
        let matchers: Vec<Matcher> = link
            .matching
            .iter()
            .map(|(field, _)| match &target.columns[field.0] {
                Some(column) => Matcher::new(column),
                None => Matcher::new(&values::nulls(&Type::Text, target.len())),
            })
            .collect();
        let allowed = match &link.condition {
            Some(condition) => values::to_mask(&column_of(self.plan, self.rows, link.to, condition, self.place)?),
            None => vec![true; target.len()],
        };
        let weights = link.weight.and_then(|field| target.columns[field.0].as_ref()).map(|column| {
            numbers(column).into_iter().map(|weight| if weight.is_nan() { 0.0 } else { weight }).collect::<Vec<f64>>()
        });
        let mut groups: Map<Box<[Atom]>, Group> = Map::default();
        let mut key = vec![0; matchers.len() + 1];
        for row in (0..target.len()).filter(|row| allowed[*row]) {
            key[0] = if by_subject { Atom::from(target.subject[row]) } else { 0 };
            for (slot, matcher) in key[1..].iter_mut().zip(&matchers) {
                *slot = matcher.cells[row];
            }
            match groups.get_mut(key.as_slice()) {
                Some(group) => group.rows.push(row as u32),
                None => {
                    groups.insert(key.clone().into(), Group { rows: vec![row as u32], weighted: None });
                }
            }
        }
        if let Some(weights) = &weights {
            for group in groups.values_mut() {
                let of: Vec<f64> = group.rows.iter().map(|&row| weights[row as usize]).collect();
                group.weighted = Cumulative::new(&of).ok();
            }
        }
        Ok(Groups { by_subject, matchers, groups, weights })
    }
}

struct Groups {
    by_subject: bool,
    matchers: Vec<Matcher>,
    groups: Map<Box<[Atom]>, Group>,
    weights: Option<Vec<f64>>,
}

/// Numbers to compare: instants in microseconds for dates and times.
fn numbers(column: &manikin_tables::Column) -> Vec<f64> {
    match column.ty() {
        Type::Date | Type::DateTime => {
            // Microseconds since 1970 stay exact in a float until the year 2255.
            values::to_instants(column)
                .into_iter()
                .map(|instant| instant.map_or(f64::NAN, |micros| micros as f64))
                .collect()
        }
        _ => values::to_numbers(column),
    }
}
