//! What a run takes from a learned model: the codes of every learned row.
//!
//! The subject's codes are allocated over the whole dataset by rounding. Those of descendants are drawn given what is
//! known of their ancestors, their number and the row before, and so that they add up: the first rows of all parents of
//! a block together, then the second rows, and so on. Of such a round as many rows of a context take each side of a
//! division of codes as is expected, but for less than one row ([`balance`]). Rows of one parent are in different rounds,
//! which are independent of each other, so siblings are no more alike or unlike than the model says.

mod balance;
mod condition;
mod sampler;

use crate::block::{EntityRows, Rows};
use crate::error::GenerateError;
use crate::plan::Plan;
use crate::values::NONE;
use manikin_marginals::{AttributeSet, Calibrated, Model};
use manikin_model::LearnedModel;
use manikin_random::{Address, Name, RunKey};
use manikin_spec::spec::{AttributeKind, EntityId, Level, Spec};
use sampler::{Sampler, Scratch};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The name under which subjects are allocated, and numbers of rows drawn.
const LEARNED: Name = Name::of("manikin.learned");
/// The name of the addresses of blocks of descendants.
const DESCENDANTS: Name = Name::of("manikin.learned.descendants");
/// The name of the addresses of rounds.
const ROUND: Name = Name::of("manikin.learned.round");

/// Rows of a round that are drawn at once, which bounds the memory that they need meanwhile.
///
/// ASSUMED: 4,096 rows are enough for contexts of hundreds of rows, and take a few megabytes.
const ROWS_AT_ONCE: usize = 1 << 12;

/// Allocated blocks of subjects that are held at once: workers are in one or two of them at a time.
const BLOCKS_HELD: usize = 4;

/// The codes of some rows: a column for each attribute of the level.
pub(crate) type Codes = Vec<Vec<u16>>;

/// A learned model made executable.
pub(crate) struct LearnedPlan {
    /// The subject's level.
    subject: Subject,
    /// By entity: its level's sampler; `None` for the subject and for entities without a level.
    samplers: Vec<Option<Sampler>>,
}

struct Subject {
    entity: EntityId,
    model: Model,
    calibrated: Calibrated,
    /// The sets that the model was measured over, whose counts the rows are brought close to.
    measured: Vec<AttributeSet>,
    rows: u64,
    /// The subjects of each block that is allocated at once.
    blocks: Vec<Range<u64>>,
    address: Address,
    held: Mutex<Vec<(u64, Arc<OnceLock<Codes>>)>>,
}

impl LearnedPlan {
    /// Prepares the model of a spec; `None` where it has none.
    ///
    /// # Errors
    /// - A file that is no model, or one of another spec's attributes.
    pub(crate) fn new(spec: &Spec, subjects: u64, key: RunKey) -> Result<Option<Self>, GenerateError> {
        let Some((learned, file)) = spec.learned.as_ref().and_then(|all| all.model.as_ref().map(|model| (all, model)))
        else {
            return Ok(None);
        };
        let read = LearnedModel::from_potentials(&file.potentials);
        let mut read = read.map_err(|error| GenerateError::new("model.potentials", error.to_string()))?;
        let mut samplers: Vec<Option<Sampler>> = spec.entities.iter().map(|_| None).collect();
        let mut subject = None;
        for level in &learned.levels {
            let model = take(&mut read, spec, level)?;
            let place = format!("the model of {}", spec[level.entity].name);
            let calibrated = model.calibrate().map_err(|error| GenerateError::new(&place, error.to_string()))?;
            if Some(level.entity) == spec.subject {
                let address = key.address().child(LEARNED, 0);
                subject = Some(Subject::new(level.entity, model, calibrated, subjects, address));
            } else {
                samplers[level.entity.0] = Some(Sampler::new(&calibrated, &given(level)));
            }
        }
        let subject = subject
            .ok_or_else(|| GenerateError::new("model", "nothing of the subject is learned, so nothing else can be"))?;
        Ok(Some(Self { subject, samplers }))
    }

    /// This plan with subjects alone for whom a condition over their learned fields holds.
    ///
    /// # Errors
    /// - A condition that is none, that asks for something else, that bins cannot answer, or that nobody meets.
    pub(crate) fn restricted(
        mut self,
        spec: &Spec,
        lookups: &condition::Lookups,
        text: &str,
    ) -> Result<Self, GenerateError> {
        let subject = &self.subject;
        let model = condition::restricted(spec, subject.entity, &subject.model, lookups, text)?;
        let calibrated = model.calibrate().map_err(|_| {
            GenerateError::new("--where", format!("the model has nobody for whom `{text}` holds"))
                .help("ask for less at once")
        })?;
        self.subject = Subject::new(subject.entity, model, calibrated, subject.rows, subject.address);
        Ok(self)
    }
}

