//! One wide row per row of an entity: what people drop into a spreadsheet.
//!
//! - the entity's own columns keep their names;
//! - columns of its ancestors and of the rows it points to come with the entity's name before them
//!   (`patient_birth_date`, `provider_specialty`); where several keys point to one entity, the key's name without `_id`
//!   stands instead;
//! - of children, at most one per row by contract give their columns likewise; others give their number
//!   (`claim_line_count`) and lists in the order of their rows (`claim_line_billed`), an empty text for no value.

use std::collections::BTreeMap;
use std::sync::Arc;

use manikin_expression::Type;
use manikin_generate::Plan;
use manikin_spec::spec::{EntityId, FieldId, Generator, Spec};
use manikin_tables::{Block, Column, ColumnSchema, Dataset, NO_ROW, Table, TableSchema, cell_text};
use polars::prelude::{Column as FrameColumn, DataFrame, IdxCa, IntoColumn};

use crate::failure::Failure;
use crate::layout::defect;

/// How an entity is made wide.
pub(crate) struct Flat {
    spec: Arc<Spec>,
    entity: EntityId,
    schema: Arc<TableSchema>,
    sources: Vec<Source>,
    reference: Option<Dataset>,
}

/// Where a wide column's values come from.
struct Source {
    way: Way,
    entity: EntityId,
    what: What,
}

/// How a row of the main entity finds the rows of a column.
#[derive(Clone, PartialEq)]
enum Way {
    Own,
    /// So many parents up.
    Up(usize),
    /// Through a key, after so many parents up.
    Link(usize, FieldId),
    /// The child rows.
    Down,
}

#[derive(Clone, Copy)]
enum What {
    Value(FieldId),
    List(FieldId),
    Count,
}

impl Flat {
    /// Plans the columns.
    pub(crate) fn new(plan: &Plan, entity: EntityId) -> Self {
        let spec = Arc::new(plan.spec().clone());
        let schemas: BTreeMap<String, Arc<TableSchema>> =
            plan.schemas().into_iter().map(|schema| (schema.entity.clone(), schema)).collect();
        let mut wide = Wide { spec: &spec, schemas: &schemas, columns: Vec::new(), sources: Vec::new() };
        wide.add(&Way::Own, entity, "");
        wide.ancestors_and_links(entity);
        wide.children(entity);
        let (columns, sources) = (wide.columns, wide.sources);
        let mut schema = TableSchema::new(spec[entity].name.clone(), columns);
        if let Some(own) = schemas.get(&spec[entity].name) {
            schema.key.clone_from(&own.key);
            schema.means = own.means.as_ref().map(|means| format!("{} One wide row each.", means.trim()));
        }
        Self { spec, entity, schema: Arc::new(schema), sources, reference: None }
    }

    pub(crate) fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// Keeps the rows that are made once for all.
    pub(crate) fn take_reference(&mut self, block: Block) {
        let tables = block.tables.iter().filter(|table| table.rows() > 0);
        self.reference = Some(Dataset::related(self.spec.clone(), tables, &BTreeMap::new()));
    }

    /// The wide rows of a block.
    pub(crate) fn widen(&self, block: &Block) -> Result<Table, Failure> {
        // A block holds its own rows; those made once for all come with every block of subjects.
        let data = match &self.reference {
            Some(reference) if block.index > 0 => reference.with(&block.tables),
            _ => Dataset::related(self.spec.clone(), &block.tables, &BTreeMap::new()),
        };
        let rows = data.rows_of(self.entity);
        let mut columns: Vec<FrameColumn> = Vec::with_capacity(self.sources.len());
        let mut routes: Vec<(Way, EntityId, Vec<u32>)> = Vec::new();
        for (source, schema) in self.sources.iter().zip(&self.schema.columns) {
            let known = routes.iter().position(|(way, entity, _)| *way == source.way && *entity == source.entity);
            let place = match known {
                Some(place) => place,
                None => {
                    routes.push((source.way.clone(), source.entity, self.route(&data, source, rows)));
                    routes.len() - 1
                }
            };
            let column = column(&data, source, &routes[place].2, rows, schema)?;
            columns.push(column.to_frame(&schema.name).into_column());
        }
        let frame = DataFrame::new(rows, columns).map_err(|error| defect(&error.to_string()))?;
        Table::new(self.schema.clone(), frame).map_err(|error| defect(&error.to_string()))
    }

