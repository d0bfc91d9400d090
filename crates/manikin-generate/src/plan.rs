//! A spec made executable: everything that does not depend on rows, worked out once.

mod compile;

pub(crate) use compile::{
    Compiled, CountPlan, DrawPlan, LearnedField, LearnedForm, LinkPlan, PickPlan, QuantilePlan, TimePlan, distribution,
};

use crate::error::GenerateError;
use crate::learned::LearnedPlan;
use crate::strata::{Strata, TableColumns};
use crate::time::WeekSampler;
use manikin_random::{Correlation, Name, RunKey};
use manikin_spec::spec::{EntityId, EntityScope, FieldId, Spec, Step};
use manikin_tables::TableSchema;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Subjects in a block. Part of the run: another size would move block borders, though no value.
///
/// ASSUMED: large enough that the fixed cost of a block (some 10 µs a column) vanishes beside a few hundred rows per
/// subject, small enough that a block of them stays under 100 MB.
pub const SUBJECTS_PER_BLOCK: u64 = 256;

/// What a run may change about a spec.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions {
    /// Seed instead of the spec's.
    pub seed: Option<u64>,
    /// Number of subjects instead of the spec's; totals and the counts of edge cases scale along.
    pub subjects: Option<u64>,
}

/// A spec made executable. Immutable, and shared by all threads.
pub struct Plan {
    pub(crate) spec: Arc<Spec>,
    pub(crate) key: RunKey,
    pub(crate) seed: u64,
    pub(crate) subjects: u64,
    pub(crate) names: Vec<EntityNames>,
    pub(crate) generators: Vec<Vec<Option<Compiled>>>,
    pub(crate) rows: Vec<RowsPlan>,
    pub(crate) correlations: Vec<Vec<CorrelationPlan>>,
    pub(crate) weeks: BTreeMap<String, WeekSampler>,
    pub(crate) uniform_week: WeekSampler,
    pub(crate) tables: BTreeMap<String, TableColumns>,
    pub(crate) lookups: BTreeMap<String, manikin_tables::LookupTable>,
    pub(crate) schemas: Vec<Option<Arc<TableSchema>>>,
    pub(crate) truth_schema: Option<Arc<TableSchema>>,
    /// How many rows each edge case takes of the whole dataset; `None` for those with a rate.
    pub(crate) edge_counts: Vec<Option<u64>>,
    /// Whether a field is needed before its entity's rows are settled.
    pub(crate) early: Vec<Vec<bool>>,
    /// The learned model; `None` where the spec has none.
    pub(crate) learned: Option<LearnedPlan>,
}

/// Hashed names of an entity, for addresses.
pub(crate) struct EntityNames {
    pub(crate) entity: Name,
    pub(crate) fields: Vec<Name>,
    pub(crate) missing: Vec<Name>,
    pub(crate) count: Name,
}

/// How an entity's rows are made.
#[expect(clippy::large_enum_variant, reason = "a plan holds a few hundred of them, made once")]
pub(crate) enum RowsPlan {
    /// This many root rows.
    Fixed(u64),
    /// Drawn for each parent row.
    PerParent(CountPlan),
    /// A total spread over the parents.
    Total(manikin_random::Spread, u64, u64, Option<u64>),
    /// One per matching table row.
    Each(Box<EachPlan>),
    /// As many as the model says for each parent row.
    Learned,
    /// None are made.
    External,
}

/// Rows that go over a table.
pub(crate) struct EachPlan {
    pub(crate) strata: Strata,
    pub(crate) matching: Vec<manikin_expression::Expression>,
    pub(crate) when: Option<manikin_expression::Expression>,
    pub(crate) table: String,
    /// Table columns that the entity's expressions name.
    pub(crate) items: BTreeSet<String>,
}

/// Correlated fields of an entity.
pub(crate) struct CorrelationPlan {
    pub(crate) fields: Vec<FieldId>,
    pub(crate) correlation: Correlation,
}

impl Plan {
    /// Prepares a checked spec.
    ///
    /// # Errors
    /// - A correlation that no distribution has, weights that are all zero, quantiles that fall: what the checks of
    ///   the spec cannot see because it stands in tables.
    /// - A spec without a subject and without any rows to make.
    /// - A file of potentials that is no model, or one of another spec's attributes.
    pub fn new(spec: Arc<Spec>, options: PlanOptions) -> Result<Self, GenerateError> {
        compile::compile(spec, options)
    }

    /// The same plan for subjects alone of whom a condition over the subject's learned fields is true, such as
    /// `gender = 'F' and diabetic`: as many as before, and distributed as the model says of such subjects.
    ///
    /// # Errors
    /// - A condition that does not read, is not true or false, or asks for what is not learned.
    /// - A condition that divides a bin, or that nobody in the model meets.
    /// - A spec without a model.
    pub fn restricted(mut self, condition: &str) -> Result<Self, GenerateError> {
        let missing = || {
            GenerateError::new("--where", "the spec has no learned model to choose from")
                .help("a condition chooses among what `fit` learned; in other specs change the distributions")
        };
        let learned = self.learned.take().ok_or_else(missing)?;
        self.learned = Some(learned.restricted(&self.spec, &self.lookups, condition)?);
        Ok(self)
    }

    /// The spec that is carried out.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The seed in use.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many subjects are made.
    #[must_use]
    pub fn subjects(&self) -> u64 {
        self.subjects
    }

    /// How many blocks a whole run has: the reference entities, then the subjects.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        1 + self.subjects.div_ceil(SUBJECTS_PER_BLOCK)
    }

    /// The tables that a run writes, in the order of the spec; the truth table last where there are edge cases.
    #[must_use]
    pub fn schemas(&self) -> Vec<Arc<TableSchema>> {
        self.schemas.iter().flatten().chain(&self.truth_schema).cloned().collect()
    }

    pub(crate) fn is_reference(&self, id: EntityId) -> bool {
        self.spec[id].scope == EntityScope::Reference
    }

    /// The first subject of a block of subjects, and how many it has.
    pub(crate) fn subjects_of(&self, block: u64) -> (u64, u64) {
        let first = block.saturating_sub(1) * SUBJECTS_PER_BLOCK;
        (first, SUBJECTS_PER_BLOCK.min(self.subjects.saturating_sub(first)))
    }

    /// The steps that these steps need, themselves included, in order.
    pub(crate) fn closure(&self, wanted: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut needed = BTreeSet::new();
        let mut open: Vec<usize> = wanted.into_iter().collect();
        while let Some(step) = open.pop() {
            if needed.insert(step) {
                open.extend(&self.spec.needs[step]);
            }
        }
        needed.into_iter().collect()
    }

    pub(crate) fn step(&self, step: Step) -> Option<usize> {
        self.spec.steps.iter().position(|candidate| *candidate == step)
    }
}

/// Fields that `keep` and `sort` need, directly or through other fields of the entity.
pub(crate) fn early_fields(spec: &Spec, id: EntityId) -> Vec<bool> {
    let mut early = vec![false; spec[id].fields.len()];
    let settle = spec.steps.iter().position(|step| *step == Step::Settle(id));
    let Some(settle) = settle else { return early };
    let mut open = spec.needs[settle].clone();
    let mut seen = BTreeSet::new();
    while let Some(step) = open.pop() {
        if !seen.insert(step) {
            continue;
        }
        if let Step::Field(entity, field) = spec.steps[step]
            && entity == id
        {
            early[field.0] = true;
            open.extend(&spec.needs[step]);
        }
    }
    early
}
