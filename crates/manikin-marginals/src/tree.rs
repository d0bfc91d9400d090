//! Junction trees: the cliques over which a set of marginals can be held at once.

use crate::domain::{AttributeSet, Domain};

/// A junction tree: maximal cliques such that an attribute's cliques are always connected.
///
/// Cliques are listed parents first. Components that share nothing hang together by empty separators, so there is
/// always one root, clique 0. Every attribute of the domain is in some clique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JunctionTree {
    cliques: Vec<AttributeSet>,
    parents: Vec<Option<usize>>,
    separators: Vec<AttributeSet>,
}

impl JunctionTree {
    /// The tree in which each of `cliques` lies inside a clique, as small as greedy elimination finds it.
    ///
    /// Three elimination orders are tried, and the one with the fewest cells is taken: the attribute with the smallest
    /// resulting clique first, the one that adds the fewest cells of new edges first, and the smallest number of
    /// neighbours first.
    ///
    /// # Source
    /// Koller and Friedman, Probabilistic Graphical Models (2009), section 9.4.3, and 10.4.2 for the maximum spanning
    /// tree over separators.
    pub fn containing(domain: &Domain, cliques: &[AttributeSet]) -> Self {
        let best = [Order::Product, Order::Fill, Order::Degree]
            .into_iter()
            .map(|order| eliminate(domain, cliques, order))
            .min_by_key(|maximal| cells(domain, maximal))
            .unwrap_or_default();
        Self::joined(best)
    }

    /// How many cells the tree that contains `cliques` has, in all its cliques: by one elimination order, for the many
    /// questions that a selection asks.
    pub fn cells_needed(domain: &Domain, cliques: &[AttributeSet]) -> u64 {
        cells(domain, &eliminate(domain, cliques, Order::Product))
    }

    /// The tree over given maximal cliques, by a maximum spanning tree over the sizes of their intersections; `None`
    /// when no tree over them has the running intersection property, or when an attribute is in none of them.
    pub fn over(domain: &Domain, cliques: &[AttributeSet]) -> Option<Self> {
        let covered = cliques.iter().fold(AttributeSet::EMPTY, |all, clique| all.union(clique));
        let tree = Self::joined(cliques.to_vec());
        (covered == domain.all() && tree.has_running_intersection()).then_some(tree)
    }

    /// Prim's algorithm from the first clique; ties go to the clique listed first.
    fn joined(mut waiting: Vec<AttributeSet>) -> Self {
        waiting.sort_unstable();
        waiting.dedup();
        let maximal: Vec<_> = waiting
            .iter()
            .filter(|clique| !waiting.iter().any(|other| other != *clique && clique.is_subset(other)))
            .copied()
            .collect();
        let mut tree = Self { cliques: Vec::new(), parents: Vec::new(), separators: Vec::new() };
        // For every clique not yet in the tree: its best separator and the clique that it is shared with.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; maximal.len()];
        let mut outside: Vec<usize> = (0..maximal.len()).collect();
        while !outside.is_empty() {
            let place = (0..outside.len())
                .max_by_key(|&i| (best[outside[i]].map_or(0, |(shared, _)| shared), usize::MAX - i))
                .unwrap_or(0);
            let chosen = outside.remove(place);
            let clique = maximal[chosen];
            let parent = best[chosen].map(|(_, parent)| parent);
            let index = tree.cliques.len();
            tree.separators.push(parent.map_or(AttributeSet::EMPTY, |p| tree.cliques[p].intersection(&clique)));
            tree.parents.push(parent);
            tree.cliques.push(clique);
            for &other in &outside {
                let shared = maximal[other].intersection(&clique).len();
                if best[other].is_none_or(|(most, _)| shared > most) {
                    best[other] = Some((shared, index));
                }
            }
        }
        tree
    }

    /// The maximal cliques, parents before their children.
    pub fn cliques(&self) -> &[AttributeSet] {
        &self.cliques
    }

    /// The parent of clique `index`; the root has none.
    pub fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    /// What clique `index` shares with its parent; empty for the root.
    pub fn separator(&self, index: usize) -> AttributeSet {
        self.separators.get(index).copied().unwrap_or_default()
    }

    /// The number of cells of all cliques together; times 8, the bytes of one table set.
    pub fn cells(&self, domain: &Domain) -> u64 {
        cells(domain, &self.cliques)
    }

    /// The smallest clique that contains `set`, if any does.
    pub fn host(&self, domain: &Domain, set: &AttributeSet) -> Option<usize> {
        (0..self.cliques.len())
            .filter(|&i| set.is_subset(&self.cliques[i]))
            .min_by_key(|&i| (domain.cells(&self.cliques[i]), i))
    }

