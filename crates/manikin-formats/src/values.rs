//! Texts and JSON values to typed columns, keeping every value that does not fit as a finding.

use manikin_expression::{Type, calendar, exact_units, power_of_ten};
use polars::prelude::{
    Column, IntoColumn, IntoSeries, ListBuilderTrait, ListStringChunkedBuilder, NamedFrom, PolarsResult, Series,
    StringChunkedBuilder,
};
use serde_json::Value;

use manikin_tables::physical_type;

/// A column being read.
pub(crate) struct ColumnBuilder {
    name: String,
    ty: Type,
    values: Values,
}

enum Values {
    Boolean(Vec<Option<bool>>),
    /// Integers, and the units of decimals.
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(StringChunkedBuilder),
    Date(Vec<Option<i32>>),
    DateTime(Vec<Option<i64>>),
    List(Box<ListStringChunkedBuilder>),
}

/// JSON's fractions pass through binary floats, which tell decimals of fifteen digits apart and no longer ones.
const EXACT: u64 = 1_000_000_000_000_000;

/// The value is not of the column's type; the row holds null instead.
pub(crate) struct DoesNotFit;

impl ColumnBuilder {
    /// A column of a type that files hold.
    pub(crate) fn new(name: &str, ty: &Type) -> Self {
        let values = match ty {
            Type::Boolean => Values::Boolean(Vec::new()),
            Type::Integer | Type::Decimal(_) => Values::Integer(Vec::new()),
            Type::Float => Values::Float(Vec::new()),
            Type::Date => Values::Date(Vec::new()),
            Type::DateTime => Values::DateTime(Vec::new()),
            Type::List(_) => Values::List(Box::new(ListStringChunkedBuilder::new(name.into(), 0, 0))),
            _ => Values::Text(StringChunkedBuilder::new(name.into(), 0)),
        };
        Self { name: name.to_owned(), ty: ty.clone(), values }
    }

    /// Appends no value.
    pub(crate) fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(None),
            Values::Integer(values) | Values::DateTime(values) => values.push(None),
            Values::Float(values) => values.push(None),
            Values::Text(values) => values.append_null(),
            Values::Date(values) => values.push(None),
            Values::List(values) => values.append_null(),
        }
    }

    /// Appends the value that a text stands for.
    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), DoesNotFit> {
        let fits = match &mut self.values {
            Values::Boolean(values) => push(values, boolean(text)),
            Values::Integer(values) => match self.ty {
                Type::Decimal(scale) => push(values, decimal(text, scale)),
                _ => push(values, text.parse().ok()),
            },
            Values::Float(values) => push(values, text.parse().ok().filter(|value: &f64| value.is_finite())),
            Values::Text(values) => {
                values.append_value(text);
                true
            }
            Values::Date(values) => push(values, calendar::parse_date(text)),
            Values::DateTime(values) => push(values, wall_clock(text)),
            Values::List(values) => match serde_json::from_str::<Vec<Option<String>>>(text) {
                Ok(elements) => {
                    append_list(values, &elements);
                    true
                }
                Err(_) => {
                    values.append_null();
                    false
                }
            },
        };
        if fits { Ok(()) } else { Err(DoesNotFit) }
    }

    /// Appends a JSON value: texts only to columns of text, date or time, numbers only to columns of numbers.
    pub(crate) fn push_json(&mut self, value: &Value) -> Result<(), DoesNotFit> {
        let textual = matches!(self.ty, Type::Text | Type::Date | Type::DateTime);
        match value {
            Value::Null => {
                self.push_null();
                Ok(())
            }
            Value::String(text) if textual => self.push_text(text),
            Value::Bool(value) if self.ty == Type::Boolean => self.push_text(if *value { "true" } else { "false" }),
            Value::Number(number) if self.ty.is_number() => match (&self.ty, number.as_i64(), number.as_f64()) {
                (Type::Decimal(scale), None, Some(value)) => match exact_units(value, *scale) {
                    Some(units) if units.unsigned_abs() < EXACT => self.push_units(units),
                    _ => self.refuse(),
                },
                _ => self.push_text(&number.to_string()),
            },
            Value::Array(_) if matches!(self.ty, Type::List(_)) => self.push_text(&value.to_string()),
            _ => self.refuse(),
        }
    }

    /// The column, held as [`physical_type`] says.
    pub(crate) fn finish(self) -> PolarsResult<Column> {
        let name = self.name.as_str().into();
        let series = match self.values {
            Values::Boolean(values) => Series::new(name, values),
            Values::Integer(values) => Series::new(name, values),
            Values::Float(values) => Series::new(name, values),
            Values::Text(values) => values.finish().into_series(),
            Values::Date(values) => Series::new(name, values),
            Values::DateTime(values) => Series::new(name, values),
            Values::List(mut values) => values.finish().into_series(),
        };
        Ok(series.cast(&physical_type(&self.ty))?.into_column())
    }

    fn push_units(&mut self, units: i64) -> Result<(), DoesNotFit> {
        if let Values::Integer(values) = &mut self.values {
            values.push(Some(units));
        }
        Ok(())
    }

    fn refuse(&mut self) -> Result<(), DoesNotFit> {
        self.push_null();
        Err(DoesNotFit)
    }
}

