//! Summing a table's axes out, and spreading a small table over a large one, in contiguous loops.
//!
//! A table over a set of attributes is a flat slice in row-major order. To sum some axes out, neighbouring axes that
//! are all kept or all summed are merged, and each run of summed axes becomes one step over a table seen as
//! `outer x middle x inner`, in which the inner loop is contiguous.

use crate::domain::{AttributeSet, Domain};

/// One run of axes to sum out: the table seen as `outer x middle x inner`, `middle` summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    outer: usize,
    middle: usize,
    inner: usize,
}

/// How a table over one set of attributes becomes a table over a subset, and back.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    steps: Vec<Step>,
    from: usize,
    to: usize,
}

impl Projection {
    /// From a table over `from` to one over `to`, which must be a subset.
    pub(crate) fn new(domain: &Domain, from: &AttributeSet, to: &AttributeSet) -> Self {
        debug_assert!(to.is_subset(from));
        // Runs of axes in order: (kept, product of sizes).
        let mut runs: Vec<(bool, usize)> = Vec::new();
        for attribute in from.iter() {
            let (kept, size) = (to.contains(attribute), domain.size(attribute));
            match runs.last_mut() {
                Some((last, product)) if *last == kept => *product *= size,
                _ => runs.push((kept, size)),
            }
        }
        let total: usize = runs.iter().map(|run| run.1).product();
        let mut steps = Vec::new();
        let mut cells = total;
        // The largest run first: what follows then works on the least.
        while let Some(next) = (0..runs.len()).filter(|&i| !runs[i].0).max_by_key(|&i| (runs[i].1, usize::MAX - i)) {
            let outer: usize = runs[..next].iter().map(|run| run.1).product();
            let inner: usize = runs[next + 1..].iter().map(|run| run.1).product();
            let middle = runs[next].1;
            if middle > 1 {
                steps.push(Step { outer, middle, inner });
            }
            cells /= middle;
            runs.remove(next);
        }
        Self { steps, from: total, to: cells }
    }

    /// The number of cells of the small table.
    pub(crate) fn cells(&self) -> usize {
        self.to
    }

    /// Sums the large table into `small`, whose contents are replaced.
    pub(crate) fn sum(&self, large: &[f64], small: &mut Vec<f64>, scratch: &mut Vec<f64>) {
        self.fold(large, small, scratch, sum_step);
    }

    /// The largest value of each group of cells, as [`sum`](Self::sum).
    pub(crate) fn max(&self, large: &[f64], small: &mut Vec<f64>, scratch: &mut Vec<f64>) {
        self.fold(large, small, scratch, max_step);
    }

    fn fold(&self, large: &[f64], small: &mut Vec<f64>, scratch: &mut Vec<f64>, step: fn(&[f64], &mut Vec<f64>, Step)) {
        debug_assert_eq!(large.len(), self.from);
        match self.steps.as_slice() {
            [] => {
                small.clear();
                small.extend_from_slice(large);
            }
            [first, rest @ ..] => {
                step(large, small, *first);
                for next in rest {
                    core::mem::swap(small, scratch);
                    step(scratch, small, *next);
                }
            }
        }
    }

    /// Adds the small table to every group of cells of the large one.
    pub(crate) fn add(&self, small: &[f64], large: &mut [f64], scratch: &mut (Vec<f64>, Vec<f64>)) {
        self.spread(small, large, scratch, |x, y| x + y);
    }

    /// Multiplies every group of cells of the large table by the small one's.
    pub(crate) fn multiply(&self, small: &[f64], large: &mut [f64], scratch: &mut (Vec<f64>, Vec<f64>)) {
        self.spread(small, large, scratch, |x, y| x * y);
    }

    /// Subtracts the small table from every group of cells; minus infinity is subtracted as 0.
    pub(crate) fn subtract_finite(&self, small: &[f64], large: &mut [f64], scratch: &mut (Vec<f64>, Vec<f64>)) {
        self.spread(small, large, scratch, |x, y| if y == f64::NEG_INFINITY { x } else { x - y });
    }

    fn spread(
        &self,
        small: &[f64],
        large: &mut [f64],
        scratch: &mut (Vec<f64>, Vec<f64>),
        combine: impl Fn(f64, f64) -> f64 + Copy,
    ) {
        debug_assert_eq!((small.len(), large.len()), (self.to, self.from));
        let (now, next) = scratch;
        match self.steps.as_slice() {
            [] => large.iter_mut().zip(small).for_each(|(x, y)| *x = combine(*x, *y)),
            [only] => spread_step(small, large, *only, combine),
            [first, rest @ ..] => {
                now.clear();
                now.extend_from_slice(small);
                for step in rest.iter().rev() {
                    repeat_step(now, next, *step);
                    core::mem::swap(now, next);
                }
                spread_step(now, large, *first, combine);
            }
        }
    }
}

