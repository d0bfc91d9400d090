//! Rows drawn one by one from a level's model, given what is known of each beforehand.
//!
//! A row's given codes differ from those of nearly every other row, so nothing is gained by preparing a model for each
//! combination. Instead the tables are laid out once so that what a combination leaves of a table is one contiguous
//! piece of it; a draw then passes messages over these pieces alone.

use manikin_marginals::Calibrated;
use manikin_random::Stream;

/// A model prepared for draws of rows of which some attributes are given.
pub(crate) struct Sampler {
    cliques: Vec<Clique>,
}

/// The distribution of a clique given its separator, parents first.
struct Clique {
    /// Laid out by the given attributes, then those of the separator, then the free ones.
    table: Vec<f64>,
    /// Attributes whose codes are given, each with the length of one of its codes in the table.
    given: Vec<(usize, usize)>,
    /// Attributes drawn before, with their sizes.
    separator: Vec<(usize, usize)>,
    /// Attributes drawn here, with their sizes.
    free: Vec<(usize, usize)>,
    separator_cells: usize,
    free_cells: usize,
    /// Cliques away from the root that say something, each with the cell of its separator for every cell of a piece of
    /// this one.
    children: Vec<(usize, Vec<u32>)>,
    /// Whether given codes beyond the separator say something about it.
    informs: bool,
    /// Where nothing beyond this clique says anything: its message for each combination of given codes, side by side.
    messages: Vec<f64>,
}

/// Working memory of draws, reused from row to row.
#[derive(Default)]
pub(crate) struct Scratch {
    weights: Vec<Vec<f64>>,
    messages: Vec<Vec<f64>>,
}

impl Sampler {
    /// Prepares a model for rows whose `given` attributes are known.
    pub(crate) fn new(model: &Calibrated, given: &[usize]) -> Self {
        let (domain, tree) = (model.domain(), model.tree());
        let count = tree.cliques().len();
        let known = |at: usize| given.contains(&at);
        // What is given is best met near the root: a part of the tree without it needs no message.
        let root = (0..count)
            .max_by_key(|&at| (tree.cliques()[at].iter().filter(|one| known(*one)).count(), usize::MAX - at))
            .unwrap_or(0);
        let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); count];
        for at in 0..count {
            if let Some(parent) = tree.parent(at) {
                neighbours[at].push(parent);
                neighbours[parent].push(at);
            }
        }
        let mut order: Vec<(usize, Option<usize>)> = vec![(root, None)];
        let mut next = 0;
        while next < order.len() {
            let (at, parent) = order[next];
            let from = parent.map(|place| order[place].0);
            order.extend(neighbours[at].iter().filter(|other| Some(**other) != from).map(|other| (*other, Some(next))));
            next += 1;
        }
        let mut cliques: Vec<Clique> = Vec::with_capacity(count);
        for &(at, parent) in &order {
            let clique = tree.cliques()[at];
            let shared = parent.map(|place| clique.intersection(&tree.cliques()[order[place].0])).unwrap_or_default();
            let sized = |wanted: &dyn Fn(usize) -> bool| -> Vec<(usize, usize)> {
                clique.iter().filter(|one| wanted(*one)).map(|one| (one, domain.size(one))).collect()
            };
            let by_given = sized(&known);
            let separator = sized(&|one| !known(one) && shared.contains(one));
            let free = sized(&|one| !known(one) && !shared.contains(one));
            let layout: Vec<(usize, usize)> = by_given.iter().chain(&separator).chain(&free).copied().collect();
            let belief = model.belief(at);
            let mut table =
                laid_out(&clique.iter().map(|one| (one, domain.size(one))).collect::<Vec<_>>(), belief, &layout);
            let cells = |part: &[(usize, usize)]| part.iter().map(|(_, size)| size).product::<usize>();
            let (separator_cells, free_cells) = (cells(&separator), cells(&free));
            let is_shared: Vec<bool> = layout.iter().map(|(one, _)| shared.contains(*one)).collect();
            divide(&mut table, &layout, &is_shared);
            let mut length = separator_cells * free_cells;
            let mut lengths = vec![0; by_given.len()];
            for (place, (_, size)) in by_given.iter().enumerate().rev() {
                lengths[place] = length;
                length *= size;
            }
            let informs = by_given.iter().any(|(one, _)| !shared.contains(*one));
            cliques.push(Clique {
                table,
                given: by_given.iter().map(|(one, _)| *one).zip(lengths).collect(),
                separator,
                free,
                separator_cells,
                free_cells,
                children: Vec::new(),
                informs,
                messages: Vec::new(),
            });
        }
        for place in (1..count).rev() {
            let Some(parent) = order[place].1 else { continue };
            if !cliques[place].informs {
                continue;
            }
            cliques[parent].informs = true;
            let wanted: Vec<(usize, usize)> = cliques[place].separator.clone();
            let own: Vec<(usize, usize)> =
                cliques[parent].separator.iter().chain(&cliques[parent].free).copied().collect();
            let index = places(&own, &wanted);
            cliques[parent].children.push((place, index));
        }
        for clique in cliques.iter_mut().filter(|clique| clique.informs && clique.children.is_empty()) {
            clique.messages = clique.table.chunks_exact(clique.free_cells).map(|part| part.iter().sum()).collect();
        }
        Self { cliques }
    }

    /// Draws what is not given of one row: `codes` holds a code for every attribute, and those that are not given are
    /// replaced. Given codes that the model says cannot occur together count as unknown where they clash.
    pub(crate) fn draw(&self, codes: &mut [u16], stream: &mut Stream, scratch: &mut Scratch) {
        scratch.weights.resize_with(self.cliques.len(), Vec::new);
        scratch.messages.resize_with(self.cliques.len(), Vec::new);
        for (place, clique) in self.cliques.iter().enumerate().rev().filter(|(_, clique)| clique.informs) {
            let mut message = std::mem::take(&mut scratch.messages[place]);
            message.clear();
            if clique.children.is_empty() {
                let start = clique.start(codes) / clique.free_cells;
                message.extend_from_slice(&clique.messages[start..start + clique.separator_cells]);
            } else {
                let weights = &mut scratch.weights[place];
                weights.clear();
                weights.extend_from_slice(clique.piece(codes));
                for (child, index) in &clique.children {
                    let message = &scratch.messages[*child];
                    weights.iter_mut().zip(index).for_each(|(weight, at)| *weight *= message[*at as usize]);
                }
                message.extend(weights.chunks_exact(clique.free_cells).map(|part| part.iter().sum::<f64>()));
            }
            // Scaled, so that long chains do not underflow.
            let most = message.iter().copied().fold(0.0, f64::max);
            match most > 0.0 {
                true => message.iter_mut().for_each(|sum| *sum /= most),
                false => message.fill(1.0),
            }
            scratch.messages[place] = message;
        }
        for (place, clique) in self.cliques.iter().enumerate() {
            if clique.free.is_empty() {
                continue;
            }
            let before = clique.separator.iter().fold(0, |cell, (one, size)| cell * size + usize::from(codes[*one]));
            let range = before * clique.free_cells..(before + 1) * clique.free_cells;
            let weights = match clique.children.is_empty() {
                true => &clique.piece(codes)[range.clone()],
                false => &scratch.weights[place][range.clone()],
            };
            let cell = match pick(weights, stream.uniform()) {
                Some(cell) => cell,
                None => pick(&clique.without_given(range), stream.uniform()).unwrap_or(0),
            };
            let mut rest = cell;
            for (one, size) in clique.free.iter().rev() {
                codes[*one] = (rest % size) as u16;
                rest /= size;
            }
        }
    }
}

