//! Rows as the regressors of a linear model: standardised numbers, indicators of categories and of nulls.
//!
//! A row holds at most one regressor a column besides the intercept, so rows are kept sparse and normal equations cost
//! the square of the number of columns, not of the number of regressors.

use super::moments;
use crate::encode::Top;
use crate::table::{Column, Table, Values};

/// How the columns of a table become regressors; made from some rows, applied to any.
#[derive(Debug, Clone, PartialEq)]
pub struct Coding {
    columns: Vec<ColumnCoding>,
    /// The name of each regressor; the first is the intercept.
    pub names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum ColumnCoding {
    /// Numbers less `mean`, over `sd`, at regressor `at`; nulls and infinities at `missing`.
    Number { column: usize, mean: f64, sd: f64, at: u32, missing: u32 },
    /// Indicators from regressor `at`; the most frequent category has none.
    Category { column: usize, top: Top, at: u32 },
}

/// Coded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// The number of rows.
    pub rows: usize,
    /// The number of regressors, intercept included.
    pub width: usize,
    slots: usize,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Coding {
    /// Codes every column but those in `without`, keeping at most `most` categories of each.
    ///
    /// Means, spreads and categories come from the rows of all `tables` together, so that none of them is favoured.
    #[must_use]
    pub fn of(tables: &[&Table], without: &[usize], most: u16) -> Self {
        let mut coding = Self { columns: Vec::new(), names: vec!["intercept".into()] };
        let columns = tables.iter().map(|table| table.columns.len()).min().unwrap_or(0);
        for column in (0..columns).filter(|column| !without.contains(column)) {
            let sides: Vec<&Column> = tables.iter().map(|table| &table.columns[column]).collect();
            let at = u32::try_from(coding.names.len()).unwrap_or(u32::MAX);
            let name = &sides[0].name;
            if let Some(numbers) = all_numbers(&sides) {
                let finite: Vec<f64> =
                    numbers.iter().flat_map(|n| n.iter()).copied().filter(|x| x.is_finite()).collect();
                let m = moments(&finite).filter(|m| m.sd > 0.0);
                let (mean, sd) = m.map_or((0.0, f64::INFINITY), |m| (m.mean, m.sd));
                coding.names.extend([name.clone(), format!("{name} is null")]);
                coding.columns.push(ColumnCoding::Number { column, mean, sd, at, missing: at + 1 });
            } else if let Some((codes, labels)) = all_codes(&sides) {
                let top = Top::of(&codes.concat(), labels.len(), labels, most);
                let kept = top.kept().iter().skip(1).map(|&code| format!("{name} = {}", labels[code as usize]));
                coding.names.extend(kept);
                coding.names.extend([format!("{name} is rare"), format!("{name} is null")]);
                coding.columns.push(ColumnCoding::Category { column, top, at });
            }
        }
        coding
    }

    /// Codes the rows of `table`, which has the columns that the coding was made from.
    #[must_use]
    pub fn apply(&self, table: &Table) -> Design {
        let slots = self.columns.len() + 1;
        let (mut index, mut value) = (vec![0u32; slots * table.rows], vec![0.0; slots * table.rows]);
        for row in 0..table.rows {
            value[row * slots] = 1.0;
        }
        for (slot, coding) in (1..).zip(&self.columns) {
            for row in 0..table.rows {
                let (at, x) = coding.regressor(table, row);
                index[row * slots + slot] = at;
                value[row * slots + slot] = x;
            }
        }
        Design { rows: table.rows, width: self.names.len(), slots, index, value }
    }
}

impl ColumnCoding {
    fn regressor(&self, table: &Table, row: usize) -> (u32, f64) {
        match self {
            Self::Number { column, mean, sd, at, missing } => match &table.columns[*column].values {
                Values::Numbers(numbers) if numbers[row].is_finite() => {
                    let z = numbers[row] / sd - mean / sd;
                    (*at, if z.is_finite() { z } else { 0.0 })
                }
                _ => (*missing, 1.0),
            },
            Self::Category { column, top, at } => {
                let cell = match &table.columns[*column].values {
                    Values::Codes { codes, .. } => top.cell(codes[row]),
                    Values::Numbers(_) => top.cell(crate::table::NULL_CODE),
                };
                // Without any category kept, cells start with "rare", which then takes the reference's place.
                if cell == 0 { (0, 0.0) } else { (at + u32::from(cell) - 1, 1.0) }
            }
        }
    }
}

impl Design {
    /// The regressors of a row that are not zero: index and value, the intercept first.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let from = row * self.slots;
        let indices = self.index[from..from + self.slots].iter().map(|&i| i as usize);
        indices.zip(self.value[from..from + self.slots].iter().copied())
    }

