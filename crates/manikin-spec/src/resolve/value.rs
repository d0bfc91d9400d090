//! Plain values of the document read as values of a type.

use crate::document::{Parameter, Scalar, Weight, percentage};
use manikin_expression::{Literal, Type, exact_units};
use std::cmp::Ordering;

/// A weight or share as a number: `5%` is 0.05.
pub(super) fn share(weight: &Weight) -> Option<f64> {
    match weight {
        Weight::Number(number) => Some(*number),
        Weight::Percent(text) => percentage(text),
    }
}

/// A parameter that is a number or a percentage; `None` for an expression.
pub(super) fn number(parameter: &Parameter) -> Option<f64> {
    match parameter {
        Parameter::Number(number) => Some(*number),
        Parameter::Text(text) => percentage(text).or_else(|| text.trim().parse().ok()),
    }
}

/// The value as a value of a type, where it is one without loss.
pub(super) fn literal(scalar: &Scalar, ty: &Type) -> Option<Literal> {
    match (scalar, ty) {
        (Scalar::Boolean(value), Type::Boolean) => Some(Literal::Boolean(*value)),
        (Scalar::Integer(value), Type::Integer) => Some(Literal::Integer(*value)),
        (Scalar::Integer(value), Type::Float) => Some(Literal::Float(*value as f64)),
        (Scalar::Integer(value), Type::Decimal(scale)) => decimal(&value.to_string(), *scale),
        (Scalar::Number(value), Type::Float) => value.is_finite().then_some(Literal::Float(*value)),
        (Scalar::Number(value), Type::Integer) => {
            let whole = value.trunc() == *value && value.abs() < 9e15;
            whole.then_some(Literal::Integer(*value as i64))
        }
        (Scalar::Number(value), Type::Decimal(scale)) => {
            exact_units(*value, *scale).map(|units| Literal::Decimal { units, scale: *scale })
        }
        (Scalar::Text(value), Type::Text) => Some(Literal::Text(value.clone())),
        (Scalar::Text(value), Type::Date | Type::DateTime) => temporal(value, ty),
        (_, Type::List(of)) => literal(scalar, of),
        // A code of digits that the author did not quote.
        (Scalar::Integer(value), Type::Text) => Some(Literal::Text(value.to_string())),
        _ => None,
    }
}

/// A key of a map, which is always text, as a value of a type.
pub(super) fn literal_of_key(text: &str, ty: &Type) -> Option<Literal> {
    match ty {
        Type::Text => Some(Literal::Text(text.to_owned())),
        Type::Boolean => text.parse().ok().map(Literal::Boolean),
        Type::Integer => text.parse().ok().map(Literal::Integer),
        Type::Float => plain_number(text).map(Literal::Float),
        Type::Decimal(scale) => decimal(text, *scale),
        Type::Date | Type::DateTime => temporal(text, ty),
        Type::List(of) => literal_of_key(text, of),
        Type::Interval(_) | Type::Null => None,
    }
}

/// The value as it stands, where nothing says its type: an ISO date is a date.
pub(super) fn natural(scalar: &Scalar) -> Literal {
    match scalar {
        Scalar::Boolean(value) => Literal::Boolean(*value),
        Scalar::Integer(value) => Literal::Integer(*value),
        Scalar::Number(value) => Literal::Float(*value),
        Scalar::Text(value) => Literal::temporal(value).unwrap_or_else(|| Literal::Text(value.clone())),
    }
}

/// The type that a constant of a field has, where nothing else says it: an ISO date stays text.
pub(super) fn plain_type(scalar: &Scalar) -> Type {
    match scalar {
        Scalar::Boolean(_) => Type::Boolean,
        Scalar::Integer(_) => Type::Integer,
        Scalar::Number(_) => Type::Float,
        Scalar::Text(_) => Type::Text,
    }
}

