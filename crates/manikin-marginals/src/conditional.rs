//! Rows in which some attributes are given.

use crate::belief::{Calibrated, Propagation};
use crate::domain::{AttributeSet, Domain};
use crate::query::given_slice;
use crate::rows::Rows;
use manikin_random::{Address, Name};
use rayon::prelude::*;
use std::collections::BTreeMap;

const GIVEN: Name = Name::of("manikin-marginals.given");

/// A model from which rows are drawn given some of their values: the next encounter given the last one, a patient given
/// their age band.
///
/// Prepared once for a model; each distinct combination of given values then costs one propagation over the tables that
/// are left when the given attributes are cut out.
pub struct Conditional<'a> {
    model: &'a Calibrated,
    /// The logarithm of each clique's distribution given its separator.
    logs: Vec<Vec<f64>>,
}

impl<'a> Conditional<'a> {
    /// Prepares a model.
    pub fn new(model: &'a Calibrated) -> Self {
        let (domain, tree) = (model.domain(), model.tree());
        let logs = (0..tree.cliques().len())
            .map(|i| {
                let mut table = model.belief(i).to_vec();
                given_slice(domain, &tree.cliques()[i], &mut table, &tree.separator(i));
                table.iter_mut().for_each(|p| *p = if *p > 0.0 { libm::log(*p) } else { f64::NEG_INFINITY });
                table
            })
            .collect();
        Self { model, logs }
    }

    /// The model given `values` of some attributes, over a domain in which those attributes have one value, code 0;
    /// `None` when the model says that they cannot occur together, or when a code is outside its attribute.
    pub fn given(&self, values: &BTreeMap<usize, u16>) -> Option<Calibrated> {
        let (domain, tree) = (self.model.domain(), self.model.tree());
        if values.iter().any(|(a, code)| *a >= domain.len() || usize::from(*code) >= domain.size(*a)) {
            return None;
        }
        let left = domain.attributes().iter().enumerate().map(|(index, attribute)| {
            (attribute.name.clone(), if values.contains_key(&index) { 1 } else { attribute.size })
        });
        let left = Domain::new(left).ok()?;
        let mut tables: Vec<Vec<f64>> =
            tree.cliques().iter().zip(&self.logs).map(|(clique, log)| cut(domain, clique, log, values)).collect();
        let log_partition = Propagation::new(&left, tree).run(tree, &mut tables);
        (log_partition > f64::NEG_INFINITY).then(|| Calibrated::new(left, tree.clone(), tables))
    }

    /// Rows whose `given` columns are as passed in, and whose other columns follow the model given them.
    ///
    /// Rows with the same given values are rounded together. The result depends on `address` and, for each
    /// combination, on the number and order of its rows, not on the other rows. Given values that the model says cannot
    /// occur together are completed as if nothing were given. Columns shorter than the first count as code 0.
    pub fn rows(&self, given: &BTreeMap<usize, Vec<u16>>, address: Address) -> Vec<Vec<u16>> {
        let rows = given.values().next().map_or(0, Vec::len);
        let mut groups: BTreeMap<Vec<u16>, Vec<usize>> = BTreeMap::new();
        for row in 0..rows {
            let key = given.values().map(|column| column.get(row).copied().unwrap_or(0)).collect();
            groups.entry(key).or_default().push(row);
        }
        let groups: Vec<_> = groups.into_iter().collect();
        let made: Vec<Vec<Vec<u16>>> = groups
            .par_iter()
            .map(|(key, members)| {
                let place = key.iter().fold(address, |place, code| place.child(GIVEN, u64::from(*code)));
                let values = given.keys().copied().zip(key.iter().copied()).collect();
                let conditioned = self.given(&values);
                Rows::new(conditioned.as_ref().unwrap_or(self.model), members.len() as u64, place).all()
            })
            .collect();
        let mut columns = vec![vec![0; rows]; self.model.domain().len()];
        for ((_, members), codes) in groups.iter().zip(&made) {
            for (column, codes) in columns.iter_mut().zip(codes) {
                members.iter().zip(codes).for_each(|(row, code)| column[*row] = *code);
            }
        }
        for (attribute, column) in given {
            if let Some(into) = columns.get_mut(*attribute) {
                into.iter_mut().zip(column).for_each(|(into, code)| *into = *code);
            }
        }
        columns
    }
}

/// The part of a table in which the given attributes have the given values.
fn cut(domain: &Domain, clique: &AttributeSet, table: &[f64], values: &BTreeMap<usize, u16>) -> Vec<f64> {
    let mut table = table.to_vec();
    let mut inner = table.len();
    for attribute in clique.iter() {
        let size = domain.size(attribute);
        inner /= size;
        if let Some(code) = values.get(&attribute) {
            let start = usize::from(*code) * inner;
            table = table.chunks_exact(size * inner).flat_map(|block| &block[start..start + inner]).copied().collect();
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::tests::{brute_force, small_model};
    use manikin_random::RunKey;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn conditionals_equal_those_of_the_joint(
            (domain, tree, tables) in small_model(), mask in any::<u8>(), codes in proptest::collection::vec(0u16..3, 8),
        ) {
            let (joint, log_partition) = brute_force(&domain, tree.cliques(), &tables);
            prop_assume!(log_partition > f64::NEG_INFINITY);
            let mut beliefs = tables.clone();
            Propagation::new(&domain, &tree).run(&tree, &mut beliefs);
            let values: BTreeMap<usize, u16> = (0..domain.len())
                .filter(|a| mask >> a & 1 == 1)
                .map(|a| (a, codes[a] % domain.size(a) as u16))
                .collect();
            let mut expected = cut(&domain, &domain.all(), &joint, &values);
            let sum: f64 = expected.iter().sum();
            let model = Calibrated::new(domain.clone(), tree, beliefs);
            // Weights under the smallest double are zeros to the joint table already.
            prop_assume!(sum == 0.0 || sum > 1e-200);
            match Conditional::new(&model).given(&values) {
                None => prop_assert_eq!(sum, 0.0),
                Some(found) => {
                    prop_assume!(sum > 0.0);
                    expected.iter_mut().for_each(|x| *x /= sum);
                    let found = found.marginal(&domain.all(), 1 << 20).unwrap();
                    for (x, y) in found.iter().zip(&expected) {
                        prop_assert!((x - y).abs() < 1e-6, "{x} {y}");
                    }
                }
            }
        }

        #[test]
        fn given_columns_stay_and_the_rest_is_possible((domain, tree, tables) in small_model(), seed in any::<u64>()) {
            let mut beliefs = tables.clone();
            let log_partition = Propagation::new(&domain, &tree).run(&tree, &mut beliefs);
            prop_assume!(log_partition > f64::NEG_INFINITY);
            let model = Calibrated::new(domain.clone(), tree, beliefs);
            let conditional = Conditional::new(&model);
            let drawn = Rows::new(&model, 30, RunKey::new(seed).address()).all();
            let given = BTreeMap::from([(0, drawn[0].clone())]);
            let rows = conditional.rows(&given, RunKey::new(seed).address());
            prop_assert_eq!(&rows, &conditional.rows(&given, RunKey::new(seed).address()));
            prop_assert_eq!(&rows[0], &drawn[0]);
            for (i, clique) in model.tree().cliques().iter().enumerate() {
                let possible = |row: usize| {
                    let cell = clique.iter().fold(0, |cell, a| cell * domain.size(a) + usize::from(rows[a][row]));
                    model.belief(i)[cell] > 0.0
                };
                prop_assert!((0..30).all(possible));
            }
        }
    }
}