fn push<T>(values: &mut Vec<Option<T>>, value: Option<T>) -> bool {
    let fits = value.is_some();
    values.push(value);
    fits
}

fn append_list(values: &mut ListStringChunkedBuilder, elements: &[Option<String>]) {
    values.append_trusted_len_iter(elements.iter().map(Option::as_deref));
}

/// A moment as its clock showed it: `Z` and offsets, which other tools write, are left out, for times here are local.
fn wall_clock(text: &str) -> Option<i64> {
    let zone = text.get(16..).and_then(|rest| rest.find(['Z', '+', '-'])).map(|at| text.split_at(16 + at));
    let Some((time, zone)) = zone else { return calendar::parse_datetime(text) };
    let is_digit = |at: usize| zone.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let is_offset = zone.len() == 6 && zone.as_bytes()[3] == b':' && [1, 2, 4, 5].into_iter().all(is_digit);
    (zone == "Z" || is_offset).then(|| calendar::parse_datetime(time))?
}

fn boolean(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The units of a decimal text, when it has no more digits after the point than the scale, zeros aside.
pub(crate) fn decimal(text: &str, scale: u8) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !plain(whole) || !plain(part) || part.len() > usize::from(scale) {
        return None;
    }
    // Built up as a negative number, which reaches one further than a positive one.
    let mut units = 0_i64;
    for byte in whole.bytes().chain(part.bytes()) {
        units = units.checked_mul(10)?.checked_sub(i64::from(byte - b'0'))?;
    }
    let missing = u8::try_from(usize::from(scale) - part.len()).ok()?;
    let units = units.checked_mul(power_of_ten(missing))?;
    if negative { Some(units) } else { units.checked_neg() }
}

/// The narrowest type that every text of a column is written in, and text when none fits or there are none.
///
/// Integers with leading zeros, such as ZIP codes, stay text. Numbers that all have the same digits after the point
/// are decimals of that scale.
pub(crate) fn infer(texts: &[&str]) -> Type {
    let all = |fits: &dyn Fn(&str) -> bool| texts.iter().all(|text| fits(text));
    let Some(first) = texts.first() else { return Type::Text };
    if all(&|text| text == "true" || text == "false") {
        return Type::Boolean;
    }
    if all(&|text| is_canonical(text) && text.parse::<i64>().is_ok()) {
        return Type::Integer;
    }
    if let Some(scale) = scale_of(first).filter(|scale| *scale <= manikin_expression::MAX_SCALE)
        && all(&|text| is_canonical(text) && scale_of(text) == Some(scale) && decimal(text, scale).is_some())
    {
        return Type::Decimal(scale);
    }
    if all(&|text| is_canonical(text) && text.parse::<f64>().is_ok_and(f64::is_finite)) {
        return Type::Float;
    }
    if all(&|text| calendar::parse_date(text).is_some()) {
        return Type::Date;
    }
    if all(&|text| wall_clock(text).is_some()) {
        return Type::DateTime;
    }
    if all(&|text| text.starts_with('[') && serde_json::from_str::<Vec<Option<String>>>(text).is_ok()) {
        return Type::List(Box::new(Type::Text));
    }
    Type::Text
}

/// Digits, perhaps after a minus sign, without leading zeros: what a number looks like and a code often does not.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits {
        [b'0'] | [b'0', b'.', ..] => true,
        [first, ..] => (b'1'..=b'9').contains(first),
        [] => false,
    }
}

fn scale_of(text: &str) -> Option<u8> {
    let (_, part) = text.split_once('.')?;
    u8::try_from(part.len()).ok().filter(|scale| *scale > 0)
}
