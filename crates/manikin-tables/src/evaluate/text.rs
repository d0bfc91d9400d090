//! Text: pattern matching, cutting and joining.

use std::fmt::Write as _;

use manikin_expression::{Type, calendar, power_of_ten};
use polars::prelude::{
    BooleanChunked, Float64Chunked, Int64Chunked, IntoSeries, PlSmallStr, StringChunked, StringChunkedBuilder,
};

use super::kernel::{Value, integers, settle, span, texts};

/// Builds a text column row by row in one reused buffer; `write` gives `false` for NULL.
fn build(values: &[Value], mut write: impl FnMut(&mut String) -> bool) -> Value {
    let rows = span(values);
    let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows.unwrap_or(1));
    let mut buffer = String::new();
    for _ in 0..rows.unwrap_or(1) {
        buffer.clear();
        if write(&mut buffer) {
            builder.append_value(&buffer);
        } else {
            builder.append_null();
        }
    }
    settle(Value::Column(builder.finish().into_series()), rows.is_none())
}

fn rows_of<'a, T>(
    values: &'a [Value],
    row: impl Iterator<Item = Option<T>> + 'a,
) -> (bool, impl Iterator<Item = Option<T>> + 'a) {
    let rows = span(values);
    (rows.is_none(), row.take(rows.unwrap_or(1)))
}

/// A boolean for each row of two texts.
pub(super) fn test(values: &[Value], test: impl Fn(&str, &str) -> bool) -> Value {
    let [a, b] = values else { return Value::Null };
    let (single, rows) = rows_of(values, texts(a).zip(texts(b)).map(|(a, b)| Some(test(a?, b?))));
    settle(Value::booleans(rows.collect::<BooleanChunked>()), single)
}

pub(super) fn length(values: &[Value]) -> Value {
    let [x] = values else { return Value::Null };
    let count = |x: &str| if x.is_ascii() { x.len() } else { x.chars().count() } as i64;
    let (single, rows) = rows_of(values, texts(x).map(|x| x.map(count)));
    settle(Value::Column(rows.collect::<Int64Chunked>().into_series()), single)
}

/// Changes case character by character; a letter whose other case is more than one character stays.
pub(super) fn cased(values: &[Value], upper: bool) -> Value {
    let [x] = values else { return Value::Null };
    let mut xs = texts(x);
    build(values, |out| {
        let Some(Some(x)) = xs.next() else { return false };
        if x.is_ascii() {
            out.push_str(x);
            if upper {
                out.make_ascii_uppercase()
            } else {
                out.make_ascii_lowercase()
            }
            return true;
        }
        for letter in x.chars() {
            let other = if upper {
                let mut all = letter.to_uppercase();
                all.next().filter(|_| all.next().is_none())
            } else {
                let mut all = letter.to_lowercase();
                all.next().filter(|_| all.next().is_none())
            };
            out.push(other.unwrap_or(letter));
        }
        true
    })
}

pub(super) fn concat(values: &[Value]) -> Value {
    let mut parts: Vec<_> = values.iter().map(texts).collect();
    build(values, |out| {
        let mut whole = true;
        for part in &mut parts {
            match part.next() {
                Some(Some(text)) => out.push_str(text),
                _ => whole = false,
            }
        }
        whole
    })
}

/// The byte range of `count` characters from character `start` (from 0).
fn cut(x: &str, start: usize, count: usize) -> &str {
    if x.is_ascii() {
        let from = start.min(x.len());
        return &x[from..from.saturating_add(count).min(x.len())];
    }
    let mut places = x.char_indices().map(|(at, _)| at).skip(start);
    let Some(from) = places.next() else { return "" };
    let to = if count == 0 { from } else { places.nth(count - 1).unwrap_or(x.len()) };
    &x[from..to]
}

fn count(n: i64) -> usize {
    usize::try_from(n.max(0)).unwrap_or(usize::MAX)
}

pub(super) fn substr(values: &[Value]) -> Value {
    let [x, start, rest @ ..] = values else { return Value::Null };
    let to_the_end = Value::Integer(i64::MAX);
    let (mut xs, mut starts) = (texts(x), integers(start));
    let mut lengths = integers(rest.first().unwrap_or(&to_the_end));
    build(values, |out| match (xs.next(), starts.next(), lengths.next()) {
        (Some(Some(x)), Some(Some(start)), Some(Some(length))) => {
            out.push_str(cut(x, count(start.max(1) - 1), count(length)));
            true
        }
        _ => false,
    })
}

