//! One-shot selection: all candidates scored at once, then measured and fitted once.

use crate::count::{ROW, Records};
use crate::domain::{AttributeSet, Domain};
use crate::fit::{FitReport, estimate_total, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::{Measurement, Model};
use crate::tree::JunctionTree;
use manikin_privacy::Curator;

/// The share of the budget (as `2 rho`) for the one-way marginals, and the share of the rest that selects.
///
/// # Source
/// SWIFT as shipped in google/dpsynth: a tenth each.
const ONE_WAY: f64 = 0.1;
const SELECT: f64 = 0.1;

/// The most cells that a candidate may have.
const CANDIDATE_CELLS: u64 = 1_000_000;

/// The mean of |x| for a standard normal x: the square root of 2/pi.
pub(crate) const MEAN_ABSOLUTE: f64 = 0.797_884_560_802_865_4;

/// Learns a model: one-way marginals, one vector of noisy scores, a clique tree, the marginals inside it, one fit.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements that do not fit the limit.
pub fn one_shot<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let domain = request.domain;
    let all = budget(curator)?;
    let one_way: Vec<_> =
        (0..domain.len()).map(|a| (AttributeSet::EMPTY.with(a), all * ONE_WAY / domain.len() as f64)).collect();
    let mut measurements = request.measure(&one_way, curator)?;
    let candidates = request.workload.closure(domain, CANDIDATE_CELLS.min(request.most_cells));
    let scores = scores(request, &measurements, &candidates, all * (1.0 - ONE_WAY) * SELECT, curator)?;
    let precision = all * (1.0 - ONE_WAY) * (1.0 - SELECT);
    let (tree, chosen) = choose(request, &candidates, &scores, precision)?;
    measurements.extend(request.measure(&chosen, curator)?);
    Ok(fit(domain, &tree, &measurements, request.zeros, &[], &request.fit)?)
}

/// Noisy distances of each candidate from independence, in rows.
///
/// One vector, whose entries each move by at most the L1 sensitivity of a marginal.
fn scores<R: Records + ?Sized>(
    request: &Request<'_, R>,
    one_way: &[Measurement],
    candidates: &[AttributeSet],
    precision: f64,
    curator: &mut dyn Curator,
) -> Result<Vec<f64>, LearnError> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let total = estimate_total(one_way);
    let shares: Vec<Vec<f64>> = one_way
        .iter()
        .map(|measurement| {
            let positive: Vec<f64> = measurement.values.iter().map(|x| x.max(0.0)).collect();
            let sum: f64 = positive.iter().sum();
            let cells = positive.len() as f64;
            positive.iter().map(|x| if sum > 0.0 { x / sum } else { 1.0 / cells }).collect()
        })
        .collect();
    let mut exact = Vec::with_capacity(candidates.len());
    for batch in batches(request.domain, candidates) {
        for (set, counts) in batch.iter().zip(request.count(batch)?) {
            let mut expected = vec![total * ROW as f64];
            for attribute in set.iter() {
                expected = expected.iter().flat_map(|x| shares[attribute].iter().map(move |share| x * share)).collect();
            }
            exact.push(counts.iter().zip(&expected).map(|(n, x)| (n - x.round() as i64).abs()).sum::<i64>());
        }
    }
    let scores = candidates.len() as f64;
    let l2 = (request.sensitivity.l1 as f64 * scores.sqrt()).ceil();
    let sigma = l2 / ROW as f64 / precision.sqrt();
    Ok(curator.gaussian("distances from independence", &exact, l2 as i64, sigma)?)
}

/// The candidates in runs whose counts together take at most 128 MiB.
fn batches<'a>(domain: &Domain, candidates: &'a [AttributeSet]) -> impl Iterator<Item = &'a [AttributeSet]> {
    const CELLS: u64 = 1 << 24;
    let domain = domain.clone();
    let mut rest = candidates;
    core::iter::from_fn(move || {
        let mut cells = 0;
        let fitting = rest.iter().take_while(|set| {
            cells += domain.cells(set);
            cells <= CELLS
        });
        let (batch, later) = rest.split_at(fitting.count().max(1).min(rest.len()));
        rest = later;
        (!batch.is_empty()).then_some(batch)
    })
}

