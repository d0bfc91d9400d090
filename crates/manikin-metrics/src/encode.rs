//! Columns cut into cells that real and synthetic rows share.
//!
//! One set of edges and one list of categories, both taken from the real rows, serve both sides: cutting each side by
//! its own range lets one outlier move every value to another bin. Nulls have a cell of their own.

use crate::stats::{quantile_sorted, sorted_numbers};
use crate::table::{NULL_CODE, Pair, Values};

/// One column of both sides in shared cells.
///
/// The cells are, for numbers: below the least real value, the bins between quantiles of the real values (each with its
/// upper edge), above the greatest real value, null. For categories: the most frequent real ones, all others together,
/// null. Cells that no row of either side can be in are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The column's name.
    pub name: String,
    /// What each cell holds, for people.
    pub labels: Vec<String>,
    /// The cell of each real row.
    pub real: Vec<u16>,
    /// The cell of each synthetic row.
    pub synthetic: Vec<u16>,
}

impl Cells {
    /// Cuts column `index` into at most `bins` quantile bins or `bins` categories, besides the cells at the ends.
    ///
    /// A column that either side lacks has no cells.
    ///
    /// Where the two sides hold values of different kinds (numbers and codes), all synthetic rows are one cell apart.
    #[must_use]
    pub fn of(pair: Pair<'_>, index: usize, bins: u16) -> Self {
        let columns = pair.real.columns.get(index).zip(pair.synthetic.columns.get(index));
        let Some((real, synthetic)) = columns else {
            return Self { name: String::new(), labels: Vec::new(), real: Vec::new(), synthetic: Vec::new() };
        };
        let name = real.name.clone();
        match (&real.values, &synthetic.values) {
            (Values::Numbers(r), Values::Numbers(s)) => {
                let edges = Edges::of(r, bins);
                let label = |cell| edges.label(cell);
                Self::compact(name, r.iter().map(|&x| edges.cell(x)), s.iter().map(|&x| edges.cell(x)), label)
            }
            (Values::Codes { codes: r, labels }, Values::Codes { codes: s, labels: other }) => {
                let top = Top::of(r, labels.len().max(other.len()), labels, bins);
                let label = |cell| top.label(cell, labels);
                Self::compact(name, r.iter().map(|&c| top.cell(c)), s.iter().map(|&c| top.cell(c)), label)
            }
            (r, s) => Self {
                name,
                labels: vec!["real".into(), "of another kind".into()],
                real: vec![0; r.len()],
                synthetic: vec![1; s.len()],
            },
        }
    }

    /// The number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    fn compact(
        name: String,
        real: impl Iterator<Item = u16>,
        synthetic: impl Iterator<Item = u16>,
        label: impl Fn(u16) -> String,
    ) -> Self {
        let (mut real, mut synthetic): (Vec<u16>, Vec<u16>) = (real.collect(), synthetic.collect());
        let mut place = vec![u16::MAX; real.iter().chain(&synthetic).max().map_or(0, |&cell| usize::from(cell) + 1)];
        for &cell in real.iter().chain(&synthetic) {
            place[usize::from(cell)] = 0;
        }
        let mut labels = Vec::new();
        for (cell, slot) in (0u16..).zip(place.iter_mut()) {
            if *slot == 0 {
                *slot = u16::try_from(labels.len()).unwrap_or(u16::MAX);
                labels.push(label(cell));
            }
        }
        for cell in real.iter_mut().chain(&mut synthetic) {
            *cell = place[usize::from(*cell)];
        }
        Self { name, labels, real, synthetic }
    }
}

/// The cuts of a numeric column: quantiles of what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Edges {
    /// Increasing upper edges of all inner bins but the last.
    inner: Vec<f64>,
    /// The least and the greatest finite value; absent when there is none.
    ends: Option<(f64, f64)>,
}

