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
    /// What data without fault would score at this size, where that is known: the ceiling that sampling noise leaves,
    /// or the same figure of real data against other real data. `method` says which.
    pub benchmark: Option<f64>,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the greatest value that the metric can take.
    pub range: (f64, f64),
    /// The number of records (or attacks) behind it.
    pub n: usize,
    /// How many it would take to say enough, where there are too few and the number is known.
    pub needed_n: Option<u64>,
    /// How it was computed, in a few words: estimator, seed, ties.
    pub method: String,
    /// What it says and what good looks like, in plain words.
    pub means: &'static str,
    /// Where the definition comes from.
    pub reference: &'static str,
    /// Whether it was computed.
    pub status: Status,
}

/// What a metric is, wherever it is computed: the line that documentation and reports are made from.
///
/// A metric's file holds one as a constant; its scores are made from it, so that no score lacks a direction, a range
/// or a reference, and none is a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Definition {
    /// The metric, in the field's standard name, in snake case.
    pub name: &'static str,
    /// What it says and what good looks like, in plain words.
    pub means: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the greatest value that the metric can take.
    pub range: (f64, f64),
    /// Where the definition comes from.
    pub reference: &'static str,
}

impl Definition {
    /// A score of `value` over `n` records; incomplete when the value is not a finite number.
    #[must_use]
    pub fn score(&self, about: Vec<String>, value: f64, n: usize, method: impl Into<String>) -> Score {
        if !value.is_finite() {
            return self.incomplete(about, n, method, "the value is not a finite number for these data");
        }
        Score {
            metric: self.name,
            about,
            value: Some(value),
            interval: None,
            benchmark: None,
            direction: self.direction,
            range: self.range,
            n,
            needed_n: None,
            method: method.into(),
            means: self.means,
            reference: self.reference,
            status: Status::Computed,
        }
    }

    /// A score without a value, and why it has none.
    #[must_use]
    pub fn incomplete(
        &self,
        about: Vec<String>,
        n: usize,
        method: impl Into<String>,
        reason: impl Into<String>,
    ) -> Score {
        Score {
            metric: self.name,
            about,
            value: None,
            interval: None,
            benchmark: None,
            direction: self.direction,
            range: self.range,
            n,
            needed_n: None,
            method: method.into(),
            means: self.means,
            reference: self.reference,
            status: Status::Incomplete(reason.into()),
        }
    }
}

impl Score {
    /// The score with an interval, cut to the metric's range; without one when an end is not a number.
    #[must_use]
    pub fn with_interval(mut self, interval: Option<Interval>) -> Self {
        self.interval = interval.filter(|i| self.value.is_some() && !i.low.is_nan() && !i.high.is_nan()).map(|i| {
            let (least, greatest) = self.range;
            Interval { low: i.low.clamp(least, greatest), high: i.high.clamp(least, greatest), level: i.level }
        });
        self
    }

    /// The score beside what faultless data would have; nothing changes when that is not a finite number.
    #[must_use]
    pub fn with_benchmark(mut self, benchmark: Option<f64>) -> Self {
        self.benchmark = benchmark.filter(|b| b.is_finite()).or(self.benchmark);
        self
    }

    /// Whether the score has a value.
    #[must_use]
    pub fn is_computed(&self) -> bool {
        self.status == Status::Computed
    }
}
