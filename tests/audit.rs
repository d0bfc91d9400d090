//! The audit of learning, through the built program: an honest fit keeps its claim, a leaky one does not, and every fit
//! is paid for.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Ran, empty_folder, manikin};

const SPEC: &str = "manikin: 1
product: clinic
period: {from: 2020-01-01, to: 2024-12-31}
privacy: {source: {id: clinic-1, patients: 300, origin: public}}
entities:
  patient:
    subject: true
    key: patient_id
    fields:
      patient_id: {type: text, id: uuid}
      height: {type: integer, learn: {edges: EDGES}}
      weight: {type: integer, learn: {edges: EDGES}}
      pulse: {type: integer, learn: {edges: EDGES}}
    learn: {together: [[height, weight, pulse]], rows: {visit: [0, 1, 2, 5]}}
  visit:
    per: patient
    key: visit_id
    fields:
      visit_id: {type: text, id: uuid}
      patient_id: {key_of: patient}
      class: {type: text, learn: {values: [AMB, IMP]}}
    learn: {at_most: 4}
";

/// A folder with a spec, 300 patients and their visits made by rule, and a ledger in which the source has a total.
fn place(name: &str, epsilon: &str) -> PathBuf {
    let folder = empty_folder(name);
    let edges: Vec<String> = (0..=20).map(|edge| (edge * 10).to_string()).collect();
    fs::write(folder.join("spec.yaml"), SPEC.replace("EDGES", &format!("[{}]", edges.join(", ")))).expect("written");
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("made");
    let mut people = "patient_id,height,weight,pulse\n".to_owned();
    let mut visits = "visit_id,patient_id,class\n".to_owned();
    for at in 0..300 {
        people += &format!("P{at},{},{},{}\n", 140 + at % 50, 50 + at % 70, 60 + at % 30);
        (0..at % 4).for_each(|visit| visits += &format!("V{at}-{visit},P{at},AMB\n"));
    }
    fs::write(data.join("patient.csv"), people).expect("written");
    fs::write(data.join("visit.csv"), visits).expect("written");
    let ledger = text(&folder.join("ledger.sqlite"));
    manikin(&["budget", "set", "clinic-1", "--epsilon", epsilon, "--delta", "1e-6", "--ledger", &ledger]).exits(0);
    folder
}

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// Audits a claim of this ε at δ 1e-6.
fn audit(folder: &Path, epsilon: &str, more: &[&str]) -> Ran {
    let (data, spec) = (text(&folder.join("data")), text(&folder.join("spec.yaml")));
    let mut all = vec!["audit", &data, "--spec", &spec, "--epsilon", epsilon, "--delta", "1e-6", "--format", "json"];
    let ledger = text(&folder.join("ledger.sqlite"));
    if !more.contains(&"--no-privacy") {
        all.extend(["--ledger", &ledger]);
    }
    all.extend(more);
    manikin(&all)
}

fn answer(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("JSON")
}

/// How often the source was charged.
fn charges(folder: &Path) -> usize {
    let ledger = text(&folder.join("ledger.sqlite"));
    let ran = manikin(&["budget", "entries", "clinic-1", "--ledger", &ledger, "--format", "json"]).exits(0);
    let entries: Value = serde_json::from_str(&ran.out).expect("JSON");
    entries.as_array().expect("entries").iter().filter(|entry| entry["event"] == "charged").count()
}

#[test]
fn an_honest_fit_keeps_its_claim_and_is_charged_once() {
    let folder = place("audit-honest", "2");
    // Noise has no seed. A bound above 1 takes 81 of 100 right; with all of the budget (μ = .2) on one marginal and no
    // cell shared, about 60 of the most certain 100 are (log odds .2 x 2.06), so alpha is below 1e-4.
    let found = answer(&audit(&folder, "1", &["--canaries", "1000"]).exits(0));
    assert!(found["epsilon_lower_bound"].as_f64().expect("a bound") <= 1.0, "{found}");
    assert_eq!((&found["verdict"], &found["guesses"]), (&"not_refuted".into(), &100.into()));
    assert_eq!(charges(&folder), 1);
    let ledger = text(&folder.join("ledger.sqlite"));
    let shown = manikin(&["budget", "entries", "clinic-1", "--ledger", &ledger]).exits(0).out;
    assert!(shown.contains("manikin audit"), "{shown}");
}

#[test]
fn a_fit_without_noise_is_found_out_and_charges_nothing() {
    let folder = place("audit-leaky", "2");
    let found = answer(&audit(&folder, "1", &["--no-privacy"]).exits(1));
    let bound = found["epsilon_lower_bound"].as_f64().expect("a bound");
    assert!(bound > 3.0, "{found}");
    assert_eq!((&found["verdict"], &found["private"]), (&"refuted".into(), &false.into()));
    // All of r guesses right at most: the bound solves (e^ε/(1+e^ε))^r = .05.
    assert!(bound < 3.6, "{found}");
    let again = answer(&audit(&folder, "1", &["--no-privacy"]).exits(1));
    assert_eq!(found, again, "the same seed gives the same canaries and coins");
    let one = answer(&audit(&folder, "0.3", &["--no-privacy", "--runs", "8"]).exits(1));
    assert_eq!((&one["right"], &one["fits"]), (&16.into(), &16.into()));
    assert_eq!(charges(&folder), 0);
}

#[test]
fn an_audit_is_refused_without_budget_and_before_the_first_of_many_fits() {
    let folder = place("audit-poor", "2");
    let ran = audit(&folder, "3", &[]).exits(2);
    assert!(ran.err.contains("MK1401"), "{}", ran.err);
    let ran = audit(&folder, "1", &["--runs", "20"]).exits(2);
    assert!(ran.err.contains("MK1401") && ran.err.contains("40 fits"), "{}", ran.err);
    fs::remove_file(folder.join("ledger.sqlite")).expect("removed");
    let ran = audit(&folder, "1", &[]).exits(2);
    assert!(ran.err.contains("MK1405"), "{}", ran.err);
}

#[test]
fn an_audit_that_could_say_nothing_says_what_it_would_take_and_charges_nothing() {
    let folder = place("audit-mute", "9");
    let found = answer(&audit(&folder, "7", &["--canaries", "50"]).exits(3));
    assert_eq!(found["verdict"], "incomplete");
    assert!(found["reason"].as_str().is_some_and(|reason| reason.contains("3287")), "{found}");
    audit(&folder, "1", &["--runs", "3"]).exits(3);
    audit(&folder, "1", &["--confidence", "1"]).exits(2);
    audit(&folder, "1", &["--method", "clipped-means"]).exits(2);
    assert_eq!(charges(&folder), 0);
}
