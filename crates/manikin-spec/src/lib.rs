//! The spec language: documents, layers, checks.

pub mod document;

pub mod digest;
pub mod files;
pub mod layers;
mod merge;
pub mod node;
mod path;
pub mod read;
pub mod shape;
pub mod table;
pub mod yaml;

pub use read::{Reading, read, schema};
