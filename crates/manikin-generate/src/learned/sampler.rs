//! Rows drawn from a level's model, given what is known of each beforehand.
//!
//! A row's given codes differ from those of nearly every other row, so nothing is gained by preparing a model for each
//! combination. Instead the tables are laid out once so that what a combination leaves of a table is one contiguous
//! piece of it; draws then pass messages over these pieces alone.
//!
//! Rows are drawn many at a time, and so that they add up: clique after clique the rows are put into an order in which
//! those with the same codes of the clique stand beside each other, and go through a [`Balance`] in that order. The
//! order of contexts, and of rows within them, is random and another one for each clique, so that what no clique holds
//! together stays apart.

use super::balance::Balance;
use foldhash::HashMap;
use manikin_marginals::Calibrated;
use manikin_random::{Address, Name};

/// The name of the addresses of cliques.
const CLIQUE: Name = Name::of("manikin.learned.clique");
/// The name under which the order of contexts and of rows is drawn.
const ORDER: Name = Name::of("manikin.learned.order");

/// Numbers that the messages of one clique may take from one piece of work to the next.
///
/// ASSUMED: 2 MB a clique are little beside a block's columns, and hold the messages of thousands of combinations.
const KEPT: usize = 1 << 18;

/// A level's model prepared for draws of rows of which some attributes are given.
pub(crate) struct Sampler {
    cliques: Vec<Clique>,
}

/// The distribution of a clique given its separator, parents first.
struct Clique {
    /// Laid out by the given attributes, then those of the separator, then the free ones. Where nothing beyond this
    /// clique says anything: sums up to each free cell.
    table: Vec<f64>,
    /// Attributes whose codes are given, each with the length of one of its codes in the table.
    given: Vec<(usize, usize)>,
    /// Attributes drawn before, with their sizes.
    separator: Vec<(usize, usize)>,
    /// Attributes drawn here, with their sizes.
    free: Vec<(usize, usize)>,
    separator_cells: usize,
    free_cells: usize,
    /// The attributes of the clique that are known before it is drawn, those of few codes first.
    context: Vec<usize>,
    /// Cliques away from the root that say something, each with the cell of its separator for every cell of a piece of
    /// this one.
    children: Vec<(usize, Vec<u32>)>,
    /// Whether given codes beyond the separator say something about it.
    informs: bool,
    /// What is given here and in the children that say something, with sizes; none where there are too many
    /// combinations to tell apart by a number.
    known: Option<Vec<(usize, usize)>>,
    /// Where nothing beyond this clique says anything: its message for each combination of given codes, side by side.
    messages: Vec<f64>,
}

