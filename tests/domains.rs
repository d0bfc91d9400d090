//! Domains that are paid for, through the built program: drafted, refused, learned with noise, fitted, generated from.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ran, empty_folder, manikin};

/// Made-up records: 3,000 patients with a few visits; one of them has a value that nobody else has.
fn records(folder: &Path, patients: usize) -> PathBuf {
    let data = folder.join("extract");
    fs::create_dir_all(&data).expect("made");
    let (mut people, mut visits) = (
        "patient_id,sex,born,smoker\n".to_owned(),
        "visit_id,patient_id,class,code,description,start,cost\n".to_owned(),
    );
    for at in 0..patients {
        let sex = if at % 3 == 0 { "M" } else { "F" };
        people += &format!("P{at:05},{sex},{}-06-15,{}\n", 1930 + at % 90, at % 4 == 0);
        for visit in 0..1 + at % 4 {
            let class = if at % 5 == 0 { "IMP" } else { "AMB" };
            let day = format!("202{visit}-0{}-01T08:00:00", 1 + at % 9);
            let (code, cost) = (at % 7, 20 + 100 * (at % 7) + at % 40);
            visits += &format!("V{at:05}-{visit},P{at:05},{class},C-{code},Words of {code},{day},{cost}.50\n");
        }
    }
    visits += "V-rare,P00000,A rare disease,C-rare,Rare words,2021-01-01T08:00:00,987654.50\n";
    fs::write(data.join("patient.csv"), people).expect("written");
    fs::write(data.join("visit.csv"), visits).expect("written");
    data
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A draft of records, and a ledger in which its source has a total.
fn place(name: &str, delta_for_thresholds: &str) -> PathBuf {
    let folder = empty_folder(name);
    let data = records(&folder, 3000);
    let draft = folder.join("draft.yaml");
    manikin(&["init", "--from-data", &text(&data), "-o", &text(&draft)]).exits(0);
    // The years are public knowledge.
    let drafted = fs::read_to_string(&draft).expect("there");
    let years = "period: {from: 2020-01-01, to: 2023-12-31, origin: data}";
    assert!(drafted.contains(years), "{drafted}");
    fs::write(&draft, drafted.replace(years, &years.replace("data", "public"))).expect("written");
    let ledger = text(&folder.join("ledger.sqlite"));
    let total = ["--epsilon", "6", "--delta", "1e-6", "--delta-for-thresholds", delta_for_thresholds];
    manikin(&[&["budget", "set", "extract", "--ledger", &ledger][..], &total].concat()).exits(0);
    folder
}

fn run(folder: &Path, verb: &str, spec: &str, output: &str, more: &[&str]) -> Ran {
    let path = |name: &str| text(&folder.join(name));
    let (data, spec, output, ledger) = (path("extract"), path(spec), path(output), path("ledger.sqlite"));
    let all = [verb, &data, "--spec", &spec, "-o", &output, "--ledger", &ledger];
    manikin(&[&all[..], more].concat())
}

/// What the ledger says is charged: ρ, δ and how often.
fn charged(folder: &Path) -> (f64, f64, usize) {
    let ledger = text(&folder.join("ledger.sqlite"));
    let json = |verb: &str| -> Value {
        let ran = manikin(&["budget", verb, "extract", "--ledger", &ledger, "--format", "json"]).exits(0);
        serde_json::from_str(&ran.out).expect("JSON")
    };
    let entries = json("entries");
    let charges = entries.as_array().expect("entries").iter().filter(|entry| entry["event"] == "charged").count();
    let charged = &json("show")[0]["charged"];
    let number = |name: &str| charged[name].as_f64().expect("a number");
    (number("rho"), number("delta"), charges)
}

#[test]
fn a_draft_is_refused_until_its_domains_are_paid_for_and_then_fitted_and_generated_from() {
    let folder = place("domains-whole", "1e-7");
    let budget = ["--epsilon", "1", "--delta", "1e-8"];
    let refused = run(&folder, "fit", "draft.yaml", "model", &budget).exits(2);
    assert!(refused.err.contains("MK1503") && refused.err.contains("manikin domains"), "{}", refused.err);
    assert_eq!(charged(&folder).2, 0);

    let ran = run(&folder, "domains", "draft.yaml", "spec.yaml", &["--epsilon", "3", "--delta", "1e-7"]).exits(0);
    let spec = fs::read_to_string(folder.join("spec.yaml")).expect("there");
    assert!(!spec.contains("origin: data") && spec.contains("origin: measured"), "{spec}");
    for rare in ["rare", "Rare", "987654"] {
        assert!(!spec.contains(rare) && !ran.err.contains(rare), "{spec}{}", ran.err);
    }
    assert!(spec.contains("[F, M]") && spec.contains("AMB, IMP"), "{spec}");
    assert!(spec.contains("table: visit_code") && spec.contains("description: \"Words of 4\""), "{spec}");

    let statement = fs::read_to_string(folder.join("spec.privacy.json")).expect("there");
    let statement: Value = serde_json::from_str(&statement).expect("JSON");
    let (rho, delta, charges) = charged(&folder);
    assert_eq!(charges, 1);
    let number = |name: &str| statement[name].as_f64().expect("a number");
    assert!((number("rho") - rho).abs() < 1e-12 && (number("delta_for_thresholds") - delta).abs() < 1e-20);
    assert!((delta - 5e-8).abs() < 1e-15, "half of δ is for thresholds: {delta}");
    let measured = statement["account"]["measurements"].as_array().expect("measurements");
    let sum = |name: &str| measured.iter().map(|one| one["loss"][name].as_f64().expect("a number")).sum::<f64>();
    assert!(sum("rho") <= rho && sum("rho") > 0.99 * rho && sum("delta") <= delta && sum("delta") > 0.5 * delta);
    assert_eq!(measured.len(), statement["found"].as_array().expect("what was found").len());

    manikin(&["check", &text(&folder.join("spec.yaml"))]).exits(0);
    run(&folder, "fit", "spec.yaml", "model", &[&budget[..], &["--method", "independent"]].concat()).exits(0);
    let shown = manikin(&["model", "show", &text(&folder.join("model"))]).exits(0).out;
    let entry = format!("Domains measured under the ledger's entry {}", statement["entry"]);
    assert!(shown.contains(&entry) && shown.contains("patient.sex"), "{shown}");
    let made = text(&folder.join("made"));
    manikin(&["generate", &text(&folder.join("model")), "-o", &made, "--patients", "200", "--to", "csv"]).exits(0);
    let patients = fs::read_to_string(folder.join("made/patient.csv")).expect("there");
    assert_eq!(patients.lines().count(), 201);
    assert!(fs::read_to_string(folder.join("made/visit.csv")).expect("there").contains("AMB"));
}

#[test]
fn domains_are_refused_before_anything_is_charged_or_written() {
    let folder = place("domains-refused", "0");
    let budget = ["--epsilon", "1", "--delta", "1e-8"];
    let refused = run(&folder, "domains", "draft.yaml", "spec.yaml", &budget).exits(2);
    assert!(refused.err.contains("--delta-for-thresholds"), "{}", refused.err);
    for (code, options) in [
        ("MK1401", ["--epsilon", "60", "--delta", "1e-8"]),
        ("MK1406", ["--epsilon", "1", "--delta", "0.01"]),
        ("MK1406", ["--epsilon", "-1", "--delta", "1e-8"]),
    ] {
        let refused = run(&folder, "domains", "draft.yaml", "spec.yaml", &options).exits(2);
        assert!(refused.err.contains(code), "{code}: {}", refused.err);
    }
    let draft = fs::read_to_string(folder.join("draft.yaml")).expect("there");
    let unread = draft.replacen("12-31, origin: public", "12-31, origin: data", 1);
    fs::write(folder.join("unread.yaml"), unread).expect("written");
    for verb in ["domains", "fit"] {
        let refused = run(&folder, verb, "unread.yaml", "spec.yaml", &budget).exits(2);
        assert!(refused.err.contains("the period was taken from the records"), "{}", refused.err);
    }
    assert!(!folder.join("spec.yaml").exists() && !folder.join("spec.privacy.json").exists());
    fs::write(folder.join("spec.privacy.json"), "mine").expect("written");
    let refused = run(&folder, "domains", "draft.yaml", "spec.yaml", &budget).exits(2);
    assert!(refused.err.contains("MK0902") && !folder.join("spec.yaml").exists(), "{}", refused.err);
    assert_eq!(fs::read_to_string(folder.join("spec.privacy.json")).expect("there"), "mine");
    assert_eq!(charged(&folder), (0.0, 0.0, 0));
}

#[test]
fn where_nothing_stands_out_the_mark_stays_and_nothing_of_the_draft_does() {
    let folder = place("domains-nothing", "1e-7");
    let ran = run(&folder, "domains", "draft.yaml", "spec.yaml", &["--epsilon", "0.001", "--delta", "1e-7"]).exits(3);
    assert!(ran.err.contains("patient.sex") && ran.err.contains("more ε"), "{}", ran.err);
    let spec = fs::read_to_string(folder.join("spec.yaml")).expect("there");
    assert!(spec.contains("origin: data") && !spec.contains("IMP") && !spec.contains("1930"), "{spec}");
    manikin(&["check", &text(&folder.join("spec.yaml"))]).exits(0);
    run(&folder, "fit", "spec.yaml", "model", &["--epsilon", "1", "--delta", "1e-8"]).exits(2);
    assert_eq!(charged(&folder).2, 1, "it was paid all the same");

    // A second release pays for what is still marked.
    run(&folder, "domains", "spec.yaml", "again.yaml", &["--epsilon", "4", "--delta", "5e-8"]).exits(0);
    let spec = fs::read_to_string(folder.join("again.yaml")).expect("there");
    assert!(!spec.contains("origin: data") && spec.contains("IMP"), "{spec}");
    assert_eq!((spec.matches("entry:").count(), charged(&folder).2), (2, 2));
}

#[test]
fn a_mark_of_measured_domains_needs_a_charge_that_the_ledger_knows() {
    let folder = place("domains-forged", "1e-7");
    let draft = fs::read_to_string(folder.join("draft.yaml")).expect("there");
    let forged = draft.replace("origin: data", "origin: measured");
    fs::write(folder.join("forged.yaml"), &forged).expect("written");
    let budget = ["--epsilon", "1", "--delta", "1e-8"];
    let refused = run(&folder, "fit", "forged.yaml", "model", &budget).exits(2);
    assert!(refused.err.contains("names no charge"), "{}", refused.err);
    let forged = forged.replace("privacy: {source", "privacy: {domains: [{entry: 1, rho: 0.1}], source");
    fs::write(folder.join("forged.yaml"), &forged).expect("written");
    let refused = run(&folder, "fit", "forged.yaml", "model", &budget).exits(2);
    assert!(refused.err.contains("no such charge"), "{}", refused.err);
    assert_eq!(charged(&folder).2, 0);
}
