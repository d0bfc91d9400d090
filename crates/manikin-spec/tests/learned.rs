//! What a spec says of learning: its levels and attributes, and the code and place of each mistake.

use manikin_diagnostic::Color;
use manikin_spec::spec::{Anchor, AttributeKind, DomainKind, Generator, Rows, Spec, Step, text_of};
use manikin_spec::{read, resolve};
use std::collections::BTreeMap;

/// Patients with encounters and lab results, everything learned that can be.
const GOOD: &str = r#"manikin: 1
product: learned
period: {from: 2020-01-01, to: 2025-12-31}
privacy: {source: {id: clinic-1, patients: 1000, origin: public}}
tables:
  analytes: {key: loinc, rows: [{loinc: 4548-4, low: 3, high: 18}, {loinc: 718-7, low: 5, high: 20}, {loinc: note}]}
  classes: {key: code, rows: [{code: AMB}, {code: IMP}, {code: AMB}]}
entities:
  patient:
    subject: true
    key: id
    fields:
      id: {id: uuid}
      gender: {type: text, learn: {values: [F, M], other: O, origin: public}}
      birthdate: {type: date, learn: {from: 1910-01-01, to: 2025-12-31, cells: 24}}
      income: {type: decimal, learn: {edges: [0, 10000, 20000.5, 1000000], nullable: true}}
      cost: {type: number, learn: {from: 1, to: 10000, cells: 4, scale: log}}
      diabetic: {derive: "count(encounter) > 3", learn: {values: [true, false]}}
      age: {derive: "years_between(birthdate, as_of)"}
    learn: {rows: {encounter: [0, 1, 2, 5, 33]}}
  encounter:
    per: patient
    key: id
    fields:
      id: {id: uuid}
      patient: {key_of: patient}
      class: {type: text, learn: {values: {table: classes}, nullable: true}}
      start: {type: datetime, learn: {since: previous, first: patient.birthdate, edges: [0, 1, 30, 36500]}}
      stop: {type: datetime, learn: {since: start, unit: minutes, edges: [0, 15, 60, 1440]}}
    learn:
      at_most: 8
      order: start
      given: [patient.gender, patient.diabetic]
      rows: {lab: [0, 1, 4]}
      together: [[previous.class, class]]
      share: 2
  lab:
    per: encounter
    fields:
      code: {type: text, learn: {values: {table: analytes}}}
      value: {type: number, learn: {by: code, bounds: {table: analytes, key: loinc, low: low, high: high}, cells: 8, nullable: true}}
"#;

fn resolved(text: &str) -> (Option<Spec>, Vec<String>, String) {
    let files: BTreeMap<String, Vec<u8>> =
        [("a.yaml".to_owned(), text.as_bytes().to_vec()), ("p.parquet".to_owned(), b"potentials".to_vec())].into();
    let mut reading = read("a.yaml", &files);
    let (spec, found) = resolve(&reading);
    reading.diagnostics.append(found);
    let codes = reading
        .diagnostics
        .sorted()
        .into_iter()
        .map(|one| {
            let covered = one.span.map(|span| reading.sources.slice(span).to_owned()).unwrap_or_default();
            format!("{} {covered}", one.code)
        })
        .collect();
    (spec, codes, reading.diagnostics.render(&reading.sources, Color::Never))
}

fn good(text: &str) -> Spec {
    let (spec, _, shown) = resolved(text);
    assert_eq!(shown, "");
    spec.expect("the spec resolves")
}

fn with_model(text: &str) -> String {
    format!("{text}model: {{potentials: p.parquet, private: true, epsilon: 1, delta: 1.0e-9, rows: 1000}}\n")
}

/// The codes and places of what is wrong after a replacement in the good spec.
fn wrong(old: &str, new: &str) -> Vec<String> {
    assert!(GOOD.contains(old), "{old}");
    let (spec, codes, shown) = resolved(&GOOD.replacen(old, new, 1));
    assert!(spec.is_none(), "{shown}");
    codes
}

