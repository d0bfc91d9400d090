//! `manikin evaluate` on real tables: the Adult folds and a relational Synthea set, clean, leaky and broken, each with a
//! spec that the program drafted itself.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Ran, empty_folder, manikin, root};

/// A folder beside the project with data that are not part of it; the test is skipped where it is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = root().join("../shared/data").join(name);
    let is_there = folder.is_dir();
    if !is_there {
        #[allow(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: {} is not there", folder.display());
        }
    }
    is_there.then_some(folder)
}

/// The Adult folds as CSV files, and a spec that was drafted of the first.
struct Adult {
    scratch: PathBuf,
    spec: PathBuf,
    lines: BTreeMap<&'static str, Vec<String>>,
}

impl Adult {
    fn unpacked(name: &str, rows: usize) -> Option<Self> {
        let folder = shared("adult")?;
        let scratch = empty_folder(name);
        let mut lines = BTreeMap::new();
        for (fold, file) in [("train", "census-train"), ("holdout", "census-holdout"), ("synthetic", "census-syn")] {
            let packed = folder.join(format!("{file}.csv.gz"));
            let unpacked = Command::new("gzip").arg("-dc").arg(&packed).output().expect("gzip");
            let text = String::from_utf8(unpacked.stdout).expect("text");
            let own: Vec<String> = text.lines().take(rows + 1).map(str::to_owned).collect();
            lines.insert(fold, own);
        }
        let adult = Self { spec: scratch.join("census.yaml"), scratch, lines };
        for fold in ["train", "holdout", "synthetic"] {
            adult.write(fold, &adult.lines[fold]);
        }
        let train = adult.folder("train");
        manikin(&["init", "--from-data", text(&train), "-o", text(&adult.spec)]).exits(0);
        Some(adult)
    }

    fn folder(&self, fold: &str) -> PathBuf {
        self.scratch.join(fold)
    }

    fn write(&self, fold: &str, lines: &[String]) {
        fs::create_dir_all(self.folder(fold)).unwrap();
        fs::write(self.folder(fold).join("census.csv"), lines.join("\n") + "\n").unwrap();
    }

    fn evaluate(&self, real: &str, holdout: &str, synthetic: &str, more: &[&str]) -> (Ran, PathBuf) {
        let report = self.scratch.join(format!("report-{synthetic}"));
        let folders = [self.folder(real), self.folder(holdout), self.folder(synthetic)];
        let mut arguments = vec!["evaluate", "--real", text(&folders[0])];
        if !holdout.is_empty() {
            arguments.extend(["--holdout", text(&folders[1])]);
        }
        arguments.extend(["--synthetic", text(&folders[2]), "--spec", text(&self.spec), "-o", text(&report)]);
        arguments.extend(more);
        (manikin(&arguments), report)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// A report whose figures each say all of themselves: those of one metric and entity are written together.
fn report(folder: &Path) -> Value {
    let mut report: Value = serde_json::from_str(&fs::read_to_string(folder.join("report.json")).unwrap()).unwrap();
    let mut flat = Vec::new();
    for shared in report["scores"].as_array().unwrap() {
        for one in shared["figures"].as_array().unwrap() {
            let mut score = one.clone();
            for key in ["metric", "direction", "range", "means", "reference"] {
                assert!(shared[key].is_string() || key == "range", "{key} of {shared}");
                score["score"][key] = shared[key].clone();
            }
            for key in ["about", "value", "interval", "benchmark", "n"] {
                score["score"][key] = one[key].clone();
            }
            let method = if one["method"].is_null() { &shared["method"] } else { &one["method"] };
            assert!(method.is_string() && one["n"].is_u64(), "{one}");
            score["score"]["method"] = method.clone();
            for key in ["family", "measure", "entity"] {
                score[key] = shared[key].clone();
            }
            flat.push(score);
        }
    }
    report["scores"] = flat.into();
    report
}

/// The scores of a metric.
fn scores<'a>(report: &'a Value, metric: &str) -> Vec<&'a Value> {
    let all = report["scores"].as_array().unwrap();
    all.iter().filter(|score| score["score"]["metric"] == metric).collect()
}