impl Clique {
    /// Where the piece begins that the given codes leave of the table.
    fn start(&self, codes: &[u16]) -> usize {
        self.given.iter().map(|(one, length)| usize::from(codes[*one]) * length).sum()
    }

    /// What the given codes leave of the table.
    fn piece(&self, codes: &[u16]) -> &[f64] {
        let start = self.start(codes);
        &self.table[start..start + self.separator_cells * self.free_cells]
    }

    /// The weights of a part of a piece, whatever is given.
    fn without_given(&self, range: std::ops::Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.free_cells];
        for piece in self.table.chunks_exact(self.separator_cells * self.free_cells) {
            sums.iter_mut().zip(&piece[range.clone()]).for_each(|(sum, weight)| *sum += weight);
        }
        sums
    }
}

/// The cell that a uniform falls on; `None` where no cell has a weight.
fn pick(weights: &[f64], uniform: f64) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = uniform * total;
    let mut last = None;
    for (cell, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        if left < *weight {
            return Some(cell);
        }
        left -= weight;
        last = Some(cell);
    }
    // Rounding can leave a crumb beyond the last cell.
    last
}

/// For each cell of a table over `from`, in row-major order: its cell in the table over `to`, a part of `from`.
fn places(from: &[(usize, usize)], to: &[(usize, usize)]) -> Vec<u32> {
    let mut index = vec![0u32];
    for (one, size) in from {
        let stride: usize = match to.iter().position(|(other, _)| other == one) {
            Some(at) => to[at + 1..].iter().map(|(_, size)| size).product(),
            None => 0,
        };
        index = index.iter().flat_map(|base| (0..*size).map(move |code| base + (code * stride) as u32)).collect();
    }
    index
}

