//! Exact marginals of a log-linear model over a junction tree.

use crate::axes::Projection;
use crate::domain::{AttributeSet, Domain};
use crate::maths::exp_slice;
use crate::tree::JunctionTree;

/// The working memory of belief propagation over one tree: tables are reused between calls.
///
/// # Algorithm
/// Shafer and Shenoy's messages, in log space upward: for each clique and each cell of its separator to the parent,
/// `log sum exp` with the largest value of that cell taken out first, so that structural zeros (minus infinity) and
/// any range of potentials are safe. What is exponentiated on the way up is the clique's conditional distribution
/// given its separator, up to the separator's sum; on the way down it is multiplied by the separator's marginal over
/// that sum. Nothing that was multiplied in is divided out again, which is what turns structural zeros into NaN in
/// HUGIN's scheme, and every cell is exponentiated once.
///
/// # Source
/// Shafer and Shenoy, Probability propagation, Annals of Mathematics and Artificial Intelligence 2 (1990).
#[derive(Clone, Debug)]
pub(crate) struct Propagation {
    to_separator: Vec<Projection>,
    to_parent: Vec<Option<Projection>>,
    sums: Vec<Vec<f64>>,
    scratch: Scratch,
}

#[derive(Clone, Debug, Default)]
struct Scratch {
    small: Vec<f64>,
    message: Vec<f64>,
    one: Vec<f64>,
    two: (Vec<f64>, Vec<f64>),
}

impl Propagation {
    pub(crate) fn new(domain: &Domain, tree: &JunctionTree) -> Self {
        let cliques = tree.cliques();
        let to_separator =
            (0..cliques.len()).map(|i| Projection::new(domain, &cliques[i], &tree.separator(i))).collect();
        let to_parent = (0..cliques.len())
            .map(|i| tree.parent(i).map(|p| Projection::new(domain, &cliques[p], &tree.separator(i))))
            .collect();
        Self { to_separator, to_parent, sums: vec![Vec::new(); cliques.len()], scratch: Scratch::default() }
    }

    /// Turns log potentials, one table for each clique, into the cliques' marginals (each sums to 1) in place, and
    /// gives the logarithm of the sum over all cells of the joint table.
    ///
    /// When every cell is a structural zero the marginals are all 0 and the logarithm is minus infinity.
    pub(crate) fn run(&mut self, tree: &JunctionTree, tables: &mut [Vec<f64>]) -> f64 {
        let Scratch { small, message, one, two } = &mut self.scratch;
        let mut log_partition = 0.0;
        for i in (0..tables.len()).rev() {
            let (before, from) = tables.split_at_mut(i);
            let table = &mut from[0];
            let projection = &self.to_separator[i];
            projection.max(table, message, one);
            projection.subtract_finite(message, table, two);
            exp_slice(table);
            projection.sum(table, small, one);
            for (log, sum) in message.iter_mut().zip(small.iter()) {
                // A cell without any weight has no finite largest value, or a sum of 0.
                *log = if *sum > 0.0 { *log + libm::log(*sum) } else { f64::NEG_INFINITY };
            }
            self.sums[i].clone_from(small);
            match (tree.parent(i), &self.to_parent[i]) {
                (Some(parent), Some(up)) => up.add(message, &mut before[parent], two),
                _ => log_partition = message.first().copied().unwrap_or(0.0),
            }
        }
        for i in 0..tables.len() {
            let (before, from) = tables.split_at_mut(i);
            let table = &mut from[0];
            match (tree.parent(i), &self.to_parent[i]) {
                (Some(parent), Some(up)) => up.sum(&before[parent], small, one),
                _ => {
                    small.clear();
                    small.push(1.0);
                }
            }
            for (marginal, sum) in small.iter_mut().zip(&self.sums[i]) {
                *marginal = if *sum > 0.0 { *marginal / *sum } else { 0.0 };
            }
            self.to_separator[i].multiply(small, table, two);
        }
        log_partition
    }
}

/// A model's cliques with their marginal probabilities: what every question about the model is answered from.
#[derive(Clone, Debug)]
pub struct Calibrated {
    domain: Domain,
    tree: JunctionTree,
    beliefs: Vec<Vec<f64>>,
}

