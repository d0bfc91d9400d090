//! A tree of boxes around entries, and their 32-bit columns: what an [`super::nearest::Index`] prunes by.
//!
//! All that is here may err towards nearness and never towards distance (beyond [`Query::slack`]): values are clamped,
//! rounded, and codes share bits.

use std::ops::Range;

use super::distinct::Distinct;
use super::ruler::{Ruler, Scale, is_null_code, row};
use crate::Table;

/// The most entries of a leaf.
///
/// # Source
/// Own measurement on the Adult folds and on a million rows: 32 to 128 cost the same within a tenth.
pub(crate) const LEAF: usize = 64;

/// How many entries are looked at to choose the column to split by.
const LOOK: usize = 200;

/// Stands for a null of a number: a whole step from any number, and 0 from itself.
const NULL: f32 = 8.0;

/// No code of any entry.
const NO_CODE: f32 = -2.0;

/// The boxes of an index. Numbers come before categories in every list of columns.
#[derive(Debug)]
pub(crate) struct Boxes {
    columns: Vec<usize>,
    numbers: usize,
    nodes: Vec<Node>,
    lows: Vec<f32>,
    highs: Vec<f32>,
    masks: Vec<u64>,
    cells: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    /// The first of two children that stand side by side; 0 in a leaf.
    children: u32,
}

/// A row to search for, in the boxes' terms.
#[derive(Debug)]
pub(crate) struct Query {
    values: Vec<f32>,
    bits: Vec<u64>,
    weights: Vec<f32>,
}

impl Query {
    /// By how much a 32-bit sum can exceed the true one.
    ///
    /// # Source
    /// Each value is within 2^-23 of its own, each weight and product within 2^-23 of theirs relative, and a sum of d
    /// terms adds at most d roundings of 2^-24 of the total: d + 8 times 2^-22 of the total weight covers all of it.
    pub(crate) fn slack(&self) -> f64 {
        let total: f64 = self.weights.iter().map(|&weight| f64::from(weight)).sum();
        total * (self.weights.len() + 8) as f64 / f64::from(1u32 << 22)
    }
}

impl Boxes {
    /// Boxes around the entries of `table`, and the entry at each place.
    pub(crate) fn new(ruler: &Ruler, table: &Table, entries: &Distinct) -> (Self, Vec<u32>) {
        let is_number = |&column: &usize| matches!(ruler.scales[column], Scale::Number { .. });
        let mut columns: Vec<usize> = (0..ruler.columns()).filter(is_number).collect();
        let numbers = columns.len();
        columns.extend((0..ruler.columns()).filter(|column| !is_number(column)));
        let mut wide: Vec<Vec<f32>> = vec![Vec::with_capacity(entries.len()); columns.len()];
        let mut values = Vec::new();
        for entry in 0..entries.len() as u32 {
            row(table, entries.first(entry) as usize, &mut values);
            for (cells, &column) in wide.iter_mut().zip(&columns) {
                cells.push(narrow(ruler.scales[column], values[column]));
            }
        }
        let mut order: Vec<u32> = (0..entries.len() as u32).collect();
        let mut boxes = Self {
            columns,
            numbers,
            nodes: vec![Node { start: 0, end: order.len() as u32, children: 0 }],
            lows: Vec::new(),
            highs: Vec::new(),
            masks: Vec::new(),
            cells: Vec::with_capacity(entries.len() * wide.len()),
        };
        boxes.grow(&wide, &mut order);
        boxes.fill(&wide, &order);
        (boxes, order)
    }

    /// A row as a query; `weights` belong to the ruler's columns.
    pub(crate) fn query(&self, ruler: &Ruler, values: &[f64], weights: &[f64]) -> Query {
        let values: Vec<f32> =
            self.columns.iter().map(|&column| narrow(ruler.scales[column], values[column])).collect();
        let bits = values.iter().map(|&value| bit(value)).collect();
        Query { bits, weights: self.columns.iter().map(|&column| weights[column] as f32).collect(), values }
    }

    /// Lets a query differ from every entry in one of the ruler's columns, which must be of categories.
    pub(crate) fn differ(&self, query: &mut Query, column: usize) {
        if let Some(j) = self.columns.iter().position(|&known| known == column) {
            query.bits[j] = 0;
            query.values[j] = NO_CODE;
        }
    }

    /// The two children of a node, or none in a leaf.
    pub(crate) fn children(&self, node: u32) -> Option<[u32; 2]> {
        let first = self.nodes[node as usize].children;
        (first > 0).then_some([first, first + 1])
    }

