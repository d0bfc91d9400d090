//! An import: sources read and related, entities made of them, everything that was left counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, codes};
use manikin_expression::{Expression, Type};
use manikin_formats::FormatError;
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::{Column, EvaluationError, NO_ROW, Table, cell_text, evaluate, lookup_table, table_schema};
use polars::prelude::{BooleanChunked, DataFrame, IntoColumn, NewChunkedArray, PlSmallStr, Series};

use crate::account::{Account, Field, Source, Unread};
use crate::check::{Checked, ROW_OF, Target};
use crate::convert;
use crate::document::Form;
use crate::fhir::{self, Texts};
use crate::rows::{Keys, Places, Rows, SourceRows, link};
use crate::tables::{self, Raw};

/// The column of every source that counts its rows.
pub(crate) const ROW: &str = "row";

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    /// The tables of the spec's entities that something was made of, in the spec's order.
    pub tables: Vec<Table>,
    /// What became of everything else.
    pub account: Account,
}

/// Why a dataset could not be imported.
#[derive(Debug)]
pub enum ImportError {
    /// Something is wrong with the dataset, or with the mapping once its columns are known.
    Wrong(Diagnostics),
    /// A file could not be read as its format.
    Format(FormatError),
}

impl ImportError {
    pub(crate) fn unreadable(path: &FilePath, error: &std::io::Error) -> Self {
        Diagnostic::error(codes::FILE_UNREADABLE, format!("{} cannot be read: {error}", path.display())).into()
    }
}

impl From<Diagnostic> for ImportError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Diagnostics::from(diagnostic))
    }
}

impl From<FormatError> for ImportError {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

impl From<EvaluationError> for ImportError {
    fn from(error: EvaluationError) -> Self {
        Diagnostic::error(codes::BAD_IMPORT, error.to_string()).into()
    }
}

impl Checked {
    /// Reads a folder. `sources` are those of the mapping's reading, which diagnostics point into.
    ///
    /// # Errors
    /// - files that cannot be read (MK0002), are not UTF-8 (MK0003) or not whole (MK1203, MK0908)
    /// - ids that repeat (MK1204), a table that must be there (MK1205), another version (MK1206)
    /// - expressions that do not fit the columns that the tables have (MK04xx)
    pub fn import(&self, folder: &FilePath, sources: &Sources) -> Result<Imported, ImportError> {
        let form = self.import.form();
        let mut account = Account {
            form: match form {
                Form::FhirR4 => "fhir-r4",
                Form::Omop54 => "omop-5.4",
                Form::Meds04 => "meds-0.4",
                Form::Csv => "csv",
            }
            .to_owned(),
            mapping: self.import.name.clone(),
            left_out: self.left_out.clone(),
            ..Account::default()
        };
        let raw = match form {
            Form::FhirR4 => {
                let read = fhir::read(self, folder, &mut account)?;
                self.require(&read, folder)?;
                read.into_iter().map(|(name, texts)| (name, Raw::Texts(texts))).collect()
            }
            _ => tables::read(self, folder, &mut account)?,
        };
        let mut rows = self.related(raw, &mut account, sources)?;
        self.version(&rows)?;
        let targets = self.targets(&self.shapes(columns_of(&rows)), sources).map_err(ImportError::Wrong)?;
        columns_of_absent(&mut rows, &targets);
        self.unread_columns(&rows, &targets, &mut account);
        self.unfilled(&targets, &mut account);
        let tables = self.made(&mut rows, &targets, &mut account)?;
        Ok(Imported { tables, account })
    }

    fn require(&self, read: &IndexMap<String, Texts>, folder: &FilePath) -> Result<(), ImportError> {
        for (name, source) in &self.import.document.sources {
            if source.required && read.get(name).is_none_or(|texts| texts.rows == 0) {
                let message = format!("{} holds no {} resources", folder.display(), source.read);
                let help = "name the folder of the NDJSON files, one resource a line";
                return Err(Diagnostic::error(codes::SOURCE_MISSING, message).help(help).into());
            }
        }
        Ok(())
    }

