//! One step of a block: makes an entity's rows, computes a field, or settles which rows stay.

mod draw;
mod fake;
mod link;
mod list;
mod modelled;
mod place;
mod running;

use crate::block::{EntityRows, Rows};
use crate::edge;
use crate::error::GenerateError;
use crate::learned;
use crate::plan::{Compiled, CountPlan, Plan, RowsPlan};
use crate::plan::{PickPlan, QuantilePlan};
use crate::relations::{Candidates, column_of};
use crate::unmet;
use crate::values::{self, NONE};
use crate::whole::Whole;
use manikin_expression::{Expression, Type};
use manikin_random::{Name, TotalSplit, normal_cdf, normal_quantile};
use manikin_spec::spec::{EntityId, FieldId, Parameter, Step};
use manikin_tables::Column;

/// Most rows that one parent may have, whatever its count says: a guard against a slip in an expression.
const ROWS_PER_PARENT: f64 = 1_000_000.0;

/// Most rows of one entity in a block: beyond, memory would not be bounded any more.
const ROWS_PER_BLOCK: u64 = 100_000_000;

/// Carries out these steps, in order.
pub(crate) fn compute(plan: &Plan, whole: &Whole, rows: &mut Rows, steps: &[usize]) -> Result<(), GenerateError> {
    for &step in steps {
        match plan.spec.steps[step] {
            Step::Rows(entity) if plan.is_reference(entity) == rows.reference.is_none() => {
                make_rows(plan, whole, rows, entity)?;
            }
            Step::Field(entity, field) if plan.is_reference(entity) == rows.reference.is_none() => {
                compute_field(plan, whole, rows, entity, field)?;
            }
            Step::Learned(entity) if plan.is_reference(entity) == rows.reference.is_none() => {
                rows.entities[entity.0].codes = learned::codes(plan, rows, entity)?;
            }
            Step::Settle(entity) if plan.is_reference(entity) == rows.reference.is_none() => {
                settle(plan, rows, entity)?;
            }
            Step::Rows(_) | Step::Learned(_) | Step::Field(..) | Step::Settle(_) => {}
        }
    }
    Ok(())
}

/// What a generator needs to know: the rows, and whose field it makes.
pub(crate) struct Cx<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) rows: &'a Rows,
    /// The entity whose rows the generator sees.
    pub(crate) entity: EntityId,
    /// The name under which it draws.
    pub(crate) name: Name,
    /// For messages.
    pub(crate) place: &'a str,
    /// Correlated normals instead of the field's own draws.
    pub(crate) normals: Option<&'a [f64]>,
}

/// The values of a generator, and for links the rows that they lead to.
pub(crate) struct Output {
    pub(crate) column: Column,
    pub(crate) links: Option<Vec<u32>>,
}

impl From<Column> for Output {
    fn from(column: Column) -> Self {
        Self { column, links: None }
    }
}

