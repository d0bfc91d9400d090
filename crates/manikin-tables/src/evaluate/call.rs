//! Functions of the registry, by their names.

use manikin_expression::{Function, Type};

use super::kernel::{Value, choose};
use super::{EvaluationError, list, number, text, time};

/// Calls a function on evaluated arguments.
pub(super) fn call(
    function: Function,
    values: &[Value],
    types: &[Type],
    ty: &Type,
    rows: usize,
) -> Result<Value, EvaluationError> {
    let (Some(x), Some(of)) = (values.first(), types.first()) else {
        return Ok(Value::Null);
    };
    let digits = match values.get(1) {
        Some(Value::Integer(digits)) => u8::try_from(*digits).ok(),
        _ => None,
    };
    let second = values.get(1).unwrap_or(&Value::Null);
    Ok(match function {
        Function::Abs => number::abs(x, of),
        Function::Sign => number::sign(x, of),
        Function::Floor => number::floor(x, of),
        Function::Ceil => number::ceil(x, of),
        Function::Round => number::round(x, of, digits, ty),
        Function::Decimal => number::decimal(x, of, digits.unwrap_or(0)),
        Function::Power => number::power(x, second),
        Function::Sqrt => number::sqrt(x),
        Function::Exp => number::exp(x),
        Function::Ln => number::ln(x),
        Function::Log10 => number::log10(x),
        Function::Least => number::extreme(values, ty, false, rows)?,
        Function::Greatest => number::extreme(values, ty, true, rows)?,
        Function::Coalesce => coalesce(values, ty, rows)?,
        Function::Length => text::length(values),
        Function::Lower => text::cased(values, false),
        Function::Upper => text::cased(values, true),
        Function::Concat => text::concat(values),
        Function::Substr => text::substr(values),
        Function::Left => text::left(values),
        Function::Right => text::right(values),
        Function::Replace => text::replace(values),
        Function::Trim => text::trim(values),
        Function::Lpad => text::lpad(values),
        Function::StartsWith => text::test(values, |x, y| x.starts_with(y)),
        Function::EndsWith => text::test(values, |x, y| x.ends_with(y)),
        Function::Contains => text::test(values, |x, y| x.contains(y)),
        Function::LuhnDigit => text::luhn_digit(values),
        Function::Text => text::written(values, of),
        Function::Number => match of {
            Type::Text => text::number(values),
            Type::Boolean => number::convert(number::counted(x), &Type::Integer, &Type::Float),
            _ => number::convert(x.clone(), of, &Type::Float),
        },
        Function::Integer => match of {
            Type::Text => text::integer(values),
            Type::Boolean => number::counted(x),
            _ => number::truncated(x, of),
        },
        Function::Year
        | Function::Month
        | Function::Day
        | Function::Hour
        | Function::Minute
        | Function::DayOfWeek
        | Function::DayOfYear
        | Function::Date
        | Function::StartOfMonth
        | Function::StartOfYear => time::field(function, x, of),
        Function::DaysBetween
        | Function::MonthsBetween
        | Function::YearsBetween
        | Function::HoursBetween
        | Function::MinutesBetween => time::between(function, x, of, second, types.get(1).unwrap_or(of)),
        Function::Size | Function::Item | Function::ContainsItem | Function::DistinctItems => {
            list::call(function, values)?
        }
    })
}

fn coalesce(values: &[Value], ty: &Type, rows: usize) -> Result<Value, EvaluationError> {
    let mut result = Value::Null;
    for next in values.iter().rev() {
        result = match next {
            Value::Null => result,
            Value::Column(series) if series.null_count() > 0 => {
                choose(&series.is_not_null(), next.clone(), result, ty, rows)?
            }
            known => known.clone(),
        };
    }
    Ok(result)
}
