//! Mappings: the written rows of a spec projected onto another standard's shapes.
//!
//! A mapping is a folder of YAML ([`Mapping::read`]). Checked against a spec it is a [`Checked`]: names resolved,
//! expressions typed, every projection held against what the standard allows. What makes resources, tables and events
//! of it are the engines; no resource, table or code is named in Rust.

pub mod checked;
pub mod meds;
mod overlay;
mod records;
mod rows;
pub mod tree;

pub use checked::{Checked, Standard};
pub use overlay::Overlay;
pub use records::{RUN, Records, Shared};
pub use rows::{ROWS_PER_BLOCK, RowsError, Tables, key};
