//! manikin-tables

mod block;
mod schema;

pub use block::{Block, Table, TableMismatch, physical_type};
pub use schema::{ColumnSchema, Reference, TableSchema, parents_first};
