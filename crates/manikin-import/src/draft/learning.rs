//! The part of a draft that `fit` and `generate` would read: what is learned of each table, within which domains, and how
//! the rest is made.
//!
//! Domains that were taken from values say so in their own `learn:`, and `fit` refuses them until a person has put what
//! is publicly known in their place. Bins that serve any data are drafted without a mark.

use std::fmt::Write;

use manikin_expression::Type;

use super::codes::{self, Coded};
use super::sheet::{Codes, NONE, Sheet, outward};
use super::tables::DraftedTable;
use super::times::{self, Lives, Timed};
use super::{numbers, quoted};
use crate::guess;

/// Children per parent.
///
/// ASSUMED: Fibonacci numbers, fine where most parents are and coarse in the tail.
const CHILDREN: [u64; 18] = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584];
/// Rows of one parent that are looked at.
const AT_MOST: u32 = 32;
/// Attributes of the subject that rows may depend on.
///
/// ASSUMED: birth and sex where they are known, so that what is learned of a row stays small.
const GIVEN: usize = 2;
/// Attributes of the parent that rows may depend on, beside those of the subject.
const GIVEN_OF_PARENT: usize = 3;
/// Keys of a reference table that are learned as values; of more, one is drawn for each row.
const MOST_KEYS: usize = 50;
/// In the place of a column: the number of siblings.
const SIBLINGS: usize = usize::MAX;
/// Rows of a reference table that are copied.
const MOST_COPIED: usize = 5000;

/// How a field's values are made.
enum Making {
    /// They are learned: the domain, whether it lists values, and when the value is not known yet.
    Learned { domain: String, is_listed: bool, missing: Option<String> },
    /// A generator, ready for the field's braces.
    Generated(String),
}

impl Making {
    fn learned(domain: String) -> Self {
        Self::Learned { domain, is_listed: false, missing: None }
    }

    fn timed(timed: Timed, name: &str) -> Self {
        let missing = timed.is_open_ended.then(|| format!("{name} > period_end"));
        Self::Learned { domain: timed.domain, is_listed: false, missing }
    }
}

/// What can be learned of the tables of a draft.
pub(super) struct Learning<'a> {
    sheets: &'a [Sheet],
    subject: Option<usize>,
    makings: Vec<Vec<Option<Making>>>,
    /// What is always measured together in each table: two columns, or the number of siblings and a column.
    together: Vec<Vec<(usize, usize)>>,
    /// Which rows of each table are kept.
    keep: Vec<Option<String>>,
    lives: Lives,
    tables: Vec<DraftedTable>,
}

impl<'a> Learning<'a> {
    pub(super) fn of(sheets: &'a [Sheet], subject: Option<usize>) -> Self {
        let lives = subject.map(|subject| Lives::of(&sheets[subject])).unwrap_or_default();
        let nothing = |sheet: &Sheet| sheet.columns.iter().map(|_| None).collect();
        let mut learning = Self {
            sheets,
            subject,
            makings: sheets.iter().map(nothing).collect(),
            together: vec![Vec::new(); sheets.len()],
            keep: vec![None; sheets.len()],
            lives,
            tables: Vec::new(),
        };
        let (own, others): (Vec<usize>, Vec<usize>) = (0..sheets.len()).partition(|table| learning.belongs(*table));
        for table in own.iter().copied() {
            learning.draft_columns(table);
            learning.draft_times(table);
            learning.draft_identifiers(table);
        }
        for table in others {
            if learning.is_referred(table) {
                learning.copy(table);
            }
        }
        for table in own {
            learning.draft_links(table);
        }
        learning
    }

    /// The tables that the draft names.
    pub(super) fn tables(&self) -> &[DraftedTable] {
        &self.tables
    }

    /// The line about the source: its size, rounded until it is nobody's secret.
    pub(super) fn source(&self, product: &str) -> Option<String> {
        let subject = self.subject.filter(|subject| self.is_learned(*subject))?;
        let subjects = self.sheets[subject].rows;
        let mut unit = 1;
        while subjects / unit >= 10 {
            unit *= 10;
        }
        let patients = (subjects / unit).max(1) * unit;
        Some(format!("privacy: {{source: {{id: {product}, patients: {patients}, origin: data}}}}\n"))
    }