impl Calibrated {
    pub(crate) fn new(domain: Domain, tree: JunctionTree, beliefs: Vec<Vec<f64>>) -> Self {
        Self { domain, tree, beliefs }
    }

    /// What the model's columns can hold.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The junction tree.
    pub fn tree(&self) -> &JunctionTree {
        &self.tree
    }

    /// The marginal probabilities of clique `index` of the tree.
    pub fn belief(&self, index: usize) -> &[f64] {
        self.beliefs.get(index).map_or(&[], Vec::as_slice)
    }

    /// The marginal probabilities of `set` when one clique holds it all, else `None`: see
    /// [`marginal`](Self::marginal) for any set.
    pub fn marginal_inside(&self, set: &AttributeSet) -> Option<Vec<f64>> {
        let host = self.tree.host(&self.domain, set)?;
        let mut small = Vec::new();
        Projection::new(&self.domain, &self.tree.cliques()[host], set).sum(
            &self.beliefs[host],
            &mut small,
            &mut Vec::new(),
        );
        Some(small)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The joint distribution of log potentials over cliques, cell by cell.
    pub(crate) fn brute_force(domain: &Domain, cliques: &[AttributeSet], tables: &[Vec<f64>]) -> (Vec<f64>, f64) {
        let all = domain.all();
        let mut joint = vec![0.0; domain.cells(&all) as usize];
        for (clique, table) in cliques.iter().zip(tables) {
            Projection::new(domain, &all, clique).add(table, &mut joint, &mut (Vec::new(), Vec::new()));
        }
        let most = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return (vec![0.0; joint.len()], most);
        }
        joint.iter_mut().for_each(|x| *x = libm::exp(*x - most));
        let sum: f64 = joint.iter().sum();
        joint.iter_mut().for_each(|x| *x /= sum);
        (joint, most + libm::log(sum))
    }

    pub(crate) fn project(domain: &Domain, from: &AttributeSet, table: &[f64], to: &AttributeSet) -> Vec<f64> {
        let mut small = Vec::new();
        Projection::new(domain, from, to).sum(table, &mut small, &mut Vec::new());
        small
    }

    /// A small model: its domain, tree and log potentials, some of them minus infinity, some of them huge.
    pub(crate) fn small_model() -> impl Strategy<Value = (Domain, JunctionTree, Vec<Vec<f64>>)> {
        let sizes = proptest::collection::vec(1u32..4, 2..7);
        let masks = proptest::collection::vec(any::<u8>(), 1..6);
        let values = proptest::collection::vec(-50i32..50, 40);
        (sizes, masks, values, prop_oneof![Just(0.03), Just(40.0)]).prop_map(|(sizes, masks, values, scale)| {
            let domain = Domain::new(sizes.iter().enumerate().map(|(i, s)| (i.to_string(), *s))).unwrap();
            let cliques: Vec<AttributeSet> =
                masks.iter().map(|mask| domain.all().iter().filter(|a| mask >> a & 1 == 1).take(3).collect()).collect();
            let tree = JunctionTree::containing(&domain, &cliques);
            let mut next = values.iter().cycle();
            let tables = tree
                .cliques()
                .iter()
                .map(|clique| {
                    (0..domain.cells(clique))
                        .map(|_| match next.next().copied().unwrap_or(0) {
                            v if v % 7 == 3 => f64::NEG_INFINITY,
                            v => f64::from(v) * scale,
                        })
                        .collect()
                })
                .collect();
            (domain, tree, tables)
        })
    }

    proptest! {
        #[test]
        fn beliefs_equal_brute_force_with_structural_zeros_and_huge_potentials(
            (domain, tree, tables) in small_model()
        ) {
            let (joint, log_partition) = brute_force(&domain, tree.cliques(), &tables);
            let mut beliefs = tables.clone();
            let found = Propagation::new(&domain, &tree).run(&tree, &mut beliefs);
            prop_assert!(found == log_partition || (found - log_partition).abs() < 1e-9 * (1.0 + found.abs()));
            for (clique, belief) in tree.cliques().iter().zip(&beliefs) {
                for (x, y) in belief.iter().zip(project(&domain, &domain.all(), &joint, clique)) {
                    prop_assert!((x - y).abs() < 1e-9, "{x} {y}");
                }
            }
        }
    }
}
