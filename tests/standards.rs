//! One run in the shapes of OMOP and MEDS, from a small spec and mappings of its own: keys, relations, order, splits,
//! independence of threads, partitions and size, and what is refused.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::{AnyValue, DataFrame, DataType, ParquetReader, SerReader};
use rusqlite::Connection;
use support::{Ran, csv_rows, empty_folder, manifest, manikin, program, root, scratch};

const SPEC: &str = r#"
manikin: 1
product: small
version: 1.2.0
period: {from: 2024-01-01, to: 2025-12-31}
seed: 3
tables:
  words: {key: code, columns: {code: text}, rows: [{code: a, concept: 11, name: Letter a}, {code: b, concept: 12, name: Letter b}, {code: c, concept: 0, name: Letter c}]}
entities:
  clinic:
    count: 5
    key: clinic_id
    fields:
      clinic_id: {id: {prefix: "C", digits: 3}}
      town: {choice: {North: 50%, South: 50%}}
  patient:
    subject: true
    count: 300
    key: patient_id
    fields:
      patient_id: {id: {prefix: "P", digits: 6}}
      born: {date: {within: ["date '1950-01-01'", "date '1999-12-31'"]}}
      clinic_id: {link: {to: clinic}}
  visit:
    per: patient
    count: {poisson: {mean: 4}}
    key: visit_id
    sort: day
    fields:
      visit_id: {id: uuid}
      patient_id: {key_of: patient}
      day: {date: {within: [period_start, period_end]}}
      kind: {choice: {a: 60%, b: 30%, c: 10%}}
  note:
    per: visit
    count: {poisson: {mean: 0.7}}
    key: note_id
    fields:
      note_id: {id: uuid}
      visit_id: {key_of: visit}
      kind: {choice: {a: 50%, b: 50%}}
      size: {uniform: {min: 0, max: 9}, decimals: 2}
"#;

const OMOP: &str = r#"
mapping: omop-5.4
version: 1.0.0
title: Small
definition: cdm.csv
projections:
  place: {to: location, from: clinic, columns: {location_id: {$key: place}, city: "= town", location_source_value: "= clinic_id"}}
  site: {to: care_site, from: clinic, columns: {care_site_id: {$key: site}, location_id: {$key: place}}}
  person:
    to: person
    from: patient
    where: "year(born) < 1990"
    columns:
      person_id: {$key: person}
      gender_concept_id: 0
      year_of_birth: "= year(born)"
      birth_datetime: "= datetime(born)"
      race_concept_id: 0
      ethnicity_concept_id: 0
      care_site_id: {$key: site}
      location_id: {$key: place}
      person_source_value: "= patient_id"
  visit_condition:
    to: condition_occurrence
    from: visit
    where: "year(patient.born) < 1990"
    columns: &condition
      condition_occurrence_id: {$key: visit_condition}
      person_id: {$key: person}
      condition_concept_id: "= coalesce(lookup('words', 'concept', kind), 0)"
      condition_start_date: "= day"
      condition_end_date: "= day + days(2)"
      condition_type_concept_id: 0
      condition_source_value: "= visit_id"
  note_condition:
    to: condition_occurrence
    from: note
    where: "year(visit.patient.born) < 1990 and size < 5"
    columns:
      condition_occurrence_id: {$key: note_condition}
      person_id: {$key: person}
      condition_concept_id: "= coalesce(lookup('words', 'concept', kind), 0)"
      condition_start_date: "= visit.day"
      condition_type_concept_id: 0
      condition_source_value: "= note_id"
  era:
    to: condition_era
    era: {of: condition_occurrence, by: [person_id, condition_concept_id], start: condition_start_date, end: condition_end_date, gap_days: 30}
    columns:
      condition_era_id: {$key: era}
      person_id: {$era: person_id}
      condition_concept_id: {$era: condition_concept_id}
      condition_era_start_date: {$era: start}
      condition_era_end_date: {$era: end}
      condition_occurrence_count: {$era: count}
  about:
    to: cdm_source
    from: $run
    columns:
      cdm_source_name: Small
      cdm_source_abbreviation: S
      cdm_holder: nobody
      source_release_date: "= release_date"
      cdm_release_date: "= release_date"
      cdm_version_concept_id: 0
      vocabulary_version: none