impl Edges {
    /// Cuts at the quantiles 1/bins, 2/bins, … of the finite values; equal quantiles are one cut.
    #[must_use]
    pub fn of(numbers: &[f64], bins: u16) -> Self {
        Self::of_sorted(&sorted_numbers(numbers).values, bins)
    }

    /// As [`Edges::of`], of values that are finite and sorted.
    #[must_use]
    pub fn of_sorted(sorted: &[f64], bins: u16) -> Self {
        let bins = bins.clamp(1, u16::MAX - 3);
        let ends = sorted.first().copied().zip(sorted.last().copied());
        let mut inner: Vec<f64> =
            (1..bins).filter_map(|i| quantile_sorted(sorted, f64::from(i) / f64::from(bins))).collect();
        inner.dedup();
        inner.retain(|&edge| ends.is_some_and(|(_, high)| edge < high));
        Self { inner, ends }
    }

    /// The cell of a number: 0 below the least, then the bins, then one above the greatest, then one for null.
    #[must_use]
    pub fn cell(&self, x: f64) -> u16 {
        let last = u16::try_from(self.inner.len()).unwrap_or(u16::MAX - 4) + 1;
        match self.ends {
            _ if x.is_nan() => last + 2,
            None => 1,
            Some((low, _)) if x < low => 0,
            Some((_, high)) if x > high => last + 1,
            Some(_) => 1 + u16::try_from(self.inner.partition_point(|&edge| edge < x)).unwrap_or(last),
        }
    }

    /// The number of cells that [`Edges::cell`] can give.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.inner.len() + 4
    }

    /// What a cell holds, for people.
    #[must_use]
    pub fn label(&self, cell: u16) -> String {
        let cell = usize::from(cell);
        let Some((low, high)) = self.ends else {
            return if cell == 1 { "any number".into() } else { "null".into() };
        };
        let bins = self.inner.len() + 1;
        match cell {
            0 => format!("below {low}"),
            _ if cell == bins + 1 => format!("above {high}"),
            _ if cell > bins => "null".into(),
            _ => {
                let from = if cell == 1 { low } else { self.inner.get(cell - 2).copied().unwrap_or(low) };
                let to = self.inner.get(cell - 1).copied().unwrap_or(high);
                if cell == 1 { format!("{from} to {to}") } else { format!("over {from} to {to}") }
            }
        }
    }
}

/// The categories of a column that are kept apart: the most frequent ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Top {
    /// The cell of each code: its rank by frequency, or the cell of all others.
    cell_of: Vec<u16>,
    /// The codes kept, most frequent first.
    kept: Vec<u32>,
}

impl Top {
    /// Keeps the `most` most frequent codes; equally frequent ones in the order of their labels.
    ///
    /// When one category would be left over it is kept too: "others" of one is that one under another name.
    #[must_use]
    pub fn of(codes: &[u32], domain: usize, labels: &[String], most: u16) -> Self {
        let most = usize::from(most.clamp(1, u16::MAX - 3));
        let mut counts = vec![0u64; domain];
        for &code in codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        let mut kept: Vec<u32> = (0..).zip(&counts).filter(|&(_, &count)| count > 0).map(|(code, _)| code).collect();
        kept.sort_by(|&a, &b| {
            let by_label = || labels.get(a as usize).cmp(&labels.get(b as usize));
            counts[b as usize].cmp(&counts[a as usize]).then_with(by_label).then(a.cmp(&b))
        });
        if kept.len() > most + 1 {
            kept.truncate(most);
        }
        let other = u16::try_from(kept.len()).unwrap_or(u16::MAX - 1);
        let mut cell_of = vec![other; domain];
        for (cell, &code) in (0u16..).zip(&kept) {
            cell_of[code as usize] = cell;
        }
        Self { cell_of, kept }
    }

    /// The cell of a code: the kept ones from 0, then all others, then null.
    #[must_use]
    pub fn cell(&self, code: u32) -> u16 {
        let other = u16::try_from(self.kept.len()).unwrap_or(u16::MAX - 1);
        if code == NULL_CODE { other + 1 } else { self.cell_of.get(code as usize).copied().unwrap_or(other) }
    }

