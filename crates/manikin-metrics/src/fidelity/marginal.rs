//! Joint tables of several columns over shared cells, compared by total variation.

use rayon::prelude::*;

use super::comparison::Comparison;
use super::tally::{Estimate, Tally};
use crate::encode::Cells;
use crate::stats::{draws, sample_rows};

/// How close the joint distributions of some columns are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Marginal {
    /// The columns.
    pub(crate) columns: Vec<usize>,
    /// 1 - total variation distance; absent when a side has no rows.
    pub(crate) accuracy: Option<Estimate>,
    /// What faultless samples of these sizes would have on average.
    pub(crate) ceiling: f64,
    /// The rows counted on both sides.
    pub(crate) rows: usize,
}

/// Which rows count on each side.
#[derive(Clone, Copy)]
pub(crate) struct Filter<'a> {
    pub(crate) real: &'a [bool],
    pub(crate) synthetic: &'a [bool],
}

/// Compares each set of columns, over the rows that the filter lets through.
pub(crate) fn compare(comparison: &Comparison<'_>, sets: &[Vec<usize>], filter: Option<Filter<'_>>) -> Vec<Marginal> {
    let cells = comparison.cells();
    // Both are made before threads need them: waiting inside a thread pool would serialise it.
    comparison.draws();
    sets.par_iter()
        .map(|set| {
            let count = set.iter().map(|&c| cells[c].len()).product();
            // Column by column over whole lists, which compilers make vectors of.
            let joint = |side: fn(&Cells) -> &[u16], rows: usize| {
                let mut joint = vec![0u32; rows];
                for cells in set.iter().map(|&c| &cells[c]) {
                    let width = u32::try_from(cells.len()).unwrap_or(u32::MAX);
                    let own = side(cells).iter().map(|&cell| u32::from(cell));
                    joint.iter_mut().zip(own).for_each(|(at, own)| *at = *at * width + own);
                }
                joint
            };
            let (real, synthetic) = (comparison.real.table.rows, comparison.synthetic.table.rows);
            let (real, synthetic) = (joint(|cells| &cells.real, real), joint(|cells| &cells.synthetic, synthetic));
            let keep = |mask: Option<&[bool]>, row: usize| mask.is_none_or(|mask| mask[row]);
            let real = (0..).zip(&real).map(|(row, &at)| keep(filter.map(|f| f.real), row).then_some(at as usize));
            let synthetic =
                (0..).zip(&synthetic).map(|(row, &at)| keep(filter.map(|f| f.synthetic), row).then_some(at as usize));
            let tally = Tally::of(comparison, count, real, synthetic);
            let accuracy = tally.total_variation().map(|mut estimate| {
                estimate.complement();
                estimate
            });
            let (real, synthetic) = tally.totals();
            let rows = usize::try_from(real + synthetic).unwrap_or(usize::MAX);
            Marginal { columns: set.clone(), accuracy, ceiling: 1.0 - tally.expected_variation(), rows }
        })
        .collect()
}

/// The mean accuracy and the mean ceiling of marginals that have one; `None` when none has.
pub(crate) fn mean(marginals: &[Marginal]) -> Option<(Estimate, f64)> {
    let computed: Vec<&Marginal> = marginals.iter().filter(|m| m.accuracy.is_some()).collect();
    let estimates: Vec<Estimate> = computed.iter().filter_map(|m| m.accuracy.clone()).collect();
    let ceiling = computed.iter().map(|m| m.ceiling).sum::<f64>() / computed.len() as f64;
    Some((Estimate::mean(&estimates)?, ceiling))
}

/// Every single column.
pub(crate) fn sets_of_one(width: usize) -> Vec<Vec<usize>> {
    (0..width).map(|c| vec![c]).collect()
}

/// Every pair of columns.
pub(crate) fn sets_of_two(width: usize) -> Vec<Vec<usize>> {
    (0..width).flat_map(|a| (a + 1..width).map(move |b| vec![a, b])).collect()
}

/// Every set of three columns, or a sample of `most` of them.
pub(crate) fn sets_of_three(width: usize, most: usize, seed: u64) -> Vec<Vec<usize>> {
    let all = (0..width).flat_map(|a| (a + 1..width).flat_map(move |b| (b + 1..width).map(move |c| vec![a, b, c])));
    let all: Vec<Vec<usize>> = all.collect();
    let chosen = sample_rows(all.len(), most, &mut draws(seed, "triples", 0));
    chosen.into_iter().map(|i| all[i as usize].clone()).collect()
}