    /// The first place of a node's entries.
    pub(crate) fn start(&self, node: u32) -> u64 {
        u64::from(self.nodes[node as usize].start)
    }

    /// The least distance that an entry of the node can have.
    pub(crate) fn bound(&self, node: u32, query: &Query) -> f32 {
        let (numbers, categories) = (self.numbers, self.columns.len() - self.numbers);
        let at = node as usize * numbers;
        let (lows, highs) = (&self.lows[at..at + numbers], &self.highs[at..at + numbers]);
        let mut bound = 0.0;
        for (j, (&low, &high)) in lows.iter().zip(highs).enumerate() {
            let value = query.values[j];
            bound += query.weights[j] * (low - value).max(value - high).clamp(0.0, 1.0);
        }
        let masks = &self.masks[node as usize * categories..(node as usize + 1) * categories];
        for (j, mask) in (numbers..).zip(masks) {
            bound += if mask & query.bits[j] == 0 { query.weights[j] } else { 0.0 };
        }
        bound
    }

    /// Fills `sums` with the distances of a leaf's entries and gives their places. Sums that all exceed `limit` may be
    /// left unfinished.
    pub(crate) fn sums(&self, leaf: u32, query: &Query, limit: f32, sums: &mut Vec<f32>) -> Range<usize> {
        let node = self.nodes[leaf as usize];
        let places = node.start as usize..node.end as usize;
        let len = places.len();
        sums.clear();
        sums.resize(len, 0.0);
        let cells = &self.cells[places.start * self.columns.len()..places.end * self.columns.len()];
        for (j, cells) in cells.chunks_exact(len).enumerate() {
            let (value, weight) = (query.values[j], query.weights[j]);
            if j < self.numbers {
                for (sum, &cell) in sums.iter_mut().zip(cells) {
                    let apart = (cell - value).abs();
                    *sum += weight * if apart < 1.0 { apart } else { 1.0 };
                }
            } else {
                for (sum, &cell) in sums.iter_mut().zip(cells) {
                    *sum += if cell == value { 0.0 } else { weight };
                }
            }
            if j % 8 == 7 && sums.iter().all(|&sum| sum > limit) {
                break;
            }
        }
        places
    }

    /// Splits nodes until they are leaves.
    fn grow(&mut self, wide: &[Vec<f32>], order: &mut [u32]) {
        let mut at = 0;
        while at < self.nodes.len() {
            let Node { start, end, .. } = self.nodes[at];
            let part = &mut order[start as usize..end as usize];
            self.enclose(wide, part);
            if part.len() > LEAF
                && let Some(left) = self.split(wide, part, at)
            {
                let middle = start + left as u32;
                self.nodes[at].children = self.nodes.len() as u32;
                self.nodes.push(Node { start, end: middle, children: 0 });
                self.nodes.push(Node { start: middle, end, children: 0 });
            }
            at += 1;
        }
    }

    /// Adds the box of the next node.
    fn enclose(&mut self, wide: &[Vec<f32>], part: &[u32]) {
        for cells in &wide[..self.numbers] {
            let values = part.iter().map(|&entry| cells[entry as usize]);
            let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
            self.lows.push(low);
            self.highs.push(high);
        }
        for cells in &wide[self.numbers..] {
            self.masks.push(part.iter().fold(0, |mask, &entry| mask | bit(cells[entry as usize])));
        }
    }

