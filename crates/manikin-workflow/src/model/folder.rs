//! The files of a model's folder.

use std::fs;
use std::path::{Path, PathBuf};

use manikin_diagnostic::{Diagnostic, Span, codes};
use manikin_fit::LearnedLevel;
use manikin_model::LearnedModel;
use manikin_spec::files::Files;
use manikin_spec::node::{Key, Node, Value};
use manikin_spec::spec::Rows;

use super::statement::PrivacyStatement;
use super::yaml;
use crate::failure::Failure;
use crate::spec::{Checked, Overrides, open};

/// The spec of a model, which `generate` takes as any other.
pub const MODEL_SPEC: &str = "model.yaml";
const POTENTIALS: &str = "potentials.parquet";
const MEASUREMENTS: &str = "measurements.parquet";
const STATEMENT: &str = "privacy.json";
const TABLES: &str = "tables";

/// Largest table that is copied, in bytes: as large as one that a spec can read.
const TABLE_LIMIT: u64 = 1 << 30;

/// A model that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The privacy statement.
    pub statement: PrivacyStatement,
    /// The estimated number of subjects: a noisy one, unless the model is not private.
    pub rows: u64,
    /// The levels, by entity, with their numbers of measured marginals and of cells.
    pub levels: Vec<(String, usize, usize)>,
}

/// Writes a model's files into a folder.
///
/// # Errors
///
/// - `MK0902` when a file cannot be written
/// - `MK1509` when the parts of the model do not fit together
pub(crate) fn write_model(
    checked: &Checked,
    folder: &Path,
    levels: &[LearnedLevel],
    statement: &PrivacyStatement,
) -> Result<Written, Failure> {
    let levels_by_name = levels.iter().map(|level| (level.entity.clone(), level.model.clone())).collect();
    let model = LearnedModel { levels: levels_by_name };
    let rows = levels.first().map_or(1, |level| level.model.total.round().max(1.0) as u64);
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| Failure::from(cannot_write(&path, &error)))
    };
    put(POTENTIALS, &manikin_model::potentials(&model).map_err(|error| broken(&error.to_string()))?)?;
    put(MEASUREMENTS, &manikin_model::measurements(&model).map_err(|error| broken(&error.to_string()))?)?;
    let json = serde_json::to_string_pretty(statement).map_err(|error| broken(&error.to_string()))?;
    put(STATEMENT, format!("{json}\n").as_bytes())?;
    let node = checked.node.as_ref().ok_or_else(|| broken("the spec has no text"))?;
    let mut spec = node.clone();
    copy_tables(checked, &mut spec, folder)?;
    leave_out(checked, &mut spec);
    set(&mut spec, "model", reference(statement, rows));
    let head = if statement.private {
        format!("# Learned from {} with noise that protects each patient; see {STATEMENT}.\n", statement.source)
    } else {
        format!("# NOT PRIVATE: learned from {} without noise. Keep it as the records are kept.\n", statement.source)
    };
    put(MODEL_SPEC, format!("{head}{}", yaml::text(&spec)).as_bytes())?;
    let sizes = |level: &LearnedLevel| {
        let measured = &level.model.measurements;
        (level.entity.clone(), measured.len(), measured.iter().map(|measured| measured.values.len()).sum())
    };
    Ok(Written { statement: statement.clone(), rows, levels: levels.iter().map(sizes).collect() })
}

/// The `model:` block.
fn reference(statement: &PrivacyStatement, rows: u64) -> Node {
    let number = |value: f64| {
        let number = serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into());
        let written = number.to_string();
        Value::Number(number, written)
    };
    let entries = [
        ("potentials", Value::Text(POTENTIALS.to_owned())),
        ("private", Value::Bool(statement.private)),
        ("epsilon", number(statement.epsilon)),
        ("delta", number(statement.delta)),
        ("rho", number(statement.rho)),
        ("rows", Value::Number(rows.into(), rows.to_string())),
    ];
    // What a model without noise would have spent is no claim that it may make.
    let is_claim = |name: &&str| statement.private || !["epsilon", "delta", "rho"].contains(name);
    let entries = entries.into_iter().filter(|(name, _)| is_claim(name));
    made(Value::Map(entries.map(|(name, value)| (key(name), made(value))).collect()))
}

/// A value that stands in no file.
pub(crate) fn made(value: Value) -> Node {
    Node { span: nowhere(), value }
}

pub(crate) fn key(text: &str) -> Key {
    Key { text: text.to_owned(), span: nowhere() }
}

fn nowhere() -> Span {
    Span::default()
}

pub(crate) fn set(node: &mut Node, name: &str, value: Node) {
    let Value::Map(entries) = &mut node.value else { return };
    entries.retain(|(key, _)| key.text != name);
    entries.push((key(name), value));
}

