//! [`Extract`]: the files of real records that a spec is fitted to, read into levels of codes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_diagnostic::codes;
use manikin_expression::plain_name;
use manikin_formats::{entities, entity_files, scan_files};
use manikin_marginals::{Chunk, Records, ScanError};
use manikin_spec::spec::{EntityId, FieldId, Learned, Spec};
use manikin_tables::{Table, TableSchema};
use polars::prelude::DataFrame;

use crate::levels::{LevelRows, levels};
use crate::local::{Kept, Patients, Tables};
use crate::needs::{Needs, is_key_type, key_of};
use crate::view::View;
use crate::{FitError, Progress, Silent};

/// The most codes of single-table records that are held in memory, in bytes; beyond, the files are read for each
/// count. Decided by the public size alone.
///
/// # Source
/// ASSUMED: half of the 4 GiB within which large sources are to fit.
const HELD_BYTES: u64 = 2 << 30;

/// Is given the kept rows of a piece.
pub(crate) type EachView<'a> = dyn FnMut(&BTreeMap<EntityId, Kept>, &View) -> Result<(), FitError> + 'a;

/// Real records, found and their headers checked, but not yet looked at.
pub struct Extract {
    spec: Arc<Spec>,
    learned: Arc<Learned>,
    needs: Needs,
    files: BTreeMap<EntityId, Vec<PathBuf>>,
}

impl Extract {
    /// Finds the tables that a spec learns from, in a folder or, where it is one table, as a file.
    ///
    /// # Errors
    /// - `MK1501` when the spec learns nothing
    /// - `MK1505` when a table does not say of each row whose it is, or something learned cannot be known from one
    ///   patient's records
    /// - `MK0801` when a table is missing, or there is no such folder or file
    pub fn find(spec: &Arc<Spec>, data: &Path) -> Result<Self, FitError> {
        Self::find_with(spec, data, &[])
    }

    /// As [`Extract::find`], with fields that are read beside those that are learned.
    ///
    /// # Errors
    /// - as [`Extract::find`]
    pub fn find_with(spec: &Arc<Spec>, data: &Path, also: &[(EntityId, FieldId)]) -> Result<Self, FitError> {
        let learned = spec.learned.clone().filter(|learned| !learned.levels.is_empty()).ok_or_else(|| {
            FitError::new(codes::NOTHING_TO_LEARN, "the spec learns nothing", "say `learn:` of fields and entities")
        })?;
        let needs = Needs::of(spec, &learned, also)?;
        patient_local(spec, &needs)?;
        let all: Vec<EntityId> = needs.private.iter().chain(&needs.public).copied().collect();
        let mut files = BTreeMap::new();
        if data.is_file() {
            let [only] = all.as_slice() else {
                let names: Vec<&str> = all.iter().map(|id| spec[*id].name.as_str()).collect();
                return Err(FitError::new(
                    codes::DATASET_NOT_FOUND,
                    format!("{} is one file, and the spec learns from {}", data.display(), names.join(", ")),
                    "name the folder that holds one file per entity",
                ));
            };
            files.insert(*only, vec![data.to_owned()]);
        } else {
            let found = entities(data).map_err(|_| {
                FitError::new(
                    codes::DATASET_NOT_FOUND,
                    format!("there is no folder {}", data.display()),
                    "name the folder that holds one file per entity, or the file of the only table",
                )
            })?;
            for id in all {
                let name = &spec[id].name;
                let missing = || {
                    FitError::new(
                        codes::DATASET_NOT_FOUND,
                        format!("{} holds no table {name}", data.display()),
                        format!("expected a file such as {name}.csv or {name}.parquet"),
                    )
                };
                if !found.iter().any(|file| file == name || plain_name(file) == *name) {
                    return Err(missing());
                }
                files.insert(id, entity_files(data, name).map_err(|_| missing())?);
            }
        }
        Ok(Self { spec: spec.clone(), learned: Arc::new(learned), needs, files })
    }

