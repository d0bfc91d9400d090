//! Mappings: the written rows of a spec projected onto another standard's shapes.
//!
//! A mapping is a folder of YAML ([`Mapping::read`]). Held against a spec ([`Mapping::check`]) it is a [`Checked`]:
//! names resolved, expressions typed, every projection held against what the standard allows. What makes resources,
//! tables and events of it are the engines; no resource, table or code is named in Rust.

mod body;
pub mod bulk;
mod check;
pub mod checked;
mod columns;
mod definition;
mod directive;
pub mod document;
mod domain;
mod fragment;
pub mod json;
pub mod meds;
mod names;
mod overlay;
mod primitive;
mod read;
mod records;
mod report;
mod rows;
mod scope;
mod sql;
pub mod tree;

pub use checked::{Checked, ProjectionId, Standard};
pub use json::{EncodeError, Json, Part, Resources};
pub use overlay::Overlay;
pub use read::{HEAD, IMPORT, Mapping, Reading, head_schema, part_schema};
pub use records::{RUN, Records, Shared};
pub use rows::{ROWS_PER_BLOCK, RowsError, Tables, database_tables, key};
