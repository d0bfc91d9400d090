//! The tabular engine: a block of a spec's rows to the rows of a standard's tables.
//!
//! [`Tables`] holds what all blocks share and gives, for each block, one [`Table`] per table that projections fill.
//! Each block is projected on its own, on any thread. Keys are `block · 2^18 + place + 1`, where rows take their places
//! by subject, then by projection, then by row: they depend on neither threads nor partitions, and more subjects move
//! none of them.

pub(crate) mod cell;
mod ddl;
mod era;
mod error;
pub(crate) mod place;

use std::sync::Arc;

use indexmap::IndexMap;
use manikin_tables::{Block, Column, ColumnSchema, Relations, Table, TableSchema};
use polars::prelude::{DataFrame, IdxCa, IntoColumn, NewChunkedArray, PlSmallStr, Series};

pub use self::ddl::database_tables;
pub use self::error::RowsError;
pub use self::place::{ROWS_PER_BLOCK, key};

use self::cell::Keys;
use self::place::Taken;
use crate::checked::{Cell, Checked, ColumnDef, Content, From, ProjectionId, Standard, TableDef};
use crate::records::{Records, Shared};

/// The largest key that a 32-bit integer column holds.
const LARGEST_KEY: u64 = i32::MAX as u64;

/// Subjects in a block of a run, as in `manikin-generate`: only for telling people how many fit.
const SUBJECTS_PER_BLOCK: u64 = 256;

/// A mapping onto tables, ready for the blocks of a run.
pub struct Tables {
    shared: Shared,
    filled: Vec<Filled>,
    schemas: Vec<Arc<TableSchema>>,
    /// The places of the rows that are made once, by projection.
    once: Vec<Vec<u32>>,
}

/// A table that projections fill.
struct Filled {
    definition: TableDef,
    schema: Arc<TableSchema>,
    /// The projections of rows, in order.
    rows: Vec<usize>,
    /// The projections of eras, in order.
    eras: Vec<usize>,
}

impl Tables {
    /// Takes what every block needs of block 0 of a run of so many blocks.
    ///
    /// # Errors
    /// - Keys beyond what the standard's integers hold, for more than 2,096,000 subjects.
    /// - A table of which block 0 has more rows than keys.
    /// - A projection that the rows cannot answer, such as one from a table that is not there.
    pub fn new(mapping: Arc<Checked>, reference: &Block, blocks: u64) -> Result<Self, RowsError> {
        if mapping.standard == Standard::Omop54 && blocks * ROWS_PER_BLOCK > LARGEST_KEY {
            let most = (LARGEST_KEY / ROWS_PER_BLOCK - 1) * SUBJECTS_PER_BLOCK;
            let message = format!("the keys of {blocks} blocks do not fit the standard's 32-bit integers");
            return Err(RowsError::new(mapping.standard.name(), message)
                .help(format!("make at most {most} patients, or several datasets with seeds of their own")));
        }
        let filled = filled(&mapping);
        let schemas = filled.iter().map(|table| table.schema.clone()).collect();
        let mut tables = Self { shared: Shared::new(mapping, reference), filled, schemas, once: Vec::new() };
        let records = tables.shared.records(reference);
        let once = tables.places(&records)?.0.into_iter().map(|taken| taken.place_of).collect();
        drop(records);
        tables.once = once;
        Ok(tables)
    }

    /// The mapping.
    pub fn mapping(&self) -> &Arc<Checked> {
        self.shared.mapping()
    }

    /// The tables that are filled, in the order of the definition.
    pub fn schemas(&self) -> &[Arc<TableSchema>] {
        &self.schemas
    }

    /// The rows that a block becomes: a table for each of [`schemas`](Self::schemas).
    ///
    /// # Errors
    /// - A table with more rows than its block has keys for.
    /// - A required column without a value; a text longer than its column.
    pub fn project(&self, block: &Block) -> Result<Block, RowsError> {
        let records = self.shared.records(block);
        let (mut taken, in_order) = self.places(&records)?;
        let mut done: Vec<Option<Table>> = vec![None; self.filled.len()];
        let (plain, eras): (Vec<usize>, Vec<usize>) =
            (0..self.filled.len()).partition(|place| self.filled[*place].eras.is_empty());
        for place in plain {
            let table = &self.filled[place];
            let keys = Keys { here: &taken, once: &self.once };
            done[place] = Some(table.of_rows(&records, &keys, in_order[place])?);
        }
        for place in eras {
            let table = &self.filled[place];
            done[place] = Some(self.of_eras(&records, &mut taken, table, &done)?);
        }
        Ok(Block { index: block.index, tables: done.into_iter().flatten().collect() })
    }

