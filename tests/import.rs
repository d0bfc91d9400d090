//! Datasets made elsewhere: what `manikin import` makes of them, what it counts, and what it refuses.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{empty_folder, manikin};

/// A folder of NDJSON files with these lines each.
fn ndjson(folder: &Path, files: &[(&str, &[Value])]) {
    fs::create_dir_all(folder).unwrap();
    for (name, resources) in files {
        let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
        fs::write(folder.join(name), lines.join("\n") + "\n").unwrap();
    }
}

fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "gender": "female", "birthDate": "1970-05-04"})
}

fn observation(id: &str, patient: &str, value: Value) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": format!("Patient/{patient}")},
        "effectiveDateTime": "2025-03-09T10:00:00-05:00",
        "valueQuantity": {"value": value, "code": "%"},
    })
}

fn account(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("import.json")).unwrap()).unwrap()
}

#[test]
fn everything_that_is_not_taken_over_is_counted_and_named() {
    let scratch = empty_folder("import-account");
    let (data, out) = (scratch.join("fhir"), scratch.join("out"));
    ndjson(
        &data,
        &[
            ("Patient.ndjson", &[patient("p1"), patient("p2")]),
            (
                "Observation.ndjson",
                &[
                    observation("o1", "p1", json!(6.1)),
                    observation("o2", "p9", json!("much")),
                    json!({"resourceType": "Observation", "id": "o3", "status": "final", "category": [{"coding": [{"code": "survey"}]}]}),
                ],
            ),
            ("Device.ndjson", &[json!({"resourceType": "Device", "id": "d1"})]),
        ],
    );
    fs::write(data.join("log.txt"), "x").unwrap();
    manikin(&["import", data.to_str().unwrap(), "--from", "fhir", "-o", out.to_str().unwrap()]).exits(0);
    let account = account(&out);
    let source = |name: &str| {
        account["sources"].as_array().unwrap().iter().find(|source| source["source"] == name).unwrap().clone()
    };
    assert_eq!(source("patient")["taken"], 2);
    assert_eq!((&source("observation")["rows"], &source("observation")["refused"]), (&json!(3), &json!(2)));
    let has =
        |list: &str, what: &str| account[list].as_array().unwrap().iter().any(|entry| entry.to_string().contains(what));
    assert!(has("unread", "Device") && has("unread", "log.txt") && has("unread", "Observation.status"));
    assert!(has("not_converted", "Observation.ndjson:2"), "{account}");
    assert!(has("dangling", "Observation.ndjson:2"), "{account}");
    let made: Vec<&Value> = account["made"].as_array().unwrap().iter().filter(|made| made[0] == "lab_result").collect();
    assert_eq!(made, [&json!(["lab_result", 1])]);
}

#[test]
fn a_dataset_that_cannot_be_read_is_refused_with_its_place_and_nothing_is_written() {
    let scratch = empty_folder("import-refused");
    let whole = patient("p1").to_string();
    let half = &whole[..whole.len() - 5];
    let cases: [(&str, Vec<u8>, &str, &str); 6] = [
        ("cut", format!("{whole}\n{half}").into_bytes(), "MK1203", "Patient.ndjson:2"),
        ("list", b"[1]\n".to_vec(), "MK1203", "Patient.ndjson:1"),
        ("untyped", b"{}\n".to_vec(), "MK1203", "Patient.ndjson:1"),
        ("latin", [whole.as_bytes(), b"\n{\"id\": \"\xe9\"}\n"].concat(), "MK0003", "Patient.ndjson:2"),
        ("utf16", b"\xff\xfe{\0}\0".to_vec(), "MK0003", "UTF-16"),
        ("twice", format!("{whole}\n{whole}\n").into_bytes(), "MK1204", "Patient.ndjson:2"),
    ];
    for (name, bytes, code, place) in cases {
        let (data, out) = (scratch.join(name), scratch.join(format!("{name}-out")));
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("Patient.ndjson"), bytes).unwrap();
        let run =
            manikin(&["import", data.to_str().unwrap(), "--from", "fhir", "-o", out.to_str().unwrap()]).exits(2).said();
        assert!(run.contains(code) && run.contains(place), "{name}: {run}");
        assert!(!out.exists(), "{name}");
    }
}

