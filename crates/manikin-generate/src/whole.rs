//! What concerns the whole dataset at once, decided before any block is final: where totals fall, which rows fill
//! exact quotas, which rows an edge case with a count takes.
//!
//! Each decision needs a few numbers from every block. They come from a pass that computes only the steps that lead
//! there; the decisions made so far hold in it. As blocks do not depend on threads or partitions, neither do the
//! decisions: a partition makes the same passes over all blocks.

use crate::block::Rows;
use crate::edge;
use crate::error::GenerateError;
use crate::generate::Cx;
use crate::plan::{Compiled, Plan, RowsPlan};
use crate::run::{Progress, compute_block};
use crate::unmet::ExactChoice;
use crate::values;
use manikin_expression::{Expression, Via};
use manikin_random::{Name, QuotaError, QuotaSplit, assign_weighted, largest_remainder, shuffle_quota};
use manikin_spec::spec::{Action, EntityId, EntityScope, Exact, FieldId, Generator, Selection, Step};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Decisions over the whole dataset.
#[derive(Default)]
pub(crate) struct Whole {
    /// For parents of a total: how many rows come before each block, and how many there are.
    offsets: BTreeMap<EntityId, (Vec<u64>, u64)>,
    quotas: BTreeMap<(EntityId, FieldId), Quota>,
    selected: BTreeMap<usize, BTreeMap<u64, Vec<u32>>>,
}

/// How a choice fills its quotas.
enum Quota {
    /// So many of each value in each block.
    Counts(Vec<Vec<u64>>),
    /// A value for each row, from each block's first.
    Assigned(Vec<Vec<u32>>),
}

/// An affinity evaluated for some rows; `None` where there is none.
type Leaning = Vec<Option<Vec<f64>>>;

impl Whole {
    /// Makes all decisions.
    pub(crate) fn decide(
        plan: &Plan,
        reference: &dyn Fn(&Whole) -> Result<Arc<Rows>, GenerateError>,
        progress: &dyn Progress,
    ) -> Result<Self, GenerateError> {
        let mut whole = Self::default();
        for (at, step) in plan.spec.steps.iter().enumerate() {
            match *step {
                Step::Rows(id) => whole.total(plan, id, reference, progress)?,
                Step::Learned(_) | Step::Settle(_) => {}
                Step::Field(id, field) => {
                    whole.quota(plan, id, field, reference, progress)?;
                    for (index, case) in plan.spec.edge_cases.iter().enumerate() {
                        let Action::Set(changes) = &case.action else { continue };
                        let Some(count) = plan.edge_counts[index] else { continue };
                        let ours = case.entity == id && changes.iter().any(|(changed, _)| *changed == field);
                        if ours && !whole.selected.contains_key(&index) {
                            let steps =
                                plan.closure(plan.spec.needs[at].iter().copied().chain(before(plan, id, field)));
                            whole.select(plan, &[(index, count)], &steps, reference, progress)?;
                        }
                    }
                }
            }
        }
        let last: Vec<(usize, u64)> = plan
            .spec
            .edge_cases
            .iter()
            .enumerate()
            .filter(|(_, case)| !matches!(case.action, Action::Set(_)))
            .filter_map(|(index, _)| plan.edge_counts[index].map(|count| (index, count)))
            .collect();
        if !last.is_empty() {
            let mut wanted = BTreeSet::new();
            for (index, _) in &last {
                let case = &plan.spec.edge_cases[*index];
                wanted.extend(plan.step(Step::Settle(case.entity)));
                for field in edge::cells(case).into_iter().flatten() {
                    wanted.extend(plan.step(Step::Field(case.entity, field)));
                }
                if let Some(condition) = &case.condition {
                    wanted.extend(steps_of(plan, condition));
                }
            }
            let steps = plan.closure(wanted);
            whole.select(plan, &last, &steps, reference, progress)?;
        }
        Ok(whole)
    }

    /// The place of a block's parent rows among all parents of a total, and how many parents there are.
    pub(crate) fn units(&self, plan: &Plan, block: u64, parent: EntityId, here: u64) -> (u64, u64) {
        match self.offsets.get(&parent) {
            Some((offsets, total)) => (offsets.get(block as usize).copied().unwrap_or(*total), *total),
            None if plan.spec[parent].scope == EntityScope::Subject => (plan.subjects_of(block).0, plan.subjects),
            None => (0, here),
        }
    }