fn sum_step(large: &[f64], small: &mut Vec<f64>, Step { outer, middle, inner }: Step) {
    small.clear();
    if inner == 1 {
        // Eight partial sums: the order of additions is fixed, and they become vector instructions.
        small.extend(large.chunks_exact(middle).take(outer).map(|row| {
            let mut lanes = [0.0; 8];
            let mut chunks = row.chunks_exact(8);
            for chunk in &mut chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane += value;
                }
            }
            lanes.iter().sum::<f64>() + chunks.remainder().iter().sum::<f64>()
        }));
        return;
    }
    small.resize(outer * inner, 0.0);
    for (block, into) in large.chunks_exact(middle * inner).zip(small.chunks_exact_mut(inner)) {
        for row in block.chunks_exact(inner) {
            for (sum, value) in into.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}

fn max_step(large: &[f64], small: &mut Vec<f64>, Step { outer, middle, inner }: Step) {
    small.clear();
    small.resize(outer * inner, f64::NEG_INFINITY);
    for (block, into) in large.chunks_exact(middle * inner).zip(small.chunks_exact_mut(inner)) {
        for row in block.chunks_exact(inner) {
            for (most, value) in into.iter_mut().zip(row) {
                *most = if *value > *most { *value } else { *most };
            }
        }
    }
}

fn spread_step(
    small: &[f64],
    large: &mut [f64],
    Step { middle, inner, .. }: Step,
    combine: impl Fn(f64, f64) -> f64 + Copy,
) {
    if inner == 1 {
        for (row, value) in large.chunks_exact_mut(middle).zip(small) {
            row.iter_mut().for_each(|x| *x = combine(*x, *value));
        }
        return;
    }
    for (block, from) in large.chunks_exact_mut(middle * inner).zip(small.chunks_exact(inner)) {
        for row in block.chunks_exact_mut(inner) {
            for (x, y) in row.iter_mut().zip(from) {
                *x = combine(*x, *y);
            }
        }
    }
}

fn repeat_step(small: &[f64], large: &mut Vec<f64>, Step { middle, inner, .. }: Step) {
    large.clear();
    for row in small.chunks_exact(inner) {
        for _ in 0..middle {
            large.extend_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The subset's cell of each cell of the large table, one by one.
    fn plain_index(domain: &Domain, from: &AttributeSet, to: &AttributeSet) -> Vec<usize> {
        let cells = domain.cells(from) as usize;
        (0..cells)
            .map(|mut cell| {
                let mut codes = Vec::new();
                for attribute in from.iter().collect::<Vec<_>>().into_iter().rev() {
                    codes.push((attribute, cell % domain.size(attribute)));
                    cell /= domain.size(attribute);
                }
                codes.reverse();
                codes
                    .iter()
                    .filter(|(attribute, _)| to.contains(*attribute))
                    .fold(0, |index, (attribute, code)| index * domain.size(*attribute) + code)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn projections_agree_with_cell_by_cell_sums(
            sizes in proptest::collection::vec(1u32..5, 1..6), keep in any::<u8>(), start in 0usize..9,
        ) {
            let domain = Domain::new(sizes.iter().enumerate().map(|(i, s)| (i.to_string(), *s))).unwrap();
            let from = domain.all();
            let to: AttributeSet = from.iter().filter(|a| keep >> a & 1 == 1).collect();
            let projection = Projection::new(&domain, &from, &to);
            let large: Vec<f64> = (0..domain.cells(&from)).map(|i| ((i * 7 + start as u64) % 13) as f64 - 6.0).collect();
            let index = plain_index(&domain, &from, &to);
            let (mut small, mut scratch) = (Vec::new(), Vec::new());

            projection.sum(&large, &mut small, &mut scratch);
            let mut expected = vec![0.0; domain.cells(&to) as usize];
            index.iter().zip(&large).for_each(|(i, x)| expected[*i] += x);
            prop_assert_eq!(&small, &expected);

            projection.max(&large, &mut small, &mut scratch);
            let mut expected = vec![f64::NEG_INFINITY; domain.cells(&to) as usize];
            index.iter().zip(&large).for_each(|(i, x)| expected[*i] = expected[*i].max(*x));
            prop_assert_eq!(&small, &expected);

            let mut spread = large.clone();
            projection.add(&small, &mut spread, &mut (Vec::new(), Vec::new()));
            let expected: Vec<f64> = index.iter().zip(&large).map(|(i, x)| x + small[*i]).collect();
            prop_assert_eq!(spread, expected);
        }
    }
}
