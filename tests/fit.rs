//! Learning from records through the built program: what is spent, what is written, what is refused, and that nothing
//! said depends on a record.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use support::{Ran, empty_folder, manikin, program};

const SPEC: &str = r#"manikin: 1
product: visits
period: {from: 2020-01-01, to: 2024-12-31}
privacy: {source: {id: visits-1, patients: 300, origin: public}}
entities:
  patient:
    subject: true
    key: patient_id
    fields:
      patient_id: {type: text, id: uuid}
      sex: {type: text, learn: {values: [F, M], other: F}}
      born: {type: date, learn: {from: 1920-01-01, to: 2024-12-31, cells: 6}}
      admitted: {hidden: true, derive: "coalesce(any(visit.class = 'IMP'), false)", learn: {values: [true, false]}}
    learn: {rows: {visit: [0, 1, 2, 4, 9]}}
  visit:
    per: patient
    key: visit_id
    fields:
      visit_id: {type: text, id: uuid}
      patient_id: {key_of: patient}
      class: {type: text, learn: {values: [AMB, IMP], nullable: true}}
      start: {type: datetime, learn: {since: previous, first: period_start, unit: days, edges: [0, 30, 365, 2000]}}
    learn: {at_most: 8, order: start}
"#;

/// Patients and their visits, made by rule: every third is a man, every fifth has an admission.
fn records(folder: &Path, patients: usize, more: &[(&str, &str)]) -> PathBuf {
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("made");
    let (mut people, mut visits) = ("patient_id,sex,born\n".to_owned(), "visit_id,patient_id,class,start\n".to_owned());
    for at in 0..patients {
        let sex = if at % 3 == 0 { "M" } else { "F" };
        people += &format!("P{at:04},{sex},{}-06-15\n", 1930 + at % 90);
        for visit in 0..at % 4 {
            let class = if at % 5 == 0 { "IMP" } else { "AMB" };
            visits += &format!("V{at:04}-{visit},P{at:04},{class},202{visit}-0{}-01T08:00:00\n", 1 + at % 9);
        }
    }
    for (table, row) in more {
        match *table {
            "patient" => people += &format!("{row}\n"),
            _ => visits += &format!("{row}\n"),
        }
    }
    fs::write(data.join("patient.csv"), people).expect("written");
    fs::write(data.join("visit.csv"), visits).expect("written");
    data
}

