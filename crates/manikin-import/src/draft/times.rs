//! Times of a draft: what each is measured from, so that nothing comes before a birth or ends before it began.

use manikin_expression::calendar;

use super::numbers::{Cells, cells};
use super::sheet::{DAY, NONE, Profile, Sheet};
use crate::guess;

/// Days from birth to another day of a life.
///
/// ASSUMED: a year, and every twentieth to 110: deaths are few, and finer steps drown in noise.
const LIFE: &str = "[0, 365, 7305, 14610, 21915, 29220, 36525, 40177]";
/// Bins of years.
const YEARS: usize = 10;
/// Bins of lengths of time.
const LENGTHS: usize = 12;
/// Days after a death in which records are still made.
///
/// ASSUMED: certificates and bills follow within a month.
const AFTER_DEATH: u32 = 30;
/// What holds of all but one row in so many holds of the data.
const NEARLY_ALL: usize = 100;

/// How a time is learned.
pub(super) struct Timed {
    pub(super) domain: String,
    /// Whether it may be later than the period, and is then not yet known.
    pub(super) is_open_ended: bool,
}

/// The column that says when the rows of a table were.
pub(super) fn primary(sheet: &Sheet, open: &[usize]) -> Option<usize> {
    // A row without a time has no place among the others.
    open.iter().copied().find(|place| sheet.columns[*place].is_time() && sheet.columns[*place].is_required)
}

/// When people were born and when they died.
#[derive(Clone, Copy, Default)]
pub(super) struct Lives {
    birth: Option<usize>,
    death: Option<usize>,
}

impl Lives {
    pub(super) fn of(subject: &Sheet) -> Self {
        let is_time = |column: &&usize| subject.columns[**column].is_time();
        let places: Vec<usize> = (0..subject.columns.len()).collect();
        let birth = places.iter().filter(is_time).find(|place| guess::is_birth(&subject.columns[**place].name));
        let birth = birth.copied().filter(|place| subject.columns[*place].is_required);
        let death = places.iter().filter(is_time).find(|place| guess::is_death(&subject.columns[**place].name));
        Self { birth, death: death.copied() }
    }

    pub(super) fn birth(self) -> Option<usize> {
        self.birth
    }

    pub(super) fn death(self) -> Option<usize> {
        self.death
    }
}

/// A time of a person: a birth by its year, others since birth where none is before it.
pub(super) fn of_subject(subject: &Sheet, place: usize, lives: Lives) -> Option<Timed> {
    let profile = &subject.columns[place];
    if let Some(birth) = lives.birth.filter(|birth| *birth != place) {
        let born = &subject.columns[birth];
        if holds(&profile.numbers, &born.numbers, |time, born| time >= born) {
            let edges = format!("since: {}, unit: days, edges: {LIFE}", born.name);
            return Some(Timed {
                domain: format!("{edges}{}", nullable(profile)),
                is_open_ended: !profile.is_required,
            });
        }
    }
    Some(Timed { domain: calendar_edges(profile, &subject.people)?, is_open_ended: false })
}

/// Edges at whole years.
fn calendar_edges(profile: &Profile, people: &[u32]) -> Option<String> {
    let years: Vec<f64> = profile.numbers.iter().map(|minutes| year(*minutes)).collect();
    let (Cells::Values(mut years) | Cells::Edges(mut years)) = cells(&years, people, true, YEARS)?;
    // The range tells the first and the last year already.
    let (first, last) = profile.years.map(|(first, last)| (f64::from(first), f64::from(last)))?;
    years.retain(|year| first < *year && *year <= last);
    years.insert(0, first);
    let mut edges: Vec<String> = years.iter().map(|year| format!("{:04}-01-01", *year as i64)).collect();
    edges.push(format!("{:04}-12-31", last as i64));
    Some(format!("edges: [{}]{}, origin: data", edges.join(", "), nullable(profile)))
}

/// A time of a row that belongs to a person directly: by its year, since what lies between rows says little of when in a
/// life they were.
pub(super) fn of_row(sheet: &Sheet, place: usize) -> Option<Timed> {
    let profile = &sheet.columns[place];
    Some(Timed { domain: calendar_edges(profile, &sheet.people)?, is_open_ended: false })
}