    /// Columns typed, keys indexed, rows linked.
    fn related(&self, raw: IndexMap<String, Raw>, account: &mut Account, texts: &Sources) -> Result<Rows, ImportError> {
        let mut sources: IndexMap<String, SourceRows> = IndexMap::new();
        let mut raw = raw;
        for (name, source) in &self.import.document.sources {
            if !raw.contains_key(name) {
                account.absent.push(source.read.clone());
                let nothing = Raw::Typed { columns: IndexMap::new(), places: Places::default(), rows: 0 };
                raw.insert(name.clone(), nothing);
            }
        }
        account.absent.dedup();
        for (name, raw) in raw {
            let is_absent = matches!(&raw, Raw::Typed { columns, .. } if columns.is_empty());
            let types = &self.import.document.sources[&name].types;
            let rows = match raw {
                Raw::Typed { mut columns, places, rows } => {
                    // Parquet's own types are those of one writer: a mapping of tables sees what it would see in CSV.
                    let is_meds = self.import.form() == Form::Meds04;
                    for (column, held) in columns.iter_mut().filter(|_| !is_meds) {
                        let ty = types.get(column).map_or(Type::Text, |ty| ty.ty());
                        if *held.ty() != ty {
                            let (converted, failed) = convert::column(&texts_of(held), &ty);
                            note(&mut account.not_converted, format!("{name}.{column}"), &failed, &places);
                            *held = converted;
                        }
                    }
                    SourceRows { rows, columns, places, ..SourceRows::default() }
                }
                Raw::Texts(texts) => {
                    let mut columns = IndexMap::new();
                    for (column, values) in texts.columns {
                        let ty = types.get(&column).map_or(Type::Text, |ty| ty.ty());
                        let (held, failed) = convert::column(&values, &ty);
                        note(&mut account.not_converted, format!("{name}.{column}"), &failed, &texts.places);
                        columns.insert(column, held);
                    }
                    SourceRows { rows: texts.rows, columns, places: texts.places, ..SourceRows::default() }
                }
            };
            let mut rows = rows;
            rows.absent = is_absent;
            let source = &self.import.document.sources[&name];
            for column in types.keys().chain(&source.keys).chain(source.links.values()) {
                if !rows.columns.contains_key(column) {
                    if !is_absent {
                        account.absent.push(format!("{name}.{column}"));
                    }
                    let ty = types.get(column).map_or(Type::Text, |ty| ty.ty());
                    rows.columns.insert(column.clone(), Column::nulls(rows.rows, ty));
                }
            }
            // The number of a row, from 1, for tables whose rows have no id of their own.
            let numbers = Column::integers((1..=rows.rows as i64).collect());
            rows.columns.entry(ROW.to_owned()).or_insert(numbers);
            sources.insert(name, rows);
        }
        let of_spec = self.spec.tables.iter().map(|(name, table)| (name, table.as_ref()));
        let own = self.import.tables.iter();
        let lookups =
            of_spec.chain(own).filter_map(|(name, table)| Some((name.clone(), lookup_table(table).ok()?))).collect();
        let mut all = Rows { sources, lookups };
        self.filtered(&mut all, account, texts)?;
        let sources = &all.sources;
        let mut links: Vec<(String, String, Vec<u32>)> = Vec::new();
        for (name, rows) in sources {
            for (to, column) in &self.import.document.sources[name].links {
                let (Some(target), Some(held)) = (sources.get(to), rows.columns.get(column)) else { continue };
                let keys = self.import.document.sources[to].keys.iter().filter_map(|key| target.columns.get(key));
                let texts: Vec<Vec<Option<String>>> = keys.map(texts_of).collect();
                let keys: Vec<(Keys, Vec<Option<&str>>)> = texts
                    .iter()
                    .map(|texts| {
                        let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
                        (Keys::of(&texts).0, texts)
                    })
                    .collect();
                let from = texts_of(held);
                let from: Vec<Option<&str>> = from.iter().map(Option::as_deref).collect();
                let (led, dangling) = link(&from, &keys);
                // From a row's own key there need be nothing to go to: not everyone has died.
                let is_own_key = self.import.document.sources[name].keys.contains(column);
                if dangling > 0 && !is_own_key {
                    let first = (0..from.len()).find(|row| from[*row].is_some() && led[*row] == NO_ROW);
                    let first = first.map_or_else(String::new, |row| rows.places.of(row as u32));
                    account.dangling.push(Field { field: format!("{name}.{column}"), count: dangling, first });
                }
                links.push((name.clone(), to.clone(), led));
            }
            let source = &self.import.document.sources[name];
            if let Some(key) = source.keys.first().filter(|_| !source.repeats)
                && let Some(held) = rows.columns.get(key)
            {
                let texts = texts_of(held);
                let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
                if let (_, Some((first, second))) = Keys::of(&texts) {
                    let (first, second) = (rows.places.of(first), rows.places.of(second));
                    let message = format!("{second}: the `{key}` of this row is already that of {first}");
                    let diagnostic = Diagnostic::error(codes::REPEATED_ID, message);
                    return Err(diagnostic.help("keep one of the rows, or give one of them an id of its own").into());
                }
            }
        }
        for (name, to, led) in links {
            if let Some(rows) = all.sources.get_mut(&name) {
                rows.links.insert(to, led);
            }
        }
        Ok(all)
    }