/// A folder with a spec, records and a ledger in which the source has a total.
fn place(name: &str, epsilon: &str) -> PathBuf {
    let folder = empty_folder(name);
    fs::write(folder.join("fit.yaml"), SPEC).expect("written");
    records(&folder, 300, &[]);
    let ledger = text(&folder.join("ledger.sqlite"));
    manikin(&["budget", "set", "visits-1", "--epsilon", epsilon, "--delta", "1e-6", "--ledger", &ledger]).exits(0);
    folder
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

fn arguments(folder: &Path, output: &str, more: &[&str]) -> Vec<String> {
    let path = |name: &str| text(&folder.join(name));
    let mut all: Vec<String> =
        ["fit", &path("data"), "--spec", &path("fit.yaml"), "-o", &path(output)].map(str::to_owned).to_vec();
    let ledger = path("ledger.sqlite");
    let defaults = [("--epsilon", "1"), ("--delta", "1e-6"), ("--ledger", &ledger), ("--method", "independent")];
    for (option, value) in defaults {
        let is_ledger_of_no_privacy = option == "--ledger" && more.contains(&"--no-privacy");
        if !more.contains(&option) && !is_ledger_of_no_privacy {
            all.extend([option.to_owned(), value.to_owned()]);
        }
    }
    all.extend(more.iter().map(|one| (*one).to_owned()));
    all
}

fn fit(folder: &Path, output: &str, more: &[&str]) -> Ran {
    manikin(&arguments(folder, output, more))
}

/// What the ledger says is charged, and how often.
fn charged(folder: &Path) -> (f64, usize) {
    let ledger = text(&folder.join("ledger.sqlite"));
    let json = |verb: &str| -> Value {
        let ran = manikin(&["budget", verb, "visits-1", "--ledger", &ledger, "--format", "json"]).exits(0);
        serde_json::from_str(&ran.out).expect("JSON")
    };
    let entries = json("entries");
    let charges = entries.as_array().expect("entries").iter().filter(|entry| entry["event"] == "charged").count();
    (json("show")[0]["charged"]["rho"].as_f64().expect("a number"), charges)
}

#[test]
fn a_model_is_charged_written_shown_fitted_again_and_generated_from() {
    let folder = place("fit-whole", "3");
    let ran = fit(&folder, "model", &["--method", "adaptive"]).exits(0);
    assert!(ran.err.contains("visit"), "{}", ran.err);
    let statement: Value =
        serde_json::from_slice(&fs::read(folder.join("model/privacy.json")).expect("there")).expect("JSON");
    let (rho, charges) = charged(&folder);
    assert_eq!((charges, statement["private"].as_bool()), (1, Some(true)));
    assert!((statement["rho"].as_f64().expect("a number") - rho).abs() < 1e-9);
    let measured = statement["account"]["measurements"].as_array().expect("measurements");
    let spent: f64 = measured.iter().map(|one| one["loss"]["rho"].as_f64().expect("a number")).sum();
    assert!(spent <= rho + 1e-9 && spent > 0.9 * rho, "{spent} of {rho}");
    assert_eq!(statement["caps"][0]["rows"], 8);

    let model = text(&folder.join("model"));
    let shown = manikin(&["model", "show", &model]).exits(0).out;
    for word in ["visits-1", "ε 1", "previous.class", "noise in L1", "Assumed public"] {
        assert!(shown.contains(word), "{word} in\n{shown}");
    }
    let again = text(&folder.join("again"));
    manikin(&["refit", &model, "-o", &again, "--noise-share", "1"]).exits(0);
    assert_eq!(charged(&folder).1, 1, "fitting again costs nothing");
    assert_eq!(
        fs::read(folder.join("model/measurements.parquet")).expect("there"),
        fs::read(folder.join("again/measurements.parquet")).expect("there")
    );

    let made = text(&folder.join("made"));
    manikin(&["generate", &model, "-o", &made, "--patients", "200", "--to", "csv"]).exits(0);
    let patients = fs::read_to_string(folder.join("made/patient.csv")).expect("there");
    assert_eq!(patients.lines().count(), 201);
    assert!(patients.lines().next().is_some_and(|head| !head.contains("admitted")));
    let visits = fs::read_to_string(folder.join("made/visit.csv")).expect("there");
    let known: Vec<&str> = patients.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(visits.lines().count() > 50);
    assert!(visits.lines().skip(1).all(|line| line.split(',').nth(1).is_some_and(|key| known.contains(&key))));
}

#[test]
fn a_model_without_noise_says_so_and_spends_nothing() {
    let folder = place("fit-open", "3");
    let ran = fit(&folder, "model", &["--no-privacy"]).exits(0);
    assert!(ran.err.contains("NOT PRIVATE"), "{}", ran.err);
    assert_eq!(charged(&folder), (0.0, 0));
    let spec = fs::read_to_string(folder.join("model/model.yaml")).expect("there");
    assert!(spec.contains("private: false") && spec.contains("NOT PRIVATE") && !spec.contains("epsilon"), "{spec}");
    let shown = manikin(&["model", "show", &text(&folder.join("model"))]).exits(0).out;
    assert!(shown.contains("NOT PRIVATE") && !shown.contains("ε"), "{shown}");
}

#[test]
fn faults_of_the_request_are_errors_with_hints_and_cost_nothing() {
    let folder = place("fit-faults", "3");
    let edited = |old: &str, new: &str| {
        assert!(SPEC.contains(old), "{old}");
        fs::write(folder.join("fit.yaml"), SPEC.replacen(old, new, 1)).expect("written");
    };
    let refused = |code: &str, more: &[&str]| {
        let ran = fit(&folder, "model", more).exits(2);
        assert!(ran.err.contains(code) && ran.err.contains("help"), "{code} in\n{}", ran.err);
        assert!(!folder.join("model").exists());
        ran.err
    };
    for epsilon in ["0", "-1", "nan", "inf"] {
        refused("MK1406", &["--epsilon", epsilon]);
    }
    for delta in ["0", "1", "0.0034"] {
        refused("MK1406", &["--delta", delta]);
    }
    refused("MK1401", &["--epsilon", "3.1"]);
    refused("MK1405", &["--ledger", &text(&folder.join("none.sqlite"))]);
    edited("id: visits-1", "id: visits-2");
    assert!(refused("MK1402", &[]).contains("manikin budget set visits-2"));
    edited("privacy: {source: {id: visits-1, patients: 300, origin: public}}\n", "");
    refused("MK1502", &[]);
    edited("origin: public", "origin: data");
    refused("MK1503", &[]);
    edited("cells: 6}", "cells: 6, origin: data}");
    refused("MK1503", &[]);
    edited("values: [F, M], other: F}}", "values: [F, M], other: F, origin: public}, allowed: [F, M], origin: data}");
    assert!(refused("MK1503", &[]).contains("what is said of patient.sex"));
    edited("{type: text, id: uuid}", "{type: text, id: uuid, origin: data}");
    assert!(refused("MK1503", &[]).contains("what is said of patient.patient_id"));
    edited("at_most: 8, ", "");
    refused("MK1504", &[]);
    edited("      patient_id: {key_of: patient}\n", "");
    refused("MK1505", &[]);
    edited("at_most: 8", "together: [[class, start, previous.class, previous.start]], at_most: 8");
    refused("MK1506", &["--max-model-mb", "0.0001"]);
    edited("      sex:", "      height: {type: number, learn: {edges: [0, 100, 200]}}\n      sex:");
    refused("MK0802", &[]);
    fs::write(folder.join("fit.yaml"), SPEC).expect("written");
    fs::rename(folder.join("data/visit.csv"), folder.join("data/visits.csv")).expect("renamed");
    refused("MK0801", &[]);
    fs::rename(folder.join("data/visits.csv"), folder.join("data/visit.csv")).expect("renamed");
    assert_eq!(charged(&folder), (0.0, 0));
    // A copy of the records under another name has no budget of its own.
    let ledger = text(&folder.join("ledger.sqlite"));
    fit(&folder, "model", &[]).exits(0);
    manikin(&["budget", "set", "visits-2", "--epsilon", "3", "--delta", "1e-6", "--ledger", &ledger]).exits(0);
    edited("id: visits-1", "id: visits-2");
    let ran = fit(&folder, "copy", &[]).exits(2);
    assert!(ran.err.contains("MK1404"), "{}", ran.err);
}

/// Looks for a neighbour that can be told apart by anything but released noise: exit codes, messages, the files and
/// their shape. The patient who joins does whatever may be seen.
#[test]
fn no_patient_changes_what_is_said_or_the_shape_of_what_is_written() {
    let folder = place("fit-neighbours", "60");
    let flood: Vec<(&str, String)> =
        (0..300).map(|at| ("visit", format!("X{at},PX,IMP,2024-01-{:02}T00:00:00", 1 + at % 28))).collect();
    let flood: Vec<(&str, &str)> = flood.iter().map(|(table, row)| (*table, row.as_str())).collect();
    let neighbours: Vec<Vec<(&str, &str)>> = vec![
        vec![],
        vec![("patient", "PX,M,1990-01-01")],
        [vec![("patient", "PX,M,1990-01-01")], flood].concat(),
        vec![("patient", "PX,?,1066-10-14"), ("visit", "X1,PX,strange,3024-01-01T00:00:00")],
        vec![("patient", "PX,,"), ("visit", "X1,PX,,"), ("visit", ",PX,AMB,2021-01-01T00:00:00")],
        vec![("visit", "X1,PX,AMB,2021-01-01T00:00:00")],
        vec![
            ("patient", "PX,F,1990-01-01"),
            ("patient", "PX,M,1991-01-01"),
            ("visit", "X1,PX,AMB,2021-01-01T00:00:00"),
            ("visit", "X1,PX,IMP,2021-01-01T00:00:00"),
        ],
        vec![("patient", "PX,F,1990-01-01"), ("visit", "V0001-0,PX,IMP,2021-01-01T00:00:00")],
        vec![("patient", "PX,F"), ("visit", "X1,PX,AMB,2021-01-01T00:00:00,more")],
        vec![("patient", "\"P\"\"X\",F,not a day"), ("visit", "X1,\"P\"\"X\",IMP,yesterday")],
    ];
    let mut first: Option<Vec<String>> = None;
    for (at, more) in neighbours.iter().enumerate() {
        records(&folder, 300, more);
        let ran = fit(&folder, "model", &["--format", "json", "--overwrite"]);
        let code = format!("{:?}", ran.code);
        let model = folder.join("model");
        let mut files: Vec<String> = fs::read_dir(&model)
            .unwrap_or_else(|_| panic!("neighbour {at}: {}", ran.err))
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let statement = fs::read_to_string(model.join("privacy.json")).expect("there");
        let spec = fs::read_to_string(model.join("model.yaml")).expect("there");
        let shown = manikin(&["model", "show", &text(&model), "--format", "json"]).exits(0).out;
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        let levels = shown["levels"].as_array().expect("levels").iter();
        let shape: Vec<String> = levels
            .map(|level| {
                format!("{} {} {:?}", level["attributes"], level["cells"], level["pieces"].as_array().map(Vec::len))
            })
            .collect();
        let said = [
            code,
            masked(&ran.err),
            masked_charge(&ran.out),
            files.join(" "),
            masked_charge(&statement),
            masked(&spec),
            shape.join("\n"),
        ];
        let first = first.get_or_insert_with(|| said.to_vec());
        for (mine, other) in said.iter().zip(first.iter()) {
            assert_eq!(mine, other, "neighbour {at} can be told apart");
        }
    }
}

/// A text without the number of subjects, which is released with noise.
fn masked(text: &str) -> String {
    let of_line = |line: &str| {
        let line = if line.trim_start().starts_with("rows: ") && !line.contains('[') { "rows: N" } else { line };
        match (line.find("about "), line.find(" subjects")) {
            (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to..]),
            _ => line.to_owned(),
        }
    };
    text.lines().map(of_line).collect::<Vec<_>>().join("\n")
}

