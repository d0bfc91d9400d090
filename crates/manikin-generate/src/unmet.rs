//! Quotas and totals that cannot be met, told in the spec's words: its entities, its values, and what to change.

use crate::error::GenerateError;
use manikin_expression::{Literal, calendar, decimal_text};
use manikin_random::{QuotaError, SplitError};

/// An exact choice, to tell why its shares cannot be met.
pub(crate) struct ExactChoice<'a> {
    /// Entity and field, as `coverage.payer`.
    pub(crate) place: &'a str,
    /// The entity whose rows take a value each.
    pub(crate) entity: &'a str,
    /// The entity whose rows are counted; the same one where the shares are those of its own rows.
    pub(crate) counted: &'a str,
    /// The values.
    pub(crate) values: &'a [Literal],
    /// How many counted rows each value is to have.
    pub(crate) quotas: &'a [u64],
}

impl ExactChoice<'_> {
    /// Why the shares cannot be met and what to do about it.
    pub(crate) fn unmet(&self, error: QuotaError) -> GenerateError {
        let Self { entity, counted, .. } = self;
        let (found, help) = match error {
            QuotaError::Sum { quotas, rows } => (
                format!("they come to {quotas} rows of {counted}, and there are {rows}"),
                "this is a defect of manikin; please report it".to_owned(),
            ),
            QuotaError::NotAnAffinity { unit, category, found } => (
                format!("the affinity of {} is {found} for the {} row of {entity}", self.value(category), nth(unit)),
                "an affinity is a number of 0 or more: guard its expression, as in `greatest(0, x)`".to_owned(),
            ),
            QuotaError::NoCategory { unit, .. } => (
                format!("the {} row of {entity} may take no value: every affinity is 0 for it", nth(unit)),
                "give the row an affinity above 0 for some value that has a share, such as 0.01".to_owned(),
            ),
            QuotaError::Unreachable { category, quota, available } => (
                format!(
                    "{} is to have {quota} rows of {counted}, but the rows of {entity} that may take it have only \
                     {available}",
                    self.value(category)
                ),
                format!(
                    "lower the share of {0}, or let the affinity of {0} be above 0 for more rows",
                    self.value(category)
                ),
            ),
            QuotaError::Overfilled { category, quota, forced } => (
                format!(
                    "{} is to have {quota} rows of {counted}, but the rows of {entity} that may take no other value \
                     have {forced}",
                    self.value(category)
                ),
                format!("raise the share of {}, or let those rows take another value", self.value(category)),
            ),
            QuotaError::TooLarge { unit, size, quota } => (
                format!(
                    "the {} row of {entity} has {size} rows of {counted}, and all of them take one value, of which \
                     there are to be at most {quota}{}",
                    nth(unit),
                    self.values_of(quota)
                ),
                format!(
                    "spread the rows of {counted} more evenly (`count`), make more rows of {entity} (more patients), \
                     let the row take a value of a larger share, or drop `exact`"
                ),
            ),
            QuotaError::NoArrangement { category, excess, short, proven } => (
                format!(
                    "however the values are given to the rows of {entity}{}, {} keeps {excess} rows of {counted} too \
                     many, which {} lacks",
                    if proven { "" } else { " that were tried" },
                    self.value(category),
                    self.value(short)
                ),
                format!(
                    "let more rows of {entity} have a single row of {counted}, bring the shares nearer to what the \
                     rows can hold, or drop `exact`"
                ),
            ),
        };
        GenerateError::new(self.place, format!("its exact shares cannot be met: {found}")).help(help)
    }

    fn value(&self, category: usize) -> String {
        self.values.get(category).map_or_else(|| "a value".to_owned(), |value| format!("`{}`", written(value)))
    }

    /// The values that are to have so many rows, in brackets; nothing where there is none.
    fn values_of(&self, quota: u64) -> String {
        let with = self.quotas.iter().enumerate().filter(|(_, own)| **own == quota);
        let names: Vec<String> = with.map(|(category, _)| self.value(category)).collect();
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    }
}

/// Why a total cannot be spread over the rows of the parent.
pub(crate) fn total(entity: &str, parent: Option<&str>, error: SplitError) -> GenerateError {
    let over = parent.unwrap_or("the dataset");
    let (found, help) = match error {
        SplitError::TooFew { total, units, min } => (
            format!("a total of {total} is too small for {units} rows of {over} with at least {min} each"),
            format!("raise `total`, lower `min`, or make fewer rows of {over}"),
        ),
        SplitError::TooMany { total, units, max } => (
            format!("a total of {total} is too large for {units} rows of {over} with at most {max} each"),
            format!("lower `total`, raise `max`, or make more rows of {over}"),
        ),
        SplitError::NoUnits { total } => (
            format!("a total of {total} has no row of {over} to belong to"),
            format!("make a row of {over}, or set `total` to 0"),
        ),
        SplitError::Shape { .. } => (error.to_string(), "write a shape above 0, such as 1.2".to_owned()),
    };
    GenerateError::new(entity, found).help(help)
}

/// The position from 1 of the row at an index: 1st, 2nd, 3rd, 4th.
fn nth(index: usize) -> String {
    let position = index + 1;
    let ending = match (position % 10, position % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{position}{ending}")
}

/// A value as the spec writes it.
fn written(value: &Literal) -> String {
    match value {
        Literal::Null => "null".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Decimal { units, scale } => decimal_text(*units, *scale),
        Literal::Text(text) => text.clone(),
        Literal::Date(day) => calendar::date_text(*day),
        Literal::DateTime(micros) => calendar::datetime_text(*micros, ' '),
        Literal::Interval { count, .. } => count.to_string(),
        Literal::List(items) => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_in_english() {
        let said: Vec<String> = [0, 1, 2, 3, 10, 11, 12, 20, 100, 110].into_iter().map(nth).collect();
        assert_eq!(said, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th"]);
    }
}
