//! What the reference says is so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use manikin_diagnostic::{Color, codes};
use manikin_mapping::Mapping;
use manikin_spec::files::Disk;

const PAGE: &str = include_str!("../../../../docs/mappings.md");

#[test]
fn every_yaml_block_of_the_reference_is_a_mapping_without_mistakes() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let disk = Disk::under(&specs);
    let read = manikin_spec::read("clinic-population.yaml", &disk);
    let spec = Arc::new(manikin_spec::resolve(&read).0.expect("the spec is right"));
    let mut checked = 0;
    for section in PAGE.split("\n## ") {
        let (standard, definition) = match section {
            _ if section.starts_with("Tables") => ("omop-5.4", "cdm.csv"),
            _ if section.starts_with("Events") => ("meds-0.4", ""),
            _ => ("fhir-r4", "elements.csv"),
        };
        for block in section.split("```yaml\n").skip(1) {
            let block = block.split("```").next().expect("the end of the block");
            let mut head = format!("mapping: {standard}\nversion: 1.0.0\ntitle: page\n");
            head.push_str(if definition.is_empty() {
                "splits: {train: 100%}\n"
            } else {
                "definition: definition.csv\n"
            });
            let content = std::fs::read(specs.join("standards").join(standard).join(definition)).unwrap_or_default();
            let files: BTreeMap<String, Vec<u8>> = [
                ("m/mapping.yaml", head.into_bytes()),
                ("m/page.yaml", block.as_bytes().to_vec()),
                ("m/definition.csv", content),
            ]
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .into();
            let reading = Mapping::read("m", &files);
            let told = reading.diagnostics.render(&reading.sources, Color::Never);
            let mapping = reading.mapping.unwrap_or_else(|| panic!("{block}\n{told}"));
            let (found, diagnostics) = mapping.check(&spec, &reading.sources);
            let told = diagnostics.render(&reading.sources, Color::Never);
            assert!(found.is_some_and(|found| found.left_out.is_empty()), "{block}\n{told}");
            checked += 1;
        }
    }
    assert!(checked >= 6, "{checked} blocks");
}

#[test]
fn the_reference_names_every_directive_and_every_code() {
    for directive in [
        "$if",
        "$then",
        "$else",
        "$first",
        "$each",
        "$where",
        "$item",
        "$instant",
        "$reference",
        "$via",
        "$use",
        "$key",
        "$era",
        "$run",
        "$table",
    ] {
        assert!(PAGE.contains(directive), "{directive}");
    }
    let own: Vec<&str> =
        codes::all().map(|entry| entry.code.as_str()).filter(|code| code.starts_with("MK11")).collect();
    let (first, last) = (own.first().expect("codes"), own.last().expect("codes"));
    assert!(PAGE.contains(&format!("`manikin explain {first}` to `{last}`")), "{first} to {last}");
}

#[test]
fn the_reference_lists_the_keys_that_the_schema_has() {
    let head = manikin_mapping::head_schema();
    let projection = &head["$defs"]["ProjectionSource"]["properties"];
    let keys = |value: &serde_json::Value| value.as_object().expect("keys").keys().cloned().collect::<Vec<_>>();
    for key in keys(&head["properties"]).into_iter().chain(keys(projection)) {
        assert!(PAGE.contains(&format!("`{key}`")), "`{key}`");
    }
}
