//! Expressions: a listed, typed subset of SQL scalar expressions.
//!
//! The same text serves derived fields, conditions, rules and the exported data contract. [`check`] reads it once with
//! `sqlparser`, resolves its names through a [`Scope`] and gives every node a type; `manikin-tables` evaluates the
//! checked tree on columns, and [`sql`] renders it so that a rule finds the same rows in a user's warehouse.
//!
//! Logic is three-valued as in SQL, and a rule fails only where it is false: NULL passes. There is no clock.
//! `/` is always a division of floats, and a division by zero, a root of a negative number or an integer beyond 64
//! bits is NULL. A number written with a point is a float, but is taken exactly beside a decimal in a comparison, a sum
//! or a difference. Text and dates agree where the text is a literal of ISO form.
//!
//! This crate reads no files and evaluates nothing.

pub mod calendar;
mod check;
mod convert;
mod error;
mod expression;
pub mod functions;
mod name;
mod scope;
pub mod sql;
mod syntax;
mod types;

pub use check::{check, check_as, names};
pub use error::{
    AMBIGUOUS, DOES_NOT_PARSE, ExpressionError, TOO_LARGE, TYPE_MISMATCH, UNKNOWN_FUNCTION, UNKNOWN_NAME, UNSUPPORTED,
    WRONG_ARGUMENTS,
};
pub use expression::{Aggregate, Arithmetic, Comparison, Condition, Expr, Expression, Logic};
pub use functions::Function;
pub use name::{RESERVED, plain_name};
pub use scope::{ColumnRef, Hop, Macro, ResolveError, Scope, TableShape, Via};
pub use types::{Literal, MAX_SCALE, Type, Unit, decimal_text, exact_units, power_of_ten};