"#;

const MEDS: &str = r#"
mapping: meds-0.4
version: 1.0.0
title: Small
splits: {train: 60%, tuning: 20%, held_out: 20%}
extra_columns: {unit: text}
projections:
  subject: {to: subject, from: patient}
  town: {to: event, from: patient, columns: {code: "= concat('TOWN//', clinic.town)"}}
  note:
    to: event
    from: note
    columns: {time: "= datetime(visit.day)", code: "= concat('NOTE//', kind)", numeric_value: "= size", unit: cm}
    description: "= lookup('words', 'name', kind)"
    parent_codes: "= concat('WORD/', kind)"
  visit: {to: event, from: visit, columns: {time: "= datetime(day)", code: "= concat('VISIT//', kind)", text_value: "= visit_id"}}
  birth: {to: event, from: patient, columns: {time: "= datetime(born)", code: MEDS_BIRTH}}
"#;

/// The spec and both mappings in a folder of a test.
fn sources(name: &str) -> PathBuf {
    let folder = empty_folder(&format!("standards-{name}"));
    fs::write(folder.join("small.yaml"), SPEC).expect("written");
    for (mapping, text) in [("omop", OMOP.replace(" &condition", "")), ("meds", MEDS.to_owned())] {
        fs::create_dir(folder.join(mapping)).expect("made");
        fs::write(folder.join(mapping).join("mapping.yaml"), text).expect("written");
    }
    fs::copy(root().join("specs/standards/omop-5.4/cdm.csv"), folder.join("omop/cdm.csv")).expect("copied");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn run(sources: &Path, to: &str, out: &str, more: &[&str]) -> Ran {
    let (spec, omop, meds, out) =
        (sources.join("small.yaml"), sources.join("omop"), sources.join("meds"), sources.join(out));
    let mut words = vec!["generate", text(&spec), "--to", to, "-o", text(&out)];
    for (standard, mapping) in [("omop", &omop), ("meds", &meds)] {
        if to.contains(standard) {
            words.extend(["--mapping", text(mapping)]);
        }
    }
    words.extend(more);
    manikin(&words)
}

/// Every file of a folder that the manifest names, with its digest.
fn digests(folder: &Path) -> BTreeMap<String, String> {
    let manifest = manifest(folder);
    let standards = manifest["standards"].as_array().expect("standards");
    let tables = standards.iter().flat_map(|standard| standard["tables"].as_array().cloned().unwrap_or_default());
    let of_tables = tables.flat_map(|table| table["files"].as_array().cloned().unwrap_or_default());
    let others = standards.iter().flat_map(|standard| standard["files"].as_array().cloned().unwrap_or_default());
    let pair = |file: serde_json::Value| {
        let part = |name: &str| file[name].as_str().expect("text").to_owned();
        (part("path"), part("sha256"))
    };
    of_tables.chain(others).map(pair).collect()
}

#[test]
fn keys_are_unique_and_every_foreign_key_resolves() {
    let sources = sources("keys");
    run(&sources, "omop:sqlite", "out", &[]).exits(0);
    let database = Connection::open(sources.join("out/omop/omop.sqlite")).expect("a database");
    let number = |query: &str| database.query_row(query, [], |row| row.get::<_, i64>(0)).expect(query);
    let broken: Vec<String> = database
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut found| found.query_map([], |row| row.get::<_, String>(0))?.collect())
        .expect("a check");
    // No concepts are written by this mapping, so nothing declares a key to them.
    assert_eq!(broken, Vec::<String>::new());
    assert!(number("SELECT count(*) FROM person") > 200);
    assert_eq!(number("SELECT count(*) FROM location"), 5);
    assert_eq!(number("SELECT count(*) FROM cdm_source"), 1);
    assert_eq!(number("SELECT count(*) FROM person WHERE care_site_id IS NULL"), 0);
    for table in ["person", "condition_occurrence", "condition_era"] {
        assert_eq!(number(&format!("SELECT count(*) - count(DISTINCT {table}_id) FROM {table}")), 0, "{table}");
    }
    let of_notes = number("SELECT count(*) FROM condition_occurrence WHERE condition_end_date IS NULL");
    assert!(of_notes > 50 && of_notes < number("SELECT count(*) FROM condition_occurrence"));
    // Rows of unknown concepts belong to no era, and every other row to one.
    let counted = number("SELECT sum(condition_occurrence_count) FROM condition_era");
    assert_eq!(counted, number("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id <> 0"));
    let close = "SELECT count(*) FROM condition_era a JOIN condition_era b ON a.person_id = b.person_id \
                 AND a.condition_concept_id = b.condition_concept_id AND a.condition_era_id < b.condition_era_id \
                 AND julianday(b.condition_era_start_date) - julianday(a.condition_era_end_date) - 1 <= 30";
    assert_eq!(number(close), 0);
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let sources = sources("threads");
    let runs = ["1", "2", "7"].map(|threads| {
        run(&sources, "omop,omop:parquet,meds", threads, &["--patients", "900", "--threads", threads]).exits(0);
        digests(&sources.join(threads))
    });
    assert!(runs[0].len() > 15, "{:?}", runs[0]);
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[test]
fn partitions_together_hold_the_rows_of_the_whole() {
    let sources = sources("partitions");
    run(&sources, "omop,meds", "whole", &["--patients", "900"]).exits(0);
    let mut parts: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut shards = BTreeSet::new();
    for part in ["1/2", "2/2"] {
        let out = part.replace('/', "-");
        run(&sources, "omop,meds", &out, &["--patients", "900", "--partition", part]).exits(0);
        for file in digests(&sources.join(&out)).into_keys() {
            if let Some(table) = file.strip_prefix("omop/") {
                parts.entry(table.to_owned()).or_default().extend(csv_rows(&sources.join(&out).join(&file)).drain(1..));
            } else if file.starts_with("meds/") {
                assert!(shards.insert(file.clone()), "{file} is in both parts");
            }
        }
    }
    for (table, rows) in parts {
        let mut whole = csv_rows(&sources.join("whole/omop").join(&table));
        whole.remove(0);
        assert_eq!(rows, whole, "{table}");
    }
}

#[test]
fn more_patients_move_no_key() {
    let sources = sources("more");
    let [few, many] = ["300", "500"].map(|patients| {
        run(&sources, "omop", patients, &["--patients", patients]).exits(0);
        sources.join(patients).join("omop")
    });
    for table in ["person.csv", "condition_occurrence.csv", "condition_era.csv", "location.csv"] {
        let few = csv_rows(&few.join(table));
        let many: BTreeSet<Vec<String>> = csv_rows(&many.join(table)).into_iter().collect();
        let moved: Vec<&Vec<String>> = few.iter().filter(|row| !many.contains(*row)).collect();
        assert_eq!(moved, Vec::<&Vec<String>>::new(), "{table}");
    }
}

fn parquet(path: &Path) -> DataFrame {
    let file = fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    ParquetReader::new(file).finish().expect("Parquet")
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = frame.column(column).expect("a column").str().expect("text");
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn meds_subjects_are_whole_in_order_of_time_and_in_one_split() {
    let sources = sources("meds");
    run(&sources, "meds", "out", &["--patients", "1500"]).exits(0);
    let folder = sources.join("out/meds");
    let splits = parquet(&folder.join("metadata/subject_splits.parquet"));
    let ids: Vec<i64> = splits.column("subject_id").expect("ids").i64().expect("whole").iter().flatten().collect();
    let split_of: BTreeMap<i64, Option<String>> = ids.iter().copied().zip(texts(&splits, "split")).collect();
    assert_eq!((ids.len(), split_of.len()), (1500, 1500));
    let mut used = BTreeSet::new();
    let mut shares = BTreeMap::new();
    for split in ["train", "tuning", "held_out"] {
        let frame = parquet(&folder.join(format!("data/{split}/0.parquet")));
        let types: Vec<DataType> = frame.dtypes();
        let names: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
        assert_eq!(names, ["subject_id", "time", "code", "numeric_value", "text_value", "unit"]);
        assert_eq!((&types[0], &types[3], &types[4]), (&DataType::Int64, &DataType::Float32, &DataType::String));
        let subjects: Vec<i64> =
            frame.column("subject_id").expect("ids").i64().expect("whole").iter().flatten().collect();
        let time = frame.column("time").expect("times");
        let times: Vec<Option<i64>> = (0..frame.height())
            .map(|row| match time.get(row).expect("a value") {
                AnyValue::Datetime(micros, _, None) => Some(micros),
                _ => None,
            })
            .collect();
        let mut seen = BTreeSet::new();
        let mut before: Option<(i64, Option<i64>)> = None;
        for row in subjects.iter().copied().zip(times) {
            assert_eq!(split_of[&row.0].as_deref(), Some(split));
            // None stands before every time.
            match before {
                Some((subject, time)) if subject == row.0 => assert!(time <= row.1),
                _ => assert!(seen.insert(row.0), "subject {} stands in two places", row.0),
            }
            before = Some(row);
        }
        shares.insert(split, seen.len());
        used.extend(texts(&frame, "code").into_iter().flatten());
    }
    // Binomial(1500, 0.6): five standard deviations are 95; alpha below 1e-6.
    assert!((805..=995).contains(&shares["train"]), "{shares:?}");
    let codes = parquet(&folder.join("metadata/codes.parquet"));
    let listed: Vec<String> = texts(&codes, "code").into_iter().flatten().collect();
    assert_eq!(listed, used.into_iter().collect::<Vec<_>>());
    assert!(listed.contains(&"MEDS_BIRTH".to_owned()) && listed.contains(&"NOTE//a".to_owned()));
    let described = texts(&codes, "description");
    let note = listed.iter().position(|code| code == "NOTE//b").expect("listed");
    assert_eq!(described[note].as_deref(), Some("Letter b"));
    let about = fs::read_to_string(folder.join("metadata/dataset.json")).expect("read");
    let about: serde_json::Value = serde_json::from_str(&about).expect("JSON");
    assert_eq!((&about["meds_version"], &about["dataset_version"]), (&"0.4.1".into(), &"1.2.0".into()));
}

#[test]
fn more_patients_move_nobody_to_another_split() {
    let sources = sources("splits");
    let [few, many] = ["300", "700"].map(|patients| {
        run(&sources, "meds", patients, &["--patients", patients]).exits(0);
        let splits = parquet(&sources.join(patients).join("meds/metadata/subject_splits.parquet"));
        let ids = splits.column("subject_id").expect("ids").i64().expect("whole").clone();
        ids.iter().flatten().zip(texts(&splits, "split")).collect::<BTreeMap<_, _>>()
    });
    assert!(few.iter().all(|(id, split)| many[id] == *split));
}

#[test]
fn what_the_standard_has_no_room_for_is_refused_and_nothing_is_left() {
    let cases = [
        (
            "person_source_value: \"= patient_id\"",
            "person_source_value: \"= lpad(patient_id, 60, 'x')\"",
            "60 characters",
        ),
        ("year_of_birth: \"= year(born)\"", "year_of_birth: \"= nullif(year(born), 1970)\"", "have no value"),
        ("year_of_birth: \"= year(born)\"", "year_of_birth: \"= year(born) * 2000000\"", "32-bit integers"),
    ];
    for (place, (from, to, said)) in cases.into_iter().enumerate() {
        let sources = sources(&format!("refused-{place}"));
        let mapping = sources.join("omop/mapping.yaml");
        let changed = fs::read_to_string(&mapping).expect("read").replace(from, to);
        fs::write(&mapping, changed).expect("written");
        let ran = run(&sources, "omop", "out", &["--patients", "2000"]).exits(2);
        assert!(ran.err.contains(said) && ran.err.contains("MK0910"), "{}", ran.err);
        assert!(!sources.join("out").exists());
    }
}

#[test]
fn a_table_that_outgrows_the_keys_of_a_block_is_refused() {
    let sources = sources("outgrown");
    let spec = sources.join("small.yaml");
    fs::write(&spec, SPEC.replace("count: {poisson: {mean: 4}}", "count: 1100")).expect("written");
    let ran = run(&sources, "omop", "out", &[]).exits(2);
    assert!(ran.err.contains("262144") && ran.err.contains("fewer rows per patient"), "{}", ran.err);
    assert!(!sources.join("out").exists());
}

#[test]
fn words_that_do_not_fit_together_are_refused() {
    let sources = sources("words");
    let refused = |to: &str, more: &[&str], code: &str| {
        let ran = run(&sources, to, "out", more).exits(2);
        assert!(ran.err.contains(code), "{to} {more:?}: {}", ran.err);
        assert!(!sources.join("out").exists());
    };
    refused("omop", &["--only", "patient"], "MK0911");
    refused("meds:parquet", &[], "MK0904");
    refused("meds,meds", &[], "MK0904");
    refused("omop:cvs", &[], "MK0903");
    refused("csv", &["--bundles"], "MK0911");
    refused("omop:postgres:here", &[], "MK0904");
    refused("omop:postgres://nobody@127.0.0.1:1/none", &[], "MK0912");
    refused("omop:postgres://nobody@127.0.0.1:1/none", &["--partition", "1/2"], "MK0911");
    let omop = sources.join("omop");
    refused("omop", &["--mapping", text(&omop)], "MK0911");
    // A mapping that nothing is made of, and one that is not there.
    refused("meds", &["--mapping", text(&omop)], "not asked for");
    refused("meds", &["--mapping", text(&sources.join("none"))], "MK0001");
    refused("csv", &["--mapping", text(&omop)], "not asked for");
    // 2,097,152 patients are 8,192 blocks, whose keys pass 2^31.
    refused("omop", &["--patients", "2100000"], "32-bit");
}

#[test]
fn a_missing_duckdb_program_is_told_before_anything_is_made() {
    let sources = sources("duckdb");
    let out = sources.join("out");
    let ran: Ran = program()
        .args(["generate", text(&sources.join("small.yaml")), "--to", "omop:duckdb", "-o", text(&out), "--mapping"])
        .arg(sources.join("omop"))
        .env("MANIKIN_DUCKDB", scratch("no-such-program"))
        .output()
        .expect("the program starts")
        .into();
    let ran = ran.exits(2);
    assert!(ran.err.contains("MK0912") && ran.err.contains("install"), "{}", ran.err);
    assert!(!out.exists());
}

#[test]
fn a_mapping_that_was_copied_out_gives_the_same_files() {
    let sources = sources("copied");
    let copy = sources.join("mine");
    manikin(&["mapping", "omop", "-o", text(&copy)]).exits(0);
    assert!(manikin(&["mapping", "omop", "-o", text(&copy)]).exits(2).err.contains("MK0901"));
    assert!(manikin(&["mapping", "omob", "-o", text(&scratch("none"))]).exits(2).err.contains("did you mean `omop`"));
    let [own, built_in] = [vec!["--mapping", text(&copy)], Vec::new()].map(|more| {
        let out = sources.join(if more.is_empty() { "built-in" } else { "own" });
        let mut words = vec!["generate", "clinic-population", "--patients", "40", "--to", "omop", "-o", text(&out)];
        words.extend(more);
        manikin(&words).exits(0);
        digests(&out)
    });
    assert_eq!(own, built_in);
    let named = manifest(&sources.join("own"))["sources"].to_string();
    assert!(named.contains("\"mine/mapping.yaml\"") && !named.contains(text(&sources)), "{named}");
    manikin(&["check", "clinic-population", "--to", "omop,meds", "--mapping", text(&copy)]).exits(0);
}

/// Every `reference` in a tree.
fn references(tree: &serde_json::Value, found: &mut BTreeSet<String>) {
    match tree {
        serde_json::Value::Object(entries) => {
            for (name, value) in entries {
                match value.as_str() {
                    Some(text) if name == "reference" => {
                        found.insert(text.to_owned());
                    }
                    _ => references(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn a_bundle_and_the_shared_one_hold_all_that_they_refer_to_on_any_number_of_threads() {
    let folder = empty_folder("standards-bundles");
    let runs = ["1", "7"].map(|threads| {
        let out = folder.join(threads);
        let words = ["generate", "clinic-population", "--patients", "270", "--to", "fhir", "--bundles", "--threads"];
        manikin(&[&words[..], &[threads, "-o", text(&out)]].concat()).exits(0);
        digests(&out)
    });
    assert_eq!(runs[0], runs[1]);
    let bundles: Vec<&String> = runs[0].keys().filter(|path| path.starts_with("fhir/bundles/")).collect();
    assert_eq!(bundles.len(), 271);
    let read = |path: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder.join("1").join(path)).expect("a file")).expect("JSON")
    };
    let held = |bundle: &serde_json::Value| -> BTreeSet<String> {
        let entries = bundle["entry"].as_array().expect("entries");
        let url = |entry: &serde_json::Value| {
            assert_eq!(entry["request"]["method"], "PUT");
            let url = entry["request"]["url"].as_str().expect("a URL").to_owned();
            let (ty, id) = url.split_once('/').expect("a type and an id");
            assert_eq!((&entry["resource"]["resourceType"], &entry["resource"]["id"]), (&ty.into(), &id.into()));
            url
        };
        entries.iter().map(url).collect()
    };
    let shared = held(&read("fhir/bundles/shared.json"));
    let mut resources = shared.len();
    for path in bundles.into_iter().filter(|path| !path.ends_with("shared.json")).step_by(9) {
        let bundle = read(path);
        let own = held(&bundle);
        let mut asked = BTreeSet::new();
        references(&bundle, &mut asked);
        let lost: Vec<&String> = asked.iter().filter(|to| !own.contains(*to) && !shared.contains(*to)).collect();
        // References within a resource begin with `#`.
        assert_eq!(lost.iter().filter(|to| !to.starts_with('#')).count(), 0, "{path}: {lost:?}");
        resources += own.len();
    }
    assert!(resources > 1000);
}

#[test]
fn the_clinic_population_has_no_dangling_key_in_omop() {
    let out = empty_folder("standards-clinic").join("out");
    manikin(&["generate", "clinic-population", "--patients", "120", "--to", "omop:sqlite", "-o", text(&out)]).exits(0);
    let database = Connection::open(out.join("omop/omop.sqlite")).expect("a database");
    let mut check = database.prepare("PRAGMA foreign_key_check").expect("a check");
    let broken = check.query_map([], |row| Ok((row.get(0)?, row.get(2)?))).expect("rows");
    let broken: BTreeSet<(String, String)> = broken.map(|row| row.expect("a row")).collect();
    assert_eq!(broken, BTreeSet::new());
    // Tables of the model that nothing is made for are there, and empty.
    let tables: i64 = database
        .query_row("SELECT count(*) FROM sqlite_master WHERE type = 'table'", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(tables, 39);
    let notes: i64 = database.query_row("SELECT count(*) FROM note", [], |row| row.get(0)).expect("an empty table");
    assert_eq!(notes, 0);
}

#[test]
fn an_emergency_department_has_encounters_visits_and_events() {
    let out = empty_folder("standards-emergency").join("out");
    manikin(&["generate", "ed-visits", "--patients", "60", "--to", "csv,fhir,omop,meds", "-o", text(&out)]).exits(0);
    let visits = csv_rows(&out.join("visit.csv")).len() - 1;
    let lines = |file: &str| fs::read_to_string(out.join(file)).expect("a file").lines().count();
    assert_eq!((lines("fhir/Encounter.ndjson"), lines("fhir/Condition.ndjson")), (visits, visits));
    assert_eq!(lines("omop/visit_occurrence.csv") - 1, visits);
    assert_eq!(lines("omop/condition_occurrence.csv") + lines("omop/observation.csv") - 2, visits);
    let first = fs::read_to_string(out.join("fhir/Encounter.ndjson")).expect("a file");
    let first: serde_json::Value = serde_json::from_str(first.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["class"]["code"], "EMER");
}

#[test]
fn descriptions_beside_the_rows_are_no_tables_of_the_data() {
    let out = empty_folder("standards-described").join("out");
    manikin(&["generate", "clinic-population", "--patients", "20", "-o", text(&out)]).exits(0);
    manikin(&["describe", "clinic-population", "-o", text(&out)]).exits(0);
    let found = manikin(&["validate", text(&out), "--spec", "clinic-population"]).exits(0).said();
    assert!(!found.contains("unknown_table"), "{found}");
}
