//! Rows in memory: columns and the expressions on them, tables with their schemas, and the relations between rows.
//!
//! - [`Column`] and [`evaluate()`]: expressions over whole columns, whatever [`Relations`] the rows come from.
//! - [`Table`], [`TableSchema`] and [`Block`]: what generation makes, files hold and readers give back.
//! - [`Dataset`]: tables of a spec's entities, related by their keys.

mod block;
mod cell;
mod column;
mod dataset;
mod entity;
mod evaluate;
mod key;
mod schema;
mod spec_table;

pub use block::{Block, Table, TableMismatch, physical_type};
pub use cell::cell_text;
pub use column::{Column, ColumnError};
pub use dataset::Dataset;
pub use entity::table_schema;
pub use evaluate::{EvaluationError, LookupTable, NO_ROW, Relations, evaluate, violations};
pub use key::KeyIndex;
pub use schema::{ColumnSchema, Reference, TableSchema, parents_first};
pub use spec_table::{lookup_table, table_column};
