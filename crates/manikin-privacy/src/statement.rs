//! What a session measured and what it cost: the numbers of a privacy statement. No value read from records is here.

use serde::{Deserialize, Serialize};

use crate::Loss;

/// The mechanism behind a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// Discrete Gaussian noise on every cell of a vector of counts.
    DiscreteGaussian,
    /// Discrete Laplace noise on every cell of a vector of counts.
    DiscreteLaplace,
    /// One candidate drawn by the exponential mechanism.
    Exponential,
    /// Counts under keys found in the records, with discrete Gaussian noise, those below a threshold left out.
    ThresholdedGaussian,
    /// A point of a public grid near a quantile, drawn by the exponential mechanism.
    Quantile,
    /// No noise: the exact statistic. It appears only in the statement of an [`crate::ExactSession`].
    Exact,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What was measured, in public words.
    pub about: String,
    /// How.
    pub mechanism: Mechanism,
    /// The number of counts or candidates; for keyed counts 0, since how many keys there are is private.
    pub cells: usize,
    /// The most that one patient moves the statistic, in rows and in the norm of the mechanism (L2 for Gaussian, L1
    /// for Laplace, the largest coordinate for scores).
    pub sensitivity: f64,
    /// The scale of the noise, in rows: the standard deviation for Gaussian, the scale b for Laplace, 2Δ/ε for the
    /// exponential mechanism; 0 for an exact statistic.
    pub scale: f64,
    /// Counts of fewer rows than this were left out; only for keyed counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<f64>,
    /// What it cost. Of an exact statistic: what a private session would have paid.
    pub loss: Loss,
}

/// What a finished session may claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "guarantee", rename_all = "snake_case")]
pub enum Guarantee {
    /// Approximate zCDP over adding or removing one patient with all that descends from the patient.
    Private {
        /// The source, by its declared id.
        source: String,
        /// The ledger's number of the charge.
        charge: i64,
        /// What the ledger was charged: this is what the source has lost, even if less was used.
        charged: Loss,
    },
    /// None at all: exact statistics of records were used. What is made from it must be kept as the records are.
    None {
        /// The budget that the session pretended to have.
        as_if: Loss,
    },
}

/// The account of a finished session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// What may be claimed.
    #[serde(flatten)]
    pub guarantee: Guarantee,
    /// The sum of what the measurements cost.
    pub used: Loss,
    /// Every measurement, in order, those that failed included.
    pub measurements: Vec<Measured>,
}

impl Statement {
    /// Whether the session was private at all.
    pub fn is_private(&self) -> bool {
        matches!(self.guarantee, Guarantee::Private { .. })
    }
}
