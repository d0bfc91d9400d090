//! Places inside scalars are exact, so that a mistake in an expression points to its word.

use manikin_diagnostic::{Sources, Span};
use manikin_spec::node::{Node, Value};
use manikin_spec::yaml;

fn parsed(text: &str) -> (Sources, Node) {
    let mut sources = Sources::new();
    let (node, diagnostics) = yaml::load("a.yaml", text.as_bytes().to_vec(), &mut sources);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    (sources, node.expect("the text is read"))
}

/// What the file holds where `word` stands in the value of `key`.
fn found(text: &str, word: &str) -> String {
    let (sources, node) = parsed(text);
    let scalar = node.get("key").expect("the key is there");
    let value = scalar.written().expect("a scalar");
    let start = value.find(word).expect("the word is in the value");
    let span = scalar.span_within(&sources, start..start + word.len());
    sources.slice(span).to_owned()
}

#[test]
fn a_word_in_a_scalar_is_found_however_the_scalar_is_written() {
    assert_eq!(found("key: a + birth_date\n", "birth_date"), "birth_date");
    assert_eq!(found("key: 'a + birth_date'\n", "birth_date"), "birth_date");
    assert_eq!(found("key: \"a + birth_date\" # birth_date\n", "birth_date"), "birth_date");
    assert_eq!(found("key: 'class = ''IMP'' and x'\n", "and"), "and");
    assert_eq!(found("key: \"class = \\\"IMP\\\" and x\"\n", "and"), "and");
    assert_eq!(found("key: >\n  one +\n  two -\n  three\nmore: 1\n", "two"), "two");
    assert_eq!(found("key: |\n    one +\n      two -\n    three\n", "three"), "three");
    assert_eq!(found("key: one\n  and two\n  and three\n", "three"), "three");
    assert_eq!(found("key: 'ä ö = ü'\n", "ü"), "ü");
    // An escape makes the written text differ: the whole scalar is named.
    assert_eq!(found("key: \"a\\tb + c\"\n", "c"), "\"a\\tb + c\"");
}

#[test]
fn places_are_found_by_path_or_the_nearest_around() {
    let text = "a:\n  b: [1, {c: 2}]\n  d: x\n";
    let (sources, node) = parsed(text);
    let at = |path: &[&str]| sources.slice(node.span_of(path)).to_owned();
    assert_eq!(at(&["a", "b", "1", "c"]), "2");
    assert_eq!(at(&["a", "b", "1"]), "{c: 2}");
    assert_eq!(at(&["a"]), "a");
    assert_eq!(at(&["a", "missing"]), "a");
    assert_eq!(at(&["a", "d", "deeper"]), "x");
    assert_eq!(sources.slice(node.key_span_of(&["a", "d"])), "d");
    assert_eq!(sources.slice(node.span), text.trim_end());
}

#[test]
fn scalars_follow_the_core_schema_except_that_leading_zeros_stay_text() {
    let (_, node) = parsed(
        "[null, ~, true, 12, -3, 0x1F, 0o17, 1.5, .5, 1e3, 00012, 0, -0, 0.5, -01, 2025-01-01, 85%, yes, .inf, 1e999, '12', 12_000, 1:30, '']",
    );
    let kinds: Vec<String> = node
        .items()
        .iter()
        .map(|item| match &item.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number, _) => format!("{number}"),
            Value::Text(text) => format!("{text:?}"),
            Value::List(_) | Value::Map(_) => "?".to_owned(),
        })
        .collect();
    assert_eq!(
        kinds.join(" "),
        "null null true 12 -3 31 15 1.5 0.5 1000.0 \"00012\" 0 0 0.5 \"-01\" \"2025-01-01\" \"85%\" \"yes\" \".inf\" \
         \"1e999\" \"12\" \"12_000\" \"1:30\" \"\""
    );
}

#[test]
fn keys_are_text_as_written() {
    let (_, node) = parsed("{00012: 1, 1.50: 2, true: 3, null: 4, 'a b': 5}");
    let keys: Vec<&str> = node.entries().iter().map(|(key, _)| key.text.as_str()).collect();
    assert_eq!(keys, ["00012", "1.50", "true", "null", "a b"]);
}

#[test]
fn a_span_outside_the_value_is_the_end_of_the_value() {
    let (sources, node) = parsed("key: abc\n");
    let scalar = node.get("key").expect("the key is there");
    let span = scalar.span_within(&sources, 90..99);
    assert_eq!(span, Span::new(span.file, 8, 8));
}