    /// The first and the last year in which something happened to somebody.
    pub(super) fn years(&self) -> Option<(i32, i32)> {
        let of_rows = |table: &usize| {
            let sheet = &self.sheets[*table];
            let place = times::primary(sheet, &self.open(*table))?;
            sheet.columns[place].years
        };
        let tables = (0..self.sheets.len()).filter(|table| self.belongs(*table) && Some(*table) != self.subject);
        let all = |table: usize| self.sheets[table].columns.iter();
        let every = || {
            let columns = (0..self.sheets.len()).flat_map(all).filter(|profile| !guess::is_birth(&profile.name));
            columns.filter_map(|profile| profile.years).reduce(wider)
        };
        tables.filter_map(|table| of_rows(&table)).reduce(wider).or_else(every)
    }

    /// How the values of a field would be made, ready for its braces: learned, copied, drawn, or new for a key.
    pub(super) fn field(&self, table: usize, place: usize) -> Option<String> {
        let is_key = self.sheets[table].key == Some(place) && self.sheets[table].columns[place].ty == Type::Text;
        if is_key && self.belongs(table) && self.is_learned(table) {
            return Some("id: uuid".to_owned());
        }
        Some(match self.makings[table][place].as_ref()? {
            Making::Learned { domain, missing: None, .. } => format!("learn: {{{domain}}}"),
            Making::Learned { domain, missing: Some(when), .. } => {
                format!("learn: {{{domain}}}, missing: {{when: {}}}", quoted(when))
            }
            Making::Generated(text) => text.clone(),
        })
    }

    /// Whether a field is left out of the draft: a figure of a table that is copied without its figures.
    pub(super) fn is_left_out(&self, table: usize, place: usize) -> bool {
        let is_copied = !self.belongs(table) && self.makings[table].iter().any(Option::is_some);
        is_copied && self.makings[table][place].is_none()
    }

    /// Whether a field is made so that its values may repeat.
    pub(super) fn is_invented(&self, table: usize, place: usize) -> bool {
        matches!(&self.makings[table][place], Some(Making::Generated(text)) if text.starts_with("fake"))
    }

    /// Whether a field is learned as the time since another.
    pub(super) fn is_measured_from(&self, table: usize, place: usize) -> bool {
        matches!(&self.makings[table][place], Some(Making::Learned { domain, .. }) if domain.starts_with("since"))
    }

    /// Whether a field takes its values from another table by a link of its own.
    pub(super) fn is_linked(&self, table: usize, place: usize) -> bool {
        matches!(&self.makings[table][place], Some(Making::Generated(text)) if text.starts_with("link"))
    }

