//! `manikin validate`: clean data passes, and each kind of planted defect is found with its number.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ran, csv_rows, empty_folder, generate, manikin};

/// A contract of a dataset that somebody else made: nothing here says how to generate it.
const CONTRACT: &str = "\
manikin: 1
product: extract
version: 1.0.0
purpose: Check an extract of the warehouse.
owner: {role: tester, contact: tester@example.org}
period: {from: 2025-01-01, to: 2025-06-30}
tables:
  states: {key: code, rows: [{code: OH}, {code: TX}, {code: CA}]}
entities:
  member:
    means: One insured person.
    subject: true
    key: member_id
    fields:
      member_id: {means: Identifier., type: text, required: true, unique: true}
      state: {means: State., type: text, code: states, length: 2, completeness: 80%}
      birth_date: {means: Day of birth., type: date, required: true}
      score: {means: Risk score., type: integer, range: [0, 100]}
  bill:
    means: One bill.
    per: member
    cardinality: {min: 1, max: 3}
    key: bill_id
    fields:
      bill_id: {means: Identifier., type: text, required: true, unique: true}
      member_id: {references: member, means: Member., type: text, required: true}
      status: {means: Status., type: text, allowed: [Paid, Denied], required: true}
      billed_on: {means: Day., type: date, required: true, fresh_days: 30}
      amount: {means: Amount., type: decimal, decimals: 2, range: [0, 10000]}
    rules:
      after_birth: {holds: \"billed_on >= member.birth_date\", means: Nobody is billed before birth.}
      denied_costs_nothing: {holds: \"status <> 'Denied' or amount = 0\", means: A denied bill costs nothing.}
";

const MEMBERS: &str = "\
member_id,state,birth_date,score
m1,OH,1960-05-01,40
m2,TX,1971-11-23,55
m3,CA,1999-02-28,7
m4,,2010-07-15,0
m5,OH,2024-12-31,100
m6,TX,1940-01-01,99
";

const BILLS: &str = "\
bill_id,member_id,status,billed_on,amount
b1,m1,Paid,2025-01-10,120.50
b2,m1,Denied,2025-02-10,0.00
b3,m2,Paid,2025-03-01,88.00
b4,m3,Paid,2025-03-05,9999.99
b5,m4,Paid,2025-04-30,15.25
b6,m5,Paid,2025-05-12,300.00
b7,m6,Denied,2025-06-20,0.00
";

/// The extract with its contract in a new folder: the contract's path and the data's.
fn extract(name: &str, members: &str, bills: &str) -> (PathBuf, PathBuf) {
    let folder = empty_folder(&format!("validate-{name}"));
    let data = folder.join("data");
    fs::create_dir(&data).expect("made");
    fs::write(data.join("member.csv"), members).expect("written");
    fs::write(data.join("bill.csv"), bills).expect("written");
    let contract = folder.join("contract.yaml");
    fs::write(&contract, CONTRACT).expect("written");
    (contract, data)
}

fn validate(contract: &Path, data: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["validate", data.to_str().expect("UTF-8"), "--spec", contract.to_str().expect("UTF-8")];
    arguments.extend(more);
    manikin(&arguments)
}

/// Every check with violations: entity and name, code, and number.
fn violations(report: &str) -> Vec<(String, String, u64)> {
    let report: Value = serde_json::from_str(report).unwrap_or_else(|error| panic!("{error}: {report}"));
    let checks = report["checks"].as_array().expect("checks").iter();
    let broken = checks.filter(|check| check["violations"].as_u64() > Some(0));
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or("").to_owned();
    broken
        .map(|check| {
            let name = format!("{}.{}", text(check, "entity"), text(check, "name"));
            (name, text(check, "code"), check["violations"].as_u64().unwrap_or(0))
        })
        .collect()
}

#[test]
fn a_foreign_extract_that_keeps_its_contract_passes() {
    let (contract, data) = extract("clean", MEMBERS, BILLS);
    let ran = validate(&contract, &data, &["--format", "json"]).exits(0);
    assert_eq!(violations(&ran.out), []);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(report["evidence"], "unproven");
    assert!(report["checks"].as_array().is_some_and(|checks| checks.len() > 20), "{report}");
    validate(&contract, &data, &[]).exits(0);
}

#[test]
fn a_contract_without_generators_cannot_generate() {
    let (contract, data) = extract("described", MEMBERS, BILLS);
    let out = data.with_file_name("out");
    let ran = manikin(&["generate", contract.to_str().expect("UTF-8"), "-o", out.to_str().expect("UTF-8")]).exits(2);
    assert!(ran.err.contains("error[MK"), "{}", ran.err);
    assert!(!out.exists());
}

#[test]
fn each_kind_of_planted_defect_is_found_with_its_number() {
    // What is planted; the file, the text there and the text instead; the check, its code and its number.
    type Edits<'a> = &'a [(&'a str, &'a str, &'a str)];
    let cases: &[(&str, Edits<'_>, &str, &str, u64)] = &[
        (
            "text in a number",
            &[("member", "m3,CA,1999-02-28,7", "m3,CA,1999-02-28,seven")],
            "member.score.type",
            "MK0804",
            1,
        ),
        (
            "text in a date",
            &[("bill", "2025-03-05", "5 March"), ("bill", "2025-03-01", "2025-02-30")],
            "bill.billed_on.type",
            "MK0804",
            2,
        ),
        ("key repeated", &[("bill", "b2,", "b1,"), ("bill", "b4,", "b3,")], "bill.key", "MK0806", 2),
        ("key missing", &[("member", "m3,CA", ",CA")], "member.key", "MK0806", 1),
        (
            "orphans",
            &[("bill", "b3,m2", "b3,m99"), ("bill", "b4,m3", "b4,m98")],
            "bill.member_id.reference",
            "MK0809",
            2,
        ),
        ("required missing", &[("bill", "b5,m4,Paid", "b5,m4,")], "bill.status.required", "MK0805", 1),
        ("out of range", &[("member", ",55", ",155"), ("member", ",40", ",-1")], "member.score.range", "MK0807", 2),
        ("amount out of range", &[("bill", "9999.99", "10000.01")], "bill.amount.range", "MK0807", 1),
        (
            "unknown code",
            &[("member", "m2,TX", "m2,ZZ"), ("member", "m6,TX", "m6,YY")],
            "member.state.code",
            "MK0808",
            2,
        ),
        ("not allowed", &[("bill", "b1,m1,Paid", "b1,m1,Payed")], "bill.status.allowed", "MK0808", 1),
        ("too long", &[("member", "m2,TX", "m2,Texas")], "member.state.length", "MK0814", 1),
        (
            "too few values",
            &[("member", "m2,TX", "m2,"), ("member", "m3,CA", "m3,")],
            "member.state.completeness",
            "MK0811",
            3,
        ),
        ("rule over the parent", &[("member", "2024-12-31", "2025-05-13")], "bill.after_birth", "MK0810", 1),
        (
            "rule of the row",
            &[("bill", "2025-02-10,0.00", "2025-02-10,5.00"), ("bill", "2025-06-20,0.00", "2025-06-20,5.00")],
            "bill.denied_costs_nothing",
            "MK0810",
            2,
        ),
        ("child missing", &[("bill", "b6,m5,Paid,2025-05-12,300.00\n", "")], "bill.cardinality", "MK0813", 1),
        (
            "too many children",
            &[("bill", "b3,m2", "b3,m1"), ("bill", "b4,m3", "b4,m1")],
            "bill.cardinality",
            "MK0813",
            3,
        ),
        (
            "column missing",
            &[
                ("member", ",score\n", "\n"),
                ("member", ",40\n", "\n"),
                ("member", ",55\n", "\n"),
                ("member", ",7\n", "\n"),
                ("member", ",0\n", "\n"),
                ("member", ",100\n", "\n"),
                ("member", ",99\n", "\n"),
            ],
            "member.score",
            "MK0802",
            1,
        ),
    ];
    let mut wrong = Vec::new();
    for (what, edits, check, code, number) in cases {
        let (mut members, mut bills) = (MEMBERS.to_owned(), BILLS.to_owned());
        for (file, was, is) in *edits {
            let text = if *file == "member" { &mut members } else { &mut bills };
            assert_eq!(text.matches(was).count(), 1, "{what}: {was:?} stands once");
            *text = text.replacen(was, is, 1);
        }
        let (contract, data) = extract("defect", &members, &bills);
        let ran = validate(&contract, &data, &["--format", "json"]);
        let found = violations(&ran.out);
        let is_found =
            found.iter().any(|(name, its_code, count)| name.starts_with(check) && its_code == code && count == number);
        if ran.code != Some(1) || !is_found {
            wrong.push(format!(
                "{what}: expected {check} {code} {number}, exit code {:?}, found {found:?}\n{}",
                ran.code, ran.err
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_planted_defect_breaks_nothing_else() {
    let (contract, data) = extract("alone", MEMBERS, &BILLS.replace("9999.99", "10000.01"));
    let ran = validate(&contract, &data, &["--format", "json"]).exits(1);
    assert_eq!(violations(&ran.out), [("bill.amount.range".to_owned(), "MK0807".to_owned(), 1)]);
}

#[test]
fn a_row_whose_keys_contradict_each_other_belongs_to_whom_it_names_itself() {
    let folder = empty_folder("validate-contradiction");
    let part = "  part:
    means: One part of a bill, with its member once more.
    per: bill
    key: part_id
    fields:
      part_id: {means: Identifier., type: text, required: true, unique: true}
      bill_id: {references: bill, means: Bill., type: text, required: true}
      member_id: {references: member, means: Member., type: text}
      done_on: {means: Day., type: date, required: true}
    rules:
      after_birth: {holds: \"done_on >= member.birth_date\", means: Nothing is done before birth.}
";
    let contract = folder.join("contract.yaml");
    fs::write(&contract, format!("{CONTRACT}{part}")).expect("written");
    let data = folder.join("data");
    fs::create_dir(&data).expect("made");
    fs::write(data.join("member.csv"), MEMBERS).expect("written");
    fs::write(data.join("bill.csv"), BILLS).expect("written");
    // p1 names the member of its bill, p2 one born before the bill's own, p3 one born after the part, p4 nobody.
    let parts = "part_id,bill_id,member_id,done_on\n\
        p1,b1,m1,2025-01-10\np2,b6,m1,1999-01-01\np3,b1,m5,2024-06-01\np4,b6,,1999-01-01\n";
    fs::write(data.join("part.csv"), parts).expect("written");
    let ran = validate(&contract, &data, &["--format", "json", "--show-rows"]).exits(1);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let rule =
        checks.iter().find(|check| check["entity"] == "part" && check["name"] == "after_birth").expect("checked");
    assert_eq!(rule["violations"], 1, "{rule}");
    assert_eq!(rule["examples"][0]["key"], "p3");
}

#[test]
fn stale_data_is_found_as_of_a_day() {
    let (contract, data) = extract("stale", MEMBERS, BILLS);
    validate(&contract, &data, &["--as-of", "2025-07-15"]).exits(0);
    let ran = validate(&contract, &data, &["--as-of", "2025-08-15", "--format", "json"]).exits(1);
    assert!(
        violations(&ran.out).iter().any(|(name, code, _)| name == "bill.billed_on.freshness" && code == "MK0812"),
        "{}",
        ran.out
    );
    validate(&contract, &data, &["--as-of", "soon"]).exits(2);
}

#[test]
fn a_missing_table_is_found() {
    let (contract, data) = extract("table", MEMBERS, BILLS);
    fs::remove_file(data.join("bill.csv")).expect("removed");
    let ran = validate(&contract, &data, &["--format", "json"]).exits(1);
    assert!(
        violations(&ran.out).iter().any(|(name, code, _)| name.starts_with("bill.") && code == "MK0801"),
        "{}",
        ran.out
    );
}

#[test]
fn an_unknown_column_warns_and_fails_when_strict() {
    let added = |(number, line): (usize, &str)| format!("{line},{}\n", if number == 0 { "ssn" } else { "1" });
    let members: String = MEMBERS.lines().enumerate().map(added).collect();
    let (contract, data) = extract("column", &members, BILLS);
    let ran = validate(&contract, &data, &["--format", "json"]).exits(0);
    assert!(violations(&ran.out).iter().any(|(_, code, _)| code == "MK0803"), "{}", ran.out);
    validate(&contract, &data, &["--strict"]).exits(1);
}

#[test]
fn what_cannot_be_read_ends_with_exit_code_2() {
    let (contract, data) = extract("unreadable", MEMBERS, BILLS);
    validate(&contract, &data.join("none"), &[]).exits(2);
    validate(Path::new("no-such-spec"), &data, &[]).exits(2);
    fs::write(data.join("bill.csv"), "bill_id,member_id\nb1,m1,too,many\n").expect("written");
    let ran = validate(&contract, &data, &[]).exits(2);
    assert!(ran.err.contains("MK0908"), "{}", ran.err);
    fs::write(data.join("bill.csv"), b"bill_id,member_id\nb1,\xff\xfe\n").expect("written");
    validate(&contract, &data, &[]).exits(2);
    fs::write(data.join("bill.parquet"), b"PAR1 this is no parquet file").expect("written");
    fs::remove_file(data.join("bill.csv")).expect("removed");
    let ran = validate(&contract, &data, &[]).exits(2);
    assert!(!ran.said().contains("panicked"), "{}", ran.said());
}

#[test]
fn rows_of_data_that_may_be_real_are_shown_only_on_demand() {
    let (contract, data) = extract("hidden", &MEMBERS.replace(",55", ",98765"), &BILLS.replace("b3,m2", "b3,m-secret"));
    for format in ["table", "json", "junit"] {
        let ran = validate(&contract, &data, &["--format", format]).exits(1);
        let said = ran.said();
        assert!(!said.contains("98765") && !said.contains("secret") && !said.contains("m2"), "{format}: {said}");
        let ran = validate(&contract, &data, &["--format", format, "--show-rows"]).exits(1);
        assert!(ran.out.contains("98765") && ran.out.contains("m-secret"), "{format}: {}", ran.out);
    }
}

#[test]
fn rows_are_shown_when_a_manifest_proves_them_synthetic_and_not_when_a_file_was_changed() {
    let folder = generate("validate-proven", "specs/claims-prototype.yaml", &[]);
    let path = folder.to_str().expect("UTF-8");
    let proven = manikin(&["validate", path, "--spec", "claims-prototype", "--strict", "--format", "json"]).exits(1);
    let report: Value = serde_json::from_str(&proven.out).expect("JSON");
    assert_eq!(report["evidence"], "synthetic");
    let examples = |report: &Value| -> usize {
        let checks = report["checks"].as_array().expect("checks").iter();
        checks.map(|check| check["examples"].as_array().map_or(0, Vec::len)).sum()
    };
    assert!(examples(&report) >= 10, "keys and values are shown");
    // Someone edits a payment.
    let file = folder.join("claim.csv");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, text.replacen(",Paid,", ",Payed,", 1)).expect("written");
    let edited = manikin(&["validate", path, "--spec", "claims-prototype", "--format", "json"]).exits(1);
    let report: Value = serde_json::from_str(&edited.out).expect("JSON");
    assert_eq!(report["evidence"], "manifest_broken");
    assert_eq!(examples(&report), 0);
    // Without proof, the truth table excuses nothing.
    assert!(violations(&edited.out).iter().any(|(name, ..)| name == "claim.diagnoses.required"));
}

#[test]
fn reports_for_continuous_integration_count_what_failed() {
    let (contract, data) = extract("junit", MEMBERS, &BILLS.replace("9999.99", "10000.01"));
    let ran = validate(&contract, &data, &["--format", "junit"]).exits(1);
    let attribute = |name: &str| -> u64 {
        let value = ran.out.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} in {}", ran.out))
    };
    assert!(ran.out.starts_with("<?xml"), "{}", ran.out);
    assert_eq!(attribute("failures"), 1);
    let cases = ran.out.matches("<testcase ").count() as u64;
    assert_eq!(attribute("tests"), cases);
    assert_eq!(ran.out.matches("<failure ").count(), 1);
    assert_eq!(
        ran.out.matches("<testcase ").count(),
        ran.out.matches("</testcase>").count() + ran.out.matches("/>").count() - self_closing(&ran.out)
    );
    assert!(ran.out.contains("</testsuites>") || ran.out.contains("</testsuite>"));
}

/// Elements other than test cases that close themselves.
fn self_closing(xml: &str) -> usize {
    xml.split('<')
        .filter(|tag| !tag.starts_with("testcase") && tag.split('>').next().is_some_and(|tag| tag.ends_with('/')))
        .count()
}

#[test]
fn every_example_spec_validates_its_own_data() {
    for (spec, patients) in [("claims-prototype", "200"), ("ed-visits", "1500"), ("clinic-population", "300")] {
        let folder = generate(&format!("validate-own-{spec}"), spec, &["--patients", patients]);
        let data = folder.to_str().expect("UTF-8");
        let ran = manikin(&["validate", data, "--spec", spec, "--format", "json", "--all"]);
        assert_eq!(ran.code, Some(0), "{spec}\n{}", ran.said());
        let report: Value = serde_json::from_str(&ran.out).expect("JSON");
        let skipped: Vec<&Value> =
            report["checks"].as_array().expect("checks").iter().filter(|check| check["status"] == "skipped").collect();
        assert!(skipped.is_empty(), "{spec}: the library's rules stand on written fields: {skipped:?}");
    }
}

#[test]
fn parquet_is_checked_like_csv() {
    let run = |format: &str| {
        let folder =
            generate(&format!("validate-{format}"), "clinic-population", &["--patients", "100", "--to", format]);
        let ran = manikin(&[
            "validate",
            folder.to_str().expect("UTF-8"),
            "--spec",
            "clinic-population",
            "--format",
            "json",
            "--all",
        ]);
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said()));
        (ran.code, report["checks"].clone())
    };
    let csv = run("csv");
    assert_eq!(csv, run("parquet"));
    assert_eq!(csv.0, Some(0));
}

#[test]
fn a_generated_dataset_with_planted_defects_fails_with_their_numbers() {
    let folder = generate("validate-planted", "claims-prototype", &[]);
    let copy = empty_folder("validate-planted-copy");
    for name in support::files(&folder).iter().filter(|name| name.ends_with(".csv") && *name != "edge_cases.csv") {
        fs::copy(folder.join(name), copy.join(name)).expect("copied");
    }
    let mut rows = csv_rows(&copy.join("claim.csv"));
    let place = |name: &str| rows[0].iter().position(|column| column == name).expect("a column");
    let (status, total, payer) = (place("status"), place("billed_amount"), place("payer_id"));
    rows[1][status] = "Lost".to_owned();
    for row in &mut rows[2..5] {
        row[total] = "0.02".to_owned();
    }
    rows[6][payer] = "nobody".to_owned();
    let mut writer = csv::Writer::from_path(copy.join("claim.csv")).expect("a file");
    for row in &rows {
        writer.write_record(row).expect("written");
    }
    writer.flush().expect("written");
    let ran = manikin(&["validate", copy.to_str().expect("UTF-8"), "--spec", "claims-prototype", "--format", "json"])
        .exits(1);
    let found = violations(&ran.out);
    let number = |name: &str| found.iter().find(|(check, ..)| check == name).map_or(0, |(_, _, number)| *number);
    assert_eq!(number("claim.billed_is_sum"), 3, "{found:?}");
    // The cleared diagnoses and invalid codes of the copy have no truth table beside them.
    assert_eq!(number("claim.diagnoses.required"), 10, "{found:?}");
    assert_eq!(number("claim.procedure_codes.code"), 8, "{found:?}");
}
