//! Rows as trees see them: each column in at most 64 cells.

use crate::encode::{Edges, Top};
use crate::stats::sorted_numbers;
use crate::table::{NULL_CODE, Table, Values};

/// The most cells of a feature, so that a set of cells is one machine word.
pub(crate) const CELLS: usize = 64;

/// How the columns of a table become cells; made from some rows, applied to any.
#[derive(Debug, Clone, PartialEq)]
pub struct Cutting {
    cuts: Vec<(usize, Cut)>,
    /// The name of each feature.
    pub names: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Cut {
    Number(Edges),
    Category(Top),
}

/// Rows in cells, one list a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The number of rows.
    pub rows: usize,
    pub(crate) cells: Vec<Vec<u8>>,
    /// Whether the cells of each feature are in order (numbers) or not (categories).
    pub(crate) ordered: Vec<bool>,
}

impl Cutting {
    /// Cuts every column but those in `without`: numbers at 60 quantiles, categories into the 61 most frequent.
    ///
    /// Quantiles and categories come from the rows of all `tables` together.
    #[must_use]
    pub fn of(tables: &[&Table], without: &[usize]) -> Self {
        let mut cutting = Self { cuts: Vec::new(), names: Vec::new() };
        let columns = tables.iter().map(|table| table.columns.len()).min().unwrap_or(0);
        for column in (0..columns).filter(|column| !without.contains(column)) {
            let mut numbers: Vec<f64> = Vec::new();
            let mut codes: Vec<u32> = Vec::new();
            let mut names: &[String] = &[];
            for table in tables {
                match &table.columns[column].values {
                    Values::Numbers(more) => numbers.extend_from_slice(more),
                    Values::Codes { codes: more, labels } => {
                        codes.extend_from_slice(more);
                        names = if labels.len() > names.len() { labels } else { names };
                    }
                }
            }
            let cut = if codes.is_empty() {
                Cut::Number(Edges::of_sorted(&sorted_numbers(&numbers).values, 60))
            } else {
                // One fewer than fit, because a last category that would stand alone among the rare is kept as well.
                Cut::Category(Top::of(&codes, names.len(), names, 61))
            };
            cutting.cuts.push((column, cut));
            cutting.names.push(tables[0].columns[column].name.clone());
        }
        cutting
    }

    /// Puts the rows of `table`, which has the columns that the cutting was made from, into cells.
    #[must_use]
    pub fn apply(&self, table: &Table) -> Features {
        let cell = |cell: u16| u8::try_from(cell).unwrap_or(u8::MAX).min(CELLS as u8 - 1);
        let cells = self.cuts.iter().map(|(column, cut)| match (cut, &table.columns[*column].values) {
            (Cut::Number(edges), Values::Numbers(numbers)) => numbers.iter().map(|&x| cell(edges.cell(x))).collect(),
            (Cut::Category(top), Values::Codes { codes, .. }) => codes.iter().map(|&c| cell(top.cell(c))).collect(),
            (Cut::Number(edges), _) => vec![cell(edges.cell(f64::NAN)); table.rows],
            (Cut::Category(top), _) => vec![cell(top.cell(NULL_CODE)); table.rows],
        });
        let ordered = self.cuts.iter().map(|(_, cut)| matches!(cut, Cut::Number(_))).collect();
        Features { rows: table.rows, cells: cells.collect(), ordered }
    }
}

impl Features {
    /// The rows of `self` followed by those of `other`, which has the same cutting.
    #[must_use]
    pub fn stacked(&self, other: &Self) -> Self {
        let cells = self.cells.iter().zip(&other.cells).map(|(a, b)| [&a[..], b].concat()).collect();
        Self { rows: self.rows + other.rows, cells, ordered: self.ordered.clone() }
    }

    /// The number of features.
    #[must_use]
    pub fn width(&self) -> usize {
        self.cells.len()
    }
}
