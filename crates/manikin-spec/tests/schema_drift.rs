//! The JSON Schema that is handed out is the one that the types give.
//!
//! After a change to the types, write it anew: `MANIKIN_UPDATE=1 cargo test -p manikin-spec --test schema_drift`.

use manikin_spec::json_schema;
use std::path::Path;

#[test]
fn the_schema_in_the_specs_folder_follows_from_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/manikin.schema.json");
    let mut schema = serde_json::to_string_pretty(&json_schema()).expect("the schema is JSON");
    schema.push('\n');
    if std::env::var_os("MANIKIN_UPDATE").is_some() {
        std::fs::write(&path, &schema).expect("the schema is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == schema, "specs/manikin.schema.json is out of date: run this test with MANIKIN_UPDATE=1");
}

#[test]
fn no_reference_of_the_schema_leads_nowhere() {
    fn walk(value: &serde_json::Value, root: &serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(serde_json::Value::String(to)) = map.get("$ref") {
                    let pointer = to.strip_prefix('#').expect("a reference within the schema");
                    assert!(root.pointer(pointer).is_some_and(|at| at.is_object()), "{to}");
                }
                map.values().for_each(|value| walk(value, root));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|value| walk(value, root)),
            _ => {}
        }
    }
    let schema = json_schema();
    assert!(schema.get("$id").is_none());
    walk(&schema, &schema);
}
