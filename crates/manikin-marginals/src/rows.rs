//! Rows from a model, allocated by rounding rather than drawn one by one.

use crate::axes::Projection;
use crate::belief::Calibrated;
use crate::domain::{AttributeSet, Domain};
use crate::refine::Refinement;
use core::ops::Range;
use manikin_random::{Address, Name, Stream};
use rayon::prelude::*;

/// The most rows that are rounded together.
///
/// Rounding has a fixed error in rows, so blocks beyond the first make the *relative* error smaller still.
///
/// # Source
/// ASSUMED: 2^16 rows of 20 columns take 2.6 MB, and a block's work about a second at most.
const BLOCK_ROWS: u64 = 1 << 16;

const ALLOCATE: Name = Name::of("manikin-marginals.allocate");
const BLOCK: Name = Name::of("manikin-marginals.block");

/// The rows of one dataset made from a model: any of them can be made again, in any order, on any machine.
///
/// # Algorithm
/// The dataset is cut into blocks of nearly equal size. In each, column after column is filled in reverse elimination
/// order: a column's parents are the columns before it that share a maximal clique with it. Rows with equal parents
/// form a group; each value gets the whole part of its expected number of rows in the group, the remainder goes to the
/// values with the largest fractions, what was rounded away being carried on to the next group, and the values are
/// shuffled within the group. Then single values are changed wherever that brings the block's counts closer to the
/// model's over the measured sets ([`Rows::refined`]).
pub struct Rows<'a> {
    domain: &'a Domain,
    columns: Vec<Column>,
    rows: u64,
    address: Address,
    refinement: Option<Refinement>,
}

/// How one column is filled.
struct Column {
    attribute: usize,
    parents: AttributeSet,
    /// For each cell of the parents, the probabilities of the column's values.
    conditional: Vec<f64>,
    /// The probabilities without regard to parents, for parents that the model says cannot occur.
    marginal: Vec<f64>,
}

impl<'a> Rows<'a> {
    /// `rows` rows of the model; `address` is the only source of randomness.
    pub fn new(model: &'a Calibrated, rows: u64, address: Address) -> Self {
        Self { domain: model.domain(), columns: columns(model), rows, address, refinement: None }
    }

    /// The same rows with single values changed so that each block's counts over `sets` come close to the model's.
    ///
    /// Sets that no clique of the model holds are left out. What the model forbids stays forbidden: a value is only
    /// changed to one that every clique with the row's other values allows.
    #[must_use]
    pub fn refined(mut self, model: &Calibrated, sets: &[AttributeSet]) -> Self {
        self.refinement = Some(Refinement::new(model, sets));
        self
    }

    /// The number of blocks.
    pub fn blocks(&self) -> u64 {
        self.rows.div_ceil(BLOCK_ROWS)
    }

    /// The rows of block `index`.
    pub fn block_range(&self, index: u64) -> Range<u64> {
        let blocks = u128::from(self.blocks().max(1));
        let border = |i: u64| (u128::from(self.rows) * u128::from(i.min(self.blocks())) / blocks) as u64;
        border(index)..border(index.saturating_add(1))
    }

    /// The columns of block `index`, in the domain's order.
    pub fn block(&self, index: u64) -> Vec<Vec<u16>> {
        let range = self.block_range(index);
        let rows = (range.end - range.start) as usize;
        let mut codes = vec![vec![0u16; rows]; self.domain.len()];
        let address = self.address.child(BLOCK, index);
        for column in &self.columns {
            let mut stream = address.stream(ALLOCATE.numbered(column.attribute as u64));
            column.fill(self.domain, &mut codes, &mut stream);
        }
        if let Some(refinement) = &self.refinement {
            refinement.apply(&mut codes, address);
        }
        codes
    }

    /// The columns of any range of rows; rows beyond the last are left out. Blocks are made in parallel.
    pub fn range(&self, range: Range<u64>) -> Vec<Vec<u16>> {
        let end = range.end.min(self.rows);
        let wanted: Vec<u64> = (0..self.blocks())
            .filter(|&i| {
                let block = self.block_range(i);
                block.start < end && block.end > range.start
            })
            .collect();
        let made: Vec<_> = wanted.par_iter().map(|&i| (self.block_range(i), self.block(i))).collect();
        let mut columns = vec![Vec::new(); self.domain.len()];
        for (block, codes) in made {
            let from = (range.start.max(block.start) - block.start) as usize;
            let to = (end.min(block.end) - block.start) as usize;
            for (column, codes) in columns.iter_mut().zip(&codes) {
                column.extend_from_slice(&codes[from..to]);
            }
        }
        columns
    }

