//! A run: blocks computed in parallel and handed on in order, in bounded memory.

use crate::block::Rows;
use crate::edge;
use crate::error::GenerateError;
use crate::generate::compute;
use crate::plan::Plan;
use crate::truth;
use crate::values;
use crate::whole::Whole;
use manikin_spec::spec::{EntityId, Step};
use manikin_tables::{Block, Table, TableSchema};
use polars::prelude::{DataFrame, IntoColumn};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex};

/// Hears how far a run is; what it does with it is its own affair.
pub trait Progress: Sync {
    /// A pass over so many blocks begins, to decide something about the whole dataset.
    fn passing(&self, blocks: u64);
    /// The rows themselves begin: so many blocks.
    fn making(&self, blocks: u64);
    /// A block of so many rows is done.
    fn made(&self, rows: u64);
}

impl Progress for () {
    fn passing(&self, _: u64) {}
    fn making(&self, _: u64) {}
    fn made(&self, _: u64) {}
}

/// One of several equal parts of a run, from 1 to `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Partition {
    /// The whole run.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The blocks of the partition; together the partitions cover each block once, in order.
    #[must_use]
    pub fn blocks(self, blocks: u64) -> Range<u64> {
        let border = |number: u64| (u128::from(blocks) * u128::from(number) / u128::from(self.of)) as u64;
        border(self.number - 1)..border(self.number)
    }
}

/// A plan with everything decided that concerns the whole dataset: ready to make any block.
pub struct Run {
    plan: Arc<Plan>,
    whole: Whole,
    reference: Arc<Rows>,
    /// The steps of a block.
    steps: Vec<usize>,
    /// The entities whose rows are handed on.
    wanted: Vec<bool>,
}

impl Run {
    /// Decides what concerns the whole dataset. Uses rayon's current thread pool.
    ///
    /// # Errors
    /// - A quota or a count of an edge case that the rows cannot meet.
    /// - A parameter out of its range in some row, such as a negative spread.
    pub fn new(plan: Arc<Plan>, progress: &dyn Progress) -> Result<Self, GenerateError> {
        let every: Vec<usize> = (0..plan.spec.steps.len()).collect();
        let make_reference = |whole: &Whole| -> Result<Arc<Rows>, GenerateError> {
            Ok(Arc::new(compute_block(&plan, whole, 0, None, &every)?))
        };
        let whole = Whole::decide(&plan, &make_reference, progress)?;
        let reference = make_reference(&whole)?;
        let wanted = vec![true; plan.spec.entities.len()];
        Ok(Self { plan, whole, reference, steps: every, wanted })
    }

    /// Narrows the run to some entities: the other tables stay empty, and what only they need is not computed. The
    /// rows of these entities are the same as in the whole run. Names that are no entity's count for nothing.
    #[must_use]
    pub fn only(mut self, entities: &[String]) -> Self {
        let spec = &self.plan.spec;
        self.wanted = spec.entities.iter().map(|entity| entities.contains(&entity.name)).collect();
        let mut steps = Vec::new();
        for (at, step) in spec.steps.iter().enumerate() {
            let (Step::Rows(entity) | Step::Learned(entity) | Step::Settle(entity) | Step::Field(entity, _)) = step;
            if self.wanted[entity.0] {
                steps.push(at);
            }
        }
        for case in spec.edge_cases.iter().filter(|case| self.wanted[case.entity.0]) {
            for expression in case.expressions() {
                steps.extend(crate::whole::steps_of(&self.plan, expression));
            }
        }
        self.steps = self.plan.closure(steps);
        self
    }

    /// The plan that is carried out.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes one block: 0 is the reference entities, then the subjects from 1.
    ///
    /// # Errors
    /// - A parameter out of its range in some row, such as a negative spread.
    pub fn block(&self, index: u64) -> Result<Block, GenerateError> {
        let reference = (index > 0).then(|| self.reference.clone());
        let rows = compute_block(&self.plan, &self.whole, index, reference, &self.steps)?;
        finish(&self.plan, &self.whole, rows, &self.wanted)
    }

    /// Makes the blocks of a range on rayon's threads and hands what `encode` makes of each to `write`, in order.
    /// At most `window` blocks are held at a time.
    ///
    /// # Errors
    /// - The first error of a block, of `encode` or of `write`, in block order.
    pub fn each<T: Send, E: Send + From<GenerateError>>(
        &self,
        blocks: Range<u64>,
        window: usize,
        progress: &dyn Progress,
        encode: impl Fn(Block) -> Result<T, E> + Sync,
        mut write: impl FnMut(T) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        progress.making(blocks.end - blocks.start);
        let queue = Queue::new(blocks.clone(), window.max(1));
        let (encode, queue_ref) = (&encode, &queue);
        rayon::scope(|scope| {
            // The pool's other threads make blocks; this one writes, and makes blocks when none is due.
            for _ in 1..rayon::current_num_threads() {
                scope.spawn(move |_| {
                    while let Some(index) = queue_ref.take(true) {
                        let made = self.encoded(index, progress, encode);
                        queue_ref.put(index, made);
                    }
                });
            }
            let mut result = Ok(());
            for next in blocks.clone() {
                let made = loop {
                    if let Some(made) = queue.claim(next) {
                        break made;
                    }
                    match queue.take(false) {
                        Some(index) => {
                            let made = self.encoded(index, progress, encode);
                            queue.put(index, made);
                        }
                        None => break queue.wait(next),
                    }
                };
                result = made.and_then(&mut write);
                if result.is_err() {
                    break;
                }
                queue.written(next);
            }
            queue.stop();
            result
        })
    }