    /// For ways up and across, the row that each main row leads to; downwards, the main row of each child row.
    fn route(&self, data: &Dataset, source: &Source, rows: usize) -> Vec<u32> {
        let up = |levels: usize| {
            let mut route: Vec<u32> = (0..rows as u32).collect();
            let mut at = self.entity;
            for _ in 0..levels {
                let step = data.parent(at).unwrap_or_default();
                for row in &mut route {
                    *row = step.get(*row as usize).copied().unwrap_or(NO_ROW);
                }
                match self.spec[at].parent {
                    Some(parent) => at = parent,
                    None => break,
                }
            }
            (route, at)
        };
        match &source.way {
            Way::Own => up(0).0,
            Way::Up(levels) => up(*levels).0,
            Way::Link(levels, field) => {
                let (route, at) = up(*levels);
                let link = data.link(at, *field).unwrap_or_default();
                route.into_iter().map(|row| link.get(row as usize).copied().unwrap_or(NO_ROW)).collect()
            }
            Way::Down => data.parent(source.entity).map(<[u32]>::to_vec).unwrap_or_default(),
        }
    }
}

struct Wide<'a> {
    spec: &'a Spec,
    schemas: &'a BTreeMap<String, Arc<TableSchema>>,
    columns: Vec<ColumnSchema>,
    sources: Vec<Source>,
}

impl Wide<'_> {
    /// Adds the columns of the one row that a way leads to; keys that say the same as a column there are left out.
    fn add(&mut self, way: &Way, entity: EntityId, prefix: &str) {
        for (place, field) in self.visible(entity) {
            if *way != Way::Own && (self.spec[entity].key.contains(&place) || self.is_ancestor_key(entity, place)) {
                continue;
            }
            let Some(mut column) = self.schema(entity, place) else { continue };
            if *way != Way::Own {
                column.required = false;
                column.unique = false;
            }
            column.references = None;
            column.name = format!("{prefix}{field}");
            self.push(column, Source { way: way.clone(), entity, what: What::Value(place) });
        }
    }

    fn ancestors_and_links(&mut self, entity: EntityId) {
        let mut at = entity;
        let mut levels = 0;
        loop {
            if levels > 0 && !self.spec[at].hidden {
                let prefix = format!("{}_", self.spec[at].name);
                self.add(&Way::Up(levels), at, &prefix);
            }
            // What ancestors point to is theirs; a wide row holds what the row itself points to.
            if levels == 0 {
                self.links(at);
            }
            match self.spec[at].parent {
                Some(parent) => at = parent,
                None => return,
            }
            levels += 1;
        }
    }

    fn links(&mut self, entity: EntityId) {
        let ancestors: Vec<EntityId> = std::iter::successors(Some(entity), |at| self.spec[*at].parent).collect();
        let links: Vec<(FieldId, EntityId)> = self.spec[entity]
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| !field.hidden)
            .filter_map(|(place, field)| Some((FieldId(place), field.references?)))
            .filter(|(_, target)| !ancestors.contains(target) && !self.spec[*target].hidden)
            .collect();
        for (field, target) in &links {
            let is_only = links.iter().filter(|(_, other)| other == target).count() == 1;
            let name = &self.spec[entity][*field].name;
            let prefix = if is_only { &self.spec[*target].name } else { name.strip_suffix("_id").unwrap_or(name) };
            self.add(&Way::Link(0, *field), *target, &format!("{prefix}_"));
        }
    }

    fn children(&mut self, entity: EntityId) {
        for place in 0..self.spec.entities.len() {
            let child = EntityId(place);
            if self.spec[child].parent != Some(entity) || self.spec[child].hidden {
                continue;
            }
            let name = self.spec[child].name.clone();
            let is_one = self.spec[child].cardinality.is_some_and(|(_, max)| max.is_some_and(|max| max <= 1));
            if is_one {
                self.add(&Way::Down, child, &format!("{name}_"));
                continue;
            }
            let mut count = ColumnSchema::new(format!("{name}_count"), Type::Integer);
            count.means = Some(format!("Number of rows of {name}"));
            self.push(count, Source { way: Way::Down, entity: child, what: What::Count });
            for (field_place, field) in self.visible(child) {
                if self.spec[child].key.contains(&field_place) || self.is_ancestor_key(child, field_place) {
                    continue;
                }
                let Some(mut column) = self.schema(child, field_place) else { continue };
                column.ty = Type::List(Box::new(Type::Text));
                column.required = false;
                column.unique = false;
                column.references = None;
                column.name = format!("{name}_{field}");
                self.push(column, Source { way: Way::Down, entity: child, what: What::List(field_place) });
            }
        }
    }

    fn visible(&self, entity: EntityId) -> Vec<(FieldId, String)> {
        let fields = self.spec[entity].fields.iter().enumerate().filter(|(_, field)| !field.hidden);
        fields.map(|(place, field)| (FieldId(place), field.name.clone())).collect()
    }

    fn is_ancestor_key(&self, entity: EntityId, field: FieldId) -> bool {
        matches!(self.spec[entity][field].generator, Some(Generator::KeyOf(_)))
    }

    fn schema(&self, entity: EntityId, field: FieldId) -> Option<ColumnSchema> {
        self.schemas.get(&self.spec[entity].name)?.column(&self.spec[entity][field].name).cloned()
    }

    /// Two columns of one name would be no table; the later one is numbered.
    fn push(&mut self, mut column: ColumnSchema, source: Source) {
        let name = column.name.clone();
        let mut number = 2;
        while self.columns.iter().any(|known| known.name == column.name) {
            column.name = format!("{name}_{number}");
            number += 1;
        }
        self.columns.push(column);
        self.sources.push(source);
    }
}

