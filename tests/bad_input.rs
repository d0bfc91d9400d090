//! Broken specs, folders and options: each is told with its code, its place and a hint, ends with exit code 2, and
//! leaves nothing behind.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::{Ran, empty_folder, files, manikin, program};

/// A spec that works; the cases below break it in one place each.
const GOOD: &str = "\
manikin: 1
product: broken
version: 0.1.0
purpose: To be broken.
owner: {role: tester, contact: tester@example.org}
period: {from: 2025-01-01, to: 2025-12-31}
seed: 1
tables:
  sizes: {key: size, rows: [{size: S, weight: 2}, {size: L, weight: 1}]}
entities:
  patient:
    means: One person.
    subject: true
    count: 20
    key: patient_id
    fields:
      patient_id: {id: {prefix: P, digits: 4}, required: true, unique: true}
      birth_date: {date: {within: [\"date '1950-01-01'\", \"date '2010-12-31'\"]}, required: true}
      size: {pick: {from: sizes}}
      height: {normal: {mean: 170, sd: 10}}
  visit:
    means: One visit.
    per: patient
    count: 2
    key: visit_id
    fields:
      visit_id: {id: {prefix: V, digits: 4}, required: true, unique: true}
      patient_id: {key_of: patient, required: true}
      status: {choice: {Paid: 85%, Denied: 15%}}
      visited_on: {date: {within: [period_start, period_end]}, required: true}
      charge: {lognormal: {median: 100, sigma: 0.5}, decimals: 2}
    rules:
      after_birth: visited_on >= patient.birth_date
edge_cases:
  high: {entity: visit, count: 2, set: {charge: charge * 10}}
";

/// What is broken, the line as it was, the line as it is, the code, and the text at whose line the mistake is shown.
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    ("unknown top key", "seed: 1", "sed: 1", "MK0101", "sed: 1"),
    (
        "unknown key of a period",
        "{from: 2025-01-01, to: 2025-12-31}",
        "{form: 2025-01-01, to: 2025-12-31}",
        "MK0101",
        "form:",
    ),
    (
        "unknown key of a field",
        "size: {pick: {from: sizes}}",
        "size: {pick: {from: sizes}, unitt: cm}",
        "MK0101",
        "unitt",
    ),
    ("wrong type", "seed: 1", "seed: seven", "MK0102", "seed:"),
    ("a list where a map stands", "size: {pick: {from: sizes}}", "size: [1, 2]", "MK0102", "size: ["),
    ("no key", "normal: {mean: 170, sd: 10}", "normal: {mean: 170}", "MK0103", "mean: 170"),
    (
        "two generators",
        "normal: {mean: 170, sd: 10}",
        "normal: {mean: 170, sd: 10}, constant: 3",
        "MK0105",
        "constant: 3",
    ),
    ("no generator", "height: {normal: {mean: 170, sd: 10}}", "height: {means: Height.}", "MK0103", "height:"),
    ("unknown code of a role", "purpose: To be broken.", "purpose: x\nclassification: [1]", "MK0102", "classification"),
    ("unknown table", "pick: {from: sizes}", "pick: {from: sises}", "MK0303", "sises"),
    ("unknown column of a table", "pick: {from: sizes}", "pick: {from: sizes, column: sice}", "MK0304", "sice"),
    ("unknown parent", "per: patient", "per: pateint", "MK0301", "pateint"),
    ("unknown layer", "seed: 1", "use: [library/us/claim]", "MK0502", "library/us/claim"),
    (
        "field cycle",
        "height: {normal: {mean: 170, sd: 10}}",
        "height: {derive: weight + 1}\n      weight: {derive: height + 1}",
        "MK03",
        "height:",
    ),
    ("entity cycle", "subject: true\n    count: 20", "per: visit\n    count: 20", "MK03", "per: visit"),
    (
        "expression that does not parse",
        "visited_on >= patient.birth_date",
        "visited_on >= >= patient.birth_date",
        "MK0401",
        "after_birth",
    ),
    ("expression that is a query", "visited_on >= patient.birth_date", "(select 1) = 1", "MK0402", "after_birth"),
    ("expression with the clock", "charge * 10", "now()", "MK0", "high:"),
    ("unknown column", "visited_on >= patient.birth_date", "visited_on >= patient.birthdate", "MK0403", "birthdate"),
    ("types that do not fit", "visited_on >= patient.birth_date", "visited_on >= 'soon' + 1", "MK0404", "after_birth"),
    ("wrong number of arguments", "charge: charge * 10", "charge: \"round(charge, 1, 2)\"", "MK0405", "round("),
    ("rule that is no condition", "visited_on >= patient.birth_date", "charge * 2", "MK0407", "after_birth"),
    (
        "child without aggregate",
        "height: {normal: {mean: 170, sd: 10}}",
        "height: {derive: visit.charge}",
        "MK040",
        "visit.charge",
    ),
    ("shares that do not sum", "{Paid: 85%, Denied: 15%}", "{Paid: 85%, Denied: 10%}", "MK0201", "Denied: 10%"),
    ("no weight", "{Paid: 85%, Denied: 15%}", "{Paid: 0, Denied: 0}", "MK0202", "Denied: 0"),
    ("mixed weights", "{Paid: 85%, Denied: 15%}", "{Paid: 85%, Denied: 15}", "MK0215", "Denied: 15"),
    ("negative weight", "{Paid: 85%, Denied: 15%}", "{Paid: 85, Denied: -15}", "MK0208", "Denied: -15"),
    ("negative spread", "sd: 10", "sd: -10", "MK0203", "sd: -10"),
    ("negative count", "count: 20", "count: -20", "MK0", "count: -20"),
    (
        "impossible quota",
        "per: patient\n    count: 2",
        "per: patient\n    count: {total: 10, min: 1}",
        "MK0204",
        "total: 10",
    ),
    ("impossible quota of an edge case", "count: 2, set", "count: 5000, set", "MK0", "count: 5000"),
    ("empty period", "{from: 2025-01-01, to: 2025-12-31}", "{from: 2025-12-31, to: 2025-01-01}", "MK0206", "period:"),
    (
        "day that does not exist",
        "{from: 2025-01-01, to: 2025-12-31}",
        "{from: 2025-02-30, to: 2025-12-31}",
        "MK0",
        "period:",
    ),
    ("range upside down", "normal: {mean: 170, sd: 10}", "uniform: {min: 10, max: 5}", "MK0207", "uniform"),
    (
        "quantiles that fall",
        "normal: {mean: 170, sd: 10}",
        "quantiles: {p25: 10, p50: 8, p75: 20}",
        "MK0209",
        "quantiles",
    ),
    (
        "probability above one",
        "size: {pick: {from: sizes}}",
        "size: {pick: {from: sizes}, missing: 130%}",
        "MK0205",
        "130%",
    ),
    ("parameter out of range", "normal: {mean: 170, sd: 10}", "poisson: {mean: -2}", "MK0210", "poisson"),
    ("edge case without effect", "count: 2, set: {charge: charge * 10}", "count: 2", "MK0601", "high:"),
    ("edge case without amount", "count: 2, set", "set", "MK0604", "high:"),
    ("missing table file", "rows: [{size: S, weight: 2}, {size: L, weight: 1}]", "csv: none.csv", "MK0001", "none.csv"),
    ("not YAML", "seed: 1", "seed: [1", "MK0005", ""),
    ("duplicate key", "seed: 1", "seed: 1\nseed: 2", "MK0008", "seed: 2"),
    ("tag", "count: 20", "count: !many 20", "MK0013", "!many"),
];

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("written");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Generates from a spec and gives what was said; nothing may be there afterwards.
#[track_caller]
fn refused(folder: &Path, spec: &Path) -> Ran {
    let target = folder.join("out");
    let before = files(folder);
    let ran = manikin(&["generate", text(spec), "-o", text(&target)]);
    assert_eq!(ran.code, Some(2), "{}", ran.said());
    assert!(!ran.said().contains("panicked"), "{}", ran.said());
    assert!(ran.out.is_empty(), "talk on standard output: {}", ran.out);
    assert!(!target.exists());
    assert_eq!(files(folder), before, "nothing is left behind");
    ran
}

#[test]
fn the_spec_that_the_cases_break_works() {
    let folder = empty_folder("bad-good");
    let spec = write(&folder, "good.yaml", GOOD.as_bytes());
    manikin(&["check", text(&spec)]).exits(0);
    manikin(&["generate", text(&spec), "-o", text(&folder.join("out"))]).exits(0);
}

#[test]
fn each_mistake_in_a_spec_is_told_with_code_place_and_hint_and_exit_code_2() {
    let folder = empty_folder("bad-specs");
    let mut wrong = Vec::new();
    for (number, (what, was, is, code, needle)) in CASES.iter().enumerate() {
        assert_eq!(GOOD.matches(was).count(), 1, "{what}: {was:?} stands once");
        let broken = GOOD.replacen(was, is, 1);
        let name = format!("case-{number}.yaml");
        let spec = write(&folder, &name, broken.as_bytes());
        let ran = refused(&folder, &spec);
        let line = broken.lines().position(|line| !needle.is_empty() && line.contains(needle)).map(|line| line + 1);
        let place = line.map_or(format!("{name}:"), |line| format!("{name}:{line}:"));
        if !ran.err.contains(&format!("error[{code}")) || !ran.err.contains(&place) || !ran.err.contains("help:") {
            wrong.push(format!("{what}: expected {code} at {place}, with help\n{}", ran.err));
        }
        let checked = manikin(&["check", text(&spec)]);
        assert_eq!(checked.code, Some(2), "{what}: check\n{}", checked.said());
    }
    assert!(wrong.is_empty(), "{} of {} cases\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn every_mistake_is_told_at_once() {
    let folder = empty_folder("bad-many");
    let broken = GOOD
        .replace("sd: 10", "sd: -10")
        .replace("per: patient", "per: pateint")
        .replace("{Paid: 85%, Denied: 15%}", "{Paid: 85%, Denied: 10%}");
    let ran = refused(&folder, &write(&folder, "many.yaml", broken.as_bytes()));
    for code in ["MK0203", "MK0301", "MK0201"] {
        assert!(ran.err.contains(code), "{code} in\n{}", ran.err);
    }
}

#[test]
fn check_reports_for_machines() {
    let folder = empty_folder("bad-json");
    let spec = write(&folder, "bad.yaml", GOOD.replace("sd: 10", "sd: -10").as_bytes());
    let ran = manikin(&["check", text(&spec), "--format", "json"]).exits(2);
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(report.to_string().contains("MK0203"), "{report}");
    let ran = manikin(&["check", "claims-prototype", "--format", "json"]).exits(0);
    serde_json::from_str::<serde_json::Value>(&ran.out).expect("JSON");
}

#[test]
fn a_near_name_is_suggested() {
    let folder = empty_folder("bad-near");
    let ran = refused(&folder, &write(&folder, "near.yaml", GOOD.replace("per: patient", "per: pateint").as_bytes()));
    assert!(ran.err.contains("`patient`"), "{}", ran.err);
}

#[test]
fn a_locked_setting_cannot_be_overridden() {
    let folder = empty_folder("bad-lock");
    let governed = GOOD.replace(
        "patient_id: {id: {prefix: P, digits: 4}, required",
        "patient_id: {locked: true, id: {prefix: P, digits: 4}, required",
    );
    write(&folder, "governed.yaml", governed.as_bytes());
    let over = "manikin: 1\nproduct: over\nuse: [governed]\nentities:\n  patient:\n    fields:\n      patient_id: {required: false}\n";
    let ran = refused(&folder, &write(&folder, "over.yaml", over.as_bytes()));
    assert!(ran.err.contains("error[MK0501]") && ran.err.contains("over.yaml:7:"), "{}", ran.err);
    // Elsewhere the governed spec can be refined.
    let fine = "manikin: 1\nproduct: fine\nuse: [governed]\nentities:\n  patient: {count: 5}\n";
    manikin(&["check", text(&write(&folder, "fine.yaml", fine.as_bytes()))]).exits(0);
}

#[test]
fn layers_that_use_each_other_are_refused() {
    let folder = empty_folder("bad-circle");
    let spec = write(&folder, "a.yaml", b"manikin: 1\nproduct: a\nuse: [b]\n");
    write(&folder, "b.yaml", b"manikin: 1\nproduct: b\nuse: [a]\n");
    assert!(refused(&folder, &spec).err.contains("error[MK0503]"));
}

#[test]
fn a_missing_spec_is_told_with_a_near_one() {
    let folder = empty_folder("bad-missing");
    let ran = refused(&folder, &folder.join("none.yaml"));
    assert!(ran.err.contains("error[MK0001]"), "{}", ran.err);
    let ran = manikin(&["check", "claims-prototyp"]).exits(2);
    assert!(ran.said().contains("claims-prototype"), "{}", ran.said());
}

#[test]
fn a_folder_is_no_spec() {
    let folder = empty_folder("bad-folder");
    let inner = folder.join("spec.yaml");
    fs::create_dir(&inner).expect("made");
    let ran = refused(&folder, &inner);
    assert!(ran.err.contains("error[MK000"), "{}", ran.err);
}

#[test]
fn hostile_files_are_refused_quickly() {
    let folder = empty_folder("bad-hostile");
    let deep = format!("a: {}1{}", "{a: ".repeat(3000), "}".repeat(3000));
    let brackets = format!("{GOOD}x: {}", "[".repeat(200_000));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let above = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [above.as_str(); 9].join(", ")));
    }
    let expression = GOOD.replace("charge * 10", &format!("\"{}charge{}\"", "(".repeat(5000), ")".repeat(5000)));
    let latin = GOOD.replace("One person.", "Eine Tür.").replace('ü', "\u{1}").into_bytes();
    let latin: Vec<u8> = latin.into_iter().map(|byte| if byte == 1 { 0xfc } else { byte }).collect();
    let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("deep", deep.into_bytes(), "MK0006"),
        ("brackets", brackets.into_bytes(), "MK000"),
        ("bomb", bomb.into_bytes(), "MK0007"),
        ("expression", expression.into_bytes(), "MK0409"),
        ("latin", latin, "MK0003"),
        ("utf16", utf16, "MK000"),
        ("empty", Vec::new(), "MK0010"),
        ("list", b"- patient\n- claim\n".to_vec(), "MK0110"),
        ("two", format!("{GOOD}---\n{GOOD}").into_bytes(), "MK0009"),
    ];
    for (name, bytes, code) in cases {
        let began = Instant::now();
        let ran = refused(&folder, &write(&folder, &format!("{name}.yaml"), &bytes));
        assert!(
            ran.err.contains(&format!("error[{code}")),
            "{name}: {code} in\n{}",
            &ran.err[..ran.err.len().min(2000)]
        );
        assert!(began.elapsed() < Duration::from_secs(10), "{name} took {:?}", began.elapsed());
        assert!(ran.err.len() < 20_000, "{name}: a message of {} bytes", ran.err.len());
    }
}

