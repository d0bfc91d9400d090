//! Combinations of values that only one real person has, found again in synthetic rows.

use std::collections::HashMap;

use rayon::prelude::*;

use super::Attack;
use crate::risk::coding::Coded;
use crate::risk::distinct::{Mixing, mix};
use crate::risk::folds::Folds;
use crate::stats;

/// A row whose rare combinations appear in synthetic rows is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "rare_combination",
    means: "suspects real rows of which combinations of values that no other real row has appear in synthetic rows",
    reference: "own; after the targeted pairs of values of Meeus et al., Achilles' Heels, ESORICS 2023",
    scores,
};

/// The most pairs, and the most triples, of columns that are looked at.
///
/// ASSUMED: 200 of each, so that 20 columns are seen in all their pairs and a million rows take minutes.
const MOST: usize = 200;

fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let [train, holdout, synthetic] = folds.coded();
    let pool = train.stack(holdout);
    let sets = column_sets(pool.columns.len(), folds.settings.seed);
    let replayed: Vec<Vec<u32>> = sets.par_iter().map(|columns| replays(&pool, synthetic, columns)).collect();
    let mut scores = vec![0.0; pool.rows];
    for rows in &replayed {
        for &row in rows {
            scores[row as usize] += 1.0;
        }
    }
    Ok(scores)
}

/// All pairs and triples of columns, or a sample of each; single columns when there are fewer than three.
fn column_sets(columns: usize, seed: u64) -> Vec<Vec<usize>> {
    let pairs: Vec<Vec<usize>> = (0..columns).flat_map(|a| (a + 1..columns).map(move |b| vec![a, b])).collect();
    // With very many columns the triples are those of a sample of pairs with a further column.
    let base = some(&pairs, 2000, seed, "rare pairs");
    let triples: Vec<Vec<usize>> =
        base.iter().flat_map(|pair| (pair[1] + 1..columns).map(|c| vec![pair[0], pair[1], c])).collect();
    let mut sets = some(&pairs, MOST, seed, "pairs");
    sets.extend(some(&triples, MOST, seed, "triples"));
    if columns < 3 {
        sets.extend((0..columns).map(|column| vec![column]));
    }
    sets
}

fn some(sets: &[Vec<usize>], most: usize, seed: u64, purpose: &str) -> Vec<Vec<usize>> {
    let picked = stats::sample_rows(sets.len(), most, &mut stats::draws(seed, purpose, 0));
    picked.into_iter().map(|set| sets[set as usize].clone()).collect()
}

/// The pool's rows that are alone with their combination there, and whose combination a synthetic row has.
///
/// Most combinations of three columns occur on one side only: a filter of the synthetic ones, which may let others
/// pass but loses none, keeps those out of the map.
fn replays(pool: &Coded, synthetic: &Coded, columns: &[usize]) -> Vec<u32> {
    /// How often the pool has a combination, with the row that has it, and whether synthetic rows have it.
    struct Seen {
        row: u32,
        count: u32,
        synthetic: bool,
    }
    // Three columns of millions of values each have pairs that are unique already.
    if columns.iter().try_fold(1u64, |kinds, &column| kinds.checked_mul(pool.sizes[column] as u64)).is_none() {
        return Vec::new();
    }
    let word = |table: &Coded, row: usize| {
        columns
            .iter()
            .fold(0u64, |word, &column| word * pool.sizes[column] as u64 + u64::from(table.columns[column][row]))
    };
    let bits = (16 * synthetic.rows as u64).next_power_of_two().max(64);
    let mut filter = vec![0u64; (bits / 64) as usize];
    let place = |word: u64| {
        let bit = mix(word) & (bits - 1);
        ((bit / 64) as usize, 1u64 << (bit % 64))
    };
    for row in 0..synthetic.rows {
        let (at, bit) = place(word(synthetic, row));
        filter[at] |= bit;
    }
    let mut seen: HashMap<u64, Seen, Mixing> = HashMap::with_hasher(Mixing);
    for row in 0..pool.rows {
        let word = word(pool, row);
        let (at, bit) = place(word);
        if filter[at] & bit != 0 {
            seen.entry(word).or_insert(Seen { row: row as u32, count: 0, synthetic: false }).count += 1;
        }
    }
    for row in 0..synthetic.rows {
        if let Some(seen) = seen.get_mut(&word(synthetic, row)) {
            seen.synthetic = true;
        }
    }
    // The order of the map does not matter: each row appears once and is only counted.
    seen.into_values().filter(|seen| seen.count == 1 && seen.synthetic).map(|seen| seen.row).collect()
}