/// A table over some attributes in another order of them.
fn laid_out(from: &[(usize, usize)], table: &[f64], to: &[(usize, usize)]) -> Vec<f64> {
    places(to, from).iter().map(|at| table.get(*at as usize).copied().unwrap_or(0.0)).collect()
}

/// Divides a table by its sums over the attributes that are not shared; where the sum is 0 the table stays 0.
fn divide(table: &mut [f64], layout: &[(usize, usize)], is_shared: &[bool]) {
    let shared: Vec<(usize, usize)> =
        layout.iter().zip(is_shared).filter(|(_, shared)| **shared).map(|(one, _)| *one).collect();
    let index = places(layout, &shared);
    let mut sums = vec![0.0; shared.iter().map(|(_, size)| size).product()];
    table.iter().zip(&index).for_each(|(value, at)| sums[*at as usize] += value);
    for (value, at) in table.iter_mut().zip(&index) {
        let sum = sums[*at as usize];
        *value = if sum > 0.0 { *value / sum } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_marginals::{AttributeSet, Domain, JunctionTree, Model, Potential};
    use manikin_random::{Name, RunKey};

    /// A chain of four attributes and a fork, with potentials that make neighbours alike.
    fn model() -> Calibrated {
        let domain = Domain::new([("a", 2), ("b", 3), ("c", 3), ("d", 2), ("e", 2)]).unwrap();
        let cliques = [[0, 1], [1, 2], [2, 3], [1, 4]].map(|clique| AttributeSet::of(&clique));
        let tree = JunctionTree::containing(&domain, &cliques);
        let potentials = cliques
            .iter()
            .enumerate()
            .map(|(number, clique)| {
                let cells = domain.cells(clique) as usize;
                let values = (0..cells).map(|cell| ((cell * 7 + number * 3) % 5) as f64 * 0.6).collect();
                Potential { clique: *clique, values }
            })
            .collect();
        let (zeros, measurements, cliques) = (Vec::new(), Vec::new(), tree.cliques().to_vec());
        Model { domain, cliques, potentials, zeros, total: 100.0, measurements }.calibrate().unwrap()
    }

    #[test]
    fn draws_follow_the_model_given_what_is_known() {
        let model = model();
        let joint = model.marginal(&model.domain().all(), 1 << 10).unwrap();
        for given in [vec![], vec![0], vec![3], vec![0, 3], vec![1], vec![0, 1, 2, 3, 4]] {
            let sampler = Sampler::new(&model, &given);
            let (mut scratch, rows) = (Scratch::default(), 40_000);
            let key = RunKey::new(11);
            let mut counts = vec![0.0; joint.len()];
            let known = [1u16, 2, 0, 1, 0];
            let mut expected = joint.clone();
            let sizes = [2usize, 3, 3, 2, 2];
            for (cell, share) in expected.iter_mut().enumerate() {
                let mut rest = cell;
                let mut codes = [0u16; 5];
                for at in (0..5).rev() {
                    codes[at] = (rest % sizes[at]) as u16;
                    rest /= sizes[at];
                }
                if given.iter().any(|at| codes[*at] != known[*at]) {
                    *share = 0.0;
                }
            }
            let sum: f64 = expected.iter().sum();
            for row in 0..rows {
                let mut codes = known;
                let mut stream = key.subject(Name::of("row"), row).stream(Name::of("draw"));
                sampler.draw(&mut codes, &mut stream, &mut scratch);
                counts[codes.iter().zip(sizes).fold(0, |cell, (code, size)| cell * size + usize::from(*code))] += 1.0;
            }
            // A fixed seed; with 72 cells and 5 standard deviations a false alarm has odds of 1 in 20,000.
            for (count, share) in counts.iter().zip(&expected) {
                let mean = share / sum * rows as f64;
                assert!((count - mean).abs() <= 5.0 * mean.sqrt() + 1e-9, "given {given:?}: {count} of {mean}");
            }
        }
    }

    #[test]
    fn what_cannot_occur_together_is_completed_all_the_same() {
        let domain = Domain::new([("a", 2), ("b", 2)]).unwrap();
        let clique = AttributeSet::of(&[0, 1]);
        let values = vec![0.0, 0.0, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let potentials = vec![Potential { clique, values }];
        let (cliques, zeros, measurements) = (vec![clique], Vec::new(), Vec::new());
        let model = Model { domain, cliques, potentials, zeros, total: 1.0, measurements }.calibrate().unwrap();
        let sampler = Sampler::new(&model, &[0]);
        let mut seen = [0, 0];
        for row in 0..100 {
            let mut codes = [1, 0];
            let mut stream = RunKey::new(1).subject(Name::of("row"), row).stream(Name::of("draw"));
            sampler.draw(&mut codes, &mut stream, &mut Scratch::default());
            seen[usize::from(codes[1])] += 1;
        }
        assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
    }
}