#[test]
fn a_file_of_100_megabytes_is_refused_without_being_read() {
    let folder = empty_folder("bad-large");
    let path = folder.join("large.yaml");
    let line = "# a line of a document that is far too large\n";
    fs::write(&path, line.repeat(100_000_000 / line.len())).expect("written");
    let began = Instant::now();
    let ran = refused(&folder, &path);
    assert!(ran.err.contains("error[MK0004]"), "{}", ran.err);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    fs::remove_file(&path).expect("removed");
}

#[test]
fn random_bytes_never_make_it_panic() {
    let folder = empty_folder("bad-random");
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for number in 0..40 {
        let bytes: Vec<u8> = if number % 2 == 0 {
            (0..next() % 4000).map(|_| (next() >> 32) as u8).collect()
        } else {
            // A good spec with a few bytes changed gets further in.
            let mut bytes = GOOD.as_bytes().to_vec();
            for _ in 0..=number {
                let place = (next() % bytes.len() as u64) as usize;
                bytes[place] = b" :{}[],'\"-&*!%0aZ\n"[(next() % 18) as usize];
            }
            bytes
        };
        let spec = write(&folder, "random.yaml", &bytes);
        let ran = manikin(&["check", text(&spec)]);
        assert!(
            matches!(ran.code, Some(0 | 2)) && !ran.said().contains("panicked"),
            "{number}: {:?} {}",
            ran.code,
            ran.said()
        );
    }
}

