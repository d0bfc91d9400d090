//! The tables of a draft as they were found: columns, what their values are like, whose rows they hold.

use std::collections::{BTreeMap, BTreeSet};

use manikin_expression::{Type, calendar, decimal_text, plain_name};
use manikin_tables::{Column, Table, cell_text};

use super::SMALLEST_CELL;
use crate::guess;

/// Columns with more values than this are not looked at as codes.
///
/// ASSUMED: what is used more rarely than that is seldom that of enough people.
const MOST_CODES: usize = 5000;

/// No code: the value is missing.
pub(super) const NONE: u32 = u32::MAX;

/// Minutes of a day.
pub(super) const DAY: f64 = 1440.0;

/// A table, and how it hangs together with the others.
pub(super) struct Sheet {
    /// The name in the spec.
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) columns: Vec<Profile>,
    pub(super) key: Option<usize>,
    pub(super) relations: Vec<Relation>,
    /// The table that the rows belong to.
    pub(super) parent: Option<usize>,
    /// The row of the parent that each row belongs to, or [`NONE`].
    pub(super) above: Vec<u32>,
    /// Whose each row is; the row itself where the table does not say.
    pub(super) people: Vec<u32>,
}

/// A foreign key that was found: the column, and the table whose key it holds.
pub(super) struct Relation {
    pub(super) column: usize,
    pub(super) to: usize,
}

/// What is known of a column.
pub(super) struct Profile {
    /// The name in the spec.
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) is_required: bool,
    pub(super) is_unique: bool,
    /// The values as text; only of columns with few.
    pub(super) codes: Option<Codes>,
    /// The distinct texts, for keys and what may hold them.
    pub(super) distinct: Option<BTreeSet<String>>,
    /// Numbers as they are, decimals in units of their last digit, days and moments in minutes; NaN where missing.
    pub(super) numbers: Vec<f64>,
    pub(super) range: Option<Ends>,
    pub(super) years: Option<(i32, i32)>,
}

/// The ends of a range, as YAML.
pub(super) type Ends = (String, String);

/// The values of a column with few of them.
pub(super) struct Codes {
    /// The texts, in order.
    pub(super) labels: Vec<String>,
    /// The place of each row's text among them, or [`NONE`].
    pub(super) rows: Vec<u32>,
    /// How many people have each.
    pub(super) people: Vec<usize>,
}

impl Codes {
    /// The places of the values of enough people, in order; of more than `most` those of most people.
    pub(super) fn frequent(&self, most: usize) -> Vec<u32> {
        let mut found: Vec<u32> =
            (0..self.labels.len() as u32).filter(|code| self.people[*code as usize] >= SMALLEST_CELL).collect();
        found.sort_by_key(|code| std::cmp::Reverse(self.people[*code as usize]));
        found.truncate(most);
        found.sort_unstable();
        found
    }

    /// How many rows have each value.
    pub(super) fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for code in self.rows.iter().filter(|code| **code != NONE) {
            counts[*code as usize] += 1;
        }
        counts
    }

    fn count_people(&mut self, people: &[u32]) {
        let mut pairs: Vec<(u32, u32)> =
            self.rows.iter().zip(people).filter(|(code, _)| **code != NONE).map(|(code, one)| (*code, *one)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        self.people = vec![0; self.labels.len()];
        for (code, _) in pairs {
            self.people[code as usize] += 1;
        }
    }
}

impl Profile {
    /// Whether it holds days or moments.
    pub(super) fn is_time(&self) -> bool {
        matches!(self.ty, Type::Date | Type::DateTime)
    }
}

impl guess::Values for Profile {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_text(&self) -> bool {
        matches!(self.ty, Type::Text | Type::Integer)
    }
}

