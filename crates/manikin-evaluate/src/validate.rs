//! A folder of files against a spec.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use manikin_expression::plain_name;
use manikin_formats::{FormatError, MANIFEST_FILE, Manifest, ReadOptions, TypeViolation, entities, read_entity};
use manikin_spec::spec::{EntityId, FieldId, Spec};
use manikin_tables::{Dataset, Table, cell_text, table_schema};

use crate::expected::{Expected, TRUTH_TABLE};
use crate::validation::{Check, Evidence, Example, Kind, Status, Validation};
use crate::{fields, rules, structure};

/// Most violations shown of one check.
const EXAMPLES: usize = 5;

/// How a dataset is checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValidateOptions {
    /// Show keys and values of violating rows even where nothing proves that the data is synthetic.
    pub show_rows: bool,
    /// Most examples of a check; 5 unless given.
    pub examples: Option<usize>,
    /// Violations that the truth table lists, warnings and unknown columns fail as well.
    pub strict: bool,
}

/// Checks a dataset's folder against its contract.
///
/// Violations that the truth table `edge_cases` beside the data lists are told as expected and do not fail, as long as
/// the manifest says that the data is synthetic and every file is the one that the manifest names.
///
/// # Errors
///
/// - `MK0902` when the folder or a file cannot be read
/// - `MK0908` when a text file is not well-formed
pub fn validate(spec: &Arc<Spec>, folder: &Path, options: ValidateOptions) -> Result<Validation, FormatError> {
    let evidence = evidence(folder)?;
    let found = entities(folder)?;
    let mut before: BTreeMap<usize, Vec<Check>> = BTreeMap::new();
    let mut tables: Vec<Table> = Vec::new();
    let mut lacking: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut mistyped: Vec<(EntityId, Vec<TypeViolation>)> = Vec::new();
    let mut shapes: Vec<(EntityId, Vec<String>, Vec<String>)> = Vec::new();
    for index in 0..spec.entities.len() {
        let id = EntityId(index);
        if spec[id].hidden {
            continue;
        }
        if !found.iter().any(|name| *name == spec[id].name || plain_name(name) == spec[id].name) {
            before.entry(index).or_default().push(absent(&spec[id].name));
            continue;
        }
        match read_entity(folder, &Arc::new(table_schema(spec, id)), ReadOptions::default()) {
            Ok(read) => {
                shapes.push((id, read.missing.clone(), read.unexpected));
                lacking.insert(spec[id].name.clone(), read.missing);
                mistyped.push((id, read.violations));
                tables.push(read.table);
            }
            Err(FormatError::ColumnType { column, found, expected, .. }) => {
                before.entry(index).or_default().push(unreadable(
                    &spec[id].name,
                    &column,
                    &found,
                    &expected.to_string(),
                ));
            }
            Err(error) => return Err(error),
        }
    }
    let data = Dataset::new(spec.clone(), &tables, &lacking);
    drop(tables);
    let expected = if evidence == Evidence::Synthetic { Expected::read(folder) } else { Expected::default() };
    let judge = Judge {
        data: &data,
        expected: &expected,
        shown: if options.show_rows || evidence == Evidence::Synthetic {
            options.examples.unwrap_or(EXAMPLES)
        } else {
            0
        },
        is_strict: options.strict,
    };
    let mut checks = Vec::new();
    for index in 0..spec.entities.len() {
        let id = EntityId(index);
        checks.extend(before.remove(&index).unwrap_or_default());
        if !data.is_present(id) {
            continue;
        }
        for (_, missing, unexpected) in shapes.iter().filter(|(own, ..)| *own == id) {
            judge.shape(id, missing, unexpected, &mut checks);
        }
        for (_, violations) in mistyped.iter().filter(|(own, _)| *own == id) {
            judge.types(id, violations, &mut checks);
        }
        structure::check(&judge, id, &mut checks);
        fields::check(&judge, id, &mut checks);
        rules::check(&judge, id, &mut checks);
    }
    for name in found
        .iter()
        .filter(|name| spec.entity(name).or_else(|| spec.entity(&plain_name(name))).is_none() && *name != TRUTH_TABLE)
    {
        checks.push(judge.unknown_table(name));
    }
    Ok(Validation { product: spec.product.clone(), spec_digest: spec.digest.clone(), evidence, checks })
}

fn evidence(folder: &Path) -> Result<Evidence, FormatError> {
    if !folder.join(MANIFEST_FILE).is_file() {
        return Ok(Evidence::Unproven);
    }
    let manifest = Manifest::read(folder)?;
    let proof = manifest.proves(folder)?;
    Ok(if manifest.synthetic && proof.holds() { Evidence::Synthetic } else { Evidence::ManifestBroken })
}

fn absent(entity: &str) -> Check {
    Check {
        entity: entity.to_owned(),
        name: "table".to_owned(),
        kind: Kind::Structure,
        status: Status::Fail,
        code: "MK0801",
        rows: 0,
        violations: 1,
        expected: 0,
        detail: format!("there is no file {entity}.csv, .parquet, .ndjson or .arrow"),
        examples: Vec::new(),
    }
}

fn unreadable(entity: &str, column: &str, found: &str, expected: &str) -> Check {
    let mut check = absent(entity);
    check.name = format!("{column}.type");
    check.kind = Kind::Type;
    check.code = "MK0804";
    check.detail = format!("the column is {found}, expected {expected}; the table was not read");
    check
}

/// What a check demands.
pub(crate) struct Demand {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    /// Names, beside its own, by which an edge case may say that it breaks this.
    pub(crate) also: Vec<String>,
    /// The field whose values are shown.
    pub(crate) field: Option<FieldId>,
    /// Whether violations only warn.
    pub(crate) warns: bool,
}

