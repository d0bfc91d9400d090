//! Correct attribution probability and the protection that it leaves, as SDMetrics scores them.

use std::collections::HashMap;

use rayon::prelude::*;

use super::coding::Coded;
use super::distinct::Mixing;
use super::folds::Folds;
use crate::score::{Definition, Direction, Score};
use crate::stats::{self, moments};
use crate::{Table, Values};

/// Protection against guessing sensitive values.
pub const PROTECTION: Definition = Definition {
    name: "disclosure_protection",
    means: "how far an attacker who matches known columns exactly stays from a sensitive value, as a share of what \
            guessing blindly leaves; good is 1",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics 0.32 DisclosureProtection (CAP: Elliot 2014; Taub et al., PSD 2018)",
};

/// The same when the attacker takes the nearest known columns.
pub const GENERALISED: Definition = Definition {
    name: "disclosure_protection_generalised",
    means: "the same for an attacker who settles for the synthetic rows that agree in most known columns; good is 1",
    direction: Direction::Higher,
    range: (0.0, 1.0),
    reference: "SDMetrics 0.32 DisclosureProtection (generalized CAP)",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&PROTECTION, &GENERALISED];

/// How many cells numbers are put into.
///
/// # Source
/// SDMetrics' default `num_discrete_bins`.
const CELLS: usize = 10;

/// The most real rows without an exact match that are compared with all synthetic ones.
///
/// ASSUMED: 2,000, at which a mean is known to about .01.
const MOST: usize = 2000;

/// How an attacker finds synthetic rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// By equal known columns.
    Exact,
    /// By the most known columns that agree.
    Nearest,
}

/// Protection of the declared sensitive columns against those who know the quasi-identifiers, on train and holdout.
#[must_use]
pub fn protection(folds: &Folds<'_>) -> Vec<Score> {
    let (known, sensitive) = (&folds.roles.quasi_identifiers, &folds.roles.sensitive);
    let sensitive: Vec<usize> = sensitive.iter().copied().filter(|column| !known.contains(column)).collect();
    if known.is_empty() || sensitive.is_empty() {
        let reason = "quasi-identifiers and sensitive columns must be declared";
        return vec![PROTECTION.incomplete(Vec::new(), 0, "correct attribution", reason)];
    }
    let mut scores = Vec::new();
    for (fold, real) in [("train", folds.train), ("holdout", folds.holdout)] {
        for (definition, matching) in [(&PROTECTION, Matching::Exact), (&GENERALISED, Matching::Nearest)] {
            let found = correct(real, folds.synthetic, known, &sensitive, matching, folds.settings.seed);
            scores.push(scored(definition, fold, found, folds.settings.level));
        }
    }
    scores
}

/// The chance of a right attribution for each real row that could be attacked, and how many combinations of
/// sensitive values there are.
pub(crate) struct Attribution {
    chances: Vec<f64>,
    combinations: f64,
}

impl Attribution {
    /// The protection: one less the mean chance, over one less the chance of a blind guess.
    pub(crate) fn protection(&self) -> Option<[f64; 3]> {
        let mean = self.chances.iter().sum::<f64>() / self.chances.len() as f64;
        let baseline = 1.0 - 1.0 / self.combinations;
        let left = 1.0 - mean;
        let score = if baseline > 0.0 { (left / baseline).min(1.0) } else { f64::from(u8::from(left > 0.0)) };
        (!self.chances.is_empty()).then_some([score, left, baseline])
    }
}

fn scored(definition: &Definition, fold: &str, found: Attribution, level: f64) -> Score {
    let (about, n) = (vec![fold.to_owned()], found.chances.len());
    let Some([score, left, baseline]) = found.protection() else {
        return definition.incomplete(
            about,
            0,
            "correct attribution",
            "no real row has known values that match any synthetic row",
        );
    };
    let method = format!("protection {left:.6} over baseline {baseline:.6}; numbers in {CELLS} cells of equal width");
    let half = moments(&found.chances).map_or(f64::NAN, |moments| {
        manikin_random::normal_quantile(0.5 * (1.0 + level)) * moments.sd / (n as f64).sqrt() / baseline
    });
    definition.score(about, score, n, method).with_interval(super::power::interval(score - half, score + half, level))
}