/// A statement without the ledger's number of the charge, which counts fits.
fn masked_charge(text: &str) -> String {
    text.lines().filter(|line| !line.contains("\"charge\"")).collect::<Vec<_>>().join("\n")
}

#[test]
fn killed_at_any_point_the_ledger_never_shows_less_than_was_released() {
    let folder = place("fit-killed", "60");
    let mut released = 0;
    // The moments are spread over what a whole fit takes here.
    let start = std::time::Instant::now();
    fit(&folder, "whole", &[]).exits(0);
    let whole = start.elapsed();
    released += 1;
    let runs: u32 = 24;
    for run in 0..runs {
        let output = format!("model-{run}");
        let mut child = program()
            .args(arguments(&folder, &output, &[]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(whole * (run + 1) / runs + Duration::from_micros(u64::from(run) * 137));
        // SIGKILL on Unix: no handler, no destructor.
        let _ = child.kill();
        let _ = child.wait();
        // Whatever file holds noise counts as released, in the folder or in what was left of it.
        released += fs::read_dir(&folder)
            .expect("there")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(&output)))
            .filter(|path| path.join("potentials.parquet").exists() || path.join("measurements.parquet").exists())
            .count()
            .min(1);
        let (_, charges) = charged(&folder);
        assert!(charges >= released, "run {run}: {released} released, {charges} charged");
    }
    let (rho, charges) = charged(&folder);
    assert!(charges >= released && rho > 0.0);
}

