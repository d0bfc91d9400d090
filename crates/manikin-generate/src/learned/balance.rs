//! Draws that add up: of the rows of a sequence as many take each side of a division as is expected of them.

use manikin_random::{Address, Name};

/// The names under which sums begin.
const SIDE: Name = Name::of("manikin.learned.side");

/// Puts the rows of a sequence into cells, one after another, each with its own chances.
///
/// # Algorithm
/// Attribute after attribute, the codes are halved until one is left. At each division the chances of its upper half
/// are added up from row to row, beginning with a uniform number; a row takes the upper half when the sum passes a
/// whole number. So
/// - a row takes a side with just the chance that it has, whatever other divisions did;
/// - of any run of rows that reach a division, the number that takes a side is less than 1 off the sum of its chances;
///   so of a run of rows with the same chances each code of the first attribute is off by less than 1 for each halving.
///
/// Rows beside each other depend on each other. Sequences at different addresses do not.
///
/// # Source
/// Systematic sampling with unequal chances: Madow, On the theory of systematic sampling, II, Annals of Mathematical
/// Statistics 20(3), 1949; carried out division by division so that it serves for more than two codes.
#[derive(Default)]
pub(super) struct Balance {
    /// For each cell: the sum at the division whose upper half begins there, below 1; NaN before the first row.
    sums: Vec<f64>,
    address: Option<Address>,
}

impl Balance {
    /// Begins a sequence of rows to be put into so many cells.
    pub(super) fn begin(&mut self, address: Address, cells: usize) {
        self.address = Some(address);
        self.sums.clear();
        self.sums.resize(cells, f64::NAN);
    }

    /// Puts the next row into a cell: `upto` is the sum of the weights up to each cell, itself included, over
    /// attributes of these sizes in row-major order; `found` hears each attribute's place among them and its code.
    /// Where no cell has a weight, all codes are 0.
    pub(super) fn put(&mut self, upto: &[f64], sizes: impl Iterator<Item = usize>, mut found: impl FnMut(usize, u16)) {
        let below = |cell: usize| if cell == 0 { 0.0 } else { upto[cell - 1] };
        // The cells that are left, and where they begin.
        let (mut block, mut first) = (upto.len(), 0);
        for (place, size) in sizes.enumerate() {
            block /= size;
            let (mut low, mut high) = (0, size);
            while high - low > 1 {
                let middle = (low + high) / 2;
                let border = first + middle * block;
                let lower = below(border) - below(first + low * block);
                let upper = below(first + high * block) - below(border);
                match self.is_upper(border, lower, upper) {
                    true => low = middle,
                    false => high = middle,
                }
            }
            found(place, low as u16);
            first += low * block;
        }
    }

    fn is_upper(&mut self, border: usize, lower: f64, upper: f64) -> bool {
        if upper <= 0.0 {
            return false;
        }
        if lower <= 0.0 {
            return true;
        }
        let own = &mut self.sums[border];
        if own.is_nan() {
            *own = self.address.map_or(0.5, |address| address.uniform(SIDE.numbered(border as u64)));
        }
        let sum = *own + upper / (lower + upper);
        let is_upper = sum >= 1.0;
        *own = if is_upper { sum - 1.0 } else { sum };
        is_upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_random::RunKey;
    use proptest::prelude::*;

    fn sums(weights: &[f64]) -> Vec<f64> {
        let mut sum = 0.0;
        weights
            .iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect()
    }

    /// The codes of rows with these weights over attributes of 3 and 2 codes.
    fn put(seed: u64, rows: &[Vec<f64>]) -> Vec<[u16; 2]> {
        let mut balance = Balance::default();
        balance.begin(RunKey::new(seed).address(), 6);
        let of_row = |weights: &Vec<f64>| {
            let mut codes = [0; 2];
            balance.put(&sums(weights), [3, 2].into_iter(), |place, code| codes[place] = code);
            codes
        };
        rows.iter().map(of_row).collect()
    }

    proptest! {
        #[test]
        fn in_any_run_of_rows_each_side_is_as_often_as_expected_but_for_less_than_one(
            rows in proptest::collection::vec(proptest::collection::vec(0.0..1.0f64, 6), 1..200),
            seed in any::<u64>(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        ) {
            let codes = put(seed, &rows);
            let (from, to) = (from.index(rows.len()), to.index(rows.len()));
            let run = from.min(to)..from.max(to) + 1;
            // The first division of three codes tells the first from the others.
            let share = |row: &Vec<f64>| row[..2].iter().sum::<f64>() / row.iter().sum::<f64>().max(1e-300);
            let expected: f64 = rows[run.clone()].iter().map(share).sum();
            let count = codes[run].iter().filter(|own| own[0] == 0).count() as f64;
            prop_assert!((count - expected).abs() < 1.0 + 1e-9, "{count} of {expected}");
        }

        #[test]
        fn in_any_run_of_rows_with_the_same_chances_each_code_is_off_by_less_than_one_a_halving(
            weights in proptest::collection::vec(0.01..1.0f64, 6), rows in 1usize..500,
            seed in any::<u64>(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        ) {
            let codes = put(seed, &vec![weights.clone(); rows]);
            let (from, to) = (from.index(rows), to.index(rows));
            let run = from.min(to)..from.max(to) + 1;
            for code in 0..3u16 {
                let share = weights[usize::from(code) * 2..][..2].iter().sum::<f64>() / weights.iter().sum::<f64>();
                let expected = share * run.len() as f64;
                let count = codes[run.clone()].iter().filter(|own| own[0] == code).count() as f64;
                let halvings = if code == 0 { 1.0 } else { 2.0 };
                prop_assert!((count - expected).abs() < halvings + 1e-9, "{count} of {expected}");
            }
        }

        #[test]
        fn what_weighs_nothing_is_never_taken(
            weights in proptest::collection::vec(prop_oneof![Just(0.0), 0.0..1.0f64], 6), seed in any::<u64>(),
        ) {
            let codes = put(seed, &vec![weights.clone(); 50]);
            let all: f64 = weights.iter().sum();
            for [a, b] in codes {
                prop_assert!(all == 0.0 || weights[usize::from(a) * 2 + usize::from(b)] > 0.0);
            }
        }
    }

    #[test]
    fn every_row_has_its_own_chances() {
        // The third row of a sequence, over many sequences.
        let rows = [
            vec![0.3, 0.1, 0.1, 0.1, 0.2, 0.2],
            vec![0.0, 0.5, 0.5, 0.0, 0.0, 0.0],
            vec![0.05, 0.15, 0.2, 0.3, 0.1, 0.2],
        ];
        let runs = 40_000;
        let mut counts = [0.0; 6];
        for seed in 0..runs {
            let [a, b] = put(seed, &rows)[2];
            counts[usize::from(a) * 2 + usize::from(b)] += 1.0;
        }
        // Fixed seeds; six counts at 4.5 standard deviations: a false alarm has odds of 1 in 24,000.
        for (count, share) in counts.iter().zip(&rows[2]) {
            let mean = runs as f64 * share;
            assert!((count - mean).abs() < 4.5 * (mean * (1.0 - share)).sqrt(), "{count} of {mean}");
        }
    }
}
