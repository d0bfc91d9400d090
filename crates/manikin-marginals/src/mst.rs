//! Two simple methods: a tree of pairs (MST), and independent columns.

use crate::count::Records;
use crate::domain::AttributeSet;
use crate::fit::{FitReport, fit};
use crate::learn::{LearnError, Request, budget};
use crate::model::Model;
use crate::select::{distances, required_tree};
use crate::tree::JunctionTree;
use manikin_privacy::{Curator, UNITS_PER_ROW};

/// Learns by MST: a third of the budget each on the one-way marginals, on choosing a spanning tree of pairs by the
/// exponential mechanism (the pair farthest from independence first), and on measuring them.
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
///
/// # Source
/// McKenna, Miklau, Sheldon, Winning the NIST Contest, Journal of Privacy and Confidentiality 2021, arXiv 2108.04978,
/// algorithm 3; without its compression of rare values.
pub fn mst<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let domain = request.domain;
    let (mut cliques, tree) = required_tree(request)?;
    let third = budget(curator)? / 3.0;
    let mut measurements = request.measure_one_way(third, curator)?;
    let (start, _) = fit(domain, &tree, &measurements, request.zeros, &[], &request.fit)?;

    let pairs: Vec<AttributeSet> = domain
        .all()
        .iter()
        .flat_map(|a| (a + 1..domain.len()).map(move |b| AttributeSet::of(&[a, b])))
        .filter(|pair| domain.cells(pair) <= request.most_cells)
        .collect();
    let scores: Vec<f64> = distances(request, &start.calibrate()?, start.total, &pairs)?
        .into_iter()
        .map(|score| score as f64 / UNITS_PER_ROW as f64)
        .collect();
    // rho = epsilon^2 / 8 for each of the tree's edges, and rho is half the precision.
    let epsilon = (4.0 * third / (domain.len() as f64 - 1.0).max(1.0)).sqrt();
    let sensitivity = request.sensitivity.l1 as f64 / UNITS_PER_ROW as f64;
    let mut component: Vec<usize> = (0..domain.len()).collect();
    let mut chosen = request.forced.to_vec();
    for _ in 1..domain.len() {
        let open: Vec<usize> = (0..pairs.len())
            .filter(|&i| {
                let mut ends = pairs[i].iter().map(|a| component[a]);
                ends.next() != ends.next() && {
                    cliques.push(pairs[i]);
                    let fits = JunctionTree::cells_needed(domain, &cliques) <= request.most_cells;
                    cliques.pop();
                    fits
                }
            })
            .collect();
        if open.is_empty() {
            break;
        }
        let choices: Vec<f64> = open.iter().map(|&i| scores[i]).collect();
        let pair = pairs[open[curator.select("the next pair of a tree", &choices, sensitivity, epsilon)?]];
        let ends: Vec<usize> = pair.iter().map(|a| component[a]).collect();
        component.iter_mut().filter(|c| **c == ends[1]).for_each(|c| *c = ends[0]);
        cliques.push(pair);
        if !chosen.contains(&pair) {
            chosen.push(pair);
        }
    }
    let tree = JunctionTree::containing(domain, &cliques);
    if !chosen.is_empty() {
        let share = budget(curator)? / chosen.len() as f64;
        let sets: Vec<_> = chosen.into_iter().map(|set| (set, share)).collect();
        measurements.extend(request.measure(&sets, curator)?);
    }
    Ok(fit(domain, &tree, &measurements, request.zeros, &[], &request.fit)?)
}

/// Learns independent columns: the whole budget on the one-way marginals (and on forced sets, where there are any).
///
/// # Errors
/// [`LearnError`]: no budget, a refused measurement, unreadable records, or requirements beyond the model's size.
pub fn independent<R: Records + ?Sized>(
    request: &Request<'_, R>,
    curator: &mut dyn Curator,
) -> Result<(Model, FitReport), LearnError> {
    let (_, tree) = required_tree(request)?;
    let all = budget(curator)?;
    let one_way = if request.forced.is_empty() { all } else { all / 2.0 };
    let mut measurements = request.measure_one_way(one_way, curator)?;
    if !request.forced.is_empty() {
        let share = budget(curator)? / request.forced.len() as f64;
        let sets: Vec<_> = request.forced.iter().map(|set| (*set, share)).collect();
        measurements.extend(request.measure(&sets, curator)?);
    }
    Ok(fit(request.domain, &tree, &measurements, request.zeros, &[], &request.fit)?)
}
