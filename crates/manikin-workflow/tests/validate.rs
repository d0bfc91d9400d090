//! Datasets with known defects, and what validation says of them.

use std::fs;
use std::path::Path;

use manikin_evaluate::{Evidence, Status, ValidateOptions, Validation};
use manikin_workflow::{Checked, Overrides, junit, open, validate};

const SPEC: &str = r#"
manikin: 1
product: visits
period: {from: 2025-01-01, to: 2025-12-31}
tables:
  sexes: {key: code, rows: [{code: F}, {code: M}]}
entities:
  patient:
    subject: true
    count: 3
    key: patient_id
    fields:
      patient_id: {id: {prefix: "P", digits: 3}}
      sex: {choice: {F: 50%, M: 50%}, code: sexes, required: true}
      age: {uniform: {min: 0, max: 90}, type: integer, range: [0, 110], completeness: 60%}
  stay:
    per: patient
    hidden: true
    count: 1
    fields:
      ward: {choice: {A: 1, B: 1}}
  visit:
    per: stay
    count: 1
    key: visit_id
    fields:
      visit_id: {id: {prefix: "V", digits: 3}}
      patient_id: {key_of: patient, required: true}
      seen_on: {date: {within: [period_start, period_end]}, required: true, fresh_days: 30}
      cost: {uniform: {min: 1, max: 90}, decimals: 2}
      ward: {choice: {A: 1, B: 1}, allowed: [A, B], length: 1}
    rules:
      adult: {holds: "patient.age >= 18"}
      cheap: {holds: "cost < 1000", severity: warning}
      same_ward: {holds: "ward = stay.ward"}
  bill:
    per: visit
    count: 1
    cardinality: {min: 1, max: 1}
    key: bill_id
    fields:
      bill_id: {id: {prefix: "B", digits: 3}}
      visit_id: {key_of: visit}
      total: {derive: "visit.cost", decimals: 2}
    rules:
      whole: {holds: "total = visit.cost"}
"#;

fn checked(folder: &Path, as_of: Option<&str>) -> Checked {
    let path = folder.join("visits.yaml");
    fs::write(&path, SPEC).expect("a spec");
    let as_of = as_of.map(|text| manikin_expression::calendar::parse_date(text).expect("a day"));
    let opened = open(path.to_str().expect("UTF-8"), Overrides { as_of });
    let problems = opened.diagnostics.render(&opened.sources, manikin_diagnostic::Color::Never);
    opened.checked().unwrap_or_else(|_| panic!("{problems}"))
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file");
    }
}

const GOOD: &[(&str, &str)] = &[
    ("patient.csv", "patient_id,sex,age\nP1,F,40\nP2,M,50\nP3,F,\n"),
    ("visit.csv", "visit_id,patient_id,seen_on,cost,ward\nV1,P1,2025-12-15,10.00,A\nV2,P2,2025-06-01,20.50,B\n"),
    ("bill.csv", "bill_id,visit_id,total\nB1,V1,10.00\nB2,V2,20.50\n"),
];

fn status(found: &Validation, entity: &str, name: &str) -> (Status, u64) {
    let check = found.checks.iter().find(|check| check.entity == entity && check.name == name);
    let check = check.unwrap_or_else(|| panic!("no check {entity}.{name}"));
    (check.status, check.violations)
}

#[test]
fn data_that_fits_its_contract_passes_and_hidden_needs_are_skipped_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("data"), GOOD);
    let checked = checked(folder.path(), None);
    let found = validate(&checked, &folder.path().join("data"), ValidateOptions::default()).expect("validates");
    let failed: Vec<_> = found.checks.iter().filter(|check| check.status == Status::Fail).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(found.evidence, Evidence::Unproven);
    assert_eq!(status(&found, "visit", "adult"), (Status::Pass, 0));
    let skipped: Vec<_> = found.checks.iter().filter(|check| check.status == Status::Skipped).collect();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!(skipped[0].name, "same_ward");
    assert!(skipped[0].detail.contains("stay is not written"), "{}", skipped[0].detail);
}

