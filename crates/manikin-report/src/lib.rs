//! Specs described for people: an entity-relationship diagram in Mermaid, and data dictionaries as Markdown and as one
//! HTML page with plots of a sample, without any asset from elsewhere.

mod dictionary;
mod mermaid;
mod plot;
mod render;
mod rules;

pub use dictionary::{Dictionary, EntityEntry, FieldEntry, RuleEntry};
pub use mermaid::mermaid;
pub use plot::{Plot, plot};
pub use render::{RenderError, html, markdown};
pub use rules::{RuleBook, RuleQuery, RuleTable, rule_book};
