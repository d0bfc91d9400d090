//! Levels learned one after another, each with its share of the budget.

use manikin_diagnostic::codes;
use manikin_marginals::{
    AttributeSet, Domain, FitOptions, FitReport, JunctionTree, Method, Model, Request, Sensitivity, Workload, learn,
};
use manikin_privacy::Curator;
use manikin_spec::spec::{AttributeKind, DomainKind, Learned, Level, Spec};

use crate::portion::Portion;
use crate::{FitError, Prepared, Progress};

/// The most cells of a marginal of the workload.
///
/// # Source
/// The 3-way marginals by which adult is compared are those of at most 10,000 cells (McKenna et al., arXiv 2201.12677,
/// take as many); larger ones hold more noise than counts.
const MARGINAL_CELLS: u64 = 10_000;

/// How marginals are chosen, or what is measured in their place.
///
/// # Source
/// The default is the one that measured best, see BENCHMARKS.md.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FitMethod {
    /// A few rounds of many pairs, then precision inside the tree.
    #[default]
    Adaptive,
    /// Scores once, measures once (SWIFT).
    OneShot,
    /// One marginal a round.
    Aim,
    /// A tree of pairs.
    Mst,
    /// No dependence at all.
    Independent,
    /// Noisy means and spreads of clipped numbers, noisy counts of all else.
    ClippedMeans,
}

impl FitMethod {
    /// Every method.
    pub const ALL: [Self; 6] =
        [Self::Adaptive, Self::OneShot, Self::Aim, Self::Mst, Self::Independent, Self::ClippedMeans];

    /// Its name on the command line and in statements.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::OneShot => "one-shot",
            Self::Aim => "aim",
            Self::Mst => "mst",
            Self::Independent => "independent",
            Self::ClippedMeans => "clipped-means",
        }
    }

    fn of(self, level: &Level) -> Method {
        match self {
            Self::Adaptive => Method::Adaptive,
            Self::OneShot => Method::OneShot,
            Self::Aim => Method::Aim,
            Self::Mst => Method::Mst,
            Self::Independent => Method::Independent,
            Self::ClippedMeans => Method::ClippedMeans { ordinal: ordinal(level) },
        }
    }
}

/// The attributes whose codes are numbers in order: bins of values and of counts, without a code for NULL.
fn ordinal(level: &Level) -> AttributeSet {
    let is_ordinal = |kind: &AttributeKind| match kind {
        AttributeKind::Own(_, domain) => {
            domain.null().is_none() && !matches!(domain.kind(), DomainKind::Values(_) | DomainKind::By { .. })
        }
        AttributeKind::Rows(..) | AttributeKind::Siblings => true,
        AttributeKind::Given(..) | AttributeKind::Previous(_) => false,
    };
    let attributes = level.attributes.iter().enumerate();
    attributes.filter(|(_, attribute)| is_ordinal(&attribute.kind)).map(|(place, _)| place).collect()
}

/// How levels are learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnOptions {
    /// How marginals are chosen.
    pub method: FitMethod,
    /// All marginals of so many attributes are to come out right.
    pub workload: usize,
    /// The most cells of all levels' models together; 8 bytes each.
    pub most_cells: u64,
    /// How long to fit.
    pub fit: FitOptions,
}

/// A level that was learned.
#[derive(Clone, Debug)]
pub struct LearnedLevel {
    /// The entity.
    pub entity: String,
    /// Its joint distribution.
    pub model: Model,
    /// How the fit went.
    pub report: FitReport,
}

/// The attributes of a level as a domain of the model.
///
/// # Errors
/// - `MK1506` when there are more than a model can hold
pub fn domain_of(spec: &Spec, level: &Level) -> Result<Domain, FitError> {
    Domain::new(level.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.size))).map_err(|error| {
        FitError::new(
            codes::MODEL_TOO_LARGE,
            format!("{}: {error}", spec[level.entity].name),
            "learn fewer fields of the entity, or group their values",
        )
    })
}

