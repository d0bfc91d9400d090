//! No input makes the reader panic, and what it says always has a place inside the text.

use std::collections::BTreeMap;

use manikin_diagnostic::{Color, Sources};
use manikin_spec::{read, yaml};
use proptest::prelude::*;

/// A document that uses every part of the reader.
const REAL: &str = r#"manikin: 1
product: claims-prototype
period: {from: 2025-01-01, to: 2025-12-31}
seed: 7
use: [base]
settings: &s {a: 1, <<: {b: 2}}
tables:
  t: {csv: t.csv, key: code, columns: {code: text}}
  u: {rows: [{a: 1, b: '00012'}, {a: null, b: "x\ty"}]}
entities:
  patient: {count: 200, subject: true, locked: [count]}
  claim:
    per: patient
    count: {total: 1000, min: 1, spread: {gamma: {shape: 1.2}}}
    means: >
      One request
      for payment.
    fields:
      status: {choice: {Paid: 85%, Denied: 10%, Pending: 5%}, exact: true}
      paid: {cases: [{when: "status = 'Paid'", normal: {mean: 5, sd: 1}}, {constant: 0}]}
    rules: {r: paid >= 0, s: null}
edge_cases: {e: {entity: claim, rate: 1%, clear: status, breaks: claim.r}}
"#;
const BASE: &str = "use: []\nentities: {claim: {rules: {s: a, t: b}, locked: [per], per: patient}}\n";
const TABLE: &str = "code,n\nA,1\n\"B, C\",2\n";

fn check(main: &[u8], base: &[u8], table: &[u8]) -> Result<(), TestCaseError> {
    let files: BTreeMap<String, Vec<u8>> = [("a.yaml", main), ("base.yaml", base), ("t.csv", table)]
        .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
        .into();
    let reading = read("a.yaml", &files);
    for diagnostic in &reading.diagnostics {
        if let Some(span) = diagnostic.span {
            let text = reading.sources.text(span.file);
            prop_assert!(span.end as usize <= text.len(), "{diagnostic:?}");
            prop_assert!(text.get(span.range()).is_some(), "{diagnostic:?} cuts a character");
        }
    }
    let shown = reading.diagnostics.render(&reading.sources, Color::Never);
    let escapes = shown.contains('\u{1b}');
    prop_assert!(!escapes);
    let _ = reading.diagnostics.to_json(&reading.sources);
    prop_assert_eq!(reading.digest.is_some(), reading.document.is_some() && !reading.diagnostics.has_errors());
    Ok(())
}

/// The bytes with some of them replaced, removed, repeated or moved.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        "[\\[\\]{}:,&*!|>'\"%@`#?~ \n\t<-]{1,4}".prop_map(String::into_bytes),
        prop_oneof![
            Just("null"),
            Just("*s"),
            Just("&s "),
            Just("<<: "),
            Just("- "),
            Just("ö"),
            Just("---\n"),
            Just("{}")
        ]
        .prop_map(|text| text.as_bytes().to_vec()),
        (0..length, 0..40usize).prop_map(move |(at, n)| text.as_bytes()[at..(at + n).min(length)].to_vec()),
    ];
    proptest::collection::vec((0..length, 0..12usize, piece), 1..5).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, removed, piece) in edits {
            let at = at.min(bytes.len());
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        bytes
    })
}

#[test]
fn the_unchanged_document_has_no_problems() {
    let files: BTreeMap<String, &str> =
        [("a.yaml", REAL), ("base.yaml", BASE), ("t.csv", TABLE)].map(|(name, text)| (name.to_owned(), text)).into();
    let reading = read("a.yaml", &files);
    assert_eq!(reading.diagnostics.render(&reading.sources, Color::Never), "");
    assert!(reading.digest.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes, &bytes, &bytes)?;
    }

    #[test]
    fn any_yaml_like_text_is_read_without_a_panic(text in "([a-c]|[0-9]|[\\[\\]{}:,&*!|>'\"%@`#?~. \n\t<-]|ö|\r\n|: |- ){0,80}") {
        let mut sources = Sources::new();
        let (_, diagnostics) = yaml::load("a", text.as_bytes().to_vec(), &mut sources);
        let _ = diagnostics.render(&sources, Color::Never);
    }

    #[test]
    fn mutated_documents_are_read_without_a_panic(main in mutated(REAL), base in mutated(BASE), table in mutated(TABLE)) {
        check(&main, BASE.as_bytes(), TABLE.as_bytes())?;
        check(REAL.as_bytes(), &base, &table)?;
    }

    #[test]
    fn every_scalar_maps_its_bytes_into_its_own_place(main in mutated(REAL), from in 0..60usize, length in 0..20usize) {
        let mut sources = Sources::new();
        let (node, _) = yaml::load("a", main, &mut sources);
        if let Some(node) = node {
            within(&node, &sources, from, from + length)?;
        }
    }
}

fn within(node: &manikin_spec::node::Node, sources: &Sources, from: usize, to: usize) -> Result<(), TestCaseError> {
    let span = node.span_within(sources, from..to);
    prop_assert!(span.start >= node.span.start && span.end <= node.span.end.max(span.start), "{node:?} {span:?}");
    for item in node.items() {
        within(item, sources, from, to)?;
    }
    for (_, value) in node.entries() {
        within(value, sources, from, to)?;
    }
    Ok(())
}
