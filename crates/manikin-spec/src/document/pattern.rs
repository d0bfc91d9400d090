//! Patterns: relative rates by quarter hour of the week, and by month.

use super::{Named, Weight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// When things happen: a base, then changes in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pattern {
    /// What happens in this pattern.
    pub means: Option<String>,
    /// Where the figures come from.
    pub source: Option<String>,
    /// Another pattern to start from.
    pub like: Option<String>,
    /// Relative rate by hour of the day: 24 numbers.
    #[schemars(length(min = 24, max = 24))]
    pub hours: Option<Vec<f64>>,
    /// Factor by day of the week.
    pub days: Option<Named<f64>>,
    /// Relative rate by hour of the week, from a table.
    pub hours_of_week: Option<HoursOfWeek>,
    /// Factor by month: 12 numbers.
    #[schemars(length(min = 12, max = 12))]
    pub months: Option<Vec<f64>>,
    /// Days on which nothing happens.
    pub closed: Vec<Day>,
    /// Clock hours outside which nothing happens.
    pub open: Option<Clock>,
    /// Changes to the base, applied in order.
    pub shape: Vec<Shape>,
}

/// Columns of a table of rates by hour of the week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursOfWeek {
    /// The table.
    pub table: String,
    /// Column of the day, Monday = 0.
    pub day: String,
    /// Column of the hour, 0 to 23.
    pub hour: String,
    /// Column of the relative rate.
    pub weight: String,
}

/// A stretch of the clock, in quarter hours, `HH:MM` to `HH:MM` (up to 24:00).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`, not included.
    pub to: String,
}

/// A change to a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Shape {
    /// Multiplies the rate in a window.
    Boost(Boost),
    /// Sets the rate over a window relative to the same clock hours of other days.
    Relative(Relative),
    /// Raises a window until no window of its length holds more.
    Peak(Peak),
}

/// Multiplies the rate in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Boost {
    /// Days of the window; all unless given.
    #[serde(default)]
    pub days: Vec<Day>,
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`, not included.
    pub to: String,
    /// Factor.
    pub times: f64,
}

/// Sets the total rate over a window to a multiple of the mean over the same clock hours of other days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relative {
    /// Days of the window.
    pub days: Vec<Day>,
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`, not included.
    pub to: String,
    /// Factor.
    pub times: f64,
    /// Days that it is relative to.
    pub to_days: Vec<Day>,
}

/// Raises a window of the day until no window of its length holds more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peak {
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`, not included.
    pub to: String,
    /// By how much each quarter hour inside exceeds the busiest outside, such as `5%`.
    #[serde(default)]
    pub margin: Option<Weight>,
}