    /// What is learned.
    pub fn learned(&self) -> &Learned {
        &self.learned
    }

    /// The files of private tables, for the ledger's fingerprint.
    pub fn private_files(&self) -> impl Iterator<Item = &Path> {
        self.needs.private.iter().filter_map(|id| self.files.get(id)).flatten().map(PathBuf::as_path)
    }

    /// The names of tables that are read and taken as public.
    pub fn public_tables(&self) -> Vec<&str> {
        self.needs.public.iter().map(|id| self.spec[*id].name.as_str()).collect()
    }

    /// Whether the subject has no key, so that each row is taken as another patient.
    pub fn has_no_subject_key(&self) -> bool {
        let Some(id) = self.needs.private.first().copied() else { return false };
        let key = &self.spec[id].key;
        let schema = Arc::new(self.needs.schema(&self.spec, id));
        let lacking = self.lacking(id, &schema).unwrap_or_default();
        key.is_empty() || key.iter().any(|field| lacking.contains(&self.spec[id][*field].name))
    }

    /// The caps of the levels: most rows of one parent, by entity.
    pub fn caps(&self) -> Vec<(&str, u64)> {
        let levels = self.learned.levels.iter();
        levels.filter_map(|level| Some((self.spec[level.entity].name.as_str(), level.cap?))).collect()
    }