/// The columns of a table; people are counted as rows.
pub(super) fn profiled(table: &Table) -> Vec<Profile> {
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
    let texts: Vec<Option<String>> = match ty {
        Type::Text | Type::Integer | Type::Boolean | Type::Decimal(_) => {
            (0..rows).map(|row| cell_text(column, row)).collect()
        }
        _ => Vec::new(),
    };
    let places: BTreeMap<&str, usize> = texts.iter().flatten().map(|text| (text.as_str(), 0)).collect();
    let places: BTreeMap<&str, u32> = places.into_keys().zip(0..).collect();
    let codes = (!texts.is_empty() && places.len() <= MOST_CODES).then(|| {
        let code = |text: &Option<String>| text.as_deref().and_then(|text| places.get(text)).copied().unwrap_or(NONE);
        let codes: Vec<u32> = texts.iter().map(code).collect();
        Codes { labels: places.keys().map(|text| (*text).to_owned()).collect(), rows: codes, people: Vec::new() }
    });
    let could_be_key = matches!(ty, Type::Text | Type::Integer | Type::Boolean);
    let (range, years) = extremes(column);
    Profile {
        name,
        is_required: rows > 0 && present == rows,
        is_unique: could_be_key && present > 1 && places.len() == present,
        codes,
        distinct: could_be_key.then(|| places.keys().map(|text| (*text).to_owned()).collect()),
        numbers: numbers(column),
        range,
        years,
        ty,
    }
}

fn numbers(column: &Column) -> Vec<f64> {
    let series = column.series();
    let of = |value: Option<f64>| value.unwrap_or(f64::NAN);
    match column.ty() {
        Type::Integer | Type::Decimal(_) => series
            .i64()
            .map(|values| values.iter().map(|value| of(value.map(|value| value as f64))).collect())
            .unwrap_or_default(),
        Type::Float => series.f64().map(|values| values.iter().map(of).collect()).unwrap_or_default(),
        Type::Date => series
            .i32()
            .map(|values| values.iter().map(|day| of(day.map(|day| f64::from(day) * DAY))).collect())
            .unwrap_or_default(),
        Type::DateTime => series
            .i64()
            .map(|values| values.iter().map(|micros| of(micros.map(|micros| micros as f64 / 6e7))).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The row of another table that each row of a table refers to.
pub(super) fn above(table: &Table, column: usize, parent: &Table, key: usize) -> Vec<u32> {
    let (Some(from), Some(to)) = (column_of(table, column), column_of(parent, key)) else {
        return vec![NONE; table.frame().height()];
    };
    let rows: BTreeMap<String, u32> =
        (0..to.len()).filter_map(|row| Some((cell_text(&to, row)?, row as u32))).collect();
    (0..from.len()).map(|row| cell_text(&from, row).and_then(|text| rows.get(&text).copied()).unwrap_or(NONE)).collect()
}

fn column_of(table: &Table, place: usize) -> Option<Column> {
    let ty = table.schema().columns.get(place)?.ty.clone();
    Column::new(table.frame().columns().get(place)?.as_materialized_series().clone(), ty).ok()
}

/// Whose each row of a table is, by the column that refers to people; the rows themselves without one.
pub(super) fn people_of(table: &Table, column: Option<usize>) -> Vec<u32> {
    let rows = table.frame().height();
    let Some(column) = column.and_then(|place| column_of(table, place)) else { return (0..rows as u32).collect() };
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    (0..rows)
        .map(|row| {
            let person = cell_text(&column, row).unwrap_or_default();
            let next = known.len() as u32;
            *known.entry(person).or_insert(next)
        })
        .collect()
}

/// Counts people in the place of rows: one of them may have many.
pub(super) fn count_people(people: &[u32], profiles: &mut [Profile]) {
    for profile in profiles {
        if let Some(codes) = &mut profile.codes {
            codes.count_people(people);
        }
        let with_value: BTreeSet<u32> = match profile.numbers.as_slice() {
            [] => continue,
            numbers => numbers.iter().zip(people).filter(|(value, _)| !value.is_nan()).map(|(_, one)| *one).collect(),
        };
        // The extremes of few people are those of people who can be found.
        profile.range = profile.range.take().filter(|_| with_value.len() >= SMALLEST_CELL);
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
pub(super) fn outward(value: f64, up: bool) -> f64 {
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
}
