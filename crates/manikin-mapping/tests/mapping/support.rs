//! A small spec and small mappings, read from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_diagnostic::{Color, Diagnostic};
use manikin_generate::{Plan, PlanOptions, Run};
use manikin_mapping::{Checked, Json, Mapping, Part, Reading};
use manikin_spec::spec::Spec;
use manikin_tables::Dataset;
use serde_json::Value;

/// Clinics made once for all, patients with visits, a line of a visit, and something hidden between them.
pub(crate) const SPEC: &str = r#"
manikin: 1
product: small
version: 1.0.0
period: {from: 2025-01-01, to: 2025-12-31}
settings: {grade: high}
tables:
  reasons: {key: code, rows: [{code: R05, name: Cough}, {code: N40, name: null}, {code: O80, name: "Birth \"normal\"\n\u0007ö"}]}
entities:
  clinic:
    count: 3
    key: clinic_id
    fields:
      clinic_id: {id: {prefix: C}}
      timezone: {choice: {America/New_York: 50%, America/Phoenix: 50%}}
  doctor:
    per: clinic
    count: 2
    key: doctor_id
    fields:
      doctor_id: {id: {prefix: D}}
      clinic_id: {key_of: clinic}
  patient:
    subject: true
    count: 40
    key: patient_id
    fields:
      patient_id: {id: {prefix: P}}
      sex: {choice: {F: 51%, M: 49%}}
      birth_date: {date: {within: ["date '1940-01-01'", "date '2020-12-31'"]}}
      clinic_id: {link: {to: clinic}}
      languages: {list: {of: {choice: {en: 60%, es: 30%, fr: 10%}}, count: {uniform: {min: 0, max: 3}}}}
      note: {choice: {plain: 50%, empty: 50%}, missing: 40%}
      secret: {constant: x, hidden: true}
  stay:
    per: patient
    count: 2
    hidden: true
    key: stay_id
    fields:
      stay_id: {id: {prefix: S}}
  visit:
    per: stay
    count: {uniform: {min: 0, max: 3}}
    key: visit_id
    fields:
      visit_id: {id: {prefix: V}}
      patient_id: {key_of: patient}
      seen_by: {link: {to: doctor}}
      helped_by: {link: {to: doctor}}
      started_at: {time: {within: [period_start, period_end]}}
      reason: {choice: {R05: 40%, N40: 30%, O80: 30%}}
      cost: {uniform: {min: 0, max: 900}, decimals: 2}
      weight: {normal: {mean: 70, sd: 9}, missing: 50%}
      score: {uniform: {min: 1, max: 9}, decimals: 0}
  line:
    per: visit
    count: {uniform: {min: 0, max: 4}}
    key: line_id
    fields:
      line_id: {id: {prefix: L}}
      visit_id: {key_of: visit}
      amount: {uniform: {min: 1, max: 50}, decimals: 2}
"#;

pub(crate) const ELEMENTS: &[u8] = include_bytes!("../../../../specs/standards/fhir-r4/elements.csv");

pub(crate) const CDM: &str = "\
table,column,type,required,primary_key,foreign_key_table\n\
person,person_id,integer,Yes,Yes,\n\
person,birth_datetime,datetime,No,No,\n\
person,gender_source_value,varchar(50),No,No,\n\
visit,visit_id,integer,Yes,Yes,\n\
visit,person_id,integer,Yes,No,PERSON\n\
visit,visit_date,date,Yes,No,\n\
visit,cost,float,No,No,\n\
visit_era,visit_era_id,integer,Yes,Yes,\n\
visit_era,person_id,integer,Yes,No,person\n\
visit_era,start_date,date,Yes,No,\n";

/// The head of a FHIR mapping in which positions do not matter.
pub(crate) const FHIR: &str = "mapping: fhir-r4\nversion: 1.0.0\ntitle: small\ndefinition: elements.csv\n";
pub(crate) const OMOP: &str = "mapping: omop-5.4\nversion: 1.0.0\ntitle: small\ndefinition: cdm.csv\n";
pub(crate) const MEDS: &str = "mapping: meds-0.4\nversion: 1.0.0\ntitle: small\nsplits: {train: 80%, held_out: 20%}\n";