    /// The linear predictor of a row.
    #[must_use]
    pub fn predictor(&self, row: usize, coefficients: &[f64]) -> f64 {
        self.row(row).map(|(i, x)| x * coefficients[i]).sum()
    }

    /// The rows of `self` followed by those of `other`, which has the same coding.
    #[must_use]
    pub fn stacked(&self, other: &Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            width: self.width,
            slots: self.slots,
            index: [&self.index[..], &other.index].concat(),
            value: [&self.value[..], &other.value].concat(),
        }
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let span = |row: &u32| *row as usize * self.slots..(*row as usize + 1) * self.slots;
        let mut index = Vec::with_capacity(rows.len() * self.slots);
        let mut value = Vec::with_capacity(rows.len() * self.slots);
        for row in rows {
            index.extend_from_slice(&self.index[span(row)]);
            value.extend_from_slice(&self.value[span(row)]);
        }
        Self { rows: rows.len(), width: self.width, slots: self.slots, index, value }
    }
}

fn all_numbers<'a>(sides: &[&'a Column]) -> Option<Vec<&'a [f64]>> {
    sides
        .iter()
        .map(|side| match &side.values {
            Values::Numbers(numbers) => Some(numbers.as_slice()),
            Values::Codes { .. } => None,
        })
        .collect()
}

fn all_codes<'a>(sides: &[&'a Column]) -> Option<(Vec<&'a [u32]>, &'a [String])> {
    let mut names: &[String] = &[];
    let mut all = Vec::new();
    for side in sides {
        let Values::Codes { codes, labels } = &side.values else { return None };
        all.push(codes.as_slice());
        if labels.len() > names.len() {
            names = labels;
        }
    }
    Some((all, names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::NULL_CODE;

    fn table() -> Table {
        let labels: std::sync::Arc<[String]> = ["a", "b"].map(String::from).into();
        let number = Values::Numbers(vec![1.0, 3.0, f64::NAN, f64::INFINITY]);
        let code = Values::Codes { codes: vec![0, 1, 0, NULL_CODE], labels };
        let columns = vec![Column { name: "x".into(), values: number }, Column { name: "c".into(), values: code }];
        Table { columns, rows: 4 }
    }

    #[test]
    fn numbers_are_standardised_and_nulls_have_an_indicator() {
        let coding = Coding::of(&[&table()], &[], 5);
        assert_eq!(coding.names, ["intercept", "x", "x is null", "c = b", "c is rare", "c is null"]);
        let design = coding.apply(&table());
        let row = |row| design.row(row).filter(|&(_, x)| x != 0.0).collect::<Vec<_>>();
        let z = std::f64::consts::FRAC_1_SQRT_2;
        assert_eq!(row(0)[0], (0, 1.0));
        assert!((row(0)[1].1 + z).abs() < 1e-15);
        assert_eq!(row(2), [(0, 1.0), (2, 1.0)]);
        assert_eq!(row(3), [(0, 1.0), (2, 1.0), (5, 1.0)]);
    }

    #[test]
    fn a_left_out_column_has_no_regressor() {
        assert_eq!(Coding::of(&[&table()], &[0], 5).names.len(), 4);
        assert_eq!(Coding::of(&[], &[], 5).names, ["intercept"]);
    }
}
