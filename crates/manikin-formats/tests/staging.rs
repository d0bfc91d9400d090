//! An output folder appears whole or not at all, and its manifest proves it.

mod common;

use std::fs;
use std::path::Path;

use common::{blocks, write};
use manikin_formats::{Existing, Manifest, Options, Origin, Partition, Period, Source, Staging};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_commit_leaves_the_folder_and_nothing_else() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("out");
    let staging = Staging::begin(&target, Existing::Refuse).expect("staging");
    fs::write(staging.folder().join("claim.csv"), "claim_id\n").expect("written");
    assert!(!target.exists());
    staging.commit().expect("committed");
    assert_eq!(names(place.path()), ["out"]);
    assert_eq!(names(&target), ["claim.csv"]);
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let staging = Staging::begin(&place.path().join("out"), Existing::Refuse).expect("staging");
    fs::write(staging.folder().join("claim.csv"), "claim_id\n").expect("written");
    drop(staging);
    assert_eq!(names(place.path()), [""; 0]);
}

#[test]
fn what_a_killed_run_left_is_swept_and_a_living_run_is_left_alone() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("out");
    let living = Staging::begin(&target, Existing::Refuse).expect("staging");
    let killed = place.path().join(".out.partial-999999-0");
    fs::create_dir(&killed).expect("a folder");
    fs::write(killed.join(".lock"), "").expect("written");
    let others = place.path().join(".out.partial-mine");
    fs::create_dir(&others).expect("a folder");
    let next = Staging::begin(&target, Existing::Refuse).expect("staging");
    assert!(!killed.exists() && others.exists() && living.folder().exists());
    drop(next);
    living.commit().expect("committed");
    assert!(target.exists());
}

#[test]
fn a_folder_with_something_in_it_is_refused_or_replaced_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("out");
    fs::create_dir(&target).expect("a folder");
    Staging::begin(&target, Existing::Refuse).expect("an empty folder is fine").commit().expect("committed");
    fs::write(target.join("old.csv"), "").expect("written");
    let error = Staging::begin(&target, Existing::Refuse).expect_err("refused");
    assert_eq!(error.code(), "MK0901");
    let error = Staging::begin(&target, Existing::Replace).expect_err("no run made it");
    assert_eq!(error.code(), "MK0901");
    fs::write(target.join("manifest.json"), "{}").expect("written");
    let staging = Staging::begin(&target, Existing::Replace).expect("staging");
    fs::write(staging.folder().join("new.csv"), "").expect("written");
    assert_eq!(names(&target), ["manifest.json", "old.csv"]);
    staging.commit().expect("committed");
    assert_eq!(names(&target), ["new.csv"]);
    assert_eq!(names(place.path()), ["out"]);
}

#[test]
fn a_folder_that_was_being_replaced_when_the_machine_stopped_comes_back() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("out");
    let retired = place.path().join(".out.replaced-999999-0");
    fs::create_dir(&retired).expect("a folder");
    fs::write(retired.join("old.csv"), "").expect("written");
    assert_eq!(Staging::begin(&target, Existing::Refuse).expect_err("it is back").code(), "MK0901");
    assert_eq!(names(&target), ["old.csv"]);
}

#[test]
fn folders_on_the_way_to_the_output_folder_are_made() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("new/deep/out");
    let staging = Staging::begin(&target, Existing::Refuse).expect("made");
    assert!(names(&place.path().join("new/deep")).iter().all(|name| name.starts_with('.')));
    staging.commit().expect("committed");
    assert!(target.is_dir());
}

#[test]
fn paths_that_cannot_be_folders_are_explained() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("file");
    fs::write(&file, "").expect("written");
    let begin = |path: &Path| Staging::begin(path, Existing::Refuse).expect_err("refused");
    for path in [file.clone(), file.join("out"), Path::new("/").to_owned()] {
        let error = begin(&path);
        assert!(error.code().starts_with("MK090"), "{}: {error}", path.display());
    }
    assert!(begin(&file).to_string().ends_with("is a file, expected a folder"));
}

fn origin() -> Origin {
    Origin {
        product: "claims".to_owned(),
        spec_digest: "00ff".to_owned(),
        sources: vec![Source { name: "claims.yaml".to_owned(), sha256: "00".to_owned() }],
        seed: u64::MAX,
        patients: 200,
        partition: Some(Partition { index: 1, of: 2 }),
        model: None,
        period: Some(Period { from: "2025-01-01".to_owned(), to: "2025-12-31".to_owned() }),
    }
}

#[test]
fn a_manifest_proves_its_folder_until_a_byte_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(folder.path(), &["csv", "sqlite"], &Options::default(), &blocks());
    let manifest = Manifest::new(origin(), &written);
    manifest.write(folder.path()).expect("written");
    let read = Manifest::read(folder.path()).expect("a manifest");
    assert_eq!(read, manifest);
    let proof = read.proves(folder.path()).expect("compared");
    assert!(proof.holds() && proof.unlisted.is_empty(), "{proof:?}");

    fs::write(folder.path().join("notes.txt"), "hello").expect("written");
    fs::write(folder.path().join("patient.csv"), "patient_id,born\n").expect("written");
    fs::remove_file(folder.path().join("claim.csv")).expect("removed");
    let proof = read.proves(folder.path()).expect("compared");
    assert!(!proof.holds());
    assert_eq!(
        (proof.missing, proof.changed, proof.unlisted),
        (vec!["claim.csv".to_owned()], vec!["patient.csv".to_owned()], vec!["notes.txt".to_owned()],)
    );
}

#[test]
fn the_same_run_gives_the_same_manifest_bytes() {
    let texts = [(); 2].map(|()| {
        let folder = tempfile::tempdir().expect("a folder");
        let formats = ["csv", "parquet", "arrow", "ndjson", "json", "sql", "sqlite"];
        let written = write(folder.path(), &formats, &Options::default(), &blocks());
        Manifest::new(origin(), &written).write(folder.path()).expect("written");
        fs::read_to_string(folder.path().join("manifest.json")).expect("text")
    });
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("\"synthetic\": true"));
}

#[test]
fn a_manifest_of_another_layout_or_leading_outside_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("manifest.json"), "{\"manifest\": 2}").expect("written");
    let error = Manifest::read(folder.path()).expect_err("refused");
    assert!(error.to_string().ends_with("a manifest of layout 2, this program knows 1"), "{error}");
    let written = write(folder.path(), &["csv"], &Options::default(), &blocks());
    let mut manifest = Manifest::new(origin(), &written);
    manifest.entities[0].files[0].path = "../claim.csv".to_owned();
    assert_eq!(manifest.proves(folder.path()).expect("compared").missing, ["../claim.csv"]);
}
