//! The digest of a spec: the same for the same meaning, whatever the order of keys, comments and layout.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of a merged document and what it reads: SHA-256 over the canonical JSON of all.
///
/// `tables` are names with the SHA-256 of their content, in any order; `model` is the SHA-256 of its potentials.
///
/// # Source
/// Canonical JSON as in RFC 8785 (JSON Canonicalization Scheme): no white space, keys in the order of their UTF-16
/// code units, numbers as ECMAScript writes them.
pub fn of<'a>(document: &Value, tables: impl IntoIterator<Item = (&'a str, &'a str)>, model: Option<&str>) -> String {
    let mut tables: Vec<(&str, &str)> = tables.into_iter().collect();
    tables.sort_unstable();
    let tables = tables.into_iter().map(|(name, sha256)| (name.to_owned(), sha256.into()));
    let mut whole = serde_json::Map::new();
    whole.insert("document".to_owned(), document.clone());
    whole.insert("tables".to_owned(), Value::Object(tables.collect()));
    whole.extend(model.map(|sha256| ("model".to_owned(), sha256.into())));
    sha256(canonical(&Value::Object(whole)).as_bytes())
}

/// JSON in its canonical form (RFC 8785).
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write_number(number, text),
        Value::String(value) => text.push_str(&quoted(value)),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            text.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&quoted(key));
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}

/// JSON's escapes as `serde_json` writes them are those of RFC 8785: short ones where they exist, else `\u00xx`.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A number as ECMAScript's `Number::toString` writes it. Whole numbers beyond 2^53 keep all their digits, which
/// differs from RFC 8785 but loses nothing: a seed may be any 64-bit number.
fn write_number(number: &serde_json::Number, text: &mut String) {
    let whole = number.as_u64().map(|n| n.to_string()).or_else(|| number.as_i64().map(|n| n.to_string()));
    if let Some(whole) = whole {
        text.push_str(&whole);
        return;
    }
    let value = number.as_f64().unwrap_or(0.0);
    if value == 0.0 {
        text.push('0');
        return;
    }
    // Rust's `{:e}` gives the shortest digits that read back as the same number.
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    // The position of the decimal point, counted from the left of the digits.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if value < 0.0 {
        text.push('-');
    }
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let split = usize::try_from(point).unwrap_or(0).min(digits.len());
    if count <= point && point <= 21 {
        text.push_str(&digits);
        text.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        text.push_str(&format!("{}.{}", &digits[..split], &digits[split..]));
    } else if -6 < point && point <= 0 {
        text.push_str(&format!("0.{}{digits}", zeros(-point)));
    } else {
        let (first, rest) = digits.split_at(1);
        let sign = if point > 0 { '+' } else { '-' };
        let dot = if rest.is_empty() { "" } else { "." };
        text.push_str(&format!("{first}{dot}{rest}e{sign}{}", (point - 1).abs()));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        // The examples of RFC 8785, appendix B, that are finite.
        for (bits, expected) in [
            (0x0000_0000_0000_0001_u64, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            let value = json!(f64::from_bits(bits));
            assert_eq!(canonical(&value), expected);
        }
        assert_eq!(canonical(&json!(-0.0)), "0");
        assert_eq!(canonical(&json!(u64::MAX)), "18446744073709551615");
    }

    #[test]
    fn keys_are_sorted_by_utf16_and_1_0_equals_1() {
        let value = json!({"\u{20ac}": 1.0, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6});
        assert_eq!(canonical(&value), "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}");
    }
}