/// Checks that what must be learned fits into a model of the size, before anything is spent.
///
/// # Errors
/// - `MK1506` when it does not
pub fn check_size(spec: &Spec, learned: &Learned, options: &LearnOptions) -> Result<(), FitError> {
    for level in &learned.levels {
        let domain = domain_of(spec, level)?;
        let sets: Vec<AttributeSet> =
            forced(level).into_iter().chain(domain.all().iter().map(|one| AttributeSet::EMPTY.with(one))).collect();
        // Sets that overlap may need more together than each alone.
        let needed = JunctionTree::cells_needed(&domain, &sets);
        let allowed = cells_of(learned, level, options);
        if needed > allowed {
            return Err(FitError::new(
                codes::MODEL_TOO_LARGE,
                format!(
                    "what is learned together of {} needs {needed} cells, at most {allowed} are allowed",
                    spec[level.entity].name
                ),
                "raise --max-model-mb, group values, or take fewer attributes `together`",
            ));
        }
    }
    Ok(())
}

/// Learns every level with what `curator` has left.
///
/// # Errors
/// - `MK1506` when the model is too small for what must be in it
/// - `MK1507` when files could not be read again
/// - `MK1508` when a measurement was refused or failed
pub fn learn_levels(
    spec: &Spec,
    learned: &Learned,
    records: &Prepared<'_>,
    options: &LearnOptions,
    curator: &mut dyn Curator,
    progress: &dyn Progress,
) -> Result<Vec<LearnedLevel>, FitError> {
    let mut made = Vec::with_capacity(learned.levels.len());
    let all = curator.remaining();
    let mut open: f64 = learned.levels.iter().map(|level| level.share).sum();
    for (index, level) in learned.levels.iter().enumerate() {
        let entity = &spec[level.entity].name;
        progress.learning(entity, index, learned.levels.len());
        let domain = domain_of(spec, level)?;
        let workload = workload(level, &domain, options.workload);
        // What a level leaves goes to those after it; the last one may take all that is left.
        let share = if index + 1 == learned.levels.len() { 1.0 } else { level.share / open };
        open -= level.share;
        let request = Request {
            records: &records.level(index),
            domain: &domain,
            workload: &workload,
            sensitivity: Sensitivity::ROW,
            most_cells: cells_of(learned, level, options),
            zeros: &[],
            forced: &forced(level),
            fit: options.fit,
        };
        let mut portion = Portion::of(curator, share, all, progress);
        let (model, report) = learn(&request, options.method.of(level), &mut portion)
            .map_err(|error| FitError::learning(entity, &error))?;
        made.push(LearnedLevel { entity: entity.clone(), model, report });
    }
    Ok(made)
}

/// A level's part of the model's size: that of its share of the budget.
fn cells_of(learned: &Learned, level: &Level, options: &LearnOptions) -> u64 {
    let all: f64 = learned.levels.iter().map(|level| level.share).sum();
    (options.most_cells as f64 * (level.share / all)) as u64
}

fn forced(level: &Level) -> Vec<AttributeSet> {
    level.forced.iter().map(|set| AttributeSet::of(set)).collect()
}

/// What a level should get right: all sets of `size` attributes with at most so many cells, and smaller sets that none
/// of those holds. Sets of what is known beforehand alone are left out: they are never generated from.
fn workload(level: &Level, domain: &Domain, size: usize) -> Workload {
    let is_made = |set: &AttributeSet| {
        set.iter().any(|at| {
            let kind = level.attributes.get(at).map(|attribute| &attribute.kind);
            matches!(kind, Some(AttributeKind::Own(..) | AttributeKind::Rows(..)))
        })
    };
    let mut sets: Vec<(AttributeSet, f64)> = Vec::new();
    for size in (1..=size.max(1)).rev() {
        let smaller: Vec<_> = Workload::all(domain, size, MARGINAL_CELLS)
            .sets()
            .iter()
            .filter(|(set, _)| is_made(set) && !sets.iter().any(|(larger, _)| set.is_subset(larger)))
            .copied()
            .collect();
        sets.extend(smaller);
    }
    Workload::of(sets)
}
