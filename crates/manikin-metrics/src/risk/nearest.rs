//! Nearest neighbours under a [`Ruler`]: exact, by pruning.
//!
//! Equal rows become one entry. Entries are split into boxes down a tree, always along the column that says most about
//! how far apart they are; a leaf holds its entries column by column as 32-bit numbers. A query visits boxes in the
//! order of their least possible distance, and stops at the first that is further than what it has. 32-bit sums only
//! choose candidates: their distances are computed anew in 64 bits, so answers and ties are exact.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::boxes::Boxes;
use super::distinct::{Distinct, distinct};
use super::postings::Postings;
use super::ruler::{Ruler, row};
use crate::Table;
use crate::stats::radix::sort_by_word;

/// The nearest rows of each query, nearest first; among equally near rows the first in the table comes first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    rows: Vec<u32>,
    distances: Vec<f64>,
    /// How many queries were answered exactly: all, unless a limit of boxes was set and reached.
    pub exact: usize,
    /// By how much a distance can at most be too large: proved, and so far from what is likely.
    pub greatest_error: f64,
    /// By how much the nearest distance is too large on average, measured on a sample of queries that were answered
    /// exactly too; 0 in an exact search.
    pub mean_error: f64,
    /// How many pairs of rows were compared.
    pub compared: u64,
}

impl Neighbours {
    /// How many neighbours each query has: as many as were asked for, or all that there are.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of queries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() / self.k.max(1)
    }

    /// Whether there is no answer at all: no query, or nothing to search in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows nearest to `query`.
    #[must_use]
    pub fn rows(&self, query: usize) -> &[u32] {
        &self.rows[query * self.k..(query + 1) * self.k]
    }

    /// The distances of [`Self::rows`].
    #[must_use]
    pub fn distances(&self, query: usize) -> &[f64] {
        &self.distances[query * self.k..(query + 1) * self.k]
    }

    /// The distance of each query to its nearest row.
    pub fn nearest(&self) -> impl Iterator<Item = f64> + '_ {
        self.distances.iter().step_by(self.k.max(1)).copied()
    }
}

/// What to search for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// How many neighbours.
    pub k: usize,
    /// After how many boxes of about 64 entries a query settles for what it has; `None` searches until it is exact.
    pub limit: Option<usize>,
}

impl Search {
    /// The exact `k` nearest.
    #[must_use]
    pub fn exact(k: usize) -> Self {
        Self { k, limit: None }
    }
}

/// Rows made ready to be searched.
#[derive(Debug)]
pub struct Index<'a> {
    ruler: &'a Ruler,
    entries: Distinct,
    boxes: Boxes,
    /// The entry at each place of the boxes.
    order: Vec<u32>,
    /// The entries' values, in the order of places, row by row.
    exact: Vec<f64>,
}

/// The weights of a query's columns, by its values.
pub(crate) type Weigh<'w> = &'w (dyn Fn(&[f64], &mut Vec<f64>) + Sync);

/// One answer, ordered by distance and then row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Found {
    distance: f64,
    row: u32,
}

/// The best answers so far of one query.
struct Best {
    k: usize,
    found: Vec<Found>,
}

/// What one query came to.
struct Answer {
    found: Vec<Found>,
    error: f64,
    compared: u64,
}

impl<'a> Index<'a> {
    /// Makes `table` ready.
    ///
    /// # Errors
    /// - The table's columns are not those of the ruler.
    pub fn new(ruler: &'a Ruler, table: &Table) -> Result<Self, String> {
        ruler.check(table)?;
        let entries = distinct(table);
        let (boxes, order) = Boxes::new(ruler, table, &entries);
        let mut exact = Vec::with_capacity(order.len() * ruler.columns());
        let mut values = Vec::new();
        for &entry in &order {
            row(table, entries.first(entry) as usize, &mut values);
            exact.extend_from_slice(&values);
        }
        Ok(Self { ruler, entries, boxes, order, exact })
    }

