//! One ruler for the distances of an evaluation: Gower's, with ranges of train and holdout together.

use crate::{Table, Values, table::NULL_CODE};

/// How one column is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// |Δ| over the range, at most 1; with no range, 1 for different numbers.
    Number {
        /// The least real value.
        low: f64,
        /// The greatest real value less the least.
        range: f64,
    },
    /// 1 for different codes.
    Category,
}

/// Distances between rows: the mean over columns of |Δ|/range (at most 1) or of mismatch.
///
/// One null is 1 apart from any value, two nulls are 0 apart. The ranges are those of the real rows, train and holdout
/// together, so that distances to either are comparable; synthetic values may lie outside and are then at most 1 away.
///
/// # Source
/// Gower, A General Coefficient of Similarity and Some of Its Properties, Biometrics 27(4), 1971; nulls as
/// `evaluation.md` fixes them (an own convention, since Gower leaves out the column).
#[derive(Debug, Clone, PartialEq)]
pub struct Ruler {
    pub(crate) scales: Vec<Scale>,
}

impl Ruler {
    /// The ruler of the columns of `real` tables, which must all have the same columns.
    ///
    /// # Errors
    /// - No table, or no column.
    /// - A column is a number in one table and a code in another, or the tables differ in their number of columns.
    pub fn new(real: &[&Table]) -> Result<Self, String> {
        let first = real.first().ok_or("no real rows were given to measure distances by")?;
        if first.columns.is_empty() {
            return Err("there are no columns to measure distances by".to_owned());
        }
        let scales = (0..first.columns.len()).map(|column| scale(real, column)).collect::<Result<_, _>>()?;
        Ok(Self { scales })
    }

    /// Whether `table` can be measured.
    ///
    /// # Errors
    /// - Its columns differ in number or kind from those that the ruler was made of.
    pub fn check(&self, table: &Table) -> Result<(), String> {
        if table.columns.len() != self.scales.len() {
            return Err(format!("{} columns were expected, {} found", self.scales.len(), table.columns.len()));
        }
        for (column, scale) in table.columns.iter().zip(&self.scales) {
            let same = matches!(
                (&column.values, scale),
                (Values::Numbers(_), Scale::Number { .. }) | (Values::Codes { .. }, Scale::Category)
            );
            if !same {
                return Err(format!("column `{}` holds numbers in one table and categories in another", column.name));
            }
            if column.values.len() != table.rows {
                return Err(format!(
                    "column `{}` has {} values in a table of {} rows",
                    column.name,
                    column.values.len(),
                    table.rows
                ));
            }
        }
        Ok(())
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.scales.len()
    }

    /// The distance between row `i` of `a` and row `j` of `b`, from 0 to 1.
    #[must_use]
    pub fn distance(&self, a: &Table, i: usize, b: &Table, j: usize) -> f64 {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        row(a, i, &mut left);
        row(b, j, &mut right);
        self.sum(&left, &right) / self.scales.len() as f64
    }

    /// The sum of the columns' distances between two rows as [`row`] writes them.
    pub(crate) fn sum(&self, a: &[f64], b: &[f64]) -> f64 {
        self.scales.iter().zip(a.iter().zip(b)).map(|(scale, (&a, &b))| apart(*scale, a, b)).sum()
    }

    /// The sum of the columns' distances, each times its weight.
    pub(crate) fn weighted(&self, weights: &[f64], a: &[f64], b: &[f64]) -> f64 {
        let pairs = a.iter().zip(b);
        self.scales.iter().zip(weights).zip(pairs).map(|((scale, weight), (&a, &b))| weight * apart(*scale, a, b)).sum()
    }
}

/// Writes row `i` of `table` as numbers: nulls of numbers are NaN, codes are themselves.
pub(crate) fn row(table: &Table, i: usize, out: &mut Vec<f64>) {
    out.clear();
    out.extend(table.columns.iter().map(|column| match &column.values {
        // Adding zero turns a negative zero into zero, so that equal rows are equal in bits.
        Values::Numbers(numbers) => numbers[i] + 0.0,
        Values::Codes { codes, .. } => f64::from(codes[i]),
    }));
}

fn apart(scale: Scale, a: f64, b: f64) -> f64 {
    match scale {
        Scale::Category => f64::from(u8::from(a != b)),
        Scale::Number { range, .. } => {
            if a == b || (a.is_nan() && b.is_nan()) {
                0.0
            } else {
                let share = (a - b).abs() / range;
                // NaN (one null, or no range) counts as a whole step.
                if share < 1.0 { share } else { 1.0 }
            }
        }
    }
}

fn scale(real: &[&Table], column: usize) -> Result<Scale, String> {
    let (mut low, mut high, mut kinds) = (f64::INFINITY, f64::NEG_INFINITY, [false; 2]);
    let name = &real[0].columns[column].name;
    for table in real {
        let values =
            &table.columns.get(column).ok_or_else(|| format!("column `{name}` is missing in one table"))?.values;
        match values {
            Values::Numbers(numbers) => {
                kinds[0] = true;
                for &number in numbers.iter().filter(|number| number.is_finite()) {
                    low = low.min(number);
                    high = high.max(number);
                }
            }
            Values::Codes { .. } => kinds[1] = true,
        }
    }
    match kinds {
        [true, true] => Err(format!("column `{name}` holds numbers in one table and categories in another")),
        // A range beyond what a number can hold is the greatest one.
        [true, false] if low <= high => Ok(Scale::Number { low, range: (high - low).min(f64::MAX) }),
        [true, false] => Ok(Scale::Number { low: 0.0, range: 0.0 }),
        _ => Ok(Scale::Category),
    }
}

/// Whether a number written by [`row`] stands for a null of a category.
pub(crate) fn is_null_code(value: f64) -> bool {
    value == f64::from(NULL_CODE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{codes, numbers, table};

    #[test]
    fn distances_are_those_worked_by_hand() {
        // Range 10; a difference of 2 in one column of two and a mismatch in the other: (0.2 + 1) / 2.
        let real = table([numbers("n", [0.0, 5.0, 10.0]), codes("c", ["a", "b", "a"])]);
        let ruler = Ruler::new(&[&real]).expect("a ruler");
        let other = table([numbers("n", [7.0, f64::NAN, 99.0]), codes("c", ["a", "b", "a"])]);
        assert!((ruler.distance(&real, 1, &other, 0) - 0.6).abs() < 1e-12);
        assert!((ruler.distance(&real, 1, &other, 1) - 0.5).abs() < 1e-12, "one null is a whole step");
        assert!((ruler.distance(&other, 1, &other, 1)).abs() < 1e-12, "two nulls are equal");
        assert!((ruler.distance(&real, 0, &other, 2) - 0.5).abs() < 1e-12, "beyond the range is a whole step");
    }

    #[test]
    fn one_ruler_takes_its_ranges_from_train_and_holdout_together() {
        let train = table([numbers("n", [0.0, 5.0])]);
        let holdout = table([numbers("n", [20.0])]);
        let ruler = Ruler::new(&[&train, &holdout]).expect("a ruler");
        assert!((ruler.distance(&train, 0, &train, 1) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_column_of_two_kinds_is_refused() {
        let (a, b) = (table([numbers("n", [0.0])]), table([codes("n", ["x"])]));
        assert!(Ruler::new(&[&a, &b]).is_err());
        assert!(Ruler::new(&[&a]).expect("a ruler").check(&b).is_err());
        assert!(Ruler::new(&[]).is_err());
    }
}
