//! Validates each line of an NDJSON file with Helios, offline.
//!
//! Arguments: the file to validate, the file to write findings to (one JSON object a line with `line`, `severity`, `rule`,
//! `path`, `text`), then the packages (`.tgz`) whose profiles resources name in `meta.profile`. Structure, profiles, slices
//! and required value sets of the core are checked; FHIRPath invariants, whose engine takes ten minutes to build, are left
//! to the other validators. What is to be passed over is decided by the caller, not here.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::sync::Arc;

use helios_fhir_validator::converter::convert;
use helios_fhir_validator::packs::core_registry;
use helios_fhir_validator::{
    CompositeResolver, SchemaRegistry, Severity, UnknownProfilePolicy, ValidationOptions, Validator, core_terminology,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, packages @ ..] = arguments.as_slice() else {
        return Err("usage: helios-ndjson INPUT FINDINGS PACKAGE...".into());
    };
    let mut guides = SchemaRegistry::new();
    for package in packages {
        add_profiles(package, &mut guides)?;
    }
    let validator =
        Validator::new(Arc::new(CompositeResolver::new(vec![Arc::new(guides), core_registry(Default::default())])));
    let mut findings = BufWriter::new(File::create(output)?);
    for (at, line) in BufReader::new(File::open(input)?).lines().enumerate() {
        let line = line?;
        for (severity, rule, path, text) in validate(&validator, &line) {
            let finding = json!({"line": at + 1, "severity": severity, "rule": rule, "path": path, "text": text});
            writeln!(findings, "{finding}")?;
        }
    }
    findings.flush()?;
    Ok(())
}

/// Adds the profiles and extensions of a package under their address alone and with the version, since a `meta.profile`
/// with a version resolves to nothing otherwise, and would pass.
fn add_profiles(package: &str, guides: &mut SchemaRegistry) -> Result<(), Box<dyn Error>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(File::open(package)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if !name.starts_with("package/StructureDefinition-") || !name.ends_with(".json") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text)?;
        let definition: Value = serde_json::from_str(&text)?;
        let Ok(conversion) = convert(&definition) else { continue };
        let mut schema = conversion.schema;
        // A profile's name may be that of a core type, which it would hide.
        schema.name = None;
        if let (Some(url), Some(version)) = (schema.url.clone(), definition["version"].as_str()) {
            guides.insert_named(format!("{url}|{version}"), schema);
        }
    }
    Ok(())
}

type Finding = (&'static str, String, String, String);

fn validate(validator: &Validator, line: &str) -> Vec<Finding> {
    let resource: Value = match serde_json::from_str(line) {
        Ok(resource) => resource,
        Err(error) => return vec![("error", "json".into(), String::new(), error.to_string())],
    };
    let options = ValidationOptions { unknown_profile: UnknownProfilePolicy::Error, ..ValidationOptions::default() };
    let outcome = validator.validate_sync(&resource, &options);
    let mut errors = outcome.errors;
    errors.extend(core_terminology(Default::default()).required_binding_errors(&outcome.deferred));
    errors
        .into_iter()
        .map(|error| {
            let severity = if error.severity == Severity::Error { "error" } else { "warning" };
            let kind = serde_json::to_value(error.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
            (severity, kind.unwrap_or_default(), error.path, error.message)
        })
        .collect()
}