#[test]
fn sixteen_processes_spend_no_more_than_one_budget() {
    let folder = place("fit-sixteen", "3");
    let mut running: Vec<_> = (0..16)
        .map(|at| {
            let mut command = program();
            command.args(arguments(&folder, &format!("model-{at}"), &[])).stdout(Stdio::null()).stderr(Stdio::piped());
            command.spawn().expect("the program starts")
        })
        .collect();
    let mut made = 0;
    for child in running.drain(..) {
        let ran: Ran = child.wait_with_output().expect("ends").into();
        match ran.code {
            Some(0) => made += 1,
            _ => assert!(ran.err.contains("MK1401"), "{}", ran.err),
        }
    }
    let ledger = text(&folder.join("ledger.sqlite"));
    let shown = manikin(&["budget", "show", "visits-1", "--ledger", &ledger, "--format", "json"]).exits(0).out;
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let rho = |name: &str| shown[0][name]["rho"].as_f64().expect("a number");
    let (spent, left) = (rho("charged"), rho("left"));
    // ε 3 holds seven fits of ε 1 at this δ: ρ grows faster than ε.
    let one = spent / f64::from(made);
    assert!((2..16).contains(&made) && left < one && left >= 0.0, "{made} made, {spent} spent, {left} left");
    let folders = (0..16).filter(|at| folder.join(format!("model-{at}")).exists()).count();
    assert_eq!((folders, charged(&folder).1), (made as usize, made as usize));
}