pub(super) fn left(values: &[Value]) -> Value {
    let [x, n] = values else { return Value::Null };
    let (mut xs, mut ns) = (texts(x), integers(n));
    build(values, |out| match (xs.next(), ns.next()) {
        (Some(Some(x)), Some(Some(n))) => {
            out.push_str(cut(x, 0, count(n)));
            true
        }
        _ => false,
    })
}

pub(super) fn right(values: &[Value]) -> Value {
    let [x, n] = values else { return Value::Null };
    let (mut xs, mut ns) = (texts(x), integers(n));
    build(values, |out| match (xs.next(), ns.next()) {
        (Some(Some(x)), Some(Some(n))) => {
            let length = if x.is_ascii() { x.len() } else { x.chars().count() };
            out.push_str(cut(x, length.saturating_sub(count(n)), usize::MAX));
            true
        }
        _ => false,
    })
}

pub(super) fn replace(values: &[Value]) -> Value {
    let [x, from, to] = values else { return Value::Null };
    let (mut xs, mut froms, mut tos) = (texts(x), texts(from), texts(to));
    build(values, |out| match (xs.next(), froms.next(), tos.next()) {
        (Some(Some(x)), Some(Some(from)), Some(Some(to))) => {
            if from.is_empty() {
                out.push_str(x);
                return true;
            }
            let mut rest = x;
            while let Some(at) = rest.find(from) {
                out.push_str(&rest[..at]);
                out.push_str(to);
                rest = &rest[at + from.len()..];
            }
            out.push_str(rest);
            true
        }
        _ => false,
    })
}

pub(super) fn trim(values: &[Value]) -> Value {
    let [x] = values else { return Value::Null };
    let mut xs = texts(x);
    build(values, |out| match xs.next() {
        Some(Some(x)) => {
            out.push_str(x.trim_matches(' '));
            true
        }
        _ => false,
    })
}

/// A text is filled to no more characters than this; a longer one is NULL, as a mistyped length must not fill memory.
const LONGEST: i64 = 1_000_000;

pub(super) fn lpad(values: &[Value]) -> Value {
    let [x, n, fill] = values else { return Value::Null };
    let (mut xs, mut ns, mut fills) = (texts(x), integers(n), texts(fill));
    build(values, |out| match (xs.next(), ns.next(), fills.next()) {
        (Some(Some(x)), Some(Some(n)), Some(Some(fill))) if n <= LONGEST => {
            let wanted = count(n);
            let length = x.chars().count();
            for _ in length..wanted {
                out.push_str(fill);
            }
            out.push_str(cut(x, 0, wanted));
            true
        }
        _ => false,
    })
}

/// The check digit of a text of digits.
///
/// # Source
/// ISO/IEC 7812-1 annex B.
pub(super) fn luhn_digit(values: &[Value]) -> Value {
    let [x] = values else { return Value::Null };
    let mut xs = texts(x);
    build(values, |out| {
        let Some(Some(x)) = xs.next() else { return false };
        if x.is_empty() {
            return false;
        }
        let mut sum = 0_u64;
        for (place, byte) in x.bytes().rev().enumerate() {
            if !byte.is_ascii_digit() {
                return false;
            }
            let digit = u64::from(byte - b'0');
            sum += match place % 2 {
                0 if digit > 4 => digit * 2 - 9,
                0 => digit * 2,
                _ => digit,
            };
        }
        out.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
        true
    })
}

