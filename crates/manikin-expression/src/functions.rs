//! The registry of functions: each is one definition with its meaning, parameters, examples and SQL.
//!
//! The checker, the SQL renderer, the function reference and the tests all read this list; evaluation on columns goes
//! by [`Function`] in `manikin-tables`.

mod children;
mod choice;
mod convert;
mod list;
mod number;
mod table;
mod text;
mod time;

use crate::expression::Aggregate;
use crate::sql::Dialect;
use crate::types::{Type, Unit};

/// Every function, in the order of the reference.
pub const REGISTRY: &[Definition] = &[
    number::ABS,
    number::SIGN,
    number::FLOOR,
    number::CEIL,
    number::ROUND,
    number::MOD,
    number::POWER,
    number::SQRT,
    number::EXP,
    number::LN,
    number::LOG10,
    choice::IF,
    choice::COALESCE,
    choice::NULLIF,
    choice::LEAST,
    choice::GREATEST,
    text::LENGTH,
    text::LOWER,
    text::UPPER,
    text::CONCAT,
    text::SUBSTR,
    text::LEFT,
    text::RIGHT,
    text::REPLACE,
    text::TRIM,
    text::LPAD,
    text::STARTS_WITH,
    text::ENDS_WITH,
    text::CONTAINS,
    text::LUHN_DIGIT,
    time::YEAR,
    time::MONTH,
    time::DAY,
    time::HOUR,
    time::MINUTE,
    time::DAY_OF_WEEK,
    time::DAY_OF_YEAR,
    time::DATE,
    time::DATETIME,
    time::START_OF_MONTH,
    time::START_OF_YEAR,
    time::DAYS,
    time::WEEKS,
    time::MONTHS,
    time::YEARS,
    time::HOURS,
    time::MINUTES,
    time::SECONDS,
    time::DAYS_BETWEEN,
    time::MONTHS_BETWEEN,
    time::YEARS_BETWEEN,
    time::HOURS_BETWEEN,
    time::MINUTES_BETWEEN,
    convert::TEXT,
    convert::NUMBER,
    convert::INTEGER,
    convert::DECIMAL,
    list::SIZE,
    list::ITEM,
    list::CONTAINS_ITEM,
    list::DISTINCT_ITEMS,
    children::SUM,
    children::COUNT,
    children::COUNT_IF,
    children::MIN,
    children::MAX,
    children::AVG,
    children::ANY,
    children::EVERY,
    table::LOOKUP,
    table::IN_TABLE,
    table::CELL,
];

/// Finds a function by its lower-case name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    REGISTRY.iter().find(|definition| definition.name == name)
}

/// Finds the definition of a call in the checked tree.
pub(crate) fn definition_of(function: Function) -> Option<&'static Definition> {
    REGISTRY
        .iter()
        .find(|definition| matches!(definition.form, Form::Call { function: found, .. } if found == function))
}

/// One function of the language.
#[derive(Debug)]
pub struct Definition {
    /// The name as written, in lower case.
    pub name: &'static str,
    /// How it is written, such as `round(x[, digits])`.
    pub usage: &'static str,
    /// What it gives, in one sentence.
    pub doc: &'static str,
    /// Calls and their values.
    pub examples: &'static [Example],
    /// What a call becomes in the checked tree.
    pub form: Form,
}

/// A call and the literal it equals.
#[derive(Debug)]
pub struct Example {
    /// The call.
    pub call: &'static str,
    /// Its value, as a literal of the language.
    pub value: &'static str,
}

/// What a call becomes in the checked tree.
#[derive(Debug)]
pub enum Form {
    /// A call with typed arguments.
    Call {
        /// Which function.
        function: Function,
        /// What it takes; the last one repeats when `repeats`.
        parameters: &'static [Parameter],
        /// How many parameters at the end may be left out.
        optional: usize,
        /// Whether the last parameter may be given many times.
        repeats: bool,
        /// The type of its value.
        returns: Returns,
        /// The SQL of a call.
        sql: fn(&SqlCall<'_>) -> String,
    },
    /// `if`: a CASE.
    If,
    /// `nullif`: a CASE.
    NullIf,
    /// `mod`: the operator `%`.
    Remainder,
    /// `datetime`: a shifted date.
    DateTime,
    /// A length of time: this many of these units each.
    Interval {
        /// The unit of the interval.
        unit: Unit,
        /// Units in one.
        each: i64,
    },
    /// An aggregate over children.
    Aggregate(Aggregate),
    /// `count_if`: `count` with a filter.
    CountIf,
    /// `lookup`
    Lookup,
    /// `in_table`
    InTable,
    /// `cell`
    Cell,
}

/// A call of the checked tree, by the function it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the registry documents each function")]
pub enum Function {
    Abs,
    Sign,
    Floor,
    Ceil,
    Round,
    Power,
    Sqrt,
    Exp,
    Ln,
    Log10,
    Coalesce,
    Least,
    Greatest,
    Length,
    Lower,
    Upper,
    Concat,
    Substr,
    Left,
    Right,
    Replace,
    Trim,
    Lpad,
    StartsWith,
    EndsWith,
    Contains,
    LuhnDigit,
    Year,
    Month,
    Day,
    Hour,
    Minute,
    DayOfWeek,
    DayOfYear,
    Date,
    StartOfMonth,
    StartOfYear,
    DaysBetween,
    MonthsBetween,
    YearsBetween,
    HoursBetween,
    MinutesBetween,
    Text,
    Number,
    Integer,
    Decimal,
    Size,
    Item,
    ContainsItem,
    DistinctItems,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// An integer, decimal or float, as it is.
    Number,
    /// A float, or a number made one.
    Float,
    /// An integer.
    Integer,
    /// A written integer from 0 to 9.
    Digits,
    /// A text.
    Text,
    /// A text, or what `text(x)` takes, made text.
    Texted,
    /// A written text of one character.
    Character,
    /// A date or a date and time, as it is.
    Temporal,
    /// A date and time, or a date at midnight.
    DateTime,
    /// A list of text.
    List,
    /// Anything that has an order; all such arguments agree in type.
    Common,
    /// Integer, decimal, boolean, date, date and time or text.
    Writable,
    /// A number, a boolean or a text.
    Readable,
}

/// The type of a function's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Always a boolean.
    Boolean,
    /// Always an integer.
    Integer,
    /// Always a float.
    Float,
    /// Always text.
    Text,
    /// Always a date.
    Date,
    /// The type of the first argument.
    First,
    /// Integer, or with digits: the decimal of that many digits for a decimal, else float.
    Rounded,
    /// The decimal of as many digits as the second argument says.
    Decimal,
}

/// A call to be written as SQL.
pub struct SqlCall<'a> {
    /// For which database.
    pub dialect: Dialect,
    /// The arguments, already SQL; each is safe to put beside any operator.
    pub arguments: &'a [String],
    /// Their types.
    pub types: &'a [Type],
    /// The type of the call.
    pub ty: &'a Type,
}
