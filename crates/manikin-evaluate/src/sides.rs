//! The three datasets of an evaluation: read by one spec, related by their keys, and encoded alike for metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use manikin_expression::plain_name;
use manikin_formats::{FormatError, READABLE, ReadOptions, ReadTable, entities, read_entity, read_files};
use manikin_metrics::Table;
use manikin_metrics::stats::draws;
use manikin_spec::digest::sha256;
use manikin_spec::spec::{EntityId, FieldId, Spec};
use manikin_tables::{Column, Dataset, NO_ROW, Table as Rows, table_schema};
use polars::prelude::{IdxCa, IdxSize};

use crate::assessment::{Compared, Fold, Input, LeftOut, Split};
use crate::encode;

/// Real, holdout and synthetic rows of one spec.
pub struct Sides {
    /// The spec that all three are read by.
    pub spec: Arc<Spec>,
    /// The rows that the synthetic ones were made from.
    pub real: Side,
    /// Rows that they were not made from.
    pub holdout: Side,
    /// The synthetic rows.
    pub synthetic: Side,
    /// The entities that all three hold, in the order of the spec, with the columns of their encoded tables in order.
    pub compared: Vec<(EntityId, Compared)>,
    /// Where the holdout came from.
    pub split: Split,
    /// What a reader should know of the data that was read.
    pub notes: Vec<String>,
}

/// One dataset.
pub struct Side {
    /// Its rows with their relations.
    pub data: Dataset,
    /// Its encoded tables by [`EntityId`]; `None` for an entity that is not compared. Labels of categories are shared
    /// by all three sides.
    pub tables: Vec<Option<Table>>,
    /// For each entity the subject (its row) that each row belongs to, [`NO_ROW`] for nobody's; `None` for an entity
    /// that does not belong to the subject.
    pub patients: Vec<Option<Vec<u32>>>,
    /// What was read.
    pub input: Input,
}

/// Where the three datasets are: folders with one file (or folder of parts) per entity, or single files.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The rows that the synthetic ones were made from.
    pub real: &'a Path,
    /// Rows that they were not made from; without them half of the real patients are set aside.
    pub holdout: Option<&'a Path>,
    /// The synthetic rows.
    pub synthetic: &'a Path,
}

/// Why data cannot be evaluated.
#[derive(Debug)]
pub enum Refusal {
    /// A file cannot be read.
    Format(FormatError),
    /// The data do not fit together.
    Data(Diagnostics),
}

impl From<FormatError> for Refusal {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

impl From<Diagnostic> for Refusal {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Data(Diagnostics::from(diagnostic))
    }
}

impl Sides {
    /// Reads, relates and encodes the three datasets. `seed` decides what is set aside where there is no holdout.
    ///
    /// # Errors
    /// - `MK0801` a dataset has no table of the spec, or lacks one that another has
    /// - `MK1002` a table lacks a column that another has, or its values are of another type
    /// - `MK1003` the holdout has keys of people that the real data have
    /// - `MK1004` a dataset has no rows of people
    /// - `MK0002`, `MK0003`, `MK0804`, `MK0908` a file cannot be read
    pub fn read(spec: &Arc<Spec>, places: Places<'_>, seed: u64) -> Result<Self, Refusal> {
        let mut real = Loaded::read(spec, Fold::Real, places.real)?;
        let mut synthetic = Loaded::read(spec, Fold::Synthetic, places.synthetic)?;
        let mut notes = Vec::new();
        let (mut holdout, split) = match places.holdout {
            Some(place) => (Loaded::read(spec, Fold::Holdout, place)?, Split::Given),
            None => {
                let (kept, aside, by) = real.halves(spec, seed)?;
                real = kept;
                let weakens = format!(
                    "half of the rows of {by} were set aside by a seeded draw; the synthetic data may have been made \
                     from them too, and then copies of either half cancel out: no figure that compares train with \
                     holdout can pass"
                );
                (aside, Split::Made { by, weakens })
            }
        };
        let lacking = align(spec, &mut [&mut real, &mut holdout, &mut synthetic], &mut notes)?;
        let people = people(spec, &real);
        for loaded in [&real, &holdout, &synthetic] {
            let empty = people.iter().find(|id| loaded.tables.get(&id.0).is_some_and(|rows| rows.rows() == 0));
            if let Some(&id) = empty {
                let message = format!("the {} data have no rows of {}", loaded.name(), spec[id].name);
                let diagnostic = Diagnostic::error(codes::NOTHING_TO_EVALUATE, message);
                return Err(diagnostic.help("give files with rows, not with a header alone").into());
            }
        }
        let [real, holdout, synthetic] = [real, holdout, synthetic].map(|loaded| loaded.related(spec, &lacking));
        if split == Split::Given {
            apart(spec, &people, &real, &holdout)?;
        }
        let mut sides = [real, holdout, synthetic];
        let mut compared = encode::encode(spec, &mut sides, &mut notes);
        for (id, of) in &mut compared {
            for column in lacking.get(&spec[*id].name).into_iter().flatten() {
                of.left_out.push(LeftOut { column: column.clone(), why: "none of the datasets has it".into() });
            }
        }
        let [real, holdout, synthetic] = sides;
        Ok(Self { spec: spec.clone(), real, holdout, synthetic, compared, split, notes })
    }

