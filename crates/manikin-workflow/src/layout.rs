//! How a run's tables are laid out in files: which of them, under what names, in what shape.

use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_generate::{Plan, Run, TRUTH_TABLE};
use manikin_spec::spec::{Action, Spec};
use manikin_tables::{Block, Table, TableSchema};

use crate::failure::Failure;
use crate::flat::Flat;
use crate::generate::Shape;
use crate::library::SpecFiles;
use crate::names::Names;

/// A layout that has been checked against the plan.
pub(crate) struct Layout {
    /// Places of the tables that are written, among those of a block.
    tables: Vec<usize>,
    flat: Option<Flat>,
    names: Option<Names>,
    /// Schemas as written: keys and required columns that edge cases break on purpose are not declared.
    schemas: Vec<Arc<TableSchema>>,
}

impl Layout {
    /// Checks what is asked against the tables of a plan.
    ///
    /// # Errors
    ///
    /// - `MK0911` when an entity or a mapping is not known
    pub(crate) fn new(
        plan: &Plan,
        only: &[String],
        shape: &Shape,
        names: Option<&str>,
        files: &SpecFiles,
    ) -> Result<Self, Failure> {
        let spec = plan.spec();
        let schemas = plan.schemas();
        let known = || schemas.iter().map(|schema| schema.entity.as_str()).filter(|name| *name != TRUTH_TABLE);
        for name in only {
            if !known().any(|known| known == name) {
                return Err(unknown_entity(name, known()));
            }
        }
        let names = names.map(|name| Names::read(name, files)).transpose()?;
        let flat = match shape {
            Shape::Relational => None,
            Shape::Flat { entity } => {
                let name = match entity {
                    Some(name) => name.clone(),
                    None => main_entity(spec),
                };
                let Some(id) = spec.entity(&name).filter(|id| !spec[*id].hidden) else {
                    return Err(unknown_entity(&name, known()));
                };
                Some(Flat::new(plan, id))
            }
        };
        let is_truth = |schema: &TableSchema| schema.entity == TRUTH_TABLE;
        let is_written = |schema: &TableSchema| {
            is_truth(schema) || (flat.is_none() && (only.is_empty() || only.contains(&schema.entity)))
        };
        let tables: Vec<usize> = (0..schemas.len()).filter(|place| is_written(&schemas[*place])).collect();
        // The wide table is named after its entity and begins with its columns, so that the same cases break it.
        let mut written: Vec<Arc<TableSchema>> = flat.iter().map(|flat| relaxed(spec, flat.schema())).collect();
        written.extend(tables.iter().map(|place| relaxed(spec, &schemas[*place])));
        if let Some(names) = &names {
            written = written.iter().map(|schema| names.rename(schema)).collect();
        }
        Ok(Self { tables, flat, names, schemas: written })
    }

    /// Takes what every block needs of the rows that are made once for all.
    ///
    /// # Errors
    ///
    /// - `MK0910` when they cannot be made
    pub(crate) fn ready(mut self, run: &Run) -> Result<Self, Failure> {
        if let Some(flat) = &mut self.flat {
            flat.take_reference(run.block(0)?);
        }
        Ok(self)
    }

    /// The tables that are written.
    pub(crate) fn schemas(&self) -> &[Arc<TableSchema>] {
        &self.schemas
    }

    /// A block as it is written.
    ///
    /// # Errors
    ///
    /// - `MK0907` when a table does not fit its schema, a defect of the program
    pub(crate) fn arrange(&self, block: Block) -> Result<Block, Failure> {
        let index = block.index;
        let mut tables = Vec::with_capacity(self.schemas.len());
        if let Some(flat) = &self.flat {
            tables.push(flat.widen(&block)?);
        }
        let mut all: Vec<Option<Table>> = block.tables.into_iter().map(Some).collect();
        tables.extend(self.tables.iter().filter_map(|place| all.get_mut(*place).and_then(Option::take)));
        if self.names.is_some() {
            let renamed = tables.into_iter().zip(&self.schemas).map(|(table, schema)| {
                let mut frame = table.into_frame();
                let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
                frame.set_column_names(&names).map_err(|error| defect(&error.to_string()))?;
                Table::new(schema.clone(), frame).map_err(|error| defect(&error.to_string()))
            });
            tables = renamed.collect::<Result<_, Failure>>()?;
        }
        Ok(Block { index, tables })
    }
}

/// A contradiction within the program.
pub(crate) fn defect(message: &str) -> Failure {
    Diagnostic::error(codes::INTERNAL_MISMATCH, message).help("this is a defect of manikin; please report it").into()
}

/// No entity of this name is written.
pub(crate) fn unknown_entity<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let near = nearest(name, known.iter().copied());
    let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("the spec writes no entity `{name}`"));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("its entities are {}", known.join(", "))),
    }
    .into()
}

/// The entity that consumers look at first: that of the first critical field, else the first that has most fields.
fn main_entity(spec: &Spec) -> String {
    let critical =
        spec.document.critical_fields.iter().filter_map(|field| field.split_once('.')).map(|(entity, _)| entity);
    let mut written = critical.filter(|name| spec.entity(name).is_some_and(|id| !spec[id].hidden));
    if let Some(name) = written.next() {
        return name.to_owned();
    }
    let visible = spec.entities.iter().filter(|entity| !entity.hidden);
    let widest = visible.rev().max_by_key(|entity| entity.fields.iter().filter(|field| !field.hidden).count());
    widest.map(|entity| entity.name.clone()).unwrap_or_default()
}

/// A schema that declares only what its rows keep: what edge cases break on purpose is left out, so that databases
/// take the rows.
fn relaxed(spec: &Spec, schema: &Arc<TableSchema>) -> Arc<TableSchema> {
    let mut relaxed = TableSchema::clone(schema);
    for case in spec.edge_cases.iter().filter(|case| spec[case.entity].name == schema.entity) {
        let fields: Vec<usize> = match &case.action {
            Action::Duplicate => {
                relaxed.key.clear();
                relaxed.columns.iter_mut().for_each(|column| column.unique = false);
                continue;
            }
            Action::Clear(fields) => fields.iter().map(|field| field.0).collect(),
            Action::Corrupt(fields) => fields.iter().map(|(field, _)| field.0).collect(),
            Action::Set(fields) if !case.breaks.is_empty() => fields.iter().map(|(field, _)| field.0).collect(),
            Action::Set(_) => continue,
        };
        for field in fields.into_iter().filter_map(|place| spec[case.entity].fields.get(place)) {
            if relaxed.key.contains(&field.name) {
                relaxed.key.clear();
            }
            if let Some(column) = relaxed.columns.iter_mut().find(|column| column.name == field.name) {
                column.required = false;
                column.unique = false;
                column.references = None;
            }
        }
    }
    if relaxed == **schema { schema.clone() } else { Arc::new(relaxed) }
}
