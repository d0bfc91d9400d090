//! The schemas that stand in the project are those of the code, and the built-in profile is right.

use std::path::Path;

use manikin_evaluate::{Assessment, Profile, profile};

fn keeps(name: &str, schema: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let schema = serde_json::to_string_pretty(schema).expect("a schema") + "\n";
    if std::env::var_os("MANIKIN_UPDATE").is_some() {
        std::fs::write(&path, &schema).expect("the schema is written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == schema, "{name} is out of date: run this test with MANIKIN_UPDATE=1");
}

#[test]
fn the_schemas_of_reports_and_profiles_are_those_of_the_code() {
    keeps("profiles/report.schema.json", &Assessment::schema());
    keeps("profiles/profile.schema.json", &profile::schema());
}

#[test]
fn the_starting_profile_has_no_mistake_and_every_limit_a_source() {
    let reading = Profile::starting();
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    let profile = reading.profile.expect("a profile");
    assert!(profile.limits.len() >= 10);
    assert!(profile.limits.iter().all(|held| held.limit.source.len() > 10 && held.limit.why.len() > 20));
    let lines: Vec<u32> = profile.limits.iter().map(|held| held.limit.line).collect();
    assert!(lines.is_sorted() && lines[0] > 1, "{lines:?}");
}