    /// The side of a fold.
    #[must_use]
    pub fn side(&self, fold: Fold) -> &Side {
        match fold {
            Fold::Real => &self.real,
            Fold::Holdout => &self.holdout,
            Fold::Synthetic => &self.synthetic,
        }
    }

    /// The encoded tables of an entity: real, holdout, synthetic.
    #[must_use]
    pub fn tables(&self, id: EntityId) -> Option<[&Table; 3]> {
        Some([
            self.real.tables.get(id.0)?.as_ref()?,
            self.holdout.tables.get(id.0)?.as_ref()?,
            self.synthetic.tables.get(id.0)?.as_ref()?,
        ])
    }

    /// The entities whose rows are people: the subject, or where there is none every entity that no other points to.
    #[must_use]
    pub fn people(&self) -> Vec<EntityId> {
        let present = |id: &EntityId| self.compared.iter().any(|(own, _)| own == id);
        people_of(&self.spec, present)
    }

    /// What is known of the columns of an entity.
    #[must_use]
    pub fn columns(&self, id: EntityId) -> Option<&Compared> {
        self.compared.iter().find(|(own, _)| *own == id).map(|(_, compared)| compared)
    }
}

fn people_of(spec: &Spec, present: impl Fn(&EntityId) -> bool) -> Vec<EntityId> {
    if let Some(subject) = spec.subject.filter(|id| present(id)) {
        return vec![subject];
    }
    let all: Vec<EntityId> = (0..spec.entities.len()).map(EntityId).filter(|id| present(id)).collect();
    let pointed_to = |id: &EntityId| {
        all.iter().any(|other| {
            other != id
                && (spec[*other].parent == Some(*id)
                    || spec[*other].fields.iter().any(|field| field.references == Some(*id)))
        })
    };
    all.iter().copied().filter(|id| !pointed_to(id)).collect()
}

fn people(spec: &Spec, real: &Loaded) -> Vec<EntityId> {
    people_of(spec, |id| real.tables.contains_key(&id.0))
}

/// What to do about compressed files.
const UNPACK: &str =
    "unpack its files first, as in `gunzip visit.csv.gz`: CSV is read plain, and Parquet compresses itself";

/// Whether a file is compressed as a whole.
fn is_packed(path: &Path) -> bool {
    path.extension().and_then(|end| end.to_str()).is_some_and(|end| ["gz", "zip", "xz", "zst", "bz2"].contains(&end))
}