    /// Leaves the rows that the sources' own conditions hold for. What no source of a table or resource type keeps is
    /// counted.
    fn filtered(&self, rows: &mut Rows, account: &mut Account, texts: &Sources) -> Result<(), ImportError> {
        let conditions = self.conditions(&self.shapes(columns_of(rows)), texts).map_err(ImportError::Wrong)?;
        // Of what each table or list of items gives, the rows that some source keeps.
        let mut kept: BTreeMap<(String, Option<&str>), Vec<bool>> = BTreeMap::new();
        let present = rows.sources.iter().filter(|(_, source)| !source.absent);
        let names: Vec<String> = present.map(|(name, _)| name.clone()).collect();
        for name in &names {
            let source = &self.import.document.sources[name];
            let keep = match conditions.get(name) {
                Some(condition) => truth(&evaluate(condition, name, rows)?),
                None => vec![true; rows.sources[name].rows],
            };
            let some = kept.entry((source.read.clone(), source.each.as_deref()));
            let some = some.or_insert_with(|| vec![false; keep.len()]);
            some.iter_mut().zip(&keep).for_each(|(some, keep)| *some |= keep);
            if conditions.contains_key(name)
                && let Some(held) = rows.sources.get_mut(name)
            {
                let mask = BooleanChunked::from_slice(PlSmallStr::EMPTY, &keep);
                for column in held.columns.values_mut() {
                    *column = column_where(column, &mask)?;
                }
                held.places = held.places.kept(&keep);
                held.rows = keep.iter().filter(|keep| **keep).count();
            }
        }
        for ((read, each), kept) in kept {
            let count = kept.iter().filter(|kept| !**kept).count() as u64;
            if count > 0 {
                let what = each.map_or_else(|| read.clone(), |each| format!("{read}.{each}"));
                account.unread.push(Unread { what, count, why: "no source takes these rows" });
            }
        }
        Ok(())
    }

    /// What the spec has and the mapping does not fill.
    fn unfilled(&self, targets: &[Target], account: &mut Account) {
        for (place, entity) in self.spec.entities.iter().enumerate().filter(|(_, entity)| !entity.hidden) {
            let of_entity: Vec<&Target> = targets.iter().filter(|target| target.entity == EntityId(place)).collect();
            if of_entity.is_empty() {
                account.unmade.push(entity.name.clone());
                continue;
            }
            for (place, field) in entity.fields.iter().enumerate().filter(|(_, field)| !field.hidden) {
                if !of_entity.iter().any(|target| target.fields.contains_key(&FieldId(place))) {
                    account.unfilled.push(format!("{}.{}", entity.name, field.name));
                }
            }
        }
    }

    fn version(&self, rows: &Rows) -> Result<(), ImportError> {
        let Some(version) = &self.import.document.version else { return Ok(()) };
        let held = rows.sources.get(&version.of).and_then(|source| source.columns.get(&version.column));
        let found = held.filter(|held| !held.is_empty()).and_then(|held| cell_text(held, 0));
        match found {
            Some(found) if !version.accept.contains(&found) => {
                let message = format!("`{}.{}` says `{found}`", version.of, version.column);
                let help = format!("this mapping reads {}", version.accept.join(", "));
                Err(Diagnostic::error(codes::WRONG_VERSION, message).help(help).into())
            }
            _ => Ok(()),
        }
    }