#[test]
fn attributes_stand_in_the_order_given_siblings_previous_own_rows() {
    let spec = good(GOOD);
    let learned = spec.learned.as_ref().expect("something is learned");
    let names: Vec<Vec<String>> = learned
        .levels
        .iter()
        .map(|level| level.attributes.iter().map(|one| format!("{}:{}", one.name, one.size)).collect())
        .collect();
    assert_eq!(names[0], ["gender:3", "birthdate:24", "income:4", "cost:4", "diabetic:2", "rows.encounter:4"]);
    let encounter = ["patient.gender:3", "patient.diabetic:2", "siblings:4", "previous.class:4", "previous.start:4"];
    let own = ["previous.stop:4", "class:3", "start:3", "stop:3", "rows.lab:2"];
    assert_eq!(names[1], [encounter, own].concat());
    // Without `given`: all of the subject and of the parent, but the number of these rows itself.
    let of_patient = ["gender:3", "birthdate:24", "income:4", "cost:4", "diabetic:2", "rows.encounter:4"];
    let mut lab: Vec<String> = of_patient.iter().map(|name| format!("patient.{name}")).collect();
    lab.extend(["class:3", "start:3", "stop:3"].map(|name| format!("encounter.{name}")));
    lab.extend(["siblings:2", "code:3", "value:9"].map(str::to_owned));
    assert_eq!(names[2], lab);
    let level = &learned.levels[1];
    assert_eq!((level.cap, level.share, level.forced.as_slice()), (Some(8), 2.0, &[vec![3, 6]][..]));
    assert!(matches!(level.attributes[3].kind, AttributeKind::Previous(6)));
    assert_eq!(level.attributes[7].name, "start");
    assert!(matches!(learned.levels[2].attributes[6].kind, AttributeKind::Given(of, 6) if of == level.entity));
    assert_eq!(learned.source.as_ref().map(|source| source.patients), Some(1000));
}

#[test]
fn without_a_model_learned_entities_are_only_described() {
    let spec = good(GOOD);
    assert!(spec.learned.as_ref().is_some_and(|learned| learned.model.is_none()));
    assert!(spec.entities.iter().all(|entity| matches!(entity.rows, Rows::External)));
    assert!(spec.steps.is_empty());
    let patient = &spec.entities[0];
    assert!(matches!(patient.fields[5].generator, Some(Generator::Derive(_))));
    assert!(patient.fields[5].learn.is_some());
}

#[test]
fn with_a_model_values_and_rows_come_from_it_and_the_rest_follows() {
    let spec = good(&with_model(GOOD));
    let learned = spec.learned.as_ref().expect("something is learned");
    assert_eq!(learned.model.as_ref().map(|model| &model.potentials[..]), Some(&b"potentials"[..]));
    let (patient, encounter) = (spec.entity("patient").unwrap(), spec.entity("encounter").unwrap());
    assert!(matches!(spec[patient].rows, Rows::Fixed(1000)));
    assert!(matches!(spec[encounter].rows, Rows::Learned));
    assert!(matches!(spec[patient].fields[5].generator, Some(Generator::Learned)));
    let at = |step: Step| spec.steps.iter().position(|other| *other == step).expect("a step");
    let field = |name: &str| at(Step::Field(encounter, spec[encounter].field(name).unwrap()));
    assert!(at(Step::Rows(encounter)) < at(Step::Learned(encounter)));
    assert!(at(Step::Settle(patient)) < at(Step::Rows(encounter)));
    assert!(at(Step::Learned(encounter)) < field("start") && field("start") < field("stop"));
    assert!(field("stop") < at(Step::Settle(encounter)));
    // The potentials are part of what the digest stands for.
    let files = |bytes: &[u8]| -> BTreeMap<String, Vec<u8>> {
        [("a.yaml".to_owned(), with_model(GOOD).into_bytes()), ("p.parquet".to_owned(), bytes.to_vec())].into()
    };
    assert_ne!(read("a.yaml", &files(b"x")).digest, read("a.yaml", &files(b"y")).digest);
}

#[test]
fn domains_say_what_codes_mean() {
    let spec = good(GOOD);
    let domain = |entity: &str, field: &str| {
        let entity = &spec[spec.entity(entity).unwrap()];
        entity[entity.field(field).unwrap()].learn.clone().expect("a learned field")
    };
    let gender = domain("patient", "gender");
    assert_eq!([0, 1, 2].map(|code| gender.label(code)), ["F", "M", "O"]);
    assert_eq!((gender.code_of_text("X"), gender.code_of_null()), (2, 2));
    let born = domain("patient", "birthdate");
    assert_eq!(born.label(0), "[1910-01-01, 1914-11-01)");
    assert!(born.label(23).ends_with("2025-12-31]"));
    let cost = domain("patient", "cost");
    assert_eq!([5.0, 50.0, 500.0, 5000.0].map(|x| cost.code_of_number(x)), [0, 1, 2, 3]);
    let class = domain("encounter", "class");
    let DomainKind::Values(values) = class.kind() else { panic!("values") };
    assert_eq!(values.iter().map(text_of).collect::<Vec<_>>(), ["AMB", "IMP"]);
    let DomainKind::Since(since) = domain("encounter", "start").kind().clone() else { panic!("an offset") };
    assert!(matches!(since.anchor, Anchor::Previous { .. }));
    let value = domain("lab", "value");
    assert_eq!([(3.0, 0), (17.9, 0), (5.0, 1), (5.0, 2)].map(|(x, by)| value.code_of_number_by(x, by)), [0, 7, 0, 8]);
}