pub(crate) fn correct(
    real: &Table,
    synthetic: &Table,
    known: &[usize],
    secret: &[usize],
    matching: Matching,
    seed: u64,
) -> Attribution {
    let cut = |table: &Table, columns: &[usize]| Coded {
        columns: columns.iter().map(|&column| cells(table, real, column)).collect(),
        sizes: Vec::new(),
        rows: table.rows,
    };
    let (real_known, synthetic_known) = (cut(real, known), cut(synthetic, known));
    let (real_secret, synthetic_secret) = (cut(real, secret), cut(synthetic, secret));
    let combinations = real_secret
        .columns
        .iter()
        .map(|codes| {
            let mut codes = codes.clone();
            codes.sort_unstable();
            codes.dedup();
            codes.len() as f64
        })
        .product();
    let (keys, ranges) = Coded::group(&[&real_known, &synthetic_known]);
    let (secrets, _) = Coded::group(&[&real_secret, &synthetic_secret]);
    let (keys_of, secret_of) = (keys.groups(), secrets.groups());
    let mut with_key = vec![0usize; keys.len()];
    let mut with_both: HashMap<u64, usize, Mixing> = HashMap::with_hasher(Mixing);
    let word = |row: usize| u64::from(keys_of[row]) << 32 | u64::from(secret_of[row]);
    for row in ranges[1].clone() {
        with_key[keys_of[row] as usize] += 1;
        *with_both.entry(word(row)).or_insert(0) += 1;
    }
    let chance =
        |row: usize| with_both.get(&word(row)).copied().unwrap_or(0) as f64 / with_key[keys_of[row] as usize] as f64;
    let matched = |row: &usize| with_key[keys_of[*row] as usize] > 0;
    let mut chances: Vec<f64> = ranges[0].clone().filter(matched).map(chance).collect();
    if matching == Matching::Nearest {
        let lone: Vec<usize> = ranges[0].clone().filter(|row| !matched(row)).collect();
        let picked = stats::sample_rows(lone.len(), MOST, &mut stats::draws(seed, "generalised attribution", 0));
        let nearest: Vec<f64> = picked
            .par_iter()
            .map(|&place| near_chance(lone[place as usize], &real_known, &synthetic_known, secret_of))
            .collect();
        // A sampled row stands for its share of all rows without a match.
        if picked.len() < lone.len() {
            let share = chances.len() as f64 / (chances.len() + lone.len()) as f64;
            let keep = libm::round(share / (1.0 - share) * picked.len() as f64) as usize;
            let kept = stats::sample_rows(chances.len(), keep, &mut stats::draws(seed, "generalised attribution", 1));
            chances = kept.into_iter().map(|place| chances[place as usize]).collect();
        }
        chances.extend(nearest);
    }
    Attribution { chances, combinations }
}

/// The share of right values among the synthetic rows that differ in the fewest known columns.
fn near_chance(row: usize, real: &Coded, synthetic: &Coded, secrets: &[u32]) -> f64 {
    let (mut fewest, mut right, mut all) = (usize::MAX, 0usize, 0usize);
    for other in 0..synthetic.rows {
        let differ = real.columns.iter().zip(&synthetic.columns).filter(|(a, b)| a[row] != b[other]).count();
        if differ > fewest {
            continue;
        }
        if differ < fewest {
            (fewest, right, all) = (differ, 0, 0);
        }
        all += 1;
        right += usize::from(secrets[row] == secrets[real.rows + other]);
    }
    if all > 0 { right as f64 / all as f64 } else { 0.0 }
}

/// A column's codes, or its cells of equal width over the range of the real rows, open at both ends.
fn cells(table: &Table, real: &Table, column: usize) -> Vec<u32> {
    match (&table.columns[column].values, &real.columns[column].values) {
        (Values::Codes { codes, .. }, _) => codes.clone(),
        (Values::Numbers(numbers), Values::Numbers(real)) => {
            let finite = real.iter().copied().filter(|number| number.is_finite());
            let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
            let width = (high - low) / CELLS as f64;
            let cell = |&number: &f64| match number {
                _ if number.is_nan() => u32::MAX,
                // Cells hold their upper edge, as in SDMetrics.
                _ if width > 0.0 => (libm::ceil((number - low) / width) - 1.0).clamp(0.0, (CELLS - 1) as f64) as u32,
                _ => 0,
            };
            numbers.iter().map(cell).collect()
        }
        _ => Vec::new(),
    }
}
