//! Decision trees over cells: gradient boosting for two classes, random forests for classes and numbers.
//!
//! Small and fast on purpose: they are instruments that are the same on every machine, not the best of predictors.

use manikin_random::Stream;
use rayon::prelude::*;

use super::draws;
use super::features::{CELLS, Features};
use super::regression::sigmoid;

/// What a forest learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome<'a> {
    /// The class of each row, below the number of classes.
    Classes(&'a [u8], usize),
    /// The number of each row, finite.
    Numbers(&'a [f64]),
}

/// Gradient-boosted trees for two classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosted {
    start: f64,
    trees: Vec<Tree>,
}

/// A random forest.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    trees: Vec<Tree>,
    /// The values of a prediction: one a class, or one.
    pub width: usize,
    /// The share of each feature in the reduction of impurity; sums to 1, or is all 0 when nothing was split.
    pub importance: Vec<f64>,
}

/// The rounds, depth and learning rate of [`Boosted::fit`], named in the method of a score.
pub const BOOSTED: &str = "gradient-boosted trees (100 rounds, depth 5, rate 0.1, 64 cells a column)";
const ROUNDS: usize = 100;
const RATE: f64 = 0.1;

impl Boosted {
    /// Learns the class from the rows named. `None` unless both classes occur among them.
    ///
    /// # Source
    /// Friedman, Annals of Statistics 29(5), 2001, with second-order leaves as in Chen and Guestrin, KDD 2016 (λ = 1).
    #[must_use]
    pub fn fit(features: &Features, positive: &[bool], rows: &[u32]) -> Option<Self> {
        let events = rows.iter().filter(|&&row| positive[row as usize]).count();
        if events == 0 || events == rows.len() {
            return None;
        }
        let share = events as f64 / rows.len() as f64;
        let start = libm::log(share / (1.0 - share));
        let mut scores = vec![start; features.rows];
        let mut terms = vec![(0.0, 0.0); features.rows];
        let limits = Limits { depth: 5, leaf_rows: 20, features_tried: features.width(), penalty: 1.0 };
        let mut stream = draws(0, "boosted", 0);
        let mut trees = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            for &row in rows {
                let p = sigmoid(scores[row as usize]);
                terms[row as usize] = ((p * (1.0 - p)).max(1e-9), f64::from(u8::from(positive[row as usize])) - p);
            }
            let mut tree = Tree::grow(features, rows.to_vec(), &Gradients(&terms), &limits, &mut stream).0;
            tree.values.iter_mut().for_each(|value| *value *= RATE);
            for &row in rows {
                scores[row as usize] += tree.leaf(features, row as usize)[0];
            }
            trees.push(tree);
        }
        Some(Self { start, trees })
    }

    /// The log-odds of a row.
    #[must_use]
    pub fn score(&self, features: &Features, row: usize) -> f64 {
        self.start + self.trees.iter().map(|tree| tree.leaf(features, row)[0]).sum::<f64>()
    }
}

/// The trees, depth and sampling of [`Forest::fit`], named in the method of a score.
pub const FOREST: &str = "random forest (30 trees, depth 10, bootstrap rows)";
const TREES: u64 = 30;

