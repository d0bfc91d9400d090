//! The subgroups that the settings declare.

use crate::encode::Cells;
use crate::fidelity::comparison::Comparison;

/// One subgroup: a column's cell, and which rows are in it.
pub(crate) struct Group {
    /// Column and value, such as `sex = Female`.
    pub(crate) name: String,
    pub(crate) real: Vec<bool>,
    pub(crate) synthetic: Vec<bool>,
    /// The column that defines it.
    pub(crate) column: usize,
}

/// The most values of one column that are subgroups; the others are one together.
const VALUES: u16 = 20;

/// Every subgroup of the columns named in the settings: each of up to twenty values, numbers by shared quantile bins.
pub(crate) fn declared(comparison: &Comparison<'_>) -> Vec<Group> {
    let chosen = (0..comparison.width()).filter(|&c| comparison.settings.groups.contains(&comparison.name(c)));
    let mut groups = Vec::new();
    for column in chosen {
        let numeric = matches!(comparison.real.table.columns[column].values, crate::table::Values::Numbers(_));
        // A number's quartiles make groups; its tenths would make many small ones.
        let cells = Cells::of(comparison.pair(), column, if numeric { 4 } else { VALUES });
        for (cell, label) in (0u16..).zip(&cells.labels) {
            let of = |side: &[u16]| side.iter().map(|&c| c == cell).collect();
            let name = format!("{} = {label}", cells.name);
            groups.push(Group { name, real: of(&cells.real), synthetic: of(&cells.synthetic), column });
        }
    }
    groups
}