#[test]
fn an_import_replaces_what_an_import_made_and_nothing_else() {
    let scratch = empty_folder("import-again");
    let (data, out) = (scratch.join("fhir"), scratch.join("out"));
    ndjson(&data, &[("Patient.ndjson", &[patient("p1")])]);
    let words = ["import", data.to_str().unwrap(), "--from", "fhir", "-o", out.to_str().unwrap()];
    let again = [&words[..], &["--overwrite"]].concat();
    manikin(&words).exits(0);
    assert!(manikin(&words).exits(2).err.contains("MK0901"));
    manikin(&again).exits(0);
    fs::remove_file(out.join("import.json")).unwrap();
    assert!(manikin(&again).exits(2).err.contains("MK0901"));
}

#[test]
fn another_version_of_a_data_model_and_missing_tables_are_refused() {
    let scratch = empty_folder("import-versions");
    let cdm = scratch.join("cdm");
    fs::create_dir_all(&cdm).unwrap();
    let out = scratch.join("out");
    let import =
        || manikin(&["import", cdm.to_str().unwrap(), "--from", "omop", "-o", out.to_str().unwrap()]).exits(2).said();
    fs::write(
        cdm.join("PERSON.csv"),
        "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id\n1,8532,1970,8527,38003564\n",
    )
    .unwrap();
    assert!(import().contains("MK1205"), "visits are missing");
    fs::write(cdm.join("VISIT_OCCURRENCE.csv"), "visit_occurrence_id,person_id\n1,1,9\n").unwrap();
    let run = import();
    assert!(run.contains("MK0908") && run.contains("VISIT_OCCURRENCE.csv:2"), "{run}");
    fs::write(cdm.join("VISIT_OCCURRENCE.csv"), "visit_occurrence_id,person_id\n1,1\n").unwrap();
    fs::write(cdm.join("CDM_SOURCE.csv"), "cdm_version\n5.3\n").unwrap();
    assert!(import().contains("MK1206"));
    assert!(!out.exists());
}

