//! `import`: a dataset made elsewhere to the entities of a spec.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_formats::{Existing, Options, Output, Staging};
use manikin_import::{Account, Draft, Form, Import, ImportError};
use manikin_spec::files::Disk;
use manikin_tables::{Block, Table, TableSchema};

use crate::failure::Failure;
use crate::library::{BuiltIn, FILES};
use crate::spec::Checked;

/// The file that says what became of the dataset's rows.
pub const ACCOUNT: &str = "import.json";

/// Where built-in import mappings lie: `standards/NAME/import.yaml`.
const FOLDER: &str = "standards/";
const FILE: &str = "/import.yaml";

/// What is imported, and where to.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder of the dataset.
    pub folder: PathBuf,
    /// Its form: `fhir`, `omop`, `meds` or `csv`.
    pub from: String,
    /// The import mapping's file instead of the built-in one.
    pub mapping: Option<PathBuf>,
    /// The folder that is made.
    pub output: PathBuf,
    /// What to do when it is there already.
    pub existing: Existing,
}

/// An import mapping that was read, and the name of the spec that it is made for.
pub struct OpenedImport {
    reading: manikin_import::Reading,
    import: Import,
}

impl OpenedImport {
    /// The spec whose entities it makes unless another is given.
    pub fn spec(&self) -> Option<&str> {
        self.import.spec()
    }
}

/// Finds and reads the import mapping for a dataset.
///
/// # Errors
///
/// - `MK0911` when the form is not known, or tables of no known kind come without a mapping
/// - the diagnostics of the mapping
pub fn open_import(options: &ImportOptions) -> Result<OpenedImport, Failure> {
    if !options.folder.is_dir() {
        let message = format!("there is no folder {}", options.folder.display());
        return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help("name the folder of the dataset").into());
    }
    let form = form(&options.from)?;
    let mut reading = match &options.mapping {
        Some(path) => Import::read(&path.to_string_lossy(), &Disk::current()),
        None => Import::read(&built_in_for(form, &options.folder)?, &BuiltIn),
    };
    match reading.import.take() {
        None => Err(Failure { sources: reading.sources, diagnostics: reading.diagnostics }),
        Some(import) if import.form() != form => {
            let message = format!("the mapping `{}` does not read {}", import.name, options.from);
            Err(Diagnostic::error(codes::BAD_OPTION, message).help("give the form that its `import:` names").into())
        }
        Some(import) => Ok(OpenedImport { reading, import }),
    }
}

/// Turns a dataset into a folder of Parquet files, one per entity of the spec, with [`ACCOUNT`] beside them.
///
/// The folder appears when everything is written.
///
/// # Errors
///
/// - `MK1201`, `MK1202` and `MK04xx` when the mapping fits neither the spec nor the dataset
/// - `MK1203` to `MK1206`, `MK0002`, `MK0003`, `MK0908` when the dataset cannot be read
/// - `MK0901`, `MK0902` when the folder cannot be written
pub fn import(opened: OpenedImport, checked: &Checked, options: &ImportOptions) -> Result<Account, Failure> {
    let sources = opened.reading.sources;
    let (held, diagnostics) = opened.import.check(&checked.spec, &sources);
    let Some(held) = held else { return Err(Failure { sources, diagnostics }) };
    let imported = held.import(&options.folder, &sources).map_err(|error| match error {
        ImportError::Wrong(diagnostics) => Failure { sources: sources.clone(), diagnostics },
        ImportError::Format(error) => error.into(),
    })?;
    let staging = Staging::begin(&options.output, options.existing)?;
    let output = Output::open(&["parquet"], &Options::default())?;
    let schemas: Vec<Arc<TableSchema>> = imported.tables.iter().map(|table: &Table| table.schema().clone()).collect();
    let mut writer = output.writer(staging.folder(), &schemas)?;
    writer.append(output.encode(&Block { index: 0, tables: imported.tables })?)?;
    writer.finish()?;
    let account = serde_json::to_string_pretty(&imported.account).unwrap_or_default();
    write(&staging.folder().join(ACCOUNT), &account)?;
    staging.commit()?;
    Ok(imported.account)
}

/// The folder of a draft's tables, beside it.
const TABLES: &str = "tables";

/// Drafts a spec for a folder of tables, its values of codes standing in it.
///
/// # Errors
///
/// - `MK0801` when the folder holds no table
/// - `MK0002`, `MK0003`, `MK0908` when one cannot be read
pub fn draft_spec(folder: &Path) -> Result<Draft, Failure> {
    drafted(folder, None)
}

