//! The same spec, seed and version give the same bytes; what is added moves nothing else.
//!
//! `MANIKIN_UPDATE_GOLDEN=1 cargo test --test determinism` rewrites `tests/golden.json` after a change that is meant.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::{csv_rows, empty_folder, files, generate, manifest, root, row_digests, scratch};

/// Every file of a folder, by its path within.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for name in files(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            for (inner, bytes) in contents(&path) {
                all.insert(format!("{name}/{inner}"), bytes);
            }
        } else {
            all.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    all
}

#[track_caller]
fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (contents(one), contents(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(bytes == other[&name], "{name} differs");
    }
}

fn overlay(name: &str, text: &str) -> String {
    let path = empty_folder(&format!("overlay-{name}")).join("overlay.yaml");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn one_two_and_seven_threads_give_the_same_bytes_in_every_format() {
    let formats = "csv,parquet,ndjson,json,arrow,sql,sqlite";
    let run = |threads: &str| {
        let more = ["--patients", "600", "--to", formats, "--threads", threads];
        generate(&format!("claims-threads-{threads}"), "specs/claims-prototype.yaml", &more)
    };
    let one = run("1");
    assert!(contents(&one).len() > 40);
    assert_same(&one, &run("2"));
    assert_same(&one, &run("7"));
}

#[test]
fn one_two_and_seven_threads_give_the_same_clinic_and_the_same_emergency_department() {
    for (spec, patients) in [("clinic-population", "700"), ("ed-visits", "3000")] {
        let run = |threads: &str| {
            let more = ["--patients", patients, "--to", "csv,parquet", "--threads", threads];
            generate(&format!("{spec}-threads-{threads}"), spec, &more)
        };
        let one = run("1");
        assert_same(&one, &run("2"));
        assert_same(&one, &run("7"));
    }
}

#[test]
fn a_second_run_gives_the_same_bytes_and_another_seed_gives_others() {
    let run = |name: &str, seed: &str| generate(name, "specs/claims-prototype.yaml", &["--seed", seed]);
    let (first, again, other) = (run("seed-first", "5"), run("seed-again", "5"), run("seed-other", "6"));
    assert_same(&first, &again);
    let differ = |file: &str| {
        std::fs::read(first.join(file)).expect("a file") != std::fs::read(other.join(file)).expect("a file")
    };
    assert!(differ("claim.csv") && differ("patient.csv") && differ("provider.csv"));
}

#[test]
fn parts_concatenate_to_the_whole_and_their_digests_add_up() {
    for (spec, patients, parts) in
        [("claims-prototype", "2300", 8), ("ed-visits", "2300", 8), ("clinic-population", "900", 3)]
    {
        let more = ["--patients", patients, "--to", "csv,ndjson"];
        let whole = generate(&format!("{spec}-whole"), spec, &more);
        let part = |number: usize| {
            let which = format!("{number}/{parts}");
            let more = [&more[..], &["--partition", &which]].concat();
            generate(&format!("{spec}-part-{number}"), spec, &more)
        };
        let parts: Vec<PathBuf> = (1..=parts).map(part).collect();
        for (name, bytes) in contents(&whole) {
            let mut joined: Vec<u8> = Vec::new();
            for part in &parts {
                let bytes = std::fs::read(part.join(&name)).unwrap_or_default();
                let header = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let keeps_all = !name.ends_with(".csv") || joined.is_empty();
                joined.extend(if keeps_all { &bytes[..] } else { &bytes[header..] });
            }
            assert!(name == "manifest.json" || joined == bytes, "{spec}: {name} of the parts is not that of the whole");
        }
        let mut sums: BTreeMap<String, u128> = BTreeMap::new();
        for part in &parts {
            for (entity, digest) in row_digests(part) {
                let sum = sums.entry(entity).or_default();
                *sum = sum.wrapping_add(digest);
            }
        }
        assert_eq!(sums, row_digests(&whole).into_iter().collect(), "{spec}");
    }
}

#[test]
fn digests_are_those_of_the_golden_file() {
    let golden = root().join("tests/golden.json");
    let mut found = serde_json::Map::new();
    for (spec, patients) in [("claims-prototype", "200"), ("ed-visits", "300"), ("clinic-population", "60")] {
        let folder = generate(&format!("{spec}-golden"), &format!("specs/{spec}.yaml"), &["--patients", patients]);
        let digests =
            row_digests(&folder).into_iter().map(|(entity, digest)| (entity, format!("{digest:032x}").into()));
        found.insert(format!("{spec} of {patients}"), serde_json::Value::Object(digests.collect()));
    }
    let found = serde_json::Value::Object(found);
    if std::env::var_os("MANIKIN_UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&found).expect("JSON");
        std::fs::write(&golden, format!("{text}\n")).expect("written");
    }
    let text = std::fs::read_to_string(&golden).unwrap_or_default();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    for (spec, digests) in found.as_object().expect("an object") {
        for (entity, digest) in digests.as_object().expect("an object") {
            assert_eq!(&expected[spec][entity], digest, "{spec}: {entity}; MANIKIN_UPDATE_GOLDEN=1 if this is meant");
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn a_built_in_spec_and_its_file_give_the_same_data() {
    let (file, built_in) =
        (generate("by-file", "specs/claims-prototype.yaml", &[]), generate("by-name", "claims-prototype", &[]));
    assert_eq!(row_digests(&file), row_digests(&built_in));
    assert_eq!(manifest(&file)["spec_digest"], manifest(&built_in)["spec_digest"]);
}

/// Fails unless every column of the first folder is in the second with the same values.
#[track_caller]
fn assert_columns_kept(before: &Path, after: &Path) {
    for name in files(before).iter().filter(|name| name.ends_with(".csv")) {
        let (old, new) = (csv_rows(&before.join(name)), csv_rows(&after.join(name)));
        assert_eq!(old.len(), new.len(), "rows of {name}");
        for (place, column) in old[0].iter().enumerate() {
            let at = new[0].iter().position(|other| other == column).unwrap_or_else(|| panic!("{name} lost {column}"));
            let changed = old.iter().zip(&new).find(|(old, new)| old[place] != new[at]);
            assert!(
                changed.is_none(),
                "{name}: {column} changed from {:?} to {:?}",
                changed.map(|rows| &rows.0[place]),
                changed.map(|rows| &rows.1[at])
            );
        }
    }
}

#[test]
fn an_added_field_changes_no_other_value() {
    let text = "manikin: 1\nproduct: claims-prototype\nuse: [claims-prototype]\nentities:\n  \
                patient: {fields: {mood: {choice: {good: 60%, bad: 40%}, means: How the patient feels.}}}\n  \
                claim: {fields: {noise: {normal: {mean: 0, sd: 1}, means: Noise.}}}\n  \
                provider: {fields: {shoe_size: {uniform: {min: 35, max: 48}, means: Size of shoes.}}}\n";
    let before = generate("before-field", "claims-prototype", &[]);
    let after = generate("after-field", &overlay("field", text), &[]);
    assert_columns_kept(&before, &after);
    assert!(csv_rows(&after.join("claim.csv"))[0].contains(&"noise".to_owned()));
}

#[test]
fn an_added_entity_changes_no_other_value() {
    let text = "manikin: 1\nproduct: claims-prototype\nuse: [claims-prototype]\nentities:\n  note:\n    \
                means: A note on a claim.\n    per: claim\n    count: {poisson: {mean: 1.5}}\n    key: note_id\n    fields:\n      \
                note_id: {id: {prefix: N, digits: 6}, means: Identifier., required: true, unique: true}\n      \
                claim_id: {key_of: claim, means: Claim., required: true}\n      \
                urgency: {uniform: {min: 0, max: 1}, means: How urgent it is.}\n";
    let before = generate("before-entity", "claims-prototype", &[]);
    let after = generate("after-entity", &overlay("entity", text), &[]);
    assert_columns_kept(&before, &after);
    assert!(csv_rows(&after.join("note.csv")).len() > 500);
}

#[test]
fn an_added_clinical_field_changes_no_other_value_of_the_record() {
    let text = "manikin: 1\nproduct: clinic-population\nuse: [clinic-population]\nentities:\n  \
                encounter: {fields: {satisfaction: {uniform: {min: 1, max: 5}, means: Answer to a survey.}}}\n";
    let before = generate("clinic-before-field", "clinic-population", &["--patients", "150"]);
    let after = generate("clinic-after-field", &overlay("clinic-field", text), &["--patients", "150"]);
    assert_columns_kept(&before, &after);
}

#[test]
fn more_patients_keep_the_values_of_those_before_them() {
    // Edge cases with a count are spread over the whole, as totals and quotas are.
    let text =
        "manikin: 1\nproduct: clinic-population\nuse: [clinic-population]\nedge_cases: {unusually_high_amount: null}\n";
    let spec = overlay("more-patients", text);
    let few = generate("few-patients", &spec, &["--patients", "300"]);
    let many = generate("many-patients", &spec, &["--patients", "600"]);
    for name in files(&few).iter().filter(|name| name.ends_with(".csv")) {
        let (few, many) =
            (std::fs::read(few.join(name)).expect("a file"), std::fs::read(many.join(name)).expect("a file"));
        assert!(many.starts_with(&few), "{name} of 600 patients does not begin with that of 300");
    }
    let rows = csv_rows(&scratch("many-patients").join("patient.csv"));
    assert_eq!(rows.len(), 601);
}

#[test]
fn writing_some_entities_alone_changes_none_of_them() {
    let all = generate("only-all", "claims-prototype", &[]);
    let some = generate("only-some", "claims-prototype", &["--only", "claim,patient"]);
    let written = files(&some);
    assert!(written.contains(&"claim.csv".to_owned()) && written.contains(&"patient.csv".to_owned()));
    assert!(!written.contains(&"claim_line.csv".to_owned()));
    for name in ["claim.csv", "patient.csv"] {
        assert_eq!(
            std::fs::read(all.join(name)).expect("a file"),
            std::fs::read(some.join(name)).expect("a file"),
            "{name}"
        );
    }
}

#[test]
fn the_manifest_counts_rows_and_seals_files() {
    let folder = generate("manifest", "claims-prototype", &["--to", "csv,parquet"]);
    let manifest = manifest(&folder);
    assert_eq!(manifest["seed"], 7);
    assert_eq!(manifest["patients"], 200);
    assert_eq!(manifest["synthetic"], true);
    assert!(
        manifest["sources"].as_array().is_some_and(|sources| sources.len() > 20),
        "the spec, its layers and tables"
    );
    for entity in manifest["entities"].as_array().expect("entities") {
        let files = entity["files"].as_array().expect("files");
        assert_eq!(files.len(), 2, "{entity}");
        for file in files {
            let path = folder.join(file["path"].as_str().expect("a path"));
            assert_eq!(file["bytes"].as_u64(), Some(std::fs::metadata(&path).expect("a file").len()));
            assert_eq!(file["sha256"].as_str().map(str::len), Some(64));
            if path.extension().is_some_and(|ending| ending == "csv") {
                assert_eq!(entity["rows"].as_u64(), Some(csv_rows(&path).len() as u64 - 1), "{}", path.display());
            }
        }
    }
}