fn column(
    data: &Dataset,
    source: &Source,
    route: &[u32],
    rows: usize,
    schema: &ColumnSchema,
) -> Result<Column, Failure> {
    let is_down = source.way == Way::Down;
    match source.what {
        What::Count => {
            let mut counts = vec![0_i64; rows];
            for row in route {
                if let Some(count) = counts.get_mut(*row as usize) {
                    *count += 1;
                }
            }
            Ok(Column::integers(counts))
        }
        What::Value(field) => {
            let Some(values) = data.field(source.entity, field) else {
                return Ok(Column::nulls(rows, schema.ty.clone()));
            };
            // Downwards the way is turned round: the first child of each row.
            let first;
            let route = if is_down {
                first = turned(route, rows);
                &first
            } else {
                route
            };
            if values.is_empty() {
                return Ok(Column::nulls(rows, schema.ty.clone()));
            }
            let indices: IdxCa = route.iter().map(|row| (*row != NO_ROW).then_some(*row)).collect();
            let taken = values.series().take(&indices).map_err(|error| defect(&error.to_string()))?;
            Column::new(taken, schema.ty.clone()).map_err(|error| defect(&error.to_string()))
        }
        What::List(field) => {
            let mut lists: Vec<Option<Vec<String>>> = vec![Some(Vec::new()); rows];
            if let Some(values) = data.field(source.entity, field) {
                for (child, row) in route.iter().enumerate() {
                    if let Some(Some(list)) = lists.get_mut(*row as usize) {
                        list.push(cell_text(values, child).unwrap_or_default());
                    }
                }
            }
            Ok(Column::lists(&lists))
        }
    }
}

/// For each row, the first child that belongs to it.
fn turned(route: &[u32], rows: usize) -> Vec<u32> {
    let mut first = vec![NO_ROW; rows];
    for (child, row) in (0_u32..).zip(route) {
        if let Some(place) = first.get_mut(*row as usize)
            && *place == NO_ROW
        {
            *place = child;
        }
    }
    first
}