#[test]
fn an_existing_folder_with_files_is_refused_and_left_as_it_is() {
    let folder = empty_folder("bad-existing");
    let spec = write(&folder, "good.yaml", GOOD.as_bytes());
    let target = folder.join("out");
    fs::create_dir(&target).expect("made");
    // An empty one is taken.
    manikin(&["generate", text(&spec), "-o", text(&target)]).exits(0);
    write(&target, "mine.txt", b"mine");
    let ran = manikin(&["generate", text(&spec), "-o", text(&target)]).exits(2);
    assert!(ran.err.contains("error[MK0901]") && ran.err.contains("overwrite"), "{}", ran.err);
    assert_eq!(fs::read(target.join("mine.txt")).expect("still there"), b"mine");
    manikin(&["generate", text(&spec), "-o", text(&target), "--overwrite"]).exits(0);
    assert!(!target.join("mine.txt").exists());
    assert_eq!(files(&folder), ["good.yaml", "out"]);
}

#[test]
fn a_killed_run_leaves_nothing_that_looks_finished_and_the_next_run_sweeps_it() {
    let folder = empty_folder("bad-killed");
    let target = folder.join("out");
    let run = ["generate", "clinic-population", "-o", text(&target), "--patients", "20000"];
    let mut child = program().args(run).stderr(std::process::Stdio::null()).spawn().expect("the program starts");
    // Kill it when it has begun to write.
    let partial = || files(&folder).into_iter().find(|name| name.starts_with(".out.partial"));
    let has_begun = || {
        partial()
            .is_some_and(|name| folder.join(name).join("lab_result.csv").metadata().is_ok_and(|file| file.len() > 0))
    };
    let began = Instant::now();
    while !has_begun() && began.elapsed() < Duration::from_secs(60) && child.try_wait().expect("its state").is_none() {
        sleep(Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(has_begun(), "it was killed while writing");
    assert!(!target.exists());
    let left = partial().expect("the hidden folder");
    assert!(!folder.join(&left).join("manifest.json").exists());
    // A system may take a moment to let go of what a killed program held.
    for _ in 0..20 {
        manikin(&["generate", "claims-prototype", "-o", text(&target), "--overwrite"]).exits(0);
        if files(&folder) == ["out"] {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("{:?} is left", files(&folder));
}

#[test]
fn folders_that_cannot_be_made_are_told() {
    let folder = empty_folder("bad-unwritable");
    let file = write(&folder, "file", b"a file");
    for target in [file.join("out"), file.clone(), PathBuf::from("/dev/null/out")] {
        let ran = manikin(&["generate", "claims-prototype", "-o", text(&target)]).exits(2);
        assert!(ran.err.contains("error[MK090"), "{}: {}", target.display(), ran.err);
        assert!(!ran.err.contains("panicked"));
    }
    assert_eq!(files(&folder), ["file"]);
    assert_eq!(fs::read(&file).expect("a file"), b"a file");
}

#[test]
fn options_that_do_not_fit_are_told_with_exit_code_2() {
    let folder = empty_folder("bad-options");
    let target = folder.join("out");
    let mut wrong = Vec::new();
    for (options, says) in [
        (&["--only", "clam"][..], "`claim`"),
        (&["--partition", "9/8"], "8/8"),
        (&["--partition", "0/8"], "1/8"),
        (&["--partition", "eight"], "1/8"),
        (&["--to", "cvs"], "csv"),
        (&["--to", "sqlite:../x.sqlite"], "file name"),
        (&["--to", "csv:x.csv"], "csv"),
        (&["--to", ""], "csv"),
        (&["--patients", "0"], "--patients"),
        (&["--patients", "many"], "--patients"),
        (&["--threads", "0"], "--threads"),
        (&["--seed", "one"], "--seed"),
        (&["--map", "none"], "none"),
        (&["--flat", "clam"], "`claim`"),
        (&["--nonsense"], "--nonsense"),
    ] {
        let mut arguments = vec!["generate", "claims-prototype", "-o", text(&target)];
        arguments.extend(options);
        let ran = manikin(&arguments);
        if ran.code != Some(2) || !ran.err.contains(says) || ran.err.contains("panicked") {
            wrong.push(format!("{options:?}: expected exit code 2 and {says}, got {:?}\n{}", ran.code, ran.err));
        }
        assert!(files(&folder).is_empty(), "{options:?} left {:?}", files(&folder));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_shows_while_generating_is_told_and_leaves_nothing() {
    let folder = empty_folder("bad-late");
    let late = [
        ("rows", GOOD.replace("count: 2, set", "count: 39, where: \"charge > 1000000\", set"), "MK0"),
        (
            "range",
            GOOD.replace("poisson", "").replace("normal: {mean: 170, sd: 10}", "normal: {mean: 170, sd: \"0 - 3\"}"),
            "MK0",
        ),
    ];
    for (name, spec, code) in late {
        let ran = refused(&folder, &write(&folder, &format!("{name}.yaml"), spec.as_bytes()));
        assert!(ran.err.contains(&format!("error[{code}")), "{name}: {}", ran.err);
    }
}
