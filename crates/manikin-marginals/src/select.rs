//! What the methods that choose marginals share: candidates, their distances from a model, and how to divide a budget.

use crate::belief::Calibrated;
use crate::count::{ROW, Records};
use crate::domain::{AttributeSet, Domain};
use crate::learn::{LearnError, Request};
use crate::tree::JunctionTree;
use manikin_privacy::Curator;
use rayon::prelude::*;

/// The most cells that a candidate may have, and that a table on the way to a marginal outside the cliques may have.
///
/// # Source
/// The candidates' limit is that of SWIFT in google/dpsynth; the other is ASSUMED: 32 MiB.
const CANDIDATE_CELLS: u64 = 1_000_000;
const QUERY_CELLS: u64 = 1 << 22;

/// The most cells that are counted at once: 128 MiB.
const BATCH_CELLS: u64 = 1 << 24;

/// The most units of [`ROW`] that a model's cell counts for: 2^52, which is four thousand million rows.
///
/// # Source
/// ASSUMED: more rows than a source has.
const MOST_UNITS: f64 = 4_503_599_627_370_496.0;

/// The mean of |x| for a standard normal x: the square root of 2/pi.
pub(crate) const MEAN_ABSOLUTE: f64 = 0.797_884_560_802_865_4;

/// A set that may be measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) set: AttributeSet,
    /// How much the workload depends on it.
    pub(crate) weight: f64,
}

/// The subsets of the workload's sets and the forced sets, without single attributes.
pub(crate) fn candidates<R: Records + ?Sized>(request: &Request<'_, R>) -> Vec<Candidate> {
    let domain = request.domain;
    let mut sets = request.workload.closure(domain, CANDIDATE_CELLS.min(request.most_cells));
    for forced in request.forced {
        let forced = forced.intersection(&domain.all());
        if forced.len() > 1 && !sets.contains(&forced) {
            sets.push(forced);
        }
    }
    // A forced set far from the workload still counts a little.
    sets.into_iter().map(|set| Candidate { set, weight: request.workload.weight(&set).max(1.0) }).collect()
}

/// The tree over what must be held together.
pub(crate) fn required_tree<R: Records + ?Sized>(
    request: &Request<'_, R>,
) -> Result<(Vec<AttributeSet>, JunctionTree), LearnError> {
    let all = request.domain.all();
    let required: Vec<_> = request
        .forced
        .iter()
        .chain(request.zeros.iter().map(|rule| &rule.clique))
        .map(|set| set.intersection(&all))
        .collect();
    let tree = JunctionTree::containing(request.domain, &required);
    let needed = tree.cells(request.domain);
    if needed > request.most_cells {
        return Err(LearnError::TooLarge { needed, allowed: request.most_cells });
    }
    Ok((required, tree))
}

/// The exact L1 distances between the records and a model, in units of [`ROW`]; 0 where the model's marginal is too
/// large to compute, which depends on the model alone.
///
/// Adding or removing one unit moves each by at most the L1 sensitivity of a marginal, because the model's counts are
/// rounded to whole units before they are compared.
pub(crate) fn distances<R: Records + ?Sized>(
    request: &Request<'_, R>,
    model: &Calibrated,
    total: f64,
    sets: &[AttributeSet],
) -> Result<Vec<i64>, LearnError> {
    let mut distances = Vec::with_capacity(sets.len());
    for batch in batches(request.domain, sets) {
        let counts = request.count(batch)?;
        distances.par_extend(batch.par_iter().zip(counts).map(|(set, counts)| {
            model.marginal(set, QUERY_CELLS).map_or(0, |expected| distance(&counts, &expected, total))
        }));
    }
    Ok(distances)
}

/// The L1 distance of counts from `total` times probabilities, in units of [`ROW`].
///
/// What the model expects is held to [`MOST_UNITS`], and a sum that would not fit saturates: neither moves further than the
/// counts do, and nothing overflows whatever noise made of the model.
pub(crate) fn distance(counts: &[i64], expected: &[f64], total: f64) -> i64 {
    let scale = total * ROW as f64;
    let model = |p: &f64| (p * scale).round().clamp(0.0, MOST_UNITS) as i64;
    counts
        .iter()
        .zip(expected)
        .fold(0, |sum: i64, (n, p)| sum.saturating_add(n.saturating_sub(model(p)).saturating_abs()))
}

/// Noisy distances of all `sets` at once, in rows: one vector whose every entry is as sensitive as a marginal in L1.
pub(crate) fn noisy_distances<R: Records + ?Sized>(
    request: &Request<'_, R>,
    model: &Calibrated,
    total: f64,
    sets: &[AttributeSet],
    precision: f64,
    curator: &mut dyn Curator,
) -> Result<Vec<f64>, LearnError> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let exact = distances(request, model, total, sets)?;
    let l2 = (request.sensitivity.l1 as f64 * (sets.len() as f64).sqrt()).ceil();
    let sigma = l2 / ROW as f64 / precision.sqrt();
    Ok(curator.gaussian("distances of marginals from the model so far", &exact, l2 as i64, sigma)?)
}

/// The sets in runs whose counts together fit in memory.
fn batches<'a>(domain: &'a Domain, sets: &'a [AttributeSet]) -> impl Iterator<Item = &'a [AttributeSet]> {
    let mut rest = sets;
    core::iter::from_fn(move || {
        let mut cells = 0u64;
        let fitting = rest.iter().take_while(|set| {
            cells = cells.saturating_add(domain.cells(set));
            cells <= BATCH_CELLS
        });
        let (batch, later) = rest.split_at(fitting.count().max(1).min(rest.len()));
        rest = later;
        (!batch.is_empty()).then_some(batch)
    })
}

/// What to measure among scored candidates, and how precisely: about the most of
/// `sum of weight * (score - expected noise)` that `precision` buys.
///
/// With the precisions `B_i` in proportion to `y_i = (weight * cells * sqrt(2/pi))^(2/3)` the noise terms sum to
/// `(sum of y)^(3/2) / sqrt(precision)`. Candidates are added by score per `y` until one does not help; forced ones
/// come first and always stay. Returns the sum and the sets with their precisions.
///
/// # Source
/// The allocation of SWIFT in google/dpsynth.
pub(crate) fn allocate<R: Records + ?Sized>(
    request: &Request<'_, R>,
    scored: &[(Candidate, f64)],
    precision: f64,
) -> (f64, Vec<(AttributeSet, f64)>) {
    let noise = MEAN_ABSOLUTE * request.sensitivity.rows();
    let mut items: Vec<(bool, f64, f64, AttributeSet)> = scored
        .iter()
        .map(|(Candidate { set, weight }, score)| {
            let cost = weight * request.domain.cells(set) as f64 * noise;
            (request.forced.contains(set), weight * score, libm::cbrt(cost * cost), *set)
        })
        .collect();
    items.sort_by(|a, b| b.0.cmp(&a.0).then((b.1 / b.2).total_cmp(&(a.1 / a.2))).then(a.3.cmp(&b.3)));
    let (mut gain, mut signal, mut share, mut taken) = (0.0, 0.0, 0.0, 0);
    for (forced, worth, y, _) in &items {
        let sum: f64 = share + y;
        let next = signal + worth - sum * sum.sqrt() / precision.sqrt();
        if next <= gain && !forced {
            break;
        }
        (gain, signal, share) = (next, signal + worth, sum);
        taken += 1;
    }
    items.truncate(taken);
    (gain, items.into_iter().map(|(_, _, y, set)| (set, precision * y / share)).collect())
}