    /// The number of cells that [`Top::cell`] can give.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.kept.len() + 2
    }

    /// The codes kept, most frequent first.
    #[must_use]
    pub fn kept(&self) -> &[u32] {
        &self.kept
    }

    /// What a cell holds, for people.
    #[must_use]
    pub fn label(&self, cell: u16, labels: &[String]) -> String {
        match self.kept.get(usize::from(cell)) {
            Some(&code) => labels.get(code as usize).cloned().unwrap_or_else(|| format!("code {code}")),
            None if usize::from(cell) == self.kept.len() => "other".into(),
            None => "null".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Column, Table};

    fn table(values: Values) -> Table {
        Table { rows: values.len(), columns: vec![Column { name: "x".into(), values }] }
    }

    fn numbers(real: &[f64], synthetic: &[f64], bins: u16) -> Cells {
        let (real, synthetic) = (table(Values::Numbers(real.into())), table(Values::Numbers(synthetic.into())));
        Cells::of(Pair { real: &real, synthetic: &synthetic }, 0, bins)
    }

    #[test]
    fn one_outlier_moves_no_other_value() {
        let real: Vec<f64> = (0..100).map(f64::from).collect();
        let mut synthetic = real.clone();
        synthetic[3] = 1e12;
        let cells = numbers(&real, &synthetic, 10);
        let moved: Vec<usize> = (0..100).filter(|&row| cells.real[row] != cells.synthetic[row]).collect();
        assert_eq!(moved, [3]);
        assert_eq!(cells.labels[usize::from(cells.synthetic[3])], "above 99");
    }

    #[test]
    fn a_constant_column_keeps_other_values_apart() {
        let cells = numbers(&[5.0, 5.0], &[5.0, 6.0, f64::NAN, f64::NEG_INFINITY], 10);
        assert_eq!(cells.real, [1, 1]);
        assert_eq!(cells.synthetic, [1, 2, 3, 0]);
        assert_eq!(cells.labels, ["below 5", "5 to 5", "above 5", "null"]);
    }

    #[test]
    fn a_column_without_real_values_parts_nulls_from_numbers() {
        let cells = numbers(&[f64::NAN], &[f64::NAN, 1.0, -7.0], 10);
        assert_eq!((cells.real, cells.synthetic), (vec![1], vec![1, 0, 0]));
        assert_eq!(cells.labels, ["any number", "null"]);
        assert!(numbers(&[], &[], 10).is_empty());
    }

    #[test]
    fn rare_and_unseen_categories_share_a_cell() {
        let labels: std::sync::Arc<[String]> = ["a", "b", "c", "d", "new"].map(String::from).into();
        let codes = |codes: &[u32]| table(Values::Codes { codes: codes.into(), labels: labels.clone() });
        let (real, synthetic) = (codes(&[1, 1, 1, 0, 0, 2, 3]), codes(&[4, 2, 1, NULL_CODE, 99]));
        let cells = Cells::of(Pair { real: &real, synthetic: &synthetic }, 0, 2);
        assert_eq!(cells.labels, ["b", "a", "other", "null"]);
        assert_eq!(cells.synthetic, [2, 2, 0, 3, 2]);
        // Of three categories with two to keep, the third keeps its name.
        let (real, synthetic) = (codes(&[1, 1, 0, 2]), codes(&[4]));
        assert_eq!(Cells::of(Pair { real: &real, synthetic: &synthetic }, 0, 2).labels, ["b", "a", "c", "other"]);
    }

    #[test]
    fn numbers_against_codes_share_no_cell() {
        let real = table(Values::Numbers(vec![1.0]));
        let synthetic = table(Values::Codes { codes: vec![0], labels: vec!["1".to_string()].into() });
        let cells = Cells::of(Pair { real: &real, synthetic: &synthetic }, 0, 10);
        assert_ne!(cells.real[0], cells.synthetic[0]);
    }
}