/// Working memory of draws, reused from one piece of work to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    /// By clique: for each row where its message begins.
    starts: Vec<Vec<u32>>,
    /// By clique: messages that were worked out.
    messages: Vec<Vec<f64>>,
    /// By clique: where the message of a combination of given codes begins.
    found: Vec<HashMap<u128, u32>>,
    order: Vec<(u64, u32)>,
    weights: Vec<f64>,
    balance: Balance,
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
            let mut context: Vec<(usize, usize)> = by_given.iter().chain(&separator).copied().collect();
            context.sort_by_key(|(one, size)| (*size, *one));
            let informs = by_given.iter().any(|(one, _)| !shared.contains(*one));
            cliques.push(Clique {
                table,
                context: context.into_iter().map(|(one, _)| one).collect(),
                known: Some(by_given.clone()),
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
            let known = cliques[place].known.clone().zip(cliques[parent].known.take());
            cliques[parent].known = known.and_then(|(child, own)| joined(own, &child));
            let wanted: Vec<(usize, usize)> = cliques[place].separator.clone();
            let own: Vec<(usize, usize)> =
                cliques[parent].separator.iter().chain(&cliques[parent].free).copied().collect();
            let index = places(&own, &wanted);
            cliques[parent].children.push((place, index));
        }
        for clique in cliques.iter_mut().filter(|clique| clique.children.is_empty()) {
            clique.table.chunks_exact_mut(clique.free_cells).for_each(add_up);
            if clique.informs {
                let sums = clique.table.chunks_exact(clique.free_cells).filter_map(|part| part.last());
                clique.messages = sums.copied().collect();
                clique.messages.chunks_exact_mut(clique.separator_cells).for_each(scale);
            }
        }
        Self { cliques }
    }

    /// Draws what is not given of these rows: `columns` holds a column for each attribute, and what is not given is
    /// replaced. Given codes that the model says cannot occur together count as unknown where they clash.
    ///
    /// Each row's codes follow the model; draws at different addresses are independent of each other. `own` are the
    /// addresses of all rows of the columns.
    pub(crate) fn fill(
        &self,
        columns: &mut [Vec<u16>],
        rows: &[u32],
        own: &[Address],
        address: Address,
        scratch: &mut Scratch,
    ) {
        self.send(columns, rows, scratch);
        let Scratch { starts, messages, order, weights, balance, .. } = scratch;
        for (place, clique) in self.cliques.iter().enumerate().filter(|(_, clique)| !clique.free.is_empty()) {
            let address = address.child(CLIQUE, place as u64);
            let salt = address.bits(ORDER) as u64;
            order.clear();
            order.extend(rows.iter().enumerate().map(|(at, row)| {
                let mut hash = clique.hash(columns, *row as usize, salt);
                for (child, _) in &clique.children {
                    hash.add(u64::from(starts[*child][at]));
                }
                (hash.key(own[*row as usize].bits(ORDER.numbered(place as u64))), at as u32)
            }));
            order.sort_unstable();
            balance.begin(address, clique.free_cells);
            let sizes = || clique.free.iter().map(|(_, size)| *size);
            let mut last = None;
            for (_, at) in &*order {
                let (at, row) = (*at as usize, rows[*at as usize] as usize);
                let (start, before) = (clique.start(columns, row), clique.before(columns, row));
                let range = start + before * clique.free_cells..start + (before + 1) * clique.free_cells;
                let upto = if clique.children.is_empty() {
                    &clique.table[range.clone()]
                } else {
                    let same = |other: usize| {
                        clique.children.iter().all(|(child, _)| starts[*child][other] == starts[*child][at])
                    };
                    if !last.is_some_and(|(from, other)| from == range.start && same(other)) {
                        clique.weigh(range.start, before, weights, |child| {
                            &self.message(child, messages)[starts[child][at] as usize..]
                        });
                        last = Some((range.start, at));
                    }
                    &weights[..]
                };
                let whatever;
                let upto = match upto.last() {
                    Some(sum) if *sum > 0.0 => upto,
                    _ => {
                        whatever = clique.without_given(range.start - start);
                        &whatever[..]
                    }
                };
                balance.put(upto, sizes(), |free, code| columns[clique.free[free].0][row] = code);
            }
        }
    }

    /// Works out what the cliques away from the root say of each row.
    fn send(&self, columns: &[Vec<u16>], rows: &[u32], scratch: &mut Scratch) {
        let Scratch { starts, messages, found, weights, .. } = scratch;
        starts.resize_with(self.cliques.len(), Vec::new);
        messages.resize_with(self.cliques.len(), Vec::new);
        found.resize_with(self.cliques.len(), HashMap::default);
        for (kept, found) in messages.iter_mut().zip(&mut *found).filter(|(kept, _)| kept.len() > KEPT) {
            kept.clear();
            found.clear();
        }
        for (place, clique) in self.cliques.iter().enumerate().rev().filter(|(_, clique)| clique.informs) {
            let mut own = std::mem::take(&mut starts[place]);
            own.clear();
            if clique.children.is_empty() {
                let start = |row: &u32| (clique.start(columns, *row as usize) / clique.free_cells) as u32;
                own.extend(rows.iter().map(start));
            } else if place > 0 {
                let mut made = std::mem::take(&mut messages[place]);
                for (at, row) in rows.iter().enumerate() {
                    let key = clique.known.as_ref().map(|known| {
                        let code = |one: usize| u128::from(columns[one][*row as usize]);
                        known.iter().fold(0, |key: u128, (one, size)| key * (*size as u128) + code(*one))
                    });
                    let begin = match key.and_then(|key| found[place].get(&key)) {
                        Some(begin) => *begin,
                        None => {
                            let begin = made.len() as u32;
                            let start = clique.start(columns, *row as usize);
                            for before in 0..clique.separator_cells {
                                let from = start + before * clique.free_cells;
                                clique.weigh(from, before, weights, |child| {
                                    &self.message(child, messages)[starts[child][at] as usize..]
                                });
                                made.push(weights.last().copied().unwrap_or(0.0));
                            }
                            scale(&mut made[begin as usize..]);
                            key.map(|key| found[place].insert(key, begin));
                            begin
                        }
                    };
                    own.push(begin);
                }
                messages[place] = made;
            }
            starts[place] = own;
        }
    }

    /// The messages of a clique.
    fn message<'a>(&'a self, place: usize, made: &'a [Vec<f64>]) -> &'a [f64] {
        match self.cliques[place].children.is_empty() {
            true => &self.cliques[place].messages,
            false => &made[place],
        }
    }
}