    /// The rows that each projection takes, with their places; and which tables need no reordering.
    fn places(&self, records: &Records<'_>) -> Result<(Vec<Taken>, Vec<bool>), RowsError> {
        let projections = &self.mapping().projections;
        let mut taken: Vec<Taken> =
            projections.iter().map(|projection| Taken::of(records, projection)).collect::<Result<_, _>>()?;
        let in_order = self
            .filled
            .iter()
            .map(|table| place::settle(records, &table.definition.name, &table.rows, &mut taken))
            .collect::<Result<_, _>>()?;
        Ok((taken, in_order))
    }

    /// A table of eras, made of the rows of a table that is done.
    fn of_eras(
        &self,
        records: &Records<'_>,
        taken: &mut [Taken],
        table: &Filled,
        done: &[Option<Table>],
    ) -> Result<Table, RowsError> {
        let mut parts: Vec<Vec<Option<Column>>> = Vec::new();
        let mut rows = 0;
        for at in &table.eras {
            let projection = &self.mapping().projections[*at];
            let (From::Era(era), Content::Columns(columns)) = (&projection.from, &projection.content) else { continue };
            let fails = |message: String| RowsError::new(&projection.name, message);
            let spans = self.filled.iter().position(|table| table.definition.name == era.of);
            let spans = spans.and_then(|place| done[place].as_ref());
            let spans = spans.ok_or_else(|| fails(format!("the table {} is not filled before", era.of)))?;
            let column = |name: &str| -> Result<Column, RowsError> {
                let found = spans.frame().column(name).ok().zip(spans.schema().column(name));
                let (series, schema) = found.ok_or_else(|| fails(format!("{} has no column {name}", era.of)))?;
                Column::new(series.as_materialized_series().clone(), schema.ty.clone())
                    .map_err(|error| fails(error.to_string()))
            };
            let looked_up = |(at, name): (usize, &String)| -> Result<Column, RowsError> {
                let Some(through) = era.through.get(at).and_then(Option::as_ref) else { return column(name) };
                let table = records.table(&through.table);
                let known = table.and_then(|table| table.column(&through.from).zip(table.column(&through.to)));
                let known =
                    known.ok_or_else(|| fails(format!("the table {} cannot be looked up in", through.table)))?;
                era::through(&column(name)?, known).ok_or_else(|| fails(format!("{name} holds no whole numbers")))
            };
            let by: Vec<Column> = era.by.iter().enumerate().map(looked_up).collect::<Result<_, _>>()?;
            let (start, end) = (column(&era.start)?, column(&era.end)?);
            let eras = era::Spans { by: by.iter().collect(), start: &start, end: &end }
                .join(era.gap_days)
                .ok_or_else(|| fails("eras join by whole numbers and dates alone".to_owned()))?;
            if (rows + eras.len()) as u64 > ROWS_PER_BLOCK {
                return Err(place::too_many(&table.definition.name, records.block(), rows + eras.len()));
            }
            taken[*at].count = eras.len();
            taken[*at].places = (rows as u32..(rows + eras.len()) as u32).collect();
            rows += eras.len();
            let first: Vec<u32> = eras.iter().map(|era| era.row).collect();
            let mut part = Vec::with_capacity(table.definition.columns.len());
            for definition in &table.definition.columns {
                let cell = columns.iter().find(|(column, _)| column.name == definition.name).map(|(_, cell)| cell);
                let values = match cell {
                    None => None,
                    Some(Cell::Era(crate::checked::EraValue::By(place))) => {
                        by.get(*place).map(|by| cell::gather(by.clone(), Some(&first)))
                    }
                    Some(Cell::Era(value)) => era::property(&eras, *value),
                    Some(cell) => {
                        let keys = Keys { here: taken, once: &self.once };
                        Some(cell::values(records, &keys, ProjectionId(*at), definition, cell)?)
                    }
                };
                if let Some(values) = &values {
                    cell::check(records.mapping().standard, projection, definition, values)?;
                }
                part.push(values);
            }
            parts.push(part);
        }
        table.assemble(parts, &table.eras.iter().map(|at| taken[*at].count).collect::<Vec<_>>(), None)
    }
}