    /// All rows.
    pub fn all(&self) -> Vec<Vec<u16>> {
        self.range(0..self.rows)
    }
}

/// The order of columns and their conditional probabilities: clique after clique from the root, within a clique the
/// attributes that its separator does not hold.
fn columns(model: &Calibrated) -> Vec<Column> {
    let (domain, tree) = (model.domain(), model.tree());
    let mut columns = Vec::with_capacity(domain.len());
    for (index, clique) in tree.cliques().iter().enumerate() {
        let mut parents = tree.separator(index);
        for attribute in clique.difference(&parents).iter() {
            let family = parents.with(attribute);
            let mut table = Vec::new();
            Projection::new(domain, clique, &family).sum(model.belief(index), &mut table, &mut Vec::new());
            let mut marginal = Vec::new();
            let alone = AttributeSet::EMPTY.with(attribute);
            Projection::new(domain, &family, &alone).sum(&table, &mut marginal, &mut Vec::new());
            // The column's own axis moves last, so that a group's probabilities lie side by side.
            let inner = domain.cells(&family.iter().filter(|a| *a > attribute).collect()) as usize;
            let size = domain.size(attribute);
            let mut conditional = Vec::with_capacity(table.len());
            for block in table.chunks_exact(size * inner) {
                for i in 0..inner {
                    conditional.extend(block[i..].iter().step_by(inner));
                }
            }
            columns.push(Column { attribute, parents, conditional, marginal });
            parents = family;
        }
    }
    columns
}

impl Column {
    fn fill(&self, domain: &Domain, codes: &mut [Vec<u16>], stream: &mut Stream) {
        let rows = codes[self.attribute].len();
        let mut groups = vec![0u64; rows];
        for parent in self.parents.iter() {
            let size = domain.size(parent) as u64;
            groups.iter_mut().zip(&codes[parent]).for_each(|(group, code)| *group = *group * size + u64::from(*code));
        }
        let mut order: Vec<(u64, u32)> = groups.into_iter().zip(0..).collect();
        order.sort_unstable();
        let size = domain.size(self.attribute);
        let mut allocation = Allocation::new(size, stream);
        let column = &mut codes[self.attribute];
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let start = group[0].0 as usize * size;
            let own = &self.conditional[start..start + size];
            let values = allocation.allocate(own, &self.marginal, group.len(), stream);
            for ((_, row), value) in group.iter().zip(values) {
                column[*row as usize] = *value;
            }
        }
    }
}

/// Rounds groups one after another, carrying what was rounded away.
struct Allocation {
    carry: Vec<f64>,
    fractions: Vec<(f64, f64, u16)>,
    values: Vec<u16>,
}

impl Allocation {
    fn new(size: usize, stream: &mut Stream) -> Self {
        // A random start makes the expected count of every value the model's.
        let carry = (0..size).map(|_| stream.uniform() - 0.5).collect();
        Self { carry, fractions: Vec::with_capacity(size), values: Vec::new() }
    }

