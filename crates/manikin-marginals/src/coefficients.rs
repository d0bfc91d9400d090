//! The distinct numbers that a set of marginals holds: one block of residual coefficients for each subset measured.

use crate::axes::Projection;
use crate::domain::{AttributeSet, Domain};
use crate::model::Measurement;
use std::collections::BTreeMap;

/// What all measurements together say about the coefficients of one set of attributes: the part of a marginal over it
/// that no smaller marginal holds.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The best estimate, by inverse variance: a table over the set that sums to zero along every attribute.
    pub(crate) estimate: Vec<f64>,
    /// One over the variance of a unit coefficient.
    pub(crate) precision: f64,
    /// How many independent coefficients there are: the product of (size - 1).
    pub(crate) freedom: f64,
}

/// Takes measurements apart into coefficients.
///
/// A table over `c` is the sum of mutually orthogonal parts, one for each subset `s` of `c`: sum the table over the
/// attributes outside `s`, then take out the mean along every attribute of `s`. Its squared norm is the sum over `s`
/// of the parts' squared norms divided by the number of cells summed. The noise of a marginal of independent cells
/// stays independent between parts.
///
/// # Source
/// Xiao, He, Zhang, Kifer, An Optimal and Scalable Matrix Mechanism for Noisy Marginals (ResidualPlanner), NeurIPS
/// 2023, arXiv 2305.08175.
pub(crate) fn blocks(domain: &Domain, measurements: &[Measurement]) -> BTreeMap<(usize, AttributeSet), Block> {
    struct Sum {
        weighted: Vec<f64>,
        precision: f64,
    }
    let mut sums: BTreeMap<(usize, AttributeSet), Sum> = BTreeMap::new();
    let mut scratch = Vec::new();
    for measurement in measurements {
        for set in measurement.clique.subsets() {
            let mut part = Vec::new();
            Projection::new(domain, &measurement.clique, &set).sum(&measurement.values, &mut part, &mut scratch);
            centre(domain, &set, &mut part);
            let summed = domain.cells(&measurement.clique.difference(&set)) as f64;
            let precision = 1.0 / (summed * measurement.sigma * measurement.sigma);
            let sum =
                sums.entry((set.len(), set)).or_insert_with(|| Sum { weighted: vec![0.0; part.len()], precision: 0.0 });
            sum.precision += precision;
            sum.weighted.iter_mut().zip(&part).for_each(|(total, x)| *total += precision * x);
        }
    }
    sums.into_iter()
        .map(|((size, set), sum)| {
            let estimate: Vec<f64> = sum.weighted.iter().map(|x| x / sum.precision).collect();
            let freedom = set.iter().map(|a| domain.size(a) as f64 - 1.0).product();
            ((size, set), Block { estimate, precision: sum.precision, freedom })
        })
        .collect()
}

/// Takes the mean along every attribute out of a table.
pub(crate) fn centre(domain: &Domain, set: &AttributeSet, table: &mut [f64]) {
    let mut inner = table.len();
    for attribute in set.iter() {
        let size = domain.size(attribute);
        inner /= size;
        for block in table.chunks_exact_mut(size * inner) {
            for i in 0..inner {
                let mean = block[i..].iter().step_by(inner).sum::<f64>() / size as f64;
                block[i..].iter_mut().step_by(inner).for_each(|x| *x -= mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
            #[test]
            fn parts_hold_all_of_a_table_and_agreeing_measurements_give_the_same_parts(
                sizes in proptest::collection::vec(1u32..4, 1..5), start in 0u64..99,
            ) {
                let domain = Domain::new(sizes.iter().enumerate().map(|(i, s)| (i.to_string(), *s))).unwrap();
                let clique = domain.all();
                let values: Vec<f64> = (0..domain.cells(&clique)).map(|i| ((i + start) * 37 % 23) as f64).collect();
                let sub = clique.without(0);
                let mut small = Vec::new();
                Projection::new(&domain, &clique, &sub).sum(&values, &mut small, &mut Vec::new());
                let square: f64 = values.iter().map(|x| x * x).sum();
                let measurements = [
                    Measurement { clique, values, sigma: 2.0 },
                    Measurement { clique: sub, values: small, sigma: 3.0 },
                ];
                let alone = blocks(&domain, &measurements[..1]);
                let norm: f64 =
                    alone.values().map(|b| b.precision * 4.0 * b.estimate.iter().map(|x| x * x).sum::<f64>()).sum();
                prop_assert!((norm - square).abs() < 1e-6 * (1.0 + square));
                prop_assert_eq!(alone.values().map(|b| b.freedom).sum::<f64>(), domain.cells(&clique) as f64);
                let both = blocks(&domain, &measurements);
    for (key, block) in &alone {
                    let again = &both[key];
                    prop_assert!(again.precision >= block.precision);
                    prop_assert!(again.estimate.iter().zip(&block.estimate).all(|(x, y)| (x - y).abs() < 1e-9 * (1.0 + square)));
                }
            }
        }
}
