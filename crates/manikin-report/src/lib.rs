//! Specs described: diagrams, data dictionaries, plots.

mod rules;

pub use rules::{RuleBook, RuleQuery, RuleTable, rule_book};