/// The small spec, checked.
pub(crate) fn spec() -> Arc<Spec> {
    let files: BTreeMap<String, Vec<u8>> = [("spec.yaml".to_owned(), SPEC.as_bytes().to_vec())].into();
    let reading = manikin_spec::read("spec.yaml", &files);
    let (spec, diagnostics) = manikin_spec::resolve(&reading);
    let told = reading.diagnostics.render(&reading.sources, Color::Never);
    let told = format!("{told}{}", diagnostics.render(&reading.sources, Color::Never));
    Arc::new(spec.unwrap_or_else(|| panic!("{told}")))
}

/// A mapping made of a head and a file of projections.
pub(crate) fn reading(head: &str, projections: &[u8]) -> Reading {
    let files: BTreeMap<String, Vec<u8>> = [
        ("m/mapping.yaml", head.as_bytes()),
        ("m/part.yaml", projections),
        ("m/elements.csv", ELEMENTS),
        ("m/cdm.csv", CDM.as_bytes()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
    .into();
    Mapping::read("m", &files)
}

/// What is told about a mapping: the code of each diagnostic with the text that it points to, and all of it as text.
pub(crate) fn told(head: &str, projections: &str) -> (Vec<String>, String) {
    let mut reading = reading(head, projections.as_bytes());
    let mut diagnostics = std::mem::take(&mut reading.diagnostics);
    if let Some(mapping) = &reading.mapping {
        diagnostics.append(mapping.check(&spec(), &reading.sources).1);
    }
    let place = |diagnostic: &Diagnostic| diagnostic.span.map_or("", |span| reading.sources.slice(span)).to_owned();
    let codes = diagnostics.sorted().iter().map(|one| format!("{} {}", one.code, place(one))).collect();
    (codes, diagnostics.render(&reading.sources, Color::Never))
}

/// A mapping without mistakes.
pub(crate) fn checked(head: &str, projections: &str) -> Arc<Checked> {
    let reading = reading(head, projections.as_bytes());
    let told = reading.diagnostics.render(&reading.sources, Color::Never);
    let mapping = reading.mapping.unwrap_or_else(|| panic!("{told}"));
    let (checked, found) = mapping.check(&spec(), &reading.sources);
    Arc::new(checked.unwrap_or_else(|| panic!("{}", found.render(&reading.sources, Color::Never))))
}

/// The rows of a spec, generated, as a dataset that was read would hold them.
pub(crate) fn rows(spec: &Arc<Spec>, subjects: Option<u64>) -> Dataset {
    let plan = Plan::new(spec.clone(), PlanOptions { seed: None, subjects }).expect("a plan");
    let run = Run::new(Arc::new(plan), &()).expect("a run");
    let blocks: Vec<_> = (0..run.plan().blocks()).map(|at| run.block(at).expect("a block")).collect();
    assert_eq!(blocks.len(), 2, "block 0 and one of subjects");
    let tables: Vec<_> = blocks.iter().flat_map(|block| &block.tables).filter(|table| table.rows() > 0).collect();
    Dataset::new(spec.clone(), tables, &BTreeMap::new())
}

/// Every resource of a mapping to FHIR over the small spec, by the projection's name.
pub(crate) fn resources(projections: &str) -> BTreeMap<String, Vec<Value>> {
    let checked = checked(FHIR, projections);
    let json = Json::new(checked.clone());
    let encoded = json.encode(&rows(&checked.spec, None), Part::Whole).expect("resources");
    let mut found = BTreeMap::new();
    for resources in &encoded {
        let parsed = resources.iter().map(|(bytes, _)| serde_json::from_slice(bytes).expect("JSON")).collect();
        found.insert(checked.projections[resources.projection].name.clone(), parsed);
    }
    found
}