    /// Reads the records into levels. `met` is given each patient's key, for the ledger's fingerprint.
    ///
    /// # Errors
    /// - `MK0802` when a table lacks a column that is learned
    /// - `MK1505` when a table lacks the columns that tie its rows to a patient
    /// - `MK1507` when a file cannot be read
    pub fn read(&self, progress: &dyn Progress, met: &mut dyn FnMut(&str)) -> Result<Prepared<'_>, FitError> {
        if self.needs.private.len() > 1 {
            let mut made = Vec::new();
            self.views(progress, met, &mut |kept, view| {
                made = levels(&self.spec, &self.learned, kept, view)?;
                Ok(())
            })?;
            return Ok(Prepared::Held(made));
        }
        let attributes = self.learned.levels.iter().map(|level| level.attributes.len() as u64).sum::<u64>();
        let patients = self.learned.source.as_ref().map_or(0, |source| source.patients);
        let is_held = patients.saturating_mul(2 * attributes) <= HELD_BYTES;
        let mut all = LevelRows::default();
        progress.reading(self.needs.private.first().map_or("", |id| self.spec[*id].name.as_str()));
        self.pieces(met, &mut |piece| {
            if is_held {
                all.append(piece);
            }
        })?;
        Ok(if is_held { Prepared::Held(vec![all]) } else { Prepared::Read(self) })
    }

    /// The spec.
    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The pieces of a subject that is alone, in order.
    fn pieces(&self, met: &mut dyn FnMut(&str), each: &mut dyn FnMut(LevelRows)) -> Result<(), FitError> {
        self.views(&Silent, met, &mut |kept, view| {
            levels(&self.spec, &self.learned, kept, view)?.into_iter().for_each(&mut *each);
            Ok(())
        })
    }

    /// Gives the kept rows to `each`: all at once, or of a subject that is alone piece by piece.
    pub(crate) fn views(
        &self,
        progress: &dyn Progress,
        met: &mut dyn FnMut(&str),
        each: &mut EachView<'_>,
    ) -> Result<(), FitError> {
        if self.needs.private.len() > 1 {
            let mut tables = self.public()?;
            for id in &self.needs.private {
                progress.reading(&self.spec[*id].name);
                tables.insert(*id, self.whole(*id)?);
            }
            let kept = Patients::default().keep(&self.spec, &self.needs, &tables, met);
            let view = View::new(&self.spec, &self.needs, &tables, &kept)?;
            drop(tables);
            return each(&kept, &view);
        }
        let Some(id) = self.needs.private.first().copied() else { return Ok(()) };
        let schema = Arc::new(self.needs.schema(&self.spec, id));
        let public = self.public()?;
        let lacking = self.lacking(id, &schema)?;
        let mut patients = Patients::default();
        self.scan(id, &schema, &mut |table| {
            let mut tables = public.clone();
            tables.insert(id, (table, lacking.clone()));
            let kept = patients.keep(&self.spec, &self.needs, &tables, met);
            let view = View::new(&self.spec, &self.needs, &tables, &kept)?;
            each(&kept, &view)
        })
    }

    /// The public tables, whole.
    fn public(&self) -> Result<Tables, FitError> {
        self.needs.public.iter().map(|id| Ok((*id, self.whole(*id)?))).collect()
    }

    fn whole(&self, id: EntityId) -> Result<(Table, Vec<String>), FitError> {
        let schema = Arc::new(self.needs.schema(&self.spec, id));
        let lacking = self.lacking(id, &schema)?;
        let mut all: Option<DataFrame> = None;
        self.scan(id, &schema, &mut |table| {
            match &mut all {
                None => all = Some(table.into_frame()),
                Some(all) => {
                    all.vstack_mut(&table.into_frame()).map_err(|_| self.unreadable(id))?;
                }
            }
            Ok(())
        })?;
        let table = match all {
            None => Table::empty(schema),
            Some(mut frame) => {
                frame.rechunk_mut();
                Table::new(schema, frame).map_err(|_| self.unreadable(id))?
            }
        };
        Ok((table, lacking))
    }

    /// Gives the rows of an entity's files to `each`, whose errors end the reading.
    fn scan(
        &self,
        id: EntityId,
        schema: &Arc<TableSchema>,
        each: &mut dyn FnMut(Table) -> Result<(), FitError>,
    ) -> Result<(), FitError> {
        let files = self.files.get(&id).map_or(&[] as &[PathBuf], Vec::as_slice);
        let mut failed = None;
        let mut give = |table: Table| {
            if failed.is_none() {
                failed = each(table).err();
            }
            Ok(())
        };
        scan_files(files, schema, &mut give).map_err(|error| FitError::reading(&self.spec[id].name, &error))?;
        failed.map_or(Ok(()), Err)
    }

    /// The columns that an entity's files lack; an error where one of them is needed.
    fn lacking(&self, id: EntityId, schema: &Arc<TableSchema>) -> Result<Vec<String>, FitError> {
        let entity = &self.spec[id];
        let files = self.files.get(&id).map_or(&[] as &[PathBuf], Vec::as_slice);
        let lacking =
            manikin_formats::lacking_columns(files, schema).map_err(|error| FitError::reading(&entity.name, &error))?;
        let required: BTreeSet<&str> =
            self.needs.required.get(&id).into_iter().flatten().map(|field| entity[*field].name.as_str()).collect();
        if let Some(column) = lacking.iter().find(|column| required.contains(column.as_str())) {
            return Err(FitError::new(
                codes::COLUMN_MISSING,
                format!("the table {} has no column {column}", entity.name),
                "add it, hide a derived field so that it is computed, or leave it out of what is learned",
            ));
        }
        let mut ties: Vec<&str> = Vec::new();
        if self.needs.private.len() > 1 && self.needs.private.contains(&id) {
            let targets = self.needs.private.first().into_iter().copied().chain(entity.parent);
            ties.extend(targets.filter_map(|target| key_of(entity, target)).map(|field| entity[field].name.as_str()));
            // The keys of rows that others belong to.
            if self.needs.private.iter().any(|other| self.spec[*other].parent == Some(id)) {
                ties.extend(entity.key.iter().map(|field| entity[*field].name.as_str()));
            }
        }
        match ties.into_iter().find(|tie| lacking.iter().any(|column| column == tie)) {
            None => Ok(lacking),
            Some(tie) => Err(FitError::new(
                codes::NOT_PATIENT_LOCAL,
                format!("the table {} has no column {tie}, which ties its rows to a patient", entity.name),
                "add the column to the extract",
            )),
        }
    }

    fn unreadable(&self, id: EntityId) -> FitError {
        FitError::new(
            codes::RECORDS_UNREADABLE,
            format!("the table {} cannot be read", self.spec[id].name),
            "`manikin validate` says what is wrong with the file, and where",
        )
    }
}