/// The type that all keys share. Only numbers as a computer writes them count as numbers: `007` is a code.
pub(super) fn type_of_keys<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> Type {
    let canonical = |key: &str| key.parse::<i64>().is_ok_and(|value| value.to_string() == key);
    let fraction = |key: &str| {
        let lead = key.strip_prefix('-').unwrap_or(key);
        let padded = lead.len() > 1 && lead.starts_with('0') && !lead.starts_with("0.");
        plain_number(key).is_some() && !padded
    };
    if keys.clone().all(|key| key == "true" || key == "false") {
        Type::Boolean
    } else if keys.clone().all(canonical) {
        Type::Integer
    } else if keys.clone().all(fraction) {
        Type::Float
    } else {
        Type::Text
    }
}

/// Which of two values of one type comes first.
pub(super) fn compare(left: &Literal, right: &Literal) -> Option<Ordering> {
    match (left, right) {
        (Literal::Integer(a), Literal::Integer(b)) => Some(a.cmp(b)),
        (Literal::Float(a), Literal::Float(b)) => a.partial_cmp(b),
        (Literal::Decimal { units: a, scale: s }, Literal::Decimal { units: b, scale: t }) if s == t => Some(a.cmp(b)),
        (Literal::Text(a), Literal::Text(b)) => Some(a.cmp(b)),
        (Literal::Date(a), Literal::Date(b)) => Some(a.cmp(b)),
        (Literal::DateTime(a), Literal::DateTime(b)) => Some(a.cmp(b)),
        (Literal::Boolean(a), Literal::Boolean(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// The type that values of both types can have; `None` where there is none.
pub(super) fn common(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (a, b) if a == b => Some(a.clone()),
        (Type::Null, other) | (other, Type::Null) => Some(other.clone()),
        (Type::Decimal(a), Type::Decimal(b)) => Some(Type::Decimal(*a.max(b))),
        (Type::Integer, Type::Decimal(scale)) | (Type::Decimal(scale), Type::Integer) => Some(Type::Decimal(*scale)),
        (a, b) if a.is_number() && b.is_number() => Some(Type::Float),
        (a, b) if a.is_temporal() && b.is_temporal() => Some(Type::DateTime),
        _ => None,
    }
}

/// Whether a generated value of one type can be kept as another: numbers round, a day becomes its midnight.
pub(super) fn storable(from: &Type, into: &Type) -> bool {
    from == into
        || *from == Type::Null
        || (from.is_number() && into.is_number())
        || (*from == Type::Date && *into == Type::DateTime)
}

/// Whether values of two types can be compared for equality or order.
pub(super) fn comparable(left: &Type, right: &Type) -> bool {
    common(left, right).is_some()
}

fn temporal(text: &str, ty: &Type) -> Option<Literal> {
    const DAY: i64 = 86_400_000_000;
    match (Literal::temporal(text)?, ty) {
        (Literal::Date(day), Type::DateTime) => Some(Literal::DateTime(i64::from(day) * DAY)),
        (value, ty) if value.ty() == *ty => Some(value),
        _ => None,
    }
}

fn decimal(text: &str, scale: u8) -> Option<Literal> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > usize::from(scale) {
        return None;
    }
    let units = format!("{sign}{whole}{part:0<width$}", width = usize::from(scale)).parse().ok()?;
    Some(Literal::Decimal { units, scale })
}

fn plain_number(text: &str) -> Option<f64> {
    let starts = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    text.parse().ok().filter(|value: &f64| starts && value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_digits_with_leading_zeros_stay_text() {
        assert_eq!(type_of_keys(["01", "02"].into_iter()), Type::Text);
        assert_eq!(type_of_keys(["1", "-2"].into_iter()), Type::Integer);
        assert_eq!(type_of_keys(["1", "2.5"].into_iter()), Type::Float);
        assert_eq!(type_of_keys(["true", "false"].into_iter()), Type::Boolean);
        assert_eq!(type_of_keys(["1", "x"].into_iter()), Type::Text);
        assert_eq!(type_of_keys(["inf", "nan"].into_iter()), Type::Text);
    }

    #[test]
    fn a_decimal_is_read_exactly_or_refused() {
        assert_eq!(decimal("-12.5", 2), Some(Literal::Decimal { units: -1250, scale: 2 }));
        assert_eq!(decimal("0.125", 2), None);
        assert_eq!(decimal(".5", 2), None);
        assert_eq!(decimal("99999999999999999999", 2), None);
    }
}
