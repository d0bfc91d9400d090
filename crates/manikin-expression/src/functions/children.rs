//! Aggregates over the children of a row. NULL values take no part; `filter (where …)` narrows the children.

use super::{Definition, Form};
use crate::expression::Aggregate;

pub(super) const SUM: Definition = Definition {
    name: "sum",
    usage: "sum(child.x) [filter (where …)]",
    doc: "The sum over the children, in row order; 0 when there are none.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Sum),
};

pub(super) const COUNT: Definition = Definition {
    name: "count",
    usage: "count(child) or count([distinct] child.x) [filter (where …)]",
    doc: "How many children, or how many values that are not NULL.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Count),
};

pub(super) const COUNT_IF: Definition = Definition {
    name: "count_if",
    usage: "count_if(condition on child)",
    doc: "How many children meet a condition.",
    examples: &[],
    form: Form::CountIf,
};

pub(super) const MIN: Definition = Definition {
    name: "min",
    usage: "min(child.x) [filter (where …)]",
    doc: "The least value; NULL when there is none.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Min),
};

pub(super) const MAX: Definition = Definition {
    name: "max",
    usage: "max(child.x) [filter (where …)]",
    doc: "The greatest value; NULL when there is none.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Max),
};

pub(super) const AVG: Definition = Definition {
    name: "avg",
    usage: "avg(child.x) [filter (where …)]",
    doc: "The mean as a float; NULL when there are no values.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Avg),
};

pub(super) const ANY: Definition = Definition {
    name: "any",
    usage: "any(condition on child)",
    doc: "Whether the condition is true for any child; false when there are none.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Any),
};

pub(super) const EVERY: Definition = Definition {
    name: "every",
    usage: "every(condition on child)",
    doc: "Whether the condition is false for no child; true when there are none.",
    examples: &[],
    form: Form::Aggregate(Aggregate::Every),
};
