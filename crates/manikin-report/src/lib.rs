//! Specs and evaluations described for people: an entity-relationship diagram in Mermaid, data dictionaries as Markdown
//! and as one HTML page with plots of a sample, and the report of an evaluation in two editions. No page needs an asset
//! from elsewhere.

mod assessment;
mod dictionary;
mod mermaid;
mod plot;
mod render;
mod rules;

pub use assessment::{Edition, assessment_html};
pub use dictionary::{Dictionary, EntityEntry, FieldEntry, RuleEntry};
pub use mermaid::mermaid;
pub use plot::{Plot, plot};
pub use render::{RenderError, html, markdown};
pub use rules::{RuleBook, RuleQuery, RuleTable, rule_book};
