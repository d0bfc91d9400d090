//! Adaptive selection in a few rounds: first what belongs together, by what the model so far gets wrong; then, with
//! the tree known, how precisely to measure what.

use crate::count::Records;
use crate::domain::AttributeSet;
use crate::fit::{FitOptions, FitReport, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::Model;
use crate::one_shot::one_shot;
use crate::select::{Candidate, allocate, candidates, noisy_distances, required_tree};
use crate::tree::JunctionTree;
use manikin_privacy::Curator;

/// Shares of the budget (as `2 rho`): one-way marginals; the rounds' scores; the rounds' measurements at most; the
/// last scores. What is left measures inside the final tree.
///
/// # Source
/// Measured on adult at epsilon 1 (3 seeds, 1 MB): see the crate's example `accuracy`.
const ONE_WAY: f64 = 0.1;
const SCORES: f64 = 0.05;
const ROUNDS_MEASURE: f64 = 0.4;
const LAST_SCORES: f64 = 0.03;

/// How many rounds grow the tree.
///
/// # Source
/// Measured as above: 3 or 4 rounds see too little of what the model already explains; 6, 8 and 10 differ little.
const ROUNDS: usize = 8;

/// The most cells of the tree after the first round, which is to hold a spanning tree and little more.
///
/// # Source
/// Measured on adult at epsilon 1, 16 MB: 2,048 cells .106 (6 seeds), 8,192 .105 (2 seeds). Growth with the square of the
/// rounds, which fills a large model early: .107 (2 seeds) and three times the CPU time.
const FIRST_CELLS: f64 = 2_048.0;

/// How many pairs an attribute is expected to be measured in: divides the rounds' budget.
const PAIRS_PER_ATTRIBUTE: f64 = 2.5;

/// The most steps of the fits between rounds, which only have to show what is still wrong.
const ROUND_STEPS: usize = 200;

/// A pair that a round added.
struct Added {
    set: AttributeSet,
    /// Its distance from the model before it was added, in rows.
    score: f64,
    precision: f64,
}

/// Learns by adaptive selection; the default method.
///
/// 1. One-way marginals.
/// 2. When the model may be large enough to hold every candidate in its tree, there is no tree to find: [`one_shot()`]
///    selection then only decides what is worth measuring.
/// 3. Otherwise, in each of a few rounds: one vector of noisy distances of the model from the records, over the pairs
///    that the tree does not hold; the worst pairs (in the first round a spanning tree, later at most one an
///    attribute, so that one pair's explanation can make another's unnecessary) are added, measured roughly and
///    fitted. The tree's limit grows by a constant factor.
/// 4. Noisy distances of the candidates inside the tree; the rest of the budget is divided among those whose distance
///    exceeds the noise, as in one-shot selection, counting what the rounds have measured.
///
/// Beats AIM because a round answers for many pairs at once, one-shot selection because a dependence that a chain of
/// others explains is not bought twice.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
pub fn adaptive<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let domain = request.domain;
    let (required, mut tree) = required_tree(request)?;
    let all = budget(curator)?;
    let candidates = candidates(request);
    let everything: Vec<_> = required.iter().copied().chain(candidates.iter().map(|c| c.set)).collect();
    if JunctionTree::cells_needed(domain, &everything) <= request.most_cells {
        return one_shot(request, curator);
    }
    let mut measurements = request.measure_one_way(all * ONE_WAY, curator)?;

    let quick = FitOptions { steps: ROUND_STEPS.min(request.fit.steps), ..request.fit };
    let (mut model, _) = fit(domain, &tree, &measurements, request.zeros, &[], &quick)?;
    let pairs: Vec<Candidate> = candidates.iter().filter(|c| c.set.len() == 2).copied().collect();
    let unit = all * ROUNDS_MEASURE / expected_need(request, &pairs);
    let mut cliques = required;
    let mut added: Vec<Added> = Vec::new();
    for round in 0..ROUNDS {
        let open: Vec<Candidate> = pairs.iter().filter(|c| tree.host(domain, &c.set).is_none()).copied().collect();
        let sets: Vec<_> = open.iter().map(|c| c.set).collect();
        let share = all * SCORES / ROUNDS as f64;
        let scores = noisy_distances(request, &model.calibrate()?, model.total, &sets, share, curator)?;
        let scored: Vec<_> = open.into_iter().zip(scores).collect();
        let batch = worst(request, &mut cliques, &scored, round);
        if batch.is_empty() {
            continue;
        }
        tree = JunctionTree::containing(domain, &cliques);
        let spent: f64 = added.iter().map(|pair| pair.precision).sum();
        let wanted: f64 = batch.iter().map(|(set, _)| unit * need(request, set)).sum();
        let scale = ((all * ROUNDS_MEASURE - spent) / wanted).clamp(0.01, 1.0);
        let rough: Vec<_> = batch.iter().map(|(set, _)| (*set, unit * scale * need(request, set))).collect();
        measurements.extend(request.measure(&rough, curator)?);
        let found = batch.iter().zip(&rough);
        added.extend(found.map(|((set, score), (_, precision))| Added {
            set: *set,
            score: *score,
            precision: *precision,
        }));
        (model, _) = fit(domain, &tree, &measurements, request.zeros, &model.potentials, &quick)?;
    }

    let inside: Vec<Candidate> = candidates.into_iter().filter(|c| tree.host(domain, &c.set).is_some()).collect();
    let sets: Vec<_> = inside.iter().map(|c| c.set).collect();
    let scores = noisy_distances(request, &model.calibrate()?, model.total, &sets, all * LAST_SCORES, curator)?;
    let earlier = |set: &AttributeSet| added.iter().find(|pair| pair.set == *set);
    let scored: Vec<_> = inside
        .into_iter()
        .zip(scores)
        .map(|(c, score)| (c, earlier(&c.set).map_or(score, |pair| pair.score.max(score))))
        .collect();
    let left = budget(curator)?;
    let spent: f64 = added.iter().map(|pair| pair.precision).sum();
    let (_, chosen) = allocate(request, &scored, left + spent);
    let missing: Vec<_> = chosen
        .into_iter()
        .map(|(set, precision)| (set, precision - earlier(&set).map_or(0.0, |pair| pair.precision)))
        .filter(|(_, precision)| *precision > 0.0)
        .collect();
    let sum: f64 = missing.iter().map(|(_, precision)| precision).sum();
    let last: Vec<_> = missing.into_iter().map(|(set, precision)| (set, precision * left / sum)).collect();
    measurements.extend(request.measure(&last, curator)?);
    Ok(fit(domain, &tree, &measurements, request.zeros, &model.potentials, &request.fit)?)
}

