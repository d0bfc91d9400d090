//! Scores of utility and re-identification risk over encoded columns.
//!
//! A metric is a pure function of [`Table`]s: it reads no file, holds no frame and prints nothing. Reading and
//! encoding real data, limits, verdicts and reports belong to other crates. Every function is deterministic: what is
//! sampled is sampled from a seed that is passed in, and ties are broken by a stated rule.

pub mod encode;
pub mod fidelity;
pub mod risk;
pub mod score;
pub mod stats;
pub mod table;

pub use score::{Definition, Direction, Falls, Harmless, Interval, Score, Status};
pub use table::{Column, Pair, Table, Values};