/// Checks that each private row can be tied to one patient by columns of its own.
fn patient_local(spec: &Spec, needs: &Needs) -> Result<(), FitError> {
    let Some((subject, others)) = needs.private.split_first() else { return Ok(()) };
    let refuse = |message: String, help: String| Err(FitError::new(codes::NOT_PATIENT_LOCAL, message, help));
    let subject_name = &spec[*subject].name;
    for id in others {
        let entity = &spec[*id];
        let is_written = |target: EntityId| key_of(entity, target).is_some_and(|field| !entity[field].hidden);
        if !is_written(*subject) {
            return refuse(
                format!("no column of {} says which {subject_name} a row belongs to", entity.name),
                format!(
                    "add a field such as `{subject_name}_id: {{key_of: {subject_name}}}`: joins must stay inside one \
                     patient"
                ),
            );
        }
        let Some(parent) = entity.parent else { continue };
        if !is_written(parent) {
            return refuse(
                format!("no column of {} says which {} a row belongs to", entity.name, spec[parent].name),
                format!("add a field with `key_of: {}`", spec[parent].name),
            );
        }
    }
    for id in &needs.private {
        let is_pointed_to = others.iter().any(|other| spec[*other].fields.iter().any(|f| f.references == Some(*id)));
        if !is_pointed_to {
            continue;
        }
        let entity = &spec[*id];
        let [key] = entity.key.as_slice() else {
            return refuse(
                format!("{} is pointed to, and its key is not one column", entity.name),
                "give it a key of one column".to_owned(),
            );
        };
        if !is_key_type(&entity[*key].ty) || entity[*key].references.is_some() {
            return refuse(
                format!("the key of {} is not a text or an integer of its own", entity.name),
                "give it a key of its own, text or integer".to_owned(),
            );
        }
    }
    Ok(())
}

/// Records as levels of codes, ready to be counted.
pub enum Prepared<'a> {
    /// In memory, one for each level.
    Held(Vec<LevelRows>),
    /// A single table that is read from its files for each count.
    Read(&'a Extract),
    /// Records with made-up patients among them, one part for each level.
    Planted {
        /// The records.
        records: &'a Prepared<'a>,
        /// The rows of the made-up patients.
        canaries: Vec<LevelRows>,
    },
}

impl Prepared<'_> {
    /// The rows of a level.
    pub(crate) fn level(&self, index: usize) -> Counted<'_> {
        match self {
            Prepared::Held(levels) => levels.get(index).map_or(Counted::Nothing, Counted::Held),
            Prepared::Read(extract) => Counted::Read(extract),
            Prepared::Planted { records, canaries } => {
                let own = records.level(index);
                match canaries.get(index) {
                    Some(canaries) => Counted::Planted(Box::new(own), canaries),
                    None => own,
                }
            }
        }
    }
}

/// One level's rows, wherever they are.
pub(crate) enum Counted<'a> {
    Nothing,
    Held(&'a LevelRows),
    Read(&'a Extract),
    Planted(Box<Counted<'a>>, &'a LevelRows),
}

impl Records for Counted<'_> {
    fn scan(&self, visit: &mut dyn FnMut(&Chunk<'_>)) -> Result<(), ScanError> {
        match self {
            Counted::Nothing => Ok(()),
            Counted::Held(rows) => rows.scan(visit),
            Counted::Planted(records, canaries) => {
                records.scan(visit)?;
                canaries.scan(visit)
            }
            Counted::Read(extract) => {
                let mut failed = Ok(());
                extract
                    .pieces(&mut |_| {}, &mut |piece| {
                        if failed.is_ok() {
                            failed = piece.scan(visit);
                        }
                    })
                    .map_err(|error| ScanError(error.message))?;
                failed
            }
        }
    }
}