impl Clique {
    /// Where the piece begins that a row's given codes leave of the table.
    fn start(&self, columns: &[Vec<u16>], row: usize) -> usize {
        self.given.iter().map(|(one, length)| usize::from(columns[*one][row]) * length).sum()
    }

    /// The cell of the separator that a row is in.
    fn before(&self, columns: &[Vec<u16>], row: usize) -> usize {
        self.separator.iter().fold(0, |cell, (one, size)| cell * size + usize::from(columns[*one][row]))
    }

    /// The hash of a row's context.
    fn hash(&self, columns: &[Vec<u16>], row: usize, salt: u64) -> ContextHash {
        let mut hash = ContextHash { hash: salt, prefixes: 0, attributes: 0 };
        self.context.iter().for_each(|one| hash.add(u64::from(columns[*one][row])));
        hash
    }

    /// Sums up to each free cell of the weights that begin at `from` in the table, with what the children say.
    fn weigh<'m>(&self, from: usize, before: usize, weights: &mut Vec<f64>, message: impl Fn(usize) -> &'m [f64]) {
        weights.clear();
        weights.extend_from_slice(&self.table[from..from + self.free_cells]);
        for (child, index) in &self.children {
            let message = message(*child);
            let index = &index[before * self.free_cells..(before + 1) * self.free_cells];
            weights.iter_mut().zip(index).for_each(|(weight, at)| *weight *= message[*at as usize]);
        }
        add_up(weights);
    }

    /// Sums up to each free cell, whatever is given, for the cell of the separator that begins at `from` in a piece.
    fn without_given(&self, from: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.free_cells];
        for piece in self.table.chunks_exact(self.separator_cells * self.free_cells) {
            sums.iter_mut().zip(&piece[from..]).for_each(|(sum, weight)| *sum += weight);
        }
        if !self.children.is_empty() {
            add_up(&mut sums);
        }
        sums
    }
}

/// The place of a row in a random order in which rows whose contexts begin alike stand beside each other.
#[derive(Clone, Copy)]
struct ContextHash {
    hash: u64,
    /// 16 bits for each of the first two attributes.
    prefixes: u64,
    attributes: u32,
}

