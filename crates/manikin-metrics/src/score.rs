//! What a metric answers: never a bare number.

use serde::Serialize;

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
}

/// An interval around a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The level, such as 0.95.
    pub level: f64,
}

/// What became of a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was computed.
    Computed,
    /// It could not be computed, or says too little at this size; the reason, and what would help.
    Incomplete(String),
}

/// One figure, with all that is needed to read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The metric, in the field's standard name, such as `ks_complement`.
    pub metric: &'static str,
    /// What it is about: a column, a pair of columns, a table, an attack; empty for the whole dataset.
    pub about: Vec<String>,
    /// The value; absent when it could not be computed.
    pub value: Option<f64>,
    /// The interval around it, where the metric has one.
    pub interval: Option<Interval>,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the greatest value that the metric can take.
    pub range: (f64, f64),
    /// The number of records (or attacks) behind it.
    pub n: usize,
    /// How it was computed, in a few words: estimator, seed, ties.
    pub method: String,
    /// Where the definition comes from.
    pub reference: &'static str,
    /// Whether it was computed.
    pub status: Status,
}
