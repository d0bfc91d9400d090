//! Budgets through the built program: what a custodian sets, sees and is refused.

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Ran, empty_folder, manikin, program};

/// Runs `manikin budget` on the ledger of a folder.
fn budget(folder: &Path, arguments: &[&str]) -> Ran {
    let ledger = folder.join("ledger.sqlite");
    let mut all = vec!["budget", "--ledger", ledger.to_str().expect("UTF-8")];
    all.extend(arguments);
    manikin(&all)
}

/// The same, as JSON.
#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    serde_json::from_str(&budget(folder, &all).exits(0).out).expect("JSON")
}

#[test]
fn a_budget_is_set_reserved_released_and_shown() {
    let folder = empty_folder("budget-life");
    let set = budget(&folder, &["set", "claims-2025", "--epsilon", "1", "--delta", "1e-9"]).exits(0);
    assert!(set.out.contains("0.01497305"), "{}", set.out);

    let number = budget(&folder, &["reserve", "claims-2025", "--epsilon", "0.5", "--about", "visits"]).exits(0).out;
    let number = number.trim();
    let shown = json(&folder, &["show", "claims-2025"]);
    let reserved = shown[0]["reserved"]["rho"].as_f64().expect("a number");
    assert!(reserved > 0.0 && reserved < 0.015, "{shown}");
    assert!((shown[0]["epsilon_reserved"].as_f64().expect("a number") - 0.5).abs() < 1e-6, "{shown}");
    assert_eq!(shown[0]["charged"]["rho"], 0.0);

    budget(&folder, &["release", number]).exits(0);
    let again = budget(&folder, &["release", number]).exits(2);
    assert!(again.err.contains("MK1403") && again.err.contains("released"), "{}", again.err);
    assert_eq!(json(&folder, &["show", "claims-2025"])[0]["reserved"]["rho"], 0.0);

    let listed = budget(&folder, &["entries", "claims-2025"]).exits(0).out;
    for word in ["total", "reserved", "visits", "released", "202"] {
        assert!(listed.contains(word), "{word} in\n{listed}");
    }
    let kinds: Vec<String> = json(&folder, &["entries", "claims-2025"])
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["event"].as_str().expect("a kind").to_owned())
        .collect();
    assert_eq!(kinds, ["total", "reserved", "released"]);
}

#[test]
fn the_table_adds_up() {
    let folder = empty_folder("budget-table");
    budget(&folder, &["set", "a", "--epsilon", "3", "--delta", "1e-6", "--delta-for-thresholds", "5e-7"]).exits(0);
    budget(&folder, &["set", "b", "--epsilon", "1", "--delta", "1e-9"]).exits(0);
    budget(&folder, &["reserve", "a", "--rho", "0.05", "--delta-for-thresholds", "1e-7", "--about", "codes"]).exits(0);
    let text = budget(&folder, &["show"]).exits(0).out;
    for word in ["total", "spent", "reserved", "left", "ρ", "δ for thresholds", "0.05", "5e-7"] {
        assert!(text.contains(word), "{word} in\n{text}");
    }
    let shown = json(&folder, &["show"]);
    for balance in shown.as_array().expect("balances") {
        let rho = |name: &str| balance[name]["rho"].as_f64().expect("a number");
        let total = balance["total"]["loss"]["rho"].as_f64().expect("a number");
        assert_eq!(rho("charged") + rho("reserved") + rho("left"), total, "{balance}");
    }
}

#[test]
fn more_than_is_left_is_refused_and_the_rest_is_told() {
    let folder = empty_folder("budget-exceeded");
    budget(&folder, &["set", "claims-2025", "--epsilon", "1", "--delta", "1e-9"]).exits(0);
    let refused = budget(&folder, &["reserve", "claims-2025", "--epsilon", "1.1", "--about", "x"]).exits(2);
    assert!(refused.err.contains("MK1401") && refused.err.contains("left"), "{}", refused.err);
    assert_eq!(refused.out, "");
    // The whole budget fits, to the last unit.
    budget(&folder, &["reserve", "claims-2025", "--epsilon", "1", "--about", "x"]).exits(0);
    budget(&folder, &["reserve", "claims-2025", "--rho", "1e-12", "--about", "x"]).exits(2);
    // A second budget for the same source replaces the first; it does not add to it.
    budget(&folder, &["set", "claims-2025", "--epsilon", "0.5", "--delta", "1e-9"]).exits(0);
    assert_eq!(json(&folder, &["show"])[0]["left"]["rho"], 0.0);
}

