//! `docs/functions.md` says what the registry says. `MANIKIN_UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use manikin_expression::functions::{Definition, REGISTRY};

/// Headings, and the function of the registry that each begins with.
const PARTS: &[(&str, &str)] = &[
    ("Numbers", "abs"),
    ("Choosing between values", "if"),
    ("Text", "length"),
    ("Dates and times", "year"),
    ("Conversions", "text"),
    ("Lists", "size"),
    ("Child rows", "sum"),
    ("Tables and rows read as tables", "lookup"),
];

const HEAD: &str = "\
# Functions

<!-- Written from the registry in crates/manikin-expression/src/functions by a test; run it with MANIKIN_UPDATE=1. -->

What an expression may call. Operators, names and the treatment of NULL are in
[the guide](spec-language.md#rules-and-expressions). A parameter in brackets may be left out; `…` repeats. NULL in gives
NULL out unless the text says otherwise.
";

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for definition in REGISTRY {
        if let Some((heading, _)) = PARTS.iter().find(|(_, first)| *first == definition.name) {
            let _ = write!(text, "\n## {heading}\n\n| function | what it gives | examples |\n|---|---|---|\n");
        }
        let _ =
            writeln!(text, "| `{}` | {} | {} |", cell(definition.usage), cell(definition.doc), examples(definition));
    }
    text
}

fn examples(definition: &Definition) -> String {
    let shown =
        definition.examples.iter().map(|example| format!("`{}` → `{}`", cell(example.call), cell(example.value)));
    shown.collect::<Vec<_>>().join("<br>")
}

/// A bar would end the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn every_heading_begins_with_a_function_of_the_registry() {
    for (heading, first) in PARTS {
        assert!(REGISTRY.iter().any(|definition| definition.name == *first), "{heading}: {first}");
    }
    assert_eq!(REGISTRY.first().map(|definition| definition.name), Some(PARTS[0].1));
}

#[test]
fn the_function_reference_says_what_the_registry_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/functions.md");
    let expected = reference();
    if std::env::var_os("MANIKIN_UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("docs/functions.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/functions.md is out of date; run `MANIKIN_UPDATE=1 cargo test -p manikin-expression`"
    );
}