/// Says of entities that were only read, such as conditions that make a flag, that a model makes no rows of them.
fn leave_out(checked: &Checked, spec: &mut Node) {
    let Value::Map(entries) = &mut spec.value else { return };
    let entities = entries.iter_mut().find(|(key, _)| key.text == "entities");
    let Some((_, Node { value: Value::Map(entities), .. })) = entities else { return };
    let known = &checked.spec;
    for (name, entity) in entities {
        let Some(id) = known.entity(&name.text) else { continue };
        let is_learned = known.learned.as_ref().is_some_and(|learned| learned.level(id).is_some());
        if !is_learned && matches!(known[id].rows, Rows::External) {
            set(entity, "count", made(Value::Number(0.into(), "0".to_owned())));
        }
    }
}

/// Copies the tables that the spec reads from CSV files beside the model, so that the folder stands alone.
pub(crate) fn copy_tables(checked: &Checked, spec: &mut Node, folder: &Path) -> Result<(), Failure> {
    let Value::Map(entries) = &mut spec.value else { return Ok(()) };
    let tables = entries.iter_mut().find(|(key, _)| key.text == "tables");
    let Some((_, Node { value: Value::Map(tables), .. })) = tables else { return Ok(()) };
    for (name, table) in tables {
        let Value::Map(table) = &mut table.value else { continue };
        let Some((_, csv)) = table.iter_mut().find(|(key, _)| key.text == "csv") else { continue };
        let Value::Text(wanted) = &csv.value else { continue };
        let from = checked.sources.name(csv.span.file);
        let bytes = read_named(&checked.files, from, wanted).map_err(|error| {
            let diagnostic = Diagnostic::error(codes::FILE_NOT_FOUND, format!("cannot read {wanted}: {error}"));
            diagnostic.help("see that the spec's tables are there")
        })?;
        let own = format!("{TABLES}/{}.csv", name.text);
        let path = folder.join(&own);
        let written = fs::create_dir_all(folder.join(TABLES)).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| cannot_write(&path, &error))?;
        csv.value = Value::Text(own);
    }
    Ok(())
}

/// A table's file: beside the file that names it, else in the library, as specs are read.
fn read_named(files: &impl Files, from: &str, wanted: &str) -> std::io::Result<Vec<u8>> {
    let near = files.read(&manikin_spec::files::beside(from, wanted), TABLE_LIMIT);
    near.or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => files.read(&manikin_spec::files::normal(wanted), TABLE_LIMIT),
        _ => Err(error),
    })
}

/// A model's folder that was read.
pub(crate) struct ModelFolder {
    pub(crate) checked: Checked,
    pub(crate) statement: PrivacyStatement,
    /// The levels with what was measured.
    pub(crate) model: LearnedModel,
}

impl ModelFolder {
    /// Reads a model's folder.
    ///
    /// # Errors
    ///
    /// - `MK1509` when it is none, or its parts do not fit together
    /// - those of the spec
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let spec: PathBuf = folder.join(MODEL_SPEC);
        let read = |name: &str| {
            fs::read(folder.join(name)).map_err(|error| {
                let message = format!("{} is no learned model: {name}: {}", folder.display(), error.kind());
                let found = Diagnostic::error(codes::NOT_A_MODEL, message);
                Failure::of(found.help("name the folder that `manikin fit` wrote"))
            })
        };
        let (statement, measurements) = (read(STATEMENT)?, read(MEASUREMENTS)?);
        let statement: PrivacyStatement =
            serde_json::from_slice(&statement).map_err(|error| broken(&format!("{STATEMENT}: {error}")))?;
        let checked = open(&spec.to_string_lossy(), Overrides::default()).checked()?;
        let learned = checked.spec.learned.as_ref().ok_or_else(|| broken("its spec learns nothing"))?;
        let reference = learned.model.as_ref().ok_or_else(|| broken("its spec names no model"))?;
        let model = LearnedModel::from_potentials(&reference.potentials);
        let model = model.and_then(|model| model.with_measurements(&measurements));
        let model = model.map_err(|error| broken(&error.to_string()))?;
        Ok(Self { checked, statement, model })
    }
}

pub(crate) fn broken(problem: &str) -> Failure {
    let diagnostic = Diagnostic::error(codes::NOT_A_MODEL, format!("the model does not fit together: {problem}"));
    diagnostic.help("`manikin refit` makes the potentials anew, `manikin fit` the whole model").into()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(codes::CANNOT_WRITE, format!("cannot write {}: {}", path.display(), error.kind()))
        .help("name a folder that can be written")
}