fn make_rows(plan: &Plan, whole: &Whole, rows: &mut Rows, id: EntityId) -> Result<(), GenerateError> {
    let name = plan.names[id.0].entity;
    let parent = plan.spec[id].parent;
    let mut made = EntityRows { columns: vec![None; plan.spec[id].fields.len()], ..EntityRows::default() };
    let bounded = |count: u64| match count {
        0..=ROWS_PER_BLOCK => Ok(()),
        _ => Err(GenerateError::new(
            &plan.spec[id].name,
            format!("{count} rows at once are more than {ROWS_PER_BLOCK}, which memory is meant to hold"),
        )
        .help("lower the count, or let the rows descend from the subject")),
    };
    let root = |made: &mut EntityRows, first: u64, count: u64| {
        for index in 0..count {
            made.address.push(plan.key.subject(name, first + index));
            made.sibling.push((first + index) as u32);
            made.parent.push(NONE);
            made.subject.push(index as u32);
        }
    };
    match (&plan.rows[id.0], parent) {
        (RowsPlan::External, _) => {}
        (RowsPlan::Fixed(count), None) => {
            if plan.is_reference(id) {
                bounded(*count)?;
                root(&mut made, 0, *count);
            } else {
                let (first, count) = plan.subjects_of(rows.index);
                root(&mut made, first, count);
            }
        }
        (RowsPlan::Fixed(count), Some(parent)) => {
            let counts = vec![*count; rows.entities[parent.0].len()];
            bounded(counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))?;
            children(plan, rows, id, parent, &counts, &mut made);
        }
        (RowsPlan::PerParent(count), Some(parent)) => {
            let place = plan.spec[id].name.as_str();
            let cx = Cx { plan, rows, entity: parent, name: plan.names[id.0].count, place, normals: None };
            let counts = cx.counts(count)?;
            bounded(counts.iter().sum())?;
            children(plan, rows, id, parent, &counts, &mut made);
        }
        (RowsPlan::Learned, Some(parent)) => {
            let counts = learned::counts(plan, rows, id)?;
            bounded(counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))?;
            children(plan, rows, id, parent, &counts, &mut made);
        }
        (RowsPlan::PerParent(_) | RowsPlan::Learned, None) => {}
        (RowsPlan::Total(spread, total, min, max), parent) => {
            let parents = parent.map_or(1, |parent| rows.entities[parent.0].len() as u64);
            let (first, units) = match parent {
                Some(parent) => whole.units(plan, rows.index, parent, parents),
                None => (0, 1),
            };
            let key = plan.key.address().child(plan.names[id.0].count, 0);
            let split = TotalSplit::new(*total, units, *min, *max, *spread).map_err(|error| {
                let parent = parent.map(|parent| plan.spec[parent].name.as_str());
                unmet::total(&plan.spec[id].name, parent, error)
            })?;
            let counts = split.for_range(key, first..first + parents);
            bounded(counts.iter().sum())?;
            match parent {
                Some(parent) => children(plan, rows, id, parent, &counts, &mut made),
                None => root(&mut made, 0, *total),
            }
        }
        (RowsPlan::Each(each), parent) => {
            let place = plan.spec[id].name.as_str();
            let viewer = parent.unwrap_or(id);
            let count = parent.map_or(1, |parent| rows.entities[parent.0].len());
            let values = match parent {
                Some(_) => each
                    .matching
                    .iter()
                    .map(|expression| column_of(plan, rows, viewer, expression, place))
                    .collect::<Result<Vec<_>, _>>()?,
                None => Vec::new(),
            };
            let found = each.strata.find(&values, &[], count, place)?;
            let mut of = Vec::new();
            let mut item = Vec::new();
            for row in 0..count {
                for &table_row in &found.at(row).rows {
                    of.push(row as u32);
                    item.push(table_row);
                }
            }
            let table = &plan.tables[&each.table];
            if let (Some(when), Some(parent)) = (&each.when, parent) {
                let items = |name: &str| table.columns.get(name).map(|column| values::gather(column, &item));
                let mask = Candidates::new(plan, rows, (parent, id), &of, &items, when).holds(when, place)?;
                let keep =
                    |from: &[u32]| from.iter().zip(&mask).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
                (of, item) = (keep(&of), keep(&item));
            }
            for (&row, &table_row) in of.iter().zip(&item) {
                match parent {
                    Some(parent) => push_child(&rows.entities[parent.0], name, row, table_row, &mut made),
                    None => root(&mut made, u64::from(table_row), 1),
                }
            }
            if parent.is_none() {
                made.subject = (0..made.len() as u32).collect();
            }
            for column in &each.items {
                if let Some(values) = table.columns.get(column) {
                    made.items.insert(column.clone(), values::gather(values, &item));
                }
            }
        }
    }
    rows.entities[id.0] = made;
    Ok(())
}

/// Child rows in the order of their parents, so many each.
fn children(plan: &Plan, rows: &Rows, id: EntityId, parent: EntityId, counts: &[u64], made: &mut EntityRows) {
    let name = plan.names[id.0].entity;
    let total: u64 = counts.iter().sum();
    made.address.reserve(total as usize);
    let above = &rows.entities[parent.0];
    for (row, &count) in counts.iter().enumerate() {
        for sibling in 0..count {
            push_child(above, name, row as u32, sibling as u32, made);
        }
    }
}

fn push_child(above: &EntityRows, name: Name, row: u32, sibling: u32, made: &mut EntityRows) {
    made.address.push(above.address[row as usize].child(name, u64::from(sibling)));
    made.sibling.push(sibling);
    made.parent.push(row);
    made.subject.push(above.subject[row as usize]);
}

