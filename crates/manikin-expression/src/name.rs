//! Names of entities and fields.

/// Words that expressions use for something else.
pub const RESERVED: &[&str] = &[
    "and",
    "as_of",
    "between",
    "case",
    "else",
    "end",
    "false",
    "in",
    "is",
    "item",
    "like",
    "not",
    "null",
    "or",
    "period_end",
    "period_start",
    "then",
    "true",
    "when",
];

/// The name that a table or column of a dataset made elsewhere has in a spec: in lower case, with `_` for whatever is no
/// letter or digit, `x_` before a digit and `_value` after a word of the expression language.
///
/// ```
/// use manikin_expression::plain_name;
/// assert_eq!(plain_name("BIRTHDATE"), "birthdate");
/// assert_eq!(plain_name("Marital-Status (code)"), "marital_status_code");
/// assert_eq!(plain_name("END"), "end_value");
/// assert_eq!(plain_name("1st"), "x_1st");
/// ```
pub fn plain_name(text: &str) -> String {
    const LONGEST: usize = 63;
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('_');
    if name.is_empty() {
        "column".to_owned()
    } else if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("x_{name}").chars().take(LONGEST).collect()
    } else if RESERVED.contains(&name) {
        format!("{name}_value")
    } else {
        name.to_owned()
    }
}
