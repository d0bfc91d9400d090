//! AIM: adaptive selection of one marginal at a time.

use crate::count::Records;
use crate::domain::AttributeSet;
use crate::fit::{FitOptions, FitReport, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::Model;
use crate::select::{Candidate, MEAN_ABSOLUTE, candidates, distances, required_tree};
use crate::tree::JunctionTree;
use manikin_privacy::{Curator, UNITS_PER_ROW};

/// The share of a round's budget that measures; the rest selects.
const MEASURE: f64 = 0.9;

/// Rounds planned for each attribute; annealing usually ends much earlier.
const ROUNDS_PER_ATTRIBUTE: f64 = 16.0;

/// The most steps of a fit between rounds, which starts from the last one.
///
/// # Source
/// ASSUMED: two thirds of the 150 of the reference implementation; the noise stop usually ends it before.
const ROUND_STEPS: usize = 100;

/// Learns by AIM: one-way marginals; then, round after round, the marginal that the model gets most wrong (by the
/// exponential mechanism, the error less what noise alone would make, times the workload's weight) is measured and
/// the model fitted again, with noise that shrinks when a round taught nothing.
///
/// The selection scores are not monotonic in the records, so the exponential mechanism is used in its general form.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
///
/// # Source
/// McKenna, Mullins, Sheldon, Miklau, AIM, VLDB 2022, arXiv 2201.12677, algorithms 2 to 4.
pub fn aim<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let domain = request.domain;
    let (mut cliques, mut tree) = required_tree(request)?;
    // Everything below is in precision (twice rho): a measurement costs b, a selection of epsilon costs epsilon^2 / 4.
    let all = budget(curator)?;
    let rounds = ROUNDS_PER_ATTRIBUTE * domain.len() as f64;
    let mut measure = MEASURE * all / rounds;
    let mut select = (1.0 - MEASURE) * all / rounds;
    let first = measure * domain.len() as f64;
    let mut measurements = request.measure_one_way(first, curator)?;
    let mut left = all - first;
    if !request.forced.is_empty() {
        let forced: Vec<_> = request.forced.iter().map(|set| (*set, measure)).collect();
        measurements.extend(request.measure(&forced, curator)?);
        left -= measure * forced.len() as f64;
    }
    let quick = FitOptions { steps: ROUND_STEPS.min(request.fit.steps), ..request.fit };
    let (mut model, _) = fit(domain, &tree, &measurements, request.zeros, &[], &quick)?;
    let mut candidates = candidates(request);
    candidates.extend((0..domain.len()).map(|a| {
        let set = AttributeSet::EMPTY.with(a);
        Candidate { set, weight: request.workload.weight(&set).max(1.0) }
    }));
    let sensitivity = request.sensitivity.l1 as f64 / UNITS_PER_ROW as f64;
    let mut last = false;
    while !last && left > 0.0 {
        if left < 2.0 * (measure + select) {
            (measure, select, last) = (MEASURE * left, (1.0 - MEASURE) * left, true);
        }
        let used = (all - left + measure + select) / all;
        let most = (request.most_cells as f64 * used.min(1.0)) as u64;
        let fitting: Vec<Candidate> = candidates
            .iter()
            .filter(|c| {
                tree.host(domain, &c.set).is_some() || {
                    cliques.push(c.set);
                    let cells = JunctionTree::cells_needed(domain, &cliques);
                    cliques.pop();
                    cells <= most
                }
            })
            .copied()
            .collect();
        if fitting.is_empty() {
            break;
        }
        let calibrated = model.calibrate()?;
        let sets: Vec<_> = fitting.iter().map(|c| c.set).collect();
        let sigma = request.sigma(measure);
        let scores: Vec<f64> = distances(request, &calibrated, model.total, &sets)?
            .into_iter()
            .zip(&fitting)
            .map(|(distance, c)| {
                let noise = MEAN_ABSOLUTE * sigma * domain.cells(&c.set) as f64;
                c.weight * (distance as f64 / UNITS_PER_ROW as f64 - noise)
            })
            .collect();
        let heaviest = fitting.iter().map(|c| c.weight).fold(0.0, f64::max);
        let about = "the marginal that the model gets most wrong";
        let chosen = fitting[curator.select(about, &scores, heaviest * sensitivity, (4.0 * select).sqrt())?].set;
        measurements.extend(request.measure(&[(chosen, measure)], curator)?);
        left -= measure + select;
        let before = calibrated.marginal(&chosen, u64::MAX).unwrap_or_default();
        // What was measured inside the tree must stay inside the trees to come.
        cliques.push(chosen);
        if tree.host(domain, &chosen).is_none() {
            tree = JunctionTree::containing(domain, &cliques);
        }
        (model, _) = fit(domain, &tree, &measurements, request.zeros, &model.potentials, &quick)?;
        let after = model.calibrate()?.marginal(&chosen, u64::MAX).unwrap_or_default();
        let moved: f64 = before.iter().zip(&after).map(|(x, y)| (x - y).abs()).sum::<f64>() * model.total;
        if moved <= MEAN_ABSOLUTE * sigma * domain.cells(&chosen) as f64 {
            (measure, select) = (measure * 4.0, select * 4.0);
        }
    }
    Ok(fit(domain, &tree, &measurements, request.zeros, &model.potentials, &request.fit)?)
}
