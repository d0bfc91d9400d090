//! Arithmetic, rounding and conversions of numbers.

use manikin_expression::{Arithmetic, Type, calendar, power_of_ten};
use polars::prelude::{BooleanType, ChunkedArray, Float64Type, Int32Type, Int64Type, IntoSeries};

use super::kernel::{Value, map, zip};

type Int = Int64Type;
type Flt = Float64Type;

pub(super) fn negate(of: &Value) -> Value {
    match of {
        Value::Float(_) => map::<Flt, Flt>(of, |x| Some(-x)),
        Value::Column(series) if series.f64().is_ok() => map::<Flt, Flt>(of, |x| Some(-x)),
        _ => map::<Int, Int>(of, i64::checked_neg),
    }
}

/// Arithmetic on two values of one type; decimals and intervals work on their units.
pub(super) fn arithmetic(operation: Arithmetic, a: &Value, b: &Value, ty: &Type) -> Value {
    if *ty == Type::Float {
        return match operation {
            Arithmetic::Add => zip::<Flt, Flt, Flt>(a, b, |x, y| Some(x + y)),
            Arithmetic::Subtract => zip::<Flt, Flt, Flt>(a, b, |x, y| Some(x - y)),
            Arithmetic::Multiply => zip::<Flt, Flt, Flt>(a, b, |x, y| Some(x * y)),
            Arithmetic::Divide => zip::<Flt, Flt, Flt>(a, b, |x, y| if y == 0.0 { None } else { Some(x / y) }),
            Arithmetic::Remainder => zip::<Flt, Flt, Flt>(a, b, |x, y| if y == 0.0 { None } else { Some(x % y) }),
        };
    }
    match operation {
        Arithmetic::Add => zip::<Int, Int, Int>(a, b, i64::checked_add),
        Arithmetic::Subtract => zip::<Int, Int, Int>(a, b, i64::checked_sub),
        Arithmetic::Multiply => zip::<Int, Int, Int>(a, b, i64::checked_mul),
        // The checker gives every division the type float.
        Arithmetic::Divide => zip::<Int, Int, Int>(a, b, i64::checked_div),
        Arithmetic::Remainder => zip::<Int, Int, Int>(a, b, |x, y| if y == 0 { None } else { Some(x.wrapping_rem(y)) }),
    }
}

/// A conversion that loses nothing, except that an integer beyond 2⁵³ rounds to a float and one too large for a
/// decimal's scale becomes NULL.
pub(super) fn convert(of: Value, from: &Type, to: &Type) -> Value {
    match (from, to) {
        (Type::Integer, Type::Float) => map::<Int, Flt>(&of, |x| Some(x as f64)),
        (Type::Integer, Type::Decimal(scale)) => scaled(&of, power_of_ten(*scale)),
        (Type::Decimal(from), Type::Decimal(to)) => scaled(&of, power_of_ten(to.saturating_sub(*from))),
        (Type::Decimal(scale), Type::Float) => {
            let one = power_of_ten(*scale) as f64;
            map::<Int, Flt>(&of, |x| Some(x as f64 / one))
        }
        (Type::Date, Type::DateTime) => map::<Int32Type, Int>(&of, |day| Some(i64::from(day) * calendar::DAY)),
        (Type::Interval(_), Type::Interval(_)) => scaled(&of, 86_400),
        (Type::Null, _) => Value::Null,
        // An interval is its count.
        _ => of,
    }
}

fn scaled(of: &Value, by: i64) -> Value {
    map::<Int, Int>(of, |x| x.checked_mul(by))
}

/// A float as an integer, when it is one of 64 bits.
pub(super) fn to_integer(x: f64) -> Option<i64> {
    // -2⁶³ is a float; 2⁶³ is the first float above the integers.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x).then_some(x as i64)
}

/// The nearest whole number, halves away from zero: floor(|x| + 0.5) with the sign of x, as it is rendered in SQL.
fn nearest(x: f64) -> f64 {
    let whole = libm::floor(x.abs() + 0.5);
    if x < 0.0 { -whole } else { whole }
}

/// Units divided by a power of ten, halves away from zero.
fn nearest_units(units: i64, by: i64) -> i64 {
    let (quotient, rest) = (units / by, units % by);
    if rest.abs() >= by - rest.abs() && by > 1 { quotient + units.signum() } else { quotient }
}

/// Decimal units at another scale.
pub(super) fn rescale(units: i64, from: u8, to: u8) -> Option<i64> {
    if to >= from {
        units.checked_mul(power_of_ten(to - from))
    } else {
        Some(nearest_units(units, power_of_ten(from - to)))
    }
}

pub(super) fn abs(of: &Value, ty: &Type) -> Value {
    match ty {
        Type::Float => map::<Flt, Flt>(of, |x| Some(x.abs())),
        _ => map::<Int, Int>(of, i64::checked_abs),
    }
}

pub(super) fn sign(of: &Value, ty: &Type) -> Value {
    match ty {
        Type::Float => {
            map::<Flt, Int>(of, |x| if x.is_nan() { None } else { Some(i64::from(x > 0.0) - i64::from(x < 0.0)) })
        }
        _ => map::<Int, Int>(of, |x| Some(x.signum())),
    }
}

pub(super) fn floor(of: &Value, ty: &Type) -> Value {
    match ty {
        Type::Float => map::<Flt, Int>(of, |x| to_integer(libm::floor(x))),
        Type::Decimal(scale) => {
            let one = power_of_ten(*scale);
            map::<Int, Int>(of, |x| Some(x.div_euclid(one)))
        }
        _ => of.clone(),
    }
}