    /// The shuffled values of `rows` rows; `weights` need not be normalised, and `fallback` replaces them when they
    /// are all 0.
    fn allocate(&mut self, weights: &[f64], fallback: &[f64], rows: usize, stream: &mut Stream) -> &[u16] {
        let mut sum: f64 = weights.iter().sum();
        let mut weights = weights;
        if sum <= 0.0 {
            weights = fallback;
            sum = fallback.iter().sum();
        }
        self.values.clear();
        self.fractions.clear();
        for (value, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let expected = rows as f64 * (weight / sum);
            let whole = expected.floor();
            let fraction = expected - whole;
            self.values.extend(core::iter::repeat_n(value as u16, whole as usize));
            self.fractions.push((fraction + self.carry[value], fraction, value as u16));
        }
        // Rounding errors of the sum can give one row too many.
        self.values.truncate(rows);
        let missing = rows - self.values.len();
        if missing > 0 {
            self.fractions.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
            for (rank, (_, fraction, value)) in self.fractions.iter().enumerate() {
                let taken = if rank < missing { 1.0 } else { 0.0 };
                self.carry[*value as usize] += fraction - taken;
                if rank < missing {
                    self.values.push(*value);
                }
            }
        }
        self.values.resize(rows, 0);
        for i in (1..rows).rev() {
            self.values.swap(i, stream.below(i as u64 + 1) as usize);
        }
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::Propagation;
    use crate::belief::tests::small_model;
    use crate::tree::JunctionTree;
    use manikin_random::RunKey;
    use proptest::prelude::*;

    fn calibrated((domain, tree, mut tables): (Domain, JunctionTree, Vec<Vec<f64>>)) -> Option<Calibrated> {
        let log_partition = Propagation::new(&domain, &tree).run(&tree, &mut tables);
        (log_partition > f64::NEG_INFINITY).then(|| Calibrated::new(domain, tree, tables))
    }

    proptest! {
        #[test]
        fn the_first_column_is_within_one_row_of_its_expectation_and_each_group_of_its_share(
            parts in small_model(), rows in 1u64..300, seed in any::<u64>(),
        ) {
            let model = calibrated(parts);
            prop_assume!(model.is_some());
            let model = model.unwrap();
            let made = Rows::new(&model, rows, RunKey::new(seed).address()).all();
            for column in columns(&model) {
                let size = model.domain().size(column.attribute);
                let mut counts = vec![0.0; column.conditional.len()];
                for row in 0..rows as usize {
                    let group = column
                        .parents
                        .iter()
                        .fold(0, |group, a| group * model.domain().size(a) + usize::from(made[a][row]));
                    counts[group * size + usize::from(made[column.attribute][row])] += 1.0;
                }
                for (counts, shares) in counts.chunks(size).zip(column.conditional.chunks(size)) {
                    let (members, sum): (f64, f64) = (counts.iter().sum(), shares.iter().sum());
                    for (count, share) in counts.iter().zip(shares) {
                        if members > 0.0 {
                            prop_assert!((count - members * share / sum).abs() < 1.0 + 1e-6);
                        }
                    }
                }
            }
        }

        #[test]
        fn any_range_of_rows_can_be_made_again(
            parts in small_model(), seed in any::<u64>(), from in 0u64..150_000, length in 0u64..150_000,
        ) {
            let model = calibrated(parts);
            prop_assume!(model.is_some());
            let model = model.unwrap();
            let rows = Rows::new(&model, 140_000, RunKey::new(seed).address());
            let all = rows.all();
            prop_assert_eq!((rows.blocks(), all[0].len()), (3, 140_000));
            let part = rows.range(from..from + length);
            for (all, part) in all.iter().zip(&part) {
                let to = (from + length).min(140_000) as usize;
                prop_assert_eq!(part.as_slice(), &all[(from as usize).min(to)..to]);
            }
        }

        #[test]
        fn refinement_keeps_rows_possible_where_no_measured_set_shows_what_is_not(
            parts in small_model(), rows in 1u64..200, seed in any::<u64>(),
        ) {
            let model = calibrated(parts);
            prop_assume!(model.is_some());
            let model = model.unwrap();
            let single: Vec<AttributeSet> = model.domain().all().iter().map(|a| AttributeSet::EMPTY.with(a)).collect();
            let made = Rows::new(&model, rows, RunKey::new(seed).address()).refined(&model, &single).all();
            for (index, clique) in model.tree().cliques().iter().enumerate() {
                let cell = |row: usize| {
                    clique.iter().fold(0, |c, a| c * model.domain().size(a) + usize::from(made[a][row]))
                };
                prop_assert!((0..rows as usize).all(|row| model.belief(index)[cell(row)] > 0.0));
            }
        }

        #[test]
        fn refinement_never_makes_counts_worse_nor_rows_impossible(
            parts in small_model(), rows in 1u64..200, seed in any::<u64>(),
        ) {
            let model = calibrated(parts);
            prop_assume!(model.is_some());
            let model = model.unwrap();
            let sets = model.tree().cliques().to_vec();
            let address = RunKey::new(seed).address();
            let plain = Rows::new(&model, rows, address).all();
            let refined = Rows::new(&model, rows, address).refined(&model, &sets).all();
            let squares = |made: &[Vec<u16>]| -> f64 {
                sets.iter()
                    .enumerate()
                    .map(|(i, set)| {
                        let mut surplus: Vec<f64> = model.belief(i).iter().map(|p| -p * rows as f64).collect();
                        (0..rows as usize).for_each(|row| {
                            let cell = set.iter().fold(0, |c, a| c * model.domain().size(a) + usize::from(made[a][row]));
                            surplus[cell] += 1.0;
                            assert!(model.belief(i)[cell] > 0.0);
                        });
                        surplus.iter().map(|x| x * x).sum::<f64>()
                    })
                    .sum()
            };
            prop_assert!(squares(&refined) <= squares(&plain) + 1e-3);
        }
    }
}
