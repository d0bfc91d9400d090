//! Marginals of any set of attributes, also where no clique holds them all.

use crate::axes::Projection;
use crate::belief::Calibrated;
use crate::domain::{AttributeSet, Domain};

/// A question that would need too much memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the marginal over attributes {set:?} needs a table of {needed} cells, more than the {allowed} allowed")]
pub struct QueryError {
    /// What was asked for.
    pub set: AttributeSet,
    /// The largest table on the way.
    pub needed: u64,
    /// The limit.
    pub allowed: u64,
}

/// A table over a set of attributes.
struct Table {
    set: AttributeSet,
    values: Vec<f64>,
}

impl Calibrated {
    /// The marginal probabilities of any `set` of the domain's attributes, by variable elimination over the part of
    /// the tree that connects them; no table on the way has more than `most_cells` cells.
    ///
    /// # Errors
    /// [`QueryError`] when one would.
    ///
    /// # Source
    /// Koller and Friedman (2009), algorithm 10.4 (out-of-clique inference in a clique tree).
    pub fn marginal(&self, set: &AttributeSet, most_cells: u64) -> Result<Vec<f64>, QueryError> {
        let set = set.intersection(&self.domain().all());
        let needed = self.domain().cells(&set);
        if needed > most_cells {
            return Err(QueryError { set, needed, allowed: most_cells });
        }
        if let Some(table) = self.marginal_inside(&set) {
            return Ok(table);
        }
        // Starting where most of the set is keeps the messages short.
        let cliques = self.tree().cliques();
        let root = (0..cliques.len())
            .max_by_key(|&i| (cliques[i].intersection(&set).len(), u64::MAX - self.domain().cells(&cliques[i])))
            .unwrap_or(0);
        Ok(self.collect(root, None, &set, most_cells)?.values)
    }

    /// What the part of the tree beyond `from` says, seen from clique `at`: the probabilities of its wanted attributes
    /// given the separator towards `from`, or of all wanted attributes when there is no `from`.
    fn collect(
        &self,
        at: usize,
        from: Option<usize>,
        wanted: &AttributeSet,
        most_cells: u64,
    ) -> Result<Table, QueryError> {
        let (domain, tree) = (self.domain(), self.tree());
        let clique = tree.cliques()[at];
        let separator = from.map_or(AttributeSet::EMPTY, |from| clique.intersection(&tree.cliques()[from]));
        let mut messages = Vec::new();
        for (next, between) in self.neighbours(at) {
            if Some(next) != from && !self.beyond(next, at).intersection(wanted).is_subset(&between) {
                messages.push((between, self.collect(next, Some(at), wanted, most_cells)?));
            }
        }
        let needs = |rest: &[(AttributeSet, Table)]| {
            rest.iter().fold(separator.union(wanted), |all, (between, _)| all.union(between))
        };
        let first = clique.intersection(&needs(&messages));
        let mut values = Vec::new();
        Projection::new(domain, &clique, &first).sum(self.belief(at), &mut values, &mut Vec::new());
        let mut table = Table { set: first, values };
        while let Some((_, message)) = messages.pop() {
            let keep = table.set.union(&message.set).intersection(&needs(&messages));
            let needed = domain.cells(&keep);
            if needed > most_cells {
                return Err(QueryError { set: *wanted, needed, allowed: most_cells });
            }
            table = product(domain, &table, &message, &keep);
        }
        if from.is_some() {
            given(domain, &mut table, &separator);
        }
        Ok(table)
    }

    /// The neighbours of a clique, with what it shares with each.
    fn neighbours(&self, at: usize) -> Vec<(usize, AttributeSet)> {
        let tree = self.tree();
        let children =
            (0..tree.cliques().len()).filter(|&i| tree.parent(i) == Some(at)).map(|i| (i, tree.separator(i)));
        tree.parent(at).map(|parent| (parent, tree.separator(at))).into_iter().chain(children).collect()
    }

    /// All attributes of the part of the tree that hangs on `at`, seen from `from`.
    fn beyond(&self, at: usize, from: usize) -> AttributeSet {
        self.neighbours(at)
            .into_iter()
            .filter(|(next, _)| *next != from)
            .fold(self.tree().cliques()[at], |all, (next, _)| all.union(&self.beyond(next, at)))
    }
}

