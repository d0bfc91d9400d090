//! The files of a MEDS dataset.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use manikin_formats::{FormatError, PlainFile, SealedFile, Shape, ShapedColumn, ShapedFile, ShapedType};
use polars::prelude::{
    DataFrame, IntoColumn, ListBuilderTrait, ListStringChunkedBuilder, NamedFrom, PlSmallStr, Series,
    StringChunkedBuilder,
};
use serde_json::json;

use super::events::{CodeEntry, EventBlock, Events, ROWS_PER_GROUP};

/// The version of the standard that is written.
const MEDS_VERSION: &str = "0.4.1";

/// Rows after which a split continues in its next shard, at the border of a block.
///
/// ASSUMED: some 50 MB, which training jobs read in one piece.
const ROWS_PER_SHARD: u64 = 5_000_000;

/// What a dataset says of itself.
#[derive(Clone, Debug)]
pub struct Title {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which part of a run this is, counted from 1, and of how many; parts go to one folder side by side.
    pub part: (u64, u64),
}

/// A file that was written, its path under the dataset's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MedsFile {
    /// The path, with `/` between its parts.
    pub path: String,
    /// Rows, length and digest.
    pub sealed: SealedFile,
}

/// Appends the events of blocks to the shards of a folder, in the order of the blocks.
pub struct MedsWriter {
    folder: PathBuf,
    title: Title,
    shape: Shape,
    extra_columns: Vec<String>,
    splits: Vec<Split>,
    subjects: Vec<(i64, usize)>,
    subject_file: ShapedFile,
    codes: BTreeMap<String, CodeEntry>,
    files: Vec<MedsFile>,
    events: u64,
    people: u64,
}

struct Split {
    name: String,
    shards: usize,
    current: Option<ShapedFile>,
}

impl MedsWriter {
    /// Begins a dataset in a folder that exists.
    ///
    /// # Errors
    /// - `MK0902` when a folder or file cannot be made
    pub fn create(folder: &Path, events: &Events, title: Title) -> Result<Self, FormatError> {
        make(&folder.join("metadata"))?;
        let splits = events.splits().map(|name| Split { name: name.to_owned(), shards: 0, current: None });
        let splits: Vec<Split> = splits.collect();
        for split in &splits {
            make(&folder.join("data").join(&split.name))?;
        }
        let text = |name: &str, required| ShapedColumn { name: name.to_owned(), ty: ShapedType::Text, required };
        let id = ShapedColumn { name: "subject_id".to_owned(), ty: ShapedType::Integer, required: true };
        let shape = Shape::new("subject_splits", vec![id, text("split", true)])?;
        let path = folder.join(metadata("subject_splits", "parquet", title.part));
        let subject_file = ShapedFile::create(&path, &shape, SUBJECTS_AT_ONCE)?;
        Ok(Self {
            folder: folder.to_owned(),
            title,
            shape: events.shape().clone(),
            extra_columns: events.extra_columns().into_iter().map(str::to_owned).collect(),
            splits,
            subjects: Vec::new(),
            subject_file,
            codes: BTreeMap::new(),
            files: Vec::new(),
            events: 0,
            people: 0,
        })
    }

    /// Appends the events of a block.
    ///
    /// # Errors
    /// - `MK0902` when the system refuses to write
    pub fn append(&mut self, block: EventBlock) -> Result<(), FormatError> {
        for (at, rows) in block.splits.into_iter().enumerate() {
            self.events += rows.rows() as u64;
            if rows.rows() == 0 {
                continue;
            }
            if self.splits[at].current.as_ref().is_some_and(|file| file.rows() >= ROWS_PER_SHARD) {
                self.close(at)?;
            }
            let split = &mut self.splits[at];
            let file = match &mut split.current {
                Some(file) => file,
                free => {
                    let path = self.folder.join(shard(&split.name, split.shards, self.title.part));
                    free.insert(ShapedFile::create(&path, &self.shape, ROWS_PER_GROUP)?)
                }
            };
            file.append(rows)?;
        }
        for (code, entry) in block.codes {
            self.codes.entry(code).or_default().complete(entry.description, entry.parents);
        }
        self.people += block.subjects.len() as u64;
        self.subjects.extend(block.subjects);
        if self.subjects.len() >= SUBJECTS_AT_ONCE { self.put_subjects() } else { Ok(()) }
    }

