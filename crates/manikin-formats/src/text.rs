//! Values as bytes of text, shared by the text formats: no allocation per value.

use manikin_expression::calendar;

use crate::columns::Lists;

const PAIRS: [[u8; 2]; 100] = pairs();

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
}

/// Appends an integer.
#[inline]
pub fn push_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest text that reads back as the same finite number.
#[inline]
pub fn push_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Appends a decimal with exactly `scale` digits after the point.
#[inline]
pub fn push_decimal(out: &mut Vec<u8>, units: i64, scale: u8) {
    if scale == 0 {
        return push_integer(out, units);
    }
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(units.unsigned_abs()).as_bytes();
    if units < 0 {
        out.push(b'-');
    }
    let scale = usize::from(scale);
    if digits.len() > scale {
        let (whole, part) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(part);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + scale - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// Appends `YYYY-MM-DD`; the day lies in years 1 to 9999.
#[inline]
pub fn push_date(out: &mut Vec<u8>, day: i32) {
    out.extend_from_slice(&date(day));
}

/// Appends `YYYY-MM-DDTHH:MM:SS`, and six digits of a second when it is not whole.
#[inline]
pub fn push_datetime(out: &mut Vec<u8>, micros: i64) {
    let (day, rest) = (micros.div_euclid(calendar::DAY), micros.rem_euclid(calendar::DAY));
    let (seconds, part) = ((rest / calendar::SECOND) as usize, (rest % calendar::SECOND) as usize);
    let [h1, h2] = PAIRS[seconds / 3600];
    let [m1, m2] = PAIRS[seconds / 60 % 60];
    let [s1, s2] = PAIRS[seconds % 60];
    out.extend_from_slice(&date(day as i32));
    out.extend_from_slice(&[b'T', h1, h2, b':', m1, m2, b':', s1, s2]);
    if part != 0 {
        let ([a, b], [c, d], [e, f]) = (PAIRS[part / 10_000], PAIRS[part / 100 % 100], PAIRS[part % 100]);
        out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
    }
}

#[inline]
fn date(day: i32) -> [u8; 10] {
    let (year, month, day) = calendar::civil(day);
    let year = year as usize % 10_000;
    let [y1, y2] = PAIRS[year / 100];
    let [y3, y4] = PAIRS[year % 100];
    let [m1, m2] = PAIRS[month as usize % 100];
    let [d1, d2] = PAIRS[day as usize % 100];
    [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
}

/// Bytes that a JSON string cannot hold as they are.
const JSON_ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Appends a JSON string, quotes included.
#[inline]
pub fn push_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        if JSON_ESCAPED[usize::from(byte)] {
            out.extend_from_slice(&bytes[from..place]);
            push_json_escape(out, byte);
            from = place + 1;
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

#[cold]
fn push_json_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        _ => {
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]])
        }
    }
}

/// Appends a list of texts as a JSON array.
pub(crate) fn push_json_list(out: &mut Vec<u8>, lists: Lists<'_>, row: usize) {
    out.push(b'[');
    for (place, element) in lists.elements(row).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match element {
            Some(text) => push_json_text(out, text),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_expression::{calendar, decimal_text};

    fn shown(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn decimals_are_written_as_the_plain_writer_does() {
        for units in [0, 1, -1, 5, 99, 100, -100, 12_345, -1_205, i64::MAX, i64::MIN] {
            for scale in [0, 1, 2, 9, 18] {
                assert_eq!(shown(|out| push_decimal(out, units, scale)), decimal_text(units, scale));
            }
        }
    }

    #[test]
    fn dates_and_times_are_written_as_the_plain_writer_does() {
        for day in (calendar::FIRST_DAY..=calendar::LAST_DAY).step_by(997) {
            assert_eq!(shown(|out| push_date(out, day)), calendar::date_text(day));
            let micros = i64::from(day) * calendar::DAY + 30_015 * calendar::SECOND + i64::from(day % 2).abs() * 7;
            assert_eq!(shown(|out| push_datetime(out, micros)), calendar::datetime_text(micros, 'T'));
        }
    }

    #[test]
    fn json_text_reads_back_as_it_was() {
        let text: String = (0..0x300).filter_map(char::from_u32).collect();
        let json = shown(|out| push_json_text(out, &text));
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
