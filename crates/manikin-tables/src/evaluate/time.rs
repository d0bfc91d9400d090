//! Dates and times.

use manikin_expression::calendar::{self, DAY, SECOND};
use manikin_expression::{Function, Type, Unit};
use polars::prelude::{Int32Type, Int64Type};

use super::EvaluationError;
use super::kernel::{Value, map, zip};

type Days = Int32Type;
type Int = Int64Type;

/// Moves a date or a moment by an interval.
pub(super) fn shift(of: &Value, ty: &Type, by: &Value, unit: &Type, back: bool) -> Result<Value, EvaluationError> {
    let Type::Interval(unit) = unit else {
        return Ok(Value::Null);
    };
    let signed = move |count: i64| if back { count.checked_neg() } else { Some(count) };
    Ok(match (ty, unit) {
        (Type::Date, Unit::Month) => zip::<Days, Int, Days>(of, by, |day, n| calendar::add_months(day, signed(n)?)),
        (Type::Date, Unit::Day) => {
            zip::<Days, Int, Days>(of, by, |day, n| calendar::in_range(i64::from(day).checked_add(signed(n)?)?))
        }
        (_, Unit::Month) => zip::<Int, Int, Int>(of, by, |moment, n| {
            let day = calendar::in_range(moment.div_euclid(DAY))?;
            let moved = calendar::add_months(day, signed(n)?)?;
            Some(i64::from(moved) * DAY + moment.rem_euclid(DAY))
        }),
        (_, unit) => {
            let each = if *unit == Unit::Day { DAY } else { SECOND };
            zip::<Int, Int, Int>(of, by, |moment, n| {
                calendar::moment_in_range(moment.checked_add(signed(n)?.checked_mul(each)?)?)
            })
        }
    })
}

/// A field of a day, such as its year, as an integer.
pub(super) fn of_day(of: &Value, ty: &Type, field: impl Fn(i32) -> i64) -> Value {
    match ty {
        Type::Date => map::<Days, Int>(of, |day| Some(field(day))),
        _ => map::<Int, Int>(of, |moment| calendar::in_range(moment.div_euclid(DAY)).map(&field)),
    }
}

/// Another day made of a day, such as the first of its month.
fn day_of_day(of: &Value, ty: &Type, other: impl Fn(i32) -> Option<i32>) -> Value {
    match ty {
        Type::Date => map::<Days, Days>(of, other),
        _ => map::<Int, Days>(of, |moment| calendar::in_range(moment.div_euclid(DAY)).and_then(&other)),
    }
}

/// The functions of one date.
pub(super) fn field(function: Function, of: &Value, ty: &Type) -> Value {
    let part = |day: i32| calendar::civil(day);
    match function {
        Function::Year => of_day(of, ty, |day| i64::from(part(day).0)),
        Function::Month => of_day(of, ty, |day| i64::from(part(day).1)),
        Function::Day => of_day(of, ty, |day| i64::from(part(day).2)),
        // 1970-01-01 was a Thursday, which is 3.
        Function::DayOfWeek => of_day(of, ty, |day| (i64::from(day) + 3).rem_euclid(7)),
        Function::DayOfYear => of_day(of, ty, |day| {
            let first = calendar::date(i64::from(part(day).0), 1, 1).unwrap_or(day);
            i64::from(day - first) + 1
        }),
        Function::Hour => map::<Int, Int>(of, |moment| Some(moment.rem_euclid(DAY) / (3600 * SECOND))),
        Function::Minute => map::<Int, Int>(of, |moment| Some(moment.rem_euclid(DAY) / (60 * SECOND) % 60)),
        Function::StartOfMonth => day_of_day(of, ty, |day| Some(day - (part(day).2 as i32 - 1))),
        Function::StartOfYear => day_of_day(of, ty, |day| calendar::date(i64::from(part(day).0), 1, 1)),
        _ => day_of_day(of, ty, Some),
    }
}

/// A date as the moment of its midnight.
fn moments(of: &Value, ty: &Type) -> Value {
    super::number::convert(of.clone(), ty, &Type::DateTime)
}

/// The functions of two dates.
pub(super) fn between(function: Function, a: &Value, a_type: &Type, b: &Value, b_type: &Type) -> Value {
    if function == Function::DaysBetween && *a_type == Type::Date && *b_type == Type::Date {
        return zip::<Days, Days, Int>(a, b, |a, b| Some(i64::from(b) - i64::from(a)));
    }
    let (a, b) = (moments(a, a_type), moments(b, b_type));
    match function {
        Function::DaysBetween => zip::<Int, Int, Int>(&a, &b, |a, b| Some(b.div_euclid(DAY) - a.div_euclid(DAY))),
        Function::MonthsBetween => zip::<Int, Int, Int>(&a, &b, |a, b| Some(calendar::months_between(a, b))),
        Function::YearsBetween => zip::<Int, Int, Int>(&a, &b, |a, b| Some(calendar::months_between(a, b) / 12)),
        Function::HoursBetween => zip::<Int, Int, Int>(&a, &b, |a, b| Some(b.checked_sub(a)? / (3600 * SECOND))),
        _ => zip::<Int, Int, Int>(&a, &b, |a, b| Some(b.checked_sub(a)? / (60 * SECOND))),
    }
}
