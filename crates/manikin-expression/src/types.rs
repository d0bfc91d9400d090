//! The types of the language and its constant values.

use std::fmt;

use crate::calendar;

/// The largest scale of a [`Type::Decimal`]: units are 64-bit integers, so nine digits leave nine before the point.
pub const MAX_SCALE: u8 = 9;

/// What kind of value an expression gives. Every type also has NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// True or false.
    Boolean,
    /// A 64-bit signed integer.
    Integer,
    /// A 64-bit IEEE 754 number.
    Float,
    /// A 64-bit integer count of units of 10⁻ˢᶜᵃˡᵉ, such as cents for scale 2.
    Decimal(u8),
    /// Unicode text.
    Text,
    /// A day of the proleptic Gregorian calendar.
    Date,
    /// A local date and time without zone, to the microsecond.
    DateTime,
    /// A length of time that can be added to a date; it never leaves an expression.
    Interval(Unit),
    /// An ordered list of values.
    List(Box<Type>),
    /// The type of a bare NULL, which agrees with every other type.
    Null,
}

/// The unit an interval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Calendar months; the day is clamped to the month's last.
    Month,
    /// Days.
    Day,
    /// Seconds.
    Second,
}

impl Type {
    /// Whether arithmetic is defined on the type.
    pub fn is_number(&self) -> bool {
        matches!(self, Type::Integer | Type::Float | Type::Decimal(_))
    }

    /// Whether the type is a date or a date and time.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Type::Date | Type::DateTime)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Boolean => f.write_str("boolean"),
            Type::Integer => f.write_str("integer"),
            Type::Float => f.write_str("float"),
            Type::Decimal(scale) => write!(f, "decimal({scale})"),
            Type::Text => f.write_str("text"),
            Type::Date => f.write_str("date"),
            Type::DateTime => f.write_str("datetime"),
            Type::Interval(Unit::Month) => f.write_str("interval of months"),
            Type::Interval(Unit::Day) => f.write_str("interval of days"),
            Type::Interval(Unit::Second) => f.write_str("interval of seconds"),
            Type::List(of) => write!(f, "list of {of}"),
            Type::Null => f.write_str("null"),
        }
    }
}

/// A constant value.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// No value.
    Null,
    /// True or false.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A decimal: `units` × 10⁻ˢᶜᵃˡᵉ.
    Decimal {
        /// The scaled integer.
        units: i64,
        /// Digits after the point.
        scale: u8,
    },
    /// Text.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 00:00 local time.
    DateTime(i64),
    /// A count of interval units.
    Interval {
        /// How many.
        count: i64,
        /// Of what.
        unit: Unit,
    },
    /// A list of text.
    List(Vec<String>),
}

impl Literal {
    /// The type of the value.
    pub fn ty(&self) -> Type {
        match self {
            Literal::Null => Type::Null,
            Literal::Boolean(_) => Type::Boolean,
            Literal::Integer(_) => Type::Integer,
            Literal::Float(_) => Type::Float,
            Literal::Decimal { scale, .. } => Type::Decimal(*scale),
            Literal::Text(_) => Type::Text,
            Literal::Date(_) => Type::Date,
            Literal::DateTime(_) => Type::DateTime,
            Literal::Interval { unit, .. } => Type::Interval(*unit),
            Literal::List(_) => Type::List(Box::new(Type::Text)),
        }
    }

    /// Reads a date, or a date and time, of ISO 8601 form; `None` when it is neither.
    pub fn temporal(text: &str) -> Option<Literal> {
        match calendar::parse_date(text) {
            Some(day) => Some(Literal::Date(day)),
            None => calendar::parse_datetime(text).map(Literal::DateTime),
        }
    }
}

/// 10ⁿ for n up to 18.
pub fn power_of_ten(n: u8) -> i64 {
    10_i64.pow(u32::from(n.min(18)))
}

/// Writes a decimal as people read it: `-12.05`.
pub fn decimal_text(units: i64, scale: u8) -> String {
    if scale == 0 {
        return units.to_string();
    }
    let one = power_of_ten(scale).unsigned_abs();
    let whole = units.unsigned_abs() / one;
    let part = units.unsigned_abs() % one;
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part:0width$}", width = usize::from(scale))
}

/// The exact units of a number at a scale, or `None` when it has more digits or is out of range.
pub fn exact_units(value: f64, scale: u8) -> Option<i64> {
    let text = format!("{value}");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1_i64, rest),
        None => (1, text.as_str()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if part.len() > usize::from(scale) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let tail: i64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let missing = u8::try_from(usize::from(scale) - part.len()).ok()?;
    whole.checked_mul(power_of_ten(scale))?.checked_add(tail.checked_mul(power_of_ten(missing))?)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_literal_is_exact_or_refused() {
        assert_eq!(exact_units(0.1, 2), Some(10));
        assert_eq!(exact_units(-12.05, 2), Some(-1205));
        assert_eq!(exact_units(0.125, 2), None);
        assert_eq!(exact_units(f64::NAN, 2), None);
        assert_eq!(decimal_text(-1205, 2), "-12.05");
        assert_eq!(decimal_text(5, 2), "0.05");
    }
}
