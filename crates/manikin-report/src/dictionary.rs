//! What a data dictionary says, as plain values: templates only arrange it.

use serde::Serialize;

/// A product's data dictionary.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Dictionary {
    /// Title for people.
    pub title: String,
    /// The product's short name.
    pub product: String,
    /// What it is for.
    pub purpose: String,
    /// What is known about the product, as label and text.
    pub facts: Vec<(String, String)>,
    /// The diagram in Mermaid.
    pub diagram: String,
    /// The entities.
    pub entities: Vec<EntityEntry>,
    /// Subjects in the sample that plots are of; 0 without plots.
    pub sampled: u64,
}

/// One entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EntityEntry {
    /// Its name.
    pub name: String,
    /// What one row is.
    pub means: String,
    /// What is known about it, as label and text.
    pub facts: Vec<(String, String)>,
    /// Its fields.
    pub fields: Vec<FieldEntry>,
    /// Its rules.
    pub rules: Vec<RuleEntry>,
}

/// One field.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FieldEntry {
    /// Its name.
    pub name: String,
    /// Type of its values, with the unit.
    #[serde(rename = "type")]
    pub ty: String,
    /// What the value is.
    pub means: String,
    /// What the contract demands, in words.
    pub contract: String,
    /// What makes the values, in words.
    pub generator: String,
    /// Where the figures come from.
    pub source: String,
    /// Privacy role; empty for none.
    pub privacy: String,
    /// The distribution in a sample, as SVG; empty where there is none to draw.
    pub plot: String,
    /// The plot in words, for those who do not see it.
    pub plot_words: String,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleEntry {
    /// Its name.
    pub name: String,
    /// The expression that holds.
    pub holds: String,
    /// Why, in words.
    pub means: String,
}