/// A dataset's tables as they were read.
struct Loaded {
    fold: Fold,
    tables: BTreeMap<usize, Rows>,
    missing: BTreeMap<usize, Vec<String>>,
    unexpected: BTreeMap<usize, Vec<String>>,
    /// Values that are not of their column's type, by entity and column.
    mistyped: BTreeMap<(usize, String), (u64, String)>,
    files: BTreeMap<String, String>,
}

impl Loaded {
    fn name(&self) -> &'static str {
        match self.fold {
            Fold::Real => "real",
            Fold::Holdout => "holdout",
            Fold::Synthetic => "synthetic",
        }
    }

    fn read(spec: &Arc<Spec>, fold: Fold, place: &Path) -> Result<Self, Refusal> {
        let mut loaded = Self {
            fold,
            tables: BTreeMap::new(),
            missing: BTreeMap::new(),
            unexpected: BTreeMap::new(),
            mistyped: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        let visible: Vec<EntityId> = (0..spec.entities.len()).map(EntityId).filter(|id| !spec[*id].hidden).collect();
        let schema = |id: EntityId| Arc::new(table_schema(spec, id));
        if place.is_file() {
            if is_packed(place) {
                let message = format!("{} is compressed", place.display());
                return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help(UNPACK).into());
            }
            let stem = place.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
            let named = visible.iter().copied().find(|id| spec[*id].name == plain_name(stem));
            let only = (visible.len() == 1).then(|| visible[0]);
            let Some(id) = named.or(only) else {
                let message = format!("{} is no table of the spec", place.display());
                let help = "name the file like its entity, or give a folder with one file per entity";
                return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help(help).into());
            };
            loaded.take(spec, id, read_files(&[place.to_owned()], &schema(id), ReadOptions::default())?);
            loaded.digest(place, place)?;
            return Ok(loaded);
        }
        if !place.is_dir() {
            let message = format!("there is no folder or file {}", place.display());
            let help = "name a folder that holds one file per entity, or a single file";
            return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help(help).into());
        }
        let found = entities(place)?;
        for id in visible {
            let name = &spec[id].name;
            if found.iter().any(|found| found == name || plain_name(found) == *name) {
                loaded.take(spec, id, read_entity(place, &schema(id), ReadOptions::default())?);
            }
        }
        if loaded.tables.is_empty() {
            let message = format!("{} holds no table of the spec", place.display());
            let some: Vec<String> = spec.entities.iter().take(3).map(|entity| format!("{}.csv", entity.name)).collect();
            let diagnostic = Diagnostic::error(codes::DATASET_NOT_FOUND, message);
            let packed = std::fs::read_dir(place).into_iter().flatten().flatten().any(|entry| is_packed(&entry.path()));
            let expected = format!("expected files such as {}", some.join(", "));
            return Err(diagnostic.help(if packed { UNPACK.to_owned() } else { expected }).into());
        }
        loaded.digest_all(spec, place, place)?;
        Ok(loaded)
    }

    fn take(&mut self, spec: &Spec, id: EntityId, read: ReadTable) {
        for violation in read.violations {
            let entry = self.mistyped.entry((id.0, violation.column)).or_insert((0, violation.expected.to_string()));
            entry.0 += 1;
        }
        let hidden = |name: &String| spec[id].field(name).is_some_and(|field| spec[id][field].hidden);
        self.missing.insert(id.0, read.missing.into_iter().filter(|name| !hidden(name)).collect());
        self.unexpected.insert(id.0, read.unexpected);
        self.tables.insert(id.0, read.table);
    }

    fn digest(&mut self, root: &Path, file: &Path) -> Result<(), Refusal> {
        let bytes =
            std::fs::read(file).map_err(|source| FormatError::Io { action: "read", path: file.to_owned(), source })?;
        let name = file.strip_prefix(root).ok().filter(|rest| *rest != Path::new(""));
        let name = name.map(Path::to_owned).or_else(|| file.file_name().map(PathBuf::from)).unwrap_or_default();
        self.files.insert(name.to_string_lossy().replace('\\', "/"), sha256(&bytes));
        Ok(())
    }

    fn digest_all(&mut self, spec: &Spec, root: &Path, folder: &Path) -> Result<(), Refusal> {
        let io = |source| FormatError::Io { action: "read", path: folder.to_owned(), source };
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).map_err(io)?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
            let of_entity = folder != root || spec.entity(stem).or_else(|| spec.entity(&plain_name(stem))).is_some();
            let readable = path.extension().and_then(|end| end.to_str()).is_some_and(|end| READABLE.contains(&end));
            if of_entity && path.is_dir() && folder == root {
                self.digest_all(spec, root, &path)?;
            } else if of_entity && readable && path.is_file() {
                self.digest(root, &path)?;
            }
        }
        Ok(())
    }

    /// Two halves of the real data, parted by people; tables that belong to nobody are in both.
    fn halves(self, spec: &Arc<Spec>, seed: u64) -> Result<(Self, Self, String), Refusal> {
        let people = people(spec, &self);
        let named = people.iter().map(|id| spec[*id].name.as_str()).collect::<Vec<_>>().join(", ");
        let data = Dataset::related(spec.clone(), self.tables.values(), &BTreeMap::new());
        let mut halves = [BTreeMap::new(), BTreeMap::new()];
        for (&index, rows) in &self.tables {
            let id = EntityId(index);
            let owner: Option<Vec<u32>> = if people.contains(&id) {
                Some((0..rows.rows() as u32).collect())
            } else {
                patients_of(spec, &data, id)
            };
            for (aside, half) in halves.iter_mut().enumerate() {
                let keep: IdxCa = match &owner {
                    Some(owner) => (0..rows.rows() as IdxSize)
                        .filter(|&row| {
                            let owner = owner[row as usize];
                            let person = if owner == NO_ROW { u64::MAX } else { u64::from(owner) };
                            (draws(seed, "holdout", person).bits() >> 63 == 1) == (aside == 1)
                        })
                        .map(Some)
                        .collect(),
                    None => (0..rows.rows() as IdxSize).map(Some).collect(),
                };
                let frame = rows.frame().take(&keep);
                let taken = frame
                    .map_err(|error| error.to_string())
                    .and_then(|frame| Rows::new(rows.schema().clone(), frame).map_err(|mismatch| mismatch.to_string()));
                half.insert(index, taken.map_err(FormatError::Mismatch)?);
            }
        }
        let [kept, aside] = halves;
        let other = Self {
            fold: Fold::Holdout,
            tables: aside,
            missing: self.missing.clone(),
            unexpected: BTreeMap::new(),
            mistyped: BTreeMap::new(),
            files: self.files.clone(),
        };
        Ok((Self { tables: kept, ..self }, other, named))
    }

    fn related(self, spec: &Arc<Spec>, lacking: &BTreeMap<String, Vec<String>>) -> Side {
        let data = Dataset::new(spec.clone(), self.tables.values(), lacking);
        let rows = self.tables.iter().map(|(id, rows)| (spec.entities[*id].name.clone(), rows.rows() as u64)).collect();
        let patients = (0..spec.entities.len()).map(|id| patients_of(spec, &data, EntityId(id))).collect();
        let input = Input { fold: self.fold, files: self.files, rows };
        Side { data, tables: vec![None; spec.entities.len()], patients, input }
    }
}

