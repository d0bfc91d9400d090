//! Eras: spans of one person and one concept joined over short gaps.

use std::collections::BTreeMap;

use manikin_expression::Type;
use manikin_tables::Column;
use polars::prelude::Series;

use crate::checked::EraValue;

/// One era, by the row of the first of its spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    /// A row of the spans' table that has the era's values of the `by` columns.
    pub(crate) row: u32,
    start: i32,
    end: i32,
    count: i64,
    /// Days that at least one span covers.
    covered: i64,
}

/// The columns that eras are made of.
pub(crate) struct Spans<'a> {
    pub(crate) by: Vec<&'a Column>,
    pub(crate) start: &'a Column,
    pub(crate) end: &'a Column,
}

impl Spans<'_> {
    /// Joins the spans that agree in every `by` column and lie at most `gap_days` apart, in the order of those columns
    /// and then of time.
    ///
    /// A span without a start, or with an empty or zero `by` value, is left out; one without an end, or that ends before
    /// it starts, lasts its first day. `None` when a `by` column holds neither whole numbers nor dates.
    pub(crate) fn join(&self, gap_days: i64) -> Option<Vec<Joined>> {
        let groups: Vec<Vec<Option<i64>>> =
            self.by.iter().map(|column| whole_numbers(column)).collect::<Option<_>>()?;
        let starts: Vec<Option<i64>> = whole_numbers(self.start)?;
        let ends: Vec<Option<i64>> = whole_numbers(self.end)?;
        let is_in =
            |row: usize| starts[row].is_some() && groups.iter().all(|group| group[row].is_some_and(|value| value != 0));
        let mut rows: Vec<u32> = (0..starts.len()).filter(|row| is_in(*row)).map(|row| row as u32).collect();
        let span = |row: u32| {
            let start = starts[row as usize].unwrap_or_default() as i32;
            (start, ends[row as usize].map_or(start, |end| end as i32).max(start))
        };
        let same = |a: u32, b: u32| groups.iter().all(|group| group[a as usize] == group[b as usize]);
        rows.sort_unstable_by(|a, b| {
            let by = groups.iter().map(|group| group[*a as usize].cmp(&group[*b as usize]));
            by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(span(*a).cmp(&span(*b))).then(a.cmp(b))
        });
        let mut joined: Vec<Joined> = Vec::new();
        for row in rows {
            let (start, end) = span(row);
            let alone = Joined { row, start, end, count: 1, covered: i64::from(end - start) + 1 };
            match joined.last_mut() {
                // Days that lie between: a span that starts the day after the last ends leaves none.
                Some(era) if same(era.row, row) && i64::from(start) - i64::from(era.end) - 1 <= gap_days => {
                    let new_from = start.max(era.end + 1);
                    era.covered += i64::from((end - new_from + 1).max(0));
                    era.end = era.end.max(end);
                    era.count += 1;
                }
                _ => joined.push(alone),
            }
        }
        Some(joined)
    }
}

/// What each value stands for by two columns of a table, the first row that has it; NULL where none has.
pub(crate) fn through(values: &Column, (from, to): (&Column, &Column)) -> Option<Column> {
    let mut known = BTreeMap::new();
    for (from, to) in whole_numbers(from)?.into_iter().zip(whole_numbers(to)?) {
        if let Some(from) = from {
            known.entry(from).or_insert(to);
        }
    }
    let found = whole_numbers(values)?.into_iter().map(|value| known.get(&value?).copied().flatten());
    let series = Series::from_iter(found);
    Column::new(series, Type::Integer).ok()
}

/// A property of every era; the values of the `by` columns are the spans' own.
pub(crate) fn property(eras: &[Joined], value: EraValue) -> Option<Column> {
    let whole = |value: &dyn Fn(&Joined) -> i64| Column::integers(eras.iter().map(value).collect());
    Some(match value {
        EraValue::By(_) => return None,
        EraValue::Start => Column::dates(eras.iter().map(|era| Some(era.start))),
        EraValue::End => Column::dates(eras.iter().map(|era| Some(era.end))),
        EraValue::Count => whole(&|era| era.count),
        EraValue::Days => whole(&|era| i64::from(era.end - era.start) + 1),
        EraValue::GapDays => whole(&|era| i64::from(era.end - era.start) + 1 - era.covered),
    })
}

/// Whole numbers as they are, dates as days and moments as the day they fall on.
fn whole_numbers(column: &Column) -> Option<Vec<Option<i64>>> {
    let series = column.series();
    Some(match column.ty() {
        Type::Integer => series.i64().ok()?.iter().collect(),
        Type::Date => series.i32().ok()?.iter().map(|day| day.map(i64::from)).collect(),
        Type::DateTime => {
            let day = |micros: i64| micros.div_euclid(manikin_expression::calendar::DAY);
            series.i64().ok()?.iter().map(|micros| micros.map(day)).collect()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eras(spans: &[(i64, i64, i32, Option<i32>)], gap: i64) -> Vec<(u32, i32, i32, i64, i64, i64)> {
        let person = Column::integers(spans.iter().map(|span| span.0).collect());
        let concept = Column::integers(spans.iter().map(|span| span.1).collect());
        let start = Column::dates(spans.iter().map(|span| Some(span.2)));
        let end = Column::dates(spans.iter().map(|span| span.3));
        let joined = Spans { by: vec![&person, &concept], start: &start, end: &end }.join(gap).unwrap_or_default();
        let gaps = property(&joined, EraValue::GapDays).unwrap_or_else(|| Column::integers(Vec::new()));
        let gap = |at: usize| gaps.series().i64().ok().and_then(|gaps| gaps.get(at)).unwrap_or(-1);
        let told = |(at, era): (usize, &Joined)| (era.row, era.start, era.end, era.count, era.covered, gap(at));
        joined.iter().enumerate().map(told).collect()
    }

    #[test]
    fn spans_join_over_gaps_up_to_the_limit_and_no_further() {
        // Days 0-9, then 30 days between, then 40-49: joined. A gap of 31 days is not.
        let near = [(1, 7, 0, Some(9)), (1, 7, 40, Some(49))];
        assert_eq!(eras(&near, 30), [(0, 0, 49, 2, 20, 30)]);
        let far = [(1, 7, 0, Some(9)), (1, 7, 41, Some(49))];
        assert_eq!(eras(&far, 30), [(0, 0, 9, 1, 10, 0), (1, 41, 49, 1, 9, 0)]);
    }

    #[test]
    fn values_are_looked_up_and_left_empty_where_the_table_lacks_them() {
        let column = |values: &[i64]| Column::integers(values.to_vec());
        let found = through(&column(&[5, 6, 7]), (&column(&[7, 5, 5]), &column(&[70, 50, 51])));
        let found: Option<Vec<Option<i64>>> = found.and_then(|column| whole_numbers(&column));
        assert_eq!(found, Some(vec![Some(50), None, Some(70)]));
    }

    #[test]
    fn days_covered_twice_count_once() {
        let spans = [(1, 7, 0, Some(29)), (1, 7, 10, Some(19)), (1, 7, 20, Some(39))];
        assert_eq!(eras(&spans, 0), [(0, 0, 39, 3, 40, 0)]);
    }

    #[test]
    fn people_and_concepts_are_kept_apart_and_unknown_concepts_left_out() {
        let spans = [(2, 7, 0, None), (1, 8, 0, None), (1, 7, 5, Some(3)), (1, 0, 0, None)];
        assert_eq!(eras(&spans, 30), [(2, 5, 5, 1, 1, 0), (1, 0, 0, 1, 1, 0), (0, 0, 0, 1, 1, 0)]);
    }
}
