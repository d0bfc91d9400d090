//! Texts of foreign datasets as values of a type.

use manikin_expression::{Type, calendar, exact_units};
use manikin_tables::Column;

use crate::document::ColumnType;

/// The texts of a column as values of a type, and the rows whose text is none.
pub(crate) fn column(texts: &[Option<String>], ty: &Type) -> (Column, Vec<u32>) {
    let mut failed = Vec::new();
    let mut each = |row: usize, text: &Option<String>| -> Option<i64> {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let units = units(text, ty);
        if units.is_none() {
            failed.push(row as u32);
        }
        units
    };
    let column = match ty {
        Type::Float => {
            let mut failed_floats = Vec::new();
            let values: Vec<Option<f64>> = texts
                .iter()
                .enumerate()
                .map(|(row, text)| {
                    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
                    let value = float(text);
                    if value.is_none() {
                        failed_floats.push(row as u32);
                    }
                    value
                })
                .collect();
            failed = failed_floats;
            Column::optional_floats(values)
        }
        Type::Boolean => Column::booleans(
            texts.iter().enumerate().map(|(row, text)| each(row, text).map(|unit| unit == 1)).collect::<Vec<_>>(),
        ),
        Type::Date => {
            let days: Vec<Option<i32>> = texts
                .iter()
                .enumerate()
                .map(|(row, text)| each(row, text).and_then(|day| i32::try_from(day).ok()))
                .collect();
            Column::dates(days)
        }
        Type::Integer | Type::Decimal(_) | Type::DateTime | Type::Interval(_) => {
            let units: Vec<Option<i64>> = texts.iter().enumerate().map(|(row, text)| each(row, text)).collect();
            Column::units(units, ty.clone())
        }
        Type::List(_) => {
            let lists: Vec<Option<Vec<String>>> = texts.iter().map(|text| text.as_deref().and_then(list)).collect();
            Column::lists(&lists)
        }
        Type::Text | Type::Null => Column::texts(texts.iter().map(Option::as_deref)),
    };
    (column, failed)
}

/// A text as the 64-bit units of a type.
fn units(text: &str, ty: &Type) -> Option<i64> {
    match ty {
        Type::Boolean => match text {
            "true" | "True" | "TRUE" | "1" | "t" => Some(1),
            "false" | "False" | "FALSE" | "0" | "f" => Some(0),
            _ => None,
        },
        Type::Integer => text.parse().ok().or_else(|| whole(text)),
        // What has more digits than the field is rounded: amounts elsewhere carry fractions of a cent.
        Type::Decimal(scale) => float(text).and_then(|value| exact_units(value, *scale)).or_else(|| {
            let value = float(text)?;
            let factor = (0..*scale).fold(1.0, |factor, _| factor * 10.0);
            let scaled = (value * factor).round();
            (scaled.abs() < 9.0e15).then_some(scaled as i64)
        }),
        Type::Date => day(text).map(i64::from),
        Type::DateTime => moment(text),
        _ => None,
    }
}

fn whole(text: &str) -> Option<i64> {
    let value = float(text)?;
    (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(value as i64)
}

fn float(text: &str) -> Option<f64> {
    // Rust reads `nan` and `inf`, which no dataset means as numbers.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|value| plain && value.is_finite())
}

/// The day of a date, or of a moment: `2025-03-09`, `20250309`, `2025-03-09T10:00:00Z`. A year or month alone is its
/// first day, as FHIR's partial dates are commonly read.
fn day(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        if !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(part).ok()?.parse().ok()
    };
    let date = |year: i64, month: i64, day: i64| calendar::date(year, month, day);
    match bytes.len() {
        4 => date(number(0, 4)?, 1, 1),
        7 if bytes[4] == b'-' => date(number(0, 4)?, number(5, 7)?, 1),
        8 if bytes.iter().all(u8::is_ascii_digit) => date(number(0, 4)?, number(4, 6)?, number(6, 8)?),
        10.. if bytes[4] == b'-' && bytes[7] == b'-' => {
            let rest = &text.get(10..)?;
            if !rest.is_empty() && !rest.starts_with(['T', ' ']) {
                return None;
            }
            date(number(0, 4)?, number(5, 7)?, number(8, 10)?)
        }
        _ => None,
    }
}

/// Microseconds of a moment as its wall clock showed it; an offset is left out, for times here are local.
fn moment(text: &str) -> Option<i64> {
    const MICROS: i64 = 1_000_000;
    let midnight = i64::from(day(text)?) * 86_400 * MICROS;
    let Some(time) = text.get(10..).map(|rest| rest.trim_start_matches(['T', ' '])).filter(|rest| !rest.is_empty())
    else {
        return Some(midnight);
    };
    let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let mut parts = time[..end].split(':');
    let (hour, minute) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second = second.parse::<i64>().ok()?;
    if parts.next().is_some() || !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let micros =
        fraction.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    Some(midnight + ((hour * 60 + minute) * 60 + second) * MICROS + micros)
}

/// A list written as a JSON array of texts; any other text is a list of itself.
fn list(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return None;
    }
    Some(serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()]))
}

impl ColumnType {
    /// The type of expressions.
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Text => Type::Text,
            Self::Integer => Type::Integer,
            Self::Number => Type::Float,
            Self::Boolean => Type::Boolean,
            Self::Date => Type::Date,
            Self::Datetime => Type::DateTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments_of_every_common_form_are_read() {
        let first = calendar::date(2025, 3, 9).unwrap();
        for text in ["2025-03-09", "20250309", "2025-03-09T23:59:59-05:00", "2025-03-09 01:02:03"] {
            assert_eq!(day(text), Some(first), "{text}");
        }
        assert_eq!((day("2025"), day("2025-03")), (calendar::date(2025, 1, 1), calendar::date(2025, 3, 1)));
        for text in ["2025-02-30", "09/03/2025", "2025-3-9", "", "2025-03-09x", "٢٠٢٥-٠٣-٠٩"] {
            assert_eq!(day(text), None, "{text}");
        }
        let midnight = i64::from(first) * 86_400_000_000;
        assert_eq!(moment("2025-03-09T01:00:00.25+02:00"), Some(midnight + 3_600_250_000));
        assert_eq!(moment("2025-03-09"), Some(midnight));
        assert_eq!(moment("2025-03-09T10:30Z"), Some(midnight + 37_800_000_000));
        for text in ["2025-03-09T25:00:00", "2025-03-09T10", "2025-03-09T10:61:00", "2025-03-09T10:00:00.x"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_value_is_told_by_its_row_and_becomes_null() {
        let texts: Vec<Option<String>> =
            [Some("1"), Some("x"), None, Some(""), Some("2.0"), Some("nan")].map(|text| text.map(str::to_owned)).into();
        let (integers, failed) = column(&texts, &Type::Integer);
        assert_eq!(integers, Column::units([Some(1), None, None, None, Some(2), None], Type::Integer));
        assert_eq!(failed, [1, 5]);
        let (_, failed) = column(&texts, &Type::Float);
        assert_eq!(failed, [1, 5]);
    }
}
