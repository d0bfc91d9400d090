//! Generators with their names resolved and their expressions typed.

use super::{Count, EntityId, FieldId};
use crate::document::{Choose, Fake, Scale};
use manikin_expression::{Expression, Literal};

/// What makes a field's values.
#[derive(Clone, Debug)]
pub enum Generator {
    /// Always this value, of the field's type.
    Constant(Literal),
    /// A UUID from the row's address.
    Uuid,
    /// A prefix and the row's number.
    Numbered {
        /// Text before the number.
        prefix: String,
        /// Digits of the number.
        digits: u8,
    },
    /// The key of an ancestor.
    KeyOf(EntityId),
    /// The key of another row.
    Link(Link),
    /// One of these values, by weight.
    Choice(Choice),
    /// A value from a table.
    Pick(Pick),
    /// Computed.
    Derive(Expression),
    /// Drawn from a distribution.
    Draw(Draw),
    /// Interpolated between quantiles.
    Quantiles(Quantiles),
    /// A day, uniform between two.
    Date([Expression; 2]),
    /// A local date and time.
    Time(Box<Time>),
    /// The first alternative whose condition holds; NULL when none does.
    Cases(Vec<(Option<Expression>, Generator)>),
    /// A list.
    List {
        /// Generator of the items; gives text.
        of: Box<Generator>,
        /// How many.
        count: Box<Count>,
        /// No item twice.
        distinct: bool,
    },
    /// Free text.
    Fake(Fake),
    /// Accumulated over the subject's rows.
    Running(Box<Running>),
    /// From the model, as [`Field::learn`](super::Field::learn) says.
    Learned,
}

/// A number, or an expression that gives one.
#[derive(Clone, Debug)]
pub enum Parameter {
    /// The same for every row.
    Value(f64),
    /// Computed per row.
    Expression(Expression),
}

/// One of several values by weight.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The values, of the field's type.
    pub values: Vec<Literal>,
    /// Shares that sum to 1.
    pub shares: Vec<f64>,
}

/// A distribution with its parameters.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Key of the distribution, such as `normal`.
    pub family: &'static str,
    /// Parameters by name. Which may be left out is checked: all that the family needs are here.
    pub parameters: Vec<(&'static str, Parameter)>,
    /// Lower cut.
    pub min: Option<Parameter>,
    /// Upper cut.
    pub max: Option<Parameter>,
}

/// The key of a row of an entity that is no ancestor.
#[derive(Clone, Debug)]
pub struct Link {
    /// The entity.
    pub to: EntityId,
    /// Target fields that equal an expression on this row.
    pub matching: Vec<(FieldId, Expression)>,
    /// Expressions on this row that lie between two target fields.
    pub within: Vec<(Expression, FieldId, FieldId)>,
    /// Condition on the target's own fields.
    pub condition: Option<Expression>,
    /// Target field that weighs the rows.
    pub weight: Option<FieldId>,
    /// Which of the rows that fit.
    pub choose: Choose,
}

/// Which rows of a table fit a row, and how they are weighed.
#[derive(Clone, Debug)]
pub struct Pick {
    /// The table.
    pub table: String,
    /// The column whose value is taken.
    pub column: String,
    /// Columns that equal an expression on this row; an empty cell matches anything.
    pub matching: Vec<(String, Expression)>,
    /// Expressions on this row that lie between two columns; an empty cell is open.
    pub within: Vec<(Expression, String, String)>,
    /// Condition on the table's columns; its column references have the table's name as entity.
    pub condition: Option<Expression>,
    /// The column that weighs the rows; equal weights without.
    pub weight: Option<String>,
}

/// Known quantiles.
#[derive(Clone, Debug)]
pub struct Quantiles {
    /// Where they stand.
    pub points: QuantilePoints,
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Scale of interpolation.
    pub scale: Scale,
}

/// Where quantiles stand.
#[derive(Clone, Debug)]
pub enum QuantilePoints {
    /// Written in place: (probability, value), ascending.
    Here(Vec<(f64, f64)>),
    /// In a table row that fits.
    Table {
        /// The table.
        table: String,
        /// Columns that hold the quantiles, with their probabilities, ascending.
        columns: Vec<(f64, String)>,
        /// Columns that equal an expression on this row; an empty cell matches anything.
        matching: Vec<(String, Expression)>,
        /// Expressions on this row that lie between two columns.
        within: Vec<(Expression, String, String)>,
    },
}

/// A local date and time within a window.
#[derive(Clone, Debug)]
pub struct Time {
    /// Start and end; an end that is a date includes its day.
    pub within: [Expression; 2],
    /// Names of patterns: one for all rows (`by` empty), or by the value of a field.
    pub pattern: TimePattern,
    /// Minutes that it lasts.
    pub lasts: Option<Expression>,
    /// Rows of the same row of this ancestor do not overlap.
    pub apart: Option<EntityId>,
    /// Times fall on multiples of this many minutes.
    pub minutes: u32,
}

/// Which pattern a time follows.
#[derive(Clone, Debug)]
pub enum TimePattern {
    /// Uniform.
    Uniform,
    /// The same for every row.
    One(String),
    /// By the value of a field.
    By {
        /// The field's value, as text.
        value: Expression,
        /// Patterns by value.
        patterns: Vec<(String, String)>,
        /// For all other values; uniform without.
        otherwise: Option<String>,
    },
}

/// A value accumulated over the subject's rows in order.
#[derive(Clone, Debug)]
pub struct Running {
    /// What is accumulated.
    pub kind: RunningKind,
    /// Of what; `None` for the row's number.
    pub of: Option<Expression>,
    /// Fields that separate the accumulations.
    pub by: Vec<FieldId>,
    /// What orders the rows.
    pub order: Option<Expression>,
    /// Without the row itself.
    pub before: bool,
}

/// What is accumulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunningKind {
    /// Sum.
    Sum,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// The row before.
    Previous,
    /// The first row.
    First,
    /// Position, from 1.
    Number,
}

/// Relative rates by quarter hour of the week, and by month.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// 672 rates: quarter hours from Monday 00:00.
    pub quarters: Vec<f64>,
    /// 12 factors from January.
    pub months: [f64; 12],
}