impl ContextHash {
    fn add(&mut self, code: u64) {
        // Multiply and fold, twice: contexts of equal hash are mixed, which costs evenness and nothing else.
        let fold = |x: u64| (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        self.hash = fold(fold(self.hash ^ code.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        if self.attributes < 2 {
            self.prefixes |= (self.hash >> 48) << (48 - 16 * self.attributes);
        }
        self.attributes += 1;
    }

    /// The number to sort by: prefixes, the whole context, the row.
    fn key(self, row: u128) -> u64 {
        self.prefixes | ((self.hash >> 48) << 16) | (row >> 112) as u64
    }
}

/// Replaces numbers by their sums up to each.
fn add_up(numbers: &mut [f64]) {
    let mut sum = 0.0;
    for number in numbers {
        sum += *number;
        *number = sum;
    }
}

/// Scales a message so that long chains do not underflow; one that rules everything out says nothing instead.
fn scale(message: &mut [f64]) {
    let most = message.iter().copied().fold(0.0, f64::max);
    match most > 0.0 {
        true => message.iter_mut().for_each(|sum| *sum /= most),
        false => message.fill(1.0),
    }
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

/// Attributes with those of another list; none where their combinations cannot be numbered.
fn joined(mut own: Vec<(usize, usize)>, more: &[(usize, usize)]) -> Option<Vec<(usize, usize)>> {
    own.extend(more.iter().filter(|(one, _)| !own.iter().any(|(other, _)| other == one)).copied().collect::<Vec<_>>());
    let cells = own.iter().try_fold(1u128, |cells, (_, size)| cells.checked_mul(*size as u128));
    cells.map(|_| own)
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
    use manikin_random::RunKey;

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

    /// The codes of rows of which these are given, drawn in sequences of so many rows.
    fn filled(sampler: &Sampler, known: &[u16], rows: u32, at_once: usize) -> Vec<Vec<u16>> {
        let key = RunKey::new(11);
        let own: Vec<Address> = (0..rows).map(|row| key.subject(Name::of("row"), u64::from(row))).collect();
        let mut columns: Vec<Vec<u16>> = known.iter().map(|code| vec![*code; rows as usize]).collect();
        let all: Vec<u32> = (0..rows).collect();
        let mut scratch = Scratch::default();
        for (number, piece) in all.chunks(at_once).enumerate() {
            let address = key.address().child(Name::of("piece"), number as u64);
            sampler.fill(&mut columns, piece, &own, address, &mut scratch);
        }
        columns
    }

    const SIZES: [usize; 5] = [2, 3, 3, 2, 2];

    /// The share of each cell of the joint distribution given what is known.
    fn shares(model: &Calibrated, given: &[usize], known: &[u16]) -> Vec<f64> {
        let mut shares = model.marginal(&model.domain().all(), 1 << 10).unwrap();
        for (cell, share) in shares.iter_mut().enumerate() {
            let codes = codes_of(cell);
            if given.iter().any(|at| codes[*at] != known[*at]) {
                *share = 0.0;
            }
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    }

    fn codes_of(mut cell: usize) -> [u16; 5] {
        let mut codes = [0; 5];
        for at in (0..5).rev() {
            codes[at] = (cell % SIZES[at]) as u16;
            cell /= SIZES[at];
        }
        codes
    }

    fn cell_of(columns: &[Vec<u16>], row: usize) -> usize {
        columns.iter().zip(SIZES).fold(0, |cell, (column, size)| cell * size + usize::from(column[row]))
    }

    const GIVEN: [&[usize]; 6] = [&[], &[0], &[3], &[0, 3], &[1], &[0, 1, 2, 3, 4]];

    #[test]
    fn draws_follow_the_model_given_what_is_known() {
        let (model, known, rows) = (model(), [1, 2, 0, 1, 0], 40_000);
        for given in GIVEN {
            let columns = filled(&Sampler::new(&model, given), &known, rows, 1);
            let mut counts = vec![0.0; SIZES.iter().product()];
            (0..rows as usize).for_each(|row| counts[cell_of(&columns, row)] += 1.0);
            // A fixed seed; with 72 cells and 5 standard deviations a false alarm has odds of 1 in 20,000.
            for (count, share) in counts.iter().zip(shares(&model, given, &known)) {
                let mean = share * f64::from(rows);
                assert!((count - mean).abs() <= 5.0 * mean.sqrt() + 1e-9, "given {given:?}: {count} of {mean}");
            }
        }
    }

    #[test]
    fn rows_drawn_together_come_out_as_expected_but_for_a_few_in_every_clique() {
        let (model, known, rows) = (model(), [1, 2, 0, 1, 0], 2_000);
        for given in GIVEN {
            let columns = filled(&Sampler::new(&model, given), &known, rows, rows as usize);
            let shares = shares(&model, given, &known);
            for clique in model.tree().cliques() {
                let cell =
                    |codes: &dyn Fn(usize) -> usize| clique.iter().fold(0, |cell, at| cell * SIZES[at] + codes(at));
                let mut surplus = vec![0.0; clique.iter().map(|at| SIZES[at]).product()];
                for (whole, share) in shares.iter().enumerate() {
                    surplus[cell(&|at| usize::from(codes_of(whole)[at]))] -= share * f64::from(rows);
                }
                (0..rows as usize).for_each(|row| surplus[cell(&|at| usize::from(columns[at][row]))] += 1.0);
                // Two halvings an attribute at most, and the attribute drawn before is off as much: by chance alone
                // these would be off by 15 to 20.
                assert!(surplus.iter().all(|rows| rows.abs() < 6.0), "given {given:?}: {surplus:?}");
            }
        }
    }

    #[test]
    fn rows_of_one_parent_are_as_independent_as_the_model_says() {
        // Every parent has two rows of the same context; pairs are counted over 500 sequences of 40 parents.
        let (model, known) = (model(), [1, 2, 0, 1, 0]);
        let (sampler, shares) = (Sampler::new(&model, &[0]), shares(&model, &[0], &known));
        let columns = filled(&sampler, &known, 40_000, 40);
        let mut share_of = [0.0; 3];
        shares.iter().enumerate().for_each(|(cell, share)| share_of[usize::from(codes_of(cell)[1])] += share);
        let mut pairs = [[0.0; 3]; 3];
        for row in (0..40_000).filter(|row| row / 40 % 2 == 0) {
            pairs[usize::from(columns[1][row])][usize::from(columns[1][row + 40])] += 1.0;
        }
        // A fixed seed; nine counts at 4.5 standard deviations: a false alarm has odds of 1 in 16,000.
        for (first, counts) in pairs.iter().enumerate() {
            for (second, count) in counts.iter().enumerate() {
                let mean = 20_000.0 * share_of[first] * share_of[second];
                assert!((count - mean).abs() < 4.5 * mean.sqrt(), "{first} then {second}: {count} of {mean}");
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
        let columns = filled(&Sampler::new(&model, &[0]), &[1, 0], 100, 100);
        let ones = columns[1].iter().filter(|code| **code == 1).count();
        assert!((49..=51).contains(&ones), "{ones}");
    }
}
