//! The subgroups that the settings declare.

use crate::encode::{Edges, Top};
use crate::fidelity::comparison::Comparison;
use crate::fidelity::marginal::{self, Filter, Marginal};
use crate::table::{Table, Values};

/// One subgroup: a value of a column, which rows are in it, and how close pairs of columns are within it.
#[derive(Debug)]
pub(crate) struct Group {
    /// Column and value, such as `sex = Female`.
    pub(crate) name: String,
    /// The column that defines it.
    pub(crate) column: usize,
    pub(crate) real: Vec<bool>,
    pub(crate) synthetic: Vec<bool>,
    pub(crate) pairs: Vec<Marginal>,
    cell: u16,
}

/// How a column parts records.
enum Parting {
    Quartiles(Edges),
    Categories(Top),
}

/// The most values of one column that are subgroups; the others are one together.
const VALUES: u16 = 20;

impl Parting {
    fn of(table: &Table, column: usize) -> Self {
        match &table.columns[column].values {
            // A number's quarters make groups; its tenths would make many small ones.
            Values::Numbers(numbers) => Self::Quartiles(Edges::of(numbers, 4)),
            Values::Codes { codes, labels } => Self::Categories(Top::of(codes, labels.len(), labels, VALUES)),
        }
    }

    fn cells(&self, table: &Table, column: usize) -> Vec<u16> {
        match (self, &table.columns[column].values) {
            (Self::Quartiles(edges), Values::Numbers(numbers)) => numbers.iter().map(|&x| edges.cell(x)).collect(),
            (Self::Categories(top), Values::Codes { codes, .. }) => codes.iter().map(|&code| top.cell(code)).collect(),
            _ => vec![u16::MAX; table.rows],
        }
    }

    fn label(&self, table: &Table, column: usize, cell: u16) -> String {
        match (self, &table.columns[column].values) {
            (Self::Quartiles(edges), _) => edges.label(cell),
            (Self::Categories(top), Values::Codes { labels, .. }) => top.label(cell, labels),
            _ => "other".into(),
        }
    }
}

impl Group {
    /// Which rows of another table with the same columns are in the group.
    pub(crate) fn members(&self, comparison: &Comparison<'_>, table: &Table) -> Vec<bool> {
        let parting = Parting::of(comparison.real.table, self.column);
        parting.cells(table, self.column).into_iter().map(|cell| cell == self.cell).collect()
    }
}

/// Every subgroup of the columns named in the settings: each of up to twenty categories, numbers by real quarters.
pub(crate) fn declared(comparison: &Comparison<'_>) -> Vec<Group> {
    let chosen = (0..comparison.width()).filter(|&c| comparison.settings.groups.contains(&comparison.name(c)));
    let sets = marginal::sets_of_two(comparison.width());
    let tables = [comparison.real.table, comparison.synthetic.table];
    let mut groups = Vec::new();
    for column in chosen {
        let parting = Parting::of(tables[0], column);
        let [real, synthetic] = tables.map(|table| parting.cells(table, column));
        let mut cells: Vec<u16> = real.iter().chain(&synthetic).copied().collect();
        cells.sort_unstable();
        cells.dedup();
        for cell in cells {
            let of = |side: &[u16]| side.iter().map(|&c| c == cell).collect::<Vec<bool>>();
            let (real, synthetic) = (of(&real), of(&synthetic));
            let pairs = marginal::compare(comparison, &sets, Some(Filter { real: &real, synthetic: &synthetic }));
            let name = format!("{} = {}", comparison.name(column), parting.label(tables[0], column, cell));
            groups.push(Group { name, column, real, synthetic, pairs, cell });
        }
    }
    groups
}
