//! The marginals that a model should get right.

use crate::domain::{AttributeSet, Domain};
use std::collections::BTreeMap;

/// Sets of attributes whose joint distributions matter, with how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    sets: Vec<(AttributeSet, f64)>,
}

impl Workload {
    /// All sets of `size` attributes (or of all, when there are fewer) with at most `most_cells` cells, each of
    /// importance 1.
    pub fn all(domain: &Domain, size: usize, most_cells: u64) -> Self {
        let size = size.min(domain.len());
        let mut sets = vec![AttributeSet::EMPTY];
        for _ in 0..size {
            sets = sets
                .iter()
                .flat_map(|set| {
                    let next = set.iter().last().map_or(0, |last| last + 1);
                    (next..domain.len()).map(|attribute| set.with(attribute))
                })
                .filter(|set| domain.cells(set) <= most_cells)
                .collect();
        }
        Self { sets: sets.into_iter().map(|set| (set, 1.0)).collect() }
    }

    /// These sets with these importances; those that are not positive are left out.
    pub fn of(sets: impl IntoIterator<Item = (AttributeSet, f64)>) -> Self {
        Self { sets: sets.into_iter().filter(|(_, importance)| *importance > 0.0).collect() }
    }

    /// The sets and their importances.
    pub fn sets(&self) -> &[(AttributeSet, f64)] {
        &self.sets
    }

    /// Every set of at least two attributes inside a set of the workload, at most `most_cells` cells each, by growing
    /// size and then column order.
    pub(crate) fn closure(&self, domain: &Domain, most_cells: u64) -> Vec<AttributeSet> {
        let mut closure: BTreeMap<(usize, Vec<usize>), AttributeSet> = BTreeMap::new();
        for (set, _) in &self.sets {
            for subset in set.intersection(&domain.all()).subsets() {
                if subset.len() > 1 && domain.cells(&subset) <= most_cells {
                    closure.insert((subset.len(), subset.iter().collect()), subset);
                }
            }
        }
        closure.into_values().collect()
    }

    /// How much of the workload lies near `set`: the sum over its sets of their importance times the number of
    /// attributes that they share.
    pub(crate) fn weight(&self, set: &AttributeSet) -> f64 {
        self.sets.iter().map(|(other, importance)| importance * set.intersection(other).len() as f64).sum()
    }
}
