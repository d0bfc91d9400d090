//! Every value as a code that is the same in train, holdout and synthetic rows: what equality and counting work on.

use std::collections::HashMap;

use super::distinct::{Distinct, Mixing, groups, number_bits};
use crate::{Column, Table, Values, table::NULL_CODE};

/// Columns of codes `0..size`, null among them, of tables that were coded together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Coded {
    /// The codes of each column, one a row.
    pub(crate) columns: Vec<Vec<u32>>,
    /// The number of different codes of each column, over all tables.
    pub(crate) sizes: Vec<usize>,
    /// The number of rows.
    pub(crate) rows: usize,
}

/// Codes the columns of tables that share them.
pub(crate) fn code(tables: &[&Table]) -> Vec<Coded> {
    let mut coded: Vec<Coded> =
        tables.iter().map(|table| Coded { columns: Vec::new(), sizes: Vec::new(), rows: table.rows }).collect();
    let columns = tables.iter().map(|table| table.columns.len()).min().unwrap_or(0);
    for column in 0..columns {
        let mut known: HashMap<u64, u32, Mixing> = HashMap::with_hasher(Mixing);
        let mut code = |word: u64| {
            let next = known.len() as u32;
            *known.entry(word).or_insert(next)
        };
        for (table, coded) in tables.iter().zip(&mut coded) {
            coded.columns.push(match &table.columns[column].values {
                Values::Numbers(numbers) => numbers.iter().map(|&number| code(number_bits(number))).collect(),
                Values::Codes { codes, .. } => codes.iter().map(|&value| code(u64::from(value))).collect(),
            });
        }
        for coded in &mut coded {
            coded.sizes.push(known.len());
        }
    }
    coded
}

impl Coded {
    /// The rows of `self` and then those of `other`.
    pub(crate) fn stack(&self, other: &Self) -> Self {
        let join = |(a, b): (&Vec<u32>, &Vec<u32>)| a.iter().chain(b).copied().collect();
        Self {
            columns: self.columns.iter().zip(&other.columns).map(join).collect(),
            sizes: self.sizes.clone(),
            rows: self.rows + other.rows,
        }
    }

    /// Some of the columns.
    pub(crate) fn select(&self, columns: &[usize]) -> Self {
        Self {
            columns: columns.iter().map(|&column| self.columns[column].clone()).collect(),
            sizes: columns.iter().map(|&column| self.sizes[column]).collect(),
            rows: self.rows,
        }
    }

    /// The groups of equal rows of several tables that were coded together, numbered alike.
    pub(crate) fn group(tables: &[&Self]) -> (Distinct, Vec<std::ops::Range<usize>>) {
        let columns = tables.first().map_or(0, |table| table.columns.len());
        let stacked: Vec<Vec<u32>> = (0..columns)
            .map(|column| tables.iter().flat_map(|table| table.columns[column].iter().copied()).collect())
            .collect();
        let rows: usize = tables.iter().map(|table| table.rows).sum();
        let columns: Vec<&[u32]> = stacked.iter().map(Vec::as_slice).collect();
        let mut start = 0;
        let ranges = tables
            .iter()
            .map(|table| {
                let range = start..start + table.rows;
                start = range.end;
                range
            })
            .collect();
        (groups(&columns, rows), ranges)
    }

    /// The codes as a table of categories.
    pub(crate) fn table(&self) -> Table {
        let column = |codes: &Vec<u32>| Column {
            name: String::new(),
            values: Values::Codes { codes: codes.clone(), labels: std::sync::Arc::from([]) },
        };
        Table { columns: self.columns.iter().map(column).collect(), rows: self.rows }
    }
}

/// The rows of `a` and then those of `b`, which have the same columns.
pub(crate) fn stack(a: &Table, b: &Table) -> Table {
    let join = |(left, right): (&Column, &Column)| {
        let values = match (&left.values, &right.values) {
            (Values::Codes { codes, labels }, Values::Codes { codes: more, .. }) => {
                Values::Codes { codes: codes.iter().chain(more).copied().collect(), labels: labels.clone() }
            }
            (a, b) => Values::Numbers(plain(a).chain(plain(b)).collect()),
        };
        Column { name: left.name.clone(), values }
    };
    Table { columns: a.columns.iter().zip(&b.columns).map(join).collect(), rows: a.rows + b.rows }
}

/// Some of the rows of a table.
pub(crate) fn take(table: &Table, rows: &[usize]) -> Table {
    let pick = |column: &Column| {
        let values = match &column.values {
            Values::Numbers(numbers) => Values::Numbers(rows.iter().map(|&row| numbers[row]).collect()),
            Values::Codes { codes, labels } => {
                Values::Codes { codes: rows.iter().map(|&row| codes[row]).collect(), labels: labels.clone() }
            }
        };
        Column { name: column.name.clone(), values }
    };
    Table { columns: table.columns.iter().map(pick).collect(), rows: rows.len() }
}

/// Some of the columns of a table.
pub(crate) fn select(table: &Table, columns: &[usize]) -> Table {
    Table { columns: columns.iter().map(|&column| table.columns[column].clone()).collect(), rows: table.rows }
}

fn plain(values: &Values) -> Box<dyn Iterator<Item = f64> + '_> {
    match values {
        Values::Numbers(numbers) => Box::new(numbers.iter().copied()),
        Values::Codes { codes, .. } => {
            Box::new(codes.iter().map(|&code| if code == NULL_CODE { f64::NAN } else { f64::from(code) }))
        }
    }
}
