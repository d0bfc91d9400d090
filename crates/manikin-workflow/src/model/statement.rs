//! `privacy.json`: what a model may claim about the records that it was learned from, and why.

use manikin_privacy::Statement;
use manikin_spec::document::DomainsCharge;
use serde::{Deserialize, Serialize};

/// The privacy statement of a model. It holds no value that was read from records without being paid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrivacyStatement {
    /// Whether noise protects the records. Without it the model, and everything made from it, is kept as they are.
    pub private: bool,
    /// The source, by its declared id.
    pub source: String,
    /// The public size of the source, in patients.
    pub patients: u64,
    /// What is protected.
    pub unit: String,
    /// Which datasets cannot be told apart.
    pub neighbours: String,
    /// ε of the whole model at [`PrivacyStatement::delta`].
    pub epsilon: f64,
    /// δ of the whole model.
    pub delta: f64,
    /// What was charged to the source, in ρ of zero-concentrated differential privacy.
    pub rho: f64,
    /// How marginals were chosen.
    pub method: String,
    /// All marginals of so many attributes were to come out right.
    pub workload: usize,
    /// Most rows of one parent that were looked at, by entity.
    pub caps: Vec<Cap>,
    /// What the guarantee takes as known to everybody.
    pub assumed_public: Vec<String>,
    /// Domains that are not public but were learned from the records beforehand, under charges of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<MeasuredDomains>,
    /// Every measurement with its noise and cost.
    pub account: Statement,
}

/// Domains that were learned from the records and paid for before the model was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredDomains {
    /// What they are of: fields, and the rows of entities.
    pub of: Vec<String>,
    /// What the ledger was charged for them; the model's own loss comes on top.
    pub charges: Vec<DomainsCharge>,
}

/// A cap on the rows that are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// The entity.
    pub entity: String,
    /// Most rows of one parent.
    pub rows: u64,
}

/// What is protected: the words of every statement.
pub(crate) const UNIT: &str = "one patient with every row that descends from the patient";

/// The neighbouring relation: the words of every statement.
pub(crate) const NEIGHBOURS: &str = "datasets that differ by one unit, added or removed";
