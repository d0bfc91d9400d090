//! [`Canaries`]: made-up patients planted among real ones, to see whether what was learned tells which were there.
//!
//! # What the scores reveal
//! The scores are computed by someone who knows everything but the coins: the real counts are taken from the noisy ones,
//! and what is left is noise and the canaries that were there. So, given which marginals were measured, which is private
//! itself, the scores depend on no record at all; a score is not told anyway, only how many guesses were right.

use manikin_marginals::{AttributeSet, Counter, Domain, ROW};
use manikin_privacy::UNITS_PER_ROW;
use manikin_random::{Name, RunKey};
use manikin_spec::spec::{Attribute, AttributeKind, EntityId, Learned, Level, Spec};

use crate::{FitError, LearnedLevel, LevelRows, Prepared};

const CODES: Name = Name::of("manikin-fit.canary");
const COIN: Name = Name::of("manikin-fit.coin");

/// The inverse variance of a fair coin: what is known of each canary beforehand.
const PRIOR: f64 = 4.0;

/// The standard deviation, in rows, that exact counts are taken to have.
///
/// # Source
/// ASSUMED: small against one row, and large enough that the equations stay well-conditioned.
const EXACT_SIGMA: f64 = 0.05;

/// The most steps of the solver, and the share of the first residual at which it ends.
///
/// # Source
/// ASSUMED: with real noise it ends after a dozen; any score is a fair one, a rough solution only guesses worse.
const STEPS: usize = 400;
const SOLVED: f64 = 1e-8;

/// What is known of the noise in the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountNoise {
    /// The standard deviation that stands beside each measurement.
    AsRecorded,
    /// None, whatever is recorded: an exact session answered.
    None,
}

/// Made-up patients, each with one row at every level: a row of the subject, and one child of each kind below it.
///
/// The codes of learned fields are drawn evenly from the spec's public domains, field by field, so that the combinations
/// are improbable ones. What a level repeats of its ancestors, and the numbers of rows, are what such a patient has. A
/// canary weighs one row at every level, the most that any patient weighs.
#[derive(Clone, Debug)]
pub struct Canaries {
    levels: Vec<LevelRows>,
    count: usize,
}

impl Canaries {
    /// Draws `count` canaries; the same for the same seed.
    #[must_use]
    pub fn draw(spec: &Spec, learned: &Learned, count: usize, seed: u64) -> Self {
        let run = RunKey::new(seed);
        let mut levels: Vec<LevelRows> = Vec::with_capacity(learned.levels.len());
        for (index, level) in learned.levels.iter().enumerate() {
            let code = |canary: usize, place: usize, attribute: &Attribute| match &attribute.kind {
                AttributeKind::Own(..) => {
                    let row = run.subject(CODES, canary as u64).child(CODES, index as u64);
                    row.stream(CODES.numbered(place as u64)).below(u64::from(attribute.size)) as u16
                }
                AttributeKind::Rows(_, bins) => bins.code(1) as u16,
                AttributeKind::Previous(_) => (attribute.size - 1) as u16,
                AttributeKind::Given(ancestor, at) => earlier(learned, &levels, *ancestor, *at, canary),
                AttributeKind::Siblings => siblings(spec, learned, level, &levels, canary),
            };
            let attributes = level.attributes.iter().enumerate();
            let columns = attributes
                .map(|(place, attribute)| (0..count).map(|canary| code(canary, place, attribute)).collect())
                .collect();
            let weights = (index > 0).then(|| vec![UNITS_PER_ROW as u32; count]);
            levels.push(LevelRows { columns, weights, rows: count });
        }
        Self { levels, count }
    }

    /// A fair coin for each canary, the same for the same seed.
    #[must_use]
    pub fn coins(&self, seed: u64) -> Vec<bool> {
        let run = RunKey::new(seed);
        (0..self.count).map(|canary| run.subject(COIN, canary as u64).uniform(COIN) < 0.5).collect()
    }

    /// The records with those canaries among them whose coin says so.
    #[must_use]
    pub fn among<'a>(&self, records: &'a Prepared<'a>, present: &[bool]) -> Prepared<'a> {
        let kept: Vec<usize> = (0..self.count).filter(|canary| present.get(*canary) == Some(&true)).collect();
        let planted = self.levels.iter().map(|level| LevelRows {
            columns: level.columns.iter().map(|column| kept.iter().map(|at| column[*at]).collect()).collect(),
            weights: level.weights.as_ref().map(|weights| kept.iter().map(|at| weights[*at]).collect()),
            rows: kept.len(),
        });
        Prepared::Planted { records, canaries: planted.collect() }
    }