    fn encoded<T, E: From<GenerateError>>(
        &self,
        index: u64,
        progress: &dyn Progress,
        encode: &(impl Fn(Block) -> Result<T, E> + Sync),
    ) -> Result<T, E> {
        let block = self.block(index)?;
        let rows = block.tables.iter().map(|table| table.rows() as u64).sum();
        let made = encode(block);
        progress.made(rows);
        made
    }
}

/// Blocks on their way: taken by workers from the front, at most a window ahead of what is written.
struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    end: u64,
    window: u64,
}

struct State<T> {
    next: u64,
    written: u64,
    done: BTreeMap<u64, T>,
    stopped: bool,
}

impl<T> Queue<T> {
    fn new(blocks: Range<u64>, window: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next: blocks.start,
                written: blocks.start,
                done: BTreeMap::new(),
                stopped: false,
            }),
            changed: Condvar::new(),
            end: blocks.end,
            window: window as u64,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        // A thread that panicked left a state that is still whole: every change is a single step.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The next block to make. Waits for room in the window if asked to; `None` when there is nothing to do.
    fn take(&self, wait: bool) -> Option<u64> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.next >= self.end {
                return None;
            }
            if state.next < state.written + self.window {
                state.next += 1;
                return Some(state.next - 1);
            }
            if !wait {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn put(&self, index: u64, made: T) {
        self.lock().done.insert(index, made);
        self.changed.notify_all();
    }

    fn claim(&self, index: u64) -> Option<T> {
        self.lock().done.remove(&index)
    }

    /// Waits for a block that another thread is making.
    fn wait(&self, index: u64) -> T {
        let mut state = self.lock();
        loop {
            if let Some(made) = state.done.remove(&index) {
                return made;
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn written(&self, index: u64) {
        self.lock().written = index + 1;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Computes steps of one block.
pub(crate) fn compute_block(
    plan: &Plan,
    whole: &Whole,
    index: u64,
    reference: Option<Arc<Rows>>,
    steps: &[usize],
) -> Result<Rows, GenerateError> {
    let mut rows = Rows::empty(plan, index, reference);
    compute(plan, whole, &mut rows, steps)?;
    Ok(rows)
}

/// Applies what acts last and gives the rows the shape that writers take.
fn finish(plan: &Plan, whole: &Whole, mut rows: Rows, wanted: &[bool]) -> Result<Block, GenerateError> {
    rows.truth.retain(|change| wanted[change.entity.0]);
    let twice = edge::finish(plan, whole, &mut rows, wanted)?;
    let here = |id: EntityId| plan.is_reference(id) == rows.reference.is_none();
    let mut tables = Vec::new();
    for (index, schema) in plan.schemas.iter().enumerate() {
        let Some(schema) = schema else { continue };
        if !here(EntityId(index)) || !wanted[index] {
            tables.push(Table::empty(schema.clone()));
            continue;
        }
        let copies: Vec<u32> = twice.iter().filter(|(id, _)| id.0 == index).map(|(_, row)| *row).collect();
        tables.push(table(plan, &rows, index, schema, &copies)?);
    }
    if let Some(schema) = &plan.truth_schema {
        let columns = truth::columns(plan, &rows);
        let height = rows.truth.len();
        let series = schema
            .columns
            .iter()
            .zip(&columns)
            .map(|(column, texts)| {
                let made = values::from_text(texts.iter().map(Option::as_deref), height);
                made.to_frame(&column.name).into_column()
            })
            .collect();
        tables.push(framed(schema, series, height)?);
    }
    Ok(Block { index: rows.index, tables })
}

fn table(
    plan: &Plan,
    rows: &Rows,
    index: usize,
    schema: &Arc<TableSchema>,
    copies: &[u32],
) -> Result<Table, GenerateError> {
    let own = &rows.entities[index];
    let order = (!copies.is_empty()).then(|| {
        let mut order: Vec<u32> = (0..own.len() as u32).chain(copies.iter().copied()).collect();
        order.sort_unstable();
        order
    });
    let mut series = Vec::with_capacity(schema.columns.len());
    for (field, column) in plan.spec.entities[index].fields.iter().zip(&own.columns) {
        if field.hidden {
            continue;
        }
        let column = match column {
            Some(column) => column.clone(),
            None => values::nulls(&field.ty, own.len()),
        };
        let column = match &order {
            Some(order) => values::gather(&column, order),
            None => column,
        };
        series.push(column.to_frame(&field.name).into_column());
    }
    framed(schema, series, order.map_or(own.len(), |order| order.len()))
}

fn framed(
    schema: &Arc<TableSchema>,
    columns: Vec<polars::prelude::Column>,
    height: usize,
) -> Result<Table, GenerateError> {
    let fails = |message: String| GenerateError::new(&schema.entity, message);
    let frame = DataFrame::new(height, columns).map_err(|error| fails(error.to_string()))?;
    Table::new(schema.clone(), frame).map_err(|error| fails(error.to_string()))
}