impl Forest {
    /// Learns the outcome from the rows named; `None` without rows or features.
    ///
    /// # Source
    /// Breiman, Machine Learning 45, 2001: the square root of the number of features tried at a split for classes, a
    /// third for numbers; importance by reduction of impurity.
    #[must_use]
    pub fn fit(features: &Features, outcome: Outcome<'_>, rows: &[u32], seed: u64) -> Option<Self> {
        if rows.is_empty() || features.width() == 0 {
            return None;
        }
        let grown: Vec<(Tree, Vec<f64>)> = (0..TREES)
            .into_par_iter()
            .map(|tree| {
                let mut stream = draws(seed, "forest", tree);
                let n = rows.len() as u64;
                let mut drawn: Vec<u32> =
                    rows.iter().map(|_| rows[usize::try_from(stream.below(n)).unwrap_or(0)]).collect();
                drawn.sort_unstable();
                let width = features.width();
                match outcome {
                    Outcome::Classes(classes, count) => {
                        let features_tried = ((width as f64).sqrt() + 0.5) as usize;
                        let limits = Limits { depth: 10, leaf_rows: 5, features_tried, penalty: 0.0 };
                        Tree::grow(features, drawn, &Classes(classes, count), &limits, &mut stream)
                    }
                    Outcome::Numbers(numbers) => {
                        let limits = Limits { depth: 10, leaf_rows: 5, features_tried: width / 3, penalty: 0.0 };
                        Tree::grow(features, drawn, &Numbers(numbers), &limits, &mut stream)
                    }
                }
            })
            .collect();
        let mut importance = vec![0.0; features.width()];
        for (_, gains) in &grown {
            importance.iter_mut().zip(gains).for_each(|(sum, gain)| *sum += gain);
        }
        let total: f64 = importance.iter().sum();
        if total > 0.0 {
            importance.iter_mut().for_each(|gain| *gain /= total);
        }
        let width = match outcome {
            Outcome::Classes(_, count) => count,
            Outcome::Numbers(_) => 1,
        };
        Some(Self { trees: grown.into_iter().map(|(tree, _)| tree).collect(), width, importance })
    }

    /// The mean of the trees' leaves for a row: a probability for each class, or a number.
    #[must_use]
    pub fn predict(&self, features: &Features, row: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for tree in &self.trees {
            sums.iter_mut().zip(tree.leaf(features, row)).for_each(|(sum, value)| *sum += value);
        }
        sums.iter_mut().for_each(|sum| *sum /= self.trees.len() as f64);
        sums
    }
}

/// What a tree splits by: a weight and some sums a row.
trait Target {
    fn width(&self) -> usize;
    /// Adds the weight of `row` to `sums[0]` and its values to the others.
    fn add(&self, row: u32, sums: &mut [f64]);
}

struct Gradients<'a>(&'a [(f64, f64)]);
impl Target for Gradients<'_> {
    fn width(&self) -> usize {
        1
    }
    #[inline]
    fn add(&self, row: u32, sums: &mut [f64]) {
        let (weight, value) = self.0[row as usize];
        sums[0] += weight;
        sums[1] += value;
    }
}

struct Classes<'a>(&'a [u8], usize);
impl Target for Classes<'_> {
    fn width(&self) -> usize {
        self.1
    }
    #[inline]
    fn add(&self, row: u32, sums: &mut [f64]) {
        sums[0] += 1.0;
        sums[1 + usize::from(self.0[row as usize])] += 1.0;
    }
}

struct Numbers<'a>(&'a [f64]);
impl Target for Numbers<'_> {
    fn width(&self) -> usize {
        1
    }
    #[inline]
    fn add(&self, row: u32, sums: &mut [f64]) {
        sums[0] += 1.0;
        sums[1] += self.0[row as usize];
    }
}

struct Limits {
    depth: u32,
    leaf_rows: usize,
    features_tried: usize,
    penalty: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Tree {
    nodes: Vec<Node>,
    values: Vec<f64>,
    width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    /// Rows whose cell of `feature` is in `left` go to the next node, others to `right`.
    Split {
        feature: u32,
        left: u64,
        right: u32,
    },
    Leaf(u32),
}

struct Split {
    gain: f64,
    feature: usize,
    left: u64,
}

impl Tree {
    /// Grows a tree and tells how much each feature reduced the loss.
    fn grow(
        features: &Features,
        mut rows: Vec<u32>,
        target: &impl Target,
        limits: &Limits,
        stream: &mut Stream,
    ) -> (Self, Vec<f64>) {
        let mut tree = Self { nodes: Vec::new(), values: Vec::new(), width: target.width() };
        let mut gains = vec![0.0; features.width()];
        let mut spare = Vec::with_capacity(rows.len());
        let stride = 1 + target.width();
        let mut work = Work { histogram: vec![0.0; CELLS * stride], sums: vec![0.0; stride], stream };
        tree.branch(features, &mut rows, &mut spare, target, limits, 0, &mut work, &mut gains);
        (tree, gains)
    }