    /// How a table is tied to the one that its field refers to: rows belong to those above them.
    pub(super) fn link(&self, table: usize, to: usize) -> &'static str {
        let mut above = self.sheets[table].parent;
        while let Some(parent) = above {
            if parent == to {
                return "key_of";
            }
            above = self.sheets[parent].parent;
        }
        "references"
    }

    /// What an entity says of its rows before its fields, as lines.
    pub(super) fn rows(&self, table: usize) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if self.tables.iter().any(|drafted| drafted.name == self.sheets[table].name) {
            let _ = writeln!(text, "    each: {{table: {}}}", self.sheets[table].name);
        }
        if let Some(keep) = &self.keep[table] {
            let _ = writeln!(text, "    keep: {}", quoted(keep));
        }
        text
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
            let pairs: Vec<String> = self.together[table].iter().filter_map(|pair| self.pair(table, *pair)).collect();
            if !pairs.is_empty() {
                let _ = writeln!(text, "      together: [{}]", pairs.join(", "));
            }
            let _ = writeln!(text, "      given: [{}]", self.given(table).join(", "));
        } else if let (Some(birth), Some(death)) = (self.lives.birth(), self.lives.death()) {
            let is_learned = |place: usize| matches!(self.makings[table][place], Some(Making::Learned { .. }));
            let name = |place: usize| &self.sheets[table].columns[place].name;
            if is_learned(birth) && is_learned(death) {
                let _ = writeln!(text, "      together: [[{}, {}]]", name(birth), name(death));
            }
        }
        let children: Vec<String> = (0..self.sheets.len())
            .filter(|child| self.sheets[*child].parent == Some(table) && self.is_learned(*child))
            .map(|child| format!("{}: {}", self.sheets[child].name, self.children(child)))
            .collect();
        if !children.is_empty() {
            let _ = writeln!(text, "      rows: {{{}}}\n      origin: data", children.join(", "));
        }
        if text.is_empty() { text } else { format!("    learn:\n{text}") }
    }

    /// Two attributes that are both learned, by name.
    fn pair(&self, table: usize, (a, b): (usize, usize)) -> Option<String> {
        let name = |place: usize| match self.makings[table].get(place) {
            None => Some("siblings"),
            Some(Some(Making::Learned { .. })) => Some(self.sheets[table].columns[place].name.as_str()),
            Some(_) => None,
        };
        Some(format!("[{}, {}]", name(a)?, name(b)?))
    }

    /// What the rows of a table may depend on: who the person is, and what the row above is about.
    fn given(&self, table: usize) -> Vec<String> {
        let Some(subject) = self.subject else { return Vec::new() };
        let is_telling = |place: &usize| {
            let name = &self.sheets[subject].columns[*place].name;
            guess::is_birth(name) || guess::is_sex(name)
        };
        let learned = |of: usize| {
            (0..self.sheets[of].columns.len())
                .filter(move |place| matches!(self.makings[of][*place], Some(Making::Learned { .. })))
        };
        let mut first: Vec<usize> = learned(subject).filter(is_telling).collect();
        if first.is_empty() {
            first.extend(learned(subject));
        }
        first.truncate(GIVEN);
        let name =
            |of: usize, place: usize| format!("{}.{}", self.sheets[of].name, self.sheets[of].columns[place].name);
        let mut given: Vec<String> = first.into_iter().map(|place| name(subject, place)).collect();
        if let Some(parent) = self.sheets[table].parent.filter(|parent| *parent != subject) {
            let is_listed =
                |place: &usize| matches!(self.makings[parent][*place], Some(Making::Learned { is_listed: true, .. }));
            // What something is comes before who pays for it.
            let (links, own): (Vec<usize>, Vec<usize>) = learned(parent)
                .filter(is_listed)
                .partition(|place| self.sheets[parent].relations.iter().any(|relation| relation.column == *place));
            given.extend(own.into_iter().chain(links).take(GIVEN_OF_PARENT).map(|place| name(parent, place)));
        }
        given
    }

    /// Bins of the number of rows of a table below one above, as far as enough people have so many.
    fn children(&self, child: usize) -> String {
        let sheet = &self.sheets[child];
        let parent = sheet.parent.map(|parent| &self.sheets[parent]);
        let mut counts = vec![0.0; parent.map_or(0, |parent| parent.rows)];
        for row in sheet.above.iter().filter(|row| **row != NONE) {
            counts[*row as usize] += 1.0;
        }
        let most = parent.and_then(|parent| numbers::reached(&counts, &parent.people)).unwrap_or(2.0);
        let most = outward(most.max(2.0), true) as u64;
        let below = CHILDREN.iter().copied().take_while(|edge| *edge < most);
        let edges: Vec<String> = below.chain([most]).map(|edge| edge.to_string()).collect();
        format!("[{}]", edges.join(", "))
    }

    /// Codes, numbers and truth values.
    fn draft_columns(&mut self, table: usize) {
        let sheet = &self.sheets[table];
        let open = self.open(table);
        let coded = codes::coded(sheet, &open);
        for (at, base) in coded.iter().enumerate() {
            let missing = None;
            let domain = base.domain(sheet);
            self.makings[table][base.place] = Some(Making::Learned { domain, is_listed: true, missing });
            let name = &sheet.columns[base.place].name;
            if let Some(drafted) = coded[at].table(sheet) {
                for dependent in &base.dependents {
                    let column = &sheet.columns[dependent.place].name;
                    let looked = format!("lookup('{drafted}', '{column}', {name})");
                    self.makings[table][dependent.place] =
                        Some(Making::Generated(format!("derive: {}", quoted(&looked))));
                }
                for bounded in &base.bounded {
                    self.makings[table][bounded.place] = Some(by(sheet, base, &drafted, bounded.place));
                }
            }
            self.together[table].extend(base.partners.iter().map(|partner| (base.place, *partner)));
            self.tables.extend(base.drafted(sheet));
        }
        for place in open {
            let profile = &sheet.columns[place];
            if self.makings[table][place].is_some() || profile.is_time() {
                continue;
            }
            let nullable = if profile.is_required { "" } else { ", nullable: true" };
            self.makings[table][place] = match &profile.ty {
                // Two truth values are everybody's knowledge.
                Type::Boolean => Some(Making::learned(format!("values: [true, false]{nullable}"))),
                Type::Integer | Type::Decimal(_) | Type::Float if !codes::is_text(sheet, place) => {
                    let is_whole = profile.ty != Type::Float;
                    let cells = numbers::cells(&profile.numbers, &sheet.people, is_whole, numbers::BINS);
                    cells.map(|cells| Making::learned(format!("{}{nullable}, origin: data", cells.text(&profile.ty))))
                }
                _ => None,
            };
        }
        // Those who come often come for other things.
        let listed =
            |place: &usize| matches!(self.makings[table][*place], Some(Making::Learned { is_listed: true, .. }));
        if sheet.parent.is_some()
            && let Some(place) = (0..sheet.columns.len()).find(listed)
        {
            self.together[table].push((SIBLINGS, place));
        }
        let mut factors: Vec<usize> = Vec::new();
        for place in self.open(table) {
            let is_learned = matches!(self.makings[table][place], Some(Making::Learned { is_listed: false, .. }));
            let product = numbers::product(&sheet.columns, place).filter(|_| is_learned && !factors.contains(&place));
            if let Some((a, b)) = product.filter(|(a, b)| self.is_made(table, *a) && self.is_made(table, *b)) {
                factors.extend([a, b]);
                let (a, b) = (&sheet.columns[a].name, &sheet.columns[b].name);
                self.makings[table][place] = Some(Making::Generated(format!("derive: {a} * {b}")));
            }
        }
    }

    fn draft_times(&mut self, table: usize) {
        let sheet = &self.sheets[table];
        let Some(subject) = self.subject else { return };
        let open = self.open(table);
        let primary = times::primary(sheet, &open).filter(|_| table != subject);
        if let (Some(place), Some(parent)) = (primary, sheet.parent) {
            let above = times::primary(&self.sheets[parent], &self.open(parent)).filter(|_| parent != subject);
            let timed = above.and_then(|above| times::since_parent(sheet, place, &self.sheets[parent], above));
            let making = |timed| Making::timed(timed, &sheet.columns[place].name);
            self.makings[table][place] = match timed {
                Some(timed) => Some(making(timed)),
                None => {
                    // Births and deaths are the subject's; rows further below are not traced to them.
                    if parent == subject {
                        self.keep[table] = times::kept(sheet, place, &self.sheets[subject], self.lives);
                        self.together[table].push((SIBLINGS, place));
                    }
                    times::of_row(sheet, place).map(making)
                }
            };
        }
        for place in open.into_iter().filter(|place| sheet.columns[*place].is_time() && Some(*place) != primary) {
            let timed = match primary {
                Some(primary) => times::since_own(sheet, place, primary),
                None if table == subject => times::of_subject(sheet, place, self.lives),
                None => None,
            };
            self.makings[table][place] = timed.map(|timed| Making::timed(timed, &sheet.columns[place].name));
        }
    }

    /// What names a person is invented.
    fn draft_identifiers(&mut self, table: usize) {
        let sheet = &self.sheets[table];
        for (place, profile) in sheet.columns.iter().enumerate() {
            let is_link = sheet.relations.iter().any(|relation| relation.column == place);
            let is_open = !is_link && sheet.key != Some(place) && self.makings[table][place].is_none();
            if !is_open || profile.ty != Type::Text || !profile.is_required {
                continue;
            }
            let invented = guess::invented(&profile.name).map(|kind| format!("fake: {kind}"));
            let numbered = || {
                let prefix: String = profile.name.chars().take(3).collect();
                format!("id: {{prefix: {}, digits: 6}}", quoted(&format!("{}-", prefix.to_uppercase())))
            };
            let invented = invented.or_else(|| guess::is_area(&profile.name).then(|| "constant: \"00000\"".to_owned()));
            let is_identifier = guess::privacy(&profile.name) == Some("identifier");
            self.makings[table][place] = invented.or_else(|| is_identifier.then(numbered)).map(Making::Generated);
        }
    }

    /// Keys of tables that are the same for everybody.
    fn draft_links(&mut self, table: usize) {
        let sheet = &self.sheets[table];
        let is_copied = |to: usize| self.tables.iter().any(|drafted| drafted.name == self.sheets[to].name);
        let links: Vec<(usize, usize)> = sheet
            .relations
            .iter()
            .filter(|relation| !self.belongs(relation.to) && is_copied(relation.to))
            .map(|relation| (relation.column, relation.to))
            .collect();
        for (place, to) in links.iter().copied() {
            let (profile, target) = (&sheet.columns[place], &self.sheets[to]);
            let through = self
                .of_parent(table, place, to)
                .or_else(|| links.iter().find_map(|(way, by)| self.through(table, *way, *by, (place, to))));
            self.makings[table][place] = match through {
                Some(through) => Some(Making::Generated(format!("derive: {through}"))),
                None if target.rows <= MOST_KEYS => {
                    let nullable = if profile.is_required { "" } else { ", nullable: true" };
                    let domain = format!("values: {{table: {}}}{nullable}, origin: data", target.name);
                    Some(Making::Learned { domain, is_listed: true, missing: None })
                }
                None if profile.is_required => Some(Making::Generated(format!("link: {{to: {}}}", target.name))),
                None => None,
            };
        }
    }

    /// The parent's own reference, where rows hold the same in nearly all cases.
    fn of_parent(&self, table: usize, place: usize, to: usize) -> Option<String> {
        let (sheet, parent) = (&self.sheets[table], &self.sheets[self.sheets[table].parent?]);
        let above = parent.relations.iter().find(|relation| relation.to == to)?.column;
        let (own, theirs) = (sheet.columns[place].codes.as_ref()?, parent.columns[above].codes.as_ref()?);
        let text = |codes: &'a Codes, row: usize| codes.labels.get(codes.rows[row] as usize);
        let wrong = (0..sheet.rows)
            .filter(|row| sheet.above[*row] == NONE || text(own, *row) != text(theirs, sheet.above[*row] as usize));
        (wrong.count() * 1000 <= sheet.rows).then(|| format!("{}.{}", parent.name, parent.columns[above].name))
    }

    /// The way to a key by the row that another column leads to, where that row holds it in nearly all rows.
    fn through(&self, table: usize, way: usize, by: usize, (place, to): (usize, usize)) -> Option<String> {
        let sheet = &self.sheets[table];
        let is_only = sheet.relations.iter().filter(|relation| relation.to == by).count() == 1;
        let is_drawn = self.sheets[by].rows > MOST_KEYS && sheet.columns[way].is_required;
        let on = self.sheets[by].relations.iter().find(|on| on.to == to)?;
        (way != place && is_only && is_drawn && self.leads(table, way, by, place))
            .then(|| format!("{}.{}", self.sheets[by].name, self.sheets[by].columns[on.column].name))
    }

    /// Whether the row that one column leads to knows what another column holds, in nearly all rows.
    fn leads(&self, table: usize, by: usize, to: usize, place: usize) -> bool {
        let (sheet, target) = (&self.sheets[table], &self.sheets[to]);
        let (Some(by), Some(own)) = (&sheet.columns[by].codes, &sheet.columns[place].codes) else { return false };
        let Some(key) = target.key.and_then(|key| target.columns[key].codes.as_ref()) else { return false };
        let relation = sheet.relations.iter().find(|relation| relation.column == place);
        let on = relation.and_then(|relation| target.relations.iter().find(|on| on.to == relation.to));
        let Some(on) = on.and_then(|on| target.columns[on.column].codes.as_ref()) else { return false };
        // Both tables list their texts in order.
        let row_of: Vec<Option<usize>> = by
            .labels
            .iter()
            .map(|label| {
                let code = key.labels.binary_search(label).ok()? as u32;
                key.rows.iter().position(|own| *own == code)
            })
            .collect();
        let held = |code: u32| -> Option<&str> {
            let row = row_of[code as usize]?;
            let code = on.rows[row];
            (code != NONE).then(|| on.labels[code as usize].as_str())
        };
        let held: Vec<Option<&str>> = (0..by.labels.len() as u32).map(held).collect();
        let wrong = by.rows.iter().zip(&own.rows).filter(|(by, own_code)| {
            **by == NONE || **own_code == NONE || held[**by as usize] != Some(own.labels[**own_code as usize].as_str())
        });
        wrong.count() * 1000 <= sheet.rows
    }

    /// Copies a table that is the same for everybody, but for its figures, which may have been counted from records.
    fn copy(&mut self, table: usize) {
        let sheet = &self.sheets[table];
        let Some(key) = sheet.key.filter(|_| sheet.rows <= MOST_COPIED) else { return };
        let is_copied = |place: &usize| {
            let profile = &sheet.columns[*place];
            codes::is_text(sheet, *place)
                || *place == key
                || profile.ty == Type::Float && guess::privacy(&profile.name) == Some("quasi_identifier")
        };
        let places: Vec<usize> = (0..sheet.columns.len()).filter(is_copied).collect();
        let text = |place: usize, row: usize| {
            let profile = &sheet.columns[place];
            match &profile.codes {
                Some(codes) => Some(codes.labels.get(codes.rows[row] as usize)?.clone()),
                None => profile.numbers.get(row).filter(|number| number.is_finite()).map(|number| format!("{number}")),
            }
        };
        let columns = places.iter().map(|place| {
            let profile = &sheet.columns[*place];
            (profile.name.clone(), profile.ty == Type::Text || codes::is_text(sheet, *place))
        });
        let rows = (0..sheet.rows).map(|row| places.iter().map(|place| text(*place, row)).collect());
        self.tables.push(DraftedTable {
            name: sheet.name.clone(),
            means: format!("The rows of {}, without figures.", sheet.name),
            key: sheet.columns[key].name.clone(),
            columns: columns.collect(),
            rows: rows.collect(),
        });
        for place in places {
            let derived = format!("derive: item.{}", sheet.columns[place].name);
            self.makings[table][place] = Some(Making::Generated(derived));
        }
    }

    /// The columns of a table whose values are neither keys nor names of persons.
    fn open(&self, table: usize) -> Vec<usize> {
        let sheet = &self.sheets[table];
        let is_open = |place: &usize| {
            let is_link = sheet.relations.iter().any(|relation| relation.column == *place);
            !is_link && sheet.key != Some(*place) && guess::privacy(&sheet.columns[*place].name) != Some("identifier")
        };
        (0..sheet.columns.len()).filter(is_open).collect()
    }

    /// Whether the rows of a table are people's.
    fn belongs(&self, table: usize) -> bool {
        self.subject.is_some() && (Some(table) == self.subject || self.sheets[table].parent.is_some())
    }

    /// Whether the rows of people refer to a table, through others perhaps.
    fn is_referred(&self, table: usize) -> bool {
        let mut reached: Vec<usize> = (0..self.sheets.len()).filter(|table| self.belongs(*table)).collect();
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            for relation in &self.sheets[from].relations {
                if !reached.contains(&relation.to) {
                    reached.push(relation.to);
                }
            }
            next += 1;
        }
        reached.contains(&table)
    }

    fn is_made(&self, table: usize, place: usize) -> bool {
        self.makings[table][place].is_some()
    }

    /// Whether anything of a table, or of what descends from it, can be learned.
    fn is_learned(&self, table: usize) -> bool {
        let descends = |child: &usize| {
            let mut above = self.sheets[*child].parent;
            // Parents make no circle.
            while let Some(parent) = above {
                if parent == table {
                    return true;
                }
                above = self.sheets[parent].parent;
            }
            false
        };
        let own = |table: usize| self.makings[table].iter().any(|one| matches!(one, Some(Making::Learned { .. })));
        own(table) || (0..self.sheets.len()).filter(descends).any(own)
    }
}

/// A number within the bounds of a code.
fn by(sheet: &Sheet, base: &Coded, table: &str, place: usize) -> Making {
    let (profile, code) = (&sheet.columns[place], &sheet.columns[base.place].name);
    let name = &profile.name;
    let nullable = if profile.is_required { "" } else { ", nullable: true" };
    let bounds = format!("bounds: {{table: {table}, key: {code}, low: {name}_low, high: {name}_high}}");
    Making::learned(format!("by: {code}, {bounds}, cells: 16{nullable}, origin: data"))
}

fn wider(a: (i32, i32), b: (i32, i32)) -> (i32, i32) {
    (a.0.min(b.0), a.1.max(b.1))
}
