//! Any bytes, read as a spec beside the real library, are resolved or refused: no panic, and every place that a
//! diagnostic names lies inside its text.
#![no_main]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use manikin_diagnostic::Color;
use manikin_spec::files::{Files, Search};

/// The library's documents whole and its tables cut to a few rows, so that a run takes milliseconds.
static LIBRARY: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let mut files = BTreeMap::new();
    let mut folders = vec![PathBuf::from("library")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(specs.join(&folder)).expect("the library is beside the fuzz targets") {
            let entry = entry.expect("the library's folder is readable");
            let name = folder.join(entry.file_name());
            let text = || std::fs::read(entry.path()).expect("the library's files are readable");
            match name.extension().and_then(|extension| extension.to_str()) {
                None if entry.path().is_dir() => folders.push(name),
                Some("yaml") => drop(files.insert(name.to_string_lossy().into_owned(), text())),
                Some("csv") => {
                    let rows: Vec<u8> = text().split_inclusive(|byte| *byte == b'\n').take(6).flatten().copied().collect();
                    files.insert(name.to_string_lossy().into_owned(), rows);
                }
                _ => {}
            }
        }
    }
    files
});

fuzz_target!(|bytes: &[u8]| {
    // The bytes are the spec, and also the one layer and the one table that it may name beside the library.
    let own: BTreeMap<String, Vec<u8>> =
        ["spec.yaml", "layer.yaml", "table.csv"].map(|name| (name.to_owned(), bytes.to_vec())).into();
    let files = Search::new([&own as &dyn Files, &*LIBRARY]);
    let reading = manikin_spec::read("spec.yaml", &files);
    let (spec, mut diagnostics) = manikin_spec::resolve(&reading);
    assert!(spec.is_none() || !diagnostics.has_errors());
    diagnostics.append(reading.diagnostics.clone());
    assert!(spec.is_some() || diagnostics.has_errors(), "refused without a reason");
    for diagnostic in &diagnostics {
        assert!(diagnostic.code.entry().is_some(), "{} is in no registry", diagnostic.code);
        if let Some(span) = diagnostic.span {
            assert!(reading.sources.text(span.file).get(span.range()).is_some(), "{diagnostic:?} is outside its text");
        }
    }
    let _ = diagnostics.render(&reading.sources, Color::Never);
    let _ = diagnostics.to_json(&reading.sources);
});