    #[allow(clippy::too_many_arguments, reason = "one recursion, whose buffers are shared by all its levels")]
    fn branch(
        &mut self,
        features: &Features,
        rows: &mut [u32],
        spare: &mut Vec<u32>,
        target: &impl Target,
        limits: &Limits,
        depth: u32,
        work: &mut Work<'_>,
        gains: &mut [f64],
    ) {
        work.sums.fill(0.0);
        for &row in rows.iter() {
            target.add(row, &mut work.sums);
        }
        let weight = work.sums[0] + limits.penalty;
        let best = if depth < limits.depth && rows.len() >= 2 * limits.leaf_rows {
            best_split(features, rows, target, limits, work)
        } else {
            None
        };
        let Some(split) = best else {
            self.nodes.push(Node::Leaf(u32::try_from(self.values.len()).unwrap_or(u32::MAX)));
            self.values.extend(work.sums[1..].iter().map(|sum| if weight > 0.0 { sum / weight } else { 0.0 }));
            return;
        };
        gains[split.feature] += split.gain;
        let cells = &features.cells[split.feature];
        // A stable partition keeps rows in order, so that memory is read forwards.
        spare.clear();
        let mut kept = 0;
        for i in 0..rows.len() {
            let row = rows[i];
            if split.left >> cells[row as usize] & 1 == 1 {
                rows[kept] = row;
                kept += 1;
            } else {
                spare.push(row);
            }
        }
        rows[kept..].copy_from_slice(spare);
        let place = self.nodes.len();
        self.nodes.push(Node::Leaf(0));
        let (left, right) = rows.split_at_mut(kept);
        self.branch(features, left, spare, target, limits, depth + 1, work, gains);
        let right_node = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes[place] =
            Node::Split { feature: u32::try_from(split.feature).unwrap_or(0), left: split.left, right: right_node };
        self.branch(features, right, spare, target, limits, depth + 1, work, gains);
    }

    fn leaf(&self, features: &Features, row: usize) -> &[f64] {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf(from) => return &self.values[from as usize..from as usize + self.width],
                Node::Split { feature, left, right } => {
                    let goes_left = left >> features.cells[feature as usize][row] & 1 == 1;
                    at = if goes_left { at + 1 } else { right as usize };
                }
            }
        }
    }
}

struct Work<'a> {
    histogram: Vec<f64>,
    sums: Vec<f64>,
    stream: &'a mut Stream,
}