/// Divides a table by its sums over everything but `condition`; where the sum is 0 the table stays 0, and where it is so
/// small that its inverse is infinite the table becomes 0: what is given has a probability below 1e-307.
pub(crate) fn given_slice(domain: &Domain, set: &AttributeSet, values: &mut [f64], condition: &AttributeSet) {
    let projection = Projection::new(domain, set, condition);
    let mut sums = Vec::new();
    projection.sum(values, &mut sums, &mut Vec::new());
    sums.iter_mut().for_each(|sum| *sum = if *sum >= f64::MIN_POSITIVE { 1.0 / *sum } else { 0.0 });
    projection.multiply(&sums, values, &mut Default::default());
}

fn given(domain: &Domain, table: &mut Table, condition: &AttributeSet) {
    given_slice(domain, &table.set, &mut table.values, condition);
}

/// The product of two tables, summed over what is not in `keep`.
fn product(domain: &Domain, a: &Table, b: &Table, keep: &AttributeSet) -> Table {
    let axes: Vec<usize> = a.set.union(&b.set).iter().collect();
    let strides = |set: &AttributeSet| -> Vec<usize> {
        let mut stride = 1;
        let mut strides = vec![0; axes.len()];
        for (place, &attribute) in axes.iter().enumerate().rev() {
            if set.contains(attribute) {
                strides[place] = stride;
                stride *= domain.size(attribute);
            }
        }
        strides
    };
    let (sa, sb, so) = (strides(&a.set), strides(&b.set), strides(keep));
    let sizes: Vec<usize> = axes.iter().map(|&attribute| domain.size(attribute)).collect();
    let mut values = vec![0.0; domain.cells(keep) as usize];
    let last = axes.len().saturating_sub(1);
    let mut codes = vec![0; axes.len()];
    let (mut ia, mut ib, mut io) = (0, 0, 0);
    loop {
        let run = sizes.get(last).copied().unwrap_or(1);
        let (da, db, d_out) = match axes.len() {
            0 => (0, 0, 0),
            _ => (sa[last], sb[last], so[last]),
        };
        if d_out == 0 {
            values[io] += (0..run).map(|k| a.values[ia + k * da] * b.values[ib + k * db]).sum::<f64>();
        } else {
            for (k, into) in values[io..].iter_mut().step_by(d_out).take(run).enumerate() {
                *into += a.values[ia + k * da] * b.values[ib + k * db];
            }
        }
        // The odometer of all axes but the last.
        let mut place = last;
        loop {
            if place == 0 {
                return Table { set: *keep, values };
            }
            place -= 1;
            codes[place] += 1;
            ia += sa[place];
            ib += sb[place];
            io += so[place];
            if codes[place] < sizes[place] {
                break;
            }
            codes[place] = 0;
            ia -= sa[place] * sizes[place];
            ib -= sb[place] * sizes[place];
            io -= so[place] * sizes[place];
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_condition_that_hardly_ever_holds_gives_finite_probabilities() {
        let domain = Domain::new([("a", 2), ("b", 2)]).unwrap();
        let mut values = vec![1e-310, 3e-310, 0.25, 0.75];
        given_slice(&domain, &domain.all(), &mut values, &AttributeSet::EMPTY.with(0));
        assert_eq!(values, [0.0, 0.0, 0.25, 0.75]);
    }

    use super::*;
    use crate::belief::Propagation;
    use crate::belief::tests::{brute_force, project, small_model};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_marginal_equals_that_of_the_joint((domain, tree, tables) in small_model(), mask in any::<u8>()) {
            let (joint, _) = brute_force(&domain, tree.cliques(), &tables);
            let mut beliefs = tables.clone();
            Propagation::new(&domain, &tree).run(&tree, &mut beliefs);
            let set: AttributeSet = domain.all().iter().filter(|a| mask >> a & 1 == 1).collect();
            let model = Calibrated::new(domain.clone(), tree, beliefs);
            let found = model.marginal(&set, 1 << 20).unwrap();
            for (x, y) in found.iter().zip(project(&domain, &domain.all(), &joint, &set)) {
                prop_assert!((x - y).abs() < 1e-9, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_question_that_is_too_large_is_refused() {
        let domain = Domain::new((0..8).map(|i| (i.to_string(), 100))).unwrap();
        let tree = JunctionTree::containing(&domain, &[]);
        let beliefs = vec![vec![0.01; 100]; 8];
        let model = Calibrated::new(domain.clone(), tree, beliefs);
        assert!(model.marginal(&domain.all(), 1 << 20).is_err());
        assert_eq!(model.marginal(&AttributeSet::of(&[1, 6]), 1 << 20).unwrap().len(), 10_000);
    }

    use crate::tree::JunctionTree;
}
