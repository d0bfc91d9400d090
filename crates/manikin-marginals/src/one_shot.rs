//! One-shot selection: all candidates scored at once, then measured and fitted once.

use crate::count::Records;
use crate::domain::AttributeSet;
use crate::fit::{FitReport, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::Model;
use crate::select::{Candidate, allocate, candidates, noisy_distances, required_tree};
use crate::tree::JunctionTree;
use manikin_privacy::Curator;

/// The share of the budget (as `2 rho`) for the one-way marginals, and the share of the rest that selects.
///
/// # Source
/// SWIFT as shipped in google/dpsynth: a tenth each.
const ONE_WAY: f64 = 0.1;
const SELECT: f64 = 0.1;

/// Rows of score that a cell more in the tree must bring; each is tried.
///
/// # Source
/// SWIFT as shipped in google/dpsynth.
const PENALTIES: [f64; 7] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// A tree with what to measure inside it.
struct Choice {
    gain: f64,
    tree: JunctionTree,
    chosen: Vec<(AttributeSet, f64)>,
}

/// Learns by one-shot selection: one-way marginals, one vector of noisy distances from independence, a clique tree
/// grown by them, the marginals inside it, one fit.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
///
/// # Source
/// SWIFT, unpublished, in google/dpsynth (Apache-2.0). Differences: the tree is grown by elimination of all candidates
/// taken so far, and the tree is chosen by what could be measured inside it.
pub fn one_shot<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let (required, tree) = required_tree(request)?;
    let all = budget(curator)?;
    let mut measurements = request.measure_one_way(all * ONE_WAY, curator)?;
    let (start, _) = fit(request.domain, &tree, &measurements, request.zeros, &[], &request.fit)?;
    let candidates = candidates(request);
    let sets: Vec<_> = candidates.iter().map(|candidate| candidate.set).collect();
    let select = all * (1.0 - ONE_WAY) * SELECT;
    let scores = noisy_distances(request, &start.calibrate()?, start.total, &sets, select, curator)?;
    let scored: Vec<(Candidate, f64)> = candidates.into_iter().zip(scores).collect();
    let left = budget(curator)?;
    let mut best: Option<Choice> = None;
    for penalty in PENALTIES {
        let tree = grow(request, &scored, penalty, &required);
        let inside: Vec<_> =
            scored.iter().filter(|(c, _)| tree.host(request.domain, &c.set).is_some()).copied().collect();
        let (gain, chosen) = allocate(request, &inside, left);
        if best.as_ref().is_none_or(|choice| gain > choice.gain) {
            best = Some(Choice { gain, tree, chosen });
        }
    }
    let Choice { tree, chosen, .. } = best.ok_or(LearnError::NoBudget)?;
    measurements.extend(request.measure(&chosen, curator)?);
    Ok(fit(request.domain, &tree, &measurements, request.zeros, &[], &request.fit)?)
}

/// A tree that holds as much of the scores as fits: candidates one after another, highest score less `penalty` rows a
/// cell first, each taken if the tree stays within the limit.
fn grow<R: Records + ?Sized>(
    request: &Request<'_, R>,
    scored: &[(Candidate, f64)],
    penalty: f64,
    required: &[AttributeSet],
) -> JunctionTree {
    let domain = request.domain;
    let mut order: Vec<(f64, AttributeSet)> =
        scored.iter().map(|(c, score)| (score - penalty * domain.cells(&c.set) as f64, c.set)).collect();
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