    /// Reorders `part` into two and gives the size of the first; nothing if its entries cannot be told apart.
    fn split(&self, wide: &[Vec<f32>], part: &mut [u32], node: usize) -> Option<usize> {
        let step = (part.len() / LOOK).max(1);
        let looked: Vec<u32> = part.iter().step_by(step).copied().collect();
        let mut ranked: Vec<(f32, usize)> = (0..wide.len())
            .map(|j| {
                let mut values: Vec<f32> = looked.iter().map(|&entry| wide[j][entry as usize]).collect();
                values.sort_unstable_by(f32::total_cmp);
                (if j < self.numbers { spread(&values) } else { mismatch(&values) }, j)
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // Columns of which the look saw one value are tried too, but only where their box says that there are more.
        ranked.iter().find_map(|&(seen, j)| {
            let varies = j >= self.numbers || {
                let at = node * self.numbers + j;
                self.lows[at] < self.highs[at]
            };
            (seen > 0.0 || varies).then(|| part_by(&wide[j], part, j < self.numbers))?
        })
    }

    /// Copies the entries' columns, leaf by leaf.
    fn fill(&mut self, wide: &[Vec<f32>], order: &[u32]) {
        let mut leaves: Vec<Node> = self.nodes.iter().filter(|node| node.children == 0).copied().collect();
        leaves.sort_unstable_by_key(|leaf| leaf.start);
        for leaf in leaves {
            for cells in wide {
                let part = &order[leaf.start as usize..leaf.end as usize];
                self.cells.extend(part.iter().map(|&entry| cells[entry as usize]));
            }
        }
    }
}

/// A value in 32 bits: a number as its share of the range, clamped to one range outside on either side; a code as it
/// is.
fn narrow(scale: Scale, value: f64) -> f32 {
    match scale {
        Scale::Category if is_null_code(value) => -1.0,
        Scale::Category => value as f32,
        Scale::Number { .. } if value.is_nan() => NULL,
        Scale::Number { low, range } if range > 0.0 => ((value - low) / range).clamp(-1.0, 2.0) as f32,
        Scale::Number { low, .. } if value == low => 0.0,
        Scale::Number { low, .. } => {
            if value < low {
                -2.0
            } else {
                2.0
            }
        }
    }
}

/// The bit of a code among 64.
fn bit(value: f32) -> u64 {
    1 << (value.to_bits().wrapping_mul(0x9e37_79b1) >> 26)
}

/// The mean distance between two of sorted numbers, each at most 1 apart from another (nulls are clamped).
fn spread(sorted: &[f32]) -> f32 {
    let n = sorted.len() as f32;
    let place = |i: usize| 2.0 * i as f32 - n + 1.0;
    sorted.iter().enumerate().map(|(i, &value)| place(i) * value.min(2.0)).sum::<f32>() / (n * n)
}

/// How much a split by sorted codes tells: the probability that two of them differ, less the rarer they agree.
///
/// A neighbour seldom agrees in a column of nearly unique codes, so that such a column excludes no box.
fn mismatch(sorted: &[f32]) -> f32 {
    let n = sorted.len() as f32;
    let same: f32 = sorted.chunk_by(|a, b| a == b).map(|run| (run.len() * (run.len() - 1)) as f32).sum();
    let same = same / (n * (n - 1.0)).max(1.0);
    (1.0 - same) * (RARE * same).min(1.0)
}

/// Codes that agree more rarely than one in so many are worth less to split by.
///
/// ASSUMED: 8; between 4 and 16 the Adult folds take the same time within a tenth.
const RARE: f32 = 8.0;

/// Splits `part` by one column: numbers at their median, codes into halves of about equal weight.
fn part_by(cells: &[f32], part: &mut [u32], number: bool) -> Option<usize> {
    let value = |entry: u32| cells[entry as usize];
    let left = if number {
        let middle = part.len() / 2;
        let (_, &mut median, _) =
            part.select_nth_unstable_by(middle, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
        let median = value(median);
        let below = part.iter().filter(|&&entry| value(entry) < median).count();
        // The side of the median's ties that leaves the halves more even.
        let up_to = part.iter().filter(|&&entry| value(entry) <= median).count();
        let strict = below.min(part.len() - below) >= up_to.min(part.len() - up_to);
        stable_partition(part, |entry| if strict { value(entry) < median } else { value(entry) <= median })
    } else {
        let mut sorted: Vec<f32> = part.iter().map(|&entry| value(entry)).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let mut runs: Vec<(usize, f32)> = sorted.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect();
        runs.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)));
        // A box knows 64 bits of codes: with many codes, whole bits must go to one side for it to exclude anything.
        let (mut taken, mut bits) = (0, 0u64);
        for (size, code) in runs {
            if bits & bit(code) != 0 {
                taken += size;
            } else if taken * 2 < part.len() {
                taken += size;
                bits |= bit(code);
            }
        }
        stable_partition(part, |entry| bits & bit(value(entry)) != 0)
    };
    (left > 0 && left < part.len()).then_some(left)
}

/// Puts the entries that `keep` takes before the others, either in ascending order, and says how many it took.
fn stable_partition(part: &mut [u32], keep: impl Fn(u32) -> bool) -> usize {
    let (mut first, mut second): (Vec<u32>, Vec<u32>) = part.iter().partition(|&&entry| keep(entry));
    first.sort_unstable();
    second.sort_unstable();
    part[..first.len()].copy_from_slice(&first);
    part[first.len()..].copy_from_slice(&second);
    first.len()
}
