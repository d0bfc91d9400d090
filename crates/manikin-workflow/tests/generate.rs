//! Generation through the workflow: files, shapes, names, edge cases.

use std::fs;
use std::path::Path;

use manikin_evaluate::{Evidence, Status, ValidateOptions};
use manikin_workflow::{
    Bundles, Checked, Existing, GenerateOptions, Overrides, Partition, Shape, generate, open, outline, preview,
    validate,
};

fn spec(name: &str) -> Checked {
    open(name, Overrides::default()).checked().unwrap_or_else(|failure| {
        panic!("{}", failure.diagnostics.render(&failure.sources, manikin_diagnostic::Color::Never))
    })
}

fn options(folder: &Path) -> GenerateOptions {
    GenerateOptions {
        folder: folder.to_owned(),
        existing: Existing::Refuse,
        formats: vec!["csv".to_owned()],
        mappings: Vec::new(),
        bundles: Bundles::Omitted,
        subjects: None,
        seed: None,
        condition: None,
        only: Vec::new(),
        partition: Partition { number: 1, of: 1 },
        shape: Shape::Relational,
        names: None,
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("a file").lines().map(str::to_owned).collect()
}

#[test]
fn generated_data_passes_and_its_edge_cases_are_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("claims-prototype");
    let out = folder.path().join("out");
    generate(&checked, &options(&out), &()).expect("generates");
    let found = validate(&checked, &out, ValidateOptions::default()).expect("validates");
    assert_eq!(found.evidence, Evidence::Synthetic);
    let failed: Vec<_> = found.checks.iter().filter(|check| check.status == Status::Fail).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let expected: u64 = found.checks.iter().map(|check| check.expected).sum();
    assert_eq!(expected, 18, "ten claims without diagnoses and eight with a code that does not exist");
    let strict =
        validate(&checked, &out, ValidateOptions { strict: true, ..ValidateOptions::default() }).expect("validates");
    assert_eq!(strict.count(Status::Fail), 2, "strict fails what is expected");
}

#[test]
fn data_changed_after_generation_proves_nothing_and_its_defects_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("minimal");
    let out = folder.path().join("out");
    generate(&checked, &options(&out), &()).expect("generates");
    let path = out.join("patient.csv");
    let mut changed = lines(&path);
    let first = changed[1].clone();
    changed.push(first);
    fs::write(&path, changed.join("\n") + "\n").expect("changed");
    let found = validate(&checked, &out, ValidateOptions::default()).expect("validates");
    assert_eq!(found.evidence, Evidence::ManifestBroken);
    let key = found.checks.iter().find(|check| check.entity == "patient" && check.name == "key").expect("a check");
    assert_eq!((key.status, key.violations), (Status::Fail, 1));
    assert!(key.examples.is_empty(), "rows are not shown without proof");
}

#[test]
fn flat_gives_one_wide_row_per_claim_with_its_ancestors_links_and_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("claims-prototype");
    let plain = folder.path().join("plain");
    let wide = folder.path().join("wide");
    generate(&checked, &options(&plain), &()).expect("generates");
    generate(&checked, &GenerateOptions { shape: Shape::Flat { entity: None }, ..options(&wide) }, &())
        .expect("generates");
    let (claims, rows) = (lines(&plain.join("claim.csv")), lines(&wide.join("claim.csv")));
    assert_eq!(claims.len(), rows.len());
    assert!(rows[0].starts_with(&claims[0]), "a claim's own columns come first: {}", rows[0]);
    for column in
        ["patient_birth_date", "provider_specialty", "coverage_payer_type", "claim_line_count", "claim_line_billed"]
    {
        assert!(rows[0].split(',').any(|name| name == column), "{column}");
    }
    for (claim, row) in claims.iter().zip(&rows).skip(1) {
        assert!(row.starts_with(claim.as_str()));
    }
    let names: Vec<String> = fs::read_dir(&wide)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 3, "claim, edge_cases and the manifest: {names:?}");
}

#[test]
fn a_mapping_renames_tables_and_columns_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("claims-prototype");
    let (plain, mapped) = (folder.path().join("plain"), folder.path().join("mapped"));
    generate(&checked, &options(&plain), &()).expect("generates");
    generate(&checked, &GenerateOptions { names: Some("omop".to_owned()), ..options(&mapped) }, &())
        .expect("generates");
    let (own, omop) = (lines(&plain.join("patient.csv")), lines(&mapped.join("person.csv")));
    assert_eq!(own[1..], omop[1..]);
    assert!(omop[0].starts_with("person_id,gender_source_value,birth_datetime"), "{}", omop[0]);
}

#[test]
fn every_mapping_of_names_is_read_and_names_no_column_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("clinic-population");
    for name in manikin_workflow::name_mappings() {
        let out = folder.path().join(name);
        let options = GenerateOptions { names: Some(name.to_owned()), subjects: Some(5), ..options(&out) };
        generate(&checked, &options, &()).unwrap_or_else(|failure| {
            panic!("{name}: {}", failure.diagnostics.render(&failure.sources, manikin_diagnostic::Color::Never))
        });
    }
}

#[test]
fn only_and_partitions_give_the_rows_of_the_whole_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("ed-visits");
    let whole = folder.path().join("whole");
    generate(&checked, &GenerateOptions { subjects: Some(700), ..options(&whole) }, &()).expect("generates");
    let mut parts = Vec::new();
    for number in 1..=3 {
        let out = folder.path().join(format!("part-{number}"));
        let options = GenerateOptions {
            subjects: Some(700),
            only: vec!["visit".to_owned()],
            partition: Partition { number, of: 3 },
            ..options(&out)
        };
        generate(&checked, &options, &()).expect("generates");
        assert!(!out.join("patient.csv").exists());
        let rows = lines(&out.join("visit.csv"));
        parts.extend(rows.into_iter().skip(usize::from(number > 1)));
    }
    assert_eq!(parts, lines(&whole.join("visit.csv")));
}

#[test]
fn a_run_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let checked = spec("claims-prototype");
    let out = folder.path().join("out");
    let failed = generate(&checked, &GenerateOptions { only: vec!["claims".to_owned()], ..options(&out) }, &());
    assert!(failed.is_err());
    let failed = generate(&checked, &GenerateOptions { formats: vec!["cvs".to_owned()], ..options(&out) }, &());
    assert!(failed.is_err());
    let failed = generate(&checked, &GenerateOptions { subjects: Some(3), ..options(&out) }, &());
    assert!(failed.is_err(), "three patients cannot hold the payer mix");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn every_library_spec_can_be_planned_and_previewed() {
    for template in manikin_workflow::templates() {
        let checked = spec(&template.name);
        let outline = outline(&checked, Some(300)).expect("planned");
        assert!(!outline.entities.is_empty(), "{}", template.name);
        let tables = preview(&checked, None, 3, None).expect("previewed");
        assert!(tables.iter().any(|table| !table.rows.is_empty()), "{}", template.name);
        assert!(tables.iter().all(|table| table.rows.len() <= 3), "{}", template.name);
    }
}
