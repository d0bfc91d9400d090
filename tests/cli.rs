//! The command line: every verb works on every template, help is there, and standard output is data.

mod support;

use std::collections::BTreeSet;
use std::fs;

use rusqlite::Connection;
use support::{Ran, empty_folder, files, manikin, program};

/// Names in the first column of a listing, without its header.
fn listed(ran: &Ran) -> Vec<String> {
    ran.out.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_template_can_be_started_checked_and_generated() {
    let folder = empty_folder("cli-templates");
    let templates = listed(&manikin(&["new", "--list"]).exits(0));
    for expected in ["minimal", "claims", "ed", "clinic", "claims-prototype", "ed-visits", "clinic-population"] {
        assert!(templates.iter().any(|name| name == expected), "{expected} among {templates:?}");
    }
    for name in templates {
        let spec = folder.join(format!("{name}.yaml"));
        let spec = spec.to_str().expect("UTF-8");
        manikin(&["new", &name, "-o", spec]).exits(0);
        assert!(fs::read_to_string(spec).expect("a file").contains('#'), "{name} has comments");
        let checked = manikin(&["check", spec]).exits(0);
        assert!(!checked.said().contains("error"), "{}", checked.said());
        let out = folder.join(format!("{name}-data"));
        manikin(&["generate", spec, "-o", out.to_str().expect("UTF-8"), "--patients", "40"]).exits(0);
        assert!(files(&out).contains(&"manifest.json".to_owned()));
    }
}

#[test]
fn new_writes_to_standard_output_and_overwrites_nothing() {
    let folder = empty_folder("cli-new");
    let file = folder.join("spec.yaml");
    let ran = manikin(&["new", "minimal"]).exits(0);
    assert!(ran.out.contains("manikin: 1"));
    fs::write(&file, "mine").expect("written");
    manikin(&["new", "minimal", "-o", file.to_str().expect("UTF-8")]).exits(2);
    assert_eq!(fs::read_to_string(&file).expect("a file"), "mine");
    let ran = manikin(&["new", "minimel"]).exits(2);
    assert!(ran.err.contains("`minimal`"), "{}", ran.err);
}

#[test]
fn the_example_specs_are_without_a_warning() {
    for spec in ["claims-prototype", "ed-visits", "clinic-population"] {
        let ran = manikin(&["check", &format!("specs/{spec}.yaml")]).exits(0);
        assert_eq!(ran.out, "", "{spec}");
    }
}

#[test]
fn plan_says_what_was_understood() {
    let ran = manikin(&["plan", "claims-prototype"]).exits(0);
    for word in ["patient", "claim", "claim_line", "coverage", "200", "1,000"] {
        assert!(ran.out.contains(word), "{word} in\n{}", ran.out);
    }
    let ran = manikin(&["plan", "claims-prototype", "claim"]).exits(0);
    for word in ["status", "Paid", "KFF", "billed_amount"] {
        assert!(ran.out.contains(word), "{word} in\n{}", ran.out);
    }
    let ran = manikin(&["plan", "claims-prototype", "--patients", "400"]).exits(0);
    assert!(ran.out.contains("2,000"), "{}", ran.out);
    let ran = manikin(&["plan", "clinic-population", "--format", "json"]).exits(0);
    serde_json::from_str::<serde_json::Value>(&ran.out).expect("JSON");
    manikin(&["plan", "claims-prototype", "clam"]).exits(2);
}

#[test]
fn preview_shows_related_rows() {
    for spec in ["claims-prototype", "ed-visits", "clinic-population"] {
        let ran = manikin(&["preview", spec]).exits(0);
        assert!(ran.out.contains("patient"), "{}", ran.out);
        assert!(ran.out.lines().count() > 8, "{}", ran.out);
    }
    let ran = manikin(&["preview", "claims-prototype", "claim", "--rows", "3"]).exits(0);
    assert_eq!(ran.out.matches("CLM-").count(), 3, "{}", ran.out);
    manikin(&["preview", "claims-prototype", "clam"]).exits(2);
}

#[test]
fn previewed_rows_are_those_of_the_dataset() {
    let ran = manikin(&["preview", "ed-visits", "patient", "--rows", "2"]).exits(0);
    let folder = support::generate("cli-preview", "ed-visits", &["--only", "patient"]);
    let rows = support::csv_rows(&folder.join("patient.csv"));
    for row in &rows[1..3] {
        assert!(
            row.iter().filter(|value| !value.is_empty()).all(|value| ran.out.contains(value.as_str())),
            "{row:?} in\n{}",
            ran.out
        );
    }
}

#[test]
fn every_diagnostic_can_be_explained() {
    let codes = listed(&manikin(&["explain", "--list"]).exits(0));
    assert!(codes.len() > 100, "{}", codes.len());
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    for code in codes {
        let ran = manikin(&["explain", &code]).exits(0);
        assert!(ran.out.contains(&code) && ran.out.len() > 80, "{code}: {}", ran.out);
    }
    let ran = manikin(&["explain", "mk0203"]);
    assert!(ran.code == Some(0) || ran.err.contains("MK0203"), "{}", ran.said());
    manikin(&["explain", "MK9999"]).exits(2);
}

/// Entities that a spec writes, by what generating it writes.
fn entities(spec: &str) -> Vec<String> {
    let folder = support::generate(&format!("cli-entities-{spec}"), spec, &["--patients", "60"]);
    let names = files(&folder).into_iter().filter_map(|name| name.strip_suffix(".csv").map(str::to_owned));
    names.filter(|name| name != "edge_cases").collect()
}

#[test]
fn describe_draws_and_documents_every_entity_in_every_form() {
    for spec in ["claims-prototype", "ed-visits", "clinic-population"] {
        let entities = entities(spec);
        for (format, says) in [("mermaid", "erDiagram"), ("markdown", "# "), ("html", "<html"), ("sql", "CREATE TABLE")]
        {
            let ran = manikin(&["describe", spec, "--format", format]).exits(0);
            assert!(ran.out.contains(says), "{spec} {format}: {}", &ran.out[..ran.out.len().min(400)]);
            for entity in &entities {
                assert!(ran.out.contains(entity.as_str()), "{spec} {format} lacks {entity}");
            }
        }
    }
}

#[test]
fn the_html_dictionary_needs_no_other_file() {
    // A result hangs from a specimen, which is not written: readers are shown the nearest entity that is.
    let ran = manikin(&["describe", "clinic-population", "--format", "markdown"]).exits(0);
    let (_, of_result) = ran.out.split_once("One reported laboratory value").expect("lab_result");
    let belongs = of_result.lines().find(|line| line.contains("Belongs to")).expect("a parent");
    assert!(belongs.contains("lab_order"), "{belongs}");
    let ran = manikin(&["describe", "claims-prototype", "--format", "html"]).exits(0);
    assert!(ran.out.contains("<svg"), "plots");
    for outside in ["<link ", "<script src", "<img src=\"http", "@import"] {
        assert!(!ran.out.contains(outside), "{outside}");
    }
}

#[test]
fn the_ddl_of_sqlite_runs_and_takes_the_rows() {
    for spec in ["claims-prototype", "ed-visits", "clinic-population"] {
        let ran = manikin(&["describe", spec, "--format", "sql", "--dialect", "sqlite"]).exits(0);
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(&ran.out).unwrap_or_else(|error| panic!("{spec}: {error}"));
        for entity in entities(spec) {
            connection
                .prepare(&format!("select * from \"{entity}\""))
                .unwrap_or_else(|error| panic!("{spec}: {error}"));
        }
    }
    for dialect in ["postgres", "duckdb"] {
        let ran = manikin(&["describe", "claims-prototype", "--format", "sql", "--dialect", dialect]).exits(0);
        assert!(ran.out.contains("REFERENCES"), "{dialect}");
    }
}

#[test]
fn describe_into_a_folder_writes_every_form() {
    let folder = empty_folder("cli-describe").join("docs");
    manikin(&["describe", "ed-visits", "-o", folder.to_str().expect("UTF-8")]).exits(0);
    let written = files(&folder);
    assert!(written.len() >= 4, "{written:?}");
    for name in written {
        assert!(fs::metadata(folder.join(&name)).expect("a file").len() > 100, "{name}");
    }
}

#[test]
fn outputs_can_be_named_as_fhir_and_omop_name_them() {
    for (mapping, table, columns) in [
        ("fhir", "Claim", &["id", "ClaimResponse.disposition"][..]),
        ("omop", "visit_occurrence", &["visit_occurrence_id", "person_id"]),
    ] {
        let spec = if mapping == "fhir" { "claims-prototype" } else { "clinic-population" };
        let folder = support::generate(&format!("cli-map-{mapping}"), spec, &["--patients", "60", "--map", mapping]);
        let rows = support::csv_rows(&folder.join(format!("{table}.csv")));
        for column in columns {
            assert!(rows[0].iter().any(|name| name == column), "{mapping}: {column} in {:?}", rows[0]);
        }
        // FHIR's Claim.status is that of the resource, not of the payer's decision.
        assert!(mapping != "fhir" || !rows[0].iter().any(|name| name == "status"), "{:?}", rows[0]);
        assert!(rows.len() > 10);
    }
}

#[test]
fn every_verb_has_help_with_an_example() {
    let help = manikin(&["--help"]).exits(0).out;
    for verb in ["new", "check", "plan", "preview", "explain", "generate", "validate", "describe"] {
        assert!(help.contains(verb), "{verb}");
        let own = manikin(&[verb, "--help"]).exits(0);
        assert!(own.out.contains("Example") && own.out.contains(&format!("manikin {verb}")), "{verb}: {}", own.out);
        assert!(own.err.is_empty());
    }
    assert!(manikin(&["--version"]).exits(0).out.starts_with("manikin "));
}

#[test]
fn unknown_verbs_and_missing_arguments_end_with_exit_code_2() {
    for arguments in
        [&["generat"][..], &[], &["generate"], &["generate", "claims-prototype"], &["validate"], &["explain"]]
    {
        let ran = manikin(arguments).exits(2);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn standard_output_stays_empty_and_quiet_is_quiet() {
    let folder = empty_folder("cli-quiet");
    let out = folder.join("out");
    let out = out.to_str().expect("UTF-8");
    let ran = manikin(&["generate", "claims-prototype", "-o", out]).exits(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("1,000"), "{}", ran.err);
    let ran = manikin(&["generate", "claims-prototype", "-o", out, "--overwrite", "--quiet"]).exits(0);
    assert_eq!(ran.said(), "");
}

#[test]
fn it_works_from_any_folder() {
    let folder = empty_folder("cli-anywhere");
    let run = |arguments: &[&str]| -> Ran {
        program().current_dir(&folder).args(arguments).output().expect("the program starts").into()
    };
    run(&["new", "claims", "-o", "mine.yaml"]).exits(0);
    run(&["check", "mine.yaml"]).exits(0);
    run(&["generate", "mine.yaml", "-o", "data", "--patients", "30"]).exits(0);
    run(&["validate", "data", "--spec", "mine.yaml"]).exits(0);
    assert!(folder.join("data/claim.csv").is_file());
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut child = program()
        .args(["explain", "--list"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