#[test]
fn a_drafted_spec_is_right_and_the_data_it_came_from_keeps_it() {
    let scratch = empty_folder("import-draft");
    let (data, draft) = (scratch.join("extract"), scratch.join("extract.yaml"));
    fs::create_dir_all(&data).unwrap();
    let mut patients = String::from("Id,BIRTHDATE,GENDER,SSN,RARE\n");
    let mut visits = String::from("Id,PATIENT,START,CODE,COST,PLACE\n");
    for number in 0..40 {
        let gender = if number % 2 == 0 { "F" } else { "M" };
        let rare = if number == 3 { "SECRET" } else { "common" };
        // Many rows of few people.
        let place = if number < 5 { "HOSPICE" } else { "office" };
        patients += &format!("patient-{number:04},19{:02}-03-04,{gender},999-00-{number:04},{rare}\n", 30 + number);
        for visit in 0..3 {
            visits += &format!(
                "visit-{number:04}-{visit},patient-{number:04},2025-0{}-11T08:30:00Z,4548-{},{}.50,{place}\n",
                visit + 1,
                visit + 1,
                number + 10
            );
        }
    }
    fs::write(data.join("patients.csv"), patients).unwrap();
    fs::write(data.join("visits.csv"), visits).unwrap();
    manikin(&["init", "--from-data", data.to_str().unwrap(), "-o", draft.to_str().unwrap()]).exits(0);
    let text = fs::read_to_string(&draft).unwrap();
    assert!(
        !["SECRET", "999-00", "HOSPICE"].iter().any(|value| text.contains(value)),
        "values of few are not copied:\n{text}"
    );
    for line in [
        "subject: true",
        "per: patients",
        "key_of: patients",
        "id: uuid",
        "privacy: identifier",
        "origin: data",
        "allowed: [F, M]",
        "LOINC",
        "privacy: {source: {id: extract, patients: 40, origin: data}}",
        "learn: {values: [F, M], origin: data}",
        "1969-12-31], origin: data}",
        "start: {type: datetime, required: true, origin: data, learn: {edges: [2025-01-01, 2025-12-31], origin: data}}",
        "learn: {values: [common, other], other: other, origin: data}",
        "keep: \"start >= patients.birthdate\"",
        "together: [[siblings, code], [siblings, start]]",
        "given: [patients.birthdate, patients.gender]",
        "rows: {visits: [0, 1,",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    manikin(&["check", draft.to_str().unwrap()]).exits(0);
    manikin(&["validate", data.to_str().unwrap(), "--spec", draft.to_str().unwrap()]).exits(0);
}

/// 150 patients with visits to 60 clinicians of 12 clinics, 45 diagnoses with names, and prices.
fn clinic_extract(data: &Path) {
    fs::create_dir_all(data).unwrap();
    let (mut clinics, mut clinicians) = (String::from("Id,NAME,VISITS\n"), String::from("Id,CLINIC,NAME\n"));
    for number in 0..12 {
        clinics += &format!("clinic-{number:03},Clinic {number},{}\n", number * 7);
    }
    for number in 0..60 {
        clinicians += &format!("clinician-{number:03},clinic-{:03},Clinician {number}\n", number % 12);
    }
    let mut patients = String::from("Id,BIRTHDATE,DEATHDATE,GENDER,FIRST,SSN\n");
    let mut visits =
        String::from("Id,PATIENT,START,STOP,CLINICIAN,CLINIC,CODE,DESCRIPTION,PRICE,QUANTITY,TOTAL,VALUE,RARE\n");
    for person in 0..150_usize {
        let born = 1930 + person % 80;
        let died = if person % 5 == 0 { "2023-06-30" } else { "" };
        let gender = if person % 2 == 0 { "F" } else { "M" };
        patients += &format!("patient-{person:04},{born}-03-04,{died},{gender},Name{person},999-00-{person:04}\n");
        for visit in 0..8 {
            let (code, doctor) = ((person + visit * 7) % 45, (person * 3 + visit) % 60);
            let quantity = 1 + (person + visit) % 20;
            let cents = 1000 + 37 * code;
            let (total, value) = (cents * quantity, 100 * code + person % 50);
            let rare = if person == 3 { "SECRET" } else { "common" };
            visits += &format!(
                "visit-{person:04}-{visit},patient-{person:04},20{:02}-02-{:02}T08:30:00Z,20{0:02}-02-{1:02}T09:{:02}:00Z,\
                 clinician-{doctor:03},clinic-{:03},D{code:02}.1,Name of {code},{}.{:02},{quantity},{}.{:02},{}.{},{rare}\n",
                16 + visit,
                1 + person % 28,
                person % 60,
                doctor % 12,
                cents / 100,
                cents % 100,
                total / 100,
                total % 100,
                value / 10,
                value % 10,
            );
        }
    }
    for (name, text) in [("clinics", clinics), ("clinicians", clinicians), ("patients", patients), ("visits", visits)] {
        fs::write(data.join(format!("{name}.csv")), text).unwrap();
    }
}

#[test]
fn a_draft_whose_marks_are_confirmed_fits_and_gives_rows_that_hang_together() {
    let scratch = empty_folder("import-draft-fit");
    let (data, draft, model, out) =
        (scratch.join("extract"), scratch.join("draft.yaml"), scratch.join("model"), scratch.join("out"));
    clinic_extract(&data);
    let (data, spec) = (data.to_str().unwrap(), draft.to_str().unwrap());
    manikin(&["init", "--from-data", data, "-o", spec]).exits(0);
    manikin(&["check", spec]).exits(0);
    manikin(&["validate", data, "--spec", spec]).exits(0);
    let names: Vec<String> = fs::read_dir(scratch.join("tables"))
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        ["visits_code.csv", "clinics.csv", "clinicians.csv"].iter().all(|name| names.contains(&(*name).to_owned()))
    );
    let copied = fs::read_to_string(scratch.join("tables/clinics.csv")).unwrap();
    assert!(copied.starts_with("id,name\n"), "figures that may have been counted from records are left out: {copied}");
    // A draft replaces no draft.
    assert!(manikin(&["init", "--from-data", data, "-o", spec]).exits(2).err.contains("MK0902"));

    let fit = ["fit", data, "--spec", spec, "--epsilon", "1", "--delta", "1e-9", "--method", "independent"];
    let fit = [&fit[..], &["--no-privacy", "-o", model.to_str().unwrap()]].concat();
    let refused = manikin(&fit).exits(2).said();
    for mark in ["the size of the source", "the table visits_code", "the domain of visits.code", "the rows of patients"]
    {
        assert!(refused.contains(mark), "{mark} in\n{refused}");
    }
    let text = fs::read_to_string(&draft).unwrap();
    assert!(!text.contains("SECRET") && text.contains("learn: {values: [common, other], other: other, origin: data}"));
    fs::write(&draft, text.replace("origin: data", "origin: public")).unwrap();
    manikin(&fit).exits(0);
    manikin(&["generate", model.to_str().unwrap(), "-o", out.to_str().unwrap()]).exits(0);
    manikin(&["validate", out.to_str().unwrap(), "--spec", spec]).exits(0);

    let table = |name: &str| {
        let mut rows = support::csv_rows(&out.join(format!("{name}.csv")));
        let names = rows.remove(0);
        let row = move |row: Vec<String>| names.iter().cloned().zip(row).collect::<std::collections::BTreeMap<_, _>>();
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let (patients, visits) = (table("patients"), table("visits"));
    let clinics: std::collections::BTreeMap<String, String> =
        table("clinicians").into_iter().map(|row| (row["id"].clone(), row["clinic"].clone())).collect();
    let people: std::collections::BTreeMap<&str, (&str, &str)> = patients
        .iter()
        .map(|row| (row["id"].as_str(), (row["birthdate"].as_str(), row["deathdate"].as_str())))
        .collect();
    assert!(patients.iter().any(|row| !row["deathdate"].is_empty()));
    assert!(patients.iter().all(|row| row["deathdate"].is_empty() || row["deathdate"] >= row["birthdate"]));
    assert!(patients.iter().all(|row| !row["first"].is_empty() && row["ssn"].starts_with("SSN-")));
    assert!(visits.len() > 100, "{}", visits.len());
    for row in &visits {
        let number = row["code"].trim_start_matches('D').trim_end_matches(".1").parse::<usize>().unwrap();
        assert_eq!(row["description"], format!("Name of {number}"));
        assert_eq!(row["clinic"], clinics[&row["clinician"]]);
        let (born, died) = people[row["patient"].as_str()];
        assert!(row["start"].as_str() >= born && row["stop"] >= row["start"], "{row:?}");
        let month = |day: &str| day[..4].parse::<i32>().unwrap() * 12 + day[5..7].parse::<i32>().unwrap();
        // Thirty days after a death are in the second month after it at the latest.
        assert!(died.is_empty() || month(&row["start"]) <= month(died) + 2, "{row:?} {died}");
        assert!(row["start"].as_str() <= "2023-12-31T23:59:59", "{row:?}");
        let (price, quantity) = (row["price"].parse::<f64>().unwrap(), row["quantity"].parse::<f64>().unwrap());
        assert!((row["total"].parse::<f64>().unwrap() - price * quantity).abs() < 0.006, "{row:?}");
        // What is measured lies where it lies for its code.
        let value = row["value"].parse::<f64>().unwrap();
        assert!((value - 10.0 * number as f64 - 2.5).abs() < 4.0, "{row:?}");
    }
}

#[test]
fn a_draft_on_the_screen_holds_its_tables() {
    let scratch = empty_folder("import-draft-screen");
    let (data, draft) = (scratch.join("extract"), scratch.join("draft.yaml"));
    clinic_extract(&data);
    let text = manikin(&["init", "--from-data", data.to_str().unwrap()]).exits(0).out;
    assert!(text.contains("- {code: \"D00.1\", ") && !text.contains("csv:"), "{text}");
    fs::write(&draft, text).unwrap();
    manikin(&["check", draft.to_str().unwrap()]).exits(0);
    assert!(!scratch.join("tables").exists());
}

/// The folder of a data set beside the checkout, unpacked; `None`, with a word, on a machine that has none.
#[allow(clippy::print_stderr)]
fn shared(name: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("MANIKIN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), std::path::PathBuf::from);
    let archive = root.join(format!("data/synthea/{name}.tar.xz"));
    if !archive.is_file() {
        eprintln!("skipped: {} is not there; set MANIKIN_SHARED to the folder of shared data", archive.display());
        return None;
    }
    let folder = empty_folder(&format!("import-{name}"));
    let unpacked = std::process::Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(&folder).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "tar unpacks {}", archive.display());
    Some(folder)
}

#[test]
fn the_same_patients_are_the_same_people_in_a_servers_bulk_export_and_in_csv() {
    let (Some(bulk), Some(csv)) = (shared("bulk-16-patients"), shared("csv-16-patients")) else { return };
    let made = |data: &Path, from: &str| {
        let out = empty_folder("import-agreement").join(from);
        manikin(&["import", data.to_str().unwrap(), "--from", from, "-o", out.to_str().unwrap()]).exits(0);
        let made = account(&out)["made"].clone();
        move |entity: &str| {
            let row = made.as_array().unwrap().iter().find(|row| row[0] == entity);
            row.map_or(0, |row| row[1].as_u64().unwrap())
        }
    };
    let (fhir, csv) = (made(&bulk, "fhir"), made(&csv, "csv"));
    assert_eq!(fhir("patient"), 16);
    for entity in
        ["patient", "encounter", "condition", "lab_result", "vital_sign", "procedure", "immunization", "allergy"]
    {
        assert_eq!(fhir(entity), csv(entity), "{entity}");
    }
}

/// What `validate` finds wrong in imported data, as `entity.check`.
fn failing(data: &Path) -> Vec<String> {
    let words = ["validate", data.to_str().unwrap(), "--spec", "clinic-population", "--format", "json"];
    let found: Value = serde_json::from_str(&manikin(&words).exits(1).out).unwrap();
    let checks = found["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "fail");
    checks.map(|check| format!("{}.{}", check["entity"].as_str().unwrap(), check["name"].as_str().unwrap())).collect()
}

fn listed(account: &Value, list: &str) -> Vec<String> {
    account[list].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Rows of a Parquet file as texts, by the first of these columns.
fn texts(file: &Path, columns: &[&str]) -> std::collections::BTreeMap<String, Vec<String>> {
    use polars::prelude::{ParquetReader, SerReader};
    let frame = ParquetReader::new(fs::File::open(file).unwrap()).finish().unwrap();
    let text = |row: usize, column: &str| match frame.column(column).unwrap().get(row).unwrap() {
        polars::prelude::AnyValue::Null => String::new(),
        value => value.to_string().trim_matches('"').to_owned(),
    };
    let rows = 0..frame.height();
    rows.map(|row| (text(row, columns[0]), columns.iter().map(|column| text(row, column)).collect())).collect()
}

#[test]
fn what_manikin_wrote_comes_back_and_lacks_only_what_the_standard_has_no_place_for() {
    let scratch = empty_folder("import-round-trip");
    let made = scratch.join("made");
    let words = ["generate", "clinic-population", "--patients", "80", "--to", "csv,fhir,omop:parquet,meds", "-o"];
    manikin(&[&words[..], &[made.to_str().unwrap()]].concat()).exits(0);
    let rows = |entity: &str| support::csv_rows(&made.join(format!("{entity}.csv"))).len() as u64 - 1;
    // Beside fields that the account names: what only some rows have in the standard, and rules about what is not there.
    let explained: [(&str, &[&str]); 3] = [
        (
            "fhir",
            &[
                "encounter.coverage_id.required",
                "medication_dispense.coverage_id.required",
                "remittance.paid_on.required",
                "remittance.trace_number.required",
            ],
        ),
        ("omop", &["encounter.coverage_id.required", "diagnosis.rank.required"]),
        ("meds", &["lab_result.has_range"]),
    ];
    for (form, explained) in explained {
        let out = scratch.join(form);
        manikin(&["import", made.join(form).to_str().unwrap(), "--from", form, "-o", out.to_str().unwrap()]).exits(0);
        let account = account(&out);
        for list in ["dangling", "not_converted", "absent", "left_out"] {
            assert_eq!(account[list], json!([]), "{form}: {list}");
        }
        let (unmade, unfilled) = (listed(&account, "unmade"), listed(&account, "unfilled"));
        for check in failing(&out) {
            let is_told = unmade.iter().any(|entity| check == format!("{entity}.table"))
                || unfilled.iter().any(|field| check == format!("{field}.required"));
            assert!(is_told || explained.contains(&check.as_str()), "{form}: {check} is not explained");
        }
        for made in account["made"].as_array().unwrap() {
            let entity = made[0].as_str().unwrap();
            // OMOP holds measurements with a value alone, and what was ordered by what was dispensed.
            let differs = match form {
                "omop" => ["lab_result", "medication_order", "payer"].contains(&entity),
                "meds" => entity == "payer",
                _ => false,
            };
            assert!(differs || made[1] == rows(entity), "{form}: {made} of {}", rows(entity));
        }
        let patients = texts(&out.join("patient.parquet"), &["patient_id", "birth_sex", "birth_date", "race"]);
        let written = support::csv_rows(&made.join("patient.csv"));
        let column = |name: &str| written[0].iter().position(|column| column == name).unwrap();
        let mut expected: Vec<Vec<String>> = written[1..]
            .iter()
            .map(|row| ["birth_sex", "birth_date", "race"].map(|name| row[column(name)].clone()).to_vec())
            .collect();
        let mut found: Vec<Vec<String>> = patients.values().map(|row| row[1..].to_vec()).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{form}");
    }
}

#[test]
fn a_table_that_is_not_required_may_be_missing_and_the_account_says_so() {
    let scratch = empty_folder("import-partial");
    let (made, out) = (scratch.join("made"), scratch.join("out"));
    manikin(&["generate", "clinic-population", "--patients", "20", "--to", "omop", "-o", made.to_str().unwrap()])
        .exits(0);
    for table in ["condition_occurrence", "care_site"] {
        fs::remove_file(made.join(format!("omop/{table}.csv"))).unwrap();
    }
    let cdm = made.join("omop");
    manikin(&["import", cdm.to_str().unwrap(), "--from", "omop", "-o", out.to_str().unwrap()]).exits(0);
    let account = account(&out);
    assert_eq!(listed(&account, "absent"), ["care_site", "condition_occurrence"]);
    assert!(listed(&account, "unmade").contains(&"facility".to_owned()));
    assert!(!out.join("facility.parquet").exists());
    assert!(account["dangling"].to_string().contains("visit.care_site_id"), "{account}");
}

#[test]
fn sources_of_one_file_keep_their_rows_and_what_none_keeps_is_counted() {
    let scratch = empty_folder("import-where");
    let (data, out, mapping) = (scratch.join("data"), scratch.join("out"), scratch.join("mapping.yaml"));
    fs::create_dir_all(&data).unwrap();
    fs::write(
        data.join("facts.csv"),
        "kind,person,value\nborn,p1,1970-05-04\nsex,p1,F\nborn,p2,1980-01-02\nnoise,p1,x\nborn,,\n",
    )
    .unwrap();
    let text = "\
import: csv
title: Facts
tables: {sexes: {means: Sexes., key: code, rows: [{code: F}, {code: M}]}}
sources:
  birth: {read: facts, where: \"kind = 'born' and person is not null\", keys: [person], links: {sex: person}, types: {extra: text}}
  sex: {read: facts, where: kind = 'sex', keys: [person]}
entities:
  patient: {from: birth, fields: {patient_id: person, birth_date: value, birth_sex: sex.value, family_name: extra, given_name: \"'Person ' || text(row)\"}}
";
    fs::write(&mapping, text).unwrap();
    let words = ["import", data.to_str().unwrap(), "--from", "csv", "--spec", "clinic-population", "--mapping"];
    manikin(&[&words[..], &[mapping.to_str().unwrap(), "-o", out.to_str().unwrap()]].concat()).exits(0);
    let account = account(&out);
    assert_eq!(account["absent"], json!(["birth.extra"]));
    let unread = account["unread"].to_string();
    assert!(unread.contains("no source takes these rows") && unread.contains("\"count\":2"), "{unread}");
    let patients = texts(&out.join("patient.parquet"), &["patient_id", "birth_sex", "birth_date"]);
    assert_eq!(patients["p1"], ["p1", "F", "1970-05-04"]);
    assert_eq!(patients["p2"], ["p2", "", "1980-01-02"]);
    // The place of a row is that in its file, whatever was left away before it.
    fs::write(data.join("facts.csv"), "kind,person,value\nsex,p1,F\nborn,p1,1970-05-04\nnoise,,\nborn,p1,x\n").unwrap();
    let again = [&words[..], &[mapping.to_str().unwrap(), "-o", out.to_str().unwrap(), "--overwrite"]].concat();
    let said = manikin(&again).exits(2).said();
    assert!(said.contains("MK1204") && said.contains("facts.csv:5"), "{said}");
}
