//! The part of a draft that `fit` would read: what can be learned of each table, and within which domains.
//!
//! Domains that were taken from values say so in their own `learn:`, and `fit` refuses them until a person has put what
//! is publicly known in their place. Bins that serve any data are drafted without a mark.

use std::fmt::Write;

use manikin_expression::Type;

use super::{Profile, Relation, listed};
use crate::guess;

/// Days between a row and the one before, for any history.
///
/// ASSUMED: the steps in which care is planned, from the same day to ten years.
const GAPS: &str = "[0, 1, 3, 7, 14, 30, 60, 90, 180, 365, 730, 3650]";
/// Minutes from one time of a row to another.
///
/// ASSUMED: from an office visit to a stay of a year.
const MINUTES: &str = "[0, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080, 43200, 525600]";
/// Days from one day of a row to another.
const DAYS: &str = "[0, 1, 2, 3, 7, 14, 30, 90, 365, 3650]";
/// Children per parent.
///
/// ASSUMED: Fibonacci numbers, fine where most parents are and coarse in the tail.
const CHILDREN: &str = "[0, 1, 2, 3, 5, 8, 13, 21, 34, 55]";
/// Rows of one parent that are looked at.
const AT_MOST: u32 = 32;
/// Bins of numbers and days.
const CELLS: u32 = 16;
/// Attributes of the subject that rows may depend on.
///
/// ASSUMED: four, so that what is learned of a row stays small.
const GIVEN: usize = 4;

/// What can be learned of the tables of a draft.
pub(super) struct Learning<'a> {
    names: &'a [String],
    profiles: &'a [Vec<Profile>],
    keys: &'a [Option<usize>],
    parents: &'a [Option<usize>],
    subject: Option<usize>,
    /// The domain of each field that can be learned.
    domains: Vec<Vec<Option<String>>>,
    /// The field that orders the rows of each table.
    order: Vec<Option<usize>>,
}

impl<'a> Learning<'a> {
    pub(super) fn of(
        names: &'a [String],
        profiles: &'a [Vec<Profile>],
        keys: &'a [Option<usize>],
        relations: &[Vec<Relation>],
        parents: &'a [Option<usize>],
        subject: Option<usize>,
    ) -> Self {
        let mut learning = Self { names, profiles, keys, parents, subject, domains: Vec::new(), order: Vec::new() };
        for (table, columns) in profiles.iter().enumerate() {
            let belongs = subject.is_some() && (Some(table) == subject || parents[table].is_some());
            let is_open = |place: usize| {
                let is_link = relations[table].iter().any(|relation| relation.column == place);
                belongs
                    && !is_link
                    && keys[table] != Some(place)
                    && guess::privacy(&columns[place].name) != Some("identifier")
            };
            let is_time = |place: &usize| matches!(columns[*place].ty, Type::Date | Type::DateTime);
            // A row without a time has no place among the others.
            let order = (0..columns.len())
                .filter(|place| Some(table) != subject && is_open(*place) && columns[*place].is_required)
                .find(is_time);
            let domain = |place: usize| {
                if !is_open(place) {
                    return None;
                }
                match order.filter(|_| is_time(&place)) {
                    Some(order) if order == place => {
                        Some(format!("since: previous, first: period_start, unit: days, edges: {GAPS}"))
                    }
                    Some(order) => Some(since(&columns[order], &columns[place])),
                    None => domain(&columns[place]),
                }
            };
            learning.domains.push((0..columns.len()).map(domain).collect());
            learning.order.push(order);
        }
        learning
    }

    /// The line about the source: its size, rounded until it is nobody's secret.
    pub(super) fn source(&self, product: &str, subjects: usize) -> Option<String> {
        self.subject.filter(|subject| self.is_learned(*subject))?;
        let mut unit = 1;
        while subjects / unit >= 10 {
            unit *= 10;
        }
        let patients = (subjects / unit).max(1) * unit;
        Some(format!("privacy: {{source: {{id: {product}, patients: {patients}, origin: data}}}}\n"))
    }

    /// How the values of a field would be made, ready for its braces: learned, or new for a key.
    pub(super) fn field(&self, table: usize, place: usize) -> Option<String> {
        let is_key = self.keys[table] == Some(place) && self.profiles[table][place].ty == Type::Text;
        if is_key && self.is_learned(table) {
            return Some("id: uuid".to_owned());
        }
        self.domains[table][place].as_ref().map(|domain| format!("learn: {{{domain}}}"))
    }