fn compute_field(
    plan: &Plan,
    whole: &Whole,
    rows: &mut Rows,
    id: EntityId,
    field: FieldId,
) -> Result<(), GenerateError> {
    let Some(generator) = &plan.generators[id.0][field.0] else {
        let column = values::nulls(&plan.spec[id][field].ty, rows.entities[id.0].len());
        rows.entities[id.0].columns[field.0] = Some(column);
        return Ok(());
    };
    correlate(plan, rows, id, field);
    let described = &plan.spec[id][field];
    let place = format!("{}.{}", plan.spec[id].name, described.name);
    let normals = rows.entities[id.0].normals.get(&field).map(Vec::as_slice);
    let cx = Cx { plan, rows, entity: id, name: plan.names[id.0].fields[field.0], place: &place, normals };
    let mut output = match whole.categories(plan, rows, id, field) {
        Some(categories) => match generator {
            Compiled::Choice { dictionary, .. } => values::gather(dictionary, &categories).into(),
            _ => return Err(GenerateError::new(place, "only a choice can be exact")),
        },
        None => cx.generate(generator, &described.ty, None)?,
    };
    output.column = values::convert(output.column, &described.ty);
    if let Some(missing) = &described.missing {
        // The condition may be about the value that goes missing.
        rows.entities[id.0].columns[field.0] = Some(output.column.clone());
        let cx = Cx { plan, rows, entity: id, name: plan.names[id.0].fields[field.0], place: &place, normals: None };
        let absent = cx.missing(missing, plan.names[id.0].missing[field.0])?;
        let kept: Vec<u32> =
            absent.iter().enumerate().map(|(row, absent)| if *absent { NONE } else { row as u32 }).collect();
        if absent.iter().any(|absent| *absent) {
            output.column = values::gather(&output.column, &kept);
            if let Some(links) = &mut output.links {
                for (link, absent) in links.iter_mut().zip(&absent) {
                    if *absent {
                        *link = NONE;
                    }
                }
            }
        }
    }
    let entity = &mut rows.entities[id.0];
    entity.columns[field.0] = Some(output.column);
    if let Some(links) = output.links {
        entity.links.insert(field, links);
    }
    edge::set(plan, whole, rows, id, field)
}

/// Works out the correlated normals of a field's group, once.
fn correlate(plan: &Plan, rows: &mut Rows, id: EntityId, field: FieldId) {
    let Some(group) = plan.correlations[id.0].iter().find(|group| group.fields.contains(&field)) else { return };
    if rows.entities[id.0].normals.contains_key(&field) {
        return;
    }
    let entity = &mut rows.entities[id.0];
    let names: Vec<Name> = group.fields.iter().map(|field| plan.names[id.0].fields[field.0]).collect();
    let mut columns = vec![Vec::with_capacity(entity.len()); names.len()];
    let mut normals = vec![0.0; names.len()];
    for address in &entity.address {
        for (normal, name) in normals.iter_mut().zip(&names) {
            *normal = normal_quantile(address.uniform(*name));
        }
        group.correlation.mix(&mut normals);
        for (column, normal) in columns.iter_mut().zip(&normals) {
            column.push(*normal);
        }
    }
    for (field, column) in group.fields.iter().zip(columns) {
        entity.normals.insert(*field, column);
    }
}

/// Discards the rows that are not kept and orders the rest within their parents.
fn settle(plan: &Plan, rows: &mut Rows, id: EntityId) -> Result<(), GenerateError> {
    let entity = &plan.spec[id];
    if entity.keep.is_none() && entity.sort.is_none() {
        return Ok(());
    }
    let mut order: Vec<u32> = match &entity.keep {
        Some(keep) => {
            let mask = values::to_mask(&column_of(plan, rows, id, keep, &format!("{}.keep", entity.name))?);
            mask.iter().enumerate().filter(|(_, keep)| **keep).map(|(row, _)| row as u32).collect()
        }
        None => (0..rows.entities[id.0].len() as u32).collect(),
    };
    if let Some(sort) = entity.sort
        && let Some(column) = &rows.entities[id.0].columns[sort.0]
    {
        let parent = &rows.entities[id.0].parent;
        let keys = running::order_keys(column);
        order.sort_by_key(|&row| (parent[row as usize], keys[row as usize]));
    }
    let unchanged =
        order.len() == rows.entities[id.0].len() && order.iter().enumerate().all(|(at, &row)| at as u32 == row);
    if !unchanged {
        edge::follow(rows, id, &order);
        rows.entities[id.0].reorder(&order);
    }
    Ok(())
}

