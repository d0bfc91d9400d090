//! FHIR's primitive types: which expressions fit them, and which literals.

use manikin_expression::{Literal, Type};
use manikin_spec::node::{Node, Value};
use serde_json::Value as Json;

use crate::sql;

/// Whether values of a type can be written as a primitive type.
///
/// # Errors
/// What to do about it.
///
/// # Source
/// FHIR R4, section 2.24.0.1, primitive types.
pub(crate) fn fits(ty: &Type, code: &str) -> Result<(), &'static str> {
    let right = match code {
        "boolean" => matches!(ty, Type::Boolean),
        "integer" | "positiveInt" | "unsignedInt" => matches!(ty, Type::Integer),
        "decimal" => ty.is_number(),
        "date" | "dateTime" => matches!(ty, Type::Date),
        "instant" => false,
        _ => matches!(ty, Type::Text),
    };
    if right || *ty == Type::Null {
        return Ok(());
    }
    Err(match (code, ty) {
        ("dateTime" | "instant", Type::DateTime) => {
            "a date-time needs its offset: write `{$instant: \"= time\", zone: \"= facility.timezone\"}`"
        }
        ("instant", _) => "write `{$instant: \"= time\"}`",
        ("date", Type::DateTime) => "take the day of it: `= date(time)`",
        ("date" | "dateTime", _) => "give it a date",
        ("integer" | "positiveInt" | "unsignedInt", Type::Float | Type::Decimal(_)) => {
            "make it a whole number: `= integer(x)`"
        }
        (_, Type::List(_)) => "go over the list in an array: `[{$each: \"= list\", $item: \"= item\"}]`",
        ("boolean", _) => "write a condition, such as `= status = 'active'`",
        ("integer" | "positiveInt" | "unsignedInt" | "decimal", _) => "give it a number",
        _ => "make it text: `= text(x)`",
    })
}

/// A literal as JSON of a primitive type.
///
/// # Errors
/// What is wrong, and what to do about it.
pub(crate) fn literal(node: &Node, code: &str, codes: &[String]) -> Result<Json, (String, String)> {
    let written = node.written().unwrap_or_default();
    let wrong =
        |expected: &str| (format!("expected {expected}, found `{written}`"), format!("the element is of type {code}"));
    match code {
        "boolean" => match &node.value {
            Value::Bool(value) => Ok(Json::Bool(*value)),
            _ => Err(wrong("true or false")),
        },
        "integer" | "positiveInt" | "unsignedInt" => {
            let least = match code {
                "positiveInt" => 1,
                "unsignedInt" => 0,
                _ => i64::from(i32::MIN),
            };
            match &node.value {
                Value::Number(number, _) => match number.as_i64() {
                    Some(value) if (least..=i64::from(i32::MAX)).contains(&value) => Ok(Json::Number(number.clone())),
                    _ => Err(wrong("a whole number in range")),
                },
                _ => Err(wrong("a whole number")),
            }
        }
        "decimal" => match &node.value {
            Value::Number(number, _) => Ok(Json::Number(number.clone())),
            _ => Err(wrong("a number")),
        },
        "date" | "dateTime" | "instant" => {
            if is_date(written, code) {
                Ok(Json::String(written.to_owned()))
            } else {
                Err(wrong("a date, such as 2025-01-31"))
            }
        }
        _ => {
            let text = sql::unescaped(written).into_owned();
            if text.is_empty() {
                return Err(("an empty text is not allowed in FHIR".to_owned(), "leave the key away".to_owned()));
            }
            if code == "code" && !codes.is_empty() && !codes.contains(&text) {
                let near = manikin_diagnostic::nearest(&text, codes.iter().map(String::as_str));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if codes.len() <= 16 => format!("the codes are {}", codes.join(", ")),
                    None => format!("there are {} codes, {} and {} among them", codes.len(), codes[0], codes[1]),
                };
                return Err((format!("`{text}` is not one of the codes allowed here"), help));
            }
            Ok(Json::String(text))
        }
    }
}

/// Whether a text is a date as FHIR writes it: a year, a month, a day, or a moment with its offset.
fn is_date(text: &str, code: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let day = |text: &str| matches!(Literal::temporal(text), Some(Literal::Date(_)));
    match text.len() {
        4 => code != "instant" && digits(0..4),
        7 => code != "instant" && day(&format!("{text}-01")),
        10 => code != "instant" && day(text),
        _ => {
            let Some(moment) = text.strip_suffix('Z').or_else(|| {
                let at = text.len().checked_sub(6)?;
                let (moment, offset) = (text.get(..at)?, text.get(at..)?);
                (offset.starts_with(['+', '-']) && offset.as_bytes()[3] == b':').then_some(moment)
            }) else {
                return false;
            };
            code != "date" && moment.contains('T') && matches!(Literal::temporal(moment), Some(Literal::DateTime(_)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_are_dates_and_moments_need_an_offset() {
        for (text, code, right) in [
            ("2025", "date", true),
            ("2025-02", "date", true),
            ("2025-02-30", "date", false),
            ("2025-02-28T10:00:00Z", "dateTime", true),
            ("2025-02-28T10:00:00-05:00", "instant", true),
            ("2025-02-28T10:00:00", "dateTime", false),
            ("2025-02-28T10:00:00Z", "date", false),
            ("2025", "instant", false),
        ] {
            assert_eq!(is_date(text, code), right, "{text} as {code}");
        }
    }
}
