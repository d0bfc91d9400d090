//! The JSON Schemas that are handed out are those that the types give.
//!
//! After a change to the types, write them anew: `MANIKIN_UPDATE=1 cargo test -p manikin-mapping --test mapping drift`.

use std::path::Path;

use manikin_mapping::{head_schema, part_schema};

#[test]
fn the_schemas_in_the_specs_folder_follow_from_the_types() {
    for (name, schema) in [("mapping.schema.json", head_schema()), ("mapping-part.schema.json", part_schema())] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs").join(name);
        let schema = serde_json::to_string_pretty(&schema).expect("the schema is JSON") + "\n";
        if std::env::var_os("MANIKIN_UPDATE").is_some() {
            std::fs::write(&path, &schema).expect("the schema is written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == schema, "specs/{name} is out of date: run this test with MANIKIN_UPDATE=1");
    }
}
