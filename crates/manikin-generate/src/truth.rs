//! The truth table: every value that an edge case changed.

use crate::block::Rows;
use crate::plan::Plan;
use manikin_expression::Type;
use manikin_spec::spec::EntityId;
use manikin_tables::{ColumnSchema, TableSchema, cell_text};

/// Name of the truth table among the written tables.
pub const TRUTH_TABLE: &str = "edge_cases";

/// One changed value.
pub(crate) struct Change {
    /// Index of the edge case.
    pub(crate) case: usize,
    /// The entity.
    pub(crate) entity: EntityId,
    /// The row within the block.
    pub(crate) row: u32,
    /// Name of the field; `None` for a duplicated row.
    pub(crate) field: Option<String>,
    /// `set`, `clear`, `corrupt` or `duplicate`.
    pub(crate) kind: &'static str,
    /// The value before, as text.
    pub(crate) before: Option<String>,
    /// The value after, as text.
    pub(crate) after: Option<String>,
}

/// The truth table's columns.
pub(crate) fn schema() -> TableSchema {
    let column = |name: &str, means: &str| {
        let mut column = ColumnSchema::new(name, Type::Text);
        column.means = Some(means.to_owned());
        column
    };
    let columns = vec![
        column("edge_case", "Name of the edge case in the spec").required(),
        column("entity", "Entity of the changed row").required(),
        column("key", "Key of the changed row; parts joined by |").required(),
        column("field", "Field that was changed; empty for a duplicated row"),
        column("kind", "set: dependents followed; clear, corrupt, duplicate: they did not").required(),
        column("before", "Value before the change"),
        column("after", "Value after the change"),
        column("breaks", "Rules that the change breaks, joined by |; empty for a realistic outlier"),
    ];
    let mut schema = TableSchema::new(TRUTH_TABLE, columns);
    schema.means = Some("One value that an edge case changed".to_owned());
    schema
}

/// The truth table's rows of a block, as columns of text.
pub(crate) fn columns(plan: &Plan, rows: &Rows) -> [Vec<Option<String>>; 8] {
    let mut columns: [Vec<Option<String>>; 8] = Default::default();
    for change in &rows.truth {
        let entity = &plan.spec[change.entity];
        let own = &rows.entities[change.entity.0];
        let key: Vec<String> = entity
            .key
            .iter()
            .filter_map(|key| own.columns[key.0].as_ref())
            .map(|column| cell_text(column, change.row as usize).unwrap_or_default())
            .collect();
        let case = &plan.spec.edge_cases[change.case];
        let values = [
            Some(case.name.clone()),
            Some(entity.name.clone()),
            Some(key.join("|")),
            change.field.clone(),
            Some(change.kind.to_owned()),
            change.before.clone(),
            change.after.clone(),
            (!case.breaks.is_empty()).then(|| case.breaks.join("|")),
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    columns
}
