//! The specs that come with the project resolve without a mistake.

use manikin_diagnostic::Color;
use manikin_spec::files::Disk;
use std::path::Path;

#[test]
fn every_spec_of_the_project_resolves() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let mut wrong = String::new();
    for name in [
        "claims-prototype",
        "clinic-population",
        "ed-visits",
        "templates/minimal",
        "templates/claims",
        "templates/clinic",
        "templates/ed",
    ] {
        let reading = manikin_spec::read(&format!("{name}.yaml"), &Disk::under(&root));
        let (spec, mut diagnostics) = manikin_spec::resolve(&reading);
        diagnostics.append(reading.diagnostics.clone());
        if spec.is_none() || diagnostics.has_errors() {
            wrong.push_str(&format!("{name}\n{}", diagnostics.render(&reading.sources, Color::Never)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