#[test]
fn bad_requests_are_explained() {
    let folder = empty_folder("budget-bad");
    let missing = budget(&folder, &["show"]).exits(2);
    assert!(missing.err.contains("MK1405") && missing.err.contains("budget set"), "{}", missing.err);
    assert!(!folder.join("ledger.sqlite").exists(), "asking makes no ledger");

    for [epsilon, delta] in [["0", "1e-9"], ["-1", "1e-9"], ["nan", "1e-9"], ["1", "0"], ["1", "1"], ["1", "-0.5"]] {
        let refused = budget(&folder, &["set", "a", "--epsilon", epsilon, "--delta", delta]).exits(2);
        assert!(refused.err.contains("MK1406"), "ε {epsilon}, δ {delta}: {}", refused.err);
    }
    budget(&folder, &["set", " ", "--epsilon", "1", "--delta", "1e-9"]).exits(2);
    budget(&folder, &["set", "a", "--epsilon", "1", "--delta", "1e-9"]).exits(0);
    for amount in [["--epsilon", "0"], ["--rho", "-1"], ["--rho", "inf"], ["--epsilon", "nan"]] {
        budget(&folder, &["reserve", "a", amount[0], amount[1], "--about", "x"]).exits(2);
    }
    budget(&folder, &["reserve", "a", "--epsilon", "0.1", "--rho", "0.1", "--about", "x"]).exits(2);
    budget(&folder, &["reserve", "a", "--about", "x"]).exits(2);
    for verb in [vec!["show", "b"], vec!["entries", "b"], vec!["distinct", "a", "b"]] {
        let refused = budget(&folder, &verb).exits(2);
        assert!(refused.err.contains("MK1402"), "{verb:?}: {}", refused.err);
    }
    budget(&folder, &["distinct", "a", "a"]).exits(2);
    let unknown = budget(&folder, &["release", "99"]).exits(2);
    assert!(unknown.err.contains("MK1403"), "{}", unknown.err);

    std::fs::write(
        folder.join("notes.txt"),
        "no ledger, but long enough to have a header of its own, and more\n".repeat(40),
    )
    .expect("written");
    let notes = folder.join("notes.txt");
    let foreign = manikin(&["budget", "show", "--ledger", notes.to_str().expect("UTF-8")]).exits(2);
    assert!(foreign.err.contains("MK1405"), "{}", foreign.err);
    let secret = ["budget", "show", "--ledger", "postgresql://me:hunter2@localhost:1/none"];
    let unreachable = manikin(&secret).exits(2);
    assert!(unreachable.err.contains("MK1405") && !unreachable.err.contains("hunter2"), "{}", unreachable.err);
}

#[test]
fn the_ledger_is_found_where_the_environment_says() {
    let folder = empty_folder("budget-environment");
    let run = |variable: &str, value: &Path, arguments: &[&str]| -> Ran {
        let mut command = program();
        command.env_remove("MANIKIN_LEDGER").env_remove("XDG_STATE_HOME").env(variable, value);
        command.arg("budget").args(arguments).output().expect("the program starts").into()
    };
    let set = ["set", "a", "--epsilon", "1", "--delta", "1e-9"];
    run("XDG_STATE_HOME", &folder, &set).exits(0);
    let made = folder.join("manikin/ledger.sqlite");
    assert!(made.is_file());
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&made.metadata().expect("a file").permissions());
        assert_eq!(mode & 0o077, 0, "the ledger is its owner's alone");
    }
    let named = folder.join("other.sqlite");
    run("MANIKIN_LEDGER", &named, &set).exits(0);
    assert!(named.is_file());
}