/// Which rows are kept: those from birth on, and until a little after death.
pub(super) fn kept(sheet: &Sheet, place: usize, subject: &Sheet, lives: Lives) -> Option<String> {
    let (profile, name) = (&sheet.columns[place], &sheet.columns[place].name);
    let column = |place: usize| (above(sheet, &subject.columns[place].numbers), &subject.columns[place].name);
    let mut found = Vec::new();
    if let Some((born, column)) = lives.birth.map(column)
        && holds(&profile.numbers, &born, |time, born| time >= born)
    {
        found.push(format!("{name} >= {}.{column}", subject.name));
    }
    let latest = (f64::from(AFTER_DEATH) + 1.0) * DAY;
    if let Some((died, column)) = lives.death.map(column)
        && holds(&profile.numbers, &died, |time, died| time <= died + latest)
    {
        let died = format!("{}.{column}", subject.name);
        found.push(format!("({died} is null or {name} <= {died} + days({AFTER_DEATH}))"));
    }
    (!found.is_empty()).then(|| found.join(" and "))
}

/// A time since that of the row above, where none is before it.
pub(super) fn since_parent(sheet: &Sheet, place: usize, parent: &Sheet, parents_time: usize) -> Option<Timed> {
    let anchor = &parent.columns[parents_time];
    let name = format!("{}.{}", parent.name, anchor.name);
    let from = above(sheet, &anchor.numbers);
    let found = since(sheet, place, &from, &name, anchor)?;
    let is_day = sheet.columns[place].ty == manikin_expression::Type::Date;
    let from: Vec<f64> = if is_day { from.iter().map(|time| day(*time)).collect() } else { from };
    holds(&sheet.columns[place].numbers, &from, |time, from| time >= from).then_some(found)
}

/// A time since another one of the row.
pub(super) fn since_own(sheet: &Sheet, place: usize, order: usize) -> Option<Timed> {
    let anchor = &sheet.columns[order];
    since(sheet, place, &anchor.numbers, &anchor.name, anchor)
}

fn since(sheet: &Sheet, place: usize, from: &[f64], name: &str, anchor: &Profile) -> Option<Timed> {
    use manikin_expression::Type;
    let profile = &sheet.columns[place];
    let is_day = profile.ty == Type::Date;
    let offset = |(time, from): (&f64, &f64)| {
        if is_day { (day(*time) - day(*from)) / DAY } else { (time - from).floor() }
    };
    let mut offsets: Vec<f64> = profile.numbers.iter().zip(from).map(offset).collect();
    let before = offsets.iter().filter(|offset| **offset < 0.0).count();
    if before * NEARLY_ALL <= offsets.len() {
        offsets.iter_mut().filter(|offset| **offset < 0.0).for_each(|offset| *offset = 0.0);
    }
    let edges = match cells(&offsets, &sheet.people, true, LENGTHS)? {
        Cells::Edges(edges) => edges,
        Cells::Values(values) => {
            let mut edges: Vec<f64> = values.iter().flat_map(|value| [*value, value + 1.0]).collect();
            edges.dedup();
            edges
        }
    };
    let edges: Vec<String> = edges.iter().map(|edge| format!("{}", *edge as i64)).collect();
    let name = if is_day && anchor.ty == Type::DateTime { format!("date({name})") } else { name.to_owned() };
    let unit = if is_day { "days" } else { "minutes" };
    let nullable = nullable(profile);
    let edges = edges.join(", ");
    Some(Timed {
        domain: format!("since: {name}, unit: {unit}, edges: [{edges}]{nullable}, origin: data"),
        is_open_ended: !profile.is_required,
    })
}

/// The values of the rows above, for each row.
fn above(sheet: &Sheet, values: &[f64]) -> Vec<f64> {
    let value = |row: &u32| if *row == NONE { f64::NAN } else { values[*row as usize] };
    sheet.above.iter().map(value).collect()
}

/// Whether something holds of nearly all pairs that are there.
fn holds(times: &[f64], others: &[f64], is_so: impl Fn(f64, f64) -> bool) -> bool {
    let pairs = times.iter().zip(others).filter(|(time, other)| !time.is_nan() && !other.is_nan());
    let (mut so, mut all) = (0, 0);
    for (time, other) in pairs {
        all += 1;
        so += usize::from(is_so(*time, *other));
    }
    all > 0 && (all - so) * NEARLY_ALL <= all
}

fn nullable(profile: &Profile) -> &'static str {
    if profile.is_required { "" } else { ", nullable: true" }
}

fn day(minutes: f64) -> f64 {
    (minutes / DAY).floor() * DAY
}

fn year(minutes: f64) -> f64 {
    if minutes.is_finite() { f64::from(calendar::civil((minutes / DAY).floor() as i32).0) } else { f64::NAN }
}