    /// Columns of tables that no expression, key or link reads. FHIR elements were counted as they were read.
    fn unread_columns(&self, rows: &Rows, targets: &[Target], account: &mut Account) {
        if self.import.form() == Form::FhirR4 {
            return;
        }
        let mut used: BTreeSet<(String, String)> = BTreeSet::new();
        for expression in targets.iter().flat_map(|target| target.condition.iter().chain(target.fields.values())) {
            expression.root.visit(&mut |node| {
                if let manikin_expression::Expr::Column(column) = node {
                    used.insert((column.entity.clone(), column.field.clone()));
                }
            });
        }
        for (name, source) in &self.import.document.sources {
            used.extend(source.keys.iter().chain(source.links.values()).map(|column| (name.clone(), column.clone())));
        }
        for (name, source) in &rows.sources {
            for (column, held) in &source.columns {
                let count = (held.len() - held.null_count()) as u64;
                if count > 0 && column != ROW && !used.contains(&(name.clone(), column.clone())) {
                    let why = "no expression reads this column";
                    account.unread.push(Unread { what: format!("{name}.{column}"), count, why });
                }
            }
        }
    }

    fn made(&self, rows: &mut Rows, targets: &[Target], account: &mut Account) -> Result<Vec<Table>, ImportError> {
        let mut taken: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
        let mut parts: BTreeMap<EntityId, Vec<DataFrame>> = BTreeMap::new();
        for target in targets {
            let count = rows.sources[&target.source].rows;
            let keep = match &target.condition {
                Some(condition) => truth(&evaluate(condition, &target.source, rows)?),
                None => vec![true; count],
            };
            let all = taken.entry(&target.source).or_insert_with(|| vec![false; count]);
            all.iter_mut().zip(&keep).for_each(|(all, keep)| *all |= keep);
            number(rows, target, &keep);
            let frame = self.frame(target, &rows.sources[&target.source], &keep, rows, account)?;
            parts.entry(target.entity).or_default().push(frame);
        }
        let mut joined: BTreeSet<&str> =
            self.import.document.version.iter().map(|version| version.of.as_str()).collect();
        for target in targets {
            for expression in target.condition.iter().chain(target.fields.values()) {
                expression.root.visit(&mut |node| match node {
                    manikin_expression::Expr::Column(column) if column.entity != target.source => {
                        joined.extend(rows.sources.get_key_value(&column.entity).map(|(name, _)| name.as_str()));
                    }
                    _ => {}
                });
            }
        }
        for (name, source) in rows.sources.iter().filter(|(_, source)| !source.absent) {
            let counted = taken.get(name.as_str()).map(|taken| taken.iter().filter(|taken| **taken).count() as u64);
            let all = source.rows as u64;
            let is_joined = joined.contains(name.as_str());
            account.sources.push(Source {
                joined: is_joined,
                source: name.clone(),
                rows: all,
                taken: counted.unwrap_or(0),
                refused: counted.map_or(0, |taken| all - taken),
                without_entity: if counted.is_some() || is_joined { 0 } else { all },
            });
        }
        let mut tables = Vec::new();
        for (entity, frames) in parts {
            let schema = Arc::new(table_schema(&self.spec, entity));
            let mut frames = frames.into_iter();
            let Some(mut frame) = frames.next() else { continue };
            for more in frames {
                frame.vstack_mut(&more).map_err(EvaluationError::from)?;
            }
            frame.rechunk_mut();
            account.made.push((schema.entity.clone(), frame.height() as u64));
            let table =
                Table::new(schema, frame).map_err(|error| Diagnostic::error(codes::BAD_IMPORT, error.to_string()))?;
            tables.push(table);
        }
        Ok(tables)
    }

    /// The rows of an entity that a target makes.
    fn frame(
        &self,
        target: &Target,
        source: &SourceRows,
        keep: &[bool],
        rows: &Rows,
        account: &mut Account,
    ) -> Result<DataFrame, ImportError> {
        let entity = &self.spec[target.entity];
        let kept: Vec<u32> = (0_u32..).zip(keep).filter(|(_, keep)| **keep).map(|(row, _)| row).collect();
        let mask = BooleanChunked::from_slice(PlSmallStr::EMPTY, keep);
        let mut columns = Vec::new();
        for (place, field) in entity.fields.iter().enumerate().filter(|(_, field)| !field.hidden) {
            let column = match target.fields.get(&FieldId(place)) {
                None => Column::nulls(kept.len(), field.ty.clone()),
                Some(expression) => {
                    let name = format!("{}.{}", target.name, field.name);
                    let filtered = |column: Column| column_where(&column, &mask);
                    if expression.ty == field.ty {
                        filtered(evaluate(expression, &target.source, rows)?)?
                    } else if expression.ty == Type::Text {
                        let texts = texts_of(&filtered(evaluate(expression, &target.source, rows)?)?);
                        let (column, failed) = convert::column(&texts, &field.ty);
                        let failed: Vec<u32> = failed.iter().map(|row| kept[*row as usize]).collect();
                        note(&mut account.not_converted, name, &failed, &source.places);
                        column
                    } else {
                        self.assigned(expression, &field.ty, &name, target, rows, &filtered)?
                    }
                }
            };
            columns.push(column.to_frame(&field.name).into_column());
        }
        DataFrame::new(kept.len(), columns).map_err(|error| EvaluationError::from(error).into())
    }

