//! What a run made, of what, and the digests that prove it.
//!
//! The same spec, seed, size and version give the same manifest, byte for byte, so it holds no time, no machine, no
//! user and no thread count. When a dataset was made is what a release says about it, not the dataset itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::RowDigest;
use crate::error::FormatError;
use crate::output::Written;
use crate::sink::seal_file;

/// The manifest's name in a dataset's folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The layout of manifests that this program writes and reads.
const LAYOUT: u32 = 1;

/// A dataset's evidence: where it comes from and what its files are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of this document, 1.
    pub manifest: u32,
    /// Always true: every row is made up.
    pub synthetic: bool,
    /// The program and version that made it, such as `manikin 0.1.0`.
    pub created_by: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
    /// What it holds, in the order of the spec.
    pub entities: Vec<ManifestEntity>,
    /// Files that hold rows of several entities, such as a database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ManifestFile>,
    /// The same rows in the shapes of standards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standards: Vec<ManifestStandard>,
}

/// What a dataset holds in the shape of one standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestStandard {
    /// The standard, such as `omop-5.4`.
    pub standard: String,
    /// The version of the mapping onto it.
    pub version: String,
    /// The digest of the mapping's files.
    pub mapping_digest: String,
    /// Projections that the spec has no rows for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Its tables, resource types or splits, with the files that hold their rows alone.
    pub tables: Vec<ManifestTable>,
    /// Files that hold several of them, such as a database, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ManifestFile>,
}

/// A table of a standard, a type of resources, or a split of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTable {
    /// Its name.
    pub name: String,
    /// Its rows, resources or events.
    pub rows: u64,
    /// The digest of its rows where they are those of a table; see [`RowDigest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_digest: Option<RowDigest>,
    /// The files that hold its rows alone.
    pub files: Vec<ManifestFile>,
}

impl ManifestStandard {
    /// The same standard with the tables that were written in a folder under the dataset's.
    pub fn with_tables(self, folder: &str, written: &Written) -> Self {
        let files_of = |entity: Option<&str>| {
            let files = written.files.iter().filter(|file| file.entity.as_deref() == entity);
            let file = |file: &crate::format::WrittenFile| ManifestFile {
                path: format!("{folder}/{}", file.path),
                format: file.format.to_owned(),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
            };
            files.map(file).collect()
        };
        let tables = written.entities.iter().map(|written| ManifestTable {
            name: written.entity.clone(),
            rows: written.rows,
            row_digest: Some(written.digest),
            files: files_of(Some(&written.entity)),
        });
        Self { tables: tables.collect(), files: files_of(None), ..self }
    }

    /// Every file, those of the tables first.
    pub fn all_files(&self) -> impl Iterator<Item = &ManifestFile> {
        self.tables.iter().flat_map(|table| &table.files).chain(&self.files)
    }
}

/// Everything that decides a dataset's bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The product's name in the spec.
    pub product: String,
    /// The digest of the resolved spec.
    pub spec_digest: String,
    /// Every file that the spec resolves, in the order in which they were read.
    pub sources: Vec<Source>,
    /// The seed.
    pub seed: u64,
    /// The number of subjects of the whole run.
    pub patients: u64,
    /// Which part of the run this is; absent when it is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// The learned model that the rows follow; absent when the spec alone says what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<LearnedFrom>,
    /// The days that the data covers; absent when the spec gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

/// A file that the spec resolves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name, as the spec refers to it.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// What a dataset's rows were learned from, and how that is protected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedFrom {
    /// The declared id of the real records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether noise protects the records; where it does not, the dataset is no more public than they are.
    pub private: bool,
    /// ε of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// δ of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// The condition that the subjects were chosen by.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A part of a run that is generated on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Which part, counted from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// The first and the last day of a period, as `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

/// What a dataset holds of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntity {
    /// The entity's name.
    pub entity: String,
    /// Its rows.
    pub rows: u64,
    /// The digest of its rows, the same in every format and the sum over partitions; see [`RowDigest`].
    pub row_digest: RowDigest,
    /// The files that hold its rows alone.
    pub files: Vec<ManifestFile>,
}