/// The split that reduces the loss most, if any does; among equals the first feature and the smallest left side.
fn best_split(
    features: &Features,
    rows: &[u32],
    target: &impl Target,
    limits: &Limits,
    work: &mut Work<'_>,
) -> Option<Split> {
    let stride = 1 + target.width();
    let tried = limits.features_tried.clamp(1, features.width());
    let mut order: Vec<usize> = (0..features.width()).collect();
    if tried < order.len() {
        for i in 0..tried {
            let j = i + usize::try_from(work.stream.below((order.len() - i) as u64)).unwrap_or(0);
            order.swap(i, j);
        }
    }
    let worth = |sums: &[f64]| {
        let weight = sums[0] + limits.penalty;
        if weight > 0.0 { sums[1..].iter().map(|s| s * s).sum::<f64>() / weight } else { 0.0 }
    };
    let whole = worth(&work.sums);
    let majority = (1..stride).reduce(|a, b| if work.sums[b] > work.sums[a] { b } else { a }).unwrap_or(1);
    let mut best: Option<Split> = None;
    let (mut left, mut right) = (vec![0.0; stride], vec![0.0; stride]);
    for &feature in &order[..tried] {
        let cells = &features.cells[feature];
        let mut counts = [0u32; CELLS];
        work.histogram.fill(0.0);
        for &row in rows {
            let cell = usize::from(cells[row as usize]);
            counts[cell] += 1;
            target.add(row, &mut work.histogram[cell * stride..(cell + 1) * stride]);
        }
        let mut present = [0usize; CELLS];
        let mut number = 0;
        for cell in (0..CELLS).filter(|&cell| counts[cell] > 0) {
            present[number] = cell;
            number += 1;
        }
        let present = &mut present[..number];
        if !features.ordered[feature] {
            // Fisher's trick: for one sum the best subset of categories is a prefix in the order of their means.
            let mean = |cell: usize| {
                work.histogram[cell * stride + majority] / (work.histogram[cell * stride] + limits.penalty)
            };
            present.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
        }
        left.fill(0.0);
        let (mut set, mut rows_left) = (0u64, 0usize);
        for &cell in present.iter().take(number.saturating_sub(1)) {
            set |= 1 << cell;
            rows_left += counts[cell] as usize;
            left.iter_mut().zip(&work.histogram[cell * stride..(cell + 1) * stride]).for_each(|(sum, x)| *sum += x);
            if rows_left < limits.leaf_rows || rows.len() - rows_left < limits.leaf_rows {
                continue;
            }
            right.iter_mut().zip(&work.sums).zip(&left).for_each(|((r, all), l)| *r = all - l);
            let gain = worth(&left) + worth(&right) - whole;
            if gain > 1e-9 * (1.0 + whole.abs()) && best.as_ref().is_none_or(|b| gain > b.gain) {
                best = Some(Split { gain, feature, left: set });
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::features::Cutting;
    use super::*;
    use crate::table::{Column, Table, Values};

    /// Two numbers and a category; the outcome is whether exactly one of x > 0.5 and category in {1, 3} holds.
    fn exclusive_or(n: usize) -> (Features, Vec<bool>) {
        let mut stream = draws(11, "data", 0);
        let x: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        let noise: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        let codes: Vec<u32> = (0..n).map(|_| stream.below(5) as u32).collect();
        let outcome = x.iter().zip(&codes).map(|(&x, &c)| (x > 0.5) != (c == 1 || c == 3)).collect();
        let labels: Vec<String> = (0..5).map(|i| i.to_string()).collect();
        let columns = vec![
            Column { name: "noise".into(), values: Values::Numbers(noise) },
            Column { name: "x".into(), values: Values::Numbers(x) },
            Column { name: "c".into(), values: Values::Codes { codes, labels: labels.into() } },
        ];
        let table = Table { columns, rows: n };
        (Cutting::of(&[&table], &[]).apply(&table), outcome)
    }

    #[test]
    fn boosted_trees_learn_what_no_linear_model_can() {
        let (features, outcome) = exclusive_or(4000);
        let rows: Vec<u32> = (0..2000).collect();
        let model = Boosted::fit(&features, &outcome, &rows).expect("two classes");
        let right = (2000..4000).filter(|&row| (model.score(&features, row) > 0.0) == outcome[row]).count();
        assert!(right > 1900, "{right} of 2000");
        assert!(Boosted::fit(&features, &[true; 4000], &rows).is_none());
    }

    #[test]
    fn a_forest_learns_classes_and_names_the_features_that_matter() {
        let (features, outcome) = exclusive_or(4000);
        let classes: Vec<u8> = outcome.iter().map(|&o| u8::from(o)).collect();
        let rows: Vec<u32> = (0..2000).collect();
        let forest = Forest::fit(&features, Outcome::Classes(&classes, 2), &rows, 1).expect("rows");
        let right = (2000..4000).filter(|&row| (forest.predict(&features, row)[1] > 0.5) == outcome[row]).count();
        assert!(right > 1800, "{right} of 2000");
        assert!(forest.importance[1] > forest.importance[0] && forest.importance[2] > forest.importance[0]);
        assert!((forest.importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_forest_of_a_constant_predicts_it() {
        let (features, _) = exclusive_or(100);
        let forest = Forest::fit(&features, Outcome::Numbers(&[7.0; 100]), &[0, 1, 2, 3], 1).expect("rows");
        assert_eq!(forest.predict(&features, 50), [7.0]);
        assert_eq!(Forest::fit(&features, Outcome::Numbers(&[7.0; 100]), &[], 1), None);
    }
}