    fn assigned(
        &self,
        expression: &Expression,
        ty: &Type,
        name: &str,
        target: &Target,
        rows: &Rows,
        filtered: &dyn Fn(Column) -> Result<Column, ImportError>,
    ) -> Result<Column, ImportError> {
        // Keys are texts in specs and numbers in many a dataset: the digits are the key.
        if *ty == Type::Text {
            let texts = texts_of(&filtered(evaluate(expression, &target.source, rows)?)?);
            return Ok(Column::texts(texts.iter().map(Option::as_deref)));
        }
        let assigned = expression.clone().assigned_to(ty).map_err(|error| {
            let message = format!("`{name}` is of type {ty}, and its expression of type {}", expression.ty);
            let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, message).path(format!("entities.{name}"));
            diagnostic.help(error.help.unwrap_or(error.message))
        })?;
        filtered(evaluate(&assigned, &target.source, rows)?)
    }
}

/// What the columns of each source are, and whether the dataset lacks it.
fn columns_of(rows: &Rows) -> IndexMap<String, (IndexMap<String, Type>, bool)> {
    let of = |source: &SourceRows| {
        let columns = source.columns.iter().map(|(column, held)| (column.clone(), held.ty().clone()));
        (columns.collect(), source.absent)
    };
    rows.sources.iter().map(|(name, source)| (name.clone(), of(source))).collect()
}

/// Gives tables that the dataset lacks the columns, without rows, that are asked of them.
fn columns_of_absent(rows: &mut Rows, targets: &[Target]) {
    let expressions = targets.iter().flat_map(|target| target.condition.iter().chain(target.fields.values()));
    for column in expressions.flat_map(Expression::references) {
        if let Some(source) = rows.sources.get_mut(&column.entity).filter(|source| source.absent) {
            let nothing = || Column::nulls(0, column.ty.clone());
            source.columns.entry(column.field.clone()).or_insert_with(nothing);
        }
    }
}

fn column_where(column: &Column, mask: &BooleanChunked) -> Result<Column, ImportError> {
    let series: Series = column.series().filter(mask).map_err(EvaluationError::from)?;
    Column::new(series, column.ty().clone())
        .map_err(|error| Diagnostic::error(codes::BAD_IMPORT, error.to_string()).into())
}

/// Gives a source the columns that a target asks for to count the kept rows among those that lead to the same row.
fn number(rows: &mut Rows, target: &Target, keep: &[bool]) {
    let Some(source) = rows.sources.get_mut(&target.source) else { return };
    for (link, led) in &source.links {
        let name = format!("{ROW_OF}{link}");
        let is_asked = target.fields.values().any(|expression| {
            let mut found = false;
            expression.root.visit(&mut |node| {
                found |= matches!(node, manikin_expression::Expr::Column(column) if column.field == name);
            });
            found
        });
        if !is_asked {
            continue;
        }
        let mut counts: BTreeMap<u32, i64> = BTreeMap::new();
        let numbers = led.iter().zip(keep).map(|(to, keep)| {
            if !keep || *to == NO_ROW {
                return None;
            }
            let count = counts.entry(*to).or_default();
            *count += 1;
            Some(*count)
        });
        source.columns.insert(name, Column::units(numbers, Type::Integer));
    }
}

fn note(fields: &mut Vec<Field>, field: String, failed: &[u32], places: &Places) {
    if let Some(first) = failed.first() {
        fields.push(Field { field, count: failed.len() as u64, first: places.of(*first) });
    }
}

fn truth(column: &Column) -> Vec<bool> {
    match column.series().bool() {
        Ok(values) => values.iter().map(|value| value == Some(true)).collect(),
        Err(_) => vec![false; column.len()],
    }
}

fn texts_of(column: &Column) -> Vec<Option<String>> {
    (0..column.len()).map(|row| cell_text(column, row)).collect()
}