/// How much of the budget a set needs beside others.
fn need<R: Records + ?Sized>(request: &Request<'_, R>, set: &AttributeSet) -> f64 {
    let cells = request.domain.cells(set) as f64;
    libm::cbrt(cells * cells)
}

/// What all pairs that the rounds will add are expected to need.
fn expected_need<R: Records + ?Sized>(request: &Request<'_, R>, pairs: &[Candidate]) -> f64 {
    let sum: f64 = pairs.iter().map(|c| need(request, &c.set)).sum();
    let mean = sum / pairs.len().max(1) as f64;
    (PAIRS_PER_ATTRIBUTE * request.domain.len() as f64 * mean).max(1.0)
}

/// The worst pairs of a round with their scores; they are added to `cliques`.
fn worst<R: Records + ?Sized>(
    request: &Request<'_, R>,
    cliques: &mut Vec<AttributeSet>,
    scored: &[(Candidate, f64)],
    round: usize,
) -> Vec<(AttributeSet, f64)> {
    let domain = request.domain;
    let mut order: Vec<&(Candidate, f64)> = scored.iter().collect();
    order.sort_by(|a, b| (b.0.weight * b.1).total_cmp(&(a.0.weight * a.1)).then(a.0.set.cmp(&b.0.set)));
    // Growth by a constant factor keeps early rounds from filling the tree with cliques that a later pair would make
    // unnecessary, however large the model may become.
    let share = round as f64 / (ROUNDS - 1) as f64;
    let first = FIRST_CELLS.min(request.most_cells as f64);
    let most = (first * libm::pow(request.most_cells as f64 / first, share)) as u64;
    let mut component: Vec<usize> = (0..domain.len()).collect();
    let mut used = AttributeSet::EMPTY;
    let mut batch = Vec::new();
    for (Candidate { set, .. }, score) in order {
        let mut ends = set.iter();
        let (Some(a), Some(b)) = (ends.next(), ends.next()) else { continue };
        let allowed = if round == 0 { component[a] != component[b] } else { set.intersection(&used).is_empty() };
        if !allowed {
            continue;
        }
        cliques.push(*set);
        if JunctionTree::cells_needed(domain, cliques) > most {
            cliques.pop();
            continue;
        }
        let (old, new) = (component[b], component[a]);
        component.iter_mut().filter(|c| **c == old).for_each(|c| *c = new);
        used = used.union(set);
        batch.push((*set, *score));
    }
    batch
}
