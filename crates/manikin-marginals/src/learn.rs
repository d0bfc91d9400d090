//! What every method that learns from private records is given, and what can go wrong.

use crate::adaptive::adaptive;
use crate::aim::aim;
use crate::clipped_means::clipped_means;
use crate::count::{Counter, Records, ScanError};
use crate::domain::{AttributeSet, Domain};
use crate::fit::{FitOptions, FitReport};
use crate::model::{Measurement, Model, ModelError, StructuralZeros};
use crate::mst::{independent, mst};
use crate::one_shot::one_shot;
use crate::workload::Workload;
use manikin_privacy::{Curator, PrivacyError, UNITS_PER_ROW};

/// A question to private records: learn the joint distribution of these columns.
pub struct Request<'a, R: Records + ?Sized> {
    /// The records.
    pub records: &'a R,
    /// What their columns can hold; public.
    pub domain: &'a Domain,
    /// What the model should get right; public.
    pub workload: &'a Workload,
    /// How far one unit of privacy moves a marginal.
    pub sensitivity: Sensitivity,
    /// The most cells that the junction tree may have; 8 bytes each.
    pub most_cells: u64,
    /// Combinations that a public rule forbids.
    pub zeros: &'a [StructuralZeros],
    /// Sets that are measured whatever their scores are; public.
    pub forced: &'a [AttributeSet],
    /// How long to fit.
    pub fit: FitOptions,
}

/// How to choose what is measured.
///
/// The default is the one that measured best: see the crate's example `accuracy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// [`adaptive`](crate::adaptive()): a few rounds of many pairs, then precision inside the tree.
    #[default]
    Adaptive,
    /// [`one_shot`](crate::one_shot()): scores once, measures once.
    OneShot,
    /// [`aim`](crate::aim()): one marginal a round.
    Aim,
    /// [`mst`](crate::mst()): a tree of pairs.
    Mst,
    /// [`independent`](crate::independent()): no dependence at all.
    Independent,
    /// [`clipped_means`](crate::clipped_means()): noisy means and spreads of some columns, noisy counts of the others.
    ClippedMeans {
        /// The attributes whose codes are numbers in order.
        ordinal: AttributeSet,
    },
}

/// Learns a model of the records with what `curator` has left to spend.
///
/// Everything that the model holds comes from the curator's answers and from public settings.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
pub fn learn<R: Records + ?Sized>(
    request: &Request<'_, R>,
    method: Method,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    match method {
        Method::Adaptive => adaptive(request, curator),
        Method::OneShot => one_shot(request, curator),
        Method::Aim => aim(request, curator),
        Method::Mst => mst(request, curator),
        Method::Independent => independent(request, curator),
        Method::ClippedMeans { ordinal } => clipped_means(request, &ordinal, curator),
    }
}

/// The most that adding or removing one unit (a patient) changes *any* marginal of the records, in units of
/// [`ROW`](crate::ROW).
///
/// With the weights of the crate's documentation (at most one row in all per patient) both are [`ROW`](crate::ROW).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensitivity {
    /// The sum of absolute changes over a marginal's cells.
    pub l1: i64,
    /// The root of the sum of squared changes.
    pub l2: i64,
}

impl Sensitivity {
    /// One unit is one row of weight 1, or several of weight 1 together.
    pub const ROW: Self = Self { l1: UNITS_PER_ROW, l2: UNITS_PER_ROW };

    /// The L2 sensitivity in rows.
    pub(crate) fn rows(&self) -> f64 {
        self.l2 as f64 / UNITS_PER_ROW as f64
    }
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A measurement was refused or failed.
    #[error(transparent)]
    Privacy(#[from] PrivacyError),
    /// The records could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The measurements and the model do not fit together.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Nothing is left to spend.
    #[error("no privacy budget is left to learn with; reserve some from the ledger")]
    NoBudget,
    /// What must be in the model makes it larger than allowed.
    #[error(
        "the attributes that must be held together need {needed} cells, at most {allowed} are allowed; raise the \
         model's size, group values, or force fewer attributes together"
    )]
    TooLarge {
        /// How many.
        needed: u64,
        /// The limit.
        allowed: u64,
    },
}

/// The share of the budget that is left over so that costs, which are rounded up, add up to no more than there is.
const MARGIN: f64 = 1e-7;

/// What the rounding up of the costs of all measurements together may take, as rho: 2^-44 each.
///
/// # Source
/// ASSUMED: at most 10,000 measurements.
const ROUNDING: f64 = 1e-9;

/// The budget that is left, as a precision: the sum of `1 / sigma^2` that it buys at sensitivity 1 (`2 rho`).
pub(crate) fn budget(curator: &dyn Curator) -> Result<f64, LearnError> {
    let rho = curator.remaining().value() * (1.0 - MARGIN) - ROUNDING;
    if rho > 0.0 { Ok(2.0 * rho) } else { Err(LearnError::NoBudget) }
}

impl<R: Records + ?Sized> Request<'_, R> {
    /// The standard deviation that a share of the budget buys for a marginal.
    pub(crate) fn sigma(&self, precision: f64) -> f64 {
        self.sensitivity.rows() / precision.sqrt()
    }

    /// Exact counts over `sets`, for a curator's eyes only.
    pub(crate) fn count(&self, sets: &[AttributeSet]) -> Result<Vec<Vec<i64>>, LearnError> {
        Ok(Counter::count(self.domain, sets, self.records)?)
    }

    /// Measures `sets`, each at the precision beside it.
    pub(crate) fn measure(
        &self,
        sets: &[(AttributeSet, f64)],
        curator: &mut dyn Curator,
    ) -> Result<Vec<Measurement>, LearnError> {
        let cliques: Vec<_> = sets.iter().map(|(set, _)| *set).collect();
        let counts = self.count(&cliques)?;
        sets.iter()
            .zip(counts)
            .map(|((clique, precision), exact)| {
                let sigma = self.sigma(*precision);
                let values = curator.gaussian(&self.names(clique), &exact, self.sensitivity.l2, sigma)?;
                Ok(Measurement { clique: *clique, values, sigma })
            })
            .collect()
    }

    /// The names of a set's attributes: public, for the privacy statement.
    pub(crate) fn names(&self, set: &AttributeSet) -> String {
        let names: Vec<_> = set.iter().filter_map(|a| self.domain.attributes().get(a)).map(|a| &*a.name).collect();
        names.join(" x ")
    }

    /// Measures every single attribute at an equal share of the precision.
    pub(crate) fn measure_one_way(
        &self,
        precision: f64,
        curator: &mut dyn Curator,
    ) -> Result<Vec<Measurement>, LearnError> {
        let share = precision / self.domain.len() as f64;
        let sets: Vec<_> = self.domain.all().iter().map(|a| (AttributeSet::EMPTY.with(a), share)).collect();
        self.measure(&sets, curator)
    }
}
