//! Lookup tables, and rows read as tables.

use super::{Definition, Form};

pub(super) const LOOKUP: Definition = Definition {
    name: "lookup",
    usage: "lookup('table', 'column', key) or lookup('table', 'column', 'col1', x1, 'low..high', x2, …)",
    doc: "A column of the first row whose key equals, or whose cells equal the values (a NULL cell matches anything) and whose closed ranges hold them; NULL when there is none.",
    examples: &[],
    form: Form::Lookup,
};

pub(super) const IN_TABLE: Definition = Definition {
    name: "in_table",
    usage: "in_table(x, 'table'[, 'column'])",
    doc: "Whether the value stands in the table's key column, or in the column named.",
    examples: &[],
    form: Form::InTable,
};

pub(super) const CELL: Definition = Definition {
    name: "cell",
    usage: "cell(row, name)",
    doc: "The number in that column of a row whose name is given, as a float; NULL when the row has no such column.",
    examples: &[],
    form: Form::Cell,
};
