//! manikin-tables

mod block;
mod column;
mod evaluate;
mod schema;
mod spec_table;

pub use block::{Block, Table, TableMismatch, physical_type};
pub use column::{Column, ColumnError};
pub use evaluate::{EvaluationError, LookupTable, NO_ROW, Relations, evaluate, violations};
pub use schema::{ColumnSchema, Reference, TableSchema, parents_first};
pub use spec_table::{lookup_table, table_column};