impl Cx<'_> {
    pub(crate) fn len(&self) -> usize {
        self.rows.entity(self.plan, self.entity).len()
    }

    pub(crate) fn own(&self) -> &EntityRows {
        self.rows.entity(self.plan, self.entity)
    }

    /// The uniform that the field draws at a row.
    pub(crate) fn uniform(&self, row: usize) -> f64 {
        match self.normals {
            // The farthest a 52-bit uniform lies from its ends, so that no quantile is infinite.
            Some(normals) => normal_cdf(normals[row]).clamp(1.2e-16, 1.0 - 1.2e-16),
            None => self.own().address[row].uniform(self.name),
        }
    }

    /// The standard normal that the field draws at a row: the quantile of its uniform.
    fn normal(&self, row: usize) -> f64 {
        match self.normals {
            Some(normals) => normals[row],
            None => normal_quantile(self.own().address[row].uniform(self.name)),
        }
    }

    /// An expression's values for all rows, or for the selected ones.
    pub(crate) fn evaluate(&self, expression: &Expression, select: Option<&[u32]>) -> Result<Column, GenerateError> {
        let column = column_of(self.plan, self.rows, self.entity, expression, self.place)?;
        Ok(match select {
            Some(select) => values::gather(&column, select),
            None => column,
        })
    }

    fn evaluate_all(&self, expressions: &[Expression], select: Option<&[u32]>) -> Result<Vec<Column>, GenerateError> {
        expressions.iter().map(|expression| self.evaluate(expression, select)).collect()
    }

    /// The rows at hand: all, or the selected ones.
    pub(crate) fn at(&self, select: Option<&[u32]>) -> Vec<u32> {
        match select {
            Some(select) => select.to_vec(),
            None => (0..self.len() as u32).collect(),
        }
    }

    /// A generator's values for all rows, or for the selected ones.
    pub(crate) fn generate(
        &self,
        generator: &Compiled,
        ty: &Type,
        select: Option<&[u32]>,
    ) -> Result<Output, GenerateError> {
        let count = select.map_or_else(|| self.len(), <[u32]>::len);
        Ok(match generator {
            Compiled::Constant(value) => values::repeat(value, ty, count).into(),
            Compiled::Uuid => self.uuids(&self.at(select)).into(),
            Compiled::Numbered { prefix, digits } => self.numbered(prefix, *digits, &self.at(select)).into(),
            Compiled::KeyOf(ancestor) => self.key_of(*ancestor, &self.at(select)).into(),
            Compiled::Link(link) => self.link(link, &self.at(select))?,
            Compiled::Choice { cumulative, dictionary, .. } => {
                let picks: Vec<u32> =
                    self.at(select).iter().map(|&row| cumulative.pick(self.uniform(row as usize)) as u32).collect();
                values::gather(dictionary, &picks).into()
            }
            Compiled::Pick(pick) => self.pick(pick, select)?.into(),
            Compiled::Derive(expression) => values::convert(self.evaluate(expression, select)?, ty).into(),
            Compiled::Draw(draw) => values::from_numbers(&self.draw(draw, select)?, ty).into(),
            Compiled::Quantiles(quantiles) => values::from_numbers(&self.quantiles(quantiles, select)?, ty).into(),
            Compiled::Date(within) => self.dates(within, ty, select)?.into(),
            Compiled::Time(time) => self.times(time, ty, select)?.into(),
            Compiled::Cases(cases) => self.cases(cases, ty, select)?,
            Compiled::List { of, count, distinct } => self.list(of, count, *distinct, select)?.into(),
            Compiled::Fake(kind) => self.fake(*kind, &self.at(select)).into(),
            Compiled::Learned(learned) => {
                let column = self.modelled(learned, ty)?;
                match select {
                    Some(select) => values::gather(&column, select).into(),
                    None => column.into(),
                }
            }
            Compiled::Running(running) => {
                let column = self.running(running)?;
                match select {
                    Some(select) => values::gather(&column, select).into(),
                    None => column.into(),
                }
            }
        })
    }

    /// How many rows or items, per row at hand.
    pub(crate) fn counts(&self, count: &CountPlan) -> Result<Vec<u64>, GenerateError> {
        let output = self.generate(&count.generator, &Type::Integer, None)?;
        values::to_numbers(&output.column)
            .into_iter()
            .map(|number| {
                let number = if number.is_nan() { 0.0 } else { number };
                let capped = count.max.map_or(number, |max| number.min(max as f64));
                let bounded = capped.max(count.min as f64).max(0.0);
                if bounded > ROWS_PER_PARENT {
                    return Err(GenerateError::new(
                        self.place,
                        format!("a count of {bounded} rows for one parent is more than {ROWS_PER_PARENT}"),
                    )
                    .help("set `max`"));
                }
                Ok(bounded as u64)
            })
            .collect()
    }

    fn quantiles(&self, quantiles: &QuantilePlan, select: Option<&[u32]>) -> Result<Vec<f64>, GenerateError> {
        let rows = self.at(select);
        match quantiles {
            QuantilePlan::Fixed(grid) => {
                Ok(rows.iter().map(|&row| grid.quantile(self.uniform(row as usize))).collect())
            }
            QuantilePlan::Table { strata, matching, within } => {
                let equal = self.evaluate_all(matching, select)?;
                let between = self.evaluate_all(within, select)?;
                let found = strata.find(&equal, &between, rows.len(), self.place)?;
                Ok(rows
                    .iter()
                    .enumerate()
                    .map(|(at, &row)| match &found.at(at).grid {
                        Some(grid) => grid.quantile(self.uniform(row as usize)),
                        None => f64::NAN,
                    })
                    .collect())
            }
        }
    }

    fn pick(&self, pick: &PickPlan, select: Option<&[u32]>) -> Result<Column, GenerateError> {
        let rows = self.at(select);
        let found = self.strata(pick, select)?;
        let picks: Vec<u32> = rows
            .iter()
            .enumerate()
            .map(|(at, &row)| {
                let stratum = found.at(at);
                match &stratum.alias {
                    Some(alias) => stratum.rows[alias.pick(self.uniform(row as usize))],
                    None => NONE,
                }
            })
            .collect();
        Ok(values::gather(&pick.dictionary, &picks))
    }

    fn strata(&self, pick: &PickPlan, select: Option<&[u32]>) -> Result<crate::strata::Found, GenerateError> {
        let equal = self.evaluate_all(&pick.matching, select)?;
        let between = self.evaluate_all(&pick.within, select)?;
        let count = select.map_or_else(|| self.len(), <[u32]>::len);
        pick.strata.find(&equal, &between, count, self.place)
    }

    fn cases(
        &self,
        cases: &[(Option<Expression>, Compiled)],
        ty: &Type,
        select: Option<&[u32]>,
    ) -> Result<Output, GenerateError> {
        let rows = self.at(select);
        let mut open: Vec<u32> = (0..rows.len() as u32).collect();
        let mut parts: Vec<Column> = Vec::new();
        let mut places = vec![NONE; rows.len()];
        let mut links: Option<Vec<u32>> = None;
        let mut made = 0;
        for (when, generator) in cases {
            let taken: Vec<u32> = match when {
                None => std::mem::take(&mut open),
                Some(when) => {
                    let mask = values::to_mask(&self.evaluate(when, select)?);
                    let (taken, left) = open.iter().partition(|&&at| mask[at as usize]);
                    open = left;
                    taken
                }
            };
            if taken.is_empty() {
                continue;
            }
            let chosen: Vec<u32> = taken.iter().map(|&at| rows[at as usize]).collect();
            let output = self.generate(generator, ty, Some(&chosen))?;
            if let Some(found) = output.links {
                let all = links.get_or_insert_with(|| vec![NONE; rows.len()]);
                for (&at, link) in taken.iter().zip(found) {
                    all[at as usize] = link;
                }
            }
            for (offset, &at) in taken.iter().enumerate() {
                places[at as usize] = made + offset as u32;
            }
            made += taken.len() as u32;
            parts.push(values::convert(output.column, ty));
        }
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else { return Ok(values::nulls(ty, rows.len()).into()) };
        for part in parts {
            all = values::stacked(all, &part, self.place)?;
        }
        Ok(Output { column: values::gather(&all, &places), links })
    }

    fn missing(&self, missing: &manikin_spec::spec::Missing, name: Name) -> Result<Vec<bool>, GenerateError> {
        let rates = match &missing.rate {
            Parameter::Value(rate) => vec![*rate; self.len()],
            Parameter::Expression(expression) => values::to_numbers(&self.evaluate(expression, None)?),
        };
        let mask = match &missing.when {
            Some(when) => values::to_mask(&self.evaluate(when, None)?),
            None => vec![true; self.len()],
        };
        let address = &self.own().address;
        Ok((0..self.len()).map(|row| mask[row] && address[row].uniform(name) < rates[row]).collect())
    }
}