    /// The nearest rows of every row of `queries`.
    ///
    /// # Errors
    /// - The queries' columns are not those of the ruler.
    pub fn nearest(&self, queries: &Table, search: Search) -> Result<Neighbours, String> {
        self.ruler.check(queries)?;
        Ok(self.search(queries, search, false, None))
    }

    /// The nearest other rows of every row of `table`, which must be the table that the index was made of.
    ///
    /// # Errors
    /// - The table is not of the index's columns or number of rows.
    pub fn nearest_others(&self, table: &Table, search: Search) -> Result<Neighbours, String> {
        self.ruler.check(table)?;
        if table.rows != self.entries.rows() {
            return Err(format!("the index holds {} rows, the table {}", self.entries.rows(), table.rows));
        }
        Ok(self.search(table, search, true, None))
    }

    /// The nearest rows when columns weigh differently. Distances are weighted sums, not means.
    pub(crate) fn nearest_weighted(
        &self,
        queries: &Table,
        search: Search,
        others: bool,
        weights: Weigh<'_>,
    ) -> Result<Neighbours, String> {
        self.ruler.check(queries)?;
        Ok(self.search(queries, search, others, Some(weights)))
    }

    fn search(&self, queries: &Table, search: Search, others: bool, weights: Option<Weigh<'_>>) -> Neighbours {
        let asked = distinct(queries);
        let k = search.k.min(self.entries.rows().saturating_sub(usize::from(others)));
        let mut answers = Neighbours {
            k,
            rows: vec![0; k * queries.rows],
            distances: vec![0.0; k * queries.rows],
            exact: 0,
            greatest_error: 0.0,
            mean_error: 0.0,
            compared: 0,
        };
        if k == 0 {
            return answers;
        }
        let wanted = Search { k: k + usize::from(others), limit: search.limit };
        let scale = if weights.is_some() { 1.0 } else { 1.0 / self.ruler.columns() as f64 };
        let postings = weights.map(|_| Postings::new(self.ruler, &self.exact));
        let order = self.side_by_side(queries, &asked);
        let found: Vec<Answer> = order
            .par_iter()
            .with_min_len(64)
            .map_init(
                || (Vec::new(), Vec::new()),
                |(values, own), &entry| {
                    row(queries, asked.first(entry) as usize, values);
                    own.clear();
                    match weights {
                        Some(weigh) => weigh(values, own),
                        None => own.resize(values.len(), 1.0),
                    }
                    self.answer(values, own, postings.as_ref(), wanted)
                },
            )
            .collect();
        for (&entry, answer) in order.iter().zip(&found) {
            answers.exact += if answer.error > 0.0 { 0 } else { asked.members(entry).len() };
            answers.compared += answer.compared;
            answers.greatest_error = answers.greatest_error.max(answer.error * scale);
            for &query in asked.members(entry) {
                let kept = answer.found.iter().filter(|found| !others || found.row != query).take(k);
                for (place, found) in (query as usize * k..).zip(kept) {
                    answers.rows[place] = found.row;
                    // A mean is divided, not multiplied by an inverse, so that it is the nearest number to the quotient.
                    answers.distances[place] =
                        if weights.is_some() { found.distance } else { found.distance / self.ruler.columns() as f64 };
                }
            }
        }
        answers
    }

    /// The queries' entries in the order of the leaves that they come down to first: those of one leaf look at much the
    /// same boxes, which then are still in the cache.
    fn side_by_side(&self, queries: &Table, asked: &Distinct) -> Vec<u32> {
        let weights = vec![1.0; self.ruler.columns()];
        let mut order: Vec<(u64, u32)> = (0..asked.len() as u32)
            .into_par_iter()
            .with_min_len(64)
            .map_init(Vec::new, |values, entry| {
                row(queries, asked.first(entry) as usize, values);
                let query = self.boxes.query(self.ruler, values, &weights);
                let mut node = 0;
                while let Some([first, second]) = self.boxes.children(node) {
                    node =
                        if self.boxes.bound(second, &query) < self.boxes.bound(first, &query) { second } else { first };
                }
                (self.boxes.start(node), entry)
            })
            .collect();
        sort_by_word(&mut order, |item| item.0);
        order.into_iter().map(|(_, entry)| entry).collect()
    }