/// Writes a value as text.
pub(super) fn written(values: &[Value], ty: &Type) -> Value {
    let [x] = values else { return Value::Null };
    match ty {
        Type::Boolean => {
            let flags: Vec<Option<bool>> = match x {
                Value::Column(series) => series.bool().map(|all| all.iter().collect()).unwrap_or_default(),
                scalar => vec![scalar.as_boolean()],
            };
            let mut flags = flags.into_iter();
            build(values, |out| match flags.next() {
                Some(Some(flag)) => {
                    out.push_str(if flag { "true" } else { "false" });
                    true
                }
                _ => false,
            })
        }
        Type::Date => {
            let days: Vec<Option<i32>> = match x {
                Value::Column(series) => series.i32().map(|all| all.iter().collect()).unwrap_or_default(),
                Value::Date(day) => vec![Some(*day)],
                _ => vec![None],
            };
            let mut days = days.into_iter();
            build(values, |out| match days.next() {
                Some(Some(day)) => write_date(out, day),
                _ => false,
            })
        }
        Type::DateTime => {
            let mut moments = integers(x);
            build(values, |out| match moments.next() {
                Some(Some(moment)) => {
                    let day = moment.div_euclid(calendar::DAY) as i32;
                    let second = moment.rem_euclid(calendar::DAY) / calendar::SECOND;
                    write_date(out, day)
                        && write!(out, "T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60).is_ok()
                }
                _ => false,
            })
        }
        Type::Integer | Type::Decimal(_) => {
            let scale = if let Type::Decimal(scale) = ty { *scale } else { 0 };
            let one = power_of_ten(scale).unsigned_abs();
            let mut units = integers(x);
            build(values, |out| match units.next() {
                Some(Some(units)) if scale == 0 => write!(out, "{units}").is_ok(),
                Some(Some(units)) => {
                    let sign = if units < 0 { "-" } else { "" };
                    let units = units.unsigned_abs();
                    write!(out, "{sign}{}.{:0width$}", units / one, units % one, width = usize::from(scale)).is_ok()
                }
                _ => false,
            })
        }
        _ => x.clone(),
    }
}

fn write_date(out: &mut String, day: i32) -> bool {
    let (year, month, day) = calendar::civil(day);
    write!(out, "{year:04}-{month:02}-{day:02}").is_ok()
}

/// Whether a text is an optional sign and digits, with digits after a point where `fraction`.
fn spells_number(x: &str, fraction: bool) -> bool {
    let bare = x.strip_prefix(['+', '-']).unwrap_or(x);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match bare.split_once('.') {
        Some((whole, part)) => fraction && digits(whole) && digits(part),
        None => digits(bare),
    }
}

pub(super) fn number(values: &[Value]) -> Value {
    let [x] = values else { return Value::Null };
    let read = |x: &str| if spells_number(x, true) { x.parse().ok() } else { None };
    let (single, rows) = rows_of(values, texts(x).map(|x| x.and_then(read)));
    settle(Value::Column(rows.collect::<Float64Chunked>().into_series()), single)
}

pub(super) fn integer(values: &[Value]) -> Value {
    let [x] = values else { return Value::Null };
    let read = |x: &str| if spells_number(x, false) { x.parse().ok() } else { None };
    let (single, rows) = rows_of(values, texts(x).map(|x| x.and_then(read)));
    settle(Value::Column(rows.collect::<Int64Chunked>().into_series()), single)
}

/// Matches a constant pattern; patterns of one piece run as plain searches.
pub(super) fn like(of: &Value, pattern: &str) -> Value {
    let values = std::slice::from_ref(of);
    let run = |matches: &dyn Fn(&str) -> bool| {
        let column = match of {
            Value::Column(series) => series.str().ok().cloned(),
            Value::Text(text) => return Value::Boolean(matches(text)),
            _ => None,
        };
        match column {
            Some(column) => Value::booleans(tested(&column, matches)),
            None => Value::Null,
        }
    };
    debug_assert_eq!(values.len(), 1);
    let body = pattern.trim_matches('%');
    if pattern.contains('_') || body.contains('%') {
        let pieces: Vec<&str> = pattern.split('%').collect();
        return run(&|text| pieces_match(text, &pieces));
    }
    match (pattern.starts_with('%'), pattern.ends_with('%')) {
        _ if !pattern.contains('%') => run(&|text| text == pattern),
        (false, _) => run(&|text| text.starts_with(body)),
        (_, false) => run(&|text| text.ends_with(body)),
        _ => run(&|text| text.contains(body)),
    }
}

fn tested(column: &StringChunked, matches: &dyn Fn(&str) -> bool) -> BooleanChunked {
    column.iter().map(|text| text.map(matches)).collect()
}

/// Pieces between `%`: the first at the start, the last at the end, the others in order between.
fn pieces_match(text: &str, pieces: &[&str]) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| prefix(text, only) == Some(text.len()));
    };
    let Some(mut at) = prefix(text, first) else { return false };
    for piece in middle {
        let mut places = text[at..].char_indices().map(|(step, _)| at + step).chain([text.len()]);
        match places.find_map(|place| prefix(&text[place..], piece).map(|length| place + length)) {
            Some(end) => at = end,
            None => return false,
        }
    }
    let wanted = last.chars().count();
    let left = text[at..].chars().count();
    left >= wanted && prefix(cut(&text[at..], left - wanted, usize::MAX), last).is_some()
}

/// How many bytes of the text a piece covers at its start; `_` covers any one character.
fn prefix(text: &str, piece: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    for wanted in piece.chars() {
        let (_, found) = letters.next()?;
        if wanted != '_' && wanted != found {
            return None;
        }
    }
    Some(letters.next().map_or(text.len(), |(at, _)| at))
}
