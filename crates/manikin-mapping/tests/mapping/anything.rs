//! No bytes make the reader or the checker panic, and what they say always has a place inside a text.

use std::sync::{Arc, LazyLock};

use manikin_diagnostic::Color;
use manikin_spec::spec::Spec;
use proptest::prelude::*;

use crate::support::{FHIR, OMOP, reading, spec};

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(spec);

/// Projections that use every directive.
const RESOURCES: &str = r#"fragments:
  coded: {coding: [{system: $system, code: $code, display: "= lookup($table, 'name', $code)"}], text: $text}
  several: [{use: official, family: $family}, {use: usual, text: "=? nickname"}]
tables: {more: {key: code, rows: [{code: R05, concept: 7}]}}
projections:
  patient:
    to: Patient
    from: patient
    profiles: ["http://x|1"]
    where: "sex <> 'X'"
    id: "= patient_id || '!'"
    body:
      name: [{$use: several, family: "= sex"}]
      gender: {$if: "sex = 'F'", $then: female, $else: {$first: ["= null", male]}}
      communication: [{$each: "= languages", $item: {language: {text: "= item"}, preferred: "= position = 1"}}]
      managingOrganization: {$reference: "?clinic", display: x}
      contact: [{$each: visit, $where: "cost > 5", gender: female, name: {text: "= text(position)"}}]
  clinic: {to: Organization, from: clinic, optional: true, body: {active: true, name: "= clinic_id"}}
  visit:
    to: Procedure
    from: visit
    body:
      status: completed
      code: {$use: coded, system: urn:x, table: reasons, code: "= reason", $if: "reason is not null"}
      subject: {$reference: [patient]}
      performedDateTime: {$instant: "= started_at", zone: "= seen_by.clinic.timezone"}
      performer: [{actor: {$reference: clinic, $via: seen_by.clinic}}]
"#;
const TABLES: &str = r#"tables: {people: {rows: [{person_id: 1, birth_datetime: null}]}}
projections:
  person: {to: person, from: patient, where: "sex = 'F'", columns: {person_id: {$key: person}, birth_datetime: "= birth_date"}}
  fixed: {to: person, from: $table people}
  visit: {to: visit, from: visit, columns: {visit_id: {$key: visit}, person_id: {$first: [{$key: person}, 0]}, visit_date: "= date(started_at)", cost: "= cost * 2"}}
  visit_era: {to: visit_era, era: {of: visit, by: [person_id], start: visit_date, end: visit_date, gap_days: 30}, columns: {visit_era_id: {$key: visit_era}, person_id: {$era: person_id}, start_date: {$era: start}}}
"#;

fn check(head: &str, part: &[u8]) -> Result<bool, TestCaseError> {
    let mut reading = reading(head, part);
    let mut diagnostics = std::mem::take(&mut reading.diagnostics);
    let mut is_right = false;
    if let Some(mapping) = &reading.mapping {
        let (checked, found) = mapping.check(&SPEC, &reading.sources);
        prop_assert_eq!(checked.is_some(), !found.has_errors());
        is_right = checked.is_some();
        diagnostics.append(found);
    }
    for diagnostic in &diagnostics {
        if let Some(span) = diagnostic.span {
            let text = reading.sources.text(span.file);
            prop_assert!(text.get(span.range()).is_some(), "{diagnostic:?}");
        }
    }
    let _ = diagnostics.render(&reading.sources, Color::Never);
    Ok(is_right)
}

/// The bytes with some of them replaced, removed, repeated or moved.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let length = text.len();
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..4),
        "[\\[\\]{}:,&*!|>'\"%@`#?~$= \n\t<-]{1,4}".prop_map(String::into_bytes),
        prop_oneof![
            Just("null"),
            Just("$each: visit, "),
            Just("$if: \"1 = 1\", "),
            Just("$use: coded, "),
            Just("$item: "),
            Just("$reference: visit"),
            Just("=? "),
            Just("= item"),
            Just("$name"),
            Just("ö"),
            Just("{}"),
            Just("[]")
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
fn what_is_mutated_is_right_to_begin_with() {
    assert!(check(FHIR, RESOURCES.as_bytes()).expect("no panic"));
    assert!(check(OMOP, TABLES.as_bytes()).expect("no panic"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_mutated_resources_make_the_checker_panic(part in mutated(RESOURCES)) {
        check(FHIR, &part)?;
    }

    #[test]
    fn no_mutated_tables_make_the_checker_panic(part in mutated(TABLES)) {
        check(OMOP, &part)?;
    }

    #[test]
    fn no_bytes_make_the_reader_panic(part in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(FHIR, &part)?;
    }
}