/// Drafts a spec for a folder of tables and writes it, with tables of codes in the folder `tables` beside it.
///
/// # Errors
///
/// - those of [`draft_spec`]
/// - `MK0902` when a file is there already or cannot be written
pub fn write_draft(folder: &Path, path: &Path) -> Result<Draft, Failure> {
    let draft = drafted(folder, Some(TABLES))?;
    let beside = path.parent().unwrap_or(Path::new("")).join(TABLES);
    let mut files: Vec<(PathBuf, String)> =
        draft.tables.iter().map(|table| (beside.join(format!("{}.csv", table.name)), table.csv())).collect();
    files.push((path.to_owned(), draft.spec.clone()));
    if let Some((there, _)) = files.iter().find(|(path, _)| path.exists()) {
        let message = format!("{} already exists", there.display());
        return Err(Diagnostic::error(codes::CANNOT_WRITE, message)
            .help("name a place that holds no draft yet")
            .into());
    }
    if !draft.tables.is_empty() {
        std::fs::create_dir_all(&beside).map_err(|error| cannot_write(&beside, &error))?;
    }
    for (path, text) in files {
        std::fs::write(&path, text).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(draft)
}

fn drafted(folder: &Path, beside: Option<&str>) -> Result<Draft, Failure> {
    if !folder.is_dir() {
        let message = format!("there is no folder {}", folder.display());
        return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help("name the folder of the tables").into());
    }
    let mut tables = Vec::new();
    for name in manikin_formats::entities(folder)? {
        tables.push(manikin_formats::infer_entity(folder, &name, manikin_formats::ReadOptions::default())?);
    }
    if tables.is_empty() {
        let message = format!("{} holds no table", folder.display());
        return Err(Diagnostic::error(codes::DATASET_NOT_FOUND, message).help("expected CSV or Parquet files").into());
    }
    let product = folder.file_name().map_or("dataset".into(), |name| name.to_string_lossy());
    Ok(manikin_import::draft(&product, &tables, beside))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, format!("{text}\n")).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write {}: {error}", path.display());
    Diagnostic::error(codes::CANNOT_WRITE, message).help("choose another place").into()
}

fn form(name: &str) -> Result<Form, Failure> {
    match name {
        "fhir" | "fhir-r4" => Ok(Form::FhirR4),
        "omop" | "omop-5.4" => Ok(Form::Omop54),
        "meds" | "meds-0.4" => Ok(Form::Meds04),
        "csv" => Ok(Form::Csv),
        _ => {
            let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("there is no form `{name}` to import from"));
            Err(match nearest(name, ["fhir", "omop", "meds", "csv"]) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("the forms are fhir, omop, meds and csv"),
            }
            .into())
        }
    }
}

/// The built-in mapping of a form; among those of tables, the one whose required tables the folder holds.
fn built_in_for(form: Form, folder: &Path) -> Result<String, Failure> {
    let stems: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().to_lowercase()))
        .collect();
    let mut seen = Vec::new();
    for (name, _) in FILES.iter().filter(|(name, _)| name.starts_with(FOLDER) && name.ends_with(FILE)) {
        let mut reading = Import::read(name, &BuiltIn);
        let Some(import) = reading.import.take() else {
            return Err(Failure { sources: reading.sources, diagnostics: reading.diagnostics });
        };
        if import.form() != form {
            continue;
        }
        let mut required = import.required();
        if form != Form::Csv || required.all(|table| stems.iter().any(|stem| stem.eq_ignore_ascii_case(table))) {
            return Ok((*name).to_owned());
        }
        seen.push(name.trim_start_matches(FOLDER).trim_end_matches(FILE));
    }
    let message = format!("no built-in mapping reads the tables in {}", folder.display());
    let help = format!("there are mappings for {}; for other tables give one with --mapping", seen.join(", "));
    Err(Diagnostic::error(codes::BAD_OPTION, message).help(help).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Overrides, open};

    #[test]
    fn every_built_in_import_mapping_fits_its_spec() {
        let mappings: Vec<&str> = FILES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| name.starts_with(FOLDER) && name.ends_with(FILE))
            .collect();
        assert_eq!(mappings.len(), 4);
        for name in mappings {
            let reading = Import::read(name, &BuiltIn);
            assert!(!reading.diagnostics.has_errors(), "{name}: {:?}", reading.diagnostics);
            let import = reading.import.expect("a mapping");
            let spec = open(import.spec().expect("a spec"), Overrides::default()).checked().expect("right");
            let (checked, found) = import.check(&spec.spec, &reading.sources);
            assert!(checked.is_some(), "{name}: {found:?}");
        }
    }
}