#[test]
fn every_kind_of_defect_is_found_and_rows_of_unproven_data_are_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    write(
        &data,
        &[
            ("patient.csv", "patient_id,sex,age,ssn\nP1,F,12\u{2c}1\nP1,,140,2\nP3,X,,3\nP4,M,,4\nP5,M,,5\n"),
            (
                "visit.csv",
                "visit_id,patient_id,seen_on,cost,ward\nV1,P1,2025-01-15,10.00,A\nV2,P9,2025-06-01,2000.50,BB\nV3,,soon,1.234,B\n",
            ),
            ("bill.csv", "bill_id,visit_id\nB1,V1\nB2,V1\n"),
            ("extra.csv", "a\n1\n"),
        ],
    );
    let checked = checked(folder.path(), None);
    let found = validate(&checked, &data, ValidateOptions::default()).expect("validates");
    for (entity, name, expected) in [
        ("patient", "unknown_columns", (Status::Warn, 1)),
        ("patient", "key", (Status::Fail, 1)),
        ("patient", "sex.required", (Status::Fail, 1)),
        ("patient", "sex.code", (Status::Fail, 1)),
        ("patient", "age.range", (Status::Fail, 1)),
        ("patient", "age.completeness", (Status::Fail, 3)),
        ("visit", "patient_id.reference", (Status::Fail, 1)),
        ("visit", "patient_id.required", (Status::Fail, 1)),
        ("visit", "seen_on.type", (Status::Fail, 1)),
        ("visit", "cost.type", (Status::Fail, 1)),
        ("visit", "seen_on.freshness", (Status::Fail, 1)),
        ("visit", "ward.allowed", (Status::Fail, 1)),
        ("visit", "ward.length", (Status::Fail, 1)),
        ("visit", "adult", (Status::Fail, 1)),
        ("visit", "cheap", (Status::Warn, 1)),
        ("bill", "total.column", (Status::Fail, 1)),
        ("bill", "cardinality", (Status::Fail, 3)),
        ("bill", "whole", (Status::Skipped, 0)),
        ("extra", "unknown_table", (Status::Warn, 1)),
    ] {
        assert_eq!(status(&found, entity, name), expected, "{entity}.{name}");
    }
    assert!(found.checks.iter().all(|check| check.examples.is_empty()), "no manifest: nothing of a row is shown");
    assert!(!found.holds());
    let shown = validate(&checked, &data, ValidateOptions { show_rows: true, strict: true, examples: None })
        .expect("validates");
    let range = shown.checks.iter().find(|check| check.name == "age.range").expect("a check");
    assert_eq!(range.examples[0].value.as_deref(), Some("140"));
    assert_eq!(status(&shown, "visit", "cheap"), (Status::Fail, 1), "strict makes warnings fail");
    let xml = junit(&shown);
    assert!(xml.starts_with("<?xml") && xml.contains("<failure type=\"MK0807\""), "{xml}");
}

#[test]
fn as_of_moves_the_day_that_freshness_is_measured_from() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("data"), GOOD);
    for (as_of, expected) in [("2026-01-14", Status::Pass), ("2026-01-15", Status::Fail)] {
        let checked = checked(folder.path(), Some(as_of));
        let found = validate(&checked, &folder.path().join("data"), ValidateOptions::default()).expect("validates");
        assert_eq!(status(&found, "visit", "seen_on.freshness").0, expected, "{as_of}");
    }
}

#[test]
fn a_missing_table_fails_and_what_needs_it_is_skipped() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("data"), &GOOD[1..]);
    let checked = checked(folder.path(), None);
    let found = validate(&checked, &folder.path().join("data"), ValidateOptions::default()).expect("validates");
    assert_eq!(status(&found, "patient", "table"), (Status::Fail, 1));
    assert_eq!(status(&found, "visit", "patient_id.reference").0, Status::Skipped);
    assert_eq!(status(&found, "visit", "adult").0, Status::Skipped);
}

#[test]
fn a_folder_without_any_table_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = checked(folder.path(), None);
    let failure = validate(&checked, folder.path(), ValidateOptions::default()).expect_err("refused");
    assert_eq!(failure.diagnostics.iter().next().expect("a diagnostic").code.as_str(), "MK0801");
}