#[test]
fn each_mistake_has_its_code_and_place() {
    let mut missed = Vec::new();
    for (old, new, expected) in [
        ("{values: [F, M], other: O, origin: public}", "{}", "MK0704 learn"),
        ("cells: 24}", "nullable: true}", "MK0704 learn"),
        ("edges: [0, 10000,", "since: birthdate, edges: [0, 10000,", "MK0404 birthdate"),
        ("[0, 10000, 20000.5,", "[0, 20000, 20000,", "MK0705 20000"),
        ("[0, 10000, 20000.5, 1000000]", "[0]", "MK0705 [0]"),
        ("[0, 10000, 20000.5,", "[0, 10000, ten,", "MK0102 ten"),
        ("values: [true, false]", "values: [true, maybe]", "MK0102 maybe"),
        ("values: [true, false]", "values: [true, true]", "MK0307 true"),
        ("values: [true, false]", "values: []", "MK0108 learn"),
        ("to: 2025-12-31, cells: 24", "to: 1905-12-31, cells: 24", "MK0207 24"),
        ("to: 2025-12-31, cells: 24", "to: 1910-01-12, cells: 24", "MK0108 24"),
        ("from: 1, to: 10000", "from: 0, to: 10000", "MK0108 4"),
        ("since: start, unit", "since: class, unit", "MK0404 class"),
        ("since: start, unit", "since: begin, unit", "MK0403 begin"),
        ("first: patient.birthdate, ", "", "MK0704 learn"),
        ("edges: [0, 1, 30, 36500]", "edges: [-1, 1, 30, 36500]", "MK0108 [-1, 1, 30, 36500]"),
        ("      order: start\n", "", "MK0704 previous"),
        ("order: start", "order: begin", "MK0302 begin"),
        ("order: start", "order: stop", "MK0704 stop"),
        ("patient.diabetic]", "patient.diabetes]", "MK0302 patient.diabetes"),
        ("patient.diabetic]", "patient.gender]", "MK0307 patient.gender"),
        ("[[previous.class, class]]", "[[previous.clas, class]]", "MK0302 previous.clas"),
        ("share: 2", "share: 0", "MK0108 0"),
        ("at_most: 8", "at_most: 0", "MK0108 0"),
        ("rows: {lab: [0, 1, 4]}", "rows: {lab: [0, 4, 4]}", "MK0705 4"),
        ("rows: {lab: [0, 1, 4]}", "rows: {labs: [0, 1, 4]}", "MK0301 labs"),
        ("rows: {encounter: [0, 1, 2, 5, 33]}", "rows: {lab: [0, 1, 2, 5, 33]}", "MK0315 lab"),
        ("      rows: {lab: [0, 1, 4]}\n", "", "MK0706 lab"),
        ("    learn: {rows: {encounter: [0, 1, 2, 5, 33]}}\n", "", "MK0706 learn"),
        ("by: code, bounds", "by: codes, bounds", "MK0302 codes"),
        ("by: code, bounds", "by: value, bounds", "MK0704 value"),
        ("key: loinc, low: low", "key: loinc, low: lowest", "MK0304 lowest"),
        ("cells: 8, nullable: true", "cells: 8", "MK0704 learn"),
        ("patients: 1000", "patients: 0", "MK0108 0"),
        ("id: clinic-1", "id: 'clinic 1'", "MK0107 'clinic 1'"),
        (
            "product: learned",
            "product: learned\nmodel: {potentials: q.parquet, private: true, rows: 9}",
            "MK0001 q.parquet",
        ),
    ] {
        let found = wrong(old, new);
        if !found.iter().any(|one| one == expected) {
            missed.push(format!("{new}: expected {expected}, found {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_reference_entity_is_not_learned_and_a_model_needs_something_learned() {
    let alone = "entities:\n  site:\n    fields: {kind: {type: text, learn: {values: [a]}}}\n";
    let found = wrong("entities:\n", alone);
    assert!(found.contains(&"MK0706 site".to_owned()), "{found:?}");
    let plain = "manikin: 1\nproduct: x\nperiod: {from: 2020-01-01, to: 2020-12-31}\n\
                 entities: {p: {subject: true, count: 3, fields: {a: {constant: 1}}}}\n";
    let (_, codes, _) = resolved(&with_model(plain));
    assert_eq!(codes, ["MK0704 model"]);
}

#[test]
fn more_attributes_than_a_model_can_hold_are_refused() {
    let fields: String =
        (0..257).map(|at| format!("      f{at}: {{type: boolean, learn: {{values: [true, false]}}}}\n")).collect();
    let found = wrong("      id: {id: uuid}\n      gender", &format!("      id: {{id: uuid}}\n{fields}      gender"));
    assert!(found.contains(&"MK0707 learn".to_owned()), "{found:?}");
}