impl Demand {
    pub(crate) fn new(name: impl Into<String>, kind: Kind, code: &'static str, detail: String) -> Self {
        Self { name: name.into(), kind, code, detail, also: Vec::new(), field: None, warns: false }
    }
}

/// Turns violating rows into checks.
pub(crate) struct Judge<'a> {
    pub(crate) data: &'a Dataset,
    expected: &'a Expected,
    /// Examples that may be shown of a check.
    shown: usize,
    is_strict: bool,
}

impl<'a> Judge<'a> {
    /// Counts violations and shows none.
    pub(crate) fn counting(data: &'a Dataset, expected: &'a Expected) -> Self {
        Self { data, expected, shown: 0, is_strict: true }
    }
}

impl Judge<'_> {
    /// A check that some rows fail.
    pub(crate) fn rows(&self, id: EntityId, demand: Demand, rows: usize, violating: &[u32]) -> Check {
        let entity = &self.data.spec()[id].name;
        let mut names = demand.also.clone();
        names.push(format!("{entity}.{}", demand.name));
        let expected = self.expected.of(self.data, id, &names, violating);
        let told = expected.iter().filter(|expected| **expected).count() as u64;
        // The rows that nobody expects are those to look at.
        let order = violating.iter().zip(&expected);
        let first = order.clone().filter(|(_, expected)| !**expected).chain(order.filter(|(_, expected)| **expected));
        let column = demand.field.and_then(|field| self.data.field(id, field));
        let example = |row: u32| Example {
            key: self.data.key_text(id, row as usize),
            row: Some(u64::from(row) + 1),
            value: column.and_then(|column| cell_text(column, row as usize)),
        };
        let examples = first.take(self.shown).map(|(row, _)| example(*row)).collect();
        self.check(id, demand, rows, violating.len() as u64, told, examples)
    }

    /// A check of a whole column.
    pub(crate) fn count(&self, id: EntityId, demand: Demand, rows: usize, violations: u64) -> Check {
        self.check(id, demand, rows, violations, 0, Vec::new())
    }

    /// A check that could not be made.
    pub(crate) fn skipped(&self, id: EntityId, demand: Demand, reason: String) -> Check {
        let mut check = self.check(id, demand, 0, 0, 0, Vec::new());
        check.status = Status::Skipped;
        check.detail = reason;
        check
    }

    fn check(
        &self,
        id: EntityId,
        demand: Demand,
        rows: usize,
        violations: u64,
        expected: u64,
        examples: Vec<Example>,
    ) -> Check {
        let counted = if self.is_strict { violations } else { violations - expected };
        let status = match (counted, demand.warns && !self.is_strict) {
            (0, _) => Status::Pass,
            (_, true) => Status::Warn,
            (_, false) => Status::Fail,
        };
        Check {
            entity: self.data.spec()[id].name.clone(),
            name: demand.name,
            kind: demand.kind,
            status,
            code: demand.code,
            rows: rows as u64,
            violations,
            expected,
            detail: demand.detail,
            examples,
        }
    }

    fn shape(&self, id: EntityId, missing: &[String], unexpected: &[String], checks: &mut Vec<Check>) {
        let names = |names: &[String]| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        if missing.is_empty() {
            let demand = Demand::new("columns", Kind::Structure, "MK0802", "every field has its column".to_owned());
            checks.push(self.count(id, demand, self.data.rows_of(id), 0));
        }
        for column in missing {
            let detail = format!("the table has no column {column}");
            let demand = Demand::new(format!("{column}.column"), Kind::Structure, "MK0802", detail);
            checks.push(self.count(id, demand, self.data.rows_of(id), 1));
        }
        if !unexpected.is_empty() {
            let detail = format!("columns without a field: {}", names(unexpected));
            let mut demand = Demand::new("unknown_columns", Kind::Structure, "MK0803", detail);
            demand.warns = true;
            checks.push(self.count(id, demand, self.data.rows_of(id), unexpected.len() as u64));
        }
    }

    /// One check per table: the fields with values that are not of their type are named in it.
    fn types(&self, id: EntityId, violations: &[TypeViolation], checks: &mut Vec<Check>) {
        let mut by_column: BTreeMap<&str, Vec<&TypeViolation>> = BTreeMap::new();
        for violation in violations {
            by_column.entry(&violation.column).or_default().push(violation);
        }
        if by_column.is_empty() {
            let demand = Demand::new("types", Kind::Type, "MK0804", "every value is of its field's type".to_owned());
            checks.push(self.count(id, demand, self.data.rows_of(id), 0));
        }
        for (column, violations) in by_column {
            let expected = violations.first().map_or(String::new(), |first| first.expected.to_string());
            let demand = Demand::new(format!("{column}.type"), Kind::Type, "MK0804", format!("is {expected}"));
            let mut check = self.count(id, demand, self.data.rows_of(id), violations.len() as u64);
            if self.shown > 0 {
                let example = |violation: &&TypeViolation| Example {
                    key: None,
                    row: Some(violation.row),
                    value: Some(violation.value.clone()),
                };
                check.examples = violations.iter().take(self.shown).map(example).collect();
            }
            checks.push(check);
        }
    }

    fn unknown_table(&self, name: &str) -> Check {
        let mut check = absent(name);
        check.name = "unknown_table".to_owned();
        check.code = "MK0803";
        check.status = if self.is_strict { Status::Fail } else { Status::Warn };
        check.detail = "the spec has no entity of this name; the table was not read".to_owned();
        check
    }
}