    /// For each canary how much more likely it was there than not, by what was measured: above 0 it was rather there.
    ///
    /// The counts of all measurements, less those of the real records, are linear equations of which canaries were
    /// there. The score is the best linear estimate of the coin, less one half, each equation weighed by its noise.
    ///
    /// # Errors
    /// - `MK1506`, `MK1507` as for learning
    ///
    /// # Source
    /// The estimate is the mean of a Gaussian posterior (Bishop 2006, equation 2.117) whose prior has the coin's mean
    /// and variance, found by conjugate gradients (Hestenes and Stiefel 1952).
    pub fn scores(
        &self,
        made: &[LearnedLevel],
        records: &Prepared<'_>,
        noise: CountNoise,
    ) -> Result<Vec<f64>, FitError> {
        let mut seen = Vec::new();
        for (index, (level, rows)) in made.iter().zip(&self.levels).enumerate() {
            let domain = &level.model.domain;
            let sets: Vec<AttributeSet> = level.model.measurements.iter().map(|one| one.clique).collect();
            let real = Counter::count(domain, &sets, &records.level(index))
                .map_err(|error| FitError::learning(&level.entity, &error.into()))?;
            for (measurement, real) in level.model.measurements.iter().zip(&real) {
                let sigma = match noise {
                    CountNoise::AsRecorded => measurement.sigma,
                    CountNoise::None => EXACT_SIGMA,
                };
                let cells = cells(domain, &measurement.clique, rows);
                let left = |cell: &usize| {
                    let real = real.get(*cell).map_or(0.0, |units| *units as f64 / ROW as f64);
                    measurement.values.get(*cell).map_or(0.0, |noisy| noisy - real)
                };
                seen.push(Seen::new(&cells, left, 1.0 / (sigma * sigma)));
            }
        }
        Ok(solve(&seen, self.count))
    }
}

/// The code of an attribute of the canary's own row of an ancestor.
fn earlier(learned: &Learned, levels: &[LevelRows], ancestor: EntityId, at: usize, canary: usize) -> u16 {
    let index = learned.levels.iter().position(|level| level.entity == ancestor);
    let column = index.and_then(|index| levels.get(index)?.columns.get(at));
    column.and_then(|column| column.get(canary)).copied().unwrap_or(0)
}

/// The bin of the number of rows that the canary's parent row has.
fn siblings(spec: &Spec, learned: &Learned, level: &Level, levels: &[LevelRows], canary: usize) -> u16 {
    let parent = spec[level.entity].parent.and_then(|parent| learned.level(parent));
    let at = parent.and_then(|parent| Some((parent.entity, parent.rows(level.entity)?)));
    at.map_or(0, |(parent, at)| earlier(learned, levels, parent, at, canary))
}

/// The cell of each canary, by its row-major index.
fn cells(domain: &Domain, set: &AttributeSet, rows: &LevelRows) -> Vec<usize> {
    let mut cells = vec![0_usize; rows.rows];
    for attribute in set.iter() {
        let size = domain.size(attribute);
        let Some(column) = rows.columns.get(attribute) else { continue };
        cells.iter_mut().zip(column).for_each(|(cell, code)| *cell = *cell * size + usize::from(*code).min(size - 1));
    }
    cells
}

/// One measurement, by the cells that canaries have.
struct Seen {
    /// For each canary, the index of its cell among those that any canary has.
    places: Vec<usize>,
    /// For each such cell, the rows that neither the real records nor half of the canaries explain.
    left: Vec<f64>,
    precision: f64,
}

impl Seen {
    fn new(cells: &[usize], left: impl Fn(&usize) -> f64, precision: f64) -> Self {
        let mut distinct = cells.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let places: Vec<usize> = cells.iter().map(|cell| distinct.partition_point(|one| one < cell)).collect();
        let mut left: Vec<f64> = distinct.iter().map(left).collect();
        places.iter().for_each(|place| left[*place] -= 0.5);
        Self { places, left, precision }
    }

    /// Adds the precision times the sum over each canary's cell.
    fn back(&self, cells: &[f64], into: &mut [f64]) {
        into.iter_mut().zip(&self.places).for_each(|(sum, place)| *sum += self.precision * cells[*place]);
    }
}

/// The posterior means of all coins, less one half.
fn solve(seen: &[Seen], count: usize) -> Vec<f64> {
    let apply = |x: &[f64]| {
        let mut out: Vec<f64> = x.iter().map(|x| PRIOR * x).collect();
        for one in seen {
            let mut cells = vec![0.0; one.left.len()];
            one.places.iter().zip(x).for_each(|(place, x)| cells[*place] += x);
            one.back(&cells, &mut out);
        }
        out
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut x = vec![0.0; count];
    let mut residual = vec![0.0; count];
    seen.iter().for_each(|one| one.back(&one.left, &mut residual));
    let mut direction = residual.clone();
    let first = dot(&residual, &residual);
    let mut now = first;
    for _ in 0..STEPS {
        if now <= SOLVED * SOLVED * first {
            break;
        }
        let applied = apply(&direction);
        let step = now / dot(&direction, &applied);
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += step * d);
        residual.iter_mut().zip(&applied).for_each(|(r, a)| *r -= step * a);
        let next = dot(&residual, &residual);
        direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + next / now * *d);
        now = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_the_coins_are_read_off_the_counts() {
        // Four canaries over two marginals: pairs of them share cells, but no two share both.
        let coins = [1.0, 0.0, 0.0, 1.0];
        let seen: Vec<Seen> = [[0_usize, 0, 7, 7], [3, 9, 3, 9], [1, 2, 2, 4]]
            .iter()
            .map(|cells| {
                let there = |cell: &usize| {
                    cells.iter().zip(&coins).filter(|(own, _)| *own == cell).map(|(_, coin)| coin).sum::<f64>()
                };
                Seen::new(cells, there, 400.0)
            })
            .collect();
        for (score, coin) in solve(&seen, 4).iter().zip(coins) {
            assert!((score + 0.5 - coin).abs() < 0.05, "{score} for {coin}");
        }
    }

    #[test]
    fn counts_that_say_nothing_leave_every_coin_open() {
        let seen = [Seen::new(&[0, 0], |_| 1.0, 1.0)];
        assert_eq!(solve(&seen, 2), [0.0, 0.0]);
        assert_eq!(solve(&[], 3), [0.0; 3]);
    }
}
