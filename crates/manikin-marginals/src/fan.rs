//! Many marginals of one large table at little more than the cost of reading it.

use crate::axes::Projection;
use crate::domain::{AttributeSet, Domain};

/// A tree of projections from one clique to many subsets of it.
///
/// Each node sums axes out of its parent's table, and a target hangs from the smallest table on its way, so that the
/// 560 triples of 16 binary attributes cost about 30 readings of the 65,536 cells instead of 560. Run backward, the same
/// tree adds 560 small tables to the large one.
#[derive(Clone, Debug)]
pub(crate) struct Fan {
    children: Vec<Node>,
    /// Targets that are the clique itself.
    whole: Vec<usize>,
    scratch: Vec<(Vec<f64>, Vec<f64>)>,
    spread: (Vec<f64>, Vec<f64>),
}

#[derive(Clone, Debug)]
struct Node {
    projection: Projection,
    here: Vec<usize>,
    children: Vec<Node>,
}

impl Fan {
    /// The tree from `clique` to each of `targets` (its subsets, each with the place of its table in `tables` of
    /// [`collect`](Self::collect) and [`spread`](Self::spread)).
    pub(crate) fn new(domain: &Domain, clique: &AttributeSet, targets: &[(usize, AttributeSet)]) -> Self {
        let whole = targets.iter().filter(|(_, set)| set == clique).map(|(place, _)| *place).collect();
        let children = branches(domain, clique, targets.iter().filter(|(_, set)| set != clique).copied().collect());
        let scratch = vec![(Vec::new(), Vec::new()); 1 + children.iter().map(depth).max().unwrap_or(0)];
        Self { children, whole, scratch, spread: (Vec::new(), Vec::new()) }
    }

    /// The sums of `large` over each target, into the targets' places of `tables`.
    pub(crate) fn collect(&mut self, large: &[f64], tables: &mut [Vec<f64>]) {
        for place in &self.whole {
            tables[*place].clear();
            tables[*place].extend_from_slice(large);
        }
        for child in &self.children {
            collect(child, large, tables, &mut self.scratch);
        }
    }

    /// Adds each target's table to `large`.
    pub(crate) fn spread(&mut self, tables: &[Vec<f64>], large: &mut [f64]) {
        for place in &self.whole {
            large.iter_mut().zip(&tables[*place]).for_each(|(x, y)| *x += y);
        }
        for child in &self.children {
            spread(child, tables, large, &mut self.scratch, &mut self.spread);
        }
    }
}

/// The nodes below a table over `clique` that lead to the targets, none of which is the clique itself.
fn branches(domain: &Domain, clique: &AttributeSet, mut targets: Vec<(usize, AttributeSet)>) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some((_, first)) = targets.first() {
        let union = targets.iter().fold(AttributeSet::EMPTY, |all, (_, set)| all.union(set));
        if targets.iter().all(|(_, set)| set == first) || union != *clique {
            nodes.push(node(domain, clique, &union, core::mem::take(&mut targets)));
            break;
        }
        // Sum out the attribute that the most targets can do without, large attributes before small ones.
        let gain = |attribute: usize| {
            let without = targets.iter().filter(|(_, set)| !set.contains(attribute)).count();
            without as f64 * libm::log(domain.size(attribute) as f64)
        };
        let Some(attribute) = clique.iter().max_by(|a, b| gain(*a).total_cmp(&gain(*b))) else { break };
        let (without, with): (Vec<_>, Vec<_>) = targets.iter().partition(|(_, set)| !set.contains(attribute));
        if without.is_empty() {
            // Only attributes of size 1 are left to tell the targets apart.
            nodes.extend(targets.iter().map(|target| node(domain, clique, &target.1, vec![*target])));
            break;
        }
        nodes.push(node(domain, clique, &clique.without(attribute), without));
        targets = with;
    }
    nodes
}

fn node(domain: &Domain, from: &AttributeSet, to: &AttributeSet, targets: Vec<(usize, AttributeSet)>) -> Node {
    let (here, below): (Vec<_>, Vec<_>) = targets.into_iter().partition(|(_, set)| set == to);
    Node {
        projection: Projection::new(domain, from, to),
        here: here.into_iter().map(|(place, _)| place).collect(),
        children: branches(domain, to, below),
    }
}

fn depth(node: &Node) -> usize {
    1 + node.children.iter().map(depth).max().unwrap_or(0)
}

fn collect(node: &Node, large: &[f64], tables: &mut [Vec<f64>], scratch: &mut [(Vec<f64>, Vec<f64>)]) {
    if let ([place], true) = (node.here.as_slice(), node.children.is_empty()) {
        node.projection.sum(large, &mut tables[*place], &mut scratch[0].1);
        return;
    }
    let [(table, spare), below @ ..] = scratch else { return };
    node.projection.sum(large, table, spare);
    for place in &node.here {
        tables[*place].clone_from(table);
    }
    for child in &node.children {
        collect(child, table, tables, below);
    }
}

fn spread(
    node: &Node,
    tables: &[Vec<f64>],
    large: &mut [f64],
    scratch: &mut [(Vec<f64>, Vec<f64>)],
    pair: &mut (Vec<f64>, Vec<f64>),
) {
    if let ([place], true) = (node.here.as_slice(), node.children.is_empty()) {
        node.projection.add(&tables[*place], large, pair);
        return;
    }
    let [(table, _), below @ ..] = scratch else { return };
    table.clear();
    table.resize(node.projection.cells(), 0.0);
    for place in &node.here {
        table.iter_mut().zip(&tables[*place]).for_each(|(x, y)| *x += y);
    }
    for child in &node.children {
        spread(child, tables, table, below, pair);
    }
    node.projection.add(table, large, pair);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::tests::project;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_fan_agrees_with_single_projections_both_ways(
            sizes in proptest::collection::vec(1u32..4, 1..7), masks in proptest::collection::vec(any::<u8>(), 0..14),
        ) {
            let domain = Domain::new(sizes.iter().enumerate().map(|(i, s)| (i.to_string(), *s))).unwrap();
            let all = domain.all();
            let sets: Vec<AttributeSet> =
                masks.iter().map(|m| all.iter().filter(|a| m >> a & 1 == 1).collect()).collect();
            let targets: Vec<_> = sets.iter().copied().enumerate().collect();
            let mut fan = Fan::new(&domain, &all, &targets);
            let large: Vec<f64> = (0..domain.cells(&all)).map(|i| (i * i % 17) as f64).collect();
            let mut tables = vec![Vec::new(); sets.len()];
            fan.collect(&large, &mut tables);
            let mut expected = vec![1.0; large.len()];
            for (set, table) in sets.iter().zip(&tables) {
                prop_assert_eq!(table, &project(&domain, &all, &large, set));
                Projection::new(&domain, &all, set).add(table, &mut expected, &mut (Vec::new(), Vec::new()));
            }
            let mut spread = vec![1.0; large.len()];
            fan.spread(&tables, &mut spread);
            prop_assert_eq!(spread, expected);
        }
    }
}