/// The limits that came out so.
fn limits(report: &Value, status: &str) -> BTreeSet<String> {
    let all = report["scores"].as_array().unwrap().iter();
    let held = all.filter(|score| score["status"] == status && !score["limit"].is_null());
    held.map(|score| score["limit"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn clean_data_miss_no_limit_and_the_report_stands_in_every_form() {
    let Some(adult) = Adult::unpacked("evaluate-clean", 16_281) else { return };
    let (ran, folder) = adult.evaluate("train", "holdout", "synthetic", &[]);
    let ran = ran.exits(0);
    let report = report(&folder);
    assert_eq!(limits(&report, "fail"), BTreeSet::new(), "{}", ran.said());
    assert!(limits(&report, "pass").contains("exact_copies"));
    assert!(limits(&report, "pass").contains("members_at_one_in_a_thousand"));
    for score in report["scores"].as_array().unwrap() {
        let told = score["status"] != "incomplete" || score["reason"].as_str().is_some_and(|why| !why.is_empty());
        assert!(told, "an incomplete score says why: {score}");
        assert!(!score["score"]["value"].is_null() || score["status"] == "incomplete", "{score}");
    }
    let families: BTreeSet<&str> =
        report["scores"].as_array().unwrap().iter().map(|score| score["family"].as_str().unwrap()).collect();
    for family in
        ["copies", "membership", "disclosure", "anonymity", "columns", "pairs", "marginals", "utility", "fairness"]
    {
        assert!(families.contains(family), "{family} is missing");
    }
    let ids: BTreeSet<&str> = report["scores"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), report["scores"].as_array().unwrap().len(), "ids are unique");
    for file in ["report.schema.json", "junit.xml", "report.sarif", "summary.md"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
}

#[test]
fn one_row_in_twenty_copied_fails_and_names_exact_matches() {
    let Some(mut adult) = Adult::unpacked("evaluate-leaky", 16_281) else { return };
    let mut leaky = adult.lines.remove("synthetic").unwrap();
    for row in 0..814 {
        leaky[1 + row * 20] = adult.lines["train"][1 + row * 20].clone();
    }
    adult.write("leaky", &leaky);
    let (ran, folder) = adult.evaluate("train", "holdout", "leaky", &["--only", "matches,membership"]);
    let ran = ran.exits(1);
    assert!(ran.out.contains("exact_match_excess"), "{}", ran.out);
    let report = report(&folder);
    let failed = limits(&report, "fail");
    for limit in ["exact_copies", "near_copies", "members_at_one_in_a_thousand", "attacks_beyond_chance"] {
        assert!(failed.contains(limit), "{limit} of {failed:?}");
    }
    let junit = fs::read_to_string(folder.join("junit.xml")).unwrap();
    assert!(junit.contains("<failure type=\"exact_copies\""));
    assert!(junit.contains("<error type=\"incomplete\""), "what was not run is an error");
    let sarif: Value = serde_json::from_str(&fs::read_to_string(folder.join("report.sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let copies = results.iter().find(|result| result["ruleId"] == "exact_copies").unwrap();
    let place = &copies["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "profiles/starting.yaml");
    let line = place["region"]["startLine"].as_u64().unwrap() as usize;
    let profile = fs::read_to_string(root().join("profiles/starting.yaml")).unwrap();
    assert_eq!(profile.lines().nth(line - 1).unwrap().trim(), "exact_copies:");
    assert!(fs::read_to_string(folder.join("summary.md")).unwrap().contains("| FAIL | exact_copies |"));
}

#[test]
fn few_harmless_rows_miss_no_limit_but_a_leak_of_many_of_them_does() {
    let Some(mut adult) = Adult::unpacked("evaluate-few", 124) else { return };
    let mut leaky = adult.lines.remove("synthetic").unwrap();
    leaky[1..=62].clone_from_slice(&adult.lines["train"][1..=62]);
    adult.write("leaky", &leaky);
    let more = ["--only", "matches,membership,linkability,inference"];
    let (ran, folder) = adult.evaluate("train", "holdout", "synthetic", &more);
    let ran = ran.exits(3);
    let found = report(&folder);
    assert_eq!(limits(&found, "fail"), BTreeSet::new(), "{}", ran.said());
    for metric in ["exact_match_excess", "membership_maximum_tpr"] {
        for score in scores(&found, metric).into_iter().filter(|score| !score["limit"].is_null()) {
            assert!(score["needed_n"].as_u64().is_some_and(|needed| needed > 124), "{score}");
        }
    }
    let (ran, folder) = adult.evaluate("train", "holdout", "leaky", &more);
    let failed = limits(&report(&folder), "fail");
    assert!(
        failed.contains("exact_copies") && failed.contains("members_at_one_in_a_hundred"),
        "{}",
        ran.exits(1).said()
    );
}

#[test]
fn identical_data_are_wholly_faithful_and_fail_as_copies() {
    let Some(adult) = Adult::unpacked("evaluate-same", 4_000) else { return };
    adult.write("same", &adult.lines["train"]);
    let (ran, folder) = adult.evaluate("train", "holdout", "same", &["--only", "columns,pairs,accuracy,matches"]);
    ran.exits(1);
    let report = report(&folder);
    for metric in ["ks_complement", "tv_complement", "correlation_similarity", "contingency_similarity", "accuracy"] {
        let found = scores(&report, metric);
        assert!(!found.is_empty(), "{metric}");
        for score in found {
            let value = score["score"]["value"].as_f64();
            assert!(value.is_none_or(|value| (value - 1.0).abs() < 1e-9), "{score}");
        }
    }
    assert!(limits(&report, "fail").contains("exact_copies"));
}

#[test]
fn the_same_seed_gives_the_same_report_on_any_number_of_threads() {
    let Some(adult) = Adult::unpacked("evaluate-repeated", 1_000) else { return };
    let read = |threads: &str| {
        let more = ["--only", "membership,columns,marginals,utility", "--threads", threads, "--overwrite"];
        let (ran, folder) = adult.evaluate("train", "holdout", "synthetic", &more);
        ran.exits(3);
        fs::read_to_string(folder.join("report.json")).unwrap()
    };
    assert!(read("1") == read("3"));
}

#[test]
fn tables_as_parquet_give_the_figures_of_tables_as_csv() {
    let scratch = empty_folder("evaluate-parquet");
    let spec = root().join("specs/claims-prototype.yaml");
    for seed in ["1", "2", "3"] {
        for format in ["csv", "parquet"] {
            let folder = scratch.join(format).join(seed);
            manikin(&["generate", text(&spec), "--seed", seed, "--to", format, "-o", text(&folder), "-q"]).exits(0);
        }
    }
    let figures = ["csv", "parquet"].map(|format| {
        let folder = |seed: &str| scratch.join(format).join(seed);
        let (real, holdout, synthetic, out) = (folder("1"), folder("2"), folder("3"), folder("report"));
        let sides = ["evaluate", "--real", text(&real), "--holdout", text(&holdout), "--synthetic", text(&synthetic)];
        // 200 people are too few for some limits.
        manikin(&[&sides[..], &["--spec", text(&spec), "--quick", "-o", text(&out)]].concat()).exits(3);
        report(&out)["scores"].clone()
    });
    assert!(figures[0].as_array().is_some_and(|all| all.len() > 1000));
    assert!(figures[0] == figures[1]);
}

#[test]
fn without_a_holdout_no_comparison_passes_and_the_report_says_why() {
    let Some(adult) = Adult::unpacked("evaluate-alone", 3_000) else { return };
    adult.write("same", &adult.lines["train"]);
    // Every row is copied, but half of the copies are of rows that the split put into the holdout.
    let (ran, folder) = adult.evaluate("train", "", "same", &["--only", "matches"]);
    let ran = ran.exits(3);
    assert!(ran.err.contains("no --holdout"), "{}", ran.err);
    let report = report(&folder);
    assert!(!limits(&report, "pass").contains("exact_copies"));
    assert!(report["split"]["made"]["weakens"].as_str().unwrap().contains("cancel out"));
}

#[test]
fn a_holdout_that_holds_train_rows_is_refused() {
    let Some(adult) = Adult::unpacked("evaluate-shared", 4_000) else { return };
    let mut shared = adult.lines["holdout"].clone();
    shared[1..=200].clone_from_slice(&adult.lines["train"][1..=200]);
    adult.write("shared", &shared);
    let (ran, folder) = adult.evaluate("train", "shared", "synthetic", &["--only", "columns"]);
    let ran = ran.exits(2);
    assert!(ran.err.contains("MK1003"), "{}", ran.err);
    assert!(!folder.exists(), "a refused evaluation leaves nothing");
}

#[test]
fn data_of_another_form_are_refused_with_a_hint() {
    let Some(adult) = Adult::unpacked("evaluate-form", 500) else { return };
    let renamed: Vec<String> =
        adult.lines["synthetic"].iter().map(|line| line.replace("hours_per_week", "hours_per_weeks")).collect();
    adult.write("renamed", &renamed);
    let (ran, _) = adult.evaluate("train", "holdout", "renamed", &[]);
    let ran = ran.exits(2);
    assert!(ran.err.contains("MK1002") && ran.err.contains("is it the column hours_per_weeks"), "{}", ran.err);
    let typed: Vec<String> = adult.lines["synthetic"]
        .iter()
        .enumerate()
        .map(|(row, line)| if row == 0 { line.clone() } else { format!("old,{}", line.split_once(',').unwrap().1) })
        .collect();
    adult.write("typed", &typed);
    let (ran, _) = adult.evaluate("train", "holdout", "typed", &[]);
    let ran = ran.exits(2);
    assert!(ran.err.contains("census.age") && ran.err.contains("integer"), "{}", ran.err);
    adult.write("bare", &adult.lines["synthetic"][..1]);
    let (ran, _) = adult.evaluate("train", "holdout", "bare", &[]);
    assert!(ran.exits(2).err.contains("MK1004"));
    let (ran, _) = adult.evaluate("train", "holdout", "nowhere", &[]);
    assert!(ran.exits(2).err.contains("MK0801"));
    let (ran, _) = adult.evaluate("train", "holdout", "synthetic", &["--only", "matchs"]);
    assert!(ran.exits(2).err.contains("did you mean matches?"));
}

#[test]
fn poor_columns_and_few_rows_give_reasons_not_numbers() {
    let scratch = empty_folder("evaluate-poor");
    let spec = scratch.join("poor.yaml");
    fs::write(
        &spec,
        "manikin: 1\nproduct: poor\nperiod: {from: 2025-01-01, to: 2025-12-31}\nentities:\n  visit:\n    fields:\n      \
         nothing: {type: integer}\n      same: {type: text, privacy: quasi_identifier}\n      sex: {type: text}\n      \
         seen: {type: date}\n      code: {type: text, privacy: sensitive}\n",
    )
    .unwrap();
    let write = |fold: &str, rows: usize, sex: [&str; 2], shift: usize| {
        let mut lines = vec!["nothing,same,sex,seen,code".to_owned()];
        lines.extend((0..rows).map(|row| {
            let (sex, year) = (sex[(row + shift) % 2], 1900 + (row * 7 + shift) % 200);
            format!(",a,{sex},{year}-02-03,c{}", (row * 13 + shift) % 10_000)
        }));
        fs::create_dir_all(scratch.join(fold)).unwrap();
        fs::write(scratch.join(fold).join("visit.csv"), lines.join("\n") + "\n").unwrap();
    };
    write("train", 30_000, ["male", "female"], 0);
    write("holdout", 30_000, ["male", "female"], 1);
    write("synthetic", 300, ["Male", "Female"], 2);
    write("one", 1, ["male", "female"], 0);
    for (synthetic, code) in [("synthetic", None), ("one", Some(3))] {
        let out = scratch.join(format!("report-{synthetic}"));
        let folders = [scratch.join("train"), scratch.join("holdout"), scratch.join(synthetic)];
        let ran = manikin(&[
            "evaluate",
            "--real",
            text(&folders[0]),
            "--holdout",
            text(&folders[1]),
            "--synthetic",
            text(&folders[2]),
            "--spec",
            text(&spec),
            "-o",
            text(&out),
            "--only",
            "matches,linkability,columns,pairs,marginals,classes,rules",
        ]);
        assert!(matches!(ran.code, Some(1 | 3)) && code.is_none_or(|code| ran.code == Some(code)), "{}", ran.said());
        let report = report(&out);
        let few = scores(&report, "exact_match_excess");
        assert_eq!(few[0]["status"], "incomplete", "{}", few[0]);
        assert!(few[0]["reason"].as_str().unwrap().contains("it takes"), "{}", few[0]);
        let notes = report["notes"].to_string();
        assert!(notes.contains("visit.nothing has no value"), "{notes}");
        if synthetic == "synthetic" {
            assert!(notes.contains("differ from real ones only in spelling"), "{notes}");
        }
        for score in report["scores"].as_array().unwrap() {
            assert!(!score["score"]["value"].is_null() || score["reason"].is_string(), "{score}");
        }
    }
}

#[test]
fn what_a_reader_should_know_of_poor_columns_is_noted_and_faults_of_files_are_refused() {
    let scratch = empty_folder("evaluate-bad");
    let spec = scratch.join("visit.yaml");
    let write = |fold: &str, key: &str, change: &dyn Fn(usize, &mut [String; 4])| {
        let mut lines = vec!["id,age,sex,seen".to_owned()];
        lines.extend((0..400).map(|row| {
            let shift = key.len() + usize::from(key.as_bytes()[0]);
            let (age, month, day) = ((row * 37 + shift) % 90, row % 12 + 1, (row + shift) % 28 + 1);
            let sex = if (row + shift).is_multiple_of(3) { "F" } else { "M" };
            let mut cells =
                [format!("{key}{row}"), age.to_string(), sex.to_owned(), format!("2020-{month:02}-{day:02}")];
            change(row, &mut cells);
            cells.join(",")
        }));
        fs::create_dir_all(scratch.join(fold)).unwrap();
        fs::write(scratch.join(fold).join("visit.csv"), lines.join("\n") + "\n").unwrap();
    };
    write("train", "a", &|_, _| ());
    write("holdout", "b", &|_, _| ());
    write("shared", "b", &|row, cells| {
        if row == 7 {
            cells[0] = "a7".into()
        }
    });
    write("void", "s", &|_, cells| cells[1].clear());
    write("constant", "s", &|_, cells| cells[1] = "40".into());
    write("dates", "s", &|row, cells| {
        if row % 2 == 0 {
            cells[3] = "1750-01-01".into()
        }
    });
    write("doubled", "s", &|row, cells| {
        if row == 7 {
            cells[0] = "s6".into()
        }
    });
    manikin(&["init", "--from-data", text(&scratch.join("train")), "-o", text(&spec)]).exits(0);
    let evaluate = |holdout: &str, synthetic: &str| {
        let [real, holdout, synthetic, out] = ["train", holdout, synthetic, "report"].map(|fold| scratch.join(fold));
        let mut arguments = vec!["evaluate", "--real", text(&real), "--holdout", text(&holdout), "--synthetic"];
        arguments.extend([text(&synthetic), "--spec", text(&spec), "-o", text(&out), "--overwrite"]);
        arguments.extend(["--only", "columns,rules"]);
        manikin(&arguments)
    };
    for (synthetic, says) in [
        ("void", "visit.age has no value in the synthetic data"),
        ("constant", "visit.age has one value only in the synthetic data"),
        ("dates", "of 400 dates of visit.seen in the synthetic data lie outside the real ones"),
    ] {
        let ran = evaluate("holdout", synthetic).exits(3);
        assert!(ran.err.contains(says), "{synthetic}: {}", ran.err);
    }
    let ran = evaluate("holdout", "doubled").exits(1);
    assert!(ran.out.contains("visit/rule_violation_rate/key"), "{}", ran.out);
    let ran = evaluate("shared", "doubled").exits(2);
    assert!(ran.err.contains("MK1003") && ran.err.contains("1 of 400 keys"), "{}", ran.err);
    let packed = scratch.join("packed");
    fs::create_dir_all(&packed).unwrap();
    fs::write(packed.join("visit.csv.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    for synthetic in ["packed", "packed/visit.csv.gz"] {
        let ran = evaluate("holdout", synthetic).exits(2);
        assert!(ran.err.contains("MK0801") && ran.err.contains("gunzip"), "{}", ran.err);
    }
}

#[test]
fn profiles_with_mistakes_are_refused_with_their_places() {
    let Some(adult) = Adult::unpacked("evaluate-profile", 300) else { return };
    let profile = adult.scratch.join("mine.yaml");
    let text_of = |limit: &str| {
        format!("manikin_profile: 1\nname: mine\nlimits:\n  copies: {{{limit}, why: because, source: ours}}\n")
    };
    for (limit, says) in [
        ("score: exact_match_exces, at_most: 0.1", "did you mean exact_match_excess?"),
        ("score: exact_match_excess", "one of at_most and at_least"),
        ("score: exact_match_excess, at_most: 1, at_least: 0", "one of at_most and at_least"),
        ("score: exact_match_excess, atmost: 1", "MK0101"),
    ] {
        fs::write(&profile, text_of(limit)).unwrap();
        let (ran, _) = adult.evaluate("train", "holdout", "synthetic", &["--profile", text(&profile)]);
        let ran = ran.exits(2);
        assert!(ran.err.contains(says) && ran.err.contains("mine.yaml:4"), "{says}: {}", ran.err);
    }
    fs::write(&profile, text_of("score: exact_match_excess, at_most: 0.5")).unwrap();
    let (ran, _) = adult.evaluate("train", "holdout", "synthetic", &["--profile", text(&profile), "--only", "matches"]);
    // The power of a figure is judged at the profile's own limit: 300 rows are too few for a thousandth, not for a half.
    assert!(limits(&report(&adult.folder("report-synthetic")), "pass").contains("copies"), "{}", ran.said());
    ran.exits(0);
}

#[test]
fn a_waiver_lets_a_missed_limit_go_in_every_form_until_it_expires() {
    let Some(mut adult) = Adult::unpacked("evaluate-waived", 4_000) else { return };
    let mut leaky = adult.lines.remove("synthetic").unwrap();
    leaky[1..=200].clone_from_slice(&adult.lines["train"][1..=200]);
    adult.write("leaky", &leaky);
    let profile = adult.scratch.join("mine.yaml");
    let write = |waiver: &str| {
        let limits = "manikin_profile: 1\nname: mine\nlimits:\n  copies: {score: exact_match_excess, at_most: 0.001, \
                      why: because, source: ours}\n";
        fs::write(&profile, format!("{limits}waivers:\n  known: {waiver}\n")).unwrap();
    };
    let run = || {
        adult.evaluate("train", "holdout", "leaky", &["--profile", text(&profile), "--only", "matches", "--overwrite"])
    };
    let told = "owner: Ada Lovelace, why: They agreed.";
    write(&format!("{{limit: copies, {told}, expires: 2999-12-31}}"));
    let (ran, folder) = run();
    let ran = ran.exits(0);
    assert!(ran.out.contains("waived") && ran.err.contains("1 waived"), "{}", ran.said());
    let found = report(&folder);
    assert_eq!((&found["verdict"]["waived"], &found["waivers"][0]["state"]), (&1.into(), &"used".into()));
    let score = scores(&found, "exact_match_excess")[0].clone();
    assert_eq!((&score["status"], &score["waiver"]["owner"]), (&"fail".into(), &"Ada Lovelace".into()));
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("junit.xml").contains("failures=\"0\" errors=\"0\" skipped=\"1\""));
    assert!(read("junit.xml").contains("<skipped message=\"waived by Ada Lovelace until 2999-12-31: They agreed."));
    let sarif: Value = serde_json::from_str(&read("report.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["status"], "accepted");
    assert!(read("summary.md").contains("| waived | copies |"));
    assert!(read("report.html").contains("waived by Ada Lovelace"));
    assert!(read("report-public.html").contains("waiver") && !read("report-public.html").contains("Lovelace"));

    write(&format!("{{limit: copies, {told}, expires: 2020-01-01}}"));
    let (ran, folder) = run();
    let ran = ran.exits(1);
    assert!(ran.out.contains("FAIL") && ran.err.contains("expired on 2020-01-01"), "{}", ran.said());
    assert_eq!(report(&folder)["waivers"][0]["state"], "expired");

    write(&format!("{{limit: copies, entity: other, {told}, expires: 2999-12-31}}"));
    let (ran, _) = run();
    assert!(ran.exits(1).err.contains("the waiver known was not needed"));
    for (waiver, says) in [
        (format!("{{limit: copied, {told}, expires: 2999-12-31}}"), "did you mean copies?"),
        (format!("{{limit: copies, {told}, expires: 31.12.2999}}"), "year-month-day"),
        ("{limit: copies, owner: ' ', why: x, expires: 2999-12-31}".to_owned(), "somebody's decision"),
        (format!("{{limit: copies, {told}}}"), "`expires` is missing"),
        (format!("{{limit: copies, {told}, expires: 2999-12-31, until: 2}}"), "MK0101"),
    ] {
        write(&waiver);
        let ran = run().0.exits(2);
        assert!(ran.err.contains(says) && ran.err.contains("mine.yaml:6"), "{says}: {}", ran.err);
    }
}

/// Synthea's tables parted by patient into three, of which the third, under new keys, stands for synthetic data; and the
/// same with the histories of some patients of the first, under new keys and with all dates 37 days later.
fn synthea(scratch: &Path, leaked: usize) -> Option<()> {
    let packed = shared("synthea")?.join("csv-1138-patients.tar.xz");
    let all = scratch.join("all");
    fs::create_dir_all(&all).unwrap();
    let unpacked = Command::new("tar").arg("xJf").arg(&packed).arg("-C").arg(&all).status().expect("tar");
    assert!(unpacked.success());
    let files: Vec<PathBuf> = fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut fold_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut copied: BTreeSet<String> = BTreeSet::new();
    let mut patients = csv::Reader::from_path(all.join("patients.csv")).unwrap();
    for (row, patient) in patients.records().enumerate() {
        let id = patient.unwrap()[0].to_owned();
        if row % 3 == 0 && copied.len() < leaked {
            copied.insert(id.clone());
        }
        fold_of.insert(id, row % 3);
    }
    let folds = ["train", "holdout", "synthetic"];
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let mut reader = csv::Reader::from_path(&file).unwrap();
        let head = reader.headers().unwrap().clone();
        let column = |wanted: &str| head.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let owner = if name == "patients.csv" { column("Id") } else { column("PATIENT") };
        let keys: Vec<usize> = match (&owner, name.as_str()) {
            (None, _) => Vec::new(),
            (_, "patients.csv") => vec![0],
            _ => ["Id", "PATIENT", "ENCOUNTER"].iter().filter_map(|name| column(name)).collect(),
        };
        let mut writers: Vec<csv::Writer<fs::File>> = folds
            .iter()
            .map(|fold| {
                fs::create_dir_all(scratch.join(fold)).unwrap();
                let mut writer = csv::Writer::from_path(scratch.join(fold).join(&name)).unwrap();
                writer.write_record(&head).unwrap();
                writer
            })
            .collect();
        for row in reader.records() {
            let row = row.unwrap();
            let Some(owner) = owner else {
                writers.iter_mut().for_each(|writer| writer.write_record(&row).unwrap());
                continue;
            };
            let made = |later: i64| -> Vec<String> {
                let cells = row.iter().enumerate();
                cells
                    .map(|(place, cell)| if keys.contains(&place) { format!("k{cell}") } else { later_by(cell, later) })
                    .collect()
            };
            match fold_of[&row[owner]] {
                2 => writers[2].write_record(made(0)).unwrap(),
                fold => writers[fold].write_record(&row).unwrap(),
            }
            if copied.contains(&row[owner]) {
                writers[2].write_record(made(37)).unwrap();
            }
        }
    }
    Some(())
}

/// A date, or a moment, so many days later; anything else as it is.
fn later_by(cell: &str, days: i64) -> String {
    let bytes = cell.as_bytes();
    let is_date = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let number = |range: std::ops::Range<usize>| cell.get(range).and_then(|text| text.parse::<i64>().ok());
    let (true, Some(year), Some(month), Some(day)) = (is_date, number(0..4), number(5..7), number(8..10)) else {
        return cell.to_owned();
    };
    // Days since 0000-03-01, as Howard Hinnant's civil calendar counts them, and back.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let count = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + days;
    let (era, of_era) = (count.div_euclid(146_097), count.rem_euclid(146_097));
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let part = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * part + 2) / 5 + 1, if part < 10 { part + 3 } else { part - 9 });
    let year = years + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}{}", &cell[10..])
}

#[test]
fn dates_move_by_days_across_years() {
    assert_eq!(later_by("2024-02-28", 2), "2024-03-01");
    assert_eq!(later_by("2023-12-31T10:00:00Z", 1), "2024-01-01T10:00:00Z");
    assert_eq!(later_by("12-34", 1), "12-34");
}

#[test]
fn a_relational_set_split_by_patient_is_evaluated_whole_and_replayed_patients_are_caught() {
    let (clean, leaky) = (empty_folder("evaluate-synthea"), empty_folder("evaluate-synthea-leaky"));
    if synthea(&clean, 0).is_none() {
        return;
    }
    synthea(&leaky, 19);
    let spec = clean.join("synthea.yaml");
    manikin(&["init", "--from-data", text(&clean.join("train")), "-o", text(&spec)]).exits(0);
    let evaluate = |folder: &Path, only: &[&str]| {
        let out = folder.join("report");
        let folds = ["train", "holdout", "synthetic"].map(|fold| folder.join(fold));
        let mut arguments = vec!["evaluate", "--real", text(&folds[0]), "--holdout", text(&folds[1])];
        arguments.extend(["--synthetic", text(&folds[2]), "--spec", text(&spec), "-o", text(&out)]);
        arguments.extend(only);
        (manikin(&arguments), out.clone())
    };
    let (ran, folder) = evaluate(&clean, &[]);
    // 380 patients are too few to vouch for a thousandth, and harmless: nothing fails, not all can be judged.
    let ran = ran.exits(3);
    let found = report(&folder);
    assert_eq!(limits(&found, "fail"), BTreeSet::new(), "{}", ran.said());
    let families: BTreeSet<&str> =
        found["scores"].as_array().unwrap().iter().map(|score| score["family"].as_str().unwrap()).collect();
    for family in ["relations", "time", "health", "patients", "leaks", "rules", "copies", "columns"] {
        assert!(families.contains(family), "{family} of {families:?}");
    }
    assert!(limits(&found, "pass").contains("orphans"));
    assert!(limits(&found, "pass").contains("patient_attacks_beyond_chance"));

    assert!(limits(&found, "pass").contains("identifiers"), "names repeat by nature");

    let (ran, folder) = evaluate(&leaky, &["--only", "patients,leaks"]);
    let ran = ran.exits(1);
    let found = report(&folder);
    let failed = limits(&found, "fail");
    assert!(failed.contains("patient_replays") || failed.contains("patient_attacks_beyond_chance"), "{}", ran.said());
    assert!(failed.contains("identifiers"), "{}", ran.said());

    let whole = clean.join("all");
    let (folds, out) = ([clean.join("train"), clean.join("synthetic")], clean.join("refused"));
    let ran = manikin(&[
        "evaluate",
        "--real",
        text(&whole),
        "--holdout",
        text(&folds[0]),
        "--synthetic",
        text(&folds[1]),
        "--spec",
        text(&spec),
        "-o",
        text(&out),
    ]);
    let ran = ran.exits(2);
    assert!(ran.err.contains("MK1003") && ran.err.contains("keys of patients"), "{}", ran.err);
}