    fn answer(&self, values: &[f64], weights: &[f64], postings: Option<&Postings>, search: Search) -> Answer {
        let mut query = self.boxes.query(self.ruler, values, weights);
        let slack = query.slack();
        let mut best = Best { k: search.k, found: Vec::with_capacity(search.k + 1) };
        let mut compared = 0u64;
        if let Some(postings) = postings {
            // What shares a rare code is compared at once; what is left differs in all of those columns.
            for (column, places) in postings.rare(values) {
                compared += places.len() as u64;
                for &place in places {
                    self.compare(place as usize, values, weights, true, &mut best);
                }
                self.boxes.differ(&mut query, column);
            }
        }
        let mut waiting = BinaryHeap::new();
        waiting.push(Reverse((self.boxes.bound(0, &query).to_bits(), 0u32)));
        let (mut sums, mut opened) = (Vec::new(), 0usize);
        while let Some(Reverse((bits, mut node))) = waiting.pop() {
            // Bounds are not negative, so their bits sort as they do.
            let bound = f64::from(f32::from_bits(bits));
            let limit = best.limit();
            if bound > limit + slack {
                break;
            }
            if search.limit.is_some_and(|limit| opened >= limit) && best.found.len() == best.k {
                let error = (limit - (bound - slack).max(0.0)).max(0.0);
                return Answer { found: best.found, error, compared };
            }
            // Straight down by the nearer child, so that an answer is near before many boxes wait.
            let mut nearest = bound;
            while let Some(children) = self.boxes.children(node) {
                let [first, second] = children.map(|child| (self.boxes.bound(child, &query), child));
                let (near, far) = if second.0 < first.0 { (second, first) } else { (first, second) };
                if f64::from(far.0) <= limit + slack {
                    waiting.push(Reverse((far.0.to_bits(), far.1)));
                }
                (nearest, node) = (f64::from(near.0), near.1);
            }
            if nearest > limit + slack {
                continue;
            }
            opened += 1;
            let places = self.boxes.sums(node, &query, (best.limit() + slack) as f32, &mut sums);
            compared += sums.len() as u64;
            for (place, &sum) in places.zip(&sums) {
                if f64::from(sum) <= best.limit() + slack {
                    self.compare(place, values, weights, postings.is_some(), &mut best);
                }
            }
        }
        Answer { found: best.found, error: 0.0, compared }
    }

    /// Computes the distance to the entry at `place` exactly and offers its rows.
    fn compare(&self, place: usize, values: &[f64], weights: &[f64], weighted: bool, best: &mut Best) {
        let entry = &self.exact[place * values.len()..(place + 1) * values.len()];
        let distance =
            if weighted { self.ruler.weighted(weights, values, entry) } else { self.ruler.sum(values, entry) };
        for &row in self.entries.members(self.order[place]).iter().take(best.k) {
            if !best.offer(Found { distance, row }) {
                break;
            }
        }
    }
}

impl Best {
    /// The distance beyond which nothing is wanted.
    fn limit(&self) -> f64 {
        match self.found.last() {
            Some(last) if self.found.len() == self.k => last.distance,
            _ => f64::MAX,
        }
    }

    /// Takes `found` if it is among the best, and says whether it did.
    fn offer(&mut self, found: Found) -> bool {
        let place = self.found.partition_point(|known| known.order(&found) == Ordering::Less);
        if place >= self.k {
            return false;
        }
        if self.found.get(place) == Some(&found) {
            return true;
        }
        self.found.insert(place, found);
        self.found.truncate(self.k);
        true
    }
}

impl Found {
    fn order(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.row.cmp(&other.row))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::risk::toy::numbers;
    use crate::{Column, Values, table::NULL_CODE};

    /// The plain way: every distance, sorted.
    fn plainly(ruler: &Ruler, queries: &Table, table: &Table, k: usize, others: bool) -> Vec<Vec<(f64, u32)>> {
        (0..queries.rows)
            .map(|query| {
                let mut all: Vec<(f64, u32)> = (0..table.rows)
                    .filter(|&row| !others || row != query)
                    .map(|row| (ruler.distance(queries, query, table, row), row as u32))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.truncate(k);
                all
            })
            .collect()
    }