    /// The value of an exact choice for every row, by position; `None` where the field is not exact or not decided.
    pub(crate) fn categories(&self, plan: &Plan, rows: &Rows, id: EntityId, field: FieldId) -> Option<Vec<u32>> {
        let place = place_of(plan, id, rows.index);
        match self.quotas.get(&(id, field))? {
            Quota::Counts(counts) => {
                let name = plan.names[id.0].fields[field.0];
                let key = plan.key.address().child(plan.names[id.0].entity, rows.index).child(name, 0);
                Some(shuffle_quota(key, counts.get(place)?))
            }
            Quota::Assigned(assigned) => assigned.get(place).cloned(),
        }
    }

    /// The rows of a block that an edge case with a count takes.
    pub(crate) fn selected(&self, case: usize, block: u64) -> Vec<u32> {
        self.selected.get(&case).and_then(|blocks| blocks.get(&block)).cloned().unwrap_or_default()
    }

    /// Whether it is known which rows an edge case takes.
    pub(crate) fn is_decided(&self, plan: &Plan, case: usize) -> bool {
        matches!(plan.spec.edge_cases[case].selection, Selection::Rate(_)) || self.selected.contains_key(&case)
    }

    /// Counts the parents of a total, where their number is not known beforehand.
    fn total(
        &mut self,
        plan: &Plan,
        id: EntityId,
        reference: &dyn Fn(&Whole) -> Result<Arc<Rows>, GenerateError>,
        progress: &dyn Progress,
    ) -> Result<(), GenerateError> {
        let Some(parent) = plan.spec[id].parent else { return Ok(()) };
        let known = match plan.spec[parent].scope {
            EntityScope::Reference => true,
            EntityScope::Subject => plan.spec[parent].keep.is_none(),
            EntityScope::Descendant => false,
        };
        if known || !matches!(plan.rows[id.0], RowsPlan::Total(..)) || self.offsets.contains_key(&parent) {
            return Ok(());
        }
        let steps = plan.closure(plan.step(Step::Settle(parent)));
        let counts =
            self.pass(plan, false, &steps, reference, progress, |rows| Ok(rows.entities[parent.0].len() as u64))?;
        // Block 0 holds the reference entities and none of these rows.
        let mut offsets = vec![0, 0];
        for count in &counts {
            offsets.push(offsets.last().copied().unwrap_or(0) + count);
        }
        let total = counts.iter().sum();
        self.offsets.insert(parent, (offsets, total));
        Ok(())
    }