impl Subject {
    fn new(entity: EntityId, model: Model, calibrated: Calibrated, rows: u64, address: Address) -> Self {
        let mut measured: Vec<AttributeSet> = model.potentials.iter().map(|potential| potential.clique).collect();
        measured.sort_unstable();
        measured.dedup();
        let allocated = manikin_marginals::Rows::new(&calibrated, rows, address);
        let blocks = (0..allocated.blocks()).map(|block| allocated.block_range(block)).collect();
        Self { entity, model, calibrated, measured, rows, blocks, address, held: Mutex::new(Vec::new()) }
    }

    /// The codes of these subjects.
    fn codes(&self, first: u64, count: u64) -> Codes {
        let mut columns: Codes = vec![Vec::with_capacity(count as usize); self.calibrated.domain().len()];
        let mut at = first;
        let end = (first + count).min(self.rows);
        while at < end {
            let block = self.blocks.partition_point(|block| block.end <= at);
            let Some(range) = self.blocks.get(block).cloned() else { break };
            let block = block as u64;
            let cell = self.cell(block);
            let codes = cell.get_or_init(|| {
                let rows = manikin_marginals::Rows::new(&self.calibrated, self.rows, self.address);
                rows.refined(&self.calibrated, &self.measured).block(block)
            });
            let (from, to) = ((at - range.start) as usize, (end.min(range.end) - range.start) as usize);
            columns.iter_mut().zip(codes).for_each(|(column, codes)| column.extend_from_slice(&codes[from..to]));
            at = range.end;
        }
        columns
    }

    /// The place of an allocated block; the one that was not asked for longest makes room.
    fn cell(&self, block: u64) -> Arc<OnceLock<Codes>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.iter().position(|(number, _)| *number == block);
        let entry = match known {
            Some(at) => held.remove(at),
            None => {
                if held.len() >= BLOCKS_HELD {
                    held.remove(0);
                }
                (block, Arc::default())
            }
        };
        let cell = entry.1.clone();
        held.push(entry);
        cell
    }
}

/// The model of a level, which must be over the level's attributes.
fn take(read: &mut LearnedModel, spec: &Spec, level: &Level) -> Result<Model, GenerateError> {
    let name = &spec[level.entity].name;
    let place = format!("the model of {name}");
    let help = "take the spec and the potentials that `fit` wrote together";
    let at = read.levels.iter().position(|(entity, _)| entity == name);
    let Some(at) = at else {
        return Err(GenerateError::new(place, "it is not in the file of potentials").help(help));
    };
    let (_, model) = read.levels.swap_remove(at);
    let found = model.domain.attributes();
    if found.len() != level.attributes.len() {
        let message = format!("it has {} attributes, and the spec {}", found.len(), level.attributes.len());
        return Err(GenerateError::new(place, message).help(help));
    }
    for (found, expected) in found.iter().zip(&level.attributes) {
        if found.name != expected.name || found.size != expected.size {
            let message = format!(
                "it has `{}` of {} values where the spec has `{}` of {}",
                found.name, found.size, expected.name, expected.size
            );
            return Err(GenerateError::new(place, message).help(help));
        }
    }
    Ok(model)
}

/// The attributes that are known before a row is drawn.
fn given(level: &Level) -> Vec<usize> {
    let is_given = |kind: &AttributeKind| match kind {
        AttributeKind::Given(..) | AttributeKind::Siblings | AttributeKind::Previous(_) => true,
        AttributeKind::Own(..) | AttributeKind::Rows(..) => false,
    };
    (0..level.attributes.len()).filter(|at| is_given(&level.attributes[*at].kind)).collect()
}

/// Takes the codes of all rows of an entity from the model.
pub(crate) fn codes(plan: &Plan, rows: &Rows, id: EntityId) -> Result<Codes, GenerateError> {
    let missing = || GenerateError::new(&plan.spec[id].name, "there is no model");
    let learned = plan.learned.as_ref().ok_or_else(missing)?;
    if learned.subject.entity == id {
        let (first, count) = plan.subjects_of(rows.index);
        return Ok(learned.subject.codes(first, count));
    }
    let level = plan.spec.learned.as_ref().and_then(|all| all.level(id)).ok_or_else(missing)?;
    let sampler = learned.samplers[id.0].as_ref().ok_or_else(missing)?;
    Ok(drawn(plan, rows, level, sampler))
}

