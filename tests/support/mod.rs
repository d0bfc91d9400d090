//! Runs the built program and reads the files that it wrote by independent means: the `csv` crate, SQLite and SQL.
//! Nothing here uses the program's own structures.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each suite is a crate of its own and uses its own part")]

pub mod database;
pub mod statistics;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use database::Data;

/// What a run of the program said.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Fails unless the program ended with this code, and shows what it said.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Both outputs together.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// The program, ready for arguments, started at the root of the project.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manikin"));
    command.current_dir(root()).env("RUST_BACKTRACE", "0").env("NO_COLOR", "1");
    command
}

/// Runs the program to its end.
pub fn manikin<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Ran {
    program().args(arguments).output().expect("the program starts").into()
}

/// Generates a spec into a folder of the build directory, named for the suite, and returns the folder.
#[track_caller]
pub fn generate(name: &str, spec: &str, more: &[&str]) -> PathBuf {
    let folder = scratch(name);
    let path = folder.to_str().expect("UTF-8").to_owned();
    let mut arguments = vec!["generate", spec, "-o", &path, "--overwrite"];
    arguments.extend(more);
    manikin(&arguments).exits(0);
    folder
}

/// A path of the build directory for a suite's files; nothing is made.
pub fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A new, empty folder of the build directory.
pub fn empty_folder(name: &str) -> PathBuf {
    let folder = scratch(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("removed");
    }
    std::fs::create_dir_all(&folder).expect("made");
    folder
}

/// The root of the project.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the project")
}

/// A path under `specs/`.
pub fn spec(name: &str) -> PathBuf {
    root().join("specs").join(name)
}

/// Rows of a CSV file, its header first.
#[track_caller]
pub fn csv_rows(path: &Path) -> Vec<Vec<String>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_path(path);
    let mut reader = reader.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let row = |row: Result<csv::StringRecord, csv::Error>| row.expect("a row").iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

/// The manifest of a folder.
#[track_caller]
pub fn manifest(folder: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// The row digest of every entity in a manifest.
pub fn row_digests(folder: &Path) -> Vec<(String, u128)> {
    let manifest = manifest(folder);
    let entities = manifest["entities"].as_array().expect("entities");
    let digest = |entity: &serde_json::Value| {
        let name = entity["entity"].as_str().expect("a name").to_owned();
        let digest = entity["row_digest"].as_str().expect("a digest");
        (name, u128::from_str_radix(digest, 16).expect("hexadecimal"))
    };
    entities.iter().map(digest).collect()
}

/// Names of the files of a folder, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