    fn pairs(found: &Neighbours) -> Vec<Vec<(f64, u32)>> {
        (0..found.len())
            .map(|query| found.distances(query).iter().copied().zip(found.rows(query).iter().copied()).collect())
            .collect()
    }

    fn mixed(rows: &[(u8, f64, u8, f64)]) -> Table {
        let codes = |pick: fn(&(u8, f64, u8, f64)) -> u8| Values::Codes {
            codes: rows.iter().map(|row| if pick(row) == 9 { NULL_CODE } else { u32::from(pick(row)) }).collect(),
            labels: std::sync::Arc::from([]),
        };
        let numbers = |pick: fn(&(u8, f64, u8, f64)) -> f64| Values::Numbers(rows.iter().map(pick).collect());
        let columns = [codes(|row| row.0), numbers(|row| row.1), codes(|row| row.2), numbers(|row| row.3)];
        let columns = columns.into_iter().map(|values| Column { name: "x".to_owned(), values }).collect();
        Table { columns, rows: rows.len() }
    }

    fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u8, f64, u8, f64)>> {
        let number = || {
            prop_oneof![
                6 => (0..20i32).prop_map(f64::from),
                1 => Just(f64::NAN),
                1 => Just(-1e12),
                2 => -50.0..50.0f64,
                1 => Just(f64::INFINITY),
            ]
        };
        prop::collection::vec((0..10u8, number(), 0..3u8, number()), count)
    }

    proptest! {
        #[test]
        fn pruned_answers_are_those_of_the_plain_search(
            train in rows(0..400), others in rows(0..60), k in 1..6usize,
        ) {
            let (train, queries) = (mixed(&train), mixed(&others));
            let ruler = Ruler::new(&[&train]).expect("a ruler");
            let index = Index::new(&ruler, &train).expect("an index");
            let found = index.nearest(&queries, Search::exact(k)).expect("an answer");
            if train.rows > 0 {
                prop_assert_eq!(pairs(&found), plainly(&ruler, &queries, &train, k, false));
            }
            let found = index.nearest_others(&train, Search::exact(k)).expect("an answer");
            if train.rows > 1 {
                prop_assert_eq!(pairs(&found), plainly(&ruler, &train, &train, k, true));
            }
        }
    }

    #[test]
    fn a_limit_of_boxes_gives_an_error_that_bounds_what_was_missed() {
        let mut draw = crate::stats::draws(3, "points", 0);
        let mut column =
            || Column { name: "x".to_owned(), values: Values::Numbers((0..3000).map(|_| draw.uniform()).collect()) };
        let table = Table { columns: (0..8).map(|_| column()).collect(), rows: 3000 };
        let ruler = Ruler::new(&[&table]).expect("a ruler");
        let index = Index::new(&ruler, &table).expect("an index");
        let exact = index.nearest_others(&table, Search::exact(1)).expect("an answer");
        let rough = index.nearest_others(&table, Search { k: 1, limit: Some(4) }).expect("an answer");
        assert_eq!(exact.exact, 3000);
        assert!(rough.exact < 3000 && rough.greatest_error > 0.0);
        for (exact, rough) in exact.nearest().zip(rough.nearest()) {
            assert!(exact <= rough && rough <= exact + rough_error(&rough, exact));
        }
        let worst = exact.nearest().zip(rough.nearest()).map(|(a, b)| b - a).fold(0.0, f64::max);
        assert!(worst <= rough.greatest_error);
    }

    fn rough_error(rough: &f64, exact: f64) -> f64 {
        (rough - exact).max(0.0)
    }

    #[test]
    fn nothing_to_search_gives_no_answer() {
        let table = crate::risk::toy::table([numbers("n", [1.0])]);
        let ruler = Ruler::new(&[&table]).expect("a ruler");
        let index = Index::new(&ruler, &table).expect("an index");
        assert!(index.nearest_others(&table, Search::exact(3)).expect("an answer").is_empty());
    }
}