/// The codes of the rows of a level, drawn round by round: siblings stand beside each other in their order.
fn drawn(plan: &Plan, rows: &Rows, level: &Level, sampler: &Sampler) -> Codes {
    let own = &rows.entities[level.entity.0];
    let mut columns: Codes = Vec::with_capacity(level.attributes.len());
    for attribute in &level.attributes {
        let of_ancestor = |ancestor: EntityId, at: usize| -> Vec<u16> {
            let above = rows.ancestor(plan, level.entity, ancestor);
            let from = rows.entities[ancestor.0].codes.get(at);
            above.iter().map(|row| from.and_then(|codes| codes.get(*row as usize)).copied().unwrap_or(0)).collect()
        };
        columns.push(match &attribute.kind {
            AttributeKind::Given(ancestor, at) => of_ancestor(*ancestor, *at),
            AttributeKind::Siblings => match siblings(plan, level.entity) {
                Some((parent, at)) => of_ancestor(parent, at),
                None => vec![0; own.len()],
            },
            AttributeKind::Previous(_) | AttributeKind::Own(..) | AttributeKind::Rows(..) => vec![0; own.len()],
        });
    }
    let address = plan.key.address().child(DESCENDANTS, rows.index).child(plan.names[level.entity.0].entity, 0);
    let mut scratch = Scratch::default();
    let mut pieces = 0;
    for (number, round) in rounds(own).iter().enumerate() {
        for (at, attribute) in level.attributes.iter().enumerate() {
            let AttributeKind::Previous(of) = attribute.kind else { continue };
            for row in round.iter().map(|row| *row as usize) {
                columns[at][row] = if number == 0 { (attribute.size - 1) as u16 } else { columns[of][row - 1] };
            }
        }
        for piece in round.chunks(ROWS_AT_ONCE) {
            sampler.fill(&mut columns, piece, &own.address, address.child(ROUND, pieces), &mut scratch);
            pieces += 1;
        }
    }
    columns
}

/// The rows of a block by their place among the rows of one parent, which stand beside each other: all first rows, then
/// all second rows, and so on. Rows without a parent are all first rows.
fn rounds(own: &EntityRows) -> Vec<Vec<u32>> {
    let mut rounds: Vec<Vec<u32>> = Vec::new();
    let mut place = 0;
    for row in 0..own.len() {
        let follows = row > 0 && own.parent[row] != NONE && own.parent[row] == own.parent[row - 1];
        place = if follows { place + 1 } else { 0 };
        if place == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[place].push(row as u32);
    }
    rounds
}

/// The parent of an entity, and the attribute of its level that holds the number of the entity's rows.
pub(crate) fn siblings(plan: &Plan, id: EntityId) -> Option<(EntityId, usize)> {
    let parent = plan.spec[id].parent?;
    Some((parent, plan.spec.learned.as_ref()?.level(parent)?.rows(id)?))
}

/// The number of rows of an entity for each row of its parent, uniform in the bin that the model says.
///
/// Of the parents of a round and bin, each number of the bin goes to as many as is expected, but for less than one.
pub(crate) fn counts(plan: &Plan, rows: &Rows, id: EntityId) -> Result<Vec<u64>, GenerateError> {
    let missing = || GenerateError::new(&plan.spec[id].name, "the model does not say how many rows there are");
    let (parent, at) = siblings(plan, id).ok_or_else(missing)?;
    let level = plan.spec.learned.as_ref().and_then(|all| all.level(parent)).ok_or_else(missing)?;
    let AttributeKind::Rows(_, bins) = &level.attributes[at].kind else { return Err(missing()) };
    let above = &rows.entities[parent.0];
    let codes = above.codes.get(at).filter(|codes| codes.len() == above.len()).ok_or_else(missing)?;
    let name = plan.names[id.0].count;
    let address = plan.key.address().child(DESCENDANTS, rows.index).child(name, 0);
    let mut counts = vec![0; above.len()];
    for (number, round) in rounds(above).iter().enumerate() {
        let mut order: Vec<(u16, u128, u32)> =
            round.iter().map(|row| (codes[*row as usize], above.address[*row as usize].bits(name), *row)).collect();
        order.sort_unstable();
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let code = group[0].0;
            let (low, high) = bins.bounds(u32::from(code));
            let span = (high - low).saturating_add(1) as f64;
            let offset = address.child(ROUND, number as u64).uniform(LEARNED.numbered(u64::from(code)));
            for (rank, (.., row)) in group.iter().enumerate() {
                let uniform = (rank as f64 + offset) / group.len() as f64;
                counts[*row as usize] = low + ((uniform * span) as u64).min(high - low);
            }
        }
    }
    Ok(counts)
}
