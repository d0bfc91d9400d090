//! Lists the files under `specs/` so that the library is part of the program and works in any folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Endings of the files that specs are made of; what drafted them stays out, in folders named `build`.
const ENDINGS: &[&str] = &["yaml", "csv", "json"];

fn main() -> io::Result<()> {
    let from =
        |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("{name} is not set")));
    let root = from("CARGO_MANIFEST_DIR")?.join("../../specs");
    let mut files = Vec::new();
    collect(&root, "", &mut files)?;
    files.sort();
    let mut code = String::from(
        "/// Names relative to `specs/`, in order, with their bytes.\npub(crate) const FILES: &[(&str, &[u8])] = &[\n",
    );
    for (name, path) in &files {
        let _ = writeln!(code, "    ({name:?}, include_bytes!({path:?})),");
    }
    code.push_str("];\n");
    fs::write(from("OUT_DIR")?.join("library.rs"), code)?;
    instruct("cargo:rerun-if-changed=../../specs");
    Ok(())
}

/// Build scripts talk to cargo through standard output.
#[allow(clippy::print_stdout)]
fn instruct(line: &str) {
    println!("{line}");
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() && name == "build" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending)) {
            files.push((format!("{prefix}{name}"), path.canonicalize()?));
        }
    }
    Ok(())
}