/// The junction tree and what to measure inside it, each with its precision.
fn choose<R: Records + ?Sized>(
    request: &Request<'_, R>,
    candidates: &[AttributeSet],
    scores: &[f64],
    precision: f64,
) -> Result<(JunctionTree, Vec<(AttributeSet, f64)>), LearnError> {
    let domain = request.domain;
    let required = request.required();
    let needed = JunctionTree::cells_needed(domain, &required);
    if needed > request.most_cells {
        let hint = "raise the model's size, group values, or force fewer attributes together";
        return Err(LearnError::TooLarge { needed, allowed: request.most_cells, hint });
    }
    let weights: Vec<f64> = candidates.iter().map(|set| swift_weight(request, set)).collect();
    let mut best: Option<(f64, JunctionTree, Vec<(AttributeSet, f64)>)> = None;
    for penalty in [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0] {
        let tree = grow(request, candidates, scores, penalty, &required);
        let (gain, chosen) = allocate(request, &tree, candidates, scores, &weights, precision);
        if best.as_ref().is_none_or(|(most, ..)| gain > *most) {
            best = Some((gain, tree, chosen));
        }
    }
    match best {
        Some((_, tree, chosen)) => Ok((tree, chosen)),
        None => Err(LearnError::NoBudget),
    }
}

fn swift_weight<R: Records + ?Sized>(request: &Request<'_, R>, set: &AttributeSet) -> f64 {
    request.workload.weight(set)
}

/// A tree that holds as much of the scores as fits: candidates one after another, highest score less `penalty` rows a
/// cell first, each taken if the tree stays within the limit.
fn grow<R: Records + ?Sized>(
    request: &Request<'_, R>,
    candidates: &[AttributeSet],
    scores: &[f64],
    penalty: f64,
    required: &[AttributeSet],
) -> JunctionTree {
    let domain = request.domain;
    let mut order: Vec<(f64, AttributeSet)> =
        candidates.iter().zip(scores).map(|(set, score)| (score - penalty * domain.cells(set) as f64, *set)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut cliques = required.to_vec();
    for (_, set) in order {
        if cliques.iter().any(|clique| set.is_subset(clique)) {
            continue;
        }
        cliques.push(set);
        if JunctionTree::cells_needed(domain, &cliques) > request.most_cells {
            cliques.pop();
        }
    }
    JunctionTree::containing(domain, &cliques)
}

/// What to measure inside a tree, and how precisely: maximises the sum of `weight * (score - expected noise)`.
fn allocate<R: Records + ?Sized>(
    request: &Request<'_, R>,
    tree: &JunctionTree,
    candidates: &[AttributeSet],
    scores: &[f64],
    weights: &[f64],
    precision: f64,
) -> (f64, Vec<(AttributeSet, f64)>) {
    let domain = request.domain;
    let noise = MEAN_ABSOLUTE * request.sensitivity.rows();
    // (importance of the score, cube root of the squared importance of the noise, set)
    let mut items: Vec<(f64, f64, AttributeSet)> = candidates
        .iter()
        .zip(scores)
        .zip(weights)
        .filter(|((set, _), _)| tree.host(domain, set).is_some())
        .map(|((set, score), weight)| {
            let cost = weight * domain.cells(set) as f64 * noise;
            (weight * score, libm::cbrt(cost * cost), *set)
        })
        .collect();
    items.sort_by(|a, b| (b.0 / b.1).total_cmp(&(a.0 / a.1)).then(a.2.cmp(&b.2)));
    let (mut gain, mut signal, mut share) = (0.0, 0.0, 0.0);
    let mut taken = 0;
    for (worth, y, set) in &items {
        let forced = request.forced.contains(set);
        // With precisions in proportion to y, the noise terms sum to (sum of y)^(3/2) / sqrt(precision).
        let sum: f64 = share + y;
        let next = signal + worth - sum * sum.sqrt() / precision.sqrt();
        if next <= gain && !forced {
            break;
        }
        (gain, signal, share) = (next, signal + worth, sum);
        taken += 1;
    }
    items.truncate(taken);
    (gain, items.into_iter().map(|(_, y, set)| (set, precision * y / share)).collect())
}