    /// How a table is tied to the one that its field refers to: rows belong to those above them.
    pub(super) fn link(&self, table: usize, to: usize) -> &'static str {
        let mut above = self.parents[table];
        while let Some(parent) = above {
            if parent == to {
                return "key_of";
            }
            above = self.parents[parent];
        }
        "references"
    }

    /// The `learn:` of an entity, as lines.
    pub(super) fn entity(&self, table: usize) -> String {
        if !self.is_learned(table) {
            return String::new();
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        if Some(table) != self.subject {
            let _ = writeln!(text, "      at_most: {AT_MOST}");
            if let Some(order) = self.order[table] {
                let _ = writeln!(text, "      order: {}", self.profiles[table][order].name);
            }
            if let Some(subject) = self.subject {
                let given: Vec<String> = self.domains[subject]
                    .iter()
                    .zip(&self.profiles[subject])
                    .filter(|(domain, _)| domain.is_some())
                    .take(GIVEN)
                    .map(|(_, profile)| format!("{}.{}", self.names[subject], profile.name))
                    .collect();
                let _ = writeln!(text, "      given: [{}]", given.join(", "));
            }
        }
        let children: Vec<String> = (0..self.names.len())
            .filter(|child| self.parents[*child] == Some(table) && self.is_learned(*child))
            .map(|child| format!("{}: {CHILDREN}", self.names[child]))
            .collect();
        if !children.is_empty() {
            let _ = writeln!(text, "      rows: {{{}}}", children.join(", "));
        }
        if text.is_empty() { text } else { format!("    learn:\n{text}") }
    }

    /// Whether anything of a table, or of what descends from it, can be learned.
    fn is_learned(&self, table: usize) -> bool {
        let descends = |child: &usize| {
            let mut above = self.parents[*child];
            // Parents make no circle.
            while let Some(parent) = above {
                if parent == table {
                    return true;
                }
                above = self.parents[parent];
            }
            false
        };
        let own = |table: usize| self.domains[table].iter().any(Option::is_some);
        own(table) || (0..self.names.len()).filter(descends).any(own)
    }
}

/// A time measured from that which orders the rows.
fn since(order: &Profile, field: &Profile) -> String {
    let (unit, edges) = if field.ty == Type::Date { ("days", DAYS) } else { ("minutes", MINUTES) };
    let nullable = if field.is_required { "" } else { ", nullable: true" };
    format!("since: {}, unit: {unit}, edges: {edges}{nullable}", order.name)
}

/// What a field can hold, from what its values were seen to be.
fn domain(profile: &Profile) -> Option<String> {
    let found = match &profile.ty {
        Type::Boolean => "values: [true, false]".to_owned(),
        Type::Text => format!("values: [{}]", listed(profile)?.join(", ")),
        // Codes that look like numbers are no numbers.
        Type::Integer if guess::code_system(profile, &profile.distinct).is_some() => return None,
        Type::Integer => {
            let (low, high) = profile.range.as_ref()?;
            let width = high.parse::<f64>().ok()? - low.parse::<f64>().ok()?;
            // Bins of whole numbers hold one at least.
            let cells = if width >= f64::from(CELLS) { CELLS } else { width as u32 };
            bins(low, high, cells)?
        }
        Type::Decimal(_) | Type::Float => {
            let (low, high) = profile.range.as_ref()?;
            bins(low, high, CELLS)?
        }
        Type::Date => {
            // Decades, since the first and the last year are some people's.
            let (first, last) = profile.years?;
            let (from, to) = (first.div_euclid(10) * 10, last.div_euclid(10) * 10 + 9);
            bins(&format!("{from:04}-01-01"), &format!("{to:04}-12-31"), CELLS)?
        }
        _ => return None,
    };
    let nullable = if profile.is_required { "" } else { ", nullable: true" };
    // Two truth values are everybody's knowledge.
    let origin = if profile.ty == Type::Boolean { "" } else { ", origin: data" };
    Some(format!("{found}{nullable}{origin}"))
}

fn bins(low: &str, high: &str, cells: u32) -> Option<String> {
    (cells > 0 && low != high).then(|| format!("from: {low}, to: {high}, cells: {cells}"))
}