pub(super) fn ceil(of: &Value, ty: &Type) -> Value {
    match ty {
        Type::Float => map::<Flt, Int>(of, |x| to_integer(libm::ceil(x))),
        Type::Decimal(scale) => {
            let one = power_of_ten(*scale);
            map::<Int, Int>(of, |x| Some(x.div_euclid(one) + i64::from(x.rem_euclid(one) > 0)))
        }
        _ => of.clone(),
    }
}

pub(super) fn round(of: &Value, from: &Type, digits: Option<u8>, to: &Type) -> Value {
    match (from, to) {
        (Type::Float, Type::Integer) => map::<Flt, Int>(of, |x| to_integer(nearest(x))),
        (Type::Decimal(scale), Type::Integer) => map::<Int, Int>(of, |x| rescale(x, *scale, 0)),
        (Type::Decimal(scale), Type::Decimal(to)) => map::<Int, Int>(of, |x| rescale(x, *scale, *to)),
        (_, Type::Float) => {
            let one = power_of_ten(digits.unwrap_or(0)) as f64;
            let of = convert(of.clone(), from, &Type::Float);
            map::<Flt, Flt>(&of, |x| Some(nearest(x * one) / one))
        }
        _ => of.clone(),
    }
}

pub(super) fn decimal(of: &Value, from: &Type, digits: u8) -> Value {
    match from {
        Type::Float => {
            let one = power_of_ten(digits) as f64;
            map::<Flt, Int>(of, |x| to_integer(nearest(x * one)))
        }
        Type::Decimal(scale) => map::<Int, Int>(of, |x| rescale(x, *scale, digits)),
        _ => scaled(of, power_of_ten(digits)),
    }
}

/// Only finite results are numbers; the rest of a function's domain is NULL.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

pub(super) fn power(a: &Value, b: &Value) -> Value {
    zip::<Flt, Flt, Flt>(a, b, |x, y| finite(libm::pow(x, y)))
}

pub(super) fn sqrt(of: &Value) -> Value {
    map::<Flt, Flt>(of, |x| finite(libm::sqrt(x)))
}

/// 709 is the last whole power of e that is a float; below -700 the result is taken as 0, which some databases
/// refuse to compute.
pub(super) fn exp(of: &Value) -> Value {
    map::<Flt, Flt>(of, |x| {
        if x <= -700.0 {
            Some(0.0)
        } else if x <= 709.0 {
            finite(libm::exp(x))
        } else {
            None
        }
    })
}

pub(super) fn ln(of: &Value) -> Value {
    map::<Flt, Flt>(of, |x| if x > 0.0 { finite(libm::log(x)) } else { None })
}

pub(super) fn log10(of: &Value) -> Value {
    map::<Flt, Flt>(of, |x| if x > 0.0 { finite(libm::log10(x)) } else { None })
}

pub(super) fn truncated(of: &Value, ty: &Type) -> Value {
    match ty {
        Type::Float => map::<Flt, Int>(of, |x| to_integer(libm::trunc(x))),
        Type::Decimal(scale) => {
            let one = power_of_ten(*scale);
            map::<Int, Int>(of, |x| Some(x / one))
        }
        _ => of.clone(),
    }
}

/// 1 for true, 0 for false.
pub(super) fn counted(of: &Value) -> Value {
    match of {
        Value::Boolean(value) => Value::Integer(i64::from(*value)),
        Value::Column(series) => match series.bool() {
            Ok(values) => {
                let ones: ChunkedArray<Int64Type> = values.iter().map(|value| value.map(i64::from)).collect();
                Value::Column(ones.into_series())
            }
            Err(_) => Value::Null,
        },
        _ => Value::Null,
    }
}

/// The least or greatest of values that are not NULL; `wins` says that the left one is it.
pub(super) fn extreme(
    values: &[Value],
    ty: &Type,
    greatest: bool,
    rows: usize,
) -> Result<Value, super::EvaluationError> {
    use manikin_expression::Comparison::{Greater, Less};
    let mut best = values.first().cloned().unwrap_or(Value::Null);
    for next in values.iter().skip(1) {
        let operation = if greatest { Greater } else { Less };
        let better = super::compare::compare(operation, next, &best, ty, rows)?;
        // A NULL so far is replaced by anything.
        best = match better {
            Value::Boolean(true) => next.clone(),
            Value::Boolean(false) => best,
            Value::Column(mask) => {
                let mut mask = mask.bool()?.clone();
                if let Value::Column(best) = &best
                    && best.null_count() > 0
                {
                    mask = filled(&mask) | best.is_null();
                }
                super::kernel::choose(&mask, next.clone(), best, ty, rows)?
            }
            _ if best.is_null() => next.clone(),
            _ => match &best {
                Value::Column(series) if series.null_count() > 0 => {
                    let mask = series.is_null();
                    super::kernel::choose(&mask, next.clone(), best, ty, rows)?
                }
                _ => best,
            },
        };
    }
    Ok(best)
}

/// A mask with false for NULL.
pub(super) fn filled(mask: &polars::prelude::BooleanChunked) -> ChunkedArray<BooleanType> {
    use polars::prelude::{NewChunkedArray, PlSmallStr};
    if mask.null_count() == 0 {
        return mask.clone();
    }
    ChunkedArray::<BooleanType>::from_iter_values(PlSmallStr::EMPTY, mask.iter().map(|value| value == Some(true)))
}