    /// Decides how an exact choice fills its quotas.
    fn quota(
        &mut self,
        plan: &Plan,
        id: EntityId,
        field: FieldId,
        reference: &dyn Fn(&Whole) -> Result<Arc<Rows>, GenerateError>,
        progress: &dyn Progress,
    ) -> Result<(), GenerateError> {
        let described = &plan.spec[id][field];
        let Some(exact) = &described.exact else { return Ok(()) };
        let place = format!("{}.{}", plan.spec[id].name, described.name);
        let Some(Compiled::Choice { shares, .. }) = &plan.generators[id.0][field.0] else {
            return Err(GenerateError::new(place, "only a choice can be exact"));
        };
        let is_reference = plan.is_reference(id);
        let key = plan.key.address().child(plan.names[id.0].fields[field.0], 1);
        let values = match &described.generator {
            Some(Generator::Choice(choice)) => choice.values.as_slice(),
            _ => &[],
        };
        let fails = |counted: EntityId, quotas: &[u64], error: QuotaError| {
            let (entity, counted) = (plan.spec[id].name.as_str(), plan.spec[counted].name.as_str());
            ExactChoice { place: &place, entity, counted, values, quotas }.unmet(error)
        };
        let quota = match exact {
            Exact::Own => {
                let steps = plan.closure(plan.step(Step::Settle(id)));
                let sizes = self.pass(plan, is_reference, &steps, reference, progress, |rows| {
                    Ok(rows.entities[id.0].len() as u64)
                })?;
                let quotas = largest_remainder(sizes.iter().sum(), shares);
                let split = QuotaSplit { quotas };
                Quota::Counts(split.for_ranges(key, &sizes).map_err(|error| fails(id, &split.quotas, error))?)
            }
            Exact::Of { entity, link, affinity } => {
                let mut wanted: Vec<usize> = Vec::new();
                wanted.extend(plan.step(Step::Settle(id)));
                wanted.extend(plan.step(Step::Settle(*entity)));
                wanted.extend(link.and_then(|link| plan.step(Step::Field(*entity, link))));
                for expression in affinity.iter().flatten() {
                    wanted.extend(steps_of(plan, expression));
                }
                let steps = plan.closure(wanted);
                let found = self.pass(plan, is_reference, &steps, reference, progress, |rows| {
                    let cx = Cx { plan, rows, entity: id, name: Name::of(""), place: &place, normals: None };
                    let leaning = affinity
                        .iter()
                        .map(|factor| {
                            let factor = factor.as_ref().map(|factor| cx.evaluate(factor, None)).transpose()?;
                            Ok(factor.map(|column| values::to_numbers(&column)))
                        })
                        .collect::<Result<Leaning, GenerateError>>()?;
                    Ok((reached(plan, rows, id, *entity, *link), leaning))
                })?;
                let sizes: Vec<u64> = found.iter().flat_map(|(sizes, _)| sizes.iter().copied()).collect();
                let quotas = largest_remainder(sizes.iter().sum(), shares);
                let assigned =
                    assign(key, &sizes, &quotas, &found, shares).map_err(|error| fails(*entity, &quotas, error))?;
                let mut rest = assigned.as_slice();
                let mut by_block = Vec::with_capacity(found.len());
                for (sizes, _) in &found {
                    let (here, after) = rest.split_at(sizes.len());
                    by_block.push(here.to_vec());
                    rest = after;
                }
                Quota::Assigned(by_block)
            }
        };
        self.quotas.insert((id, field), quota);
        Ok(())
    }

    /// Decides which rows edge cases with a count take: those with the smallest draws, never a cell twice.
    fn select(
        &mut self,
        plan: &Plan,
        cases: &[(usize, u64)],
        steps: &[usize],
        reference: &dyn Fn(&Whole) -> Result<Arc<Rows>, GenerateError>,
        progress: &dyn Progress,
    ) -> Result<(), GenerateError> {
        let everything: u64 = cases.iter().map(|(_, count)| count).sum();
        let mut pools: Vec<Vec<(u128, u64, u32)>> = vec![Vec::new(); cases.len()];
        for is_reference in [true, false] {
            let concerned =
                cases.iter().any(|(index, _)| plan.is_reference(plan.spec.edge_cases[*index].entity) == is_reference);
            if !concerned {
                continue;
            }
            let found = self.pass(plan, is_reference, steps, reference, progress, |rows| {
                cases
                    .iter()
                    .map(|(index, _)| {
                        let case = &plan.spec.edge_cases[*index];
                        if plan.is_reference(case.entity) != is_reference {
                            return Ok(Vec::new());
                        }
                        let mut found = edge::candidates(plan, rows, case)?;
                        found.sort_by_key(|candidate| candidate.draw);
                        found.truncate(usize::try_from(everything).unwrap_or(usize::MAX));
                        Ok(found.into_iter().map(|candidate| (candidate.draw, rows.index, candidate.row)).collect())
                    })
                    .collect::<Result<Vec<Vec<(u128, u64, u32)>>, GenerateError>>()
            })?;
            for block in found {
                for (pool, candidates) in pools.iter_mut().zip(block) {
                    pool.extend(candidates);
                }
            }
        }
        let mut used: BTreeSet<(EntityId, u64, u32, Option<FieldId>)> = BTreeSet::new();
        for ((index, count), mut pool) in cases.iter().zip(pools) {
            let case = &plan.spec.edge_cases[*index];
            let cells = edge::cells(case);
            pool.sort_unstable();
            let mut blocks: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            let mut left = *count;
            for (_, block, row) in pool {
                if left == 0 {
                    break;
                }
                if cells.iter().any(|cell| used.contains(&(case.entity, block, row, *cell))) {
                    continue;
                }
                used.extend(cells.iter().map(|cell| (case.entity, block, row, *cell)));
                blocks.entry(block).or_default().push(row);
                left -= 1;
            }
            if left > 0 {
                return Err(GenerateError::new(
                    format!("edge_cases.{}", case.name),
                    format!("only {} of {count} rows of {} fit", count - left, plan.spec[case.entity].name),
                )
                .help("lower `count`, widen `where`, or generate more rows"));
            }
            for rows in blocks.values_mut() {
                rows.sort_unstable();
            }
            self.selected.insert(*index, blocks);
        }
        Ok(())
    }

