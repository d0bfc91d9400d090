//! Which types agree, and the conversions the language makes by itself.

use std::ops::Range;

use crate::calendar;
use crate::error::{ExpressionError, TYPE_MISMATCH};
use crate::expression::{Expr, Expression};
use crate::functions::Function;
use crate::types::{Literal, MAX_SCALE, Type, Unit, exact_units, power_of_ten};

/// The type that both values can be converted to without loss.
pub(crate) fn common(left: &Expr, right: &Expr) -> Option<Type> {
    let (a, b) = (left.ty(), right.ty());
    if a == b {
        return Some(a);
    }
    match (&a, &b) {
        (Type::Null, other) | (other, Type::Null) => Some(other.clone()),
        (Type::Integer, Type::Float) | (Type::Float, Type::Integer) => Some(Type::Float),
        (Type::Integer, Type::Decimal(s)) | (Type::Decimal(s), Type::Integer) => Some(Type::Decimal(*s)),
        (Type::Decimal(s), Type::Decimal(t)) => Some(Type::Decimal(*s.max(t))),
        (Type::Decimal(s), Type::Float) => Some(beside_decimal(*s, right)),
        (Type::Float, Type::Decimal(s)) => Some(beside_decimal(*s, left)),
        (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date) => Some(Type::DateTime),
        (Type::Text, other) if other.is_temporal() => temporal(left).map(|found| wider(&found, other)),
        (other, Type::Text) if other.is_temporal() => temporal(right).map(|found| wider(&found, other)),
        (Type::Interval(Unit::Day), Type::Interval(Unit::Second))
        | (Type::Interval(Unit::Second), Type::Interval(Unit::Day)) => Some(Type::Interval(Unit::Second)),
        _ => None,
    }
}

/// A written number such as 0.5 is taken exactly beside a decimal; any other float makes both floats.
fn beside_decimal(scale: u8, float: &Expr) -> Type {
    if let Expr::Literal { value: Literal::Float(value), .. } = float {
        for wanted in scale..=MAX_SCALE {
            if exact_units(*value, wanted).is_some() {
                return Type::Decimal(wanted);
            }
        }
    }
    Type::Float
}

fn temporal(expr: &Expr) -> Option<Type> {
    match expr {
        Expr::Literal { value: Literal::Text(text), .. } => Literal::temporal(text).map(|found| found.ty()),
        _ => None,
    }
}

fn wider(found: &Type, other: &Type) -> Type {
    if *found == Type::DateTime { Type::DateTime } else { other.clone() }
}

/// Converts without loss to `to`, or says why that is not possible.
pub(crate) fn convert(expr: Expr, to: &Type, range: &Range<usize>) -> Result<Expr, ExpressionError> {
    let from = expr.ty();
    if from == *to {
        return Ok(expr);
    }
    if let Expr::Literal { value, .. } = &expr
        && let Some(value) = convert_literal(value, to)
    {
        return Ok(Expr::Literal { value, ty: to.clone() });
    }
    let lossless = match (&from, to) {
        (Type::Null, _)
        | (Type::Integer, Type::Float | Type::Decimal(_))
        | (Type::Decimal(_), Type::Float)
        | (Type::Date, Type::DateTime)
        | (Type::Interval(Unit::Day), Type::Interval(Unit::Second)) => true,
        (Type::Decimal(s), Type::Decimal(t)) => s <= t,
        _ => false,
    };
    if lossless {
        return Ok(Expr::Convert { of: Box::new(expr), ty: to.clone() });
    }
    let error = ExpressionError::new(TYPE_MISMATCH, format!("expected {to}, found {from}"), range);
    Err(match conversion_help(&expr, &from, to) {
        Some(help) => error.with_help(help),
        None => error,
    })
}

fn convert_literal(value: &Literal, to: &Type) -> Option<Literal> {
    match (value, to) {
        (Literal::Null, _) => Some(Literal::Null),
        (Literal::Integer(value), Type::Float) => Some(Literal::Float(*value as f64)),
        (Literal::Integer(value), Type::Decimal(scale)) => {
            value.checked_mul(power_of_ten(*scale)).map(|units| Literal::Decimal { units, scale: *scale })
        }
        (Literal::Float(value), Type::Decimal(scale)) => {
            exact_units(*value, *scale).map(|units| Literal::Decimal { units, scale: *scale })
        }
        (Literal::Decimal { units, scale }, Type::Decimal(wanted)) if wanted >= scale => {
            units.checked_mul(power_of_ten(wanted - scale)).map(|units| Literal::Decimal { units, scale: *wanted })
        }
        (Literal::Decimal { units, scale }, Type::Float) => {
            Some(Literal::Float(*units as f64 / power_of_ten(*scale) as f64))
        }
        (Literal::Text(text), Type::Date) => calendar::parse_date(text).map(Literal::Date),
        (Literal::Text(text), Type::DateTime) => match Literal::temporal(text)? {
            Literal::Date(day) => Some(Literal::DateTime(i64::from(day) * calendar::DAY)),
            found => Some(found),
        },
        (Literal::Date(day), Type::DateTime) => Some(Literal::DateTime(i64::from(*day) * calendar::DAY)),
        _ => None,
    }
}

/// What a reader can write to get from one type to the other.
pub(crate) fn conversion_help(expr: &Expr, from: &Type, to: &Type) -> Option<String> {
    Some(match (from, to) {
        (Type::Text, Type::Date | Type::DateTime) => {
            if matches!(expr, Expr::Literal { .. }) {
                "write the date as '2025-01-31', or '2025-01-31T13:45:00' with a time".to_owned()
            } else {
                "compare texts with texts; text(date) gives YYYY-MM-DD".to_owned()
            }
        }
        (Type::Text, Type::Integer) => "integer(x) reads a whole number from text".to_owned(),
        (Type::Text, to) if to.is_number() => "number(x) reads a number from text".to_owned(),
        (Type::Float | Type::Decimal(_), Type::Integer) => {
            "round(x), floor(x) or integer(x) gives an integer".to_owned()
        }
        (Type::Float | Type::Decimal(_), Type::Decimal(digits)) => {
            format!("decimal(x, {digits}) rounds to {digits} digits")
        }
        (Type::Float, Type::Text) => "text(decimal(x, 2)) writes it with two digits".to_owned(),
        (_, Type::Text) => "text(x) writes it as text".to_owned(),
        (Type::DateTime, Type::Date) => "date(x) takes the date of a date and time".to_owned(),
        (from, Type::Boolean) if from.is_number() => "compare it: x <> 0".to_owned(),
        _ => return None,
    })
}

impl Expression {
    /// The expression as the value of a field of type `to`. Beside the conversions that lose nothing, numbers are
    /// rounded half away from zero to a decimal's digits.
    ///
    /// # Errors
    /// `MK0404` when the types do not agree.
    pub fn assigned_to(self, to: &Type) -> Result<Expression, ExpressionError> {
        let range = 0..self.text.len();
        let root = match (&self.ty, to) {
            (Type::Float | Type::Decimal(_), Type::Decimal(digits)) if self.ty != *to => {
                match convert(self.root.clone(), to, &range) {
                    Ok(exact) => exact,
                    Err(_) => Expr::Call {
                        function: Function::Decimal,
                        arguments: vec![
                            self.root,
                            Expr::Literal { value: Literal::Integer(i64::from(*digits)), ty: Type::Integer },
                        ],
                        ty: to.clone(),
                    },
                }
            }
            _ => convert(self.root, to, &range)?,
        };
        Ok(Expression { root, ty: to.clone(), text: self.text })
    }
}
