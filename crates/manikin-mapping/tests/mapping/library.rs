//! The built-in mappings on the library's specs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use manikin_diagnostic::{Color, Severity};
use manikin_mapping::{Checked, Json, Mapping, Part, Standard};
use manikin_spec::files::Disk;
use serde_json::Value;

use crate::support::rows;

fn specs() -> Disk {
    Disk::under(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs"))
}

/// A built-in mapping on a spec, without warnings either.
fn checked(standard: Standard, spec: &str) -> Arc<Checked> {
    let read = manikin_spec::read(spec, &specs());
    let spec = Arc::new(manikin_spec::resolve(&read).0.expect("the spec is right"));
    let reading = Mapping::read(&format!("standards/{standard}"), &specs());
    let told = reading.diagnostics.render(&reading.sources, Color::Never);
    let mapping = reading.mapping.unwrap_or_else(|| panic!("{told}"));
    let (checked, found) = mapping.check(&spec, &reading.sources);
    let told = found.render(&reading.sources, Color::Never);
    assert!(found.iter().all(|one| one.severity == Severity::Note), "{told}");
    Arc::new(checked.expect("no errors"))
}

#[test]
fn every_mapping_serves_every_example_and_leaves_nothing_out_of_the_largest() {
    for standard in Standard::ALL {
        for spec in ["clinic-population.yaml", "claims-prototype.yaml", "ed-visits.yaml"] {
            let checked = checked(standard, spec);
            assert!(!checked.projections.is_empty(), "{standard} of {spec}");
            // Visits of an emergency department are encounters of the clinic.
            let is_whole = checked.left_out.iter().all(|(_, entity)| entity == "visit");
            assert!(spec != "clinic-population.yaml" || is_whole, "{:?}", checked.left_out);
        }
    }
}

#[test]
fn a_clinic_population_is_json_in_which_every_reference_resolves_and_no_value_is_empty() {
    fn walk(value: &Value, refer: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                assert!(!map.is_empty());
                refer.extend(map.get("reference").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| walk(value, refer));
            }
            Value::Array(items) => {
                assert!(!items.is_empty());
                items.iter().for_each(|value| walk(value, refer));
            }
            Value::String(text) => assert!(!text.is_empty()),
            Value::Null => panic!("a null"),
            _ => {}
        }
    }
    let checked = checked(Standard::FhirR4, "clinic-population.yaml");
    let data = rows(&checked.spec, Some(60));
    let encoded = Json::new(checked.clone()).encode(&data, Part::Whole).expect("resources");
    let (mut ids, mut refer, mut types) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for resources in &encoded {
        let to = &checked.projections[resources.projection].to;
        types.insert(to.as_str());
        for (bytes, _) in resources.iter() {
            let one: Value = serde_json::from_slice(bytes).expect("JSON");
            assert_eq!(one["resourceType"], to.as_str());
            assert_eq!(one["meta"]["security"][0]["code"], "HTEST");
            assert!(ids.insert(format!("{to}/{}", one["id"].as_str().expect("an id"))));
            walk(&one, &mut refer);
        }
    }
    assert!(types.len() >= 17 && refer.len() > 10_000, "{types:?}");
    let dead: Vec<&String> = refer.iter().filter(|to| !ids.contains(*to)).collect();
    assert!(dead.is_empty(), "{:?}", dead.first());
}
