//! The spec language: documents, layers, checks.

pub mod document;

pub mod digest;
pub mod files;
pub mod layers;
mod merge;
pub mod node;
pub mod path;
pub mod read;
pub mod resolve;
mod schema;
pub mod shape;
pub mod spec;
pub mod table;
pub mod yaml;

pub use read::{Reading, read, schema};
pub use resolve::resolve;
pub use schema::json_schema;
pub use spec::Spec;
