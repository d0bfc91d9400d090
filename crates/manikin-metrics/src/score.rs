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

/// What faultless data of the same size may come to by chance: what no limit can rightly be held against.
///
/// A limit that such data miss too says nothing at this size, and [`Harmless::needed`] says at which it would.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Harmless {
    /// The value that at most one in a hundred faultless datasets goes beyond.
    pub value: f64,
    /// The end of the interval, on the side of a limit, that at most about one in a hundred goes beyond.
    pub end: f64,
    /// What both come to with ever more records.
    pub settles: f64,
    /// How fast they do.
    pub falls: Falls,
}

/// How the distance of chance to what it settles at falls with the number of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Falls {
    /// In proportion: nothing was seen, and the bound is about 3/n.
    WithCount,
    /// With the root: a rate with a standard error.
    WithRoot,
}

impl Harmless {
    /// About how many records it takes until faultless data keep a limit, from the `n` that there are; `None` where no
    /// number is enough, because they settle at or beyond the limit.
    #[must_use]
    pub fn needed(&self, n: usize, limit: f64) -> Option<u64> {
        let over = (self.end - self.settles) / (limit - self.settles);
        let times = match self.falls {
            Falls::WithCount => over,
            Falls::WithRoot => over * over,
        };
        let needed = libm::ceil(n as f64 * times - 1e-6);
        (over > 0.0 && needed.is_finite()).then_some(needed as u64)
    }
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
    /// What faultless data of this size may come to by chance, where that is known.
    pub harmless: Option<Harmless>,
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
            harmless: None,
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
            harmless: None,
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

    /// The score with what faultless data may come to; nothing changes when an end is not a finite number.
    #[must_use]
    pub fn with_harmless(mut self, harmless: Option<Harmless>) -> Self {
        let is_finite = |h: &Harmless| [h.value, h.end, h.settles].into_iter().all(f64::is_finite);
        self.harmless = harmless.filter(is_finite).or(self.harmless);
        self
    }

    /// Whether the score has a value.
    #[must_use]
    pub fn is_computed(&self) -> bool {
        self.status == Status::Computed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_takes_falls_with_the_count_or_its_root_and_never_comes_below_what_chance_settles_at() {
        let rare = Harmless { value: 0.0, end: 0.0097, settles: 0.0, falls: Falls::WithCount };
        assert_eq!(rare.needed(380, 0.001), Some(3686));
        let rate = Harmless { value: 0.02, end: 0.05, settles: 0.01, falls: Falls::WithRoot };
        assert_eq!(rate.needed(100, 0.02), Some(1600));
        assert_eq!(rate.needed(100, 0.01), None);
        assert_eq!(rate.needed(100, 0.005), None);
    }
}
