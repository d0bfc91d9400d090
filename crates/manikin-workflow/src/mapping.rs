//! Mappings onto standards: built into the program, or copied and changed by a user.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, Diagnostics, Severity, Sources, codes, nearest};
use manikin_mapping::{Mapping, Standard};
use manikin_spec::files::Disk;
use manikin_spec::spec::Spec;

use crate::failure::Failure;
use crate::library::{BuiltIn, FILES};

/// Where the built-in mappings lie, each in a folder named like its standard.
const FOLDER: &str = "standards/";

/// A mapping that was read and held against a spec, whether or not it is right.
pub struct HeldMapping {
    /// The standard.
    pub standard: Standard,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// Everything that is wrong or worth knowing, projections that are left out among it.
    pub diagnostics: Diagnostics,
    /// The checked mapping; `None` where there is an error.
    pub mapping: Option<Arc<manikin_mapping::Checked>>,
    /// Names and SHA-256 of its files; those of a user's folder begin with the folder's own name, wherever it lies.
    pub files: Vec<(String, String)>,
}

impl HeldMapping {
    /// The checked mapping.
    ///
    /// # Errors
    ///
    /// - The diagnostics, when one of them is an error.
    pub fn checked(self) -> Result<Arc<manikin_mapping::Checked>, Failure> {
        let Self { sources, diagnostics, mapping, .. } = self;
        mapping.ok_or_else(|| {
            // Notes on what is left out would bury what is wrong.
            let mut errors = Diagnostics::new();
            diagnostics.iter().filter(|it| it.severity == Severity::Error).for_each(|it| errors.push(it.clone()));
            Failure { sources, diagnostics: errors }
        })
    }
}

/// Reads the mapping onto each standard and holds it against a spec: that of one of the folders, where its `mapping:`
/// names the standard, or the built-in one.
///
/// # Errors
///
/// - `MK0911` when several of the folders are for one standard, or one is for a standard that is not asked for
/// - the diagnostics of a folder whose `mapping.yaml` cannot be read
pub fn hold_mappings(
    spec: &Arc<Spec>,
    standards: &[Standard],
    folders: &[PathBuf],
) -> Result<Vec<HeldMapping>, Failure> {
    for folder in folders {
        let reading = Mapping::read(&folder.to_string_lossy(), &Disk::current());
        let Some(mapping) = &reading.mapping else {
            return Err(Failure { sources: reading.sources, diagnostics: reading.diagnostics });
        };
        if !standards.contains(&mapping.standard) {
            let (folder, standard) = (folder.display(), mapping.standard);
            let message = format!("{folder} is a mapping onto {standard}, which is not asked for");
            let help = format!("add `{}` to `--to`, or leave `--mapping` out", standard.word());
            return Err(Diagnostic::error(codes::BAD_OPTION, message).help(help).into());
        }
    }
    standards.iter().map(|standard| hold_mapping(spec, *standard, folders)).collect()
}

fn hold_mapping(spec: &Arc<Spec>, standard: Standard, folders: &[PathBuf]) -> Result<HeldMapping, Failure> {
    let mut found = None;
    for folder in folders {
        let reading = Mapping::read(&folder.to_string_lossy(), &Disk::current());
        match &reading.mapping {
            None => return Err(Failure { sources: reading.sources, diagnostics: reading.diagnostics }),
            Some(mapping) if mapping.standard != standard => {}
            Some(_) if found.is_some() => {
                let message = format!("two of the folders are mappings onto {standard}");
                return Err(Diagnostic::error(codes::BAD_OPTION, message)
                    .help("give one `--mapping` for each standard")
                    .into());
            }
            Some(_) => found = Some((reading, Some(folder))),
        }
    }
    let built_in = || (Mapping::read(&format!("{FOLDER}{standard}"), &BuiltIn), None);
    let (mut reading, folder) = found.unwrap_or_else(built_in);
    let mut diagnostics = std::mem::take(&mut reading.diagnostics);
    let mut mapping = None;
    let mut files = Vec::new();
    if let Some(read) = &reading.mapping {
        let (checked, found) = read.check(spec, &reading.sources);
        diagnostics.append(found);
        mapping = checked.filter(|_| !diagnostics.has_errors()).map(Arc::new);
        files = read.files.iter().map(|(name, sha256)| (recorded(name, folder), sha256.clone())).collect();
    }
    Ok(HeldMapping { standard, sources: reading.sources, diagnostics, mapping, files })
}

/// A file's name as it is recorded: it must not depend on where a run is started.
fn recorded(name: &str, folder: Option<&PathBuf>) -> String {
    let within = folder.and_then(|folder| {
        let rest = Path::new(name).strip_prefix(folder).ok()?;
        Some(Path::new(folder.file_name()?).join(rest).to_string_lossy().replace('\\', "/"))
    });
    within.unwrap_or_else(|| name.to_owned())
}

/// The standard of a word such as `fhir` or a name such as `fhir-r4`.
///
/// # Errors
///
/// - `MK0911` when there is none
pub fn standard(name: &str) -> Result<Standard, Failure> {
    Standard::find(name).ok_or_else(|| {
        let known: Vec<&str> = Standard::ALL.iter().map(|standard| standard.name()).collect();
        let words = Standard::ALL.iter().map(|standard| standard.word()).chain(known.iter().copied());
        let help = match nearest(name, words) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the mappings are {}", known.join(", ")),
        };
        Diagnostic::error(codes::BAD_OPTION, format!("there is no mapping `{name}`")).help(help).into()
    })
}

/// Copies the folder of a built-in mapping, to be edited and given to `--mapping`. Says how many files it has.
///
/// # Errors
///
/// - `MK0911` when there is no such mapping
/// - `MK0901` when the folder holds something
/// - `MK0902` when it cannot be written
pub fn copy_mapping(name: &str, folder: &Path) -> Result<usize, Failure> {
    let standard = standard(name)?;
    let refused = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| -> Failure {
            Diagnostic::error(codes::CANNOT_WRITE, format!("cannot write {path}: {error}"))
                .help("choose another place")
                .into()
        }
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("{} already exists and is not empty", folder.display());
        return Err(Diagnostic::error(codes::FOLDER_NOT_EMPTY, message).help("name another folder").into());
    }
    fs::create_dir_all(folder).map_err(refused(folder))?;
    let prefix = format!("{FOLDER}{standard}/");
    let files = FILES.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(&prefix)?, bytes)));
    let mut copied = 0;
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(refused(parent))?;
        }
        fs::write(&path, bytes).map_err(refused(&path))?;
        copied += 1;
    }
    Ok(copied)
}
