//! Datasets made elsewhere, turned into a spec's entities.
//!
//! An import mapping is YAML ([`Import::read`]). Held against a spec ([`Import::check`]) it is a [`Checked`], which reads
//! a folder of FHIR resources, OMOP tables, MEDS events or other tables and gives the spec's entities as
//! [`Table`](manikin_tables::Table)s, with an [`Account`] of everything that could not be taken over: nothing is dropped
//! in silence. No resource, table or code is named in Rust.

mod account;
mod check;
mod convert;
pub mod document;
mod draft;
mod fhir;
mod guess;
mod path;
mod read;
mod rows;
mod run;
mod tables;

pub use account::{Account, Field, Source, Unread};
pub use check::Checked;
pub use document::Form;
pub use draft::{Draft, DraftedTable, draft};
pub use read::{Import, Reading, schema};
pub use run::{ImportError, Imported};