    /// Completes the dataset and says what was written.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn finish(mut self) -> Result<MedsWritten, FormatError> {
        for at in 0..self.splits.len() {
            self.close(at)?;
        }
        self.put_subjects()?;
        let part = self.title.part;
        let files = &mut self.files;
        let sealed = self.subject_file.finish()?;
        files.push(MedsFile { path: metadata("subject_splits", "parquet", part), sealed });
        let path = metadata("codes", "parquet", part);
        files.push(MedsFile { sealed: codes(&self.folder.join(&path), &self.codes)?, path });
        let path = metadata("dataset", "json", part);
        // The time of creation is left out: the same run gives the same bytes.
        let about = json!({
            "dataset_name": self.title.name,
            "dataset_version": self.title.version,
            "etl_name": "manikin",
            "etl_version": env!("CARGO_PKG_VERSION"),
            "meds_version": MEDS_VERSION,
            "other_extension_columns": self.extra_columns,
        });
        let text = format!("{about:#}\n");
        files.push(MedsFile { sealed: PlainFile::write(&self.folder.join(&path), text.as_bytes(), 0)?, path });
        Ok(MedsWritten {
            files: self.files,
            events: self.events,
            subjects: self.people,
            codes: self.codes.len() as u64,
        })
    }

    fn close(&mut self, at: usize) -> Result<(), FormatError> {
        let split = &mut self.splits[at];
        if let Some(file) = split.current.take() {
            let path = shard(&split.name, split.shards, self.title.part);
            self.files.push(MedsFile { path, sealed: file.finish()? });
            split.shards += 1;
        }
        Ok(())
    }

    fn put_subjects(&mut self) -> Result<(), FormatError> {
        if self.subjects.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = self.subjects.iter().map(|(id, _)| *id).collect();
        let names: Vec<&str> = self.subjects.iter().map(|(_, split)| self.splits[*split].name.as_str()).collect();
        let columns =
            vec![Series::new("subject_id".into(), ids).into_column(), Series::new("split".into(), names).into_column()];
        let frame = frame(self.subjects.len(), columns)?;
        self.subjects.clear();
        self.subject_file.append_frame(frame)
    }
}

/// What was written of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MedsWritten {
    /// Its files.
    pub files: Vec<MedsFile>,
    /// Its events.
    pub events: u64,
    /// Its subjects.
    pub subjects: u64,
    /// The different codes of its events.
    pub codes: u64,
}

/// Subjects that are written together.
const SUBJECTS_AT_ONCE: usize = 1 << 16;

/// The list of the codes used.
fn codes(path: &Path, codes: &BTreeMap<String, CodeEntry>) -> Result<SealedFile, FormatError> {
    let column = |name: &str, ty, required| ShapedColumn { name: name.to_owned(), ty, required };
    let shape = Shape::new(
        "codes",
        vec![
            column("code", ShapedType::Text, true),
            column("description", ShapedType::Text, false),
            column("parent_codes", ShapedType::Texts, false),
        ],
    )?;
    let mut names = StringChunkedBuilder::new("code".into(), codes.len());
    let mut descriptions = StringChunkedBuilder::new("description".into(), codes.len());
    let mut parents = ListStringChunkedBuilder::new(PlSmallStr::from_static("parent_codes"), codes.len(), codes.len());
    for (code, entry) in codes {
        names.append_value(code);
        descriptions.append_option(entry.description.as_deref());
        match entry.parents.as_slice() {
            [] => parents.append_null(),
            some => parents.append_values_iter(some.iter().map(String::as_str)),
        }
    }
    let columns =
        vec![names.finish().into_column(), descriptions.finish().into_column(), parents.finish().into_column()];
    let mut file = ShapedFile::create(path, &shape, ROWS_PER_GROUP)?;
    file.append_frame(frame(codes.len(), columns)?)?;
    file.finish()
}

fn frame(rows: usize, columns: Vec<polars::prelude::Column>) -> Result<DataFrame, FormatError> {
    DataFrame::new(rows, columns).map_err(|error| FormatError::Mismatch(error.to_string()))
}

/// The name of a file of `metadata`; a part of a run has its number in it.
fn metadata(name: &str, ending: &str, (part, of): (u64, u64)) -> String {
    if of == 1 { format!("metadata/{name}.{ending}") } else { format!("metadata/{name}-{part}-of-{of}.{ending}") }
}

/// The name of a shard; a part of a run has its number in it.
fn shard(split: &str, number: usize, (part, of): (u64, u64)) -> String {
    if of == 1 { format!("data/{split}/{number}.parquet") } else { format!("data/{split}/{part}-{number}.parquet") }
}

fn make(folder: &Path) -> Result<(), FormatError> {
    fs::create_dir_all(folder).map_err(|source| FormatError::Io { action: "create", path: folder.to_owned(), source })
}