/// A file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its path under the dataset's folder, with `/` between parts.
    pub path: String,
    /// The format's name.
    pub format: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// How a folder differs from its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Files of the manifest that are not there.
    pub missing: Vec<String>,
    /// Files whose bytes are not those of the manifest.
    pub changed: Vec<String>,
    /// Files that the manifest does not name.
    pub unlisted: Vec<String>,
}

impl Proof {
    /// Whether every file of the manifest is there, unchanged; other files do not matter to it.
    pub fn holds(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty()
    }
}

impl Manifest {
    /// The manifest of what a run wrote.
    pub fn new(origin: Origin, written: &Written) -> Self {
        let files_of = |entity: Option<&str>| {
            let files = written.files.iter().filter(|file| file.entity.as_deref() == entity);
            let file = |file: &crate::format::WrittenFile| ManifestFile {
                path: file.path.clone(),
                format: file.format.to_owned(),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
            };
            files.map(file).collect()
        };
        let entities = written.entities.iter().map(|written| ManifestEntity {
            entity: written.entity.clone(),
            rows: written.rows,
            row_digest: written.digest,
            files: files_of(Some(&written.entity)),
        });
        Self {
            manifest: LAYOUT,
            synthetic: true,
            created_by: concat!("manikin ", env!("CARGO_PKG_VERSION")).to_owned(),
            origin,
            entities: entities.collect(),
            files: files_of(None),
            standards: Vec::new(),
        }
    }

    /// Reads the manifest of a dataset's folder.
    ///
    /// # Errors
    ///
    /// - `MK0002` when there is none or it cannot be read
    /// - `MK0909` when it is not a manifest, or of a layout that this program does not know
    pub fn read(folder: &Path) -> Result<Self, FormatError> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read(&path).map_err(FormatError::io("read", &path))?;
        let invalid = |problem: String| FormatError::Manifest { file: path.clone(), problem };
        let layout: Layout = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if layout.manifest != LAYOUT {
            return Err(invalid(format!("a manifest of layout {}, this program knows {LAYOUT}", layout.manifest)));
        }
        serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))
    }

    /// Writes it into a dataset's folder.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses
    pub fn write(&self, folder: &Path) -> Result<(), FormatError> {
        let path = folder.join(MANIFEST_FILE);
        let invalid =
            |error: serde_json::Error| FormatError::Manifest { file: path.clone(), problem: error.to_string() };
        let mut text = serde_json::to_vec_pretty(self).map_err(invalid)?;
        text.push(b'\n');
        fs::write(&path, text).map_err(FormatError::io("write", &path))
    }

    /// Compares the files of a folder with the manifest: lengths, then SHA-256.
    ///
    /// # Errors
    ///
    /// - `MK0002` when a file is there but cannot be read
    pub fn proves(&self, folder: &Path) -> Result<Proof, FormatError> {
        let mut proof = Proof::default();
        let mut listed = BTreeSet::from([MANIFEST_FILE.to_owned()]);
        let own = self.files.iter().chain(self.entities.iter().flat_map(|entity| &entity.files));
        for file in own.chain(self.standards.iter().flat_map(ManifestStandard::all_files)) {
            listed.insert(file.path.clone());
            let path = folder.join(&file.path);
            // A manifest from elsewhere must not lead out of its folder.
            let inside = Path::new(&file.path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            if !inside || !path.is_file() {
                proof.missing.push(file.path.clone());
                continue;
            }
            let found = seal_file(&path)?;
            if found.bytes != file.bytes || found.sha256 != file.sha256 {
                proof.changed.push(file.path.clone());
            }
        }
        for path in files_under(folder, "")? {
            if !listed.contains(&path) {
                proof.unlisted.push(path);
            }
        }
        Ok(proof)
    }
}

#[derive(Deserialize)]
struct Layout {
    manifest: u32,
}

/// The paths of all files under a folder, in order.
fn files_under(folder: &Path, prefix: &str) -> Result<Vec<String>, FormatError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(FormatError::io("read", folder))? {
        let entry = entry.map_err(FormatError::io("read", folder))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            files.extend(files_under(&path, &format!("{name}/"))?);
        } else {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