    /// Computes some steps of every block and keeps what `summary` takes from each, in block order.
    fn pass<T: Send>(
        &self,
        plan: &Plan,
        is_reference: bool,
        steps: &[usize],
        reference: &dyn Fn(&Whole) -> Result<Arc<Rows>, GenerateError>,
        progress: &dyn Progress,
        summary: impl Fn(&Rows) -> Result<T, GenerateError> + Sync,
    ) -> Result<Vec<T>, GenerateError> {
        if is_reference {
            let mut rows = Rows::empty(plan, 0, None);
            crate::generate::compute(plan, self, &mut rows, steps)?;
            return Ok(vec![summary(&rows)?]);
        }
        let reference = reference(self)?;
        progress.passing(plan.blocks() - 1);
        (1..plan.blocks())
            .into_par_iter()
            .map(|block| summary(&compute_block(plan, self, block, Some(reference.clone()), steps)?))
            .collect()
    }
}

/// How many rows of an entity reach each row of another.
fn reached(plan: &Plan, rows: &Rows, id: EntityId, of: EntityId, link: Option<FieldId>) -> Vec<u64> {
    let mut sizes = vec![0; rows.entities[id.0].len()];
    let up = match link {
        Some(link) => rows.entities[of.0].links.get(&link).cloned().unwrap_or_default(),
        None => rows.ancestor(plan, of, id),
    };
    for row in up {
        if let Some(size) = sizes.get_mut(row as usize) {
            *size += 1;
        }
    }
    sizes
}

/// Assigns values to rows of different sizes, leaning where affinities say so.
fn assign(
    key: manikin_random::Address,
    sizes: &[u64],
    quotas: &[u64],
    found: &[(Vec<u64>, Leaning)],
    shares: &[f64],
) -> Result<Vec<u32>, QuotaError> {
    let leans = found.first().is_some_and(|(_, leaning)| leaning.iter().any(Option::is_some));
    if !leans {
        return assign_weighted(key, sizes, quotas, None);
    }
    let mut factors: Vec<f64> = Vec::with_capacity(sizes.len() * shares.len());
    for (sizes, leaning) in found {
        for row in 0..sizes.len() {
            for (category, share) in shares.iter().enumerate() {
                let factor = match leaning.get(category) {
                    Some(Some(values)) => values[row],
                    _ => 1.0,
                };
                factors.push(if factor > 0.0 { share * factor } else { 0.0 });
            }
        }
    }
    let affinity = |unit: usize, category: usize| factors[unit * shares.len() + category];
    assign_weighted(key, sizes, quotas, Some(&affinity))
}

/// The place of a block among those of an entity's scope.
fn place_of(plan: &Plan, id: EntityId, block: u64) -> usize {
    if plan.is_reference(id) { 0 } else { (block as usize).saturating_sub(1) }
}

/// The steps that an expression's columns come from.
pub(crate) fn steps_of(plan: &Plan, expression: &Expression) -> Vec<usize> {
    let mut wanted = Vec::new();
    for reference in expression.references() {
        let Some(id) = plan.spec.entity(&reference.entity) else { continue };
        wanted.extend(plan.step(Step::Settle(id)));
        wanted.extend(plan.spec[id].field(&reference.field).and_then(|field| plan.step(Step::Field(id, field))));
        for hop in &reference.hops {
            if let Via::Link(link) = &hop.via {
                for (index, entity) in plan.spec.entities.iter().enumerate() {
                    wanted.extend(entity.field(link).and_then(|field| plan.step(Step::Field(EntityId(index), field))));
                }
            }
        }
    }
    for child in expression.aggregated() {
        wanted.extend(plan.spec.entity(child).and_then(|id| plan.step(Step::Settle(id))));
    }
    wanted
}

/// The step that the rows of a field's entity come from, whether or not they are settled by then.
fn before(plan: &Plan, id: EntityId, field: FieldId) -> Option<usize> {
    if plan.early[id.0][field.0] { plan.step(Step::Rows(id)) } else { plan.step(Step::Settle(id)) }
}