/// For each row of an entity the subject that it belongs to: through its ancestors, or through a key.
fn patients_of(spec: &Spec, data: &Dataset, id: EntityId) -> Option<Vec<u32>> {
    let subject = spec.subject?;
    if !data.is_present(id) || !data.is_present(subject) {
        return None;
    }
    if id == subject {
        return Some((0..data.rows_of(id) as u32).collect());
    }
    let direct = spec[id].fields.iter().position(|field| field.references == Some(subject));
    if let Some(link) = direct.and_then(|place| data.link(id, FieldId(place))) {
        return Some(link.to_vec());
    }
    let mut route: Vec<u32> = (0..data.rows_of(id) as u32).collect();
    let mut at = id;
    while at != subject {
        let step = data.parent(at)?;
        for row in &mut route {
            *row = step.get(*row as usize).copied().unwrap_or(NO_ROW);
        }
        at = spec[at].parent?;
    }
    Some(route)
}

/// Checks that the datasets hold the same tables and columns, and gives the columns that none of them has, by entity.
fn align(
    spec: &Spec,
    loaded: &mut [&mut Loaded; 3],
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut found = Diagnostics::new();
    let all: BTreeSet<usize> = loaded.iter().flat_map(|side| side.tables.keys().copied()).collect();
    let mut lacking = BTreeMap::new();
    for index in all {
        let entity = &spec.entities[index];
        for side in loaded.iter().filter(|side| !side.tables.contains_key(&index)) {
            let message = format!("the {} data have no table {}, which the others have", side.name(), entity.name);
            let help = "give all three the same tables, or take the entity out of the spec";
            found.push(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help(help));
        }
        let none = Vec::new();
        let missing: Vec<&Vec<String>> = loaded.iter().map(|side| side.missing.get(&index).unwrap_or(&none)).collect();
        let nowhere: Vec<String> =
            missing[0].iter().filter(|name| missing.iter().all(|list| list.contains(name))).cloned().collect();
        for (side, missing) in loaded.iter().zip(&missing) {
            let unexpected = side.unexpected.get(&index).unwrap_or(&none);
            for column in missing.iter().filter(|name| !nowhere.contains(name)) {
                let message = format!("{} of the {} data has no column {column}", entity.name, side.name());
                let help = match nearest(column, unexpected.iter().map(String::as_str)) {
                    Some(close) => format!("is it the column {close}? name it as the spec does"),
                    None => "give all three datasets the same columns".to_owned(),
                };
                found.push(Diagnostic::error(codes::FOLDS_DIFFER, message).help(help));
            }
            if !unexpected.is_empty() {
                notes.push(format!(
                    "{} of the {} data has columns that the spec does not know and that were not read: {}",
                    entity.name,
                    side.name(),
                    unexpected.join(", ")
                ));
            }
            for ((_, column), (count, expected)) in side.mistyped.iter().filter(|((of, _), _)| *of == index) {
                let rows = side.tables.get(&index).map_or(0, Rows::rows) as u64;
                let says = format!(
                    "{count} of {rows} values of {}.{column} of the {} data are not of type {expected}",
                    entity.name,
                    side.name()
                );
                if 2 * count >= rows {
                    let help = "write them as the spec says, or correct the field's type in the spec";
                    found.push(Diagnostic::error(codes::FOLDS_DIFFER, says).help(help));
                } else {
                    notes.push(format!("{says}; they were taken as missing"));
                }
            }
        }
        if !nowhere.is_empty() {
            lacking.insert(entity.name.clone(), nowhere);
        }
    }
    if found.has_errors() { Err(Refusal::Data(found)) } else { Ok(lacking) }
}

/// Refuses a holdout that has keys of people that the real data have.
fn apart(spec: &Spec, people: &[EntityId], real: &Side, holdout: &Side) -> Result<(), Refusal> {
    for &id in people {
        let columns: Option<Vec<&Column>> = spec[id].key.iter().map(|key| holdout.data.field(id, *key)).collect();
        let (Some(keys), Some(columns)) = (real.data.keys(id), columns.filter(|columns| !columns.is_empty())) else {
            continue;
        };
        let shared = keys.find(&columns).into_iter().filter(|row| *row != NO_ROW).count();
        if shared > 0 {
            let message = format!(
                "{shared} of {} keys of {} in the holdout are also in the real data",
                holdout.data.rows_of(id),
                spec[id].name
            );
            let help = "split by patient, so that nobody is in both; if the keys are mere row numbers, take `key` out of \
                        the spec";
            return Err(Diagnostic::error(codes::HOLDOUT_SHARED, message).help(help).into());
        }
    }
    Ok(())
}