impl Filled {
    fn of_rows(&self, records: &Records<'_>, keys: &Keys<'_>, in_order: bool) -> Result<Table, RowsError> {
        let mut parts = Vec::with_capacity(self.rows.len());
        for at in &self.rows {
            let projection = &records.mapping().projections[*at];
            if keys.here[*at].count == 0 {
                parts.push(Vec::new());
                continue;
            }
            let Content::Columns(columns) = &projection.content else { continue };
            let mut part = Vec::with_capacity(self.definition.columns.len());
            for definition in &self.definition.columns {
                let cell = columns.iter().find(|(column, _)| column.name == definition.name);
                let values = match cell {
                    None => None,
                    Some((_, cell)) => Some(cell::values(records, keys, ProjectionId(*at), definition, cell)?),
                };
                if let Some(values) = &values {
                    cell::check(records.mapping().standard, projection, definition, values)?;
                }
                part.push(values);
            }
            parts.push(part);
        }
        let counts: Vec<usize> = self.rows.iter().map(|at| keys.here[*at].count).collect();
        let order = (!in_order).then(|| {
            let rows: usize = counts.iter().sum();
            let mut order = vec![0_u32; rows];
            let places = self.rows.iter().flat_map(|at| &keys.here[*at].places);
            for (from, to) in (0_u32..).zip(places) {
                order[*to as usize] = from;
            }
            order
        });
        self.assemble(parts, &counts, order.as_deref())
    }

    /// The columns of several projections one after the other, then in the order of their places.
    fn assemble(
        &self,
        parts: Vec<Vec<Option<Column>>>,
        counts: &[usize],
        order: Option<&[u32]>,
    ) -> Result<Table, RowsError> {
        let fails = |message: String| RowsError::new(&self.definition.name, message);
        let rows: usize = counts.iter().sum();
        let order = order.map(|order| IdxCa::from_slice(PlSmallStr::EMPTY, order));
        let mut columns = Vec::with_capacity(self.definition.columns.len());
        for (place, definition) in self.definition.columns.iter().enumerate() {
            let mut whole: Option<Series> = None;
            for (part, count) in parts.iter().zip(counts) {
                if *count == 0 {
                    continue;
                }
                let values = part.get(place).cloned().flatten();
                let values = values.unwrap_or_else(|| Column::nulls(*count, definition.ty.clone()));
                whole = Some(match whole {
                    None => values.series().clone(),
                    Some(mut so_far) => {
                        so_far.append(values.series()).map_err(|error| fails(error.to_string()))?;
                        so_far
                    }
                });
            }
            let series = match (whole, &order) {
                (None, _) => Column::nulls(0, definition.ty.clone()).series().clone(),
                (Some(series), None) => series,
                (Some(series), Some(order)) => {
                    series.rechunk().take(order).map_err(|error| fails(error.to_string()))?
                }
            };
            let column = Column::new(series, definition.ty.clone()).map_err(|error| fails(error.to_string()))?;
            columns.push(column.to_frame(&definition.name).into_column());
        }
        let frame = DataFrame::new(rows, columns).map_err(|error| fails(error.to_string()))?;
        Table::new(self.schema.clone(), frame).map_err(|error| fails(error.to_string()))
    }
}

/// The tables that projections fill, in the order of the definition.
fn filled(mapping: &Checked) -> Vec<Filled> {
    let mut filled: IndexMap<&str, (Vec<usize>, Vec<usize>)> = IndexMap::new();
    for (at, projection) in mapping.projections.iter().enumerate() {
        let (rows, eras) = filled.entry(projection.to.as_str()).or_default();
        match projection.from {
            From::Era(_) => eras.push(at),
            _ => rows.push(at),
        }
    }
    let is_filled = |name: &str| filled.contains_key(name);
    let table = |definition: &TableDef| {
        let (rows, eras) = filled.get(definition.name.as_str())?.clone();
        let schema = Arc::new(schema(mapping, definition, &is_filled));
        Some(Filled { definition: definition.clone(), schema, rows, eras })
    };
    mapping.definition.values().filter_map(table).collect()
}

/// A standard's table as formats write it. A foreign key is declared where the table that it leads to is filled.
fn schema(mapping: &Checked, definition: &TableDef, is_filled: &dyn Fn(&str) -> bool) -> TableSchema {
    let column = |column: &ColumnDef| {
        let mut schema = ColumnSchema::new(column.name.clone(), column.ty.clone());
        schema.required = column.required;
        let target = column.foreign_key.as_deref().filter(|target| is_filled(target));
        let key = target.and_then(|target| {
            let found = mapping.definition.get(target)?.columns.iter().find(|column| column.primary_key)?;
            Some((target, found.name.clone()))
        });
        match key {
            Some((target, key)) => schema.references(target, key),
            None => schema,
        }
    };
    let key = definition.columns.iter().filter(|column| column.primary_key).map(|column| column.name.clone());
    TableSchema::new(definition.name.clone(), definition.columns.iter().map(column).collect()).with_key(key)
}