    /// Whether each attribute's cliques are connected: in a tree listed parents first, that is when all of a clique's
    /// attributes that occur in an earlier clique are in its separator.
    fn has_running_intersection(&self) -> bool {
        let mut seen = AttributeSet::EMPTY;
        self.cliques.iter().zip(&self.separators).all(|(clique, separator)| {
            let shared = clique.intersection(&seen);
            seen = seen.union(clique);
            shared.is_subset(separator)
        })
    }
}

fn cells(domain: &Domain, cliques: &[AttributeSet]) -> u64 {
    cliques.iter().fold(0u64, |sum, clique| sum.saturating_add(domain.cells(clique)))
}

/// What the next attribute to eliminate is chosen by.
#[derive(Clone, Copy)]
enum Order {
    Product,
    Fill,
    Degree,
}

/// The maximal cliques that eliminating every attribute makes.
fn eliminate(domain: &Domain, cliques: &[AttributeSet], order: Order) -> Vec<AttributeSet> {
    let mut neighbours: Vec<AttributeSet> = (0..domain.len()).map(|a| AttributeSet::EMPTY.with(a)).collect();
    for clique in cliques {
        let clique = clique.intersection(&domain.all());
        for attribute in clique.iter() {
            neighbours[attribute] = neighbours[attribute].union(&clique);
        }
    }
    let score = |attribute: usize, neighbours: &[AttributeSet]| -> (u64, u64) {
        let clique = neighbours[attribute];
        let product = domain.cells(&clique);
        match order {
            Order::Product => (product, clique.len() as u64),
            Order::Degree => (clique.len() as u64, product),
            Order::Fill => {
                let fill = clique.iter().fold(0u64, |sum, a| {
                    let missing = clique.difference(&neighbours[a]);
                    missing.iter().fold(sum, |sum, b| sum.saturating_add((domain.size(a) * domain.size(b)) as u64))
                });
                (fill, product)
            }
        }
    };
    let mut left: Vec<usize> = (0..domain.len()).collect();
    let mut scores: Vec<(u64, u64)> = left.iter().map(|&a| score(a, &neighbours)).collect();
    let mut maximal: Vec<AttributeSet> = Vec::new();
    while !left.is_empty() {
        let place = (0..left.len()).min_by_key(|&i| (scores[left[i]], left[i])).unwrap_or(0);
        let attribute = left.swap_remove(place);
        let clique = neighbours[attribute];
        let rest = clique.without(attribute);
        let mut touched = rest;
        for other in rest.iter() {
            neighbours[other] = neighbours[other].union(&rest).without(attribute);
            touched = touched.union(&neighbours[other]);
        }
        for other in touched.iter() {
            scores[other] = score(other, &neighbours);
        }
        if !maximal.iter().any(|earlier| clique.is_subset(earlier)) {
            maximal.push(clique);
        }
    }
    maximal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn trees_hold_what_they_were_asked_to_and_have_running_intersection(
            sizes in proptest::collection::vec(1u32..9, 1..12),
            masks in proptest::collection::vec(any::<u16>(), 0..10),
        ) {
            let domain = Domain::new(sizes.iter().enumerate().map(|(i, s)| (i.to_string(), *s))).unwrap();
            let cliques: Vec<AttributeSet> = masks
                .iter()
                .map(|mask| domain.all().iter().filter(|a| mask >> a & 1 == 1).take(4).collect())
                .collect();
            let tree = JunctionTree::containing(&domain, &cliques);
            prop_assert!(tree.has_running_intersection());
            for clique in &cliques {
                prop_assert!(tree.host(&domain, clique).is_some());
            }
            let covered = tree.cliques().iter().fold(AttributeSet::EMPTY, |all, clique| all.union(clique));
            prop_assert_eq!(covered, domain.all());
            prop_assert!(tree.cells(&domain) <= JunctionTree::cells_needed(&domain, &cliques));
            prop_assert_eq!(JunctionTree::over(&domain, tree.cliques()), Some(tree));
        }
    }

    #[test]
    fn a_chain_stays_a_chain_and_a_cycle_is_filled() {
        let domain = Domain::new((0..4).map(|i| (i.to_string(), 3))).unwrap();
        let edge = |a, b| AttributeSet::of(&[a, b]);
        let chain = JunctionTree::containing(&domain, &[edge(0, 1), edge(1, 2), edge(2, 3)]);
        assert_eq!((chain.cliques().len(), chain.cells(&domain)), (3, 27));
        let cycle = JunctionTree::containing(&domain, &[edge(0, 1), edge(1, 2), edge(2, 3), edge(3, 0)]);
        assert_eq!((cycle.cliques().len(), cycle.cells(&domain)), (2, 54));
        assert!(JunctionTree::over(&domain, &[edge(0, 1), edge(1, 2), edge(2, 3), edge(3, 0)]).is_none());
    }
}
